import { databaseAddress, isUp } from '../naming';
import type { Database, Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { markerPage, vpcsOf } from './listing';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsQuery } from './protocol/query';

function arn({ region, caller }: Call, id: string): string {
  return `arn:aws:rds:${region.name}:${caller.accountId}:db:${id}`;
}

const describeDbInstances: Action = {
  resource: (call) => arn(call, call.input.text('DBInstanceIdentifier') ?? '*'),
  run(call) {
    const id = call.input.text('DBInstanceIdentifier');
    const all = vpcsOf(call).flatMap((vpc) => vpc.databases.map((database) => ({ database, vpc })));
    const wanted = id === undefined ? all : all.filter(({ database }) => database.id === id.toLowerCase());
    if (id !== undefined && wanted.length === 0) throw new ApiError('DBInstanceNotFound', `DBInstance ${id} not found.`, 404);
    const { rows, marker } = markerPage(call, wanted, id ?? '');
    return { Marker: marker, DBInstances: { DBInstance: rows.map(({ database, vpc }) => render(call, database, vpc)) } };
  },
};

function render(call: Call, database: Database, vpc: Vpc): Output {
  const { host, port } = databaseAddress(database, call.region);
  return {
    DBInstanceIdentifier: database.id,
    DBInstanceClass: database.instanceClass,
    Engine: database.engine,
    EngineVersion: database.engineVersion,
    DBInstanceStatus: database.status,
    // Without an address until it exists.
    ...(isUp(database) && { Endpoint: { Address: host, Port: port } }),
    VpcSecurityGroups: {
      VpcSecurityGroupMembership: database.securityGroupIds.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' })),
    },
    DBSubnetGroup: {
      DBSubnetGroupName: `${vpc.name}-databases`,
      VpcId: vpc.id,
      Subnets: { Subnet: vpc.subnets.map(({ id, zone }) => ({ SubnetIdentifier: id, SubnetAvailabilityZone: { Name: zone } })) },
    },
    PubliclyAccessible: false,
    StorageEncrypted: true,
    IAMDatabaseAuthenticationEnabled: false,
    DBInstanceArn: arn(call, database.id),
    TagList: { Tag: database.tags.map(({ key, value }) => ({ Key: key, Value: value })) },
  };
}

export const rds: ServiceDefinition = {
  signingName: 'rds',
  protocol: awsQuery({ version: '2014-10-31', namespace: 'http://rds.amazonaws.com/doc/2014-10-31/' }),
  actions: { DescribeDBInstances: describeDbInstances },
};
