import assert from 'node:assert/strict';
import { isEndpoint } from '../../../../src/model/endpoint';
import { redirectionOf } from '../../../../src/redis/cluster/redirects';
import { slotOf } from '../../../../src/redis/cluster/slots';
import { nodeAt, nodesOf, ownerOf, parseShards, parseSlots, primariesOf, withMoved } from '../../../../src/redis/cluster/topology';
import type { ClusterTopology } from '../../../../src/redis/types';
import type { RespValue } from '../../../../src/wire/resp';
import { asMaps, error, type Plain, reply } from './replies';

const asked = { host: 'clustercfg.orders.x1y2z3.euc1.cache.amazonaws.com', tls: true };
const id = (digit: string): string => digit.repeat(40);
const node = (host: string | null, more: Plain[] = [], name = 'a'): Plain => ['id', id(name), 'port', 6379, 'ip', '10.0.0.1', 'endpoint', host, 'role', 'master', 'replication-offset', 17, 'health', 'online', ...more];

const SHARDS: Plain = [
  ['slots', [8192, 16383], 'nodes', [node('b.orders', [], 'b')]],
  ['slots', [0, 100, 200, 8191], 'nodes', [node('a.orders', ['tls-port', 6380]), ['id', id('c'), 'port', 6379, 'ip', '10.0.0.3', 'endpoint', 'C.Orders.', 'role', 'replica', 'health', 'fail']]],
  ['slots', [], 'nodes', [node('d.orders', [], 'd')]],
];

describe('Key slots', () => {
  it('are those of CLUSTER KEYSLOT', () => {
    // Answers of redis-server 7.0.
    const slots: readonly [string, number][] = [['', 0], ['123456789', 12_739], ['a', 15_495], ['b', 3300], ['foo', 12_182], ['{foo}bar', 12_182], ['foo{}{bar}', 8363], ['foo{{bar}}zap', 4015], ['foo{bar}{zap}', 5061], ['{}', 15_257]];
    for (const [key, slot] of slots) assert.equal(slotOf(Buffer.from(key)), slot, key);
  });
});

describe('Cluster topology', () => {
  it('is read from CLUSTER SHARDS in RESP2 and in RESP3', () => {
    for (const value of [reply(SHARDS), asMaps(reply(SHARDS))]) {
      const topology = parseShards(value, asked)!;
      assert.deepEqual(topology.shards.map(({ slots }) => slots), [[[0, 100], [200, 8191]], [[8192, 16_383]], []]);
      const [first, replica] = topology.shards[0]!.nodes;
      assert.deepEqual(first, { id: id('a'), endpoint: { host: 'a.orders', port: 6380 }, role: 'primary', health: 'online', replicationOffset: 17 });
      assert.deepEqual(replica, { id: id('c'), endpoint: { host: 'c.orders', port: 6379 }, role: 'replica', health: 'failed' });
      assert.equal(ownerOf(topology, 150), undefined);
      assert.equal(ownerOf(topology, 200)?.endpoint.host, 'a.orders');
      assert.deepEqual(primariesOf(topology).map(({ endpoint }) => endpoint.host), ['a.orders', 'b.orders']);
    }
  });

  it('takes the plain port where TLS is off', () => {
    assert.equal(nodesOf(parseShards(reply(SHARDS), { ...asked, tls: false })!)[0]!.endpoint.port, 6379);
  });

  it('is read from CLUSTER SLOTS of Redis 5, 6 and 7', () => {
    const five = reply([[5461, 10_922, ['10.0.0.2', 6379, id('b')], ['10.0.0.5', 6379, id('e')]], [0, 5460, ['10.0.0.1', 6379, id('a')]], [10_923, 16_383, ['10.0.0.2', 6379, id('b')]]]);
    const topology = parseSlots(five, asked)!;
    assert.deepEqual(topology.shards.map(({ slots, nodes }) => [slots, nodes.map(({ endpoint, role, health }) => [endpoint.host, role, health])]), [
      [[[0, 5460]], [['10.0.0.1', 'primary', 'unknown']]],
      [[[5461, 10_922], [10_923, 16_383]], [['10.0.0.2', 'primary', 'unknown'], ['10.0.0.5', 'replica', 'unknown']]],
    ]);
    const seven = reply([[0, 16_383, ['a.orders', 6379, id('a'), ['ip', '10.0.0.1']]]]);
    assert.equal(nodesOf(parseSlots(seven, asked)!)[0]!.endpoint.host, 'a.orders');
  });

  it('takes nothing, an empty host and a question mark for the host that was asked', () => {
    for (const host of [null, '', '?']) {
      assert.equal(nodesOf(parseShards(reply([['slots', [0, 1], 'nodes', [node(host)]]]), asked)!)[0]!.endpoint.host, asked.host);
      assert.equal(nodesOf(parseSlots(reply([[0, 1, [host, 6379, id('a')]]]), asked)!)[0]!.endpoint.host, asked.host);
    }
    assert.deepEqual(redirectionOf('MOVED 5 :6381', 'asked.host'), { kind: 'moved', slot: 5, to: { host: 'asked.host', port: 6381 } });
    assert.deepEqual(redirectionOf('ASK 5 ?:6381', 'asked.host'), { kind: 'ask', slot: 5, to: { host: 'asked.host', port: 6381 } });
  });

  it('is none for an error, or where nobody serves a slot', () => {
    for (const value of [error('ERR This instance has cluster support disabled'), reply([]), reply([['slots', [], 'nodes', [node('a.orders')]]]), reply('x'), reply(null)]) {
      assert.equal(parseShards(value, asked), undefined);
      assert.equal(parseSlots(value, asked), undefined);
    }
  });

  it('leaves out what cannot be a node or a slot', () => {
    const bad: Plain = ['-oProxyCommand=x', 'a b', 'a\r\nb', 'a/b', 'a'.repeat(254), 'a;b', '$(x)'];
    for (const host of bad) assert.equal(parseShards(reply([['slots', [0, 1], 'nodes', [node(host as string)]]]), asked), undefined, String(host));
    for (const slots of [[-1, 5], [5, 16_384], [9, 3], [7]]) assert.equal(parseShards(reply([['slots', slots, 'nodes', [node('a.orders')]]]), asked), undefined, String(slots));
    for (const port of [0, -1, 65_536]) assert.equal(parseSlots(reply([[0, 1, ['a.orders', port, id('a')]]]), asked), undefined, String(port));
  });

  it('keeps its bounds, whatever is announced', () => {
    const many = reply(Array.from({ length: 5000 }, (_, index) => ['slots', [index, index], 'nodes', [node('a.orders'), node('b.orders')]] as const));
    const topology = parseShards(many, asked)!;
    assert.ok(topology.shards.length <= 1000 && nodesOf(topology).length <= 3000);
    const slots = parseSlots(reply(Array.from({ length: 20_000 }, (_, index) => [index % 16_384, index % 16_384, [`n${index}.orders`, 6379, '']] as const)), asked)!;
    assert.ok(slots.shards.length <= 1000);
  });

  it('does not trip over anything that a server may send', () => {
    let seed = 42;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const words = ['slots', 'nodes', 'id', 'endpoint', 'port', 'role', 'master', 'health', '?', '', 'a.orders', '127.0.0.1', '\u0000', '999999'];
    const any = (depth: number): RespValue => {
      const kind = random(depth > 4 ? 4 : 7);
      if (kind < 2) return reply(words[random(words.length)]!);
      if (kind === 2) return { type: 'integer', value: BigInt(random(40_000)) - 100n };
      if (kind === 3) return [reply(null), error('ERR x'), { type: 'boolean', value: true } as const, { type: 'integer', value: 2n ** 62n } as const][random(4)]!;
      const items = Array.from({ length: random(6) }, () => any(depth + 1));
      return kind === 4 ? asMaps({ type: 'array', items, omitted: 0 }) : { type: 'array', items, omitted: 0 };
    };
    const check = (topology: ClusterTopology | undefined): void => {
      for (const one of topology ? nodesOf(topology) : []) assert.ok(isEndpoint(one.endpoint));
      for (const [from, to] of topology?.shards.flatMap(({ slots }) => slots) ?? []) assert.ok(from >= 0 && from <= to && to < 16_384);
    };
    for (let round = 0; round < 5000; round++) {
      const value = any(0);
      check(parseShards(value, asked));
      check(parseSlots(value, asked));
      check(parseShards({ type: 'array', items: [asMaps({ type: 'array', items: [reply('slots'), any(2), reply('nodes'), any(1)], omitted: 0 })], omitted: 0 }, asked));
    }
  });

  it('learns from a redirection, for that slot alone', () => {
    const topology = parseShards(reply(SHARDS), asked)!;
    const moved = withMoved(topology, 8200, { host: 'a.orders', port: 6380 });
    assert.equal(ownerOf(moved, 8200)?.endpoint.host, 'a.orders');
    assert.equal(ownerOf(moved, 8199)?.endpoint.host, 'b.orders');
    assert.equal(ownerOf(moved, 8201)?.endpoint.host, 'b.orders');
    const unknown = withMoved(topology, 5, { host: 'new.orders', port: 6379 });
    assert.equal(ownerOf(unknown, 5)?.endpoint.host, 'new.orders');
    assert.equal(nodeAt(unknown, { host: 'new.orders', port: 6379 })?.health, 'unknown');
    assert.equal(withMoved(topology, 5, { host: 'a.orders', port: 6380 }), topology);
    const failover = withMoved(topology, 5, { host: 'c.orders', port: 6379 });
    assert.equal(ownerOf(failover, 5)?.endpoint.host, 'c.orders');
  });

  it('knows what an error asks for', () => {
    assert.deepEqual(redirectionOf('MOVED 3999 127.0.0.1:6381', 'x'), { kind: 'moved', slot: 3999, to: { host: '127.0.0.1', port: 6381 } });
    assert.deepEqual(redirectionOf('MOVED 3999 2001:db8::1:6381', 'x'), { kind: 'moved', slot: 3999, to: { host: '2001:db8::1', port: 6381 } });
    assert.deepEqual(redirectionOf('TRYAGAIN Multiple keys request during rehashing of slot', 'x'), { kind: 'wait', why: 'TRYAGAIN' });
    assert.deepEqual(redirectionOf('CLUSTERDOWN The cluster is down', 'x'), { kind: 'wait', why: 'CLUSTERDOWN' });
    for (const text of ['ERR MOVED 1 a:1', 'MOVED 99999 a:1', 'MOVED 16384 a:1', 'MOVED 1 a:0', 'MOVED 1 a:99999', 'MOVED 1 -a:1', 'MOVED 1 a b:1', 'MOVEDX 1 a:1', 'MOVED', '']) {
      assert.equal(redirectionOf(text, 'x'), undefined, text);
    }
  });
});
