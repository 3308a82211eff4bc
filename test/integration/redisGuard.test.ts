import assert from 'node:assert/strict';
import { cancelled, isFault } from '../../src/base/fault';
import { classify, NO_KNOWLEDGE } from '../../src/redis/guard/classify';
import { bundledClass } from '../../src/redis/guard/commandTable';
import { serverCommands, type ServerCommands } from '../../src/redis/guard/serverCommands';
import { openRedisSession } from '../../src/redis/index';
import { RedisConnection } from '../../src/redis/connection';
import { dial } from '../../src/redis/dial';
import type { GuardQuestion, RedisSession } from '../../src/redis/types';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';

const never = new AbortController().signal;

describe('The guard on a real server', () => {
  let server: RedisServer;
  let commands: ServerCommands;
  const sessions: RedisSession[] = [];
  let production: boolean;
  let unlocked: boolean;
  let questions: GuardQuestion[];
  let answer: boolean;
  let onAsk: () => void;
  let unknown: (readonly [name: string, own: string | undefined])[];

  before(async function () {
    this.timeout(30_000);
    server = await startRedis({
      users: [{ name: 'few', password: 'few', rules: '~* +get +set +ping +flushall +config|get' }],
      renamed: { FLUSHDB: 'wipe-db', CONFIG: 'settings' },
    });
    const local = { host: server.host, port: server.port };
    const connection = await RedisConnection.over(await dial({ local, endpoint: local, tls: 'off' }, never), {});
    try {
      commands = serverCommands(await connection.call(['COMMAND'], never));
      const list = await connection.call(['COMMAND', 'LIST'], never);
      assert.ok(list.type === 'array');
      const listed = list.items.map((item) => (item.type === 'bulk' ? item.bytes.toString() : ''));
      assert.deepEqual(listed.filter((name) => !commands.has(name)), [], 'COMMAND tells of all that COMMAND LIST names');
      assert.ok(listed.length > 350, String(listed.length));
    } finally {
      connection.dispose();
      await connection.closed;
    }
  });
  after(() => server?.stop());
  beforeEach(() => {
    production = true;
    unlocked = false;
    questions = [];
    answer = false;
    onAsk = () => {};
    unknown = [];
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
  });

  async function open(login?: { username: string; password: string }): Promise<RedisSession> {
    const local = { host: server.host, port: server.port };
    const guard = {
      production: () => production,
      writesAllowed: () => unlocked,
      ask: async (question: GuardQuestion, signal: AbortSignal) => {
        questions.push(question);
        onAsk();
        if (signal.aborted) throw cancelled();
        return answer;
      },
      onUnknown: (name: string, own: string | undefined) => void unknown.push([name, own]),
    };
    const session = await openRedisSession({ local, endpoint: local, tls: 'off', guard, ...(login && { login }) }, never);
    sessions.push(session);
    return session;
  }

  async function run(session: RedisSession, line: string): Promise<string> {
    try {
      return (await session.run(line, never)).text;
    } catch (error) {
      assert.ok(isFault(error), String(error));
      return error.code;
    }
  }

  const asArguments = (name: string): Buffer[] => name.split('|').map((part) => Buffer.from(part.toUpperCase()));

  it('calls no command of COMMAND LIST a reader that has the flag of a writer', () => {
    for (const [name, { flags }] of commands) {
      const withServer = classify(asArguments(name), { commands, aliases: new Map() });
      const alone = classify(asArguments(name), NO_KNOWLEDGE);
      if (!flags.has('write')) continue;
      assert.ok(withServer.writes && withServer.class !== 'read', name);
      assert.ok(alone.writes && alone.class !== 'read', `${name}, by the bundled table alone`);
    }
  });

  it('reads the same from COMMAND in RESP3', async () => {
    const local = { host: server.host, port: server.port };
    const connection = await RedisConnection.over(await dial({ local, endpoint: local, tls: 'off' }, never), {});
    try {
      await connection.call(['HELLO', '3'], never);
      assert.deepEqual(serverCommands(await connection.call(['COMMAND'], never)), commands);
    } finally {
      connection.dispose();
      await connection.closed;
    }
  });

  it('has a class of its own for each of them', () => {
    const single = [...commands.values()].filter(({ container }) => !container);
    const missing = single.filter(({ name }) => bundledClass(name) === undefined);
    assert.deepEqual(missing.map(({ name }) => name), []);
  });

  it('calls every command that the server calls a reader by one of the names for reading', () => {
    for (const [name, { flags }] of commands) {
      const { class: className, writes } = classify(asArguments(name), { commands, aliases: new Map() });
      if (flags.has('readonly')) assert.deepEqual([name, ['read', 'slow'].includes(className), writes], [name, true, false]);
    }
  });

  it('calls none harmless that is for administrators and not known to be', () => {
    const admin = [...commands.values()].filter(({ flags }) => flags.has('admin')).map(({ name }) => name);
    const harmless = admin.filter((name) => classify(asArguments(name), { commands, aliases: new Map() }).class === 'read');
    assert.deepEqual(harmless.toSorted(), [
      'acl|dryrun', 'acl|getuser', 'acl|list', 'acl|log', 'acl|users', 'client|list', 'client|no-evict', 'cluster|count-failure-reports', 'cluster|replicas', 'cluster|slaves', 'config|get',
      'latency|doctor', 'latency|graph', 'latency|histogram', 'latency|history', 'latency|latest', 'module|list', 'slowlog|get', 'slowlog|len',
    ]);
  });

  it('sends nothing that production must not get', async () => {
    const session = await open();
    for (const line of ['SET a 1', '3 INCR a', 'EVAL "return redis.call(\'set\', \'a\', 1)" 0', 'FLUSHALL', 'wipe-db', 'settings set maxmemory 1mb', 'NOSUCH']) {
      assert.equal(await run(session, line), 'redis.readOnly', line);
    }
    assert.equal(await run(session, 'EXISTS a'), '(integer) 0');
    assert.equal(await run(session, 'settings get maxmemory-samples'), '1) "maxmemory-samples"\n2) "5"');
    assert.equal(await run(session, 'EVAL "#!lua flags=no-writes\\nreturn 1" 0'), 'redis.readOnly', 'whatever it says of itself');
    assert.equal(await run(session, 'EVAL_RO "return 1" 0'), '(integer) 1');
    unlocked = true;
    assert.equal(await run(session, 'SET a 1'), 'OK');
    assert.equal(questions.length, 0);
  });

  it('stands before a command that a page runs by its arguments', async () => {
    const session = await open();
    await assert.rejects(session.call(['SET', 'by page', Buffer.from([0xff, 0])], never), (error) => isFault(error) && error.code === 'redis.readOnly');
    unlocked = true;
    assert.deepEqual(await session.call(['SET', 'by page', Buffer.from([0xff, 0])], never), { type: 'status', text: 'OK' });
    assert.deepEqual(await session.call(['GET', 'by page'], never), { type: 'bulk', bytes: Buffer.from([0xff, 0]), omitted: 0 });
    assert.equal((await session.call(['HGET', 'by page', 'f'], never)).type, 'error');
    await assert.rejects(session.call(['SYNC'], never), (error) => isFault(error) && error.code === 'redis.unsupported');
    await session.call(['SELECT', '1'], never);
    assert.match(session.prompt, /\[1\]$/);
  });

  it('runs what was confirmed, under whatever name', async () => {
    const session = await open();
    production = false;
    await run(session, 'SET a 1');
    assert.equal(await run(session, 'wipe-db'), 'redis.notConfirmed');
    assert.equal(await run(session, 'EXISTS a'), '(integer) 1');
    answer = true;
    assert.equal(await run(session, 'wipe-db'), 'OK');
    assert.equal(await run(session, 'EXISTS a'), '(integer) 0');
    assert.deepEqual(questions.map(({ verdicts }) => verdicts[0]?.command), ['FLUSHDB', 'FLUSHDB']);
  });

  it('asks how large a key is before it is read', async () => {
    const session = await open();
    production = false;
    answer = true;
    await run(session, `EVAL "for i=1,10001 do redis.call('hset', 'big', i, 1) end redis.call('hset', 'small', 'a', 1)" 0`);
    questions = [];
    answer = false;
    assert.equal(await run(session, 'HGETALL small'), '1) "a"\n2) "1"');
    assert.equal(await run(session, 'HGETALL big'), 'redis.notConfirmed');
    assert.deepEqual(questions.map(({ size }) => size), [{ count: 10_001, unit: 'elements' }]);
    assert.equal(await run(session, 'HLEN big'), '(integer) 10001');
  });

  it('guards a transaction when it is queued and when it is carried out', async () => {
    const session = await open();
    unlocked = true;
    await run(session, 'SET tx 0');
    assert.equal(await run(session, 'MULTI'), 'OK');
    assert.equal(await run(session, 'INCR tx'), 'QUEUED');
    unlocked = false;
    assert.equal(await run(session, 'INCR tx'), 'redis.readOnly');
    assert.equal(await run(session, 'EXEC'), 'redis.readOnly');
    assert.equal(await run(session, 'DISCARD'), 'OK');
    assert.equal(await run(session, 'GET tx'), '"0"');
  });

  it('lets no renamed command into a transaction unasked', async () => {
    const session = await open();
    production = false;
    await run(session, 'SET kept 1');
    assert.equal(await run(session, 'MULTI'), 'OK');
    // Nothing has told yet that this is FLUSHDB.
    assert.equal(await run(session, 'wipe-db'), 'redis.notConfirmed');
    assert.equal(await run(session, 'EXEC'), '(empty array)');
    assert.equal(await run(session, 'GET kept'), '"1"');
    production = true;
    unlocked = true;
    await run(session, 'MULTI');
    assert.equal(await run(session, 'wipe-db'), 'redis.notConfirmed');
    assert.equal(await run(session, 'DISCARD'), 'OK');
    assert.deepEqual(questions.map(({ kind, verdicts }) => [kind, verdicts[0]?.command]), [['confirm', 'WIPE-DB'], ['name', 'WIPE-DB']]);
  });

  it('tells what a renamed command is, before any line of its paste runs', async () => {
    const session = await open();
    await assert.rejects(session.review(['SET a 1', 'settings set maxmemory 1mb', 'nosuch a'], never), (error) => isFault(error) && error.code === 'redis.readOnly');
    assert.deepEqual(unknown, [['settings', 'config'], ['nosuch', 'nosuch']]);
    unknown = [];
    unlocked = true;
    await run(session, 'MULTI');
    await run(session, 'wipe-db');
    assert.deepEqual(unknown, [['wipe-db', undefined]]);
  });

  it('asks about a renamed command where the user may not look it up', async () => {
    const session = await open({ username: 'few', password: 'few' });
    production = false;
    assert.equal(await run(session, 'wipe-db'), 'redis.notConfirmed');
  });

  it('stops a paste before its first line', async () => {
    const session = await open();
    unlocked = true;
    await run(session, 'SET paste 1');
    await assert.rejects(session.review(['INCR paste', 'GET "unbalanced', 'FLUSHALL'], never), (error) => isFault(error) && error.code === 'redis.notConfirmed');
    assert.equal(await run(session, 'GET paste'), '"1"');
  });

  it('works for a user who may not ask for COMMAND', async () => {
    const session = await open({ username: 'few', password: 'few' });
    assert.equal(await run(session, 'GET none'), '(nil)');
    assert.equal(await run(session, 'SET a 1'), 'redis.readOnly');
    assert.equal(await run(session, 'FLUSHALL'), 'redis.readOnly');
    unlocked = true;
    assert.equal(await run(session, 'SET a 1'), 'OK');
    assert.equal(await run(session, 'FLUSHALL'), 'redis.notConfirmed');
  });

  it('keeps the connection, and a transaction on it, when a question is cancelled', async () => {
    const session = await open();
    production = false;
    await run(session, 'MULTI');
    const abort = new AbortController();
    onAsk = () => abort.abort();
    await assert.rejects(session.run('FLUSHALL', abort.signal), (error) => isFault(error) && error.code === 'operation.cancelled');
    assert.match(session.prompt, /\(TX\)$/);
    assert.equal(await run(session, 'EXEC'), '(empty array)');
  });
});
