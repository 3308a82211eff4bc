import type { Address } from './naming';
import type { Database, DatabaseCluster, DatabaseProxy, MemoryDbCluster, Region } from './worldTypes';

/** Part of every host name of an account and region. */
const SUFFIX = 'x1y2z3';

export function databaseAddress(database: Database, { name }: Region): Address {
  return { host: `${database.id}.${SUFFIX}.${name}.rds.amazonaws.com`, port: database.port };
}

/** Of the writer, of the readers, or of a custom endpoint by its id. */
export function clusterAddress(cluster: DatabaseCluster, of: 'writer' | 'reader' | { readonly custom: string }, region: Region): Address {
  const [label, kind] = typeof of === 'object' ? [of.custom, 'cluster-custom'] : [cluster.id, of === 'writer' ? 'cluster' : 'cluster-ro'];
  return { host: `${label}.${kind}-${SUFFIX}.${domainOf(cluster, region)}`, port: cluster.port };
}

export function clusterInstanceAddress(cluster: DatabaseCluster, instance: string, region: Region): Address {
  return { host: `${instance}.${SUFFIX}.${domainOf(cluster, region)}`, port: cluster.port };
}

function domainOf({ engine }: DatabaseCluster, { name }: Region): string {
  return `${name}.${engine === 'docdb' || engine === 'neptune' ? engine : 'rds'}.amazonaws.com`;
}

/** The API tells hosts only: a proxy listens on its engine's default port. @param endpoint absent: the default one */
export function proxyAddress({ name, family }: DatabaseProxy, endpoint: string | undefined, region: Region): Address {
  const label = endpoint === undefined ? name : `${endpoint}.endpoint`;
  return { host: `${label}.proxy-${SUFFIX}.${region.name}.rds.amazonaws.com`, port: family === 'MYSQL' ? 3306 : 5432 };
}

/** A proxy's ARN has an id of its own, not its name. */
export function proxyId(kind: 'db-proxy' | 'db-proxy-endpoint', name: string): string {
  return `${kind === 'db-proxy' ? 'prx' : 'prx-endpoint'}-${Buffer.from(name).toString('hex').padEnd(17, '0').slice(0, 17)}`;
}

const MEMORYDB_PORT = 6379;

export function memoryDbAddress({ name }: MemoryDbCluster, region: Region): Address {
  return { host: `clustercfg.${name}.${SUFFIX}.memorydb.${region.name}.amazonaws.com`, port: MEMORYDB_PORT };
}

export interface MemoryDbNode extends Address {
  /** `name-0001-001` */
  readonly name: string;
  /** `0001` */
  readonly shard: string;
}

export function memoryDbNodes({ name, shards, replicas }: MemoryDbCluster, region: Region): MemoryDbNode[] {
  const digits = (index: number, width: number): string => `${index + 1}`.padStart(width, '0');
  return Array.from({ length: shards }, (_, shardIndex) => digits(shardIndex, 4)).flatMap((shard) =>
    Array.from({ length: replicas + 1 }, (_, index) => {
      const node = `${name}-${shard}-${digits(index, 3)}`;
      return { name: node, shard, host: `${node}.${name}.${SUFFIX}.memorydb.${region.name}.amazonaws.com`, port: MEMORYDB_PORT };
    }),
  );
}

/** Every address of a cluster that is up. */
export function clusterAddresses(cluster: DatabaseCluster, region: Region): Address[] {
  return [
    clusterAddress(cluster, 'writer', region),
    clusterAddress(cluster, 'reader', region),
    ...cluster.customEndpoints.map(({ id }) => clusterAddress(cluster, { custom: id }, region)),
    ...cluster.instances.map((instance) => clusterInstanceAddress(cluster, instance, region)),
  ];
}
