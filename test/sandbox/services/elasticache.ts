import { markerPage, vpcsOf } from './listing';
import type { Action, Call, ServiceDefinition } from './definition';
import { cacheClusters } from './elasticacheClusters';
import type { CacheClusterRow } from './elasticacheClusters';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsQuery } from './protocol/query';
import {
  configurationAddress,
  isUp,
  membersOf,
  primaryAddress,
  readerAddress,
  serverlessAddress,
  shardId,
} from '../naming';
import type { Address, Member } from '../naming';
import type { ReplicationGroup, ServerlessCache, Tag, Vpc } from '../worldTypes';

function arn({ region, caller }: Call, kind: string, name: string): string {
  return `arn:aws:elasticache:${region.name}:${caller.accountId}:${kind}:${name}`;
}

const describeReplicationGroups: Action = {
  resource: (call) => arn(call, 'replicationgroup', call.input.text('ReplicationGroupId') ?? '*'),
  run(call) {
    const id = call.input.text('ReplicationGroupId');
    const all = vpcsOf(call).flatMap((vpc) => vpc.replicationGroups.map((group) => ({ group, vpc })));
    const wanted = id === undefined ? all : all.filter(({ group }) => group.id === id.toLowerCase());
    if (id !== undefined && wanted.length === 0) {
      throw new ApiError('ReplicationGroupNotFoundFault', `ReplicationGroup ${id} not found.`, 404);
    }
    const { rows, marker } = markerPage(call, wanted, id ?? '');
    const rendered = rows.map(({ group, vpc }) => renderGroup(call, group, vpc));
    return { Marker: marker, ReplicationGroups: { ReplicationGroup: rendered } };
  },
};

function renderGroup(call: Call, group: ReplicationGroup, vpc: Vpc): Output {
  const members = membersOf(group, vpc, call.region);
  // While a group is being created it has members, and neither node groups nor endpoints.
  const ready = isUp(group);
  const tls = group.tls !== 'off';
  return {
    ReplicationGroupId: group.id,
    Description: group.description,
    Status: group.status,
    PendingModifiedValues: {},
    MemberClusters: { ClusterId: members.map(({ clusterId }) => clusterId) },
    ...(ready && { NodeGroups: { NodeGroup: renderNodeGroups(call, group, members) } }),
    AutomaticFailover: group.replicas > 0 ? 'enabled' : 'disabled',
    MultiAZ: group.replicas > 0 ? 'enabled' : 'disabled',
    ...(ready &&
      group.clusterMode && { ConfigurationEndpoint: renderAddress(configurationAddress(group, call.region)) }),
    SnapshotRetentionLimit: 0,
    SnapshotWindow: '03:00-04:00',
    ClusterEnabled: group.clusterMode,
    CacheNodeType: group.nodeType,
    AuthTokenEnabled: group.authToken,
    TransitEncryptionEnabled: tls,
    ...(tls && { TransitEncryptionMode: group.tls }),
    AtRestEncryptionEnabled: true,
    ARN: arn(call, 'replicationgroup', group.id),
    ...(group.userGroupIds.length > 0 && { UserGroupIds: { member: group.userGroupIds } }),
    LogDeliveryConfigurations: {},
    ReplicationGroupCreateTime: new Date(Date.UTC(2026, 0, 12, 9)),
    DataTiering: 'disabled',
    AutoMinorVersionUpgrade: true,
    NetworkType: 'ipv4',
    IpDiscovery: 'ipv4',
    ClusterMode: group.clusterMode ? 'enabled' : 'disabled',
    Engine: group.engine,
  };
}

function renderNodeGroups({ region }: Call, group: ReplicationGroup, members: readonly Member[]): Output[] {
  return Array.from({ length: group.shards }, (_, index) => shardId(index)).map((shard) => ({
    NodeGroupId: shard,
    Status: group.status,
    PrimaryEndpoint: group.clusterMode || group.withoutPrimary ? undefined : renderAddress(primaryAddress(group, region)),
    ReaderEndpoint: group.clusterMode ? undefined : renderAddress(readerAddress(group, region)),
    Slots: group.clusterMode ? slotsOf(Number(shard) - 1, group.shards) : undefined,
    NodeGroupMembers: {
      NodeGroupMember: members
        .filter((member) => member.shard === shard)
        .map(({ clusterId, role, zone, address }) => ({
          CacheClusterId: clusterId,
          CacheNodeId: '0001',
          // Roles and node endpoints are told for groups without cluster mode only.
          ReadEndpoint: group.clusterMode ? undefined : renderAddress(address),
          CurrentRole: group.clusterMode ? undefined : group.withoutPrimary ? 'replica' : role,
          PreferredAvailabilityZone: zone,
        })),
    },
  }));
}

function slotsOf(index: number, shards: number): string {
  const first = Math.round((16_384 * index) / shards);
  return `${first}-${Math.round((16_384 * (index + 1)) / shards) - 1}`;
}

function renderAddress({ host, port }: Address): Output {
  return { Address: host, Port: port };
}

const describeCacheClusters: Action = {
  resource: (call) => arn(call, 'cluster', call.input.text('CacheClusterId') ?? '*'),
  run(call) {
    const { input } = call;
    const id = input.text('CacheClusterId');
    const alone = input.flag('ShowCacheClustersNotInReplicationGroups');
    const all = vpcsOf(call).flatMap((vpc) => cacheClusters(vpc, call.region));
    const named = id === undefined ? all : all.filter((row) => row.id === id.toLowerCase());
    const wanted = alone ? named.filter(({ replicationGroupId }) => replicationGroupId === undefined) : named;
    if (id !== undefined && wanted.length === 0) {
      throw new ApiError('CacheClusterNotFound', `CacheCluster not found: ${id}`, 404);
    }
    const { rows, marker } = markerPage(call, wanted, `${id ?? ''}/${alone}`);
    const withNodes = input.flag('ShowCacheNodeInfo');
    const rendered = rows.map((row) => renderCluster(call, row, withNodes));
    return { Marker: marker, CacheClusters: { CacheCluster: rendered } };
  },
};

function renderCluster(call: Call, { id, members, nodes }: CacheClusterRow, withNodes: boolean): Output {
  return { ...members, ...(withNodes && nodes), ARN: arn(call, 'cluster', id) };
}

const describeServerlessCaches: Action = {
  resource: (call) => arn(call, 'serverlesscache', call.input.text('ServerlessCacheName') ?? '*'),
  run(call) {
    const { input } = call;
    const name = input.text('ServerlessCacheName');
    const all = vpcsOf(call).flatMap((vpc) => vpc.serverlessCaches);
    const wanted = name === undefined ? all : all.filter((cache) => cache.name === name.toLowerCase());
    if (name !== undefined && wanted.length === 0) {
      throw new ApiError('ServerlessCacheNotFoundFault', `ServerlessCache ${name} not found.`, 404);
    }
    const limit = input.integer('MaxResults', 1, 100);
    const page = call.page(wanted, { limit, token: input.text('NextToken'), listing: name ?? '' });
    if (!page) throw new ApiError('InvalidParameterValue', 'Invalid or expired NextToken.');
    const member = page.rows.map((cache) => renderServerless(call, cache));
    return { NextToken: page.next, ServerlessCaches: { member } };
  },
};

function renderServerless(call: Call, cache: ServerlessCache): Output {
  const ready = isUp(cache);
  return {
    ServerlessCacheName: cache.name,
    Description: cache.description,
    CreateTime: new Date(Date.UTC(2026, 0, 13, 10)),
    Status: cache.status,
    Engine: cache.engine,
    MajorEngineVersion: cache.majorVersion,
    FullEngineVersion: cache.fullVersion,
    SecurityGroupIds: { SecurityGroupId: cache.securityGroupIds },
    ...(ready && {
      Endpoint: renderAddress(serverlessAddress(cache, 'writer', call.region)),
      ...(!cache.public && { ReaderEndpoint: renderAddress(serverlessAddress(cache, 'reader', call.region)) }),
    }),
    ARN: arn(call, 'serverlesscache', cache.name),
    UserGroupId: cache.userGroupId,
    SubnetIds: { SubnetId: cache.subnetIds },
    SnapshotRetentionLimit: 0,
    DailySnapshotTime: '03:00',
    NetworkType: 'ipv4',
    ConnectionType: cache.public ? 'public' : 'vpc',
  };
}

const describeCacheSubnetGroups: Action = {
  resource: (call) => arn(call, 'subnetgroup', call.input.text('CacheSubnetGroupName') ?? '*'),
  run(call) {
    const name = call.input.text('CacheSubnetGroupName');
    const all = vpcsOf(call);
    const wanted = name === undefined ? all : all.filter((vpc) => vpc.cacheSubnetGroup.name === name.toLowerCase());
    if (name !== undefined && wanted.length === 0) {
      throw new ApiError('CacheSubnetGroupNotFoundFault', `CacheSubnetGroup ${name} not found.`, 400);
    }
    const { rows, marker } = markerPage(call, wanted, name ?? '');
    return { Marker: marker, CacheSubnetGroups: { CacheSubnetGroup: rows.map((vpc) => renderSubnetGroup(call, vpc)) } };
  },
};

function renderSubnetGroup(call: Call, { id, cacheSubnetGroup, subnets }: Vpc): Output {
  return {
    CacheSubnetGroupName: cacheSubnetGroup.name,
    CacheSubnetGroupDescription: cacheSubnetGroup.description,
    VpcId: id,
    Subnets: {
      Subnet: subnets
        .filter((subnet) => cacheSubnetGroup.subnetIds.includes(subnet.id))
        .map((subnet) => ({
          SubnetIdentifier: subnet.id,
          SubnetAvailabilityZone: { Name: subnet.zone },
          SupportedNetworkTypes: { member: ['ipv4'] },
        })),
    },
    ARN: arn(call, 'subnetgroup', cacheSubnetGroup.name),
    SupportedNetworkTypes: { member: ['ipv4'] },
  };
}

const listTagsForResource: Action = {
  resource: ({ input }) => input.text('ResourceName') ?? '*',
  run(call) {
    const name = call.input.required('ResourceName');
    const [, , service, region, accountId, kind, id] = name.split(':');
    const own = service === 'elasticache' && region === call.region.name && accountId === call.caller.accountId;
    if (!own || !kind || !id) {
      throw new ApiError('InvalidARN', `Invalid ARN: ${name}`, 400);
    }
    return { TagList: { Tag: tagsOf(call, kind, id).map(({ key, value }) => ({ Key: key, Value: value })) } };
  },
};

/** Tags by the kind that stands in an ARN. @throws ApiError under the name that this kind's absence has */
function tagsOf(call: Call, kind: string, id: string): readonly Tag[] {
  const vpcs = vpcsOf(call);
  const missing = (code: string, what: string, status = 404): ApiError =>
    new ApiError(code, `${what} ${id} not found.`, status);
  switch (kind) {
    case 'replicationgroup': {
      const group = vpcs.flatMap((vpc) => vpc.replicationGroups).find((row) => row.id === id);
      if (!group) throw missing('ReplicationGroupNotFoundFault', 'ReplicationGroup');
      return group.tags;
    }
    case 'serverlesscache': {
      const cache = vpcs.flatMap((vpc) => vpc.serverlessCaches).find((row) => row.name === id);
      if (!cache) throw missing('ServerlessCacheNotFoundFault', 'ServerlessCache');
      return cache.tags;
    }
    case 'cluster': {
      const cluster = vpcs.flatMap((vpc) => cacheClusters(vpc, call.region)).find((row) => row.id === id);
      if (!cluster) throw missing('CacheClusterNotFound', 'CacheCluster');
      return cluster.tags;
    }
    case 'subnetgroup':
      if (!vpcs.some(({ cacheSubnetGroup }) => cacheSubnetGroup.name === id)) {
        throw missing('CacheSubnetGroupNotFoundFault', 'CacheSubnetGroup', 400);
      }
      return [];
    default:
      throw new ApiError('InvalidARN', `Invalid resource type in ARN: ${kind}`, 400);
  }
}

export const elastiCache: ServiceDefinition = {
  signingName: 'elasticache',
  protocol: awsQuery({ version: '2015-02-02', namespace: 'http://elasticache.amazonaws.com/doc/2015-02-02/' }),
  actions: {
    DescribeReplicationGroups: describeReplicationGroups,
    DescribeCacheClusters: describeCacheClusters,
    DescribeServerlessCaches: describeServerlessCaches,
    DescribeCacheSubnetGroups: describeCacheSubnetGroups,
    ListTagsForResource: listTagsForResource,
  },
};
