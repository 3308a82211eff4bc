import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import type { Link } from '../../src/model/link';
import type { Route } from '../../src/model/route';
import type { SsmSessionApi } from '../../src/model/ssmSession';
import { ssmSettings } from '../../src/model/ssmSettings';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { eventually } from '../fixtures/eventually';
import { readLine } from '../fixtures/streams';
import { startEcho, type TcpServer } from '../sandbox/servers/tcp';
import { SessionManagerService } from '../sandbox/sessionManager/service';
import { TestClock } from '../unit/transport/testClock';

const place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const never = new AbortController().signal;
const to = { host: 'echo.internal', port: 7000 };

describe('an agent with smux keepalive, against the sandbox', function () {
  this.timeout(30_000);
  let http: Server;
  let echo: TcpServer;
  let service: SessionManagerService;
  let clock: TestClock;
  let link: Link | undefined;

  /** The agent's own NOPs come every `intervalMs`; it wants a frame of ours in every `timeoutMs`. */
  const dial = async (intervalMs: number, timeoutMs: number): Promise<Link> => {
    service = new SessionManagerService({
      baseUrl: () => `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
      findInstance: (id) => ({ id, agentVersion: '3.1.1511.0', online: true, region: place.region, accountId: place.accountId }),
      resolve: () => ({ kind: 'server', host: echo.host, port: echo.port }),
      keepalive: { intervalMs, timeoutMs },
    });
    const api: SsmSessionApi = {
      start: async ({ bastionId }) => {
        const documentName = 'AWS-StartPortForwardingSessionToRemoteHost';
        const parameters = { host: [to.host], portNumber: [String(to.port)], localPortNumber: ['0'] };
        const grant = service.start({ target: bastionId, documentName, parameters, ...place });
        return { sessionId: grant.SessionId, tokenValue: grant.TokenValue, streamUrl: grant.StreamUrl };
      },
      resume: async () => undefined,
      limits: () => Promise.resolve({}),
    dataKey: () => Promise.reject(new Error('no session here is encrypted')),
      terminate: async (_place, sessionId) => void service.terminate(sessionId),
    };
    const target = { id: 'target', name: 'target', engine: 'redis', tls: 'off', auth: 'none' } as const;
    const route: Route = { target, endpoint: to, bastion: { id: 'i-0old', name: 'bastion' }, method: 'ssm', place };
    // Keepalive of this kind is the protocol's and no matter of taste.
    const settings = ssmSettings({ keepAlive: false });
    link = await new SsmTransport({ api, clock, logger: nullLogger, settings: () => settings }).dial(route, never);
    return link;
  };

  before(async () => {
    echo = await startEcho();
    http = createServer();
    http.on('upgrade', (request, socket, head) => service.handleUpgrade(request, socket, head));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => {
    clock = new TestClock();
  });
  afterEach(async () => {
    await link?.dispose();
    assert.deepEqual(service.activeSessions(), [], 'sessions left at the service');
    await service.close();
    assert.equal(clock.pending, 0, 'timers left');
  });
  after(async () => {
    await echo.close();
    await new Promise((resolve) => http.close(resolve));
  });

  it('ends a session on which it hears nothing', async () => {
    const fault = await (await dial(60_000, 200)).closed;
    assert.ok(isFault(fault) && fault.code === 'ssm.channelClosed' && fault.message.includes('keepalive timed out'), String(fault));
  });

  // In the second case the agent's own NOPs are too rare for our answers to them to suffice.
  for (const [who, intervalMs] of [['as it sends them', 200], ['of our own accord', 1400]] as const) {
    it(`gets signs of life from an idle client: ${who}`, async () => {
      const idle = await dial(intervalMs, 1000);
      const began = performance.now();
      let skipped = began;
      await eventually(() => {
        const now = performance.now();
        if (intervalMs > 1000 && now - skipped > 400) {
          clock.skip(5000);
          skipped = now;
        }
        return now - began > 3300;
      }, 'three time-outs to pass');
      const stream = await idle.open(to, never);
      stream.write('still here\n');
      assert.equal(await readLine(stream), 'still here');
      stream.destroy();
    });
  }
});
