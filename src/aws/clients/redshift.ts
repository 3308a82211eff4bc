import {
  DescribeClustersCommand,
  DescribeClusterSubnetGroupsCommand,
  DescribeEndpointAccessCommand,
  RedshiftClient,
} from '@aws-sdk/client-redshift';
import type {
  DescribeClustersCommandInput,
  DescribeClustersCommandOutput,
  DescribeClusterSubnetGroupsCommandInput,
  DescribeClusterSubnetGroupsCommandOutput,
  DescribeEndpointAccessCommandInput,
  DescribeEndpointAccessCommandOutput,
} from '@aws-sdk/client-redshift';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';
import { readInSlices } from './slicedReading';
import type { SlicedList } from './slicedReading';

/** The Redshift calls in use. A bundle of its own: reach it through `import()` only. */
export interface RedshiftApi {
  describeClusters(input: DescribeClustersCommandInput, options: SendOptions): Promise<DescribeClustersCommandOutput>;
  describeClusterSubnetGroups(
    input: DescribeClusterSubnetGroupsCommandInput,
    options: SendOptions,
  ): Promise<DescribeClusterSubnetGroupsCommandOutput>;
  describeEndpointAccess(input: DescribeEndpointAccessCommandInput, options: SendOptions): Promise<DescribeEndpointAccessCommandOutput>;
}

const LISTS: readonly SlicedList[] = [
  { list: 'Clusters', item: 'Cluster', member: 'Clusters' },
  { list: 'ClusterSubnetGroups', item: 'ClusterSubnetGroup', member: 'ClusterSubnetGroups' },
];

export function createRedshift(settings: ClientSettings): RedshiftApi {
  const client = new RedshiftClient(sdkConfig(settings));
  readInSlices(client, settings, LISTS);
  return {
    describeClusters: (input, options) => client.send(new DescribeClustersCommand(input), options),
    describeClusterSubnetGroups: (input, options) => client.send(new DescribeClusterSubnetGroupsCommand(input), options),
    describeEndpointAccess: (input, options) => client.send(new DescribeEndpointAccessCommand(input), options),
  };
}
