import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import { engine, openRedisSession } from '../../src/redis/index';
import { ReplyShelf, SHELF_BYTES } from '../../src/redis/replies/replyShelf';
import { sessionOpener } from '../../src/redis/session';
import type { RedisSession, RedisSessionState } from '../../src/redis/types';
import { ConsolePulse } from '../../src/vscode/console/pulse';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { eventually } from '../fixtures/eventually';
import { NO_HELLO } from './liveRig';
import { FakeTunnel } from './redisTunnel';
import { replyText } from './replyText';

const NAME = 'cache.internal';
const LONG_MS = 20_000;
const MEGABYTE = 1024 * 1024;
const never = new AbortController().signal;

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    assert.ok(isFault(error), String(error));
    return error.code;
  }
}

const run = async (session: RedisSession, line: string): Promise<string> => replyText(await session.run(line, never));

/** The words of what a client has sent, command by command. */
const commandsIn = (sent: string): string[] =>
  sent
    .split(/\*\d+\r\n/)
    .slice(1)
    .map((command) => command.split('\r\n').filter((part) => part !== '' && !part.startsWith('$')).join(' '));

describe('A console on an awkward server', function () {
  this.timeout(60_000);
  let tunnel: FakeTunnel;
  const servers: RedisServer[] = [];
  const sessions: RedisSession[] = [];

  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
    await tunnel?.dispose();
    for (const server of servers.splice(0)) await server.stop();
  });

  async function started(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
    const server = await startRedis(options);
    servers.push(server);
    return server;
  }

  async function open(server: { readonly port: number }): Promise<RedisSession> {
    tunnel = await FakeTunnel.to(server.port);
    const session = await openRedisSession({ local: tunnel.local, endpoint: { host: NAME, port: 6379 }, tls: 'off' }, never);
    sessions.push(session);
    return session;
  }

  it('tells what a server that tracks keys says between two commands', async () => {
    const server = await started();
    const session = await open(server);
    await run(session, 'HELLO 3');
    await run(session, 'CLIENT TRACKING ON');
    await run(session, 'GET watched');
    const other = await openRedisSession({ local: { host: server.host, port: server.port }, endpoint: { host: NAME, port: 6379 }, tls: 'off' }, never);
    sessions.push(other);
    await run(other, 'SET watched 1');
    const told: string[] = [];
    await eventually(async () => told[told.push(await run(session, 'PING')) - 1] !== 'PONG');
    assert.deepEqual(told.at(-1)?.split('\n').toSorted(), ["-> invalidate: 'watched'", 'PONG']);
    assert.equal(await run(session, 'PING'), 'PONG');
  });

  describe('that is slow', () => {
    const LINE = 'LRANGE list 0 -1';
    const EXPECTED = Array.from({ length: 50_000 }, (_, index) => `${String(index + 1).padStart(5)}) "element:${index + 1}"`).join('\n');
    let server: RedisServer;
    let session: RedisSession;

    // A process that is stopped takes connections and commands, and answers none until it goes on.
    const freeze = (): boolean => process.kill(server.pid, 'SIGSTOP');
    const thaw = (): boolean => process.kill(server.pid, 'SIGCONT');
    const sentBy = (words: string): Promise<unknown> => eventually(() => tunnel.sent.includes(words), `${words} was sent`, LONG_MS);

    beforeEach(async () => {
      server = await started();
      session = await open(server);
      await run(session, `EVAL "for i=1,50000 do redis.call('RPUSH',KEYS[1],'element:'..i) end" 1 list`);
    });

    it('shows the whole of a reply that is late', async () => {
      freeze();
      let answered = false;
      const reply = session.run(LINE, never).finally(() => (answered = true));
      await sentBy('LRANGE');
      const next = run(session, 'PING');
      assert.equal(answered, false);
      thaw();
      const { ending, truncated } = await reply;
      assert.deepEqual({ ending, truncated }, { ending: 'whole', truncated: false });
      assert.equal(await replyText(await reply), EXPECTED);
      assert.equal(await next, 'PONG');
    });

    it('shows the whole of a reply that comes to a standstill in its middle', async () => {
      const big = `EVAL "local t={} for i=1,300000 do t[i]='element:'..i end return t" 0`;
      let frozen = false;
      const reply = session.run(big, never, () => {
        if (!frozen) freeze();
        frozen = true;
      });
      await eventually(() => frozen, 'some of it has come', LONG_MS);
      thaw();
      const { reply: kept, truncated, ending } = await reply;
      assert.deepEqual([kept?.rows, truncated, ending], [300_000, false, 'whole']);
    });

    it('can be left while it waits, and again while the next connection waits', async () => {
      const states: RedisSessionState[] = [];
      session.onDidChangeState((state) => states.push(state));
      freeze();
      for (const line of [LINE, 'PING']) {
        const abort = new AbortController();
        const waiting = codeOf(session.run(line, abort.signal));
        if (line === LINE) await sentBy('LRANGE');
        abort.abort();
        assert.equal(await waiting, 'operation.cancelled');
      }
      assert.deepEqual(states, ['lost']);
      const next = run(session, LINE);
      thaw();
      assert.equal(await next, EXPECTED);
      assert.deepEqual(states, ['lost', 'ready']);
      await eventually(() => tunnel.clients === 1, 'nothing is left of the first connection', LONG_MS);
    });

    it('is not asked for more and more meanwhile: no completion and no latency piles up', async () => {
      assert.equal((await session.completeKeys('GET li', 6, false, never)).length, 1);
      const before = tunnel.sent.length;
      const pulse = new ConsolePulse({ clock: systemClock, everyMs: () => 1, ping: () => session.ping(never), post: () => {} });
      freeze();
      const reply = run(session, 'LLEN list');
      await sentBy('LLEN');
      pulse.begin();
      const typed: Promise<string>[] = [];
      for (let key = 0; key < 30; key++) {
        session.complete('GET li', 6);
        typed.push(codeOf(session.completeKeys('GET li', 6, false, never)));
      }
      // All of them but the last are over without an answer.
      assert.deepEqual(new Set(await Promise.all(typed.slice(0, -1))), new Set(['operation.cancelled']));
      assert.deepEqual(commandsIn(tunnel.sent.slice(before)), ['LLEN list']);
      pulse.end();
      thaw();
      assert.equal(await reply, '(integer) 50000');
      assert.equal(await typed.at(-1), 'none');
      assert.equal(await run(session, 'ECHO end'), '"end"');
      const sent = commandsIn(tunnel.sent.slice(before));
      // Each connection is asked once for the documentation.
      assert.deepEqual(sent.map((command) => String(command.split(' ')[0])).toSorted(), ['COMMAND', 'ECHO', 'LLEN', 'PING', 'SCAN'], sent.join(', '));
    });
  });

  describe('that speaks RESP2 alone', () => {
    it('runs commands, and shows what HELLO is answered', async () => {
      const session = await open(await started({ renamed: NO_HELLO }));
      assert.match(await run(session, 'HELLO 3'), /^\(error\) ERR unknown command/);
      assert.equal(await run(session, 'HSET h a 1'), '(integer) 1');
      assert.equal(await run(session, 'HGETALL h'), '1) "a"\n2) "1"');
      tunnel.cut();
      await eventually(() => session.state === 'lost', 'the loss is told', LONG_MS);
      assert.equal(await run(session, 'HGETALL h'), '1) "a"\n2) "1"');
    });

    it('has its keys listed and read, of every type', async () => {
      const session = await open(await started({ renamed: NO_HELLO }));
      for (const line of ['SET string value', 'HSET hash a 1', 'RPUSH list x y', 'SADD set m', 'ZADD zset 1.5 m', 'XADD stream 1-0 a 1']) await run(session, line);
      const browser = engine.browseKeys(session);
      assert.equal((await browser.overview(never)).databases.length > 0, true);
      const search = browser.scan({ pattern: '*', kind: null });
      while (!search.complete) await search.more(never, never);
      const names = [...search.names].toSorted();
      assert.deepEqual(names, ['hash', 'list', 'set', 'stream', 'string', 'zset']);
      const facts = await browser.facts(names, never);
      assert.deepEqual(facts.map(({ name, type }) => `${name}:${type}`), names.map((name) => `${name}:${name}`));
      const texts: string[] = [];
      for (const name of names) texts.push(JSON.stringify(await browser.open(name).read('first', never)));
      for (const [index, words] of [['"a"', '"1"'], ['"x"', '"y"'], ['"m"'], ['1-0'], ['value'], ['1.5']].entries()) {
        for (const word of words) assert.ok(texts[index]?.includes(word), `${names[index]}: ${texts[index]}`);
      }
    });
  });

  it('comes back after the server was started anew on the same port, with its database and its protocol, and says both', async () => {
    const first = await started();
    const session = await open(first);
    const states: RedisSessionState[] = [];
    session.onDidChangeState((state) => states.push(state));
    await run(session, 'SELECT 3');
    await run(session, 'HELLO 3');
    await run(session, 'SET a before');
    await first.stop();
    await eventually(() => session.state === 'lost', 'the loss is told', LONG_MS);
    assert.equal(await codeOf(session.run('GET a', never)), 'redis.unreachable');
    const second = await started({ port: first.port });
    assert.notEqual(second.pid, first.pid);
    assert.equal(await run(session, 'HSET h a 1'), '(integer) 1');
    assert.deepEqual(states, ['lost', 'ready']);
    assert.equal(session.prompt, `${NAME}:6379[3]`);
    assert.equal(await run(session, 'HGETALL h'), '1# "a" => "1"');
    assert.match(await run(session, 'INFO keyspace'), /db3:keys=1/);
  });

  describe('that announces half a gigabyte', () => {
    const SIZE = 512 * MEGABYTE;
    // Of a text of 48 MB as it grows, and of what is read and not collected yet; the string itself would be twice as much.
    const MAX_GROWTH = 256 * MEGABYTE;

    /** Answers the first command, a PING, and then every one with a string of that size, in pieces, as fast as they are taken. */
    async function generous(): Promise<{ port: number; stop: () => Promise<void> }> {
      const piece = Buffer.alloc(MEGABYTE, 'x');
      let greeted = false;
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', () => {
          socket.write(greeted ? `$${SIZE}\r\n` : '+PONG\r\n');
          if (greeted) void pour();
          greeted = true;
        });
        const pour = async (): Promise<void> => {
          for (let at = 0; at < SIZE && !socket.destroyed; at += piece.length) {
            await new Promise((resolve) => {
              socket.write(piece, resolve);
            });
          }
          socket.write('\r\n');
        };
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const stop = async (): Promise<void> => {
        server.close();
        await once(server, 'close');
      };
      return { port: (server.address() as AddressInfo).port, stop };
    }

    it('is read to the end in bounded memory, cut, and says so', async () => {
      const server = await generous();
      const shelf = new ReplyShelf();
      const local = { host: '127.0.0.1', port: server.port };
      const session = await sessionOpener({ shelf })({ local, endpoint: local, tls: 'off' }, never);
      const used = (): number => {
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        return heapUsed + arrayBuffers;
      };
      const before = used();
      let peak = 0;
      const timer = setInterval(() => (peak = Math.max(peak, used())), 5);
      try {
        const reply = await session.run('GET huge', never);
        assert.deepEqual([reply.truncated, reply.ending, reply.large], [true, 'whole', true]);
        const text = (await reply.reply?.look('text', never))?.source;
        assert.ok(text && text.bytes <= 48 * MEGABYTE && text.truncated);
        assert.ok(shelf.bytes <= SHELF_BYTES, String(shelf.bytes));
        // As data there is a megabyte of it.
        const value = await session.call(['GET', 'huge'], never);
        assert.ok(value.type === 'bulk' && value.bytes.length <= MEGABYTE && value.bytes.length + value.omitted === SIZE);
        assert.ok(peak > 0 && peak - before < MAX_GROWTH, `${Math.round((peak - before) / MEGABYTE)} MB more`);
      } finally {
        clearInterval(timer);
        await session.dispose();
        await server.stop();
      }
    });
  });
});
