// What a tunnel as a whole survives: its port, its clients and its health. What single sessions survive is in ssmSurvival.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { systemClock, type Clock } from '../../src/base/clock';
import { Fault } from '../../src/base/fault';
import type { Route } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import type { StartOptions, TunnelInfo } from '../../src/model/tunnel';
import { connectDirectly } from '../../src/transport/connect';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import type { Probe } from '../../src/tunnel/probe';
import { WatchedSurroundings } from '../../src/tunnel/surroundings';
import { Tunnels } from '../../src/tunnel/tunnels';
import { eventually } from '../fixtures/eventually';
import { digestOf, readLine } from '../fixtures/streams';
import { tcpServer, type TcpServer as LoopbackServer } from '../fixtures/tcpServer';
import { patternDigest, startEcho, startSource, type TcpServer } from '../sandbox/servers/tcp';
import { TestClock } from '../unit/transport/testClock';
import { never, SsmServiceBench } from './ssmServiceBench';

const SOURCE_BYTES = 8_000_000;
const ECHO = { host: 'echo.internal', port: 7000 };
const SOURCE = { host: 'source.internal', port: 7000 };
/** Never ends its reply. */
const PART = { host: 'part.internal', port: 7000 };
const HOUR = 3_600_000;

/** A way to the service that can fall silent: what is connected then hears nothing any more, and who comes later does. */
class Ice {
  readonly #server: Server = createServer({ allowHalfOpen: true }, (near) => this.#join(near));
  readonly #pairs = new Set<{ frozen: boolean; readonly sockets: readonly Socket[] }>();
  to = 0;

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  freeze(): void {
    for (const pair of this.#pairs) pair.frozen = true;
  }

  async close(): Promise<void> {
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    const far = connect({ host: '127.0.0.1', port: this.to, allowHalfOpen: true });
    const pair = { frozen: false, sockets: [near, far] };
    this.#pairs.add(pair);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.on('error', () => {});
      one.on('data', (chunk) => void (pair.frozen || other.write(chunk)));
      one.on('close', () => void (pair.frozen || other.destroy()));
    }
  }
}

describe('a tunnel survives', function () {
  this.timeout(60_000);
  let bench: SsmServiceBench;
  let ice: Ice;
  let tunnels: Tunnels;
  let servers: TcpServer[];
  let part: LoopbackServer;
  let clients: Socket[];
  let events: TunnelInfo[];
  let offline: Set<string>;
  let sleptMs: number;
  let probe: Probe;

  const make = (clock: Clock, keepAlive = true): Tunnels => {
    const settings = ssmSettings({ maxSessions: 1, keepAlive });
    const createSocket: typeof connectDirectly = (address, ca, signal) => {
      ice.to = address.port;
      return connectDirectly({ ...address, port: ice.port }, ca, signal);
    };
    const made = new Tunnels({
      transports: [new SsmTransport({ ...bench.deps, clock, createSocket, settings: () => settings })],
      probe: (...all) => probe(...all),
      logger: bench.deps.logger,
      clock,
      surroundings: new WatchedSurroundings({ clock, logger: bench.deps.logger, interfaces: () => ({}) }),
    });
    made.onDidChange((info) => events.push(info));
    return made;
  };

  beforeEach(async () => {
    offline = new Set();
    bench = await new SsmServiceBench({
      findInstance: (id) => ({ id, agentVersion: '3.3.1142.0', online: !offline.has(id), region: 'eu-central-1', accountId: '111122223333' }),
    }).listen();
    ice = await new Ice().listen();
    servers = [await startEcho(), await startSource(SOURCE_BYTES)];
    for (const [index, { host, port }] of [ECHO, SOURCE].entries()) {
      bench.hosts.set(`${host}:${port}`, { kind: 'server', host: '127.0.0.1', port: servers[index]!.port });
    }
    part = await tcpServer((socket) => void socket.once('data', () => socket.write('a part of the reply\n')));
    bench.hosts.set(`${PART.host}:${PART.port}`, { kind: 'server', host: '127.0.0.1', port: part.address.port });
    clients = [];
    events = [];
    sleptMs = 0;
    probe = echoProbe;
    // The monotonic clock stands still in sleep.
    tunnels = make({ ...systemClock, wall: () => Date.now() + sleptMs });
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    await tunnels.dispose();
    await ice.close();
    await bench.close();
    await Promise.all([part, ...servers].map((server) => server.close()));
  });

  /** A round trip to the target through a stream of its own; says nothing where the target sends by itself. */
  const echoProbe: Probe = async (link, route, signal) => {
    if (route.endpoint.host !== ECHO.host) return { level: 'ok', checkedAt: Date.now() };
    const stream = await link.open(route.endpoint, signal);
    try {
      stream.on('error', () => {});
      stream.write('probe\n');
      const gone = once(stream, 'close', { signal }).then(() => Promise.reject(new Fault('target.closedConnection', 'Closed.', { retryable: true })));
      assert.equal(await Promise.race([readLine(stream), gone]), 'probe');
      gone.catch(() => {});
      return { level: 'ok', latencyMs: 1, checkedAt: Date.now() };
    } finally {
      stream.destroy();
    }
  };

  const start = (to = ECHO, options: StartOptions = {}): Promise<TunnelInfo> => tunnels.start(bench.route(to, 'i-1'), options, never);
  const dial = async (local: TunnelInfo['local']): Promise<Socket> => {
    const client = connect({ ...local, noDelay: true, allowHalfOpen: true });
    clients.push(client);
    client.on('error', () => {});
    await once(client, 'connect');
    return client;
  };
  /** An error comes first, and is no surprise. */
  const closed = (client: Socket): Promise<void> => new Promise((resolve) => client.once('close', () => resolve()));
  const echoes = async (client: Socket, text: string): Promise<void> => {
    client.write(`${text}\n`);
    assert.equal(await readLine(client), text);
  };
  const now = (): TunnelInfo => events.at(-1)!;
  const reopened = (times = 1): Promise<unknown> => eventually(() => now().state.phase === 'open' && now().reconnects === times, 'another link', 20_000);
  const endSessions = (): void => {
    for (const { sessionId } of bench.service.activeSessions()) bench.service.endSession(sessionId, 'Ended.');
  };

  it('silence of its connection: after a wake-up it is found at once, and no stream breaks', async () => {
    const client = await dial((await start()).local);
    await echoes(client, 'before');
    ice.freeze();
    sleptMs += 60_000;
    client.write('after\n');
    assert.equal(await readLine(client), 'after');
    assert.deepEqual([now().state.phase, now().reconnects], ['open', 0]);
    assert.equal(bench.service.callTimes('resume').length, 1);
  });

  it('eight hours of sleep, after which its session is over at the service', async () => {
    const { local } = await start();
    const client = await dial(local);
    await echoes(client, 'before');
    ice.freeze();
    endSessions();
    sleptMs += 8 * HOUR;
    const broken = closed(client);
    await reopened();
    await broken;
    assert.equal(now().lastFault?.fault.code, 'ssm.sessionEnded');
    await echoes(await dial(local), 'after');
  });

  it('twenty minutes of idleness', async () => {
    await tunnels.dispose();
    const clock = new TestClock();
    probe = () => Promise.resolve({ level: 'ok', checkedAt: 0 });
    tunnels = make(clock);
    const client = await dial((await start()).local);
    await echoes(client, 'before');
    bench.service.setLimits({ idleMs: 1500 });
    let skipped = 0;
    let last = 0;
    // Five seconds of the tunnel's time in 30 ms of the service's, whose limit is so four minutes.
    await eventually(() => {
      if (performance.now() - last < 30) return false;
      last = performance.now();
      clock.skip(5000);
      return (skipped += 5000) >= 20 * 60_000;
    }, 'twenty minutes', 30_000);
    await echoes(client, 'after');
    assert.deepEqual([now().state.phase, now().reconnects, bench.service.callTimes('start').length], ['open', 0, 1]);
    bench.service.setLimits({});
  });

  it('the end of its bastion: the next one takes over without a click, and the first one again at the next loss', async () => {
    const alternates: Route[] = ['i-2', 'i-3'].map((id) => bench.route(ECHO, id));
    const { local } = await start(ECHO, { alternates });
    await echoes(await dial(local), 'before');
    for (const id of ['i-1', 'i-2']) offline.add(id);
    endSessions();
    await eventually(() => now().state.phase !== 'open', 'the loss');
    const waiting = await dial(local);
    await echoes(waiting, 'held');
    await reopened();
    assert.deepEqual([now().route.bastion?.id, now().local.port], ['i-3', local.port]);
    assert.deepEqual(bench.service.activeSessions().map(({ target }) => target), ['i-3']);
    offline.clear();
    endSessions();
    await reopened(2);
    assert.equal(now().route.bastion?.id, 'i-1');
    await echoes(await dial(local), 'after');
  });

  it('a restart of its agent, with the only bastion there is', async () => {
    const { local } = await start();
    bench.service.restartAgent('i-1', { noticeMs: 200, backMs: 800 });
    await eventually(() => now().state.phase === 'waiting', 'the loss');
    await echoes(await dial(local), 'after');
    await reopened();
  });

  it('fifty at once: each loses its link and gets another on its own port', async () => {
    const routes = Array.from({ length: 50 }, (_, index) => {
      const host = `echo-${index}.internal`;
      bench.hosts.set(`${host}:7000`, { kind: 'server', host: '127.0.0.1', port: servers[0]!.port });
      return bench.route({ host, port: 7000 }, 'i-1');
    });
    const infos = await Promise.all(routes.map((route) => tunnels.start(route, {}, new AbortController().signal)));
    assert.equal(new Set(infos.map(({ local }) => local.port)).size, 50);
    endSessions();
    await eventually(async () => (await tunnels.list()).every(({ state, reconnects }) => state.phase === 'open' && reconnects === 1), 'all again', 20_000);
    const after = await tunnels.list();
    assert.deepEqual(new Set(after.map(({ local }) => local.port)), new Set(infos.map(({ local }) => local.port)));
    await Promise.all(after.map(async ({ local }, index) => echoes(await dial(local), `tunnel ${index}`)));
  });

  it('a client that opens 1,000 connections', async () => {
    const { local } = await start();
    const all = await Promise.all(Array.from({ length: 1000 }, () => dial(local)));
    await Promise.all(all.map((client, index) => echoes(client, `connection ${index}`)));
    await eventually(() => now().state.phase === 'open' && (now().state as { streams: number }).streams === 1000, 'counted');
    for (const client of all) client.resetAndDestroy();
    await eventually(() => (now().state as { streams: number }).streams === 0, 'gone');
    await eventually(() => bench.service.openTargets() === 0, 'gone at the target');
  });

  it('1,200 connections while it has no link: the newest 1,000 wait and are served', async () => {
    const { local } = await start();
    offline.add('i-1');
    endSessions();
    await eventually(() => now().state.phase === 'waiting', 'the loss');
    const all: Socket[] = [];
    for (let index = 0; index < 1200; index++) all.push(await dial(local));
    await eventually(() => all.filter(({ destroyed }) => destroyed).length >= 200, 'the oldest to be reset');
    offline.clear();
    await tunnels.retry(now().id);
    const left = all.filter(({ destroyed }) => !destroyed);
    assert.deepEqual(left, all.slice(200));
    await Promise.all(left.map((client, index) => echoes(client, `connection ${index}`)));
  });

  it('a slow reader, beside which others are served', async () => {
    const { local } = await start(SOURCE);
    const slow = await dial(local);
    slow.pause();
    slow.write('go');
    await eventually(async () => (await tunnels.list())[0]!.bytes.down > 0, 'the first bytes');
    const other = await dial(local);
    other.write('go');
    assert.equal(await digestOf(other, SOURCE_BYTES), patternDigest(SOURCE_BYTES));
    assert.equal(await digestOf(slow, SOURCE_BYTES), patternDigest(SOURCE_BYTES));
  });

  it('half-close: the reply comes whole, or the client sees a reset', async () => {
    const { local } = await start(SOURCE);
    const whole = await dial(local);
    whole.end('the whole request');
    assert.equal(await digestOf(whole, SOURCE_BYTES), patternDigest(SOURCE_BYTES));
    await once(whole.resume(), 'end');
    // All that has come is read before the cut: Node takes a reset right behind data for an end, where it has ended its own side.
    const cut = await dial((await start(PART)).local);
    const ending = new Promise<string>((resolve) => {
      cut.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!)).once('end', () => resolve('a clean end'));
    });
    cut.end('the whole request');
    assert.equal(await readLine(cut), 'a part of the reply');
    endSessions();
    cut.resume();
    assert.equal(await ending, 'ECONNRESET');
  });
});
