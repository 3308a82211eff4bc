import type { CacheCluster, CacheSubnetGroup, Endpoint, ReplicationGroup } from '@aws-sdk/client-elasticache';
import { isFault } from '../../base/fault';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { AuthMode, EndpointRole, Place, Target, TargetEndpoint, TlsMode } from '../../model/target';
import { faultPart, settle, untilFault } from '../discovery';
import type { Outcome } from '../discovery';
import { collect, pages } from '../paging';
import type { Page } from '../paging';
import type { ProviderContext } from './context';

const ID = 'elasticache.replicationGroups';
/** The largest page of the three APIs. */
const PAGE = 100;

/** What the other two calls tell about groups; empty where one of them failed. */
export interface GroupDetails {
  readonly clusters: readonly CacheCluster[];
  readonly subnetGroups: readonly CacheSubnetGroup[];
}

/**
 * ElastiCache replication groups, one part per page. Their network comes from the member clusters and the subnet
 * groups; where those cannot be read the groups still come, with a fault part beside them.
 */
export function replicationGroups({ session, place }: ProviderContext): ResourceProvider {
  function paged<Answer extends { Marker?: string | undefined }, T>(
    action: string,
    send: (input: { MaxRecords: number; Marker?: string }, abortSignal: AbortSignal) => Promise<Answer>,
    items: (answer: Answer) => readonly T[] | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly T[], void, undefined> {
    return pages(action, async (token): Promise<Page<T>> => {
      const input = { MaxRecords: PAGE, ...(token && { Marker: token }) };
      const answer = await session.call(action, (abortSignal) => send(input, abortSignal), signal);
      return { items: items(answer) ?? [], next: answer.Marker };
    });
  }

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const api = await session.elastiCache();
    const clusters = settle(
      collect(
        paged(
          'elasticache:DescribeCacheClusters',
          // Only with this does the answer name the nodes' endpoints.
          (input, abortSignal) => api.describeCacheClusters({ ...input, ShowCacheNodeInfo: true }, { abortSignal }),
          (answer) => answer.CacheClusters,
          signal,
        ),
      ),
    );
    const subnetGroups = settle(
      collect(
        paged(
          'elasticache:DescribeCacheSubnetGroups',
          (input, abortSignal) => api.describeCacheSubnetGroups(input, { abortSignal }),
          (answer) => answer.CacheSubnetGroups,
          signal,
        ),
      ),
    );
    const groups = paged(
      'elasticache:DescribeReplicationGroups',
      (input, abortSignal) => api.describeReplicationGroups(input, { abortSignal }),
      (answer) => answer.ReplicationGroups,
      signal,
    );
    for await (const page of untilFault(groups, clusters, subnetGroups)) {
      if (isFault(page)) {
        yield faultPart(ID, page);
        continue;
      }
      const details = { clusters: valueOf(await clusters), subnetGroups: valueOf(await subnetGroups) };
      yield { kind: 'targets', provider: ID, targets: page.flatMap((group) => toTarget(group, details, place) ?? []) };
    }
  }

  return { id: ID, discover };
}

function valueOf<T>(outcome: Outcome<readonly T[]>): readonly T[] {
  return 'value' in outcome ? outcome.value : [];
}

/** Undefined only for a group without an id, which AWS does not send. */
export function toTarget(group: ReplicationGroup, details: GroupDetails, place: Place): Target | undefined {
  const name = group.ReplicationGroupId;
  if (!name) return undefined;
  const ids = new Set(group.MemberClusters);
  const members = details.clusters.filter(
    ({ CacheClusterId, ReplicationGroupId }) => ReplicationGroupId === name || (CacheClusterId !== undefined && ids.has(CacheClusterId)),
  );
  const [member] = members;
  const subnetGroup = details.subnetGroups.find(
    ({ CacheSubnetGroupName }) => CacheSubnetGroupName !== undefined && CacheSubnetGroupName === member?.CacheSubnetGroupName,
  );
  return {
    id: group.ARN ?? `arn:aws:elasticache:${place.region}:${place.accountId}:replicationgroup:${name}`,
    kind: 'elasticache.replicationGroup',
    name,
    place,
    engine: group.Engine ?? member?.Engine ?? 'redis',
    ...(member?.EngineVersion && { engineVersion: member.EngineVersion }),
    status: group.Status ?? 'unknown',
    endpoints: endpointsOf(group, members),
    clusterMode: group.ClusterEnabled ?? false,
    tls: tlsOf(group),
    auth: authOf(group),
    ...(subnetGroup?.VpcId && { vpcId: subnetGroup.VpcId }),
    subnetIds: (subnetGroup?.Subnets ?? []).flatMap(({ SubnetIdentifier }) => SubnetIdentifier ?? []),
    securityGroupIds: (member?.SecurityGroups ?? []).flatMap(({ SecurityGroupId }) => SecurityGroupId ?? []),
  };
}

/**
 * With cluster mode the configuration endpoint, else the primary and the reader; then the nodes. A group that is
 * being created has none of them yet.
 */
function endpointsOf(group: ReplicationGroup, members: readonly CacheCluster[]): TargetEndpoint[] {
  const nodeGroups = group.NodeGroups ?? [];
  const main = group.ClusterEnabled
    ? endpoint('configuration', group.ConfigurationEndpoint)
    : nodeGroups.flatMap((node) => [...endpoint('primary', node.PrimaryEndpoint), ...endpoint('reader', node.ReaderEndpoint)]);
  const nodes = [
    ...nodeGroups.flatMap(({ NodeGroupMembers }) => NodeGroupMembers ?? []).flatMap(({ ReadEndpoint }) => endpoint('node', ReadEndpoint)),
    ...members.flatMap(({ CacheNodes }) => CacheNodes ?? []).flatMap((node) => endpoint('node', node.Endpoint)),
  ];
  const byAddress = new Map(nodes.map((node) => [`${node.host}:${node.port}`, node]));
  return [...main, ...[...byAddress.values()].toSorted((a, b) => a.host.localeCompare(b.host))];
}

function endpoint(role: EndpointRole, given: Endpoint | undefined): TargetEndpoint[] {
  return given?.Address && given.Port ? [{ role, host: given.Address, port: given.Port }] : [];
}

function tlsOf(group: ReplicationGroup): TlsMode {
  if (!group.TransitEncryptionEnabled) return 'off';
  return group.TransitEncryptionMode === 'preferred' ? 'preferred' : 'required';
}

function authOf(group: ReplicationGroup): AuthMode {
  if (group.AuthTokenEnabled) return 'token';
  return group.UserGroupIds && group.UserGroupIds.length > 0 ? 'users' : 'none';
}
