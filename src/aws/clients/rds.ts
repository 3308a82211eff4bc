import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBProxiesCommand,
  DescribeDBProxyEndpointsCommand,
  DescribeDBSubnetGroupsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import type {
  DescribeDBClustersCommandInput,
  DescribeDBClustersCommandOutput,
  DescribeDBInstancesCommandInput,
  DescribeDBInstancesCommandOutput,
  DescribeDBProxiesCommandInput,
  DescribeDBProxiesCommandOutput,
  DescribeDBProxyEndpointsCommandInput,
  DescribeDBProxyEndpointsCommandOutput,
  DescribeDBSubnetGroupsCommandInput,
  DescribeDBSubnetGroupsCommandOutput,
} from '@aws-sdk/client-rds';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';
import { readInSlices } from './slicedReading';
import type { SlicedList } from './slicedReading';

/** The RDS calls in use; DocumentDB and Neptune answer through them, too. A bundle of its own: reach it through `import()` only. */
export interface RdsApi {
  describeDbInstances(input: DescribeDBInstancesCommandInput, options: SendOptions): Promise<DescribeDBInstancesCommandOutput>;
  describeDbClusters(input: DescribeDBClustersCommandInput, options: SendOptions): Promise<DescribeDBClustersCommandOutput>;
  describeDbSubnetGroups(
    input: DescribeDBSubnetGroupsCommandInput,
    options: SendOptions,
  ): Promise<DescribeDBSubnetGroupsCommandOutput>;
  describeDbProxies(input: DescribeDBProxiesCommandInput, options: SendOptions): Promise<DescribeDBProxiesCommandOutput>;
  describeDbProxyEndpoints(
    input: DescribeDBProxyEndpointsCommandInput,
    options: SendOptions,
  ): Promise<DescribeDBProxyEndpointsCommandOutput>;
}

const LISTS: readonly SlicedList[] = [
  { list: 'DBInstances', item: 'DBInstance', member: 'DBInstances' },
  { list: 'DBClusters', item: 'DBCluster', member: 'DBClusters' },
  { list: 'DBSubnetGroups', item: 'DBSubnetGroup', member: 'DBSubnetGroups' },
  { list: 'DBProxies', item: 'member', member: 'DBProxies' },
  { list: 'DBProxyEndpoints', item: 'member', member: 'DBProxyEndpoints' },
];

export function createRds(settings: ClientSettings): RdsApi {
  const client = new RDSClient(sdkConfig(settings));
  readInSlices(client, settings, LISTS);
  return {
    describeDbInstances: (input, options) => client.send(new DescribeDBInstancesCommand(input), options),
    describeDbClusters: (input, options) => client.send(new DescribeDBClustersCommand(input), options),
    describeDbSubnetGroups: (input, options) => client.send(new DescribeDBSubnetGroupsCommand(input), options),
    describeDbProxies: (input, options) => client.send(new DescribeDBProxiesCommand(input), options),
    describeDbProxyEndpoints: (input, options) => client.send(new DescribeDBProxyEndpointsCommand(input), options),
  };
}
