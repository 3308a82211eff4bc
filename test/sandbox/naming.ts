import { dataHosts } from './dataNaming';
import { clusterAddresses, databaseAddress, memoryDbAddress, memoryDbNodes, proxyAddress } from './databaseNaming';
import type {
  Backing,
  Place,
  Region,
  ReplicationGroup,
  ServerlessCache,
  StandaloneCache,
  Vpc,
  World,
} from './worldTypes';

/** Part of every ElastiCache host name of an account and region. */
const SUFFIX = 'x1y2z3';
const REDIS_PORT = 6379;
const SERVERLESS_READER_PORT = 6380;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Member {
  readonly clusterId: string;
  /** `0001`, ... */
  readonly shard: string;
  readonly role: 'primary' | 'replica';
  readonly zone: string;
  readonly address: Address;
}

/** Member clusters of a replication group, shard by shard, the primary first. */
export function membersOf(group: ReplicationGroup, vpc: Vpc, region: Region): Member[] {
  return Array.from({ length: group.shards }, (_, shardIndex) => shardId(shardIndex)).flatMap((shard) =>
    Array.from({ length: group.replicas + 1 }, (_, index): Member => {
      const number = `${index + 1}`.padStart(3, '0');
      const clusterId = group.clusterMode ? `${group.id}-${shard}-${number}` : `${group.id}-${number}`;
      return {
        clusterId,
        shard,
        role: index === 0 ? 'primary' : 'replica',
        zone: vpc.subnets[index % vpc.subnets.length]!.zone,
        address: { host: nodeHost(group, clusterId, shard, region), port: REDIS_PORT },
      };
    }),
  );
}

export function shardId(index: number): string {
  return `${index + 1}`.padStart(4, '0');
}

// The forms of ElastiCache host names differ with TLS and cluster mode: enabling TLS changes them.
function nodeHost(group: ReplicationGroup, clusterId: string, shard: string, { code }: Region): string {
  if (group.tls !== 'off') return `${clusterId}.${group.id}.${SUFFIX}.${code}.cache.amazonaws.com`;
  return `${clusterId}.${SUFFIX}.${group.clusterMode ? shard : '0001'}.${code}.cache.amazonaws.com`;
}

export function primaryAddress(group: ReplicationGroup, { code }: Region): Address {
  const host =
    group.tls === 'off'
      ? `${group.id}.${SUFFIX}.ng.0001.${code}.cache.amazonaws.com`
      : `master.${group.id}.${SUFFIX}.${code}.cache.amazonaws.com`;
  return { host, port: REDIS_PORT };
}

export function readerAddress(group: ReplicationGroup, { code }: Region): Address {
  const host =
    group.tls === 'off'
      ? `${group.id}-ro.${SUFFIX}.ng.0001.${code}.cache.amazonaws.com`
      : `replica.${group.id}.${SUFFIX}.${code}.cache.amazonaws.com`;
  return { host, port: REDIS_PORT };
}

export function configurationAddress(group: ReplicationGroup, { code }: Region): Address {
  const host =
    group.tls === 'off'
      ? `${group.id}.${SUFFIX}.clustercfg.${code}.cache.amazonaws.com`
      : `clustercfg.${group.id}.${SUFFIX}.${code}.cache.amazonaws.com`;
  return { host, port: REDIS_PORT };
}

/** One address per node; the nodes' ids are `0001`, `0002`, ... */
export function standaloneAddresses(cache: StandaloneCache, { code }: Region): Address[] {
  return Array.from({ length: cache.nodes }, (_, index) => ({
    host: `${cache.id}.${SUFFIX}.${shardId(index)}.${code}.cache.amazonaws.com`,
    port: cache.port,
  }));
}

export function standaloneConfigurationAddress(cache: StandaloneCache, { code }: Region): Address {
  return { host: `${cache.id}.${SUFFIX}.cfg.${code}.cache.amazonaws.com`, port: cache.port };
}

export function serverlessAddress(cache: ServerlessCache, role: 'writer' | 'reader', { code }: Region): Address {
  return {
    host: `${cache.name}-${SUFFIX}${cache.public ? '.public' : ''}.serverless.${code}.cache.amazonaws.com`,
    port: role === 'writer' ? REDIS_PORT : SERVERLESS_READER_PORT,
  };
}

/** Whether a cache or a database has endpoints: one that is being created, or whose creation failed, has none yet. */
export function isUp({ status }: { readonly status: string }): boolean {
  return status !== 'creating' && status !== 'create-failed';
}

/** A private host and what stands behind it. */
export interface PrivateHost extends Address {
  /** Name of the cache or database. */
  readonly resource: string;
  readonly accountId: string;
  readonly region: string;
  readonly vpcId: string;
  readonly backing: Backing;
}

/** Every private address that the APIs tell, computed from the world as it is now. */
export function privateHosts(world: World): PrivateHost[] {
  return world.places.flatMap((place) => {
    const region = regionNamed(world, place.region);
    return place.vpcs.flatMap((vpc) => hostsOf(place, vpc, region));
  });
}

function hostsOf({ accountId }: Place, vpc: Vpc, region: Region): PrivateHost[] {
  const where = { accountId, region: region.name, vpcId: vpc.id };
  const at = (resource: string, { backing }: { backing: Backing }, addresses: readonly Address[]): PrivateHost[] =>
    addresses.map(({ host, port }) => Object.assign({ host, port, resource, backing }, where));
  return [
    ...vpc.replicationGroups.filter(isUp).flatMap((group) => at(group.id, group, groupAddresses(group, vpc, region))),
    ...vpc.replicationGroups.flatMap((group) => {
      const members = membersOf(group, vpc, region);
      return (group.nodes ?? []).flatMap((own, index) => at(group.id, { backing: own }, [{ host: members[index]!.address.host, port: own.loopbackPort }]));
    }),
    ...vpc.serverlessCaches
      .filter((cache) => isUp(cache) && !cache.public)
      .flatMap((cache) =>
        at(cache.name, cache, [serverlessAddress(cache, 'writer', region), serverlessAddress(cache, 'reader', region)]),
      ),
    ...vpc.standaloneCaches
      .filter(isUp)
      .flatMap((cache) =>
        at(cache.id, cache, [
          ...(cache.engine === 'memcached' ? [standaloneConfigurationAddress(cache, region)] : []),
          ...standaloneAddresses(cache, region),
        ]),
      ),
    ...vpc.databases.filter(isUp).flatMap((database) => at(database.id, database, [databaseAddress(database, region)])),
    ...vpc.databaseClusters.filter(isUp).flatMap((cluster) => at(cluster.id, cluster, clusterAddresses(cluster, region))),
    ...vpc.databaseProxies
      .filter(isUp)
      .flatMap((proxy) =>
        at(proxy.name, proxy, [undefined, ...proxy.endpoints.map(({ name }) => name)].map((name) => proxyAddress(proxy, name, region))),
      ),
    ...vpc.memoryDbClusters
      .filter(isUp)
      .flatMap((cluster) => at(cluster.name, cluster, [memoryDbAddress(cluster, region), ...memoryDbNodes(cluster, region)])),
    ...dataHosts(vpc, accountId, region).map((row) => Object.assign({}, where, row)),
  ];
}

function groupAddresses(group: ReplicationGroup, vpc: Vpc, region: Region): Address[] {
  const shared = group.clusterMode
    ? [configurationAddress(group, region)]
    : [primaryAddress(group, region), readerAddress(group, region)];
  return [...shared, ...membersOf(group, vpc, region).map(({ address }) => address)];
}

/** @throws when the world has no such region: a mistake in the world itself. */
export function regionNamed(world: World, name: string): Region {
  const found = world.regions.find((region) => region.name === name);
  if (!found) throw new Error(`the world has no region ${name}`);
  return found;
}
