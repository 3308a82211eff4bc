import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Target } from '../../src/model/target';
import { defaultEndpoint } from '../../src/model/target';
import { awsBench } from './awsBench';
import type { AwsBench } from './awsBench';

const VPC = 'vpc-0a000000000000010';

describe('discovery of databases', () => {
  let bench: AwsBench;
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
  });
  afterEach(() => bench.close());

  async function discover(profile = 'dev'): Promise<{ targets: Map<string, Target>; faults: string[] }> {
    const targets = new Map<string, Target>();
    const faults: string[] = [];
    for await (const part of bench.aws.inventory.discover({ profile, region: 'eu-central-1' }, signal)) {
      if (part.kind === 'targets') for (const target of part.targets) targets.set(target.name, target);
      if (part.kind === 'fault') faults.push(`${part.provider} ${part.fault.code} ${/permission for (\S+)/.exec(part.fault.message)?.[1] ?? ''}`.trim());
    }
    return { targets, faults };
  }

  const outline = (target: Target | undefined): string =>
    target ? [target.kind, target.engine, target.status, target.tls, target.auth, ...target.endpoints.map(({ role }) => role)].join(' ') : 'absent';

  it('tells each with its engine, status, security and endpoints', async () => {
    const { targets, faults } = await discover();
    assert.deepEqual(faults, []);
    const expected: Readonly<Record<string, string>> = {
      'orders-db': 'rds.instance postgres available preferred passwordOrIam instance',
      'ledger-db': 'rds.instance mysql backing-up preferred password instance',
      'fresh-db': 'rds.instance postgres creating preferred password',
      'shop-aurora': 'rds.cluster aurora-postgresql available preferred passwordOrIam writer reader custom instance instance',
      'fresh-aurora': 'rds.cluster aurora-mysql creating preferred password',
      'catalog-docs': 'docdb.cluster docdb available preferred password writer reader instance',
      'friends-graph': 'neptune.cluster neptune available required iam writer reader instance',
      'shop-proxy': 'rds.proxy postgres available required iam proxy reader',
      'fresh-proxy': 'rds.proxy mysql creating preferred password',
      'carts-memorydb': 'memorydb.cluster valkey available required users configuration node node node node',
      'fresh-memorydb': 'memorydb.cluster valkey creating off none',
      'scratch-memorydb': 'memorydb.cluster redis available off none configuration node',
      'pages-memcached': 'elasticache.cluster memcached available off none configuration node node',
      'lonely-redis': 'elasticache.cluster redis available off none node',
    };
    for (const [name, line] of Object.entries(expected)) {
      assert.equal(outline(targets.get(name)), line, name);
      assert.equal(targets.get(name)?.vpcId, VPC, name);
      assert.ok(targets.get(name)!.securityGroupIds.length > 0, name);
    }
    assert.equal(targets.get('shop-aurora-one'), undefined, 'is an endpoint of its cluster');
  });

  it('gives addresses that exist, the one that takes writes first', async () => {
    const { targets } = await discover();
    const hosts = new Set(bench.sandbox.hosts().map(({ host, port }) => `${host}:${port}`));
    for (const { name, endpoints } of targets.values()) {
      for (const { host, port } of endpoints) assert.ok(hosts.has(`${host}:${port}`), `${name}: ${host}:${port}`);
    }
    const names = targets.get('shop-aurora')!.endpoints.map(({ name }) => name);
    assert.deepEqual(names, [undefined, undefined, 'reports', 'shop-aurora-two', 'shop-aurora-one']);
    assert.equal(defaultEndpoint(targets.get('shop-aurora')!)?.role, 'writer');
    assert.equal(defaultEndpoint(targets.get('shop-proxy')!)?.role, 'proxy');
    assert.equal(defaultEndpoint(targets.get('pages-memcached')!)?.role, 'configuration');
    assert.deepEqual(
      [...targets.values()].filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.public)).map(({ name }) => name),
      ['ledger-db'],
    );
    assert.equal(targets.get('shop-aurora')!.tags?.[0]?.value, 'shop 🛒');
  });

  it('reads the VPCs of clusters from the subnet groups when the instances are denied', async () => {
    bench.sandbox.faults.add({ service: 'rds', action: 'DescribeDBInstances', kind: 'accessDenied' });
    const { targets, faults } = await discover();
    assert.deepEqual(faults, ['rds.databases aws.accessDenied rds:DescribeDBInstances']);
    assert.equal(outline(targets.get('shop-aurora')), 'rds.cluster aurora-postgresql available preferred passwordOrIam writer reader custom');
    for (const name of ['shop-aurora', 'fresh-aurora', 'catalog-docs']) assert.equal(targets.get(name)?.vpcId, VPC, name);
    assert.equal(targets.get('orders-db'), undefined);
  });

  it('shows the instances of clusters by themselves when the clusters are denied', async () => {
    bench.sandbox.faults.add({ service: 'rds', action: 'DescribeDBClusters', kind: 'accessDenied' });
    const { targets, faults } = await discover();
    assert.deepEqual(faults, ['rds.databases aws.accessDenied rds:DescribeDBClusters']);
    assert.equal(targets.get('shop-aurora'), undefined);
    assert.equal(outline(targets.get('shop-aurora-one')), 'rds.instance aurora-postgresql available preferred passwordOrIam instance');
    assert.ok(targets.has('orders-db') && targets.has('shop-proxy'));
  });

  it('loses nothing else to one service that is denied or throttled', async () => {
    bench.sandbox.faults.add({ service: 'memorydb', kind: 'throttle' });
    bench.sandbox.faults.add({ service: 'rds', action: 'DescribeDBProxyEndpoints', kind: 'accessDenied' });
    bench.sandbox.faults.add({ service: 'rds', action: 'DescribeDBInstances', kind: 'throttle', times: 2 });
    const { targets, faults } = await discover();
    assert.deepEqual(faults.toSorted(), ['memorydb.clusters aws.throttled', 'rds.proxies aws.accessDenied rds:DescribeDBProxyEndpoints']);
    assert.equal(outline(targets.get('shop-proxy')), 'rds.proxy postgres available required iam proxy');
    assert.ok(targets.has('orders-db') && targets.has('shop-aurora') && targets.has('pages-memcached') && targets.has('orders-cache'));
  });

  it('shows caches that stand alone when the replication groups are denied, and the other way round', async () => {
    const restore = bench.sandbox.faults.add({ service: 'elasticache', action: 'DescribeReplicationGroups', kind: 'accessDenied' });
    const first = await discover();
    assert.ok(first.targets.has('lonely-redis') && !first.targets.has('orders-cache'));
    restore();
    bench.sandbox.faults.add({ service: 'elasticache', action: 'DescribeCacheClusters', kind: 'accessDenied' });
    const second = await discover();
    assert.ok(!second.targets.has('lonely-redis') && second.targets.has('orders-cache'));
  });

  it('survives a cluster whose members are gone between the calls', async () => {
    const shop = bench.sandbox.world.places[0]!.vpcs[0]!;
    const cluster = shop.databaseClusters.find(({ id }) => id === 'shop-aurora')!;
    cluster.instances.length = 0;
    shop.databaseProxies.length = 0;
    const { targets, faults } = await discover();
    assert.deepEqual(faults, []);
    assert.equal(outline(targets.get('shop-aurora')), 'rds.cluster aurora-postgresql available preferred passwordOrIam writer reader custom');
    assert.equal(bench.sandbox.requests.of('rds', 'DescribeDBProxyEndpoints').length, 0, 'no proxy, no question');
  });
});
