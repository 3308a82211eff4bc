import { clusterAddress, clusterInstanceAddress, databaseAddress } from '../databaseNaming';
import { isUp } from '../naming';
import type { Address } from '../naming';
import type { Database, DatabaseCluster, Tag, Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { markerPage, vpcsOf } from './listing';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsQuery } from './protocol/query';
import { proxyActions } from './rdsProxies';

function arn({ region, caller }: Call, kind: string, id: string): string {
  return `arn:aws:rds:${region.name}:${caller.accountId}:${kind}:${id}`;
}

/** An instance, whether or not it belongs to a cluster. */
interface InstanceRow {
  readonly id: string;
  readonly engine: string;
  readonly clusterId?: string;
  readonly members: Output;
}

const describeDbInstances: Action = {
  resource: (call) => arn(call, 'db', call.input.text('DBInstanceIdentifier') ?? '*'),
  run(call) {
    const id = call.input.text('DBInstanceIdentifier');
    const filters = readFilters(call, {
      'db-instance-id': (row: InstanceRow) => [row.id, arn(call, 'db', row.id)],
      'db-cluster-id': ({ clusterId }) => (clusterId === undefined ? [] : [clusterId, arn(call, 'cluster', clusterId)]),
      engine: ({ engine }) => [engine],
    });
    const all = vpcsOf(call).flatMap((vpc) => instanceRows(call, vpc));
    const named = id === undefined ? all : all.filter((row) => row.id === id.toLowerCase());
    if (id !== undefined && named.length === 0) throw new ApiError('DBInstanceNotFound', `DBInstance ${id} not found.`, 404);
    const { rows, marker } = markerPage(call, named.filter(filters), JSON.stringify([id, call.input.tree['Filters']]));
    return { Marker: marker, DBInstances: { DBInstance: rows.map(({ members }) => members) } };
  },
};

function instanceRows(call: Call, vpc: Vpc): InstanceRow[] {
  return [
    ...vpc.databases.map((database) => ({ id: database.id, engine: database.engine, members: renderInstance(call, database, vpc) })),
    ...vpc.databaseClusters.flatMap((cluster) =>
      cluster.instances.map((instance) => ({
        id: instance,
        engine: cluster.engine,
        clusterId: cluster.id,
        members: renderMember(call, cluster, instance, vpc),
      })),
    ),
  ];
}

function renderInstance(call: Call, database: Database, vpc: Vpc): Output {
  return {
    DBInstanceIdentifier: database.id,
    DBInstanceClass: database.instanceClass,
    Engine: database.engine,
    EngineVersion: database.engineVersion,
    DBInstanceStatus: database.status,
    // Without an address until it exists.
    ...(isUp(database) && { Endpoint: renderAddress(databaseAddress(database, call.region)) }),
    ...renderNetwork(call, database, vpc),
    PubliclyAccessible: database.public,
    StorageEncrypted: true,
    IAMDatabaseAuthenticationEnabled: database.iam,
    DBInstanceArn: arn(call, 'db', database.id),
    TagList: renderTags(database.tags),
  };
}

function renderMember(call: Call, cluster: DatabaseCluster, instance: string, vpc: Vpc): Output {
  return {
    DBInstanceIdentifier: instance,
    DBInstanceClass: 'db.r7g.large',
    Engine: cluster.engine,
    EngineVersion: cluster.engineVersion,
    DBInstanceStatus: cluster.status,
    ...(isUp(cluster) && { Endpoint: renderAddress(clusterInstanceAddress(cluster, instance, call.region)) }),
    ...renderNetwork(call, cluster, vpc),
    PubliclyAccessible: false,
    StorageEncrypted: true,
    DBClusterIdentifier: cluster.id,
    PromotionTier: 1,
    IAMDatabaseAuthenticationEnabled: cluster.iam,
    DBInstanceArn: arn(call, 'db', instance),
    TagList: {},
  };
}

function renderNetwork(call: Call, { securityGroupIds }: Database | DatabaseCluster, vpc: Vpc): Output {
  return { VpcSecurityGroups: renderSecurityGroups(securityGroupIds), DBSubnetGroup: renderSubnetGroup(call, vpc) };
}

function renderSecurityGroups(ids: readonly string[]): Output {
  return { VpcSecurityGroupMembership: ids.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' })) };
}

function subnetGroupName({ name }: Vpc): string {
  return `${name}-databases`;
}

function renderSubnetGroup(call: Call, vpc: Vpc): Output {
  return {
    DBSubnetGroupName: subnetGroupName(vpc),
    DBSubnetGroupDescription: `Private subnets of ${vpc.name}`,
    VpcId: vpc.id,
    SubnetGroupStatus: 'Complete',
    Subnets: {
      Subnet: vpc.subnets.map(({ id, zone }) => ({
        SubnetIdentifier: id,
        SubnetAvailabilityZone: { Name: zone },
        SubnetStatus: 'Active',
      })),
    },
    DBSubnetGroupArn: arn(call, 'subgrp', subnetGroupName(vpc)),
  };
}

function renderAddress({ host, port }: Address): Output {
  return { Address: host, Port: port, HostedZoneId: 'Z1RLNUO7B9Q6NB' };
}

function renderTags(tags: readonly Tag[]): Output {
  return { Tag: tags.map(({ key, value }) => ({ Key: key, Value: value })) };
}

const describeDbClusters: Action = {
  resource: (call) => arn(call, 'cluster', call.input.text('DBClusterIdentifier') ?? '*'),
  run(call) {
    const id = call.input.text('DBClusterIdentifier');
    const filters = readFilters(call, {
      'db-cluster-id': ({ cluster }: ClusterRow) => [cluster.id, arn(call, 'cluster', cluster.id)],
      engine: ({ cluster }) => [cluster.engine],
    });
    const named = clusterRows(call).filter(({ cluster }) => id === undefined || cluster.id === id.toLowerCase());
    if (id !== undefined && named.length === 0) throw new ApiError('DBClusterNotFoundFault', `DBCluster ${id} not found.`, 404);
    const { rows, marker } = markerPage(call, named.filter(filters), JSON.stringify([id, call.input.tree['Filters']]));
    return { Marker: marker, DBClusters: { DBCluster: rows.map(({ cluster, vpc }) => renderCluster(call, cluster, vpc)) } };
  },
};

interface ClusterRow {
  readonly cluster: DatabaseCluster;
  readonly vpc: Vpc;
}

function clusterRows(call: Call): ClusterRow[] {
  return vpcsOf(call).flatMap((vpc) => vpc.databaseClusters.map((cluster) => ({ cluster, vpc })));
}

function renderCluster(call: Call, cluster: DatabaseCluster, vpc: Vpc): Output {
  const up = isUp(cluster);
  const at = (of: Parameters<typeof clusterAddress>[1]): string => clusterAddress(cluster, of, call.region).host;
  return {
    DBClusterIdentifier: cluster.id,
    Engine: cluster.engine,
    EngineVersion: cluster.engineVersion,
    EngineMode: 'provisioned',
    Status: cluster.status,
    // The group by its name alone: its VPC is told with the instances.
    DBSubnetGroup: subnetGroupName(vpc),
    Port: cluster.port,
    ...(up && {
      Endpoint: at('writer'),
      ReaderEndpoint: at('reader'),
      CustomEndpoints: { member: cluster.customEndpoints.map(({ id }) => at({ custom: id })) },
    }),
    DBClusterMembers: {
      DBClusterMember: cluster.instances.map((instance, index) => ({
        DBInstanceIdentifier: instance,
        IsClusterWriter: index === 0,
        DBClusterParameterGroupStatus: 'in-sync',
        PromotionTier: 1,
      })),
    },
    VpcSecurityGroups: renderSecurityGroups(cluster.securityGroupIds),
    MultiAZ: cluster.instances.length > 1,
    StorageEncrypted: true,
    IAMDatabaseAuthenticationEnabled: cluster.iam,
    DBClusterArn: arn(call, 'cluster', cluster.id),
    TagList: renderTags(cluster.tags),
  };
}

const describeDbClusterEndpoints: Action = {
  resource: (call) => arn(call, 'cluster', call.input.text('DBClusterIdentifier') ?? '*'),
  run(call) {
    const id = call.input.text('DBClusterIdentifier');
    const found = clusterRows(call).filter(({ cluster }) => id === undefined || cluster.id === id.toLowerCase());
    if (id !== undefined && found.length === 0) throw new ApiError('DBClusterNotFoundFault', `DBCluster ${id} not found.`, 404);
    // Aurora's alone.
    const endpoints = found
      .filter(({ cluster }) => cluster.engine.startsWith('aurora-') && isUp(cluster))
      .flatMap(({ cluster }) => renderEndpoints(call, cluster));
    const { rows, marker } = markerPage(call, endpoints, id ?? '');
    return { Marker: marker, DBClusterEndpoints: { DBClusterEndpointList: rows } };
  },
};

function renderEndpoints(call: Call, cluster: DatabaseCluster): Output[] {
  const shared = { DBClusterIdentifier: cluster.id, Status: 'available' };
  const at = (of: Parameters<typeof clusterAddress>[1]): string => clusterAddress(cluster, of, call.region).host;
  return [
    { ...shared, EndpointType: 'WRITER', Endpoint: at('writer') },
    { ...shared, EndpointType: 'READER', Endpoint: at('reader') },
    ...cluster.customEndpoints.map(({ id, type, members }) => ({
      ...shared,
      DBClusterEndpointIdentifier: id,
      EndpointType: 'CUSTOM',
      CustomEndpointType: type,
      Endpoint: at({ custom: id }),
      StaticMembers: { member: members },
      DBClusterEndpointArn: arn(call, 'cluster-endpoint', id),
    })),
  ];
}

const describeDbSubnetGroups: Action = {
  resource: (call) => arn(call, 'subgrp', call.input.text('DBSubnetGroupName') ?? '*'),
  run(call) {
    const name = call.input.text('DBSubnetGroupName');
    const wanted = vpcsOf(call).filter((vpc) => name === undefined || subnetGroupName(vpc) === name.toLowerCase());
    if (name !== undefined && wanted.length === 0) {
      throw new ApiError('DBSubnetGroupNotFoundFault', `DB subnet group '${name}' does not exist.`, 404);
    }
    const { rows, marker } = markerPage(call, wanted, name ?? '');
    return { Marker: marker, DBSubnetGroups: { DBSubnetGroup: rows.map((vpc) => renderSubnetGroup(call, vpc)) } };
  },
};

/** What the request's filters let through, all of them together. @param known values that each filter compares with, by its name */
function readFilters<Row>({ input }: Call, known: Readonly<Record<string, (row: Row) => readonly string[]>>): (row: Row) => boolean {
  const filters = input.groups('Filters').map((filter) => {
    const name = filter.required('Name');
    const of = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!of) throw new ApiError('InvalidParameterValue', `Unrecognized filter name: ${name}`);
    const values = filter.texts('Values');
    return (row: Row) => of(row).some((value) => values.includes(value));
  });
  return (row) => filters.every((passes) => passes(row));
}

export const rds: ServiceDefinition = {
  signingName: 'rds',
  protocol: awsQuery({ version: '2014-10-31', namespace: 'http://rds.amazonaws.com/doc/2014-10-31/' }),
  actions: {
    DescribeDBInstances: describeDbInstances,
    DescribeDBClusters: describeDbClusters,
    DescribeDBClusterEndpoints: describeDbClusterEndpoints,
    DescribeDBSubnetGroups: describeDbSubnetGroups,
    ...proxyActions,
  },
};
