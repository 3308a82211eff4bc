import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import { checkNodeAddress } from '../../../../src/redis/cluster/addresses';
import type { KnownPlaces } from '../../../../src/redis/types';

const AWS = 'euc1.cache.amazonaws.com';
const tls: KnownPlaces = { asked: { host: `clustercfg.orders.x1y2z3.${AWS}`, port: 6379 }, known: [], direct: false, tls: true };
const plain: KnownPlaces = { asked: { host: `orders.x1y2z3.clustercfg.${AWS}`, port: 6379 }, known: [], direct: false, tls: false };
const memoryDb: KnownPlaces = { asked: { host: 'clustercfg.carts.x1y2z3.memorydb.eu-central-1.amazonaws.com', port: 6379 }, known: [], direct: false, tls: true };
const own: KnownPlaces = { asked: { host: 'redis.corp.example', port: 7000 }, known: [{ host: '10.1.2.3', port: 7005 }], direct: false, tls: false };
const serverless: KnownPlaces = { asked: { host: 'burst-x1y2z3.serverless.euc1.cache.amazonaws.com', port: 6379 }, known: [], direct: false, tls: true };

function passes(host: string, places: KnownPlaces, port = 6379): boolean {
  try {
    checkNodeAddress({ host, port }, places);
    return true;
  } catch (error) {
    assert.ok(isFault(error) && error.code === 'redis.nodeRefused' && error.message.includes(host), String(error));
    return false;
  }
}

describe('Addresses that a cluster announces', () => {
  it('are dialled where they are in the domain of the cache', () => {
    assert.ok(passes(`orders-0001-001.orders.x1y2z3.${AWS}`, tls));
    assert.ok(passes(`ORDERS-0001-001.orders.x1y2z3.${AWS}.`, tls));
    assert.ok(passes(`orders-0002-003.x1y2z3.0001.${AWS}`, plain));
    assert.ok(passes('carts-0001-001.carts.x1y2z3.memorydb.eu-central-1.amazonaws.com', memoryDb));
    assert.ok(!passes('node7.corp.example', { ...own, asked: { host: 'redis.corp.example', port: 7000 } }), 'two labels are anybody');
    assert.ok(passes('node7.redis.corp.example', { ...own, asked: { host: 'cfg.redis.corp.example', port: 7000 } }));
  });

  it('are none of the names that all customers of Amazon share', () => {
    const asked = [
      'ec2-3-1-1-1.compute-1.amazonaws.com', 'ec2-3-1-1-1.eu-central-1.compute.amazonaws.com', 'cache-1.elb.eu-central-1.amazonaws.com', 'cache-1.eu-central-1.elb.amazonaws.com',
      'burst-x1y2z3.serverless.euc1.cache.amazonaws.com', 'cache-1.eu-central-1.elb.amazonaws.com.cn', 'api.elasticache.eu-central-1.amazonaws.com',
      `orders.x1y2z3.clustercfg.${AWS}`, `orders-0001-001.x1y2z3.0001.${AWS}`, `orders.x1y2z3.ng.0001.${AWS}`,
    ];
    for (const host of asked) {
      for (const known of [[], [{ host, port: 6379 }]]) {
        const sibling = host.replace(/^[\w-]+/, 'evil');
        assert.ok(!passes(sibling, { ...plain, asked: { host, port: 6379 }, known }), sibling);
        assert.ok(passes(host, { ...plain, asked: { host, port: 6379 }, known }, 6380), host);
      }
    }
    assert.ok(passes(`orders-0001-002.x1y2z3.0001.${AWS}`, { ...plain, asked: { host: `orders-0001-001.x1y2z3.0001.${AWS}`, port: 6379 } }));
    assert.ok(passes('orders-0001-001.orders.x1y2z3.cnn1.cache.amazonaws.com.cn', { ...tls, asked: { host: 'clustercfg.orders.x1y2z3.cnn1.cache.amazonaws.com.cn', port: 6379 } }));
  });

  it('are Amazon’s names at the port of the cache alone', () => {
    for (const [host, places] of [[`orders-0001-001.orders.x1y2z3.${AWS}`, tls], [`orders-0002-003.x1y2z3.0001.${AWS}`, plain], ['carts-0001-001.carts.x1y2z3.memorydb.eu-central-1.amazonaws.com', memoryDb]] as const) {
      assert.ok(!passes(host, places, 22), host);
    }
    const machine: KnownPlaces = { ...plain, asked: { host: 'ip-10-0-0-1.eu-central-1.compute.internal', port: 7000 } };
    const other = 'ip-10-0-0-2.eu-central-1.compute.internal';
    assert.ok(passes(other, machine, 7000));
    assert.ok(!passes(other, machine, 22));
    assert.ok(!passes(other, { ...machine, direct: true }, 7000));
    assert.ok(passes(other, { ...machine, direct: true, tls: true }, 7000));
  });

  it('are dialled where the target is known by them, at any port', () => {
    assert.ok(passes(tls.asked.host, tls, 6380));
    assert.ok(passes(serverless.asked.host, serverless, 6380));
    assert.ok(passes('10.1.2.3', own, 7001));
    assert.ok(passes('redis.corp.example', own, 7001));
    assert.ok(passes('127.0.0.1', { ...own, asked: { host: 'localhost', port: 7000 } }, 7001), 'a cluster on the bastion itself');
  });

  it('are dialled where they are private ones at the port of the cache', () => {
    for (const host of ['10.20.0.4', '172.31.255.1', '192.168.1.1', '100.64.0.9', 'fd12:3456::1']) {
      assert.ok(passes(host, plain), host);
      assert.ok(!passes(host, plain, 22), `${host}, at another port`);
    }
  });

  it('are no private ones where this machine dials by itself without TLS, unless the target is known by them', () => {
    const direct: KnownPlaces = { ...plain, direct: true };
    assert.ok(!passes('192.168.1.1', direct));
    assert.ok(!passes('fd12:3456::1', direct));
    assert.ok(passes('192.168.1.1', { ...tls, direct: true }), 'its certificate tells who it is');
    assert.ok(passes('192.168.1.1', { ...direct, known: [{ host: '192.168.1.1', port: 7000 }] }));
    assert.ok(passes(`orders-0002-003.x1y2z3.0001.${AWS}`, direct), 'a name of its own');
  });

  it('are never this machine, its neighbours, or what tells it who it is', () => {
    const special = [
      'localhost', 'x.localhost', '127.0.0.1', '127.1', '127.8.8.8', '::1', '::', '0.0.0.0', '0', '169.254.169.254', '169.254.170.2', '169.254.0.1', 'fe80::1', 'fd00:ec2::254', 'fd00:ec2::23',
      '::ffff:127.0.0.1', '::ffff:169.254.169.254', '224.0.0.1', '255.255.255.255', 'ff02::1', '2130706433', '0x7f.1', '0x7f000001', '017700000001',
    ];
    for (const host of special) for (const places of [tls, plain, memoryDb, own, serverless]) assert.ok(!passes(host, places, places.asked.port), host);
  });

  it('are never public ones, or of somebody else', () => {
    const others = [
      '8.8.8.8', '2001:db8::1', '172.32.0.1', 'example.com', 'amazonaws.com', `evil.${AWS}`, `orders-0001-001.orders.zzzzzz.${AWS}`, `orders-0001-001.other.x1y2z3.${AWS}`,
      `orders-0001-001.x1y2z3.0001.use1.cache.amazonaws.com`, `orders-0001-001.zzzzzz.0001.${AWS}`, `payments-0001-001.x1y2z3.0001.${AWS}`, `orders-0001-001.x1y2z3.0001.${AWS}.evil.example`,
      `orders-0001-001.orders.x1y2z3.${AWS}.evil.example`, 'sts.eu-central-1.amazonaws.com', 'payments-x1y2z3.serverless.euc2.cache.amazonaws.com', 'metadata.google.internal', 'vault',
    ];
    for (const host of others) for (const places of [tls, plain, serverless, own]) assert.ok(!passes(host, places, places.asked.port), `${host} for ${places.asked.host}`);
  });
});
