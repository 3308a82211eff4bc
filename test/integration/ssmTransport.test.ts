import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../src/base/clock';
import { systemClock } from '../../src/base/clock';
import { isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import type { Endpoint } from '../../src/model/endpoint';
import type { Link } from '../../src/model/link';
import type { Route } from '../../src/model/route';
import type { SsmSessionApi } from '../../src/model/ssmSession';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import type { FrameFaults, Resolution } from '../sandbox/sessionManager/service';
import { SessionManagerService } from '../sandbox/sessionManager/service';
import type { TcpServer } from '../sandbox/servers/tcp';
import { TestClock } from '../unit/transport/testClock';
import { pattern, patternDigest, startBulk, startDeaf, startDying, startEcho, startHalfClose, startSource } from '../sandbox/servers/tcp';
import { eventually } from '../fixtures/eventually';
import { digestOf, readLine } from '../fixtures/streams';

const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const never = new AbortController().signal;
const MB = 1_000_000;

/** Documents whose sessions multiplex, and not. */
const MODES = { mux: 'AWS-StartPortForwardingSessionToRemoteHost', basic: 'Sandbox-BasicPortSession' } as const;

let http: Server;
let service: SessionManagerService;
const servers = new Map<string, TcpServer>();

function resolve(host: string): Resolution {
  if (host === 'refused.internal') return 'refused';
  const server = servers.get(host);
  return server && { kind: 'server', host: server.host, port: server.port };
}

/** The sandbox's service as the AWS client of the product presents it. */
const api: SsmSessionApi = {
  start: async ({ bastionId, to, documentName }) => {
    const grant = service.start({
      target: bastionId,
      documentName: documentName ?? 'AWS-StartPortForwardingSessionToRemoteHost',
      parameters: { host: [to.host], portNumber: [String(to.port)], localPortNumber: ['0'] },
      region: place.region,
      accountId: place.accountId,
    });
    return { sessionId: grant.SessionId, tokenValue: grant.TokenValue, streamUrl: grant.StreamUrl };
  },
  resume: async (_place, sessionId) => {
    const grant = service.resume(sessionId);
    return 'TokenValue' in grant ? { sessionId, tokenValue: grant.TokenValue, streamUrl: grant.StreamUrl } : undefined;
  },
  terminate: async (_place, sessionId) => void service.terminate(sessionId),
  limits: () => Promise.resolve({}),
  dataKey: () => Promise.reject(new Error('no session here is encrypted')),
};

function dial(to: Endpoint, documentName: string, payloadBytes = 1024, clock: Clock = systemClock): Promise<Link> {
  const route: Route = {
    target: { id: 'target', name: 'target', engine: 'redis', tls: 'off', auth: 'none' },
    endpoint: to,
    bastion: { id: 'i-0abc', name: 'bastion' },
    method: 'ssm',
    place,
  };
  const settings = (): SsmSettings => ssmSettings({ payloadBytes, document: documentName });
  return new SsmTransport({ api, clock, logger: nullLogger, settings }).dial(route, never);
}

async function withLink<T>(host: string, documentName: string, work: (link: Link, to: Endpoint) => Promise<T>, payloadBytes = 1024): Promise<T> {
  const to = { host, port: 7000 };
  const link = await dial(to, documentName, payloadBytes);
  try {
    return await work(link, to);
  } finally {
    await link.dispose();
  }
}

async function writeAll(stream: Duplex, length: number): Promise<void> {
  for (let at = 0; at < length; at += 65_536) {
    if (!stream.write(pattern(at, Math.min(65_536, length - at)))) await once(stream, 'drain');
  }
}

async function bulkBothWays(link: Link, to: Endpoint, length: number): Promise<void> {
  const stream = await link.open(to, never);
  stream.write(`UP ${length}\n`);
  await writeAll(stream, length);
  assert.equal(await readLine(stream), patternDigest(length), 'upload');
  stream.write(`DOWN ${length}\n`);
  assert.equal(await digestOf(stream, length), patternDigest(length), 'download');
  stream.destroy();
}

describe('the native Session Manager client against the sandbox', function () {
  this.timeout(60_000);

  before(async () => {
    const starts: Readonly<Record<string, () => Promise<TcpServer>>> = {
      'echo.internal': startEcho,
      'bulk.internal': startBulk,
      'half.internal': startHalfClose,
      'source.internal': () => startSource(3 * MB),
      'dying.internal': () => startDying(500_000),
      'deaf.internal': startDeaf,
    };
    for (const [host, start] of Object.entries(starts)) servers.set(host, await start());
    http = createServer();
    service = new SessionManagerService({
      baseUrl: () => `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
      findInstance: (id) => ({ id, agentVersion: '3.3.1142.0', online: true, region: place.region, accountId: place.accountId }),
      resolve,
    });
    http.on('upgrade', (request, socket, head) => service.handleUpgrade(request, socket, head));
    await new Promise<void>((resume) => http.listen(0, '127.0.0.1', resume));
  });

  afterEach(async () => {
    service.setFrameFaults(undefined);
    assert.deepEqual(service.activeSessions(), [], 'sessions left at the service');
    await eventually(() => service.openTargets() === 0, 'the agent to close its connections');
  });

  after(async () => {
    await service.close();
    for (const server of servers.values()) await server.close();
    await new Promise((resume) => http.close(resume));
  });

  for (const [mode, documentName] of Object.entries(MODES)) {
    it(`carries 64 MB each way, whole: ${mode}`, () => withLink('bulk.internal', documentName, (link, to) => bulkBothWays(link, to, 64 * MB)));

    it(`loses nothing while its socket is cut again and again: ${mode}`, async () => {
      await withLink('bulk.internal', documentName, async (link, to) => {
        const hows = ['close1000', 'rst'] as const;
        let cuts = 0;
        const timer = setInterval(() => {
          if (service.cutSockets(hows[cuts % 2]!) > 0) cuts++;
        }, 250);
        try {
          await bulkBothWays(link, to, 24 * MB);
        } finally {
          clearInterval(timer);
        }
        assert.ok(cuts >= 2, `${cuts} cuts`);
      });
    });

    it(`survives lost, doubled and reordered messages: ${mode}`, async () => {
      const rates = { drop: 0.01, duplicate: 0.01, reorder: 0.02 };
      const faults: FrameFaults = { seed: 7, toAgent: rates, toClient: { ...rates, corrupt: 0.001 } };
      service.setFrameFaults(faults);
      await withLink('bulk.internal', documentName, async (link, to) => {
        const stream = await link.open(to, never);
        stream.write(`UP ${2 * MB}\n`);
        await writeAll(stream, 2 * MB);
        assert.equal(await readLine(stream), patternDigest(2 * MB));
        // The agent finds only ten lost messages per second: little downstream.
        stream.write('DOWN 200000\n');
        assert.equal(await digestOf(stream, 200_000), patternDigest(200_000));
        stream.destroy();
      });
    });
  }

  it('carries 200 streams at once, each whole', async () => {
    await withLink('bulk.internal', MODES.mux, async (link, to) => {
      await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const stream = await link.open(to, never);
          const length = 50_000 + index * 137;
          stream.write(`UP ${length}\n`);
          await writeAll(stream, length);
          assert.equal(await readLine(stream), patternDigest(length));
          stream.write(`DOWN ${length}\n`);
          assert.equal(await digestOf(stream, length), patternDigest(length));
          stream.destroy();
        }),
      );
    });
  });

  it('carries payloads of 16 kB', () => withLink('bulk.internal', MODES.mux, (link, to) => bulkBothWays(link, to, 16 * MB), 16_384));

  it('delivers everything that the target sent before it ended', async () => {
    await withLink('source.internal', MODES.mux, async (link, to) => {
      const stream = await link.open(to, never);
      stream.write('go');
      const hash = createHash('sha256');
      for await (const chunk of stream) hash.update(chunk as Buffer);
      assert.equal(hash.digest('hex'), patternDigest(3 * MB));
      stream.destroy();
    });
  });

  it('lets the reply to a half-closed request come', async () => {
    await withLink('source.internal', MODES.mux, async (link, to) => {
      const stream = await link.open(to, never);
      stream.end('the whole request');
      const hash = createHash('sha256');
      for await (const chunk of stream) hash.update(chunk as Buffer);
      assert.equal(hash.digest('hex'), patternDigest(3 * MB));
    });
  });

  it('ends the stream, and no other, when the target dies in the middle', async () => {
    servers.set('mixed.internal', servers.get('dying.internal')!);
    await withLink('mixed.internal', MODES.mux, async (link, to) => {
      const dying = await link.open(to, never);
      dying.write('go');
      let received = 0;
      for await (const chunk of dying) received += (chunk as Buffer).length;
      assert.ok(received <= 500_000);
      servers.set('mixed.internal', servers.get('echo.internal')!);
      const healthy = await link.open(to, never);
      healthy.write('still here\n');
      assert.equal(await readLine(healthy), 'still here');
      healthy.destroy();
    });
  });

  it('says why a connection could not be made', async () => {
    for (const host of ['refused.internal', 'unknown.internal']) {
      await withLink(host, MODES.mux, async (link, to) => {
        const stream = await link.open(to, never);
        const [error] = (await once(stream, 'error')) as [unknown];
        assert.ok(isFault(error) && error.code === 'ssm.connectFailed' && error.message.includes(host), String(error));
      });
    }
  });

  it('holds a writer back while the target does not read', async () => {
    await withLink('deaf.internal', MODES.mux, async (link, to) => {
      const stream = await link.open(to, never);
      let accepted = 0;
      const chunk = Buffer.alloc(65_536);
      let blocked = false;
      while (!blocked && accepted < 200 * MB) {
        accepted += chunk.length;
        if (stream.write(chunk)) continue;
        blocked = await Promise.race([once(stream, 'drain').then(() => false), new Promise<boolean>((resume) => setTimeout(() => resume(true), 1000))]);
      }
      assert.ok(blocked, 'the writer was never held back');
      assert.ok(accepted < 40 * MB, `${accepted} bytes accepted`);
      stream.destroy();
    });
  });

  it('notices a socket that has fallen silent, and goes on over another', async () => {
    const clock = new TestClock();
    const to = { host: 'echo.internal', port: 7000 };
    const link = await dial(to, MODES.mux, 1024, clock);
    const stream = await link.open(to, never);
    stream.write('before\n');
    assert.equal(await readLine(stream), 'before');
    service.cutSockets('silence');
    stream.write('after\n');
    await eventually(() => {
      clock.skip(1000);
      return stream.readableLength > 0;
    }, 'the echo');
    assert.equal(await readLine(stream), 'after');
    await link.dispose();
    assert.equal(clock.pending, 0);
  });

  it('ends with the reason that the service gives', async () => {
    await withLink('echo.internal', MODES.mux, async (link) => {
      service.endSession(service.activeSessions()[0]!.sessionId, 'Maximum session duration reached.');
      const fault = await link.closed;
      assert.ok(fault);
      assert.equal(fault.code, 'ssm.sessionExpired');
      assert.match(fault.message, /Maximum session duration reached/);
    });
  });
});
