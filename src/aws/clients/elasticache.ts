import {
  DescribeCacheClustersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  DescribeServerlessCachesCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache';
import type {
  DescribeCacheClustersCommandInput,
  DescribeCacheClustersCommandOutput,
  DescribeCacheSubnetGroupsCommandInput,
  DescribeCacheSubnetGroupsCommandOutput,
  DescribeReplicationGroupsCommandInput,
  DescribeReplicationGroupsCommandOutput,
  DescribeServerlessCachesCommandInput,
  DescribeServerlessCachesCommandOutput,
} from '@aws-sdk/client-elasticache';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';
import { readInSlices } from './slicedReading';
import type { SlicedList } from './slicedReading';

/** The ElastiCache calls in use. A bundle of its own: reach it through `import()` only. */
export interface ElastiCacheApi {
  describeReplicationGroups(
    input: DescribeReplicationGroupsCommandInput,
    options: SendOptions,
  ): Promise<DescribeReplicationGroupsCommandOutput>;
  describeCacheClusters(
    input: DescribeCacheClustersCommandInput,
    options: SendOptions,
  ): Promise<DescribeCacheClustersCommandOutput>;
  describeCacheSubnetGroups(
    input: DescribeCacheSubnetGroupsCommandInput,
    options: SendOptions,
  ): Promise<DescribeCacheSubnetGroupsCommandOutput>;
  describeServerlessCaches(
    input: DescribeServerlessCachesCommandInput,
    options: SendOptions,
  ): Promise<DescribeServerlessCachesCommandOutput>;
}

const LISTS: readonly SlicedList[] = [
  { list: 'ReplicationGroups', item: 'ReplicationGroup', member: 'ReplicationGroups' },
  { list: 'CacheClusters', item: 'CacheCluster', member: 'CacheClusters' },
  { list: 'CacheSubnetGroups', item: 'CacheSubnetGroup', member: 'CacheSubnetGroups' },
  { list: 'ServerlessCaches', item: 'member', member: 'ServerlessCaches' },
];

export function createElastiCache(settings: ClientSettings): ElastiCacheApi {
  const client = new ElastiCacheClient(sdkConfig(settings));
  readInSlices(client, settings, LISTS);
  return {
    describeReplicationGroups: (input, options) => client.send(new DescribeReplicationGroupsCommand(input), options),
    describeCacheClusters: (input, options) => client.send(new DescribeCacheClustersCommand(input), options),
    describeCacheSubnetGroups: (input, options) => client.send(new DescribeCacheSubnetGroupsCommand(input), options),
    describeServerlessCaches: (input, options) => client.send(new DescribeServerlessCachesCommand(input), options),
  };
}
