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

export function createElastiCache(settings: ClientSettings): ElastiCacheApi {
  const client = new ElastiCacheClient(sdkConfig(settings));
  return {
    describeReplicationGroups: (input, options) => client.send(new DescribeReplicationGroupsCommand(input), options),
    describeCacheClusters: (input, options) => client.send(new DescribeCacheClustersCommand(input), options),
    describeCacheSubnetGroups: (input, options) => client.send(new DescribeCacheSubnetGroupsCommand(input), options),
    describeServerlessCaches: (input, options) => client.send(new DescribeServerlessCachesCommand(input), options),
  };
}
