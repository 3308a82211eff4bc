import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import type { Link } from '../../src/model/link';
import type { BastionRoute } from '../../src/model/route';
import type { SsmSessionApi } from '../../src/model/ssmSession';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import { SessionPool } from '../../src/transport/ssm/sessionPool';
import { SsmTransport, type SsmTransportDeps } from '../../src/transport/ssm/ssmTransport';
import { Tunnels } from '../../src/tunnel/tunnels';
import { eventually } from '../fixtures/eventually';
import { patternDigest, startBulk, startEcho, type TcpServer } from '../sandbox/servers/tcp';
import { SessionManagerService } from '../sandbox/sessionManager/service';
import { digestOf } from '../fixtures/streams';

const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const never = new AbortController().signal;
/** Agents that multiplex, and that do not. */
const MUX = 'i-0new';
const BASIC = 'i-0basic';

describe('a link over several sessions, against the sandbox', function () {
  this.timeout(60_000);
  let http: Server;
  let service: SessionManagerService;
  let servers: Map<string, TcpServer>;
  let link: Link | undefined;

  const api: SsmSessionApi = {
    start: async ({ bastionId, to }) => {
      const grant = service.start({
        target: bastionId,
        // A document without a port-forwarding type makes the agent serve one connection at a time.
        documentName: bastionId === BASIC ? 'Sandbox-BasicPortSession' : 'AWS-StartPortForwardingSessionToRemoteHost',
        parameters: { host: [to.host], portNumber: [String(to.port)], localPortNumber: ['0'] },
        region: place.region,
        accountId: place.accountId,
      });
      return { sessionId: grant.SessionId, tokenValue: grant.TokenValue, streamUrl: grant.StreamUrl };
    },
    resume: async () => undefined,
    limits: () => Promise.resolve({}),
    dataKey: () => Promise.reject(new Error('no session here is encrypted')),
    terminate: async (_place, sessionId) => void service.terminate(sessionId),
  };

  const serve = (pace: boolean): void => {
    service = new SessionManagerService({
      baseUrl: () => `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
      findInstance: (id) => ({ id, agentVersion: '3.3.1142.0', online: true, region: place.region, accountId: place.accountId }),
      resolve: (host) => {
        const server = servers.get(host);
        return server && { kind: 'server', host: server.host, port: server.port };
      },
      pace,
    });
  };
  const routeTo = (host: string, bastionId: string): BastionRoute => ({
    target: { id: host, name: host, engine: 'redis', tls: 'off', auth: 'none' },
    endpoint: { host, port: 7000 },
    bastion: { id: bastionId, name: bastionId },
    method: 'ssm',
    place,
  });
  const transport = (given: Partial<SsmSettings> = {}, more: Partial<SsmTransportDeps> = {}): SsmTransport =>
    new SsmTransport({ api, clock: systemClock, logger: nullLogger, settings: () => ssmSettings(given), ...more });
  const dial = async (
    host: string,
    given: Partial<SsmSettings> = {},
    bastionId = MUX,
    more: Partial<SsmTransportDeps> = {},
  ): Promise<SessionPool> => {
    link = await transport(given, more).dial(routeTo(host, bastionId), never);
    assert.ok(link instanceof SessionPool);
    return link;
  };
  const open = (host: string): Promise<Duplex> => link!.open({ host, port: 7000 }, never);
  const sessions = (): number => service.activeSessions().length;

  before(async () => {
    servers = new Map([
      ['echo.internal', await startEcho()],
      ['bulk.internal', await startBulk()],
    ]);
    http = createServer();
    http.on('upgrade', (request, socket, head) => service.handleUpgrade(request, socket, head));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });

  beforeEach(() => serve(false));

  afterEach(async () => {
    await link?.dispose();
    link = undefined;
    try {
      assert.deepEqual(service.activeSessions(), [], 'sessions left at the service');
      await eventually(() => service.openTargets() === 0, 'the agents to close their connections');
    } finally {
      await service.close();
    }
  });

  after(async () => {
    for (const server of servers.values()) await server.close();
    await new Promise((resolve) => http.close(resolve));
  });

  it('grows to its bound while downloads compete for a paced agent, spreads them, and shrinks when they are over', async () => {
    serve(true);
    const pool = await dial('bulk.internal', { maxSessions: 3 }, MUX, { idleSessionMs: 1000 });
    let most = 0;
    let grown = false;
    const client = async (): Promise<void> => {
      await download(await open('bulk.internal'), 150_000);
      if (!grown) await client();
    };
    const clients = Promise.all(Array.from({ length: 6 }, client));
    await eventually(
      () => {
        most = Math.max(most, sessions());
        return pool.reading.sessions.length === 3 && pool.reading.agentLimited;
      },
      'three sessions at the limit of their agent',
      30_000,
    );
    grown = true;
    await clients;
    await eventually(() => pool.reading.sessions.every((session) => session.streams === 0), 'the downloads to be over');
    const streams = await Promise.all(Array.from({ length: 6 }, () => open('bulk.internal')));
    assert.deepEqual(pool.reading.sessions.map((session) => session.streams), [2, 2, 2]);
    assert.equal(Math.max(most, sessions()), 3);
    for (const stream of streams) stream.destroy();
    await eventually(() => sessions() === 1, 'two sessions to be given back', 10_000);
    await eventually(() => !pool.reading.agentLimited, 'the measurement to be out of date');
  });

  it('adds one session for a burst of connections, and none for what little they do, however many', async () => {
    await dial('echo.internal', {}, MUX, { idleSessionMs: 1000 });
    const streams = await Promise.all(Array.from({ length: 100 }, () => open('echo.internal')));
    await Promise.all(streams.map((stream) => echoes(stream, 'hello')));
    assert.ok(sessions() <= 2);
    await eventually(() => sessions() === 1, 'the unused session to be given back');
    await Promise.all(streams.map((stream) => echoes(stream, 'hello')));
    assert.equal(sessions(), 1);
  });

  it('isolates a client that does not read: its bytes wait for it, and all others go on', async () => {
    await dial('bulk.internal');
    const slow = await open('bulk.internal');
    const length = 12_000_000;
    slow.write(`DOWN ${length}\n`);
    await eventually(() => slow.readableLength > 1_000_000, 'the slow client to fall behind');
    await Promise.all(Array.from({ length: 10 }, async () => download(await open('bulk.internal'), 200_000)));
    assert.equal(sessions(), 2);
    assert.equal(slow.destroyed, false);
    assert.equal(await digestOf(slow, length), patternDigest(length));
    slow.destroy();
  });

  it('outlives the end of a session while another lives', async () => {
    const pool = await dial('echo.internal', {}, BASIC);
    const doomed = await open('echo.internal');
    const healthy = await open('echo.internal');
    await Promise.all([echoes(doomed, 'one'), echoes(healthy, 'two')]);
    assert.equal(sessions(), 2, 'each stream has a session of its own');
    let over = false;
    void pool.closed.then(() => (over = true));
    const broken = once(doomed, 'error');
    service.endSession(pool.reading.sessions[0]!.sessionId, 'Terminated by someone.');
    const [error] = (await broken) as [unknown];
    assert.ok(isFault(error) && error.code === 'ssm.sessionTerminated', String(error));
    await echoes(healthy, 'still here');
    healthy.destroy();
    await echoes(await open('echo.internal'), 'and a new one');
    assert.equal(over, false);
  });

  it('moves new streams to a fresh session ahead of the maximum duration, while old ones go on', async () => {
    const pool = await dial('echo.internal', { maxSessionMs: 2000 });
    const old = await open('echo.internal');
    await eventually(() => pool.reading.sessions.some(({ phase }) => phase === 'renewed'), 'the renewal');
    const fresh = await open('echo.internal');
    await Promise.all([echoes(old, 'old'), echoes(fresh, 'new')]);
    assert.deepEqual(pool.reading.sessions[0]!.streams, 1);
    const first = pool.reading.sessions[0]!.sessionId;
    old.destroy();
    await eventually(() => service.activeSessions().every(({ sessionId }) => sessionId !== first), 'the old session to end');
    await echoes(fresh, 'still new');
  });

  it('carries a thousand connections through one tunnel', async () => {
    const tunnels = new Tunnels({
      transports: [transport()],
      probe: () => Promise.resolve({ level: 'ok', checkedAt: 0 }),
      logger: nullLogger,
    });
    try {
      const { local } = await tunnels.start(routeTo('echo.internal', MUX), {}, never);
      const sockets = Array.from({ length: 1000 }, () => connect(local));
      await Promise.all(
        sockets.map(async (socket, index) => {
          await once(socket, 'connect');
          await echoes(socket, `connection ${index}`);
        }),
      );
      assert.ok(sessions() <= 4);
      for (const socket of sockets) socket.destroy();
      await eventually(() => service.openTargets() === 0, 'the agents to close a thousand connections', 10_000);
    } finally {
      await tunnels.dispose();
    }
  });
});

async function echoes(stream: Duplex, text: string): Promise<void> {
  stream.write(text);
  let got = '';
  while (got.length < text.length) {
    const chunk = stream.read() as Buffer | null;
    if (chunk) got += chunk.toString('latin1');
    else await once(stream, 'readable');
  }
  assert.equal(got, text);
}

async function download(stream: Duplex, length: number): Promise<void> {
  stream.write(`DOWN ${length}\n`);
  assert.equal(await digestOf(stream, length), patternDigest(length));
  stream.destroy();
}
