import type { InstanceInformation } from '@aws-sdk/client-ssm';
import type { ManagedStatus } from '../model/bastion';
import { pages } from './paging';
import type { AwsSession } from './session';

/** The largest page. */
const PAGE = 50;

/** What Systems Manager manages, of one resource type. @throws Fault */
export function managedInstancePages(
  session: AwsSession,
  type: 'EC2Instance' | 'ManagedInstance',
  signal: AbortSignal,
): AsyncGenerator<readonly InstanceInformation[], void, undefined> {
  const action = 'ssm:DescribeInstanceInformation';
  return pages(action, async (token) => {
    const input = { Filters: [{ Key: 'ResourceType', Values: [type] }], MaxResults: PAGE, ...(token && { NextToken: token }) };
    const answer = await session.call(action, (abortSignal) => session.ssm.describeInstanceInformation(input, { abortSignal }), signal);
    return { items: answer.InstanceInformationList ?? [], next: answer.NextToken };
  });
}

/** Of an entry that is there; a status that AWS has added since is unknown. */
export function managedStatus({ PingStatus: status }: InstanceInformation): ManagedStatus {
  return status === 'Online' || status === 'ConnectionLost' || status === 'Inactive' ? status : 'unknown';
}
