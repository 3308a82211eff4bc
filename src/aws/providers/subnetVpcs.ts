import type { Fault } from '../../base/fault';
import { attempt } from '../discovery';
import { pages } from '../paging';
import type { AwsSession } from '../session';
import { SharedWorks } from '../sharedWork';

/** The largest page. */
const PAGE = 1000;

/** Of each session's region, as listed last: a subnet never moves to another VPC. */
const known = new WeakMap<AwsSession, ReadonlyMap<string, string>>();
const listings = new SharedWorks<AwsSession, ReadonlyMap<string, string>>();

/**
 * VPC id by subnet id; subnets that are gone are left out. All subnets of the region are listed when one is not known,
 * which is one page nearly everywhere, and whoever asks meanwhile shares the listing.
 * @throws Fault
 */
export async function subnetVpcs(session: AwsSession, subnetIds: readonly string[], signal: AbortSignal): Promise<Map<string, string>> {
  let vpcs = known.get(session);
  if (!vpcs || !subnetIds.every((id) => vpcs?.has(id))) {
    vpcs = await listings.join(session, (until) => list(session, until), signal);
    known.set(session, vpcs);
  }
  const found = new Map<string, string>();
  for (const id of subnetIds) {
    const vpc = vpcs.get(id);
    if (vpc !== undefined) found.set(id, vpc);
  }
  return found;
}

async function list(session: AwsSession, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const ec2 = await session.ec2();
  const action = 'ec2:DescribeSubnets';
  const found = new Map<string, string>();
  const all = pages(action, async (token) => {
    const input = { MaxResults: PAGE, ...(token && { NextToken: token }) };
    const answer = await session.call(action, (abortSignal) => ec2.describeSubnets(input, { abortSignal }), signal);
    return { items: answer.Subnets ?? [], next: answer.NextToken };
  });
  for await (const subnets of all) {
    for (const { SubnetId, VpcId } of subnets) if (SubnetId && VpcId) found.set(SubnetId, VpcId);
  }
  return found;
}

/** VPC id by subnet id, as far as known. */
export interface SubnetVpcs {
  readonly vpcs: ReadonlyMap<string, string>;
  readonly fault?: Fault;
}

/**
 * As `subnetVpcs`, page by page of a listing: each subnet is asked for once, and after a failure none; only the page on which
 * that happened has the fault. @throws Fault (of the function that is given back) `operation.cancelled`
 */
export function subnetVpcFinder(session: AwsSession, signal: AbortSignal): (subnetIds: readonly string[]) => Promise<SubnetVpcs> {
  const vpcs = new Map<string, string>();
  const asked = new Set<string>();
  let failed = false;
  return async (subnetIds) => {
    const missing = [...new Set(subnetIds)].filter((id) => !asked.has(id));
    if (failed || missing.length === 0) return { vpcs };
    for (const id of missing) asked.add(id);
    const told = await attempt(subnetVpcs(session, missing, signal));
    if ('fault' in told) {
      failed = true;
      return { vpcs, fault: told.fault };
    }
    for (const [subnet, vpc] of told.value) vpcs.set(subnet, vpc);
    return { vpcs };
  };
}
