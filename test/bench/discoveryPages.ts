import type { LoggedRequest } from '../sandbox/requestLog';
import { resourceType, taggedResources } from '../sandbox/worldTags';
import type { Place, World } from '../sandbox/worldTypes';

/** Rows of a listing, and the most that AWS puts on one of its pages (API references of the services). */
type Listing = readonly [rows: number, largest: number];

/** What has to be asked in one region of one account to know everything that is shown, by action. */
function listings({ vpcs, hybridNodes, ecsClusters }: Place): Readonly<Record<string, readonly Listing[]>> {
  const count = (of: (vpc: Place['vpcs'][number]) => number): number => vpcs.reduce((sum, vpc) => sum + of(vpc), 0);
  const nodes = count(({ replicationGroups }) => replicationGroups.reduce((sum, { shards, replicas }) => sum + shards * (replicas + 1), 0));
  const running = ecsClusters.map(({ tasks }) => tasks.filter(({ status }) => status === 'RUNNING').length);
  return {
    DescribeInstances: [[count(({ instances }) => instances.length), 1000]],
    DescribeInstanceInformation: [[count(({ instances }) => instances.filter(({ managed }) => managed).length) + hybridNodes.length, 50]],
    DescribeSubnets: [[count(({ subnets }) => subnets.length), 1000]],
    ListClusters: [[ecsClusters.length, 100]],
    ListTasks: running.map((tasks) => [tasks, 100]),
    DescribeTasks: running.filter((tasks) => tasks > 0).map((tasks) => [tasks, 100]),
    DescribeReplicationGroups: [[count(({ replicationGroups }) => replicationGroups.length), 100]],
    DescribeCacheClusters: [[nodes + count(({ standaloneCaches }) => standaloneCaches.length), 100]],
    DescribeCacheSubnetGroups: [[vpcs.length, 100]],
    DescribeServerlessCaches: [[count(({ serverlessCaches }) => serverlessCaches.length), 50]],
    DescribeDBInstances: [[count((vpc) => vpc.databases.length + vpc.databaseClusters.reduce((sum, { instances }) => sum + instances.length, 0)), 100]],
    DescribeDBClusters: [[count(({ databaseClusters }) => databaseClusters.length), 100]],
    DescribeDBProxies: [[count(({ databaseProxies }) => databaseProxies.length), 100]],
    DescribeDBProxyEndpoints: [[count(({ databaseProxies }) => databaseProxies.reduce((sum, { endpoints }) => sum + endpoints.length + 1, 0)), 100]],
  };
}

/** The kinds of resources whose own listings leave their tags out. */
const TAGGED_APART = /^(?:elasticache:(?:replicationgroup|cluster|serverlesscache)|memorydb:cluster|rds:db-proxy)$/;

function tagListings(world: World, place: Place): readonly Listing[] {
  return [[taggedResources(world, place).filter(({ arn }) => TAGGED_APART.test(resourceType(arn))).length, 100]];
}

/** Of MemoryDB, in which an action's name does not tell the service. */
function memoryDbListings({ vpcs }: Place): readonly Listing[] {
  const clusters = vpcs.reduce((sum, { memoryDbClusters }) => sum + memoryDbClusters.length, 0);
  return [
    [clusters, 50],
    [vpcs.length, 50],
  ];
}

/**
 * The fewest calls that tell everything of every place: a page each, and one call per account to know whose it is. Of
 * services that the large world has nothing of, each different request counts as needed once.
 */
export function neededPages(world: World, asked: readonly LoggedRequest[]): number {
  const counted = new Set(['GetCallerIdentity', 'GetResources']);
  let pages = new Set(world.places.map(({ accountId }) => accountId)).size;
  for (const place of world.places) {
    const known = listings(place);
    for (const action of Object.keys(known)) counted.add(action);
    pages += total(Object.values(known).flat()) + total(memoryDbListings(place)) + total(tagListings(world, place));
  }
  const others = asked.filter(({ service, action }) => service !== 'memorydb' && !counted.has(action));
  return pages + new Set(others.map(({ service, action, region, principal, params }) => JSON.stringify([service, action, region, principal, params]))).size;
}

function total(needed: readonly Listing[]): number {
  return needed.reduce((sum, [rows, largest]) => sum + Math.max(1, Math.ceil(rows / largest)), 0);
}
