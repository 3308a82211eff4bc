import type { CacheCluster, CacheSubnetGroup, Endpoint } from '@aws-sdk/client-elasticache';
import type { EndpointRole, Place, Target, TargetEndpoint, TlsMode } from '../../model/target';

/**
 * A cache cluster that stands alone: Memcached, or Redis of a single node. Undefined for members of replication groups,
 * which are endpoints of those, and for a cluster without an id, which AWS does not send.
 */
export function cacheClusterTarget(cluster: CacheCluster, subnetGroups: readonly CacheSubnetGroup[], place: Place): Target | undefined {
  const name = cluster.CacheClusterId;
  if (!name || cluster.ReplicationGroupId) return undefined;
  const nodes = (cluster.CacheNodes ?? []).flatMap((node) => cacheEndpoint('node', node.Endpoint));
  return {
    id: cluster.ARN ?? `arn:aws:elasticache:${place.region}:${place.accountId}:cluster:${name}`,
    kind: 'elasticache.cluster',
    name,
    place,
    engine: cluster.Engine ?? 'redis',
    ...(cluster.EngineVersion && { engineVersion: cluster.EngineVersion }),
    status: cluster.CacheClusterStatus ?? 'unknown',
    endpoints: [...cacheEndpoint('configuration', cluster.ConfigurationEndpoint), ...nodes],
    clusterMode: false,
    tls: cacheTls(cluster),
    auth: cluster.AuthTokenEnabled ? 'token' : 'none',
    ...cacheNetwork(cluster, subnetGroups),
  };
}

export function cacheEndpoint(role: EndpointRole, given: Endpoint | undefined): TargetEndpoint[] {
  return given?.Address && given.Port ? [{ role, host: given.Address, port: given.Port }] : [];
}

export function cacheTls(cache: Pick<CacheCluster, 'TransitEncryptionEnabled' | 'TransitEncryptionMode'>): TlsMode {
  if (!cache.TransitEncryptionEnabled) return 'off';
  return cache.TransitEncryptionMode === 'preferred' ? 'preferred' : 'required';
}

/** Where a cluster is: its subnet group tells the VPC and the subnets. @param cluster absent: a group without members */
export function cacheNetwork(
  cluster: CacheCluster | undefined,
  subnetGroups: readonly CacheSubnetGroup[],
): Pick<Target, 'vpcId' | 'subnetIds' | 'securityGroupIds'> {
  const subnetGroup = subnetGroups.find(
    ({ CacheSubnetGroupName }) => CacheSubnetGroupName !== undefined && CacheSubnetGroupName === cluster?.CacheSubnetGroupName,
  );
  return {
    ...(subnetGroup?.VpcId && { vpcId: subnetGroup.VpcId }),
    subnetIds: (subnetGroup?.Subnets ?? []).flatMap(({ SubnetIdentifier }) => SubnetIdentifier ?? []),
    securityGroupIds: (cluster?.SecurityGroups ?? []).flatMap(({ SecurityGroupId }) => SecurityGroupId ?? []),
  };
}
