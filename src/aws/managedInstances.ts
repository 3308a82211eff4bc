import type { InstanceInformation } from '@aws-sdk/client-ssm';
import type { ManagedStatus } from '../model/bastion';
import { collect, pages } from './paging';
import type { AwsSession } from './session';
import { SharedWorks } from './sharedWork';

/** The largest page. */
const PAGE = 50;

const listings = new SharedWorks<AwsSession, readonly InstanceInformation[]>();

/**
 * What Systems Manager manages, of one resource type. One listing tells of both types, and whoever asks while it is under
 * way shares it: apart, each type would end in a page that is not full.
 * @throws Fault
 */
export async function managedInstances(
  session: AwsSession,
  type: 'EC2Instance' | 'ManagedInstance',
  signal: AbortSignal,
): Promise<readonly InstanceInformation[]> {
  const all = await listings.join(session, (until) => list(session, until), signal);
  return all.filter(({ ResourceType, InstanceId }) => (ResourceType ?? typeOf(InstanceId)) === type);
}

function typeOf(id = ''): string {
  return id.startsWith('mi-') ? 'ManagedInstance' : 'EC2Instance';
}

function list(session: AwsSession, signal: AbortSignal): Promise<readonly InstanceInformation[]> {
  const action = 'ssm:DescribeInstanceInformation';
  return collect(
    pages(action, async (token) => {
      const input = { MaxResults: PAGE, ...(token && { NextToken: token }) };
      const answer = await session.call(action, (abortSignal) => session.ssm.describeInstanceInformation(input, { abortSignal }), signal);
      return { items: answer.InstanceInformationList ?? [], next: answer.NextToken };
    }),
  );
}

/** Of an entry that is there; a status that AWS has added since is unknown. */
export function managedStatus({ PingStatus: status }: InstanceInformation): ManagedStatus {
  return status === 'Online' || status === 'ConnectionLost' || status === 'Inactive' ? status : 'unknown';
}
