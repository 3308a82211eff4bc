import assert from 'node:assert/strict';
import { bundledDocs } from '../../src/redis/completion/bundled';
import { complete } from '../../src/redis/completion/complete';
import { parseCommandDocs } from '../../src/redis/completion/docs';
import { RedisConnection } from '../../src/redis/connection';
import { dial } from '../../src/redis/dial';
import { openRedisSession } from '../../src/redis/index';
import type { RedisLogin, RedisSession } from '../../src/redis/types';
import type { RespValue } from '../../src/wire/resp';
import { eventually } from '../fixtures/eventually';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { FakeTunnel, scriptedServer } from './redisTunnel';

const never = new AbortController().signal;
/** One who may not ask for commands either, and one who may do all but SCAN. */
const USERS = ['few', 'noscan'] as const;

describe('Completion on a real server', () => {
  let server: RedisServer;
  let direct: RedisConnection;
  const sessions: RedisSession[] = [];

  const call = (...words: readonly (string | Buffer)[]): Promise<RespValue> => direct.call(words, never);
  const textOf = (value: RespValue): string => (value.type === 'bulk' || value.type === 'verbatim' ? value.bytes.toString() : '');
  /** How often the server has run a command, whoever asked. */
  const calls = async (command: string): Promise<number> =>
    Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(textOf(await call('INFO', 'commandstats')))?.[1] ?? 0);

  before(async function () {
    this.timeout(30_000);
    server = await startRedis({
      users: [
        { name: USERS[0], password: 'x', rules: '~* +get +ping' },
        { name: USERS[1], password: 'x', rules: '~* +@all -scan' },
      ],
    });
    const local = { host: server.host, port: server.port };
    direct = await RedisConnection.over(await dial({ local, endpoint: local, tls: 'off' }, never), {});
    await call('EVAL', "for i = 1, 100000 do redis.call('SET', 'bulk:' .. i, i) end for i = 1, 3 do redis.call('SET', 'us*r ' .. i, i) end", '0');
    await call('SET', Buffer.from([0x62, 0x69, 0x6e, 0xff, 0x00]), 'x');
  });
  after(async () => {
    direct?.dispose();
    await direct?.closed;
    await server?.stop();
  });
  beforeEach(() => call('CONFIG', 'RESETSTAT'));
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
  });

  async function open(login?: RedisLogin, production = false): Promise<RedisSession> {
    const local = { host: server.host, port: server.port };
    const guard = { production: () => production, writesAllowed: () => false, ask: () => assert.fail('nobody is to be asked') };
    const session = await openRedisSession({ local, endpoint: local, tls: 'off', guard, ...(login && { login }) }, never);
    sessions.push(session);
    return session;
  }

  const keys = async (session: RedisSession, line: string, explicit = false): Promise<string[]> =>
    (await session.completeKeys(line, line.length, explicit, never)).map(({ text }) => text);

  it('has a hint for every command of the server, and the bundled table is what the server says', async () => {
    const docs = parseCommandDocs(await call('COMMAND', 'DOCS'));
    const list = await call('COMMAND', 'LIST');
    assert.ok(list.type === 'array');
    const names = list.items.map(textOf);
    assert.ok(names.length > 350, String(names.length));
    for (const name of names) {
      const line = name.replace('|', ' ');
      const completion = complete(line, line.length, docs);
      assert.ok(completion.about, name);
      assert.equal(completion.hint, complete(line, line.length, bundledDocs()).hint, name);
      for (const word of [' ', ' a', ' a 1 b 2', ' "x']) complete(line + word, line.length + word.length, docs);
    }
    assert.deepEqual([...docs.keys()].toSorted(), [...bundledDocs().keys()].toSorted());
  });

  it('asks for the documentation once, and not before somebody types', async () => {
    const session = await open();
    assert.equal(await calls('command\\|docs'), 0);
    for (const line of ['G', 'GE', 'GET', 'GET ']) session.complete(line, line.length);
    await eventually(async () => (await calls('command\\|docs')) === 1);
    assert.equal(session.complete('GET ', 4).hint, 'key');
    await session.run('PING', never);
    assert.equal(await calls('command\\|docs'), 1);
  });

  it('finds keys by their beginning in bounded calls, and never with KEYS', async () => {
    const session = await open(undefined, true);
    assert.equal((await keys(session, 'GET bulk:')).length, 200);
    assert.ok((await calls('scan')) <= 20);
    await call('CONFIG', 'RESETSTAT');
    assert.deepEqual(await keys(session, 'GET nowhere:'), []);
    const scans = await calls('scan');
    assert.ok(scans > 0 && scans <= 20, `${scans} calls`);
    assert.equal(await calls('keys'), 0);
  });

  it('searches only where a key stands', async () => {
    const session = await open();
    for (const line of ['SET a b', 'GET ', 'nonsense a', 'CONFIG GET b']) assert.deepEqual(await keys(session, line), [], line);
    assert.equal(await calls('scan'), 0);
    assert.ok((await keys(session, 'GET ', true)).length > 0, 'what is asked for needs no beginning');
  });

  it('offers keys as they have to be typed', async () => {
    await call('FLUSHDB');
    const odd = [Buffer.from('us*r 1'), Buffer.from('us"r'), Buffer.from([0x75, 0x73, 0xff, 0x00]), Buffer.from('us\u202er'), Buffer.from('usxr')];
    for (const key of odd) await call('SET', key, 'found');
    const session = await open();
    assert.deepEqual(await keys(session, 'GET us*'), ['"us*r 1"']);
    const found = await keys(session, 'GET us');
    assert.equal(found.length, odd.length);
    for (const key of found) assert.equal((await session.run(`GET ${key}`, never)).text, '"found"', key);
  });

  it('sends nothing inside a transaction', async () => {
    const session = await open();
    await session.run('MULTI', never);
    session.complete('GET ', 4);
    assert.deepEqual(await keys(session, 'GET us'), []);
    assert.equal((await session.run('EXEC', never)).text, '(empty array)');
  });

  it('does not come between a command and the one that it prepares', async () => {
    await call('SET', 'user', '1');
    const session = await open();
    await session.run('CLIENT TRACKING ON OPTIN', never);
    await session.run('CLIENT CACHING YES', never);
    session.complete('GET ', 4);
    assert.deepEqual(await keys(session, 'GET us'), []);
    await session.run('GET us', never);
    assert.equal(await calls('scan'), 0);
    assert.ok((await keys(session, 'GET us')).length > 0);
  });

  it('is ended by the next request and by the next command, and the connection stays', async () => {
    const session = await open();
    const first = session.completeKeys('GET us', 6, false, never);
    const second = session.completeKeys('GET u', 5, false, never);
    await assert.rejects(first, { code: 'operation.cancelled' });
    const ended = assert.rejects(second, { code: 'operation.cancelled' });
    assert.equal((await session.run('PING', never)).text, 'PONG');
    await ended;
    assert.equal(session.state, 'ready');
  });

  it('gives way to who waits behind a server that has gone silent', async () => {
    const silent = await scriptedServer(['+PONG\r\n', '']);
    const sound = await scriptedServer(['+PONG\r\n']);
    const tunnel = await FakeTunnel.to(silent.port);
    try {
      const session = await openRedisSession({ local: tunnel.local, endpoint: tunnel.local, tls: 'off' }, never);
      sessions.push(session);
      const search = assert.rejects(session.completeKeys('GET us', 6, false, never), { code: 'operation.cancelled' });
      await eventually(() => tunnel.sent.includes('SCAN'));
      tunnel.lead(sound.port);
      const impatient = new AbortController();
      const waiting = assert.rejects(session.run('PING', impatient.signal), { code: 'operation.cancelled' });
      impatient.abort();
      await Promise.all([search, waiting]);
      assert.equal((await session.run('PING', never)).text, 'PONG');
    } finally {
      for (const session of sessions.splice(0)) await session.dispose();
      for (const each of [tunnel, silent, sound]) await each.dispose();
    }
  });

  it('works without COMMAND, and stops asking once SCAN is denied', async () => {
    for (const username of USERS) {
      const session = await open({ username, password: 'x' });
      assert.equal(session.complete('GET ', 4).hint, 'key');
      assert.deepEqual(await keys(session, 'GET u'), []);
      const rejected = async (): Promise<string> => /^cmdstat_scan:.*rejected_calls=(\d+)/m.exec(textOf(await call('INFO', 'commandstats')))?.[1] ?? '0';
      const before = await rejected();
      assert.equal(before, '1', username);
      assert.deepEqual(await keys(session, 'GET us'), []);
      assert.equal(await rejected(), before);
      assert.equal((await session.run('GET nothing', never)).text, '(nil)');
      await call('CONFIG', 'RESETSTAT');
    }
  });

  it('answers HELP itself, on production too, alone and in a paste', async () => {
    const session = await open(undefined, true);
    assert.match((await session.run('HELP GET', never)).text, /^ {2}GET key\n {2}summary: /);
    await session.review(['HELP @string', 'GET a'], never);
    await session.run('HELP', never);
    assert.equal(await calls('help'), 0);
  });
});
