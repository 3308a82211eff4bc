import { strict as assert } from 'node:assert';
import { connect, type Socket } from 'node:net';
import { Emitter } from '../../../src/base/event';
import { cancelled, Fault } from '../../../src/base/fault';
import type { LogFields } from '../../../src/base/log';
import type { Health } from '../../../src/model/health';
import type { Link } from '../../../src/model/link';
import { wayOf, type Route } from '../../../src/model/route';
import type { CredentialsChange } from '../../../src/model/signIn';
import type { StartOptions, TunnelInfo, TunnelState } from '../../../src/model/tunnel';
import type { TunnelLimits } from '../../../src/tunnel/limits';
import type { Probe } from '../../../src/tunnel/probe';
import type { SurroundingsChange } from '../../../src/tunnel/surroundings';
import { Tunnels } from '../../../src/tunnel/tunnels';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeTransport, testRoute } from '../../fixtures/fakeTransport';
import { type TcpServer, tcpServer } from '../../fixtures/tcpServer';

const never = new AbortController().signal;
const lost = new Fault('ssm.sessionEnded', 'The session ended.', { retryable: true });
const gone = new Fault('ssm.targetNotConnected', 'The agent is offline.', { retryable: true });
const expired = new Fault('aws.expiredCredentials', 'Sign in again.', { remedy: { text: 'Sign in.', action: 'signIn', subject: 'dev' } });
const silent = new Fault('target.unreachable', 'No answer.', { retryable: true });

describe('the supervision of a tunnel', () => {
  let server: TcpServer;
  let transport: FakeTransport;
  let clock: FakeClock;
  let tunnels: Tunnels;
  let probe: Probe;
  let events: TunnelInfo[];
  let logged: { event: string; fields: LogFields }[];
  let surroundings: Emitter<SurroundingsChange>;
  let credentials: Emitter<CredentialsChange>;
  const clients: Socket[] = [];

  const make = (limits: Partial<TunnelLimits> = {}): Tunnels => {
    const made = new Tunnels({
      transports: [transport, new FakeTransport(() => server.address, 'ssh')],
      probe: (...all) => probe(...all),
      logger: { log: (_level, event, fields = {}) => void logged.push({ event, fields }) },
      clock,
      limits,
      surroundings: { watch: surroundings.event },
      credentials: credentials.event,
    });
    made.onDidChange((info) => events.push(info));
    return made;
  };

  beforeEach(async () => {
    server = await tcpServer((socket) => socket.pipe(socket));
    transport = new FakeTransport(() => server.address);
    clock = new FakeClock();
    events = [];
    logged = [];
    surroundings = new Emitter();
    credentials = new Emitter();
    probe = (): Promise<Health> => Promise.resolve({ level: 'ok', latencyMs: 2, checkedAt: clock.wall() });
    tunnels = make();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await tunnels.dispose();
    await server.close();
    assert.equal(clock.pending, 0, 'no timer is left');
    assert.deepEqual([surroundings.listenerCount, credentials.listenerCount], [0, 0], 'no listener is left');
    for (const link of transport.links) assert.ok(link.disposals > 0, 'every link was disposed');
  });

  const start = (options: StartOptions = {}): Promise<TunnelInfo> => tunnels.start(testRoute, options, never);
  const now = (): TunnelInfo => events.at(-1)!;
  const reaches = (phase: TunnelState['phase']): Promise<unknown> => eventually(() => now().state.phase === phase, phase);
  const lose = (fault: Fault): void => transport.links.at(-1)!.fail(fault);
  const untilAborted = (_attempt: unknown, signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(cancelled()), { once: true });
    });
  const dialLocal = (port: number): Socket => {
    const client = connect({ host: '127.0.0.1', port });
    clients.push(client);
    client.on('error', () => {});
    return client;
  };
  const over = (id: string): Route => ({ ...testRoute, bastion: { id, name: id } });
  const aliveOnly = (...ids: string[]): void => {
    transport.beforeDial = (_attempt, _signal, route) => (ids.includes(wayOf(route)) ? Promise.resolve() : Promise.reject(gone));
  };

  describe('without credentials', () => {
    beforeEach(async () => {
      await start();
      transport.beforeDial = () => Promise.reject(expired);
      lose(lost);
      await reaches('waiting');
      clock.advance(1000);
      await eventually(() => now().state.phase === 'waiting' && transport.dials === 2, 'held');
    });

    it('keeps its port and asks for a sign-in, and tries nothing by itself', async () => {
      const { state, local } = now();
      assert.ok(state.phase === 'waiting' && state.needs === 'signIn' && state.retryAt === undefined);
      assert.equal(state.cause.remedy?.subject, 'dev');
      assert.equal(local.port, events[0]!.local.port);
      surroundings.fire('network');
      clock.advance(24 * 3_600_000);
      assert.equal(transport.dials, 2);
      assert.equal(clock.pending, 0);
    });

    it('goes on by itself when its profile has signed in, and not when another one has', async () => {
      transport.beforeDial = () => Promise.resolve();
      credentials.fire({ kind: 'signedIn', profiles: ['prod'] });
      assert.equal(now().state.phase, 'waiting');
      credentials.fire({ kind: 'signedIn', profiles: ['prod', 'dev'] });
      await reaches('open');
    });

    it('goes on when the configuration has changed, or when the person asks', async () => {
      credentials.fire({ kind: 'configuration' });
      await eventually(() => transport.dials === 3 && now().state.phase === 'waiting', 'held again');
      transport.beforeDial = () => Promise.resolve();
      await tunnels.retry(now().id);
      await reaches('open');
    });

    it('goes on when the sign-in was done while it was still failing for want of it', async () => {
      transport.beforeDial = async (attempt) => {
        if (attempt > 3) return;
        credentials.fire({ kind: 'signedIn', profiles: ['dev'] });
        await Promise.reject(expired);
      };
      credentials.fire({ kind: 'signedIn', profiles: ['dev'] });
      await reaches('open');
      assert.equal(transport.dials, 4);
    });
  });

  it('tries what another try cannot help seldom when it is to be kept', async () => {
    await start({ keep: true });
    transport.beforeDial = () => Promise.reject(new Fault('aws.accessDenied', 'Denied.'));
    lose(lost);
    await reaches('waiting');
    clock.advance(500);
    await eventually(() => transport.dials === 2 && clock.nextIn === 5 * 60_000, 'five minutes');
    transport.beforeDial = () => Promise.resolve();
    clock.advance(5 * 60_000);
    await reaches('open');
  });

  describe('with back-off', () => {
    it('begins anew only after a link has held', async () => {
      clock.randomValue = 0.9999;
      await start();
      const waits: number[] = [];
      for (const upMs of [10_000, 0, 0, 10_000]) {
        clock.advance(upMs);
        const seen = events.length;
        lose(lost);
        await eventually(() => events.length > seen && now().state.phase === 'waiting', 'waiting');
        const { state } = now();
        assert.ok(state.phase === 'waiting' && state.needs === undefined);
        waits.push(Math.round((state.retryAt - clock.wall()) / 100) * 100);
        clock.advance(60_000);
        await reaches('open');
      }
      assert.deepEqual(waits, [500, 1000, 2000, 500]);
    });

    for (const change of ['network', 'wake'] as const) {
      it(`dials at once when the surroundings change: ${change}`, async () => {
        await start();
        transport.beforeDial = (attempt) => (attempt < 6 ? Promise.reject(lost) : Promise.resolve());
        lose(lost);
        for (let attempt = 2; attempt < 6; attempt++) {
          await eventually(() => now().state.phase === 'waiting' && transport.dials === attempt - 1, 'waiting');
          clock.advance(30_000);
        }
        await eventually(() => now().state.phase === 'waiting' && transport.dials === 5, 'waiting');
        surroundings.fire(change);
        await reaches('open');
      });
    }

    it('gives up a dial on a network that is gone', async () => {
      await start();
      transport.beforeDial = untilAborted;
      lose(lost);
      await reaches('waiting');
      clock.advance(500);
      await eventually(() => transport.dials === 2, 'dialling');
      transport.beforeDial = () => Promise.resolve();
      surroundings.fire('network');
      await reaches('open');
    });
  });

  describe('when the surroundings change', () => {
    it('finds a dead link at once by a probe, and replaces it', async () => {
      await start();
      await eventually(() => clock.pending === 1, 'a probe is due');
      probe = (link: Link, _route, signal) =>
        link === transport.links[0] ? untilAborted(0, signal) : Promise.resolve({ level: 'ok', checkedAt: clock.wall() });
      surroundings.fire('wake');
      await eventually(() => clock.nextIn === 5000, 'the probe is bounded');
      clock.advance(5000);
      await reaches('waiting');
      assert.equal(now().lastFault?.fault.code, 'link.silent');
      clock.advance(500);
      await reaches('open');
      assert.equal(now().reconnects, 1);
    });

    it('leaves a link alone that answers', async () => {
      await start();
      await eventually(() => clock.pending === 1, 'a probe is due');
      let probes = 0;
      probe = () => {
        probes++;
        return Promise.resolve({ level: 'ok', latencyMs: 7, checkedAt: clock.wall() });
      };
      surroundings.fire('network');
      await eventually(() => now().health.latencyMs === 7, 'probed');
      assert.deepEqual([probes, transport.dials], [1, 1]);
    });

    it('lets a link that can check itself do so, and waits for what it finds', async () => {
      await start();
      await eventually(() => clock.pending === 1, 'a probe is due');
      const [link] = transport.links;
      link!.check = () => void link!.checks++;
      probe = () => Promise.reject(silent);
      surroundings.fire('wake');
      await eventually(() => now().health.level === 'degraded', 'degraded');
      assert.deepEqual([link!.checks, transport.dials, now().state.phase], [1, 1, 'open']);
    });

    it('probes anew where a probe was under way', async () => {
      await start();
      await eventually(() => clock.pending === 1, 'a probe is due');
      let probes = 0;
      probe = (_link, _route, signal) => (++probes === 1 ? untilAborted(0, signal) : Promise.resolve({ level: 'ok', latencyMs: 9, checkedAt: 1 }));
      clock.advance(30_000);
      await eventually(() => probes === 1, 'probing');
      surroundings.fire('network');
      await eventually(() => now().health.latencyMs === 9, 'probed');
      assert.equal(transport.dials, 1);
    });
  });

  for (const code of ['target.unreachable', 'direct.timeout', 'direct.unreachable'] as const) {
    it(`gives up a link through which nothing has come for four probes (${code})`, async () => {
      await start();
      const unanswered = new Fault(code, 'No answer.', { retryable: true });
      probe = (link) => (link === transport.links[0] ? Promise.reject(unanswered) : Promise.resolve({ level: 'ok', checkedAt: 1 }));
      for (const [index, pause] of [30_000, 5000, 5000, 5000].entries()) {
        await eventually(() => clock.nextIn === pause, `probe ${index + 1} is due`);
        clock.advance(pause);
        await eventually(() => events.filter(({ health }) => health.detail === 'No answer.').length > index, 'it has failed');
      }
      await reaches('waiting');
      clock.advance(500);
      await reaches('open');
    });
  }

  describe('with other bastions', () => {
    const alternates = [over('i-2'), over('i-3')];

    it('goes over to the next one without a click, says which, and back at the next loss', async () => {
      const { local } = await start({ alternates });
      aliveOnly('i-3');
      lose(lost);
      await reaches('waiting');
      clock.advance(500);
      await reaches('open');
      assert.deepEqual([now().route.bastion?.id, now().local.port, now().reconnects], ['i-3', local.port, 1]);
      aliveOnly('i-1', 'i-3');
      lose(lost);
      await reaches('waiting');
      assert.equal(now().route.bastion?.id, 'i-1');
      clock.advance(500);
      await reaches('open');
      assert.equal(now().route.bastion?.id, 'i-1');
    });

    it('takes the next one at the first connect, too', async () => {
      aliveOnly('i-2');
      const info = await start({ alternates });
      assert.equal(info.route.bastion?.id, 'i-2');
      assert.equal(info.lastFault?.fault.code, gone.code);
    });

    it('fails with the fault of its own bastion where all are gone', async () => {
      transport.beforeDial = (_attempt, _signal, { bastion }) => Promise.reject(new Fault(gone.code, `${bastion?.id} is gone.`));
      await assert.rejects(start({ alternates }), { message: 'i-1 is gone.' });
      assert.equal(transport.dials, 3);
    });

    it('backs off when none of them answers, and tries all again', async () => {
      await start({ alternates });
      aliveOnly();
      lose(lost);
      await reaches('waiting');
      clock.advance(500);
      await eventually(() => transport.dials === 4 && now().state.phase === 'waiting', 'a whole round');
      assert.equal(now().route.bastion?.id, 'i-1');
      aliveOnly('i-2');
      clock.advance(1000);
      await reaches('open');
      assert.equal(now().route.bastion?.id, 'i-2');
    });
  });

  describe('of clients that come meanwhile', () => {
    const holdLink = async (): Promise<void> => {
      transport.beforeDial = untilAborted;
      lose(lost);
      await reaches('waiting');
    };

    it('resets them, with a reason in the log, after the time that is set', async () => {
      const { local } = await start({ holdMs: 3000 });
      await holdLink();
      const before = clock.pending;
      let reset = false;
      dialLocal(local.port).once('error', () => (reset = true));
      await eventually(() => clock.pending > before, 'the client waits');
      clock.advance(2999);
      assert.equal(reset, false);
      clock.advance(1);
      await eventually(() => reset, 'reset');
      assert.ok(logged.some(({ event, fields }) => event === 'tunnel.connectionReset' && fields['code'] === 'tunnel.noLink'));
    });

    it('resets the oldest when too many wait', async () => {
      await tunnels.dispose();
      tunnels = make({ maxWaiting: 3 });
      const { local } = await start();
      await holdLink();
      const gone_: number[] = [];
      for (let index = 0; index < 5; index++) {
        const before = now().state;
        const waiting = clock.pending;
        dialLocal(local.port).once('error', () => gone_.push(index));
        await eventually(() => clock.pending > waiting || gone_.length > index - 3, `client ${index} waits`);
        assert.ok(before);
      }
      await eventually(() => gone_.length === 2, 'two are reset');
      assert.deepEqual(gone_, [0, 1]);
      assert.ok(logged.some(({ fields }) => fields['code'] === 'tunnel.tooManyWaiting'));
    });

    it('serves one whose link broke before anything was sent through it', async () => {
      const { local } = await start();
      const [first] = transport.links;
      first!.open = () => {
        first!.fail(lost);
        return new Promise((_resolve, reject) => {
          setImmediate(() => reject(new Fault('ssm.linkClosed', 'The link is closed.')));
        });
      };
      const client = dialLocal(local.port);
      client.write('hello');
      const answer = new Promise((resolve) => {
        client.once('data', (chunk) => resolve(chunk.toString()));
      });
      await reaches('waiting');
      clock.advance(500);
      assert.equal(await answer, 'hello');
    });
  });

  it('tells what has happened: reconnects, the last fault, and the probes', async () => {
    const { id } = await start();
    assert.equal(now().lastFault, undefined);
    lose(lost);
    await reaches('waiting');
    clock.advance(500);
    await reaches('open');
    assert.deepEqual([now().reconnects, now().lastFault?.fault.code], [1, 'ssm.sessionEnded']);
    const details = await tunnels.details(id);
    assert.deepEqual(details?.latency, { lowestMs: 2, medianMs: 2, highestMs: 2 });
    assert.deepEqual(details?.history.map(({ latencyMs }) => latencyMs), [2, 2]);
    assert.equal(await tunnels.details('unknown'), undefined);
    await tunnels.retry('unknown');
  });
});
