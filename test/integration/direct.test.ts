// Without a bastion: a core and a real redis-server, straight and through a proxy that stands for the internet.
import { strict as assert } from 'node:assert';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFault } from '../../src/base/fault';
import { formatLogLine } from '../../src/base/log';
import { connectInProcess, type BrokerClient } from '../../src/broker/client';
import { createCore } from '../../src/broker/core';
import type { Bastion } from '../../src/model/bastion';
import type { Endpoint } from '../../src/model/endpoint';
import { type DirectRoute, goesDirectly, makeDirectRoute, makeRoute, type TargetRef } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import { defaultEndpoint, type Target } from '../../src/model/target';
import type { TunnelInfo } from '../../src/model/tunnel';
import { eventually } from '../fixtures/eventually';
import { isAlive } from '../fixtures/isAlive';
import { tcpServer, type TcpServer } from '../fixtures/tcpServer';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { startProxy, type SandboxProxy } from '../sandbox/servers/proxy';
import { startRedis, type RedisServer } from '../sandbox/servers/redis';
import { brokerRig, RawRedis } from './brokerRig';

const never = new AbortController().signal;
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const PAYLOAD = randomBytes(16 * 1024 * 1024);

describe('a tunnel without a bastion', function () {
  this.timeout(30_000);
  let log: string[];
  const closers: (() => Promise<unknown>)[] = [];

  beforeEach(() => (log = []));
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  function core(env: NodeJS.ProcessEnv = {}, targetCa?: () => Promise<string>): BrokerClient {
    const logger = { log: (level: string, event: string, fields?: object) => void log.push(`${level} ${formatLogLine(event, { ...fields })}`) };
    const client = connectInProcess({ logger, targetCa: targetCa ?? (() => Promise.resolve(undefined)), ssm: ssmSettings, env }, () => Promise.resolve(createCore));
    closers.push(() => client.dispose());
    return client;
  }

  const redis = async (options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> => {
    const server = await startRedis(options);
    closers.push(() => server.stop());
    return server;
  };
  const serve = async (onConnection: (socket: Socket) => void): Promise<TcpServer> => {
    const server = await tcpServer(onConnection);
    closers.push(() => server.close());
    return server;
  };
  const routeTo = ({ host, port }: Endpoint, change: Partial<TargetRef> = {}): DirectRoute => ({
    target: { id: `custom:${host}:${port}`, name: 'open', engine: 'redis', tls: 'off', auth: 'none', ...change },
    endpoint: { host, port },
    method: 'direct',
    place: { profile: '', region: '', accountId: '' },
  });
  /** A service that speaks no protocol: the connection alone counts. */
  const anyService = { engine: 'unknown' };

  async function roundTrip(tunnel: TunnelInfo): Promise<void> {
    const client = await RawRedis.to(tunnel.local.port);
    closers.push(async () => void client.socket.destroy());
    const set = await client.run('SET', 'payload', PAYLOAD);
    assert.deepEqual([set.type, 'text' in set && set.text], ['status', 'OK']);
    const got = await client.run('GET', 'payload');
    assert.ok(got.type === 'bulk');
    assert.equal(sha(got.bytes), sha(PAYLOAD));
  }

  it('carries 16 MB both ways unchanged, on a port of its own, with the health of a round trip', async () => {
    const broker = core();
    const tunnel = await broker.tunnels.start(routeTo(await redis()), {}, never);
    assert.deepEqual([tunnel.route.method, tunnel.route.bastion, tunnel.state.phase, tunnel.health.level], ['direct', undefined, 'open', 'ok']);
    assert.ok(tunnel.health.latencyMs !== undefined && tunnel.local.host === '127.0.0.1');
    await roundTrip(tunnel);
    await broker.tunnels.stop(tunnel.id);
    const again = await broker.tunnels.start(tunnel.route, {}, never);
    assert.equal(again.local.port, tunnel.local.port, 'the destination keeps its port');
  });

  it('keeps half-close in both directions', async () => {
    // One answers with the digest once all has come; the other ends first, and goes on listening.
    const server = await serve((socket) => {
      const digest = createHash('sha256');
      socket.on('data', (chunk: Buffer) => digest.update(chunk)).on('end', () => socket.end(digest.digest('hex')));
    });
    let heard = '';
    const endsFirst = await serve((socket) => {
      socket.end('done');
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    });
    const broker = core();
    const dial = async (to: TcpServer): Promise<Socket> => {
      const { local } = await broker.tunnels.start(routeTo(to.address, anyService), {}, never);
      const socket = connect({ ...local, allowHalfOpen: true });
      closers.push(async () => void socket.destroy());
      await once(socket, 'connect');
      return socket;
    };
    const up = await dial(server);
    up.end(PAYLOAD.subarray(0, 1_000_000));
    assert.equal(Buffer.concat(await up.toArray()).toString(), sha(PAYLOAD.subarray(0, 1_000_000)));
    const down = await dial(endsFirst);
    let said = '';
    down.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(down, 'end');
    assert.equal(said, 'done');
    down.end('still heard');
    await eventually(() => heard === 'still heard', 'the server hears what is said after its own end');
  });

  it('connects again by itself when the server has been away, on the same port', async () => {
    const server = await redis();
    const broker = core();
    const seen: TunnelInfo[] = [];
    broker.tunnels.onDidChange((info) => void seen.push(info));
    const { local } = await broker.tunnels.start(routeTo(server), {}, never);
    const client = await RawRedis.to(local.port);
    await client.run('PING');
    const cut = once(client.socket, 'close');
    await server.stop();
    await cut;
    // Whoever comes now waits for the next link.
    const waiting = RawRedis.to(local.port).then(async (next) => ({ next, pong: await next.run('PING') }));
    await eventually(() => seen.some(({ state }) => state.phase === 'waiting' && state.cause.code === 'direct.refused'), 'the loss is told');
    await redis({ port: server.port });
    const { next, pong } = await waiting;
    closers.push(async () => void next.socket.destroy());
    assert.deepEqual([pong.type, 'text' in pong && pong.text], ['status', 'PONG']);
    const [now] = await broker.tunnels.list();
    assert.deepEqual([now!.state.phase, now!.reconnects, now!.local], ['open', 1, local]);
  });

  it('keeps its other connections when one more cannot be made', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const broker = core();
    const { local } = await broker.tunnels.start(routeTo({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, anyService), {}, never);
    const client = connect(local);
    closers.push(async () => void client.destroy());
    client.write('a');
    await once(client, 'data');
    // Listens no longer; the connections that it has go on.
    server.close();
    const refused = connect(local);
    await new Promise<void>((resolve) => void refused.on('error', () => {}).once('close', () => resolve()));
    assert.equal((await broker.tunnels.list())[0]!.state.phase, 'open');
    client.write('b');
    assert.equal(((await once(client, 'data')) as [Buffer])[0].toString(), 'b');
  });

  it('says what is wrong, and leaves nothing behind', async () => {
    const closed = await serve(() => {});
    await closed.close();
    const broker = core();
    const codeOf = async (route: DirectRoute): Promise<string> => {
      const error: unknown = await broker.tunnels.start(route, {}, never).then(() => undefined, (caught: unknown) => caught);
      assert.ok(isFault(error), String(error));
      assert.ok(error.remedy?.text.endsWith('.'));
      assert.deepEqual(await broker.tunnels.list(), []);
      return error.code;
    };
    assert.equal(await codeOf(routeTo(closed.address)), 'direct.refused');
    assert.equal(await codeOf(routeTo({ host: 'nowhere.invalid', port: 6379 })), 'direct.unresolved');
  });

  it('lives in the broker, for all windows, and comes back with the next broker on its port', async () => {
    const sandbox = await startSandbox({ servers: false });
    closers.push(() => sandbox.close());
    const rig = await brokerRig(sandbox);
    closers.push(() => rig.close());
    const server = await redis();
    const [one, other] = [rig.window(), rig.window()];
    const tunnel = await one.client.tunnels.start(routeTo(server), {}, never);
    assert.deepEqual([tunnel.route, tunnel.route.bastion], [routeTo(server), undefined]);
    const [seen] = await other.client.tunnels.list();
    assert.deepEqual([seen?.id, seen?.route.method], [tunnel.id, 'direct']);
    await roundTrip(tunnel);
    const { pid } = await rig.lock();
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isAlive(pid), 'the broker is dead');
    await eventually(() => one.shown.get(tunnel.id)?.state.phase === 'waiting', 'the loss is seen');
    await eventually(() => one.shown.get(tunnel.id)?.state.phase === 'open', 'it is open again');
    const again = one.shown.get(tunnel.id)!;
    assert.deepEqual([again.route.method, again.local], ['direct', tunnel.local]);
    await roundTrip(again);
  });

  it('resets its clients when it is stopped', async () => {
    const server = await serve((socket) => void socket.resume().once('end', () => socket.end()));
    const broker = core();
    const { id, local } = await broker.tunnels.start(routeTo(server.address, anyService), {}, never);
    const client = connect(local);
    await once(client, 'connect');
    client.write('x');
    await eventually(() => server.sockets.size === 1, 'the connection is through');
    const ended = once(client, 'error');
    await broker.tunnels.stop(id);
    assert.equal(((await ended)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
    await eventually(() => server.sockets.size === 0, 'nothing is left at the server');
  });

  describe('where a proxy is the only way out', () => {
    let sandbox: Sandbox;
    let proxy: SandboxProxy;
    let directory: string;
    let env: NodeJS.ProcessEnv;
    const trusted = (): Promise<string> => readFile(sandbox.caFile!, 'utf8');

    before(async () => {
      sandbox = await startSandbox();
      directory = await mkdtemp(join(tmpdir(), 'sallyport-direct-'));
      proxy = await startProxy({ route: (host, port) => sandbox.publicPort(host, port) });
      env = { ...(await sandbox.writeAwsConfig(directory)).env, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    });
    beforeEach(() => {
      proxy.requests.length = 0;
      proxy.answer = undefined;
    });
    after(async () => {
      await proxy.close();
      await sandbox.close();
      await rm(directory, { recursive: true, force: true });
    });

    async function discover(broker: BrokerClient, region: string): Promise<{ target: (name: string) => Target; bastions: Bastion[] }> {
      const targets: Target[] = [];
      const bastions: Bastion[] = [];
      for await (const part of broker.inventory.discover({ profile: 'dev', region }, never)) {
        if (part.kind === 'targets') targets.push(...part.targets);
        if (part.kind === 'bastions') bastions.push(...part.bastions);
      }
      return { target: (name) => targets.find((one) => one.name === name)!, bastions };
    }

    it('reaches a public serverless cache that was discovered, with its certificate verified end to end', async () => {
      const broker = core(env, trusted);
      const { target, bastions } = await discover(broker, 'eu-west-1');
      const cache = target('open-cache');
      const endpoint = defaultEndpoint(cache)!;
      assert.ok(goesDirectly(cache, endpoint, bastions, {}));
      const tunnel = await broker.tunnels.start(makeDirectRoute(cache, endpoint), {}, never);
      assert.equal(tunnel.health.level, 'ok');
      assert.deepEqual([...new Set(proxy.requests.map(({ authority }) => authority))], [`${endpoint.host}:6379`]);
      assert.deepEqual(proxy.violations, []);
      const stranger = core(env);
      await assert.rejects(stranger.tunnels.start(makeDirectRoute(cache, endpoint), {}, never), { code: 'target.tlsUntrusted' });
    });

    it('carries 16 MB both ways unchanged', async () => {
      const server = await redis();
      sandbox.world.places.flatMap(({ vpcs }) => vpcs).flatMap(({ data }) => data?.redshiftWorkgroups ?? []).find(({ name }) => name === 'open-adhoc')!.backing =
        { loopbackPort: server.port };
      const broker = core(env);
      const host = `open-adhoc.111122223333.eu-west-1.redshift-serverless.amazonaws.com`;
      await roundTrip(await broker.tunnels.start(routeTo({ host, port: 5439 }), {}, never));
      assert.ok(proxy.requests.every(({ authority }) => authority === `${host}:5439`));
    });

    it('takes a bastion of the VPC when the way is refused, and says so', async () => {
      const broker = core(env);
      const { target, bastions } = await discover(broker, 'eu-central-1');
      const ledger = target('ledger-db');
      const endpoint = defaultEndpoint(ledger)!;
      assert.ok(endpoint.public);
      const server = await serve((socket) => void socket.resume());
      sandbox.world.places.flatMap(({ vpcs }) => vpcs).flatMap(({ databases }) => databases).find(({ id }) => id === 'ledger-db')!.backing =
        { loopbackPort: server.address.port };
      proxy.answer = (socket) => void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const bastion = bastions.find(({ name }) => name === 'shop-bastion')!;
      const direct = makeDirectRoute({ ...ledger, engine: 'unknown' }, endpoint);
      const through = makeRoute({ ...ledger, engine: 'unknown' }, endpoint, bastion);
      const tunnel = await broker.tunnels.start(direct, { alternates: [through] }, never);
      assert.deepEqual([tunnel.route.bastion?.id, tunnel.lastFault?.fault.code], [bastion.id, 'proxy.refused']);
      await broker.tunnels.stop(tunnel.id);
      assert.deepEqual(sandbox.sessions.activeSessions(), []);
    });
  });
});
