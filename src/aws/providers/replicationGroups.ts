import type { CacheCluster, CacheSubnetGroup, ReplicationGroup } from '@aws-sdk/client-elasticache';
import { isFault } from '../../base/fault';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { AuthMode, Place, Target, TargetEndpoint } from '../../model/target';
import { faultPart, settle, untilFault, valueOf } from '../discovery';
import type { Outcome } from '../discovery';
import { collect } from '../paging';
import { cacheClusterTarget, cacheEndpoint, cacheNetwork, cacheTls } from './cacheClusters';
import type { ProviderContext } from './context';
import { markerPages } from './markerPages';

const ID = 'elasticache.replicationGroups';

/** What the other two calls tell about groups; empty where one of them failed. */
export interface GroupDetails {
  readonly clusters: readonly CacheCluster[];
  readonly subnetGroups: readonly CacheSubnetGroup[];
}

/**
 * ElastiCache replication groups, one part per page, then the clusters that stand alone, which the same calls tell. The
 * groups' network comes from the member clusters and the subnet groups; where those cannot be read the groups still come,
 * with a fault part beside them.
 */
export function replicationGroups({ session, place }: ProviderContext): ResourceProvider {
  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const api = await session.elastiCache();
    const clusters = settle(
      collect(
        markerPages(
          session,
          'elasticache:DescribeCacheClusters',
          // Only with this does the answer name the nodes' endpoints.
          (input, abortSignal) => api.describeCacheClusters({ ...input, ShowCacheNodeInfo: true }, { abortSignal }),
          (answer) => answer.CacheClusters,
          signal,
        ),
      ),
    );
    let reading: Promise<Outcome<CacheSubnetGroup[]>> | undefined;
    // Asked for only where something is in one of them.
    const subnetGroups = (): Promise<Outcome<CacheSubnetGroup[]>> => (reading ??= settle(collect(subnetGroupPages())));
    const subnetGroupPages = (): AsyncIterable<readonly CacheSubnetGroup[]> =>
      markerPages(
        session,
        'elasticache:DescribeCacheSubnetGroups',
        (input, abortSignal) => api.describeCacheSubnetGroups(input, { abortSignal }),
        (answer) => answer.CacheSubnetGroups,
        signal,
      );
    const groups = markerPages(
      session,
      'elasticache:DescribeReplicationGroups',
      (input, abortSignal) => api.describeReplicationGroups(input, { abortSignal }),
      (answer) => answer.ReplicationGroups,
      signal,
    );
    for await (const page of untilFault(groups, clusters)) {
      if (isFault(page)) {
        yield faultPart(ID, page);
        continue;
      }
      const network = page.length > 0 ? subnetGroups() : undefined;
      const details = { clusters: valueOf(await clusters), subnetGroups: network ? valueOf(await network) : [] };
      yield { kind: 'targets', provider: ID, targets: page.flatMap((group) => toTarget(group, details, place) ?? []) };
    }
    const others = valueOf(await clusters).filter(({ ReplicationGroupId }) => !ReplicationGroupId);
    const network = others.length > 0 ? valueOf(await subnetGroups()) : [];
    const alone = others.flatMap((cluster) => cacheClusterTarget(cluster, network, place) ?? []);
    if (alone.length > 0) yield { kind: 'targets', provider: ID, targets: alone };
    const told = await reading;
    if (told && 'fault' in told) yield faultPart(ID, told.fault);
  }

  return { id: ID, discover };
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
    tls: cacheTls(group),
    auth: authOf(group),
    ...cacheNetwork(member, details.subnetGroups),
  };
}

/**
 * With cluster mode the configuration endpoint, else the primary and the reader; then the nodes. A group that is
 * being created has none of them yet.
 */
function endpointsOf(group: ReplicationGroup, members: readonly CacheCluster[]): TargetEndpoint[] {
  const nodeGroups = group.NodeGroups ?? [];
  const main = group.ClusterEnabled
    ? cacheEndpoint('configuration', group.ConfigurationEndpoint)
    : nodeGroups.flatMap((node) => [...cacheEndpoint('primary', node.PrimaryEndpoint), ...cacheEndpoint('reader', node.ReaderEndpoint)]);
  const nodes = [
    ...nodeGroups.flatMap(({ NodeGroupMembers }) => NodeGroupMembers ?? []).flatMap(({ ReadEndpoint }) => cacheEndpoint('node', ReadEndpoint)),
    ...members.flatMap(({ CacheNodes }) => CacheNodes ?? []).flatMap((node) => cacheEndpoint('node', node.Endpoint)),
  ];
  const byAddress = new Map(nodes.map((node) => [`${node.host}:${node.port}`, node]));
  return [...main, ...[...byAddress.values()].toSorted((a, b) => a.host.localeCompare(b.host))];
}

function authOf(group: ReplicationGroup): AuthMode {
  if (group.AuthTokenEnabled) return 'token';
  return group.UserGroupIds && group.UserGroupIds.length > 0 ? 'users' : 'none';
}
