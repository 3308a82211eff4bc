import { hasAddress, managedAddress, redshiftAddress } from '../dataNaming';
import type { ManagedEndpoint, RedshiftCluster } from '../worldDataTypes';
import type { Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { markerPage, onlyKnown, vpcsOf } from './listing';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { awsQuery } from './protocol/query';

interface Row {
  readonly cluster: RedshiftCluster;
  readonly vpc: Vpc;
}

function rowsOf(call: Call): Row[] {
  return vpcsOf(call).flatMap((vpc) => (vpc.data?.redshiftClusters ?? []).map((cluster) => ({ cluster, vpc })));
}

const describeClusters: Action = {
  resource: ({ region, caller, input }) => `arn:aws:redshift:${region.name}:${caller.accountId}:cluster:${input.text('ClusterIdentifier') ?? '*'}`,
  run(call) {
    onlyKnown(call, 'ClusterIdentifier', 'MaxRecords', 'Marker');
    const id = call.input.text('ClusterIdentifier');
    const wanted = rowsOf(call).filter(({ cluster }) => id === undefined || cluster.id === id.toLowerCase());
    if (id !== undefined && wanted.length === 0) throw new ApiError('ClusterNotFound', `Cluster ${id} not found.`, 404);
    const { rows, marker } = markerPage(call, wanted, id ?? '');
    return { Marker: marker, Clusters: { Cluster: rows.map((row) => renderCluster(call, row)) } };
  },
};

function renderCluster({ region, caller }: Call, { cluster, vpc }: Row): Output {
  const { host, port } = redshiftAddress(cluster, region);
  return {
    ClusterIdentifier: cluster.id,
    NodeType: 'ra3.large',
    ClusterStatus: cluster.status,
    ClusterAvailabilityStatus: cluster.status.startsWith('available') ? 'Available' : 'Unavailable',
    MasterUsername: 'awsuser',
    DBName: 'dev',
    // Without an address until it exists.
    ...(hasAddress(cluster) && { Endpoint: { Address: host, Port: port } }),
    VpcSecurityGroups: {
      VpcSecurityGroup: cluster.securityGroupIds.map((VpcSecurityGroupId) => ({ VpcSecurityGroupId, Status: 'active' })),
    },
    ClusterSubnetGroupName: subnetGroupName(vpc),
    VpcId: vpc.id,
    ClusterVersion: cluster.version,
    AllowVersionUpgrade: true,
    NumberOfNodes: 2,
    PubliclyAccessible: cluster.public,
    Encrypted: true,
    Tags: { Tag: cluster.tags.map(({ key, value }) => ({ Key: key, Value: value })) },
    EnhancedVpcRouting: false,
    ClusterNamespaceArn: `arn:aws:redshift:${region.name}:${caller.accountId}:namespace:5a11e5e5-${cluster.id}`,
  };
}

function subnetGroupName({ name }: Vpc): string {
  return `${name}-redshift`;
}

const describeClusterSubnetGroups: Action = {
  run(call) {
    onlyKnown(call, 'ClusterSubnetGroupName', 'MaxRecords', 'Marker');
    const name = call.input.text('ClusterSubnetGroupName');
    const wanted = vpcsOf(call).filter((vpc) => name === undefined || subnetGroupName(vpc) === name);
    if (name !== undefined && wanted.length === 0) throw new ApiError('ClusterSubnetGroupNotFoundFault', `${name} not found.`, 400);
    const { rows, marker } = markerPage(call, wanted, name ?? '');
    const groups = rows.map((vpc) => ({
      ClusterSubnetGroupName: subnetGroupName(vpc),
      Description: `Private subnets of ${vpc.name}`,
      VpcId: vpc.id,
      SubnetGroupStatus: 'Complete',
      Subnets: {
        Subnet: vpc.subnets.map(({ id, zone }) => ({ SubnetIdentifier: id, SubnetAvailabilityZone: { Name: zone }, SubnetStatus: 'Active' })),
      },
    }));
    return { Marker: marker, ClusterSubnetGroups: { ClusterSubnetGroup: groups } };
  },
};

const describeEndpointAccess: Action = {
  run(call) {
    onlyKnown(call, 'MaxRecords', 'Marker');
    const all = rowsOf(call).flatMap(({ cluster }) => cluster.managedEndpoints.map((endpoint) => ({ cluster, endpoint })));
    const { rows, marker } = markerPage(call, all, '');
    return { Marker: marker, EndpointAccessList: { member: rows.map((row) => renderEndpoint(call, row)) } };
  },
};

function renderEndpoint(call: Call, { cluster, endpoint }: { readonly cluster: RedshiftCluster; readonly endpoint: ManagedEndpoint }): Output {
  const { host, port } = managedAddress(endpoint, call.region);
  const vpc = vpcsOf(call).find(({ id }) => id === endpoint.vpcId);
  return {
    ClusterIdentifier: cluster.id,
    ResourceOwner: call.caller.accountId,
    SubnetGroupName: vpc && subnetGroupName(vpc),
    EndpointStatus: 'active',
    EndpointName: endpoint.name,
    Port: port,
    Address: host,
    VpcSecurityGroups: { VpcSecurityGroup: [{ VpcSecurityGroupId: vpc?.securityGroups[0]?.id, Status: 'active' }] },
    VpcEndpoint: { VpcEndpointId: `vpce-${endpoint.name}`, VpcId: endpoint.vpcId },
  };
}

export const redshift: ServiceDefinition = {
  signingName: 'redshift',
  protocol: awsQuery({ version: '2012-12-01', namespace: 'http://redshift.amazonaws.com/doc/2012-12-01/' }),
  actions: {
    DescribeClusters: describeClusters,
    DescribeClusterSubnetGroups: describeClusterSubnetGroups,
    DescribeEndpointAccess: describeEndpointAccess,
  },
};
