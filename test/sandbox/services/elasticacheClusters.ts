import { isUp, membersOf, standaloneAddresses, standaloneConfigurationAddress, shardId } from '../naming';
import type { Address } from '../naming';
import type { Region, ReplicationGroup, StandaloneCache, Tag, Vpc } from '../worldTypes';
import type { Output } from './protocol/protocol';

/** A cache cluster as the API tells it; a replication group's security groups and subnet group are told here alone. */
export interface CacheClusterRow {
  readonly id: string;
  readonly replicationGroupId?: string;
  readonly tags: readonly Tag[];
  /** Everything but the ARN and the nodes. */
  readonly members: Output;
  /** What ShowCacheNodeInfo adds. */
  readonly nodes: Output;
}

/** The cache clusters of a VPC: members of replication groups, then those that stand alone. */
export function cacheClusters(vpc: Vpc, region: Region): CacheClusterRow[] {
  return [
    ...vpc.replicationGroups.flatMap((group) => memberRows(group, vpc, region)),
    ...vpc.standaloneCaches.map((cache) => standaloneRow(cache, vpc, region)),
  ];
}

function memberRows(group: ReplicationGroup, vpc: Vpc, region: Region): CacheClusterRow[] {
  const tls = group.tls !== 'off';
  const ready = isUp(group);
  return membersOf(group, vpc, region).map(({ clusterId, zone, address }) => ({
    id: clusterId,
    replicationGroupId: group.id,
    tags: group.tags,
    members: {
      CacheClusterId: clusterId,
      ...shared(group, vpc),
      CacheClusterStatus: group.status,
      NumCacheNodes: 1,
      PreferredAvailabilityZone: zone,
      ReplicationGroupId: group.id,
      SnapshotRetentionLimit: 0,
      AuthTokenEnabled: group.authToken,
      TransitEncryptionEnabled: tls,
      ...(tls && { TransitEncryptionMode: group.tls }),
      AtRestEncryptionEnabled: true,
    },
    nodes: ready ? { CacheNodes: { CacheNode: [renderNode('0001', address, zone)] } } : {},
  }));
}

function standaloneRow(cache: StandaloneCache, vpc: Vpc, region: Region): CacheClusterRow {
  const ready = isUp(cache);
  const { host, port } = standaloneConfigurationAddress(cache, region);
  const zone = vpc.subnets[0]!.zone;
  const nodes = standaloneAddresses(cache, region).map((address, index) => renderNode(shardId(index), address, zone));
  return {
    id: cache.id,
    tags: cache.tags,
    members: {
      CacheClusterId: cache.id,
      ...(ready && cache.engine === 'memcached' && { ConfigurationEndpoint: { Address: host, Port: port } }),
      ...shared(cache, vpc),
      CacheClusterStatus: cache.status,
      NumCacheNodes: cache.nodes,
      PreferredAvailabilityZone: zone,
      AuthTokenEnabled: false,
      TransitEncryptionEnabled: false,
      AtRestEncryptionEnabled: false,
    },
    nodes: ready ? { CacheNodes: { CacheNode: nodes } } : {},
  };
}

function shared(cache: ReplicationGroup | StandaloneCache, vpc: Vpc): Output {
  return {
    CacheNodeType: cache.nodeType,
    Engine: cache.engine,
    EngineVersion: cache.engineVersion,
    CacheClusterCreateTime: new Date(Date.UTC(2026, 0, 12, 9)),
    PreferredMaintenanceWindow: 'sun:04:00-sun:05:00',
    PendingModifiedValues: {},
    CacheSecurityGroups: {},
    CacheSubnetGroupName: vpc.cacheSubnetGroup.name,
    SecurityGroups: {
      member: cache.securityGroupIds.map((SecurityGroupId) => ({ SecurityGroupId, Status: 'active' })),
    },
    AutoMinorVersionUpgrade: true,
    NetworkType: 'ipv4',
    IpDiscovery: 'ipv4',
  };
}

function renderNode(id: string, { host, port }: Address, zone: string): Output {
  return {
    CacheNodeId: id,
    CacheNodeStatus: 'available',
    CacheNodeCreateTime: new Date(Date.UTC(2026, 0, 12, 9)),
    Endpoint: { Address: host, Port: port },
    ParameterGroupStatus: 'in-sync',
    CustomerAvailabilityZone: zone,
  };
}
