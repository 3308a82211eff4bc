/**
 * The IAM actions that each provider of the inventory calls, by the provider's id: what a policy has to allow so that
 * everything of it is found. A test compares them with the calls that the providers make.
 */
export const DISCOVERY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'ec2.bastions': ['ec2:DescribeInstances', 'ssm:DescribeInstanceInformation'],
  'ssm.hybridNodes': ['ssm:DescribeInstanceInformation'],
  'ecs.tasks': ['ec2:DescribeSubnets', 'ecs:DescribeTasks', 'ecs:ListClusters', 'ecs:ListTasks'],
  'elasticache.replicationGroups': [
    'elasticache:DescribeCacheClusters',
    'elasticache:DescribeCacheSubnetGroups',
    'elasticache:DescribeReplicationGroups',
  ],
  'elasticache.serverless': ['ec2:DescribeSubnets', 'elasticache:DescribeServerlessCaches'],
  'memorydb.clusters': ['memorydb:DescribeClusters', 'memorydb:DescribeSubnetGroups'],
  'rds.databases': ['rds:DescribeDBClusters', 'rds:DescribeDBInstances', 'rds:DescribeDBSubnetGroups'],
  'rds.proxies': ['rds:DescribeDBProxies', 'rds:DescribeDBProxyEndpoints'],
  'redshift.clusters': ['redshift:DescribeClusterSubnetGroups', 'redshift:DescribeClusters', 'redshift:DescribeEndpointAccess'],
  'redshift.serverless': ['ec2:DescribeSubnets', 'redshift-serverless:ListEndpointAccess', 'redshift-serverless:ListWorkgroups'],
  'opensearch.domains': ['es:DescribeDomains', 'es:ListDomainNames'],
  'mq.brokers': ['ec2:DescribeSubnets', 'mq:DescribeBroker', 'mq:ListBrokers'],
  'resource.tags': ['tag:GetResources'],
  'msk.clusters': ['ec2:DescribeSubnets', 'kafka:GetBootstrapBrokers', 'kafka:ListClustersV2'],
};

/** `rds` of `rds:DescribeDBProxies`. */
export function serviceOf(action: string): string {
  return action.split(':')[0]!;
}

// IAM's grammar of one action without wildcards.
const ACTION = /^[a-z0-9-]{1,64}:[A-Za-z0-9]{1,128}$/;

const OF_DISCOVERY: ReadonlySet<string> = new Set(Object.values(DISCOVERY_ACTIONS).flat());

/** Whether the action only tells what there is: of those alone every resource may be allowed without a second thought. */
export function isListing(action: string): boolean {
  return OF_DISCOVERY.has(action) || (ACTION.test(action) && /:(?:Describe|List)/.test(action));
}

/**
 * An identity policy that allows exactly these actions, as indented JSON; what is no listing is left out.
 * Every resource, since a listing is about all of them: most of these actions know no narrower one (Service Authorization
 * Reference), and of the others a narrower one would hide what it does not name.
 */
export function discoveryPolicy(actions: readonly string[]): string {
  const Action = [...new Set(actions.filter(isListing))].toSorted();
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Sid: 'SallyportDiscovery', Effect: 'Allow', Action, Resource: '*' }] }, null, 2);
}
