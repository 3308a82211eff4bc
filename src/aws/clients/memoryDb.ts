import { jsonCaller } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';

// Members of the API's answers, as far as they are in use; any of them may be missing.

export interface MemoryDbEndpoint {
  readonly Address?: string;
  readonly Port?: number;
}

export interface MemoryDbCluster {
  readonly Name?: string;
  readonly ARN?: string;
  readonly Status?: string;
  readonly Engine?: string;
  readonly EngineVersion?: string;
  readonly ClusterEndpoint?: MemoryDbEndpoint;
  readonly Shards?: readonly { readonly Nodes?: readonly { readonly Name?: string; readonly Endpoint?: MemoryDbEndpoint }[] }[];
  readonly TLSEnabled?: boolean;
  readonly ACLName?: string;
  readonly SubnetGroupName?: string;
  readonly SecurityGroups?: readonly { readonly SecurityGroupId?: string }[];
}

export interface MemoryDbSubnetGroup {
  readonly Name?: string;
  readonly VpcId?: string;
  readonly Subnets?: readonly { readonly Identifier?: string }[];
}

interface PageInput {
  readonly MaxResults: number;
  readonly NextToken?: string;
}

/** The MemoryDB calls in use. A bundle of its own: reach it through `import()` only. */
export interface MemoryDbApi {
  /** With the nodes of each shard. @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
  describeClusters(input: PageInput, options: SendOptions): Promise<{ Clusters?: readonly MemoryDbCluster[]; NextToken?: string }>;
  /** @throws Error likewise */
  describeSubnetGroups(
    input: PageInput,
    options: SendOptions,
  ): Promise<{ SubnetGroups?: readonly MemoryDbSubnetGroup[]; NextToken?: string }>;
}

/** API reference of MemoryDB, 2021-01-01. A cluster has up to 500 nodes of about 300 bytes each. */
const SERVICE = { name: 'memorydb', host: 'memory-db', targetPrefix: 'AmazonMemoryDB', maxAnswerBytes: 16 * 1024 * 1024 };

export function createMemoryDb(settings: ClientSettings): MemoryDbApi {
  const call = jsonCaller(SERVICE, settings);
  return {
    describeClusters: (input, options) => call('DescribeClusters', { ...input, ShowShardDetails: true }, options),
    describeSubnetGroups: (input, options) => call('DescribeSubnetGroups', input, options),
  };
}
