import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import { readingOf } from '../../../../src/redis/cluster/ask';
import { explainError } from '../../../../src/redis/cluster/explain';
import { askAll, sumOf } from '../../../../src/redis/cluster/fanOut';
import { keysOf, keyTable } from '../../../../src/redis/cluster/keys';
import { addressedTo, addressees, nodeName } from '../../../../src/redis/cluster/prefix';
import { askSpanning } from '../../../../src/redis/cluster/spanning';
import { explainRefusal } from '../../../../src/redis/managedLimits';
import { splitArguments } from '../../../../src/redis/splitArguments';
import type { ClusterNode, ClusterTopology } from '../../../../src/redis/types';
import { error, reply } from './replies';

const node = (host: string, role: ClusterNode['role'] = 'primary', health: ClusterNode['health'] = 'online', port = 6379): ClusterNode => ({ id: host.replaceAll(/[^a-f0-9]/g, '').padEnd(40, '0'), endpoint: { host, port }, role, health });
const topology: ClusterTopology = {
  shards: [
    { slots: [[0, 8191]], nodes: [node('o-0001-001.orders.aws.test'), node('o-0001-002.orders.aws.test', 'replica')] },
    { slots: [[8192, 16_383]], nodes: [node('10.0.0.9'), node('10.0.0.8', 'replica', 'failed')] },
  ],
};
const hosts = (nodes: readonly ClusterNode[]): string[] => nodes.map(({ endpoint }) => endpoint.host);

describe('Lines for nodes', () => {
  it('begin with an @', () => {
    assert.deepEqual(addressedTo(' @ALL dbsize '), { to: 'all', line: ' dbsize ' });
    assert.deepEqual(addressedTo('@10.0.0.9:6379'), { to: '10.0.0.9:6379', line: '' });
    for (const line of ['GET @all', '5 @all PING', '"@all" PING', '@ all', '@', '']) assert.equal(addressedTo(line), undefined, line);
  });

  it('name groups, addresses, names and ids', () => {
    assert.deepEqual(hosts(addressees('primaries', topology)), ['o-0001-001.orders.aws.test', '10.0.0.9']);
    assert.deepEqual(hosts(addressees('replicas', topology)), ['o-0001-002.orders.aws.test']);
    assert.equal(addressees('all', topology).length, 3);
    for (const word of ['o-0001-001', 'o-0001-001.orders.aws.test', 'o-0001-001.orders.aws.test:6379']) assert.deepEqual(hosts(addressees(word, topology)), ['o-0001-001.orders.aws.test'], word);
    assert.deepEqual(hosts(addressees('10009', topology)), ['10.0.0.9']);
    assert.throws(() => addressees('nobody', topology), (fault) => isFault(fault) && fault.code === 'redis.noSuchNode' && fault.remedy!.text.includes('@o-0001-001'));
  });

  it('shows nodes by their first label where that is enough', () => {
    assert.equal(nodeName(node('o-0001-001.orders.aws.test'), topology), 'o-0001-001');
    assert.equal(nodeName(node('10.0.0.9'), topology), '10.0.0.9:6379');
    const twins: ClusterTopology = { shards: [{ slots: [[0, 16_383]], nodes: [node('cache.orders.test', 'primary', 'online', 1), node('cache.orders.test', 'replica', 'online', 2)] }] };
    assert.equal(nodeName(twins.shards[0]!.nodes[0]!, twins), 'cache.orders.test:1');
  });

  it('asks four nodes at a time, in order', async () => {
    let running = 0;
    let most = 0;
    const many = Array.from({ length: 11 }, (_, index) => node(`n${index}.orders.test`));
    const answers = await askAll(many, async (one) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      return reply(one.endpoint.host);
    });
    assert.equal(most, 4);
    assert.deepEqual(hosts(answers.map((answer) => answer.node)), hosts(many));
  });

  it('sums integers and counts the keys of SCAN, and nothing else', () => {
    const answers = (...replies: Parameters<typeof reply>[0][]): { node: ClusterNode; reply: ReturnType<typeof reply> }[] => replies.map((one) => ({ node: node('a.b.c'), reply: reply(one) }));
    assert.equal(sumOf(splitArguments('DBSIZE'), answers(1, 2, 3)), '-> sum: 6');
    assert.equal(sumOf(splitArguments('DBSIZE'), [...answers(1, 2), { node: node('a.b.c'), reply: error('x') }]), '-> sum: 3 (without 1 of 3)');
    assert.equal(sumOf(splitArguments('DBSIZE'), answers(1)), undefined);
    assert.match(sumOf(splitArguments('SCAN 0'), answers(['0', ['a', 'b']], ['7', ['c']]))!, /^-> 3 keys/);
    assert.equal(sumOf(splitArguments('PING'), answers('PONG', 'PONG')), undefined);
    assert.equal(sumOf(splitArguments('X'), answers(1, 'a')), undefined);
  });
});

describe('Keys of all primaries', () => {
  it('are scanned one primary after the other, by cursors that say which', async () => {
    const pages: Readonly<Record<string, readonly [string, string[]]>> = { 'a 0': ['18446744073709551615', ['1']], 'a 18446744073709551615': ['0', ['2']], 'b 0': ['0', []], 'c 0': ['9', ['3']], 'c 9': ['0', ['4']] };
    const primaries = [node('a'), node('b'), node('c')];
    const seen: string[] = [];
    let cursor = '0';
    do {
      const page = await askSpanning(splitArguments(`SCAN ${cursor} MATCH *`), primaries, async (one, args) => {
        assert.equal(args.slice(2).join(' '), 'MATCH *');
        return reply(pages[`${one.endpoint.host} ${args[1]!.toString()}`]!);
      });
      assert.ok(page.type === 'array' && page.items[0]?.type === 'bulk' && page.items[1]?.type === 'array');
      for (const key of page.items[1].items) if (key.type === 'bulk') seen.push(key.bytes.toString());
      cursor = page.items[0].bytes.toString();
      assert.match(cursor, /^\d+$/);
    } while (cursor !== '0');
    assert.deepEqual(seen, ['1', '2', '3', '4']);
  });

  it('end where a cursor leads nowhere, and pass errors on', async () => {
    const ask = async (): Promise<ReturnType<typeof reply>> => error('NOPERM no');
    assert.deepEqual(await askSpanning(splitArguments('SCAN 7'), [node('a')], ask), reply(['0', []]));
    assert.deepEqual(await askSpanning(splitArguments('SCAN 0'), [node('a')], ask), error('NOPERM no'));
    assert.deepEqual(await askSpanning(splitArguments('DBSIZE'), [node('a')], ask), error('NOPERM no'));
  });
});

describe('Key tables', () => {
  const keys = (line: string, table = keyTable(reply([]))): string => keysOf(splitArguments(line), table).join(' ');

  it('take the first, the last and the step of servers before Redis 7 for what we do not know', () => {
    const old = keyTable(reply([['mod.set', 3, ['write'], 1, 1, 1], ['mod.mset', -3, ['write'], 1, -1, 2], ['mod.move', -3, ['write', 'movablekeys'], 2, 2, 1], ['get', 2, ['readonly'], 9, 9, 1], ['mod.none', 1, [], 0, 0, 0]]));
    assert.equal(keys('MOD.SET a b', old), 'a');
    assert.equal(keys('mod.mset a 1 b 2', old), 'a b');
    assert.equal(keys('mod.move a b', old), '');
    assert.equal(keys('mod.none a', old), '');
    assert.equal(keys('GET a', old), 'a');
  });

  it('do not believe numbers of keys that are none', () => {
    for (const line of ['EVAL s 0 a', 'EVAL s -1 a', 'EVAL s x a', 'EVAL s', 'EVAL s 1', 'ZUNION', 'XREAD STREAMS', 'GET', '']) assert.equal(keys(line === '' ? 'PING' : line), '', line);
    assert.equal(keys('EVAL s 1000000000 a b'), 'a b');
    assert.equal(keys('nonsense a b'), '');
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) assert.equal(keys(`${name} a b`), '', name);
  });

  it('do not trip over what a server may send', () => {
    const odd = reply([[], ['x'], ['get', 1, [], 1, 1, 1, [], [], [['flags', []], [], ['begin_search', ['type', 'index', 'spec', ['index', -5]], 'find_keys', ['type', 'range', 'spec', ['lastkey', 0, 'keystep', 0, 'limit', 0]]]], []], 'y', 7]);
    assert.equal(keys('GET a', keyTable(odd)), '');
    assert.equal(keyTable(error('NOPERM')).size, 0);
  });
});

describe('What nodes tell', () => {
  it('is read from INFO of primaries and replicas', () => {
    const info = '# Server\r\nredis_version:7.0.15\r\n# Memory\r\nused_memory:1234\r\n# Replication\r\nrole:master\r\nmaster_repl_offset:55\r\n# Keyspace\r\ndb0:keys=7,expires=0,avg_ttl=0\r\ndb3:keys=2,expires=0\r\n';
    assert.deepEqual(readingOf(info), { keys: 9, memoryBytes: 1234, replicationOffset: 55, version: 'Redis 7.0.15' });
    assert.deepEqual(readingOf('role:slave\r\nslave_repl_offset:5\r\nmaster_repl_offset:9\r\nredis_version:7.2.4\r\nvalkey_version:8.0.1\r\n# Keyspace\r\n'), { keys: 0, replicationOffset: 5, version: 'Valkey 8.0.1' });
    assert.deepEqual(readingOf('redis_version:<b>\nused_memory:99999999999999999999'), {});
  });
});

describe('What is explained', () => {
  const why = (line: string, text: string, service: Parameters<typeof explainRefusal>[2]): string | undefined => explainRefusal(splitArguments(line), text, service);

  it('are the refusals of managed services, each with what to use', () => {
    const unknown = "ERR unknown command 'x', with args beginning with: ";
    assert.match(why('config get *', unknown, 'elasticache')!, /^ElastiCache does not offer CONFIG: .*parameter group/);
    assert.match(why('MONITOR', unknown, 'serverless')!, /^ElastiCache Serverless does not offer MONITOR: .*CloudWatch/);
    assert.match(why('BGSAVE', unknown, 'memorydb')!, /^MemoryDB does not offer BGSAVE: .*snapshot/);
    assert.match(why('acl setuser x', "NOPERM this user has no permissions to run the 'acl|setuser' command", 'elasticache')!, /ACL SETUSER/);
    assert.match(why('select 3', 'ERR SELECT is not allowed in cluster mode', 'serverless')!, /database 0/);
    assert.match(why('cluster meet a 1', 'ERR unknown subcommand', 'memorydb')!, /CLUSTER MEET/);
  });

  it('are not other errors, nor what a service does offer, nor servers of one\'s own', () => {
    assert.equal(why('CONFIG GET', "ERR wrong number of arguments for 'config|get' command", 'elasticache'), undefined);
    assert.equal(why('MONITOR', 'ERR unknown command', 'elasticache'), undefined);
    assert.equal(why('GETT a', "ERR unknown command 'GETT'", 'serverless'), undefined);
    assert.equal(why('CONFIG GET *', "ERR unknown command 'config'", undefined), undefined);
    assert.equal(why('ACL WHOAMI', 'NOPERM no', 'serverless'), undefined);
  });

  it('are redirections that are not followed', () => {
    const context = { managed: undefined, keys: [] };
    assert.match(explainError(splitArguments('GET a'), 'MOVED 15495 10.0.0.1:6379', { ...context, followed: 'never' })!, /Slot 15495 is at 10\.0\.0\.1:6379/);
    assert.equal(explainError(splitArguments('GET a'), 'MOVED 15495 10.0.0.1:6379', { ...context, followed: 'yes' }), undefined);
    assert.match(explainError(splitArguments('MGET a b'), 'CROSSSLOT x', { ...context, keys: ['a', 'b'].map((key) => Buffer.from(key)), followed: 'yes' })!, /^"a" is in slot 15495, "b" is in slot 3300\./);
  });
});
