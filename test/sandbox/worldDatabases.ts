import type { Database, DatabaseCluster, DatabaseProxy, MemoryDbCluster, Vpc } from './worldTypes';

type Databases = Pick<Vpc, 'databases' | 'databaseClusters' | 'databaseProxies' | 'memoryDbClusters'>;

/** What the VPC in which things work has besides its caches. Nothing listens behind the databases; a test may change that. */
export function shopDatabases(securityGroupIds: readonly string[]): Databases {
  return {
    databases: [
      database('orders-db', { securityGroupIds, iam: true, tags: [{ key: 'team', value: 'orders' }] }),
      database('ledger-db', { securityGroupIds, engine: 'mysql', engineVersion: '8.4.3', port: 3306, public: true, status: 'backing-up' }),
      database('fresh-db', { securityGroupIds, status: 'creating' }),
    ],
    databaseClusters: [
      databaseCluster('shop-aurora', {
        securityGroupIds,
        iam: true,
        // AWS lists members in no order; the writer is the first one here and the last one by name.
        instances: ['shop-aurora-two', 'shop-aurora-one'],
        customEndpoints: [{ id: 'reports', type: 'READER', members: ['shop-aurora-one'] }],
        tags: [
          { key: 'team', value: 'shop 🛒' },
          { key: 'note', value: 'x'.repeat(256) },
        ],
      }),
      databaseCluster('fresh-aurora', { securityGroupIds, engine: 'aurora-mysql', engineVersion: '8.0.mysql_aurora.3.08.0', port: 3306, status: 'creating' }),
      databaseCluster('catalog-docs', {
        securityGroupIds,
        engine: 'docdb',
        engineVersion: '5.0.0',
        port: 27017,
        instances: ['catalog-docs-one'],
      }),
      databaseCluster('friends-graph', {
        securityGroupIds,
        engine: 'neptune',
        engineVersion: '1.4.1.0',
        port: 8182,
        iam: true,
        instances: ['friends-graph-one'],
      }),
    ],
    databaseProxies: [
      proxy('shop-proxy', {
        securityGroupIds,
        requireTls: true,
        iam: 'REQUIRED',
        endpoints: [{ name: 'shop-proxy-reader', role: 'READ_ONLY' }],
        tags: [{ key: 'team', value: 'shop 🛒' }],
      }),
      proxy('fresh-proxy', { securityGroupIds, family: 'MYSQL', status: 'creating' }),
    ],
    memoryDbClusters: [
      memoryDb('carts-memorydb', { securityGroupIds, shards: 2, replicas: 1, tls: true, acl: 'app-users', backing: 'tls', tags: [{ key: 'env', value: 'prod' }] }),
      memoryDb('fresh-memorydb', { securityGroupIds, status: 'creating' }),
      memoryDb('scratch-memorydb', { securityGroupIds, engine: 'redis', engineVersion: '7.1', backing: 'plain' }),
    ],
  };
}

type Rest<Row, Own extends keyof Row> = Partial<Row> & Pick<Row, Own>;

export function database(id: string, more: Rest<Database, 'securityGroupIds'>): Database {
  return {
    id,
    engine: 'postgres',
    engineVersion: '16.6',
    status: 'available',
    instanceClass: 'db.t4g.micro',
    port: 5432,
    iam: false,
    public: false,
    tags: [],
    backing: 'refused',
    ...more,
  };
}

export function databaseCluster(id: string, more: Rest<DatabaseCluster, 'securityGroupIds'>): DatabaseCluster {
  return {
    id,
    engine: 'aurora-postgresql',
    engineVersion: '16.4',
    status: 'available',
    port: 5432,
    iam: false,
    instances: [],
    customEndpoints: [],
    tags: [],
    backing: 'refused',
    ...more,
  };
}

function proxy(name: string, more: Rest<DatabaseProxy, 'securityGroupIds'>): DatabaseProxy {
  return { name, family: 'POSTGRESQL', status: 'available', requireTls: false, iam: 'DISABLED', endpoints: [], tags: [], backing: 'refused', ...more };
}

export function memoryDb(name: string, more: Rest<MemoryDbCluster, 'securityGroupIds'>): MemoryDbCluster {
  return {
    name,
    description: name,
    status: 'available',
    engine: 'valkey',
    engineVersion: '7.2',
    shards: 1,
    replicas: 0,
    tls: false,
    acl: 'open-access',
    nodeType: 'db.t4g.small',
    tags: [],
    backing: 'refused',
    ...more,
  };
}
