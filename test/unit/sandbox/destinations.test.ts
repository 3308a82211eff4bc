import { strict as assert } from 'node:assert';
import { destinationOf } from '../../sandbox/destinations';
import { describeWorld } from '../../sandbox/world';
import { instanceNamed, replicationGroupNamed } from '../../sandbox/worldQueries';

const ORDERS = 'orders-cache.x1y2z3.ng.0001.euc1.cache.amazonaws.com';
const servers = {
  plain: { host: '127.0.0.1', port: 1 },
  tls: { host: '127.0.0.1', port: 2 },
  wrongName: { host: '127.0.0.1', port: 3 },
} as const;

describe('what a bastion meets at a private host', () => {
  const world = describeWorld();
  const from = (instance: string, host: string, port = 6379): unknown =>
    destinationOf(world, servers, { host, port, instanceId: instanceNamed(world, instance)!.instance.id });
  const server = (port: number) => ({ kind: 'server', host: '127.0.0.1', port });

  it('is the real server that the world puts behind it', () => {
    assert.deepEqual(from('shop-bastion', ORDERS), server(1));
    assert.deepEqual(from('shop-bastion', ORDERS.toUpperCase()), server(1));
    assert.deepEqual(from('shop-bastion', 'master.sessions-cache.x1y2z3.euc1.cache.amazonaws.com'), server(2));
    assert.deepEqual(from('shop-bastion', 'master.legacy-cache.x1y2z3.euc1.cache.amazonaws.com'), server(3));
    const serverless = 'events-serverless-x1y2z3.serverless.euc1.cache.amazonaws.com';
    assert.deepEqual(from('shop-bastion', serverless, 6380), server(2));
  });

  it('is what listens on the bastion itself when the host is its own', () => {
    assert.deepEqual(from('shop-bastion', 'localhost'), server(1));
    assert.equal(from('shop-bastion', 'localhost', 22), 'refused');
    assert.equal(from('lab-host', 'localhost'), 'refused');
  });

  it('is nothing when the host is dark, closed, or has no such port', () => {
    assert.equal(from('shop-bastion', ORDERS.replace('orders', 'dark')), 'blackhole');
    assert.equal(from('shop-bastion', ORDERS.replace('orders', 'closed')), 'refused');
    assert.equal(from('shop-bastion', ORDERS, 6380), 'refused');
  });

  it('does not resolve when no cache has the name, or it is still being created', () => {
    assert.equal(from('shop-bastion', 'nowhere.cache.amazonaws.com'), undefined);
    assert.equal(from('shop-bastion', ORDERS.replace('orders', 'fresh')), undefined);
  });

  it('is out of reach from another VPC', () => {
    assert.equal(from('archive-bastion', ORDERS), 'blackhole');
  });

  it('is within reach of hybrid nodes and tasks of the network, and over a peering that is active', () => {
    const changed = describeWorld();
    const place = changed.places[0]!;
    const [task] = place.ecsClusters[0]!.tasks;
    const ask = (instanceId: string): unknown => destinationOf(changed, servers, { host: ORDERS, port: 6379, instanceId });
    assert.deepEqual(ask(place.hybridNodes[0]!.id), server(1));
    assert.deepEqual(ask(`ecs:shop-tasks_${task!.id}_${task!.containers[0]!.runtimeId}`), server(1));
    const { instance, vpc } = instanceNamed(changed, 'archive-bastion')!;
    place.peerings.push({ id: 'pcx-0123456789abcdef0', requesterVpcId: place.vpcs[0]!.id, accepterVpcId: vpc.id, status: 'pending-acceptance' });
    assert.equal(ask(instance.id), 'blackhole');
    place.peerings[0]!.status = 'active';
    assert.deepEqual(ask(instance.id), server(1));
  });

  it('follows changes of the world', () => {
    const changed = describeWorld();
    const instanceId = instanceNamed(changed, 'shop-bastion')!.instance.id;
    const ask = (): unknown => destinationOf(changed, servers, { host: ORDERS, port: 6379, instanceId });
    assert.deepEqual(ask(), server(1));
    replicationGroupNamed(changed, 'orders-cache')!.group.backing = 'refused';
    assert.equal(ask(), 'refused');
  });

  it('refuses everywhere when no server runs', () => {
    const instanceId = instanceNamed(world, 'shop-bastion')!.instance.id;
    assert.equal(destinationOf(world, undefined, { host: ORDERS, port: 6379, instanceId }), 'refused');
  });
});
