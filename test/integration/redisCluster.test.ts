// The console of a whole cluster, on real redis-servers: three primaries, a replica each.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Fault, isFault } from '../../src/base/fault';
import { keysOf, keyTable } from '../../src/redis/cluster/keys';
import { slotOf } from '../../src/redis/cluster/slots';
import { ownerOf, primariesOf } from '../../src/redis/cluster/topology';
import { sessionOpener } from '../../src/redis/session';
import { splitArguments } from '../../src/redis/splitArguments';
import type { ClusterPorts, GuardPorts, GuardQuestion, RedisSession } from '../../src/redis/types';
import { eventually } from '../fixtures/eventually';
import { type ClusterMember, type ClusterServers, startCluster } from '../sandbox/servers/cluster';
import { ClusterRig, never } from './redisClusterRig';

const run = async (session: RedisSession, line: string): Promise<string> => (await session.run(line, never)).text;

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error: unknown = await work.then(
    (value) => assert.fail(`no fault: ${inspect(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(isFault(error), inspect(error));
  assert.ok(error.message.endsWith('.'), error.message);
  return error;
}

describe('Redis cluster session', function () {
  this.timeout(60_000);
  let cluster: ClusterServers;
  let rig: ClusterRig;

  before(async () => {
    cluster = await startCluster();
    rig = new ClusterRig(cluster);
  });
  after(() => cluster?.stop());
  afterEach(async () => {
    await rig.clear();
    for (const primary of cluster.primaries) await cluster.tell(primary, 'FLUSHALL');
  });

  /** By the slots that they were given: each has a third. */
  const homeOf = (key: string): ClusterMember => cluster.primaries[Math.floor((slotOf(Buffer.from(key)) * 3) / 16_384)]!;
  const keyAt = (member: ClusterMember, more = ''): string => {
    for (let number = 0; ; number++) if (homeOf(`key${more}${number}`) === member) return `key${more}${number}`;
  };
  const at = ({ port }: ClusterMember): string => `127.0.0.1:${port}`;

  describe('where commands go', () => {
    it('goes to the node of the key, as redis-cli -c says it, and stays there', async () => {
      const [first, second] = cluster.primaries as [ClusterMember, ClusterMember];
      const session = await rig.open(first);
      assert.equal(session.prompt, at(first));
      const key = keyAt(second);
      assert.equal(await run(session, `SET ${key} 1`), `-> Redirected to slot [${slotOf(Buffer.from(key))}] located at ${at(second)}\nOK`);
      assert.equal(session.prompt, at(second));
      assert.equal(await run(session, `GET ${key}`), '"1"');
      assert.match(await run(session, 'INFO server'), new RegExp(`tcp_port:${second.port}`));
      assert.match(await run(session, `SET ${keyAt(first)} 1`), new RegExp(String.raw`^-> Redirected to slot \[\d+\] located at ${at(first)}\nOK$`));
      assert.deepEqual(rig.dialled, [at(second)], 'the way to the first node was there, and each other one is made once');
    });

    it('opens no way before it is needed, and gives each back at the end', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      await run(session, 'PING');
      assert.deepEqual(rig.dialled, []);
      await run(session, `SET ${keyAt(cluster.primaries[1]!)} 1`);
      await run(session, `SET ${keyAt(cluster.primaries[2]!)} 1`);
      assert.equal(rig.dialled.length, 2);
      await session.dispose();
      assert.deepEqual(new Set(rig.released), new Set(rig.dialled));
      assert.equal(rig.released.length, 2);
    });

    it('shows the short name of a node where the target has a label', async () => {
      const session = await rig.open(cluster.primaries[0]!, { label: 'orders' });
      assert.equal(session.prompt, 'orders');
      await run(session, `SET ${keyAt(cluster.primaries[1]!)} 1`);
      assert.equal(session.prompt, at(cluster.primaries[1]!));
    });

    it('finds keys where the server says that they are', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const key = `{${keyAt(cluster.primaries[2]!)}}`;
      await run(session, `RPUSH ${key}list 1 2`);
      const lines: readonly [string, RegExp][] = [
        [`MSET ${key}a 1 ${key}b 2`, /OK$/],
        [`OBJECT ENCODING ${key}a`, /"int"$/],
        [`EVAL "return redis.call('get', KEYS[1])" 1 ${key}a`, /"1"$/],
        [`BITOP AND ${key}c ${key}a ${key}b`, /\(integer\) 1$/],
        [`XADD ${key}x * f v`, /-/],
        [`XREAD COUNT 1 STREAMS ${key}x 0`, /"f"/],
        [`ZADD ${key}z 1 m`, /0$/],
        [`ZUNIONSTORE ${key}u 2 ${key}z ${key}z`, /1$/],
        [`SORT ${key}list BY nosort STORE ${key}s`, /2$/],
        [`XINFO STREAM ${key}x`, /length/],
      ];
      for (const [line, expected] of lines) {
        await run(session, `GET ${keyAt(cluster.primaries[0]!)}`);
        assert.match(await run(session, line), new RegExp(String.raw`^-> Redirected to slot \[\d+\] located at ${at(cluster.primaries[2]!)}\n`), line);
        assert.match(await run(session, line), expected, line);
      }
    });

    it('finds the same keys as the server, by its own table and by ours', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const own = keyTable(await session.call(['COMMAND'], never));
      const lines = [
        'GET a', 'SET a 1 EX 5', 'MGET a b c', 'MSET a 1 b 2', 'DEL a b', 'BITOP AND d a b', 'BLPOP a b 0', 'BRPOPLPUSH a b 0', 'LMOVE a b LEFT LEFT', 'LMPOP 2 a b LEFT',
        'BLMPOP 0 2 a b LEFT COUNT 3', 'RENAME a b', 'COPY a b DB 0', 'SMOVE a b m', 'SINTERSTORE d a b', 'SINTERCARD 2 a b LIMIT 1', 'ZADD a 1 m', 'ZUNION 2 a b WEIGHTS 1 2',
        'ZUNIONSTORE d 2 a b WEIGHTS 1 2', 'ZRANGESTORE d a 0 1', 'ZMPOP 1 a MIN', 'BZPOPMIN a b 0', 'XREAD COUNT 2 STREAMS a b 0 0', 'XREADGROUP GROUP g c STREAMS a >', 'XADD a * f v',
        'XINFO STREAM a', 'XGROUP CREATE a g $', 'OBJECT ENCODING a', 'MEMORY USAGE a', 'EVAL s 2 a b c', 'FCALL f 1 a b', 'EVALSHA x 0 b', 'SORT a', 'SORT a BY x STORE d',
        'GEORADIUS a 1 1 1 m', 'GEORADIUS a 1 1 1 m STORE d', 'GEOSEARCHSTORE d a FROMMEMBER m BYRADIUS 1 m', 'PFCOUNT a b', 'PFMERGE d a', 'WATCH a b', 'HSET a f v', 'SUBSTR a 0 1',
        'MIGRATE 127.0.0.1 1 a 0 1', 'MIGRATE 127.0.0.1 1 "" 0 1 KEYS a b', 'LCS a b', 'TOUCH a b', 'EXPIRE a 1', 'DUMP a', 'RESTORE a 0 x',
      ];
      for (const line of lines) {
        const args = splitArguments(line);
        const reply = await session.call(['COMMAND', 'GETKEYS', ...args], never);
        const expected = reply.type === 'array' ? reply.items.flatMap((item) => (item.type === 'bulk' && item.bytes.length > 0 ? [item.bytes.toString()] : [])) : /no key arguments/.test(inspect(reply)) ? [] : [inspect(reply)];
        const keys = (table: typeof own): string[] => keysOf(args, table).map(String);
        const same = [...new Set(expected)].toSorted();
        assert.deepEqual(keys(own).toSorted(), same, line);
        assert.deepEqual(keys(new Map()).toSorted(), same, `${line}, by our table`);
      }
    });

    it('explains keys of several slots, whose error the server has given', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const text = await run(session, 'MGET a b');
      assert.match(text, /\(error\) CROSSSLOT Keys in request don't hash to the same slot\n-> "a" is in slot 15495, "b" is in slot 3300\. All keys .*\{a\}:x/s);
    });

    it('explains that a cluster has one database', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      assert.match(await run(session, 'SELECT 1'), /^\(error\) ERR SELECT is not allowed in cluster mode\n-> A cluster has database 0 alone.*Valkey 9/s);
      assert.equal(session.prompt, at(cluster.primaries[0]!));
    });

    it('repeats a command and keeps its place', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const key = keyAt(cluster.primaries[1]!);
      assert.match(await run(session, `3 INCR ${key}`), /^-> Redirected.*\n\(integer\) 1\n\(integer\) 2\n\(integer\) 3$/);
    });

    it('is an ordinary session where the server is no cluster, or is to be talked to alone', async () => {
      const [first, second] = cluster.primaries as [ClusterMember, ClusterMember];
      const { cluster: _, ...alone } = await rig.optionsFor(first);
      const single = await sessionOpener()(alone, never);
      assert.equal(single.cluster, undefined);
      assert.match(await run(single, `GET ${keyAt(second)}`), new RegExp(String.raw`^\(error\) MOVED \d+ ${at(second)}\n-> Slot \d+ is at ${at(second)}, and this console talks to one node alone`));
      await single.dispose();
    });

    it('takes what was typed for the connection along', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      await run(session, `SET ${keyAt(cluster.primaries[1]!)} 1`);
      await run(session, 'HELLO 3');
      await run(session, `HSET ${keyAt(cluster.primaries[2]!)} f v`);
      assert.equal(await run(session, `HGETALL ${keyAt(cluster.primaries[2]!)}`), '1# "f" => "v"');
      await run(session, `DEL ${keyAt(cluster.primaries[0]!)}`);
      assert.match(await run(session, 'CONFIG GET port'), /^1# "port" => /);
    });
  });

  it('logs in everywhere as whom was typed', async () => {
    for (const member of [...cluster.primaries, ...cluster.replicas]) await cluster.tell(member, 'ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '+@all');
    const session = await rig.open(cluster.primaries[0]!);
    await run(session, `GET ${keyAt(cluster.primaries[1]!)}`);
    await run(session, `@${at(cluster.replicas[2]!)} PING`);
    assert.equal(await run(session, 'AUTH app pw'), 'OK');
    assert.equal((await run(session, '@all ACL WHOAMI')).split('"app"').length, 7, 'on the nodes that were connected, and on the others');
    for (const port of [cluster.primaries[0]!, cluster.primaries[1]!]) rig.cut(port);
    assert.match(await run(session, `GET ${keyAt(cluster.primaries[0]!)}`), /\(nil\)$/);
    assert.equal(await run(session, 'ACL WHOAMI'), '"app"', 'after the next connection, too');
  });

  describe('transactions', () => {
    it('are where their first key is', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const key = keyAt(cluster.primaries[1]!);
      assert.equal(await run(session, 'MULTI'), 'OK');
      assert.match(await run(session, `SET ${key} 1`), /^-> Redirected to slot .*\nQUEUED$/);
      assert.equal(session.prompt, `${at(cluster.primaries[1]!)}(TX)`);
      assert.equal(await run(session, `INCR ${key}`), 'QUEUED');
      assert.equal((await faultOf(session.ping(never))).code, 'redis.busy');
      assert.equal(await run(session, 'EXEC'), '1) OK\n2) (integer) 2');
      assert.equal(session.prompt, at(cluster.primaries[1]!));
    });

    it('are not sent what belongs elsewhere, and go on', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const key = keyAt(cluster.primaries[1]!);
      await run(session, 'MULTI');
      await run(session, `SET ${key} 1`);
      const fault = await faultOf(run(session, `SET ${keyAt(cluster.primaries[2]!)} 1`));
      assert.equal(fault.code, 'redis.otherNode');
      assert.equal((await faultOf(run(session, '@primaries DBSIZE'))).code, 'redis.busy');
      assert.equal(await run(session, 'EXEC'), '1) OK');
    });

    it('keep what is watched', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const key = keyAt(cluster.primaries[1]!);
      await run(session, `WATCH ${key}`);
      await run(session, 'MULTI');
      assert.equal((await faultOf(run(session, `SET ${keyAt(cluster.primaries[2]!)} 1`))).code, 'redis.otherNode');
      await run(session, `SET ${key} 2`);
      await cluster.tell(homeOf(key), 'SET', key, 'other');
      assert.equal(await run(session, 'EXEC'), '(nil)');
    });

    it('end with their connection, and what is typed then is not sent', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const key = keyAt(cluster.primaries[1]!);
      await run(session, 'MULTI');
      await run(session, `SET ${key} 1`);
      rig.tunnels.get(cluster.primaries[1]!.port)!.cut();
      await eventually(() => !session.prompt.endsWith('(TX)'), 'the prompt says so');
      assert.match((await faultOf(session.call(['GET', key], never))).message, /transaction was lost/);
      await run(session, 'MULTI');
      await run(session, `SET ${key} 1`);
      rig.tunnels.get(cluster.primaries[1]!.port)!.cut();
      await eventually(() => !session.prompt.endsWith('(TX)'), 'the prompt says so');
      const fault = await faultOf(run(session, `SET ${key} 2`));
      assert.match(fault.message, /transaction was lost/);
      assert.match(await run(session, `GET ${key}`), /^\(nil\)$/);
    });
  });

  describe('several nodes at once', () => {
    it('asks all primaries, and sums where that makes sense', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      for (const primary of cluster.primaries) await run(session, `SET ${keyAt(primary)} 1`);
      await run(session, `SET ${keyAt(cluster.primaries[0]!, 'more')} 1`);
      const places = cluster.primaries.map((primary) => `-> ${at(primary)} primary\n(integer) `);
      assert.equal(await run(session, '@primaries DBSIZE'), `${places[0]}2\n${places[1]}1\n${places[2]}1\n-> sum: 4`);
      assert.equal((await run(session, '@all ping')).split('PONG').length, 7);
      assert.match(await run(session, '@primaries SCAN 0 COUNT 100'), /-> 4 keys; go on at one node/);
      assert.equal([...(await run(session, '@primaries INFO replication')).matchAll(/role:master/g)].length, 3);
      assert.equal([...(await run(session, '@replicas INFO replication')).matchAll(/role:slave/g)].length, 3);
    });

    it('asks one node by its address, its name or its id, and replicas read their keys themselves', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const [, second] = cluster.primaries as [ClusterMember, ClusterMember];
      const replica = cluster.replicas[1]!;
      const key = keyAt(second);
      await run(session, `SET ${key} 1`);
      assert.equal(await run(session, `@${at(second)} GET ${key}`), `-> ${at(second)} primary\n"1"`);
      assert.match(await run(session, `@${second.id.slice(0, 8)} INFO server`), new RegExp(`tcp_port:${second.port}`));
      await eventually(async () => (await run(session, `@${at(replica)} GET ${key}`)) === `-> ${at(replica)} replica\n"1"`, 'the replica has it');
      assert.match(await run(session, `@${at(replica)} SET ${key} 2`), /MOVED .*\n-> Slot .* Without @ the command goes there\.$/s);
      const fault = await faultOf(run(session, '@nobody PING'));
      assert.equal(fault.code, 'redis.noSuchNode');
      assert.match(fault.remedy!.text, /@primaries/);
    });

    it('refuses what cannot be meant for several', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      for (const line of ['@primaries GET a', '@all MULTI', '@all AUTH x', `@${at(cluster.primaries[1]!)} MULTI`]) {
        assert.equal((await faultOf(run(session, line))).code, 'redis.unsupported', line);
      }
      assert.match(await run(session, '@primaries HELP GET'), /GET key/);
    });

    it('says which node was not reached, and asks the others', async () => {
      const dial: ClusterPorts['dial'] = (node, signal) =>
        node.port === cluster.primaries[1]!.port ? Promise.reject(new Fault('ssm.denied', 'No.')) : rig.ports.dial(node, signal);
      const session = await rig.open(cluster.primaries[0]!, { cluster: { dial, known: [], direct: false } });
      assert.match(await run(session, '@primaries DBSIZE'), /\(error\) not asked: No\..*-> sum: 0 \(without 1 of 3\)$/s);
    });

    it('completes names of keys on all nodes that are connected', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      for (const primary of cluster.primaries) await run(session, `SET ${keyAt(primary)} 1`);
      const names = (line: string): Promise<string[]> => session.completeKeys(line, line.length, false, never).then((found) => found.map(({ text }) => text));
      const expected = cluster.primaries.map((primary) => keyAt(primary)).toSorted();
      assert.deepEqual(await names('GET key'), expected);
      const line = '@primaries GET key';
      assert.deepEqual(await names(line), expected);
      assert.equal(session.complete('@all DBS', 8).candidates[0]?.text, 'DBSIZE');
      assert.equal(session.complete('@all DBS', 8).from, 5);
    });

    it('lets a page go through all keys, and count them, as if it were one server', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const wanted = new Set<string>();
      for (let number = 0; number < 300; number++) wanted.add(`k${number}`);
      for (const key of wanted) await cluster.tell(homeOf(key), 'SET', key, '1');
      const size = await session.call(['DBSIZE'], never);
      assert.ok(size.type === 'integer' && size.value === 300n);
      const found = new Set<string>();
      let cursor = '0';
      do {
        const reply = await session.call(['SCAN', cursor, 'COUNT', '50'], never);
        assert.ok(reply.type === 'array');
        const [next, keys] = reply.items;
        assert.ok(next?.type === 'bulk' && keys?.type === 'array');
        for (const key of keys.items) if (key.type === 'bulk') found.add(key.bytes.toString());
        cursor = next.bytes.toString();
      } while (cursor !== '0');
      assert.deepEqual(found, wanted);
      const [first] = wanted;
      const value = await session.call(['GET', first!], never);
      assert.ok(value.type === 'bulk' && value.bytes.toString() === '1');
    });
  });

  describe('the guard', () => {
    const guardOf = (answer: boolean, production: boolean): { ports: GuardPorts; asked: GuardQuestion[] } => {
      const asked: GuardQuestion[] = [];
      const ask = async (question: GuardQuestion): Promise<boolean> => {
        asked.push(question);
        return answer;
      };
      return { asked, ports: { production: () => production, writesAllowed: () => false, ask } };
    };

    it('asks once for all nodes', async () => {
      const { ports, asked } = guardOf(true, false);
      const session = await rig.open(cluster.primaries[0]!, { guard: ports });
      assert.match(await run(session, '@primaries FLUSHALL'), /OK.*OK.*OK/s);
      assert.deepEqual(asked.map(({ verdicts }) => verdicts[0]!.command), ['FLUSHALL']);
    });

    it('judges what stands behind the @, in pastes, too', async () => {
      const { ports, asked } = guardOf(false, false);
      const session = await rig.open(cluster.primaries[0]!, { guard: ports });
      assert.equal((await faultOf(run(session, '@primaries FLUSHALL'))).code, 'redis.notConfirmed');
      assert.equal((await faultOf(session.review(['GET a', '@all FLUSHDB'], never))).code, 'redis.notConfirmed');
      assert.equal(asked.length, 2);
    });

    it('leaves what goes to a live pane to the guard of the pane, at whichever node', async () => {
      const { ports, asked } = guardOf(true, false);
      const [first, second] = cluster.primaries as [ClusterMember, ClusterMember];
      const session = await rig.open(first, { guard: ports });
      await session.review(['MONITOR', `BLPOP ${keyAt(first)} 0`, 'FLUSHALL'], never);
      assert.deepEqual(asked.flatMap(({ verdicts }) => verdicts.map(({ command }) => command)), ['FLUSHALL']);
      const readOnly = await rig.open(first, { guard: guardOf(true, true).ports });
      await readOnly.review([`BLPOP ${keyAt(first)} 0`, `BLPOP ${keyAt(second)} 0`], never);
      assert.equal((await faultOf(readOnly.review([`BLPOP ${keyAt(second)} 0`, `LPOP ${keyAt(second)}`], never))).code, 'redis.readOnly');
    });

    it('keeps production read-only on every node', async () => {
      const { ports } = guardOf(true, true);
      const session = await rig.open(cluster.primaries[0]!, { guard: ports });
      for (const primary of cluster.primaries) assert.equal((await faultOf(run(session, `SET ${keyAt(primary)} 1`))).code, 'redis.readOnly');
      assert.equal((await faultOf(run(session, `@${at(cluster.primaries[1]!)} SET a 1`))).code, 'redis.readOnly');
      assert.equal((await faultOf(session.call(['SET', 'a', '1'], never))).code, 'redis.readOnly');
      assert.match(await run(session, `GET ${keyAt(cluster.primaries[2]!)}`), /\(nil\)$/);
    });
  });

  describe('slots that move', () => {
    it('follows ASK for what has gone, and MOVED once all of it has', async () => {
      const [source, target] = cluster.primaries as [ClusterMember, ClusterMember];
      const tag = `{${keyAt(source, 'tag')}}`;
      const slot = String(slotOf(Buffer.from(tag)));
      const session = await rig.open(source);
      await run(session, `SET ${tag}stays 1`);
      await run(session, `SET ${tag}goes 2`);
      await cluster.tell(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.id);
      await cluster.tell(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id);
      try {
        await cluster.tell(source, 'MIGRATE', target.host, String(target.port), `${tag}goes`, '0', '5000');
        assert.equal(await run(session, `GET ${tag}stays`), '"1"');
        assert.equal(await run(session, `GET ${tag}goes`), `-> Redirected to slot [${slot}] located at ${at(target)}\n"2"`);
        assert.match(await run(session, `GET ${tag}stays`), /\n"1"$/);
        const abort = new AbortController();
        const both = session.run(`MGET ${tag}goes ${tag}stays`, abort.signal);
        await cluster.tell(source, 'MIGRATE', target.host, String(target.port), `${tag}stays`, '0', '5000');
        assert.match((await both).text, /1\) "2"\n2\) "1"$/);
      } finally {
        for (const member of [target, source, cluster.primaries[2]!]) await cluster.tell(member, 'CLUSTER', 'SETSLOT', slot, 'NODE', target.id);
      }
      const before = session.cluster!.topology;
      assert.equal(ownerOf(before, Number(slot))!.endpoint.port, source.port, 'nobody has told us yet');
      assert.match(await run(session, `GET ${tag}stays`), new RegExp(String.raw`"1"$`));
      assert.equal(ownerOf(session.cluster!.topology, Number(slot))!.endpoint.port, target.port);
      await cluster.tell(target, 'DEL', `${tag}stays`, `${tag}goes`);
      for (const member of cluster.primaries) await cluster.tell(member, 'CLUSTER', 'SETSLOT', slot, 'NODE', source.id);
    });
  });

  describe('its picture', () => {
    it('has every node with its slots, and what each tells', async () => {
      const session = await rig.open(cluster.primaries[0]!);
      const topology = await session.cluster!.refresh(never);
      assert.equal(topology.shards.length, 3);
      assert.deepEqual(topology.shards.map(({ nodes }) => nodes.map(({ role }) => role).toSorted()), Array.from({ length: 3 }, () => ['primary', 'replica']));
      const [primary] = primariesOf(topology);
      const reading = await session.cluster!.read(primary!, never);
      assert.ok(reading.latencyMs > 0 && reading.keys === 0 && reading.memoryBytes! > 100_000);
      assert.match(reading.version!, /^Redis 7\./);
    });
  });
});
