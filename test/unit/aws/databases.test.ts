import assert from 'node:assert/strict';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { DBCluster, DBInstance, DBProxy, DBProxyEndpoint, DBSubnetGroup } from '@aws-sdk/client-rds';
import { describe, it } from 'mocha';
import { createMemoryDb } from '../../../src/aws/clients/memoryDb';
import { cacheClusterTarget } from '../../../src/aws/providers/cacheClusters';
import { proxyTargets } from '../../../src/aws/providers/databaseProxies';
import { clusterTarget, instanceTarget } from '../../../src/aws/providers/databaseTargets';
import { memoryDbTarget } from '../../../src/aws/providers/memoryDb';
import type { Place, Target } from '../../../src/model/target';

const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const ARN = 'arn:aws:rds:eu-central-1:111122223333';
const LONG = `🏰${'x'.repeat(253)}`;

const subnetGroup: DBSubnetGroup = {
  DBSubnetGroupName: 'shop',
  VpcId: 'vpc-1',
  Subnets: [{ SubnetIdentifier: 'subnet-a' }, {}, { SubnetIdentifier: 'subnet-b' }],
};

function roles(target: Target | undefined): string[] | undefined {
  return target?.endpoints.map(({ role, name, host, port, public: open }) => [role, name, `${host}:${port}`, open && 'public'].filter(Boolean).join(' '));
}

describe('RDS instances', () => {
  const instance: DBInstance = {
    DBInstanceIdentifier: 'orders',
    DBInstanceArn: `${ARN}:db:orders`,
    Engine: 'postgres',
    EngineVersion: '16.6',
    DBInstanceStatus: 'backing-up',
    Endpoint: { Address: 'orders.rds', Port: 5432 },
    DBSubnetGroup: subnetGroup,
    VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1', Status: 'active' }, {}],
    PubliclyAccessible: true,
    IAMDatabaseAuthenticationEnabled: true,
    TagList: [{ Key: 'team', Value: LONG }, { Key: 'bare' }, { Value: 'lost' }],
  };

  it('have one endpoint, their network, their tags, and what they accept as a login', () => {
    assert.deepEqual(instanceTarget(instance, place), {
      id: `${ARN}:db:orders`,
      kind: 'rds.instance',
      name: 'orders',
      place,
      engine: 'postgres',
      engineVersion: '16.6',
      status: 'backing-up',
      endpoints: [{ role: 'instance', name: 'orders', host: 'orders.rds', port: 5432, public: true }],
      clusterMode: false,
      tls: 'preferred',
      auth: 'passwordOrIam',
      vpcId: 'vpc-1',
      subnetIds: ['subnet-a', 'subnet-b'],
      securityGroupIds: ['sg-1'],
      tags: [
        { key: 'team', value: LONG },
        { key: 'bare', value: '' },
      ],
    });
  });

  it('need no more than an id', () => {
    assert.deepEqual(instanceTarget({ DBInstanceIdentifier: 'fresh', Endpoint: { Port: 5432 } }, place), {
      id: `${ARN}:db:fresh`,
      kind: 'rds.instance',
      name: 'fresh',
      place,
      engine: 'unknown',
      status: 'unknown',
      endpoints: [],
      clusterMode: false,
      tls: 'preferred',
      auth: 'password',
      subnetIds: [],
      securityGroupIds: [],
    });
    assert.equal(instanceTarget({}, place), undefined);
  });

  it('offer TLS on the port that is told, where their engine has it there', () => {
    const tls = (Engine: string): string | undefined => instanceTarget({ DBInstanceIdentifier: 'x', Engine }, place)?.tls;
    for (const engine of ['postgres', 'mysql', 'mariadb', 'sqlserver-ex', 'aurora-mysql', 'docdb']) assert.equal(tls(engine), 'preferred', engine);
    for (const engine of ['oracle-ee', 'oracle-se2-cdb', 'custom-oracle-ee', 'db2-se']) assert.equal(tls(engine), 'off', engine);
    assert.equal(tls('neptune'), 'required');
  });
});

describe('database clusters', () => {
  const member = (name: string, more: DBInstance = {}): DBInstance => ({
    DBInstanceIdentifier: name,
    DBClusterIdentifier: 'shop',
    Endpoint: { Address: `${name}.rds`, Port: 5432 },
    ...more,
  });
  const cluster: DBCluster = {
    DBClusterIdentifier: 'shop',
    Engine: 'aurora-postgresql',
    EngineVersion: '16.4',
    Status: 'available',
    DBSubnetGroup: 'shop',
    Port: 5432,
    Endpoint: 'shop.cluster-x.rds',
    ReaderEndpoint: 'shop.cluster-ro-x.rds',
    CustomEndpoints: ['reports.cluster-custom-x.rds'],
    DBClusterMembers: [{ DBInstanceIdentifier: 'a' }, { DBInstanceIdentifier: 'b', IsClusterWriter: true }],
  };
  const subnetGroups = new Map([['shop', subnetGroup]]);

  it('have a writer, a reader, custom endpoints and their instances, the writer first', () => {
    const members = [member('a'), member('b'), member('other', { DBClusterIdentifier: 'elsewhere' })];
    const target = clusterTarget(cluster, { members, subnetGroups }, place);
    assert.deepEqual(roles(target), [
      'writer shop.cluster-x.rds:5432',
      'reader shop.cluster-ro-x.rds:5432',
      'custom reports reports.cluster-custom-x.rds:5432',
      'instance b b.rds:5432',
      'instance a a.rds:5432',
    ]);
    assert.deepEqual([target?.kind, target?.vpcId, target?.auth, target?.id], ['rds.cluster', 'vpc-1', 'password', `${ARN}:cluster:shop`]);
  });

  it('are public where one of their instances is', () => {
    const members = [member('a', { PubliclyAccessible: true }), member('b')];
    assert.deepEqual(roles(clusterTarget(cluster, { members, subnetGroups }, place)), [
      'writer shop.cluster-x.rds:5432 public',
      'reader shop.cluster-ro-x.rds:5432 public',
      'custom reports reports.cluster-custom-x.rds:5432 public',
      'instance b b.rds:5432',
      'instance a a.rds:5432 public',
    ]);
    const multiAz = { ...cluster, CustomEndpoints: [], Engine: 'postgres', PubliclyAccessible: true };
    assert.deepEqual(roles(clusterTarget(multiAz, { members: [], subnetGroups }, place)), [
      'writer shop.cluster-x.rds:5432 public',
      'reader shop.cluster-ro-x.rds:5432 public',
    ]);
  });

  it('come without what is not there yet, or could not be read', () => {
    const none = { members: [], subnetGroups: new Map<string, DBSubnetGroup>() };
    const fresh = clusterTarget({ DBClusterIdentifier: 'fresh', Status: 'creating', DBSubnetGroup: 'gone' }, none, place);
    assert.deepEqual([fresh?.endpoints, fresh?.vpcId, fresh?.subnetIds, fresh?.status], [[], undefined, [], 'creating']);
    assert.equal(clusterTarget({}, none, place), undefined);
    // The port of an instance stands in; without any there is no address.
    const { Port: _, ...portless } = cluster;
    assert.deepEqual(roles(clusterTarget(portless, { ...none, members: [member('a')] }, place))?.[0], 'writer shop.cluster-x.rds:5432');
    assert.deepEqual(roles(clusterTarget(portless, none, place)), []);
    assert.deepEqual(roles(clusterTarget({ ...cluster, DBClusterMembers: [{ DBInstanceIdentifier: 'deleted' }] }, none, place))?.length, 3);
  });

  it('tell by their engine what they are', () => {
    const of = (Engine: string, iam = false): string => {
      const { kind, tls, auth } = clusterTarget(
        { DBClusterIdentifier: 'x', Engine, IAMDatabaseAuthenticationEnabled: iam },
        { members: [], subnetGroups },
        place,
      )!;
      return `${kind} ${tls} ${auth}`;
    };
    assert.equal(of('aurora-mysql', true), 'rds.cluster preferred passwordOrIam');
    assert.equal(of('mysql'), 'rds.cluster preferred password');
    assert.equal(of('docdb'), 'docdb.cluster preferred password');
    assert.equal(of('neptune'), 'neptune.cluster required none');
    assert.equal(of('neptune', true), 'neptune.cluster required iam');
  });
});

describe('RDS proxies', () => {
  const proxy: DBProxy = {
    DBProxyName: 'front',
    DBProxyArn: `${ARN}:db-proxy:prx-1`,
    Status: 'available',
    EngineFamily: 'POSTGRESQL',
    VpcId: 'vpc-1',
    VpcSubnetIds: ['subnet-a'],
    VpcSecurityGroupIds: ['sg-1'],
    Endpoint: 'front.proxy-x.rds',
    RequireTLS: true,
    Auth: [{ AuthScheme: 'SECRETS', IAMAuth: 'REQUIRED' }],
  };
  const reader: DBProxyEndpoint = {
    DBProxyEndpointName: 'front-ro',
    DBProxyEndpointArn: `${ARN}:db-proxy-endpoint:1`,
    DBProxyName: 'front',
    Status: 'available',
    VpcId: 'vpc-1',
    Endpoint: 'front-ro.endpoint.proxy-x.rds',
    TargetRole: 'READ_ONLY',
  };

  it('have their own endpoint and further ones by what those lead to, each once', () => {
    const further: DBProxyEndpoint[] = [
      reader,
      { ...reader, DBProxyEndpointName: 'front-rw', Endpoint: 'front-rw.endpoint.proxy-x.rds', TargetRole: 'READ_WRITE' },
      { ...reader, DBProxyEndpointName: 'default', Endpoint: 'front.proxy-x.rds' },
      { ...reader, DBProxyName: 'another' },
      { DBProxyName: 'front' },
    ];
    const [target, ...others] = proxyTargets(proxy, further, place);
    assert.deepEqual(others, []);
    assert.deepEqual(roles(target), [
      'proxy front.proxy-x.rds:5432',
      'reader front-ro front-ro.endpoint.proxy-x.rds:5432',
      'proxy front-rw front-rw.endpoint.proxy-x.rds:5432',
    ]);
    const { id, kind, engine, tls, auth, vpcId, subnetIds, securityGroupIds } = target!;
    assert.deepEqual([id, kind, engine, tls, auth], [proxy.DBProxyArn, 'rds.proxy', 'postgres', 'required', 'iam']);
    assert.deepEqual([vpcId, subnetIds, securityGroupIds], ['vpc-1', ['subnet-a'], ['sg-1']]);
  });

  it('have endpoints in other VPCs as targets of their own', () => {
    const distant = { ...reader, VpcId: 'vpc-2', VpcSubnetIds: ['subnet-z'], VpcSecurityGroupIds: ['sg-z'] };
    const [main, other] = proxyTargets(proxy, [distant, { DBProxyName: 'front', VpcId: 'vpc-3' }], place);
    assert.deepEqual(roles(main), ['proxy front.proxy-x.rds:5432']);
    assert.deepEqual([other?.id, other?.name, other?.vpcId, other?.tls], [reader.DBProxyEndpointArn, 'front-ro', 'vpc-2', 'required']);
    assert.deepEqual(roles(other), ['reader front-ro front-ro.endpoint.proxy-x.rds:5432']);
  });

  it('tell TLS and login by their settings', () => {
    const of = (more: Partial<DBProxy>): string => {
      const { RequireTLS: _, Auth: __, ...bare } = proxy;
      const [target] = proxyTargets({ ...bare, ...more }, [], place);
      return `${target?.tls} ${target?.auth}`;
    };
    assert.equal(of({}), 'preferred password');
    assert.equal(of({ Auth: [{ IAMAuth: 'DISABLED' }, {}] }), 'preferred password');
    assert.equal(of({ Auth: [{ IAMAuth: 'REQUIRED' }, { IAMAuth: 'DISABLED' }] }), 'preferred passwordOrIam');
    assert.equal(of({ Auth: [{ IAMAuth: 'ENABLED' }] }), 'preferred passwordOrIam');
    assert.equal(of({ DefaultAuthScheme: 'IAM_AUTH' }), 'preferred iam');
  });

  it('are left out while nothing tells their name or their port', () => {
    assert.deepEqual(proxyTargets({}, [], place), []);
    assert.deepEqual(proxyTargets({ ...proxy, EngineFamily: 'FUTURE' }, [], place), []);
    const [fresh] = proxyTargets({ DBProxyName: 'fresh', EngineFamily: 'MYSQL', Status: 'creating' }, [], place);
    assert.deepEqual([fresh?.endpoints, fresh?.engine], [[], 'mysql']);
  });
});

describe('cache clusters that stand alone', () => {
  const network = [{ CacheSubnetGroupName: 'shop', VpcId: 'vpc-1', Subnets: [{ SubnetIdentifier: 'subnet-a' }] }];

  it('are Memcached with a configuration endpoint, or a single node of Redis', () => {
    const memcached = cacheClusterTarget(
      {
        CacheClusterId: 'pages',
        Engine: 'memcached',
        EngineVersion: '1.6.22',
        CacheClusterStatus: 'available',
        ConfigurationEndpoint: { Address: 'pages.cfg', Port: 11211 },
        CacheNodes: [{ Endpoint: { Address: 'pages.0001', Port: 11211 } }, {}],
        CacheSubnetGroupName: 'shop',
        SecurityGroups: [{ SecurityGroupId: 'sg-1' }],
        TransitEncryptionEnabled: true,
      },
      network,
      place,
    );
    assert.deepEqual(roles(memcached), ['configuration pages.cfg:11211', 'node pages.0001:11211']);
    assert.deepEqual([memcached?.kind, memcached?.tls, memcached?.auth, memcached?.vpcId], ['elasticache.cluster', 'required', 'none', 'vpc-1']);
    const redis = cacheClusterTarget({ CacheClusterId: 'lonely', CacheNodes: [{ Endpoint: { Address: 'lonely.0001', Port: 6379 } }] }, network, place);
    assert.deepEqual([roles(redis), redis?.engine, redis?.tls, redis?.status], [['node lonely.0001:6379'], 'redis', 'off', 'unknown']);
  });

  it('are neither members of a group nor nameless', () => {
    assert.equal(cacheClusterTarget({ CacheClusterId: 'orders-001', ReplicationGroupId: 'orders' }, network, place), undefined);
    assert.equal(cacheClusterTarget({}, network, place), undefined);
  });
});

describe('MemoryDB clusters', () => {
  const cluster = {
    Name: 'carts',
    ARN: 'arn:aws:memorydb:eu-central-1:111122223333:cluster/carts',
    Status: 'available',
    Engine: 'valkey',
    EngineVersion: '7.2',
    ClusterEndpoint: { Address: 'clustercfg.carts', Port: 6379 },
    Shards: [{ Nodes: [{ Name: 'carts-0001-001', Endpoint: { Address: 'carts-0001-001', Port: 6379 } }, {}] }, {}],
    TLSEnabled: true,
    ACLName: 'app',
    SubnetGroupName: 'shop',
    SecurityGroups: [{ SecurityGroupId: 'sg-1' }, {}],
  };
  const subnetGroups = [{}, { Name: 'shop', VpcId: 'vpc-1', Subnets: [{ Identifier: 'subnet-a' }, {}] }];

  it('have a configuration endpoint and nodes, and the network of their subnet group', () => {
    const target = memoryDbTarget(cluster, subnetGroups, place);
    assert.deepEqual(roles(target), ['configuration clustercfg.carts:6379', 'node carts-0001-001 carts-0001-001:6379']);
    const { endpoints: _, ...rest } = target!;
    assert.deepEqual(rest, {
      id: cluster.ARN,
      kind: 'memorydb.cluster',
      name: 'carts',
      place,
      engine: 'valkey',
      engineVersion: '7.2',
      status: 'available',
      clusterMode: true,
      tls: 'required',
      auth: 'users',
      vpcId: 'vpc-1',
      subnetIds: ['subnet-a'],
      securityGroupIds: ['sg-1'],
    });
  });

  it('are asked for at the host that AWS gave the service', async () => {
    const asked: unknown[] = [];
    const https = new HttpsAgent();
    https.createConnection = ({ host }) => {
      asked.push(host);
      throw new Error('far enough');
    };
    const agents = { http: new HttpAgent(), https };
    const credentials = async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'x' });
    for (const useFips of [false, true]) {
      const api = createMemoryDb({ region: 'us-west-1', credentials, useFips, useDualstack: false, agents });
      await assert.rejects(api.describeClusters({ MaxResults: 50 }, { abortSignal: new AbortController().signal }), /far enough/);
    }
    assert.deepEqual(asked, ['memory-db.us-west-1.amazonaws.com', 'memory-db-fips.us-west-1.amazonaws.com']);
  });

  it('need no more than a name', () => {
    const fresh = memoryDbTarget({ Name: 'fresh' }, subnetGroups, place);
    assert.deepEqual([fresh?.endpoints, fresh?.vpcId, fresh?.tls, fresh?.auth], [[], undefined, 'off', 'none']);
    assert.equal(memoryDbTarget({ Name: 'x', ACLName: 'open-access' }, [], place)?.auth, 'none');
    assert.equal(memoryDbTarget({}, subnetGroups, place), undefined);
  });
});
