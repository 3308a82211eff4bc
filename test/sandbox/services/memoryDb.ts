import { memoryDbAddress, memoryDbNodes } from '../databaseNaming';
import { isUp } from '../naming';
import type { Address } from '../naming';
import type { MemoryDbCluster, Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { vpcsOf } from './listing';
import { awsJson11 } from './protocol/json';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';

function arn({ region, caller }: Call, kind: string, name: string): string {
  return `arn:aws:memorydb:${region.name}:${caller.accountId}:${kind}/${name}`;
}

function tokenPage<Row>(call: Call, all: readonly Row[], listing: string): { rows: readonly Row[]; next: string | undefined } {
  const limit = call.input.integer('MaxResults', 1, 100);
  const page = call.page(all, { limit, token: call.input.text('NextToken'), listing });
  if (!page) throw new ApiError('InvalidParameterValueException', 'Invalid or expired NextToken.');
  return { rows: page.rows, next: page.next };
}

const describeClusters: Action = {
  resource: (call) => arn(call, 'cluster', call.input.text('ClusterName') ?? '*'),
  run(call) {
    const name = call.input.text('ClusterName');
    const all = vpcsOf(call).flatMap((vpc) => vpc.memoryDbClusters.map((cluster) => ({ cluster, vpc })));
    const wanted = all.filter(({ cluster }) => name === undefined || cluster.name === name.toLowerCase());
    if (name !== undefined && wanted.length === 0) throw new ApiError('ClusterNotFoundFault', `Cluster ${name} not found.`);
    const withShards = call.input.flag('ShowShardDetails');
    const { rows, next } = tokenPage(call, wanted, `${name ?? ''}/${withShards}`);
    return { Clusters: rows.map(({ cluster, vpc }) => renderCluster(call, cluster, vpc, withShards)), NextToken: next };
  },
};

function renderCluster(call: Call, cluster: MemoryDbCluster, vpc: Vpc, withShards: boolean): Output {
  const up = isUp(cluster);
  return {
    Name: cluster.name,
    Description: cluster.description,
    Status: cluster.status,
    NumberOfShards: cluster.shards,
    ...(withShards && up && { Shards: renderShards(cluster, call) }),
    AvailabilityMode: cluster.replicas > 0 ? 'multiaz' : 'singleaz',
    ...(up && { ClusterEndpoint: renderAddress(memoryDbAddress(cluster, call.region)) }),
    NodeType: cluster.nodeType,
    Engine: cluster.engine,
    EngineVersion: cluster.engineVersion,
    SecurityGroups: cluster.securityGroupIds.map((SecurityGroupId) => ({ SecurityGroupId, Status: 'active' })),
    SubnetGroupName: subnetGroupName(vpc),
    TLSEnabled: cluster.tls,
    ARN: arn(call, 'cluster', cluster.name),
    SnapshotRetentionLimit: 0,
    ACLName: cluster.acl,
    AutoMinorVersionUpgrade: true,
    DataTiering: 'false',
  };
}

function renderShards(cluster: MemoryDbCluster, { region }: Call): Output[] {
  const nodes = memoryDbNodes(cluster, region);
  return [...new Set(nodes.map(({ shard }) => shard))].map((shard) => {
    const own = nodes.filter((node) => node.shard === shard);
    return {
      Name: shard,
      Status: 'available',
      NumberOfNodes: own.length,
      Nodes: own.map((node) => ({
        Name: node.name,
        Status: 'available',
        CreateTime: new Date(Date.UTC(2026, 0, 15, 7)),
        Endpoint: renderAddress(node),
      })),
    };
  });
}

function renderAddress({ host, port }: Address): Output {
  return { Address: host, Port: port };
}

function subnetGroupName({ name }: Vpc): string {
  return `${name}-memorydb`;
}

const describeSubnetGroups: Action = {
  resource: (call) => arn(call, 'subnetgroup', call.input.text('SubnetGroupName') ?? '*'),
  run(call) {
    const name = call.input.text('SubnetGroupName');
    const wanted = vpcsOf(call).filter((vpc) => name === undefined || subnetGroupName(vpc) === name.toLowerCase());
    if (name !== undefined && wanted.length === 0) {
      throw new ApiError('SubnetGroupNotFoundFault', `SubnetGroup ${name} not found.`);
    }
    const { rows, next } = tokenPage(call, wanted, name ?? '');
    const groups = rows.map((vpc) => ({
      Name: subnetGroupName(vpc),
      Description: `Private subnets of ${vpc.name}`,
      VpcId: vpc.id,
      Subnets: vpc.subnets.map(({ id, zone }) => ({ Identifier: id, AvailabilityZone: { Name: zone } })),
      ARN: arn(call, 'subnetgroup', subnetGroupName(vpc)),
    }));
    return { SubnetGroups: groups, NextToken: next };
  },
};

export const memoryDb: ServiceDefinition = {
  signingName: 'memorydb',
  protocol: awsJson11('AmazonMemoryDB'),
  actions: { DescribeClusters: describeClusters, DescribeSubnetGroups: describeSubnetGroups },
};
