import type { Fault } from '../../base/fault';
import { attempt } from '../discovery';
import { pages } from '../paging';
import type { AwsSession } from '../session';

/** EC2 takes at most this many values in one filter. */
const FILTER_VALUES = 200;

/** VPC id by subnet id; subnets that are gone are left out. @throws Fault */
export async function subnetVpcs(session: AwsSession, subnetIds: readonly string[], signal: AbortSignal): Promise<Map<string, string>> {
  const ec2 = await session.ec2();
  const action = 'ec2:DescribeSubnets';
  const found = new Map<string, string>();
  for (let from = 0; from < subnetIds.length; from += FILTER_VALUES) {
    // A filter and not SubnetIds: one subnet that is gone would fail the whole call.
    const filter = { Name: 'subnet-id', Values: subnetIds.slice(from, from + FILTER_VALUES) };
    const batch = pages(action, async (token) => {
      const input = { Filters: [filter], ...(token && { NextToken: token }) };
      const answer = await session.call(action, (abortSignal) => ec2.describeSubnets(input, { abortSignal }), signal);
      return { items: answer.Subnets ?? [], next: answer.NextToken };
    });
    for await (const subnets of batch) {
      for (const { SubnetId, VpcId } of subnets) if (SubnetId && VpcId) found.set(SubnetId, VpcId);
    }
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
