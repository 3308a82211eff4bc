import assert from 'node:assert/strict';
import { isFault } from '../../src/base/fault';
import type { Link } from '../../src/model/link';
import { ssmSettings, type SsmSettings } from '../../src/model/ssmSettings';
import { SsmTransport } from '../../src/transport/ssm/ssmTransport';
import { eventually } from '../fixtures/eventually';
import { readLine } from '../fixtures/streams';
import { startEcho, type TcpServer } from '../sandbox/servers/tcp';
import type { SessionManagerOptions } from '../sandbox/sessionManager/service';
import { TestClock } from '../unit/transport/testClock';
import { never, SsmServiceBench } from './ssmServiceBench';

const to = { host: 'echo.internal', port: 7000 };

describe('what keeps an idle session alive', function () {
  this.timeout(30_000);
  let echo: TcpServer;
  let bench: SsmServiceBench;
  let clock: TestClock;
  let link: Link | undefined;

  const dial = async (given: Partial<SsmSettings>, options: Partial<SessionManagerOptions> = {}, agentVersion = '3.3.1142.0'): Promise<Link> => {
    bench = await new SsmServiceBench(options).listen();
    bench.agentVersion = agentVersion;
    bench.hosts.set('echo.internal:7000', { kind: 'server', host: echo.host, port: echo.port });
    const settings = ssmSettings(given);
    link = await new SsmTransport({ ...bench.deps, clock, settings: () => settings }).dial(bench.route(to), never);
    return link;
  };
  /** Lets the product's time run ahead of the sandbox's: five seconds in each of these. */
  const hasten = async (everyMs: number, untilMs: number): Promise<void> => {
    const began = performance.now();
    let skipped = began;
    await eventually(() => {
      const now = performance.now();
      if (now - skipped > everyMs) {
        clock.skip(5000);
        skipped = now;
      }
      return now - began > untilMs;
    }, 'time to pass', untilMs + 10_000);
  };
  const works = async (idle: Link): Promise<void> => {
    const stream = await idle.open(to, never);
    stream.write('still here\n');
    assert.equal(await readLine(stream), 'still here');
    stream.destroy();
  };

  before(async () => {
    echo = await startEcho();
  });
  beforeEach(() => {
    clock = new TestClock();
  });
  afterEach(async () => {
    await link?.dispose();
    await bench.close();
    assert.equal(clock.pending, 0, 'timers left');
  });
  after(() => echo.close());

  describe("against the service's idle time-out", () => {
    for (const [mode, document] of [['mux', ''], ['basic', 'Sandbox-BasicPortSession']] as const) {
      it(`is data that the service counts and nobody notices: ${mode}`, async () => {
        const idle = await dial({ document });
        bench.service.setLimits({ idleMs: 1600 });
        // 45 seconds of the product's time pass in 270 ms of the service's.
        await hasten(30, 5000);
        assert.equal(bench.service.activeSessions().length, 1);
        await works(idle);
      });

      it(`is nothing when that is not wanted: ${mode}`, async () => {
        const idle = await dial({ document, keepAlive: false });
        bench.service.setLimits({ idleMs: 800 });
        const ended = hasten(30, 1500);
        const fault = await idle.closed;
        assert.ok(isFault(fault) && fault.code === 'ssm.sessionIdle' && fault.retryable, String(fault));
        await ended;
      });
    }
  });

  describe('against an old agent, whose multiplexing has a keepalive of its own', () => {
    it('is missed when nothing comes', async () => {
      const fault = await (await dial({ keepAlive: false }, { keepalive: { intervalMs: 60_000, timeoutMs: 200 } }, '3.1.1511.0')).closed;
      assert.ok(isFault(fault) && fault.code === 'ssm.channelClosed' && fault.message.includes('keepalive timed out'), String(fault));
    });

    // In the second case the agent's own NOPs are too rare for our answers to them to suffice.
    for (const [who, intervalMs] of [['as the agent sends its own', 200], ['of our own accord', 2800]] as const) {
      it(`comes whatever the settings say: ${who}`, async () => {
        const idle = await dial({ keepAlive: false }, { keepalive: { intervalMs, timeoutMs: 2000 } }, '3.1.1511.0');
        await hasten(intervalMs > 1000 ? 600 : 60_000, 6000);
        await works(idle);
      });
    }
  });
});
