import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { isFault } from '../../src/base/fault';
import { openRedisSession } from '../../src/redis/index';
import type { RedisSession } from '../../src/redis/types';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';

/** Each group runs on a fresh connection to an empty server, in redis-cli and in ours. */
const GROUPS: readonly (readonly string[])[] = [
  ['PING', 'PING "hello world"', 'ECHO "\\x00\\xff\\"\\\\\\n\\r\\t\\a\\b"', 'echo é', "ECHO 'a\\'b\\n'", 'ECHO ""', 'ECHO'],
  ['SET a 1', 'GET a', 'GET nothing', 'INCR a', 'INCRBY a 9223372036854775805', 'INCR a', 'DECRBY a -5', 'APPEND a x', 'STRLEN a', 'GETRANGE a 0 3'],
  ['SET k v NX GET', 'SET k v XX', 'SET k v NX', 'SETNX k w', 'GETSET k w', 'GETDEL k', 'MSET a 1 b 2', 'MGET a x b', 'TYPE a', 'EXISTS a b c', 'DEL a b', 'TTL a'],
  ['SET f 10.5', 'INCRBYFLOAT f 0.1', 'OBJECT ENCODING f', 'EXPIRE f 100', 'PERSIST f', 'RENAME f g', 'RENAME nothing x', 'COPY g h', 'TOUCH g h', 'UNLINK g h'],
  ['SETBIT b 7 1', 'BITCOUNT b', 'GETBIT b 7', 'BITFIELD b GET u8 0 INCRBY u4 0 1', 'PFADD p a b c', 'PFCOUNT p'],
  ['RPUSH l a b c d e f g h i j k', 'LRANGE l 0 -1', 'LPOP l 2', 'LPOP nothing 2', 'LPOS l c', 'LINDEX l 99', 'LLEN l', 'LRANGE l 5 1', 'LMPOP 1 l LEFT COUNT 2'],
  ['HSET h f1 v1 f2 "v 2"', 'HGETALL h', 'HGET h f1', 'HMGET h f1 none', 'HGETALL none', 'HRANDFIELD h 0', 'HINCRBYFLOAT h n 1.25', 'HSCAN h 0', 'HSTRLEN h f2'],
  ['SADD s 3 1 2', 'SMEMBERS s', 'SISMEMBER s 1', 'SMISMEMBER s 1 9', 'SINTERCARD 1 s', 'SSCAN s 0', 'SPOP none'],
  ['ZADD z 1 a 2.5 b inf c -inf d', 'ZRANGE z 0 -1 WITHSCORES', 'ZSCORE z b', 'ZRANK z none', 'ZINCRBY z 0.1 a', 'ZPOPMIN z', 'ZRANGEBYSCORE z (1 +inf LIMIT 0 1', 'ZMSCORE z a none'],
  ['GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania', 'GEODIST g Palermo Catania km', 'GEOPOS g Palermo none', 'GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST WITHCOORD'],
  ['XADD st 1-1 a 1 b 2', 'XADD st 1-2 c 3', 'XRANGE st - +', 'XREAD COUNT 1 STREAMS st 0', 'XREAD STREAMS st $', 'XGROUP CREATE st grp 0', 'XREADGROUP GROUP grp me STREAMS st >', 'XPENDING st grp', 'XACK st grp 1-1', 'XINFO GROUPS st', 'XADD st 1-1 x y'],
  ['MULTI', 'SET a 1', 'LPUSH a x', 'GET a', 'EXEC', 'EXEC', 'MULTI', 'NOSUCH', 'EXEC', 'MULTI', 'DISCARD', 'WATCH a', 'UNWATCH', 'MULTI', 'EXEC'],
  ['SELECT 3', 'SET only 1', 'DBSIZE', 'MOVE only 4', 'SELECT 4', 'KEYS *', 'SELECT 99', 'SWAPDB 3 4', 'FLUSHDB'],
  ['EVAL "return 1" 0', 'EVAL "return {1,{2,{3,\'x\'},{}},false,true,\'ok\'}" 0', 'EVAL "return redis.status_reply(\'FINE\')" 0', 'EVAL "return redis.error_reply(\'MY error\')" 0', 'EVAL "return redis.call(\'nosuch\')" 0', 'EVAL "return {1,redis.error_reply(\'E in\'),nil,4}" 0', 'SCRIPT LOAD "return 2"', 'SCRIPT EXISTS abc', 'EVALSHA abc 0'],
  ['NOSUCH a b', 'GET', 'LPUSH', 'SET a 1', 'LPUSH a b', 'CONFIG GET nosuch', 'CONFIG SET maxmemory banana', 'OBJECT HELP', 'COMMAND COUNT', 'COMMAND INFO GET nosuch', 'COMMAND GETKEYS MSET a b c d', 'ACL WHOAMI', 'ACL CAT nosuch', 'ACL LIST', 'CLIENT GETNAME', 'CLIENT SETNAME me', 'CLIENT GETNAME', 'CLIENT SETNAME "a b"', 'LATENCY LATEST', 'LATENCY DOCTOR', 'MEMORY USAGE none', 'SLOWLOG GET 0', 'LASTSAVE x', 'WAIT 0 1', 'PUBLISH c m', 'PUBSUB CHANNELS', 'CLUSTER INFO', 'REPLICAOF a', 'INFO keyspace', 'LOLWUT VERSION 9', 'RESET'],
  ['BLPOP none 0.01', 'DEBUG SLEEP 0', 'SORT none', 'SCAN 0', 'OBJECT FREQ none', 'FUNCTION LIST', 'FCALL none 0', 'ZADD'],
];

function redisCli(server: RedisServer, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('redis-cli', ['-h', server.host, '-p', String(server.port), '--no-raw'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.once('error', reject);
    child.once('close', () => resolve(Buffer.concat(output).toString('utf8')));
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  });
}

async function ours(session: RedisSession, lines: readonly string[]): Promise<string> {
  let output = '';
  for (const line of lines) {
    try {
      output += `${(await session.run(line, new AbortController().signal)).text}\n`;
    } catch (error) {
      assert.ok(isFault(error) && error.code === 'redis.syntax', String(error));
      output += 'Invalid argument(s)\n';
    }
  }
  return output;
}

describe('Redis console beside redis-cli', () => {
  let server: RedisServer;

  const withSession = async <T>(use: (session: RedisSession) => Promise<T>): Promise<T> => {
    const local = { host: server.host, port: server.port };
    const session = await openRedisSession({ local, endpoint: local, tls: 'off' }, new AbortController().signal);
    try {
      return await use(session);
    } finally {
      await session.dispose();
    }
  };
  const wipe = (): Promise<string> => withSession((session) => ours(session, ['FLUSHALL', 'SCRIPT FLUSH', 'FUNCTION FLUSH']));

  before(async function () {
    this.timeout(30_000);
    server = await startRedis();
  });
  after(() => server?.stop());

  it('compares at least 60 commands', () => {
    assert.ok(GROUPS.flat().length >= 60);
  });

  for (const lines of GROUPS) {
    it(`prints the same for ${lines.slice(0, 3).join(' | ')} …`, async () => {
      await wipe();
      const expected = await redisCli(server, lines);
      await wipe();
      assert.equal(await withSession((session) => ours(session, lines)), expected);
    });
  }

  it('prints the same maps, sets, doubles and booleans after HELLO 3', async () => {
    const lines = ['HSET h a 1', 'HGETALL h', 'SADD s 1', 'SMEMBERS s', 'SMEMBERS none', 'ZADD z 1.5 m', 'ZSCORE z m', 'ZRANGE z 0 -1 WITHSCORES', 'GET none', 'COMMAND INFO GET', 'XADD st 1-1 a 1', 'XREAD STREAMS st 0'];
    const scripts = ['double=3.5', 'map={a=1}', 'set={a=true}'].map((reply) => `EVAL "redis.setresp(3); return {${reply}}" 0`);
    const all = ['HELLO 3', ...lines, ...scripts, 'EVAL "redis.setresp(3); return true" 0', 'INFO keyspace', 'RESET', 'HGETALL h'];
    // The reply to HELLO carries the id of the connection.
    const withoutHello = (text: string): string => text.slice(text.indexOf('(integer) 1\n'));
    await wipe();
    const expected = await redisCli(server, all);
    await wipe();
    const output = await withSession((session) => ours(session, all));
    assert.equal(withoutHello(output), withoutHello(expected));
    assert.match(output, /"proto" => \(integer\) 3\n/);
  });

  it('splits arguments as redis-cli does, whatever the line', async function () {
    this.timeout(30_000);
    const piece = fc.constantFrom('"', '"', "'", "'", '\\', '\\', ' ', ' ', '\t', '\v', '\f', '\r', 'x', 'x4', '1', 'f', 'F', 'n', 'r', 'b', 'a', 'é', '\u{1f600}', '\x7f', '" ', "' ", '\\"', "\\'", '\\x41', '\\\\');
    const line = fc.array(piece, { maxLength: 14 }).map((parts) => `EVAL "return ARGV" 0 ${parts.join('')}`);
    const lines = fc.sample(line, { numRuns: 1500, seed: 20_240_611 });
    const separated = lines.flatMap((each, index) => [each, `ECHO line-${index}`]);
    const split = (text: string): string[] => text.split(/"line-\d+"\n/);
    const [expected, actual] = await Promise.all([redisCli(server, separated), withSession((session) => ours(session, separated))]);
    assert.equal(split(expected).length, lines.length + 1);
    const differing = split(expected).flatMap((text, index) => (text === split(actual)[index] ? [] : [{ line: lines[index], redisCli: text, ours: split(actual)[index] }]));
    assert.deepEqual(differing.slice(0, 3), []);
    assert.ok(expected.includes('Invalid argument(s)'));
  });
});
