import { strict as assert } from 'node:assert';
import { cacheClusters } from '../../sandbox/services/elasticacheClusters';
import { privateHosts, regionNamed } from '../../sandbox/naming';
import { describeWorld } from '../../sandbox/world';
import type { Vpc } from '../../sandbox/worldTypes';

const world = describeWorld();
const vpcs = world.places.flatMap((place) => place.vpcs.map((vpc) => ({ place, vpc })));

function ids(vpc: Vpc): string[] {
  return [
    vpc.id,
    ...vpc.subnets.map(({ id }) => id),
    ...vpc.securityGroups.map(({ id }) => id),
    ...vpc.routeTables.map(({ id }) => id),
    ...vpc.instances.map(({ id }) => id),
  ];
}

describe("the sandbox's world", () => {
  it('has well-formed ids, each of them once', () => {
    const all = vpcs.flatMap(({ vpc }) => ids(vpc));
    for (const id of all) assert.match(id, /^(vpc|subnet|sg|rtb|i)-[0-9a-f]{17}$/);
    assert.equal(new Set(all).size, all.length);
  });

  it('refers only to subnets and security groups of the same VPC', () => {
    for (const { vpc } of vpcs) {
      const subnetIds = new Set(vpc.subnets.map(({ id }) => id));
      const groupIds = new Set(vpc.securityGroups.map(({ id }) => id));
      const usedSubnets = [
        ...vpc.instances.map(({ subnetId }) => subnetId),
        ...vpc.cacheSubnetGroup.subnetIds,
        ...vpc.routeTables.flatMap((table) => table.subnetIds),
        ...vpc.serverlessCaches.flatMap((cache) => cache.subnetIds),
      ];
      const usedGroups = [
        ...[...vpc.instances, ...vpc.replicationGroups, ...vpc.standaloneCaches, ...vpc.serverlessCaches, ...vpc.memoryDbClusters].flatMap(
          ({ securityGroupIds }) => securityGroupIds,
        ),
        ...[...vpc.databases, ...vpc.databaseClusters, ...vpc.databaseProxies].flatMap(({ securityGroupIds }) => securityGroupIds),
        ...vpc.securityGroups
          .flatMap(({ ingress, egress }) => [...ingress, ...egress])
          .flatMap(({ groups = [] }) => groups),
      ];
      for (const id of usedSubnets) assert.ok(subnetIds.has(id), `${vpc.name}: ${id}`);
      for (const id of usedGroups) assert.ok(groupIds.has(id), `${vpc.name}: ${id}`);
    }
  });

  it('has keys for its profiles and accounts for its keys', () => {
    const keys = new Set(world.accessKeys.map(({ id }) => id));
    const accounts = new Set(world.places.map(({ accountId }) => accountId));
    for (const { accessKeyId } of world.profiles) assert.ok(keys.has(accessKeyId), accessKeyId);
    for (const { accountId } of world.accessKeys) assert.ok(accounts.has(accountId), accountId);
  });

  it('names each private host after one cache or database only, and none of one that is being created', () => {
    const owners = new Map<string, string>();
    for (const { host, port, resource } of privateHosts(world)) {
      assert.equal(owners.get(`${host}:${port}`) ?? resource, resource);
      owners.set(`${host}:${port}`, resource);
      assert.ok(!resource.startsWith('fresh-'), resource);
    }
    assert.ok(owners.size > 20);
  });

  it('shows each reason for which a cache cannot be reached, in a VPC of its own', () => {
    const shown = (name: string): unknown => {
      const found = vpcs.find(({ vpc }) => vpc.name === name)?.vpc;
      assert.equal(found?.replicationGroups.length, 1);
      const [bastion] = found.instances;
      return bastion && [bastion.state, bastion.managed?.ping, bastion.managed?.agentVersion];
    };
    assert.deepEqual(shown('billing'), ['stopped', 'ConnectionLost', '3.3.1142.0']);
    assert.deepEqual(shown('reporting'), ['running', 'ConnectionLost', '3.3.1142.0']);
    assert.deepEqual(shown('archive'), ['running', 'Online', '3.1.1188.0']);
    assert.deepEqual(shown('lab'), ['running', undefined, undefined]);
    assert.equal(shown('partner'), undefined);
  });

  it('is made afresh by each call', () => {
    const changed = describeWorld();
    changed.places[0]!.vpcs[0]!.instances[0]!.state = 'stopped';
    assert.equal(describeWorld().places[0]!.vpcs[0]!.instances[0]!.state, 'running');
  });

  it('forms host names as ElastiCache does, by TLS and cluster mode', () => {
    const all = privateHosts(world);
    const hostsOf = (cache: string): string[] =>
      all.filter((row) => row.resource === cache).map(({ host, port }) => `${host}:${port}`);
    assert.deepEqual(hostsOf('orders-cache'), [
      'orders-cache.x1y2z3.ng.0001.euc1.cache.amazonaws.com:6379',
      'orders-cache-ro.x1y2z3.ng.0001.euc1.cache.amazonaws.com:6379',
      'orders-cache-001.x1y2z3.0001.euc1.cache.amazonaws.com:6379',
      'orders-cache-002.x1y2z3.0001.euc1.cache.amazonaws.com:6379',
    ]);
    assert.deepEqual(hostsOf('sessions-cache').slice(0, 3), [
      'master.sessions-cache.x1y2z3.euc1.cache.amazonaws.com:6379',
      'replica.sessions-cache.x1y2z3.euc1.cache.amazonaws.com:6379',
      'sessions-cache-001.sessions-cache.x1y2z3.euc1.cache.amazonaws.com:6379',
    ]);
    assert.equal(hostsOf('catalog-cluster')[0], 'catalog-cluster.x1y2z3.clustercfg.euc1.cache.amazonaws.com:6379');
    assert.deepEqual(hostsOf('events-serverless'), [
      'events-serverless-x1y2z3.serverless.euc1.cache.amazonaws.com:6379',
      'events-serverless-x1y2z3.serverless.euc1.cache.amazonaws.com:6380',
    ]);
  });

  it('lists members of replication groups and lone caches as cache clusters', () => {
    const { place, vpc } = vpcs.find((row) => row.vpc.name === 'shop')!;
    const rows = cacheClusters(vpc, regionNamed(world, place.region));
    assert.equal(rows.filter(({ replicationGroupId }) => replicationGroupId === 'catalog-cluster').length, 4);
    const alone = rows.filter(({ replicationGroupId }) => replicationGroupId === undefined);
    assert.deepEqual(
      alone.map(({ id }) => id),
      ['lonely-redis', 'pages-memcached'],
    );
  });
});
