import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { type Fault, isFault } from '../../src/base/fault';
import { sessionOpener } from '../../src/redis/session';
import { openRedisSession, pingOnce } from '../../src/redis/index';
import type { RedisSession, RedisSessionOptions, RedisSessionState } from '../../src/redis/types';
import { type Servers, startServers } from '../sandbox/servers';
import { startRedis } from '../sandbox/servers/redis';
import { FakeTunnel, scriptedServer } from './redisTunnel';
import { replyText } from './replyText';
import { eventually } from '../fixtures/eventually';

const NAME = 'cache.sandbox.internal';
const PASSWORD = 'Sup3r-s3cret!';
const never = new AbortController().signal;

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (error) {
    assert.ok(isFault(error), inspect(error));
    assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(PASSWORD), 'the password is in the error');
    assert.ok(error.message.length > 10 && error.message.length < 400, error.message);
    return error;
  }
  throw new Error('no fault');
}

describe('Redis session', () => {
  let servers: Servers;
  let ca: string;
  const tunnels: FakeTunnel[] = [];
  const sessions: RedisSession[] = [];

  before(async function () {
    this.timeout(60_000);
    servers = await startServers({
      tlsNames: [NAME],
      password: PASSWORD,
      users: [
        { name: 'noping', password: PASSWORD, rules: '~* +get +set +acl' },
        { name: 'reader', password: PASSWORD, rules: '~* +@read +ping' },
      ],
    });
    ca = await readFile(servers.caFile, 'utf8');
  });
  after(() => servers?.stop());
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
    for (const tunnel of tunnels.splice(0)) {
      await eventually(() => tunnel.clients === 0, 'every connection is closed after dispose', 10_000);
      await tunnel.dispose();
    }
  });

  async function tunnelTo(port: number): Promise<FakeTunnel> {
    const tunnel = await FakeTunnel.to(port);
    tunnels.push(tunnel);
    return tunnel;
  }

  async function optionsFor(port: number, more: Partial<RedisSessionOptions> = {}): Promise<RedisSessionOptions> {
    const { local } = await tunnelTo(port);
    return { local, endpoint: { host: NAME, port: 6379 }, tls: 'off', ...more };
  }

  async function open(options: RedisSessionOptions, opener = openRedisSession): Promise<RedisSession> {
    const session = await opener(options, never);
    sessions.push(session);
    return session;
  }

  const run = async (session: RedisSession, line: string): Promise<string> => replyText(await session.run(line, never));

  const tlsOptions = (more: Partial<RedisSessionOptions> = {}): Promise<RedisSessionOptions> =>
    optionsFor(servers.tls.port, { tls: 'required', ca, login: { password: PASSWORD }, ...more });

  describe('opening', () => {
    it('connects in TLS under the name of the endpoint and logs in', async () => {
      const session = await open(await tlsOptions());
      assert.equal(session.state, 'ready');
      assert.equal(session.prompt, `${NAME}:6379`);
      assert.equal(await run(session, 'PING'), 'PONG');
      assert.ok((await session.ping(never)) > 0);
    });

    it('uses TLS where it is preferred', async () => {
      await open(await tlsOptions({ tls: 'preferred' }));
      assert.ok(!tunnels[0]!.sent.includes('PING'));
    });

    it('asks for a password', async () => {
      const { login: _, ...anonymous } = await tlsOptions();
      const fault = await faultOf(openRedisSession(anonymous, never));
      assert.equal(fault.code, 'redis.passwordNeeded');
      assert.equal(fault.remedy?.action, 'enterPassword');
    });

    it('says that the password is wrong, without repeating it', async () => {
      const fault = await faultOf(openRedisSession(await tlsOptions({ login: { password: `not-${PASSWORD}` } }), never));
      assert.equal(fault.code, 'redis.wrongPassword');
      assert.equal(fault.retryable, false);
      const user = await faultOf(openRedisSession(await tlsOptions({ login: { username: 'nobody', password: PASSWORD } }), never));
      assert.equal(user.code, 'redis.wrongPassword');
    });

    it('goes on when the server needs no password', async () => {
      const session = await open(await optionsFor(servers.plain.port, { login: { password: PASSWORD } }));
      assert.equal(await run(session, 'PING'), 'PONG');
    });

    it('refuses a certificate for another name', async () => {
      const fault = await faultOf(openRedisSession(await optionsFor(servers.wrongName.port, { tls: 'required', ca }), never));
      assert.equal(fault.code, 'redis.tlsNameMismatch');
      assert.ok(fault.message.includes(NAME));
    });

    it('refuses a certificate of an authority that it does not know, and names the setting', async () => {
      const { ca: _, ...without } = await tlsOptions();
      const fault = await faultOf(openRedisSession(without, never));
      assert.equal(fault.code, 'redis.tlsUntrusted');
      assert.match(fault.remedy?.text ?? '', /sallyport\.tls\.caFile/);
    });

    it('says that the extra certificates are none', async () => {
      const broken = '-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n';
      assert.equal((await faultOf(openRedisSession(await tlsOptions({ ca: broken }), never))).code, 'redis.tlsUntrusted');
    });

    it('recognises a server that wants TLS', async () => {
      const fault = await faultOf(openRedisSession(await tlsOptions({ tls: 'off' }), never));
      assert.equal(fault.code, 'redis.tlsRequired');
    });

    it('recognises a server without TLS', async () => {
      const open = sessionOpener({ openTimeoutMs: 300 });
      const fault = await faultOf(open(await optionsFor(servers.plain.port, { tls: 'required', ca }), never));
      assert.ok(['redis.tlsNotOffered', 'redis.unreachable'].includes(fault.code), fault.code);
    });

    it('says that nothing listens', async () => {
      const tunnel = await FakeTunnel.to(1);
      const { local } = tunnel;
      await tunnel.dispose();
      const fault = await faultOf(openRedisSession({ local, endpoint: local, tls: 'off' }, never));
      assert.equal(fault.code, 'redis.unreachable');
      assert.equal(fault.retryable, true);
    });

    it('says that the far side closes without an answer', async () => {
      const closing = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => {
        closing.listen(0, '127.0.0.1', resolve);
      });
      const { port } = closing.address() as { port: number };
      try {
        for (const tls of ['off', 'required'] as const) {
          assert.equal((await faultOf(openRedisSession(await optionsFor(port, { tls }), never))).code, 'redis.unreachable');
        }
      } finally {
        closing.close();
      }
    });

    it('gives up on a server that never answers', async () => {
      const silent = await scriptedServer(['']);
      try {
        const fault = await faultOf(sessionOpener({ openTimeoutMs: 200 })(await optionsFor(silent.port, { tls: 'required' }), never));
        assert.equal(fault.code, 'redis.unreachable');
        assert.match(fault.message, /did not answer in TLS within 0.2 s/);
      } finally {
        await silent.dispose();
      }
    });

    it('can be cancelled', async () => {
      const silent = await scriptedServer(['']);
      try {
        for (const tls of ['off', 'required'] as const) {
          const abort = new AbortController();
          const options = await optionsFor(silent.port, { tls });
          const fault = faultOf(openRedisSession(options, abort.signal));
          await eventually(() => tunnels.at(-1)!.clients === 1, 'the connection is made', 10_000);
          abort.abort();
          assert.equal((await fault).code, 'operation.cancelled');
        }
      } finally {
        await silent.dispose();
      }
    });

    it('sends a restricted user nothing but AUTH and PING', async () => {
      const session = await open(await optionsFor(servers.plain.port, { login: { username: 'noping', password: PASSWORD } }));
      const names = [...tunnels[0]!.sent.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)].map((match) => match[1]);
      assert.deepEqual(names, ['AUTH', 'PING']);
      assert.equal(await run(session, 'GET none'), '(nil)');
      assert.equal((await faultOf(session.ping(never))).code, 'redis.noPermission');
      assert.match(await run(session, 'INFO'), /^NOPERM /);
    });

    it('explains a server that is full, and one in protected mode', async () => {
      const replies = { 'redis.unreachable': ['-ERR max number of clients reached\r\n', '-DENIED Redis is running in protected mode\r\n'], 'redis.passwordNeeded': ['-NOAUTH no\r\n'] };
      for (const [code, texts] of Object.entries(replies)) {
        for (const text of texts) {
          const server = await scriptedServer([text]);
          assert.equal((await faultOf(openRedisSession(await optionsFor(server.port), never))).code, code, text);
          await server.dispose();
        }
      }
    });

    it('takes the password out of what a server echoes', async () => {
      const server = await scriptedServer([`-ERR I do not like ${PASSWORD}\r\n`]);
      const fault = await faultOf(openRedisSession(await optionsFor(server.port, { login: { password: PASSWORD } }), never));
      assert.equal(fault.code, 'redis.refused');
      await server.dispose();
    });

    it('pings once and leaves nothing', async () => {
      const options = await tlsOptions();
      assert.ok((await pingOnce(options, never)) > 0);
      await eventually(() => tunnels[0]!.clients === 0, 'the connection is closed', 10_000);
      assert.equal((await faultOf(pingOnce({ ...options, login: { password: 'x' } }, never))).code, 'redis.wrongPassword');
    });
  });

  describe('running', () => {
    let session: RedisSession;
    let tunnel: FakeTunnel;
    let states: RedisSessionState[];

    beforeEach(async () => {
      session = await open(await optionsFor(servers.plain.port));
      tunnel = tunnels[0]!;
      states = [];
      session.onDidChangeState((state) => states.push(state));
      await run(session, 'FLUSHALL');
    });

    it('sends arguments as bytes and never rewrites them', async () => {
      await run(session, String.raw`SET "\xff\x00" "\r\n\xfe"`);
      assert.equal(await run(session, String.raw`GET "\xff\x00"`), String.raw`"\r\n\xfe"`);
      assert.match(await run(session, String.raw`hset h "\xff"`), /wrong number of arguments/);
      assert.match(await run(session, String.raw`mset "\xff"`), /wrong number of arguments/);
      assert.equal(await run(session, 'EXISTS h'), '(integer) 0');
    });

    it('tells errors of the server from its own', async () => {
      assert.equal((await session.run('NOSUCH', never)).kind, 'error');
      assert.equal((await session.run('PING', never)).kind, 'value');
      assert.equal((await faultOf(session.run('GET "a', never))).code, 'redis.syntax');
      assert.equal((await faultOf(session.run('subscribe a', never))).code, 'redis.unsupported');
      assert.deepEqual(await session.run('  ', never), { kind: 'value', text: '', large: false, truncated: false, ending: 'whole', elapsedMs: 0 });
      assert.equal(await run(session, 'PING'), 'PONG');
    });

    it('answers commands that are asked for at once in their order', async () => {
      const texts = await Promise.all(['ECHO 1', 'SET a 1', 'INCR a', 'ECHO 4'].map((line) => run(session, line)));
      assert.deepEqual(texts, ['"1"', 'OK', '(integer) 2', '"4"']);
    });

    it('shows the database and the transaction at the prompt', async () => {
      await run(session, 'SELECT 2');
      assert.equal(session.prompt, `${NAME}:6379[2]`);
      await run(session, 'MULTI');
      assert.equal(session.prompt, `${NAME}:6379[2](TX)`);
      assert.equal((await faultOf(session.ping(never))).code, 'redis.busy');
      await run(session, 'SET a 1');
      assert.equal(await run(session, 'EXEC'), '1) OK');
      assert.equal(session.prompt, `${NAME}:6379[2]`);
    });

    it('cuts a huge reply and stays in step', async () => {
      const small = await open(await optionsFor(servers.plain.port), sessionOpener({ maxChars: 1024 * 1024 }));
      const reply = await small.run('EVAL "local t={} for i=1,300000 do t[i]=i end return t" 0', never);
      assert.equal(reply.truncated, true);
      const text = await replyText(reply);
      assert.ok(text.length <= 1024 * 1024 && text.length > 1_000_000);
      assert.ok(text.startsWith('     1) (integer) 1\n'));
      assert.equal(await run(small, 'PING'), 'PONG');
      const value = await small.run(`EVAL "return string.rep('x', 5000000)" 0`, never);
      assert.equal(value.truncated, true);
      assert.equal(await run(small, 'PING'), 'PONG');
    });

    it('connects again after a loss, to the same database, and runs nothing twice', async () => {
      await run(session, 'SELECT 5');
      await run(session, 'SET counter 1');
      const blocked = faultOf(session.run('BLPOP nothing 0', never));
      await eventually(async () => tunnel.sent.includes('BLPOP'), 'the server has it', 10_000);
      tunnel.cut();
      assert.equal((await blocked).code, 'redis.connectionLost');
      await eventually(() => session.state === 'lost', 'the loss is told', 10_000);
      assert.equal(await run(session, 'INCR counter'), '(integer) 2');
      assert.equal(session.prompt, `${NAME}:6379[5]`);
      assert.deepEqual(states, ['lost', 'ready']);
    });

    it('forgets a transaction with its connection', async () => {
      await run(session, 'MULTI');
      tunnel.cut();
      await eventually(() => session.state === 'lost', 'the loss is told', 10_000);
      assert.equal(session.prompt, `${NAME}:6379`);
      assert.equal(await run(session, 'EXEC'), '(error) ERR EXEC without MULTI');
    });

    it('speaks RESP3 again after a loss', async () => {
      await run(session, 'HELLO 3');
      await run(session, 'HSET h a 1');
      tunnel.cut();
      await eventually(() => session.state === 'lost', 'the loss is told', 10_000);
      assert.equal(await run(session, 'HGETALL h'), '1# "a" => "1"');
    });

    it('survives QUIT, CLIENT KILL and RESET', async () => {
      assert.equal(await run(session, 'QUIT'), 'OK');
      await eventually(() => session.state === 'lost', 'the server has closed', 10_000);
      assert.equal(await run(session, 'PING'), 'PONG');
      assert.equal(await run(session, 'CLIENT KILL TYPE normal SKIPME no'), '(integer) 1');
      await eventually(() => session.state === 'lost', 'the server has closed', 10_000);
      assert.equal(await run(session, 'RESET'), 'RESET');
      assert.equal(await run(session, 'PING'), 'PONG');
    });

    it('cancels a blocking command and is ready for the next', async () => {
      const abort = new AbortController();
      const blocked = faultOf(session.run('BLPOP nothing 0', abort.signal));
      await eventually(async () => tunnel.sent.includes('BLPOP'), 'the server has it', 10_000);
      abort.abort();
      assert.equal((await blocked).code, 'operation.cancelled');
      await eventually(() => session.state === 'ready', 'it is connected again by itself', 10_000);
      assert.deepEqual(states, ['lost', 'ready']);
      await eventually(async () => (await run(session, 'INFO clients')).includes('blocked_clients:0'), 'the server waits for nobody', 10_000);
    });

    it('cancels what waits behind another command without touching that', async () => {
      const abort = new AbortController();
      const first = run(session, 'BLPOP q 0');
      const second = faultOf(session.run('PING', abort.signal));
      abort.abort();
      assert.equal((await second).code, 'operation.cancelled');
      const other = await open(await optionsFor(servers.plain.port));
      await run(other, 'RPUSH q x');
      assert.equal(await first, '1) "q"\n2) "x"');
      assert.deepEqual(states, []);
    });

    it('closes for good', async () => {
      const blocked = faultOf(session.run('BLPOP nothing 0', never));
      await eventually(async () => tunnel.sent.includes('BLPOP'), 'the server has it', 10_000);
      await session.dispose();
      assert.equal((await blocked).code, 'redis.connectionLost');
      assert.equal((await faultOf(session.run('PING', never))).code, 'redis.closed');
      assert.deepEqual(states, ['closed']);
      await session.dispose();
    });
  });

  it('uses a login that was typed when it connects again', async () => {
    const session = await open(await optionsFor(servers.plain.port));
    const [tunnel] = tunnels;
    assert.equal(await run(session, `AUTH reader ${PASSWORD}`), 'OK');
    tunnel!.cut();
    await eventually(() => session.state === 'lost', 'the loss is told', 10_000);
    assert.match(await run(session, 'SET a 1'), /NOPERM/);
  });

  it('tells the death of the server, and tries again with each command', async () => {
    const server = await startRedis();
    const session = await open(await optionsFor(server.port));
    const blocked = faultOf(session.run('BLPOP nothing 0', never));
    await eventually(async () => tunnels[0]!.sent.includes('BLPOP'), 'the server has it', 10_000);
    await server.stop();
    assert.equal((await blocked).code, 'redis.connectionLost');
    assert.equal((await faultOf(session.run('PING', never))).code, 'redis.unreachable');
    assert.equal(session.state, 'lost');
    tunnels[0]!.lead(servers.plain.port);
    assert.equal(await run(session, 'PING'), 'PONG');
    assert.equal(session.state, 'ready');
  });

  it('drops a server that breaks the protocol or announces too much, with a clear sentence', async () => {
    const endless = ['*', '%', '~', '>', '|'].map((mark) => `${mark}4611686018427387904\r\n`);
    for (const hostile of [...endless, '$99999999999\r\n', 'HTTP/1.1 400\r\n', '*1\r\n'.repeat(100)]) {
      const server = await scriptedServer(['+PONG\r\n', hostile]);
      const session = await open(await optionsFor(server.port));
      const fault = await faultOf(session.run('GET a', never));
      assert.equal(fault.code, 'redis.connectionLost');
      assert.match(fault.message, /The server (sent|announced)/);
      await session.dispose();
      await server.dispose();
    }
  });

  it('reads past attributes, which JSON has, and tells pushes beside the reply', async () => {
    const server = await scriptedServer(['+PONG\r\n', '>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n|1\r\n+ttl\r\n:3600\r\n$5\r\nvalue\r\n', ':7\r\n']);
    const session = await open(await optionsFor(server.port));
    const described = await session.run('GET a', never);
    assert.equal(described.text, '"value"\n-> invalidate: \'k\'');
    const json = (await described.reply?.look('json', never))?.source.slice(0, 99, 1000).text ?? '';
    assert.deepEqual(JSON.parse(json), { attributes: { ttl: 3600 }, value: 'value' });
    assert.equal(await run(session, 'INCR a'), '(integer) 7');
    await session.dispose();
    await server.dispose();
  });

  describe('several commands in one turn', () => {
    it('are answered in their order, and nothing comes between', async () => {
      const session = await open(await optionsFor(servers.plain.port));
      let between: Promise<string> | undefined;
      const words = await session.turn(async (turn) => {
        await turn.all([['DEL', 'turn'], ['WATCH', 'turn']]);
        between = run(session, 'SET turn theirs');
        const replies = await turn.all([['MULTI'], ['SET', 'turn', 'mine'], ['GET', 'turn'], ['EXEC']]);
        const exec = replies.at(-1);
        return exec?.type === 'array' ? exec.items.map((item) => (item.type === 'bulk' ? item.bytes.toString() : item.type)) : exec?.type;
      }, never);
      assert.deepEqual(words, ['status', 'mine']);
      assert.equal(await between, 'OK');
      assert.equal(await run(session, 'GET turn'), '"theirs"');
      assert.equal(session.prompt.includes('(TX)'), false);
    });

    it('are refused inside a transaction that was typed', async () => {
      const session = await open(await optionsFor(servers.plain.port));
      await run(session, 'MULTI');
      assert.equal((await faultOf(session.turn((turn) => turn.all([['GET', 'a']]), never))).code, 'redis.busy');
      assert.equal(await run(session, 'DISCARD'), 'OK');
    });

    it('end the connection when they are cancelled, and the next command has another', async () => {
      const session = await open(await optionsFor(servers.plain.port));
      const abort = new AbortController();
      const waiting = faultOf(session.turn((turn) => turn.all([['PING'], ['BLPOP', 'turn-nobody', '0']]), abort.signal));
      await eventually(() => tunnels.at(-1)!.sent.includes('turn-nobody'), 'it was sent');
      abort.abort();
      assert.equal((await waiting).code, 'operation.cancelled');
      assert.equal(await run(session, 'PING'), 'PONG');
    });

    it('do not go on over another connection', async () => {
      const session = await open(await optionsFor(servers.plain.port));
      const fault = await faultOf(session.turn(async (turn) => {
        await turn.all([['WATCH', 'turn']]);
        tunnels.at(-1)!.cut();
        return turn.all([['MULTI'], ['SET', 'turn', 'unwatched'], ['EXEC']]);
      }, never));
      assert.equal(fault.code, 'redis.connectionLost');
      assert.notEqual(await run(session, 'GET turn'), '"unwatched"');
    });
  });
});
