import { throwIfAborted } from '../base/abort';
import { pages } from './paging';
import type { AwsSession } from './session';

/** EC2 takes at most this many values in one filter. */
const FILTER_VALUES = 200;

/**
 * Name tag by VPC id, of those that have one; ids that are gone are left out. Each call is made once: names are a convenience.
 * @throws Fault
 */
export async function vpcNames(session: AwsSession, vpcIds: readonly string[], signal: AbortSignal): Promise<Record<string, string>> {
  throwIfAborted(signal);
  const ec2 = await session.ec2();
  const action = 'ec2:DescribeVpcs';
  const wanted = [...new Set(vpcIds)];
  const found: Record<string, string> = {};
  for (let from = 0; from < wanted.length; from += FILTER_VALUES) {
    // A filter and not VpcIds: one VPC that is gone would fail the whole call.
    const Filters = [{ Name: 'vpc-id', Values: wanted.slice(from, from + FILTER_VALUES) }];
    const batch = pages(action, async (token) => {
      const send = (abortSignal: AbortSignal) => ec2.describeVpcs({ Filters, ...(token && { NextToken: token }) }, { abortSignal });
      const answer = await session.call(action, send, signal, { dispensable: true, repeat: () => false });
      return { items: answer.Vpcs ?? [], next: answer.NextToken };
    });
    for await (const vpcs of batch) {
      for (const { VpcId, Tags = [] } of vpcs) {
        const name = Tags.find(({ Key }) => Key === 'Name')?.Value?.trim();
        if (VpcId && name) found[VpcId] = name;
      }
    }
  }
  return found;
}
