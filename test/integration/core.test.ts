// The whole way without the window: discovery, route, session, tunnel, real redis-server; and every way in which it can fail.
import { strict as assert } from 'node:assert';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFault, type FaultCode, isFault } from '../../src/base/fault';
import { formatLogLine, type Logger } from '../../src/base/log';
import { connectInProcess, type BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Bastion } from '../../src/model/bastion';
import { chooseBastion, makeRoute, type Route } from '../../src/model/route';
import { defaultEndpoint, type Target } from '../../src/model/target';
import type { TunnelInfo } from '../../src/model/tunnel';
import { ssmSettings } from '../../src/model/ssmSettings';
import { openRedisSession } from '../../src/redis';
import { encodeCommand, RespDecoder, type RespValue } from '../../src/wire/resp';
import { eventually } from '../fixtures/eventually';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';

const never = new AbortController().signal;
const place = { profile: 'dev', region: 'eu-central-1' };
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('from discovery to a private Redis', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  let directory: string;
  let env: Record<string, string>;
  let broker: BrokerClient;
  let log: string[];
  let trustSandbox: boolean;
  const clients: Socket[] = [];

  before(async () => {
    sandbox = await startSandbox();
    directory = await mkdtemp(join(tmpdir(), 'sallyport-core-'));
    env = { ...(await sandbox.writeAwsConfig(directory)).env };
  });

  after(async () => {
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(() => {
    log = [];
    trustSandbox = true;
    const logger: Logger = { log: (level, event, fields) => void log.push(`${level} ${formatLogLine(event, fields)}`) };
    const targetCa = async (): Promise<string | undefined> => (trustSandbox ? readFile(sandbox.caFile!, 'utf8') : undefined);
    broker = connectInProcess({ logger, targetCa, ssm: ssmSettings, env }, () => Promise.resolve(createCore));
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await broker.dispose();
    sandbox.faults.clear();
    assert.deepEqual(sandbox.sessions.activeSessions(), [], 'no session is left at the service');
    const token = /AAEAA|sandbox-auth-token|TokenValue":"(?!\[)/;
    for (const line of log) assert.ok(!token.test(line), `no secret in the log: ${line}`);
  });

  interface Inventory {
    readonly targets: Target[];
    readonly bastions: Bastion[];
    readonly faults: string[];
  }

  const discover = async (scope = place): Promise<Inventory> => {
    const found: Inventory = { targets: [], bastions: [], faults: [] };
    for await (const part of broker.inventory.discover(scope, never)) {
      if (part.kind === 'targets') found.targets.push(...part.targets);
      else if (part.kind === 'bastions') found.bastions.push(...part.bastions);
      else if (part.kind === 'fault') found.faults.push(part.fault.code);
    }
    return found;
  };
  const routeTo = async (name: string, scope = place): Promise<Route> => {
    const { targets, bastions } = await discover(scope);
    const target = targets.find((one) => one.name === name);
    assert.ok(target, `${name} was found`);
    return makeRoute(target, defaultEndpoint(target)!, chooseBastion(target, bastions));
  };
  const open = async (name: string): Promise<TunnelInfo> => broker.tunnels.start(await routeTo(name), {}, never);
  const dial = async (tunnel: TunnelInfo): Promise<Socket> => {
    const socket = connect({ ...tunnel.local, noDelay: true, allowHalfOpen: true });
    clients.push(socket);
    await once(socket, 'connect');
    // Stopping a tunnel resets its clients, which is no failure of a test.
    socket.on('error', () => {});
    return socket;
  };
  const commands = (socket: Socket): ((...args: (string | Buffer)[]) => Promise<RespValue>) => {
    const decoder = new RespDecoder();
    const waiting: ((value: RespValue) => void)[] = [];
    socket.on('data', (chunk: Buffer) => {
      for (const value of decoder.push(chunk)) waiting.shift()?.(value);
    });
    return (...args) =>
      new Promise((resolve, reject) => {
        waiting.push(resolve);
        socket.once('error', reject);
        socket.write(encodeCommand(args), () => socket.removeListener('error', reject));
      });
  };
  /** The code of the fault; proves that it reads as a sentence with a next step, and that nothing is left running. */
  const failure = async (work: Promise<unknown>): Promise<FaultCode> => {
    try {
      await work;
    } catch (error) {
      assert.ok(isFault(error), String(error));
      assert.match(error.message, /^[A-Z"].+\.$/s, 'a sentence');
      assert.ok(error.remedy?.text.endsWith('.'), `a next step: ${describeFault(error)}`);
      assert.deepEqual(await broker.tunnels.list(), []);
      await eventually(() => sandbox.sessions.activeSessions().length === 0, 'the session was terminated');
      return error.code;
    }
    return assert.fail('nothing failed');
  };

  it('finds bastions and caches, opens a tunnel, and gets PONG from a server that nobody else reaches', async () => {
    const tunnel = await open('orders-cache');
    assert.equal(tunnel.local.host, '127.0.0.1');
    assert.equal(tunnel.state.phase, 'open');
    assert.ok(tunnel.health.level === 'ok' && tunnel.health.latencyMs! > 0);
    const redis = commands(await dial(tunnel));
    assert.deepEqual(await redis('PING'), { type: 'status', text: 'PONG' });
    const [session] = sandbox.sessions.activeSessions();
    assert.equal(session?.target, sandbox.instance('shop-bastion').id);
    // Whatever resolves names here: it does not know this one.
    await assert.rejects(once(connect(tunnel.route.endpoint), 'connect'), ({ code }: NodeJS.ErrnoException) => /^(?:ENOTFOUND|EAI_AGAIN)$/.test(code ?? ''));
    await broker.tunnels.stop(tunnel.id);
    assert.deepEqual(sandbox.sessions.activeSessions(), []);
    const again = createServer().listen(tunnel.local.port, '127.0.0.1');
    await once(again, 'listening');
    again.close();
  });

  it('logs in over TLS under the real name of the endpoint, and runs commands', async () => {
    const tunnel = await open('sessions-cache');
    const { host, port } = tunnel.route.endpoint;
    const options = { local: tunnel.local, endpoint: { host, port }, tls: tunnel.route.target.tls, ca: await readFile(sandbox.caFile!, 'utf8') };
    const session = await openRedisSession({ ...options, login: { password: sandbox.world.redis.authToken } }, never);
    try {
      assert.ok((await session.ping(never)) > 0);
      assert.equal((await session.run('SET greeting "hello there"', never)).text, 'OK');
      assert.equal((await session.run('GET greeting', never)).text, '"hello there"');
    } finally {
      await session.dispose();
    }
    const wrong = openRedisSession({ ...options, login: { password: 'not-the-password' } }, never);
    await assert.rejects(wrong, { code: 'redis.wrongPassword' });
    await assert.rejects(openRedisSession(options, never), { code: 'redis.passwordNeeded' });
  });

  it('opens MemoryDB, with TLS and without, and a cache that belongs to no group', async () => {
    for (const name of ['carts-memorydb', 'scratch-memorydb', 'lonely-redis']) {
      assert.equal((await open(name)).health.level, 'ok', name);
    }
  });

  it('moves 64 MB each way through redis-server unchanged', async () => {
    const redis = commands(await dial(await open('orders-cache')));
    for (let round = 0; round < 4; round++) {
      const payload = randomBytes(16 * 1024 * 1024);
      assert.deepEqual(await redis('SET', 'bulk', payload), { type: 'status', text: 'OK' });
      const reply = await redis('GET', 'bulk');
      assert.ok(reply.type === 'bulk' && sha(reply.bytes) === sha(payload));
    }
    await redis('DEL', 'bulk');
  });

  it('serves 200 clients at once through one session, and one more for what may follow', async () => {
    const tunnel = await open('orders-cache');
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, client) => {
        const redis = commands(await dial(tunnel));
        const reply = await redis('ECHO', `client ${client}`);
        return reply.type === 'bulk' ? reply.bytes.toString() : reply.type;
      }),
    );
    assert.deepEqual(answers, answers.map((_, client) => `client ${client}`));
    assert.ok(sandbox.sessions.activeSessions().length <= 2);
  });

  it('delivers the reply to a client that has ended its own side', async () => {
    const socket = await dial(await open('orders-cache'));
    let reply = '';
    socket.on('data', (chunk) => (reply += String(chunk)));
    socket.end(Buffer.concat([encodeCommand(['ECHO', 'the last words']), encodeCommand(['QUIT'])]));
    await once(socket, 'end');
    assert.match(reply, /the last words\r\n\+OK\r\n$/);
  });

  it('closes a client when the server goes away in the middle, and keeps the tunnel for the next one', async () => {
    const tunnel = await open('orders-cache');
    const socket = await dial(tunnel);
    const other = commands(await dial(tunnel));
    const id = await commands(socket)('CLIENT', 'ID');
    assert.equal(id.type, 'integer');
    const gone = new Promise((resolve) => {
      socket.once('close', resolve).once('end', () => socket.end()).on('error', () => {});
    });
    await other('CLIENT', 'KILL', 'ID', String(id.type === 'integer' ? id.value : 0));
    await gone;
    assert.deepEqual(await other('PING'), { type: 'status', text: 'PONG' });
  });

  it('does not let a reply that was cut pass for a whole one when redis-server dies in the middle of it', async () => {
    const own = await startSandbox();
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-core-'));
    const { env: ownEnv } = await own.writeAwsConfig(folder);
    const mortal = connectInProcess({ logger: { log: () => {} }, targetCa: () => Promise.resolve(undefined), ssm: ssmSettings, env: ownEnv }, () => Promise.resolve(createCore));
    try {
      const tunnel = await mortal.tunnels.start(await routeTo('orders-cache'), {}, never);
      const redis = commands(await dial(tunnel));
      await redis('SET', 'bulk', Buffer.alloc(32 * 1024 * 1024));
      const info = await redis('INFO', 'server');
      const pid = Number(/process_id:(\d+)/.exec(info.type === 'bulk' ? info.bytes.toString() : '')?.[1]);
      assert.ok(pid > 1);
      const socket = await dial(tunnel);
      let received = 0;
      const over = new Promise((resolve) => {
        socket.once('end', resolve).once('close', resolve).on('data', (chunk: Buffer) => {
          if (received === 0) process.kill(pid, 'SIGKILL');
          received += chunk.length;
        });
      });
      socket.write(encodeCommand(['GET', 'bulk']));
      await over;
      assert.ok(received > 0 && received < 32 * 1024 * 1024, `${received} bytes`);
      const next = await dial(tunnel);
      await new Promise((resolve) => {
        next.once('close', resolve).once('end', resolve).resume();
      });
      assert.deepEqual((await mortal.tunnels.list()).map(({ id }) => id), [tunnel.id], 'the tunnel is there for the server that comes back');
    } finally {
      await mortal.dispose();
      await own.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('goes on under the same port when the session is ended at the service', async () => {
    const tunnel = await open('orders-cache');
    const [session] = sandbox.sessions.activeSessions();
    sandbox.sessions.endSession(session!.sessionId, 'Maximum session duration reached');
    await eventually(async () => (await broker.tunnels.list())[0]?.state.phase === 'open' && sandbox.sessions.activeSessions()[0]?.sessionId !== session!.sessionId && sandbox.sessions.activeSessions().length === 1, 'a new link', 10_000);
    const redis = commands(await dial(tunnel));
    assert.deepEqual(await redis('PING'), { type: 'status', text: 'PONG' });
  });

  describe('says in one sentence what is wrong, and leaves nothing running:', () => {
    it('no credentials', async () => {
      const nothing = { AWS_CONFIG_FILE: join(directory, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none'), AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'eu-central-1' };
      const poor = connectInProcess({ logger: { log: () => {} }, targetCa: () => Promise.resolve(undefined), ssm: ssmSettings, env: nothing }, () => Promise.resolve(createCore));
      try {
        assert.equal(await failure(poor.inventory.discover({ profile: 'default', region: 'eu-central-1' }, never)[Symbol.asyncIterator]().next()), 'aws.noCredentials');
      } finally {
        await poor.dispose();
      }
    });

    const atDiscovery: readonly [string, { profile: string; region: string }, FaultCode][] = [
      ['expired credentials', { profile: 'expired', region: 'eu-central-1' }, 'aws.expiredCredentials'],
      ['no region', { profile: 'noregion', region: '' }, 'aws.noRegion'],
      ['a wrong key', { profile: 'wrongkey', region: 'eu-central-1' }, 'aws.invalidKey'],
    ];
    for (const [name, scope, code] of atDiscovery) {
      it(name, async () => assert.equal(await failure(discover(scope)), code));
    }

    it('access denied: at discovery each denied API is a part of its own', async () => {
      const { faults, bastions, targets } = await discover({ profile: 'partial', region: 'eu-central-1' });
      assert.ok(bastions.length > 0 && targets.every(({ kind }) => !kind.startsWith('elasticache.')));
      assert.deepEqual(new Set(faults), new Set(['aws.accessDenied']));
    });

    it('access denied: at the session', async () => {
      const route = await routeTo('orders-cache');
      sandbox.faults.add({ service: 'ssm', action: 'StartSession', kind: 'accessDenied' });
      assert.equal(await failure(broker.tunnels.start(route, {}, never)), 'aws.accessDenied');
      assert.ok(log.some((line) => line.includes('ssm:StartSession')), 'the log names the action');
    });

    const withoutBastion: readonly [string, string, FaultCode][] = [
      ['no bastion', 'partner-cache', 'route.noBastion'],
      ['bastion stopped', 'billing-cache', 'route.bastionStopped'],
      ['bastion offline', 'reports-cache', 'route.bastionOffline'],
      ['agent too old', 'archive-cache', 'route.agentTooOld'],
      ['not managed by Systems Manager', 'lab-cache', 'route.bastionUnmanaged'],
    ];
    for (const [name, cache, code] of withoutBastion) {
      it(name, async () => assert.equal(await failure(routeTo(cache)), code));
    }

    it('bastion gone offline since it was listed', async () => {
      const route = await routeTo('orders-cache');
      const { managed } = sandbox.instance('shop-bastion');
      const { ping } = managed!;
      Object.assign(managed!, { ping: 'ConnectionLost' });
      try {
        assert.equal(await failure(broker.tunnels.start(route, {}, never)), 'ssm.targetNotConnected');
      } finally {
        Object.assign(managed!, { ping });
      }
    });

    it('port taken', async () => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      try {
        const localPort = (holder.address() as { port: number }).port;
        assert.equal(await failure(broker.tunnels.start(await routeTo('orders-cache'), { localPort }, never)), 'tunnel.portTaken');
      } finally {
        holder.close();
      }
    });

    const unreachable: readonly [string, string, FaultCode][] = [
      ['cache refuses the connection', 'closed-cache', 'ssm.connectFailed'],
      ['cache does not answer', 'dark-cache', 'target.unreachable'],
      ['certificate for another name', 'legacy-cache', 'target.tlsNameMismatch'],
    ];
    for (const [name, cache, code] of unreachable) {
      it(name, async () => assert.equal(await failure(open(cache)), code));
    }

    it('certificate of an authority that is not trusted', async () => {
      trustSandbox = false;
      assert.equal(await failure(open('sessions-cache')), 'target.tlsUntrusted');
    });

    it('a start that is cancelled while the session is being started', async () => {
      const route = await routeTo('orders-cache');
      sandbox.faults.add({ service: 'ssm', action: 'StartSession', kind: 'latency', latencyMs: 300 });
      const abort = new AbortController();
      const starting = broker.tunnels.start(route, {}, abort.signal);
      await eventually(async () => (await broker.tunnels.list()).length === 1, 'it has begun');
      abort.abort();
      await assert.rejects(starting, { code: 'operation.cancelled' });
      assert.deepEqual(await broker.tunnels.list(), []);
    });
  });

  it('leaves no socket, timer or other handle of ours behind', async () => {
    const idle = (): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
      return counts;
    };
    // The test's own time-out is armed once its function has returned a promise.
    await Promise.resolve();
    const before = idle();
    const tunnel = await open('orders-cache');
    await commands(await dial(tunnel))('PING');
    for (const client of clients.splice(0)) client.destroy();
    await broker.dispose();
    await eventually(() => {
      const now = idle();
      return ['Timeout', 'Immediate', 'TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'FSReqPromise'].every((name) => (now[name] ?? 0) <= (before[name] ?? 0));
    }, `back to ${JSON.stringify(before)}`);
  });
});
