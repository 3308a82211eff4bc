import type { IpPermission } from '@aws-sdk/client-ec2';
import type { Clock } from '../base/clock';
import { cancelled } from '../base/fault';
import type { GroupRule, NetworkFacts, SecurityGroup } from '../model/network';
import { throwIfAborted } from '../base/abort';
import { collect, pages } from './paging';
import type { AwsSession } from './session';

/** EC2 takes at most this many values in one filter. */
const MAX_GROUPS = 200;
/** Somebody waits for a tunnel meanwhile, and can do without. */
const PATIENCE_MS = 3_000;

/**
 * Peerings and security groups, each from one listing that is tried once. What is denied, throttled or slow is absent.
 * @throws Fault `operation.cancelled`
 */
export async function networkFacts(
  session: AwsSession,
  groupIds: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<NetworkFacts> {
  throwIfAborted(signal);
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  signal.addEventListener('abort', stop, { once: true });
  const deadline = clock.schedule(PATIENCE_MS, stop);
  try {
    const [peerings, groups] = await Promise.all([
      known(activePeerings(session, controller.signal)),
      known(securityGroups(session, groupIds, controller.signal)),
    ]);
    if (signal.aborted) throw cancelled();
    return { ...(peerings && { peerings }), ...(groups && { groups }) };
  } finally {
    deadline.dispose();
    signal.removeEventListener('abort', stop);
  }
}

/** Why it failed is in the log. */
function known<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch(() => undefined);
}

const DISPENSABLE = { urgent: true, dispensable: true, repeat: () => false } as const;

async function activePeerings(session: AwsSession, signal: AbortSignal): Promise<(readonly [string, string])[]> {
  const ec2 = await session.ec2();
  const action = 'ec2:DescribeVpcPeeringConnections';
  const Filters = [{ Name: 'status-code', Values: ['active'] }];
  const all = await collect(
    pages(action, async (token) => {
      const send = (abortSignal: AbortSignal) => ec2.describeVpcPeeringConnections({ Filters, ...(token && { NextToken: token }) }, { abortSignal });
      const answer = await session.call(action, send, signal, DISPENSABLE);
      return { items: answer.VpcPeeringConnections ?? [], next: answer.NextToken };
    }),
  );
  return all.flatMap(({ RequesterVpcInfo, AccepterVpcInfo }) => {
    const from = RequesterVpcInfo?.VpcId;
    const to = AccepterVpcInfo?.VpcId;
    return from && to ? [[from, to] as const] : [];
  });
}

async function securityGroups(session: AwsSession, groupIds: readonly string[], signal: AbortSignal): Promise<SecurityGroup[]> {
  const wanted = [...new Set(groupIds)].slice(0, MAX_GROUPS);
  if (wanted.length === 0) return [];
  const ec2 = await session.ec2();
  const action = 'ec2:DescribeSecurityGroups';
  // A filter and not GroupIds: one group that is gone would fail the whole call.
  const Filters = [{ Name: 'group-id', Values: wanted }];
  const all = await collect(
    pages(action, async (token) => {
      const send = (abortSignal: AbortSignal) => ec2.describeSecurityGroups({ Filters, ...(token && { NextToken: token }) }, { abortSignal });
      const answer = await session.call(action, send, signal, DISPENSABLE);
      return { items: answer.SecurityGroups ?? [], next: answer.NextToken };
    }),
  );
  return all.flatMap(({ GroupId, IpPermissions = [], IpPermissionsEgress = [] }) =>
    GroupId ? [{ id: GroupId, ingress: IpPermissions.map(toRule), egress: IpPermissionsEgress.map(toRule) }] : [],
  );
}

export function toRule(permission: IpPermission): GroupRule {
  const { FromPort, ToPort, IpRanges = [], Ipv6Ranges = [], UserIdGroupPairs = [], PrefixListIds = [] } = permission;
  return {
    protocol: permission.IpProtocol ?? '-1',
    ...(FromPort !== undefined && { from: FromPort }),
    ...(ToPort !== undefined && { to: ToPort }),
    cidrs: [...IpRanges.flatMap(({ CidrIp }) => CidrIp ?? []), ...Ipv6Ranges.flatMap(({ CidrIpv6 }) => CidrIpv6 ?? [])],
    groupIds: UserIdGroupPairs.flatMap(({ GroupId }) => GroupId ?? []),
    prefixListIds: PrefixListIds.flatMap(({ PrefixListId }) => PrefixListId ?? []),
  };
}
