import { DescribeTasksCommand, ECSClient, ListClustersCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import type {
  DescribeTasksCommandInput,
  DescribeTasksCommandOutput,
  ListClustersCommandInput,
  ListClustersCommandOutput,
  ListTasksCommandInput,
  ListTasksCommandOutput,
} from '@aws-sdk/client-ecs';
import { sdkConfig } from './settings';
import type { ClientSettings, SendOptions } from './settings';
import { readInSlices } from './slicedReading';

/** The ECS calls in use. A bundle of its own: reach it through `import()` only. */
export interface EcsApi {
  listClusters(input: ListClustersCommandInput, options: SendOptions): Promise<ListClustersCommandOutput>;
  listTasks(input: ListTasksCommandInput, options: SendOptions): Promise<ListTasksCommandOutput>;
  describeTasks(input: DescribeTasksCommandInput, options: SendOptions): Promise<DescribeTasksCommandOutput>;
}

export function createEcs(settings: ClientSettings): EcsApi {
  const client = new ECSClient(sdkConfig(settings));
  readInSlices(client, settings);
  return {
    listClusters: (input, options) => client.send(new ListClustersCommand(input), options),
    listTasks: (input, options) => client.send(new ListTasksCommand(input), options),
    describeTasks: (input, options) => client.send(new DescribeTasksCommand(input), options),
  };
}
