import { strict as assert } from 'node:assert';
import { connect, createServer, type Socket } from 'node:net';
import { Fault, isCancelled, isFault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import type { Health } from '../../../src/model/health';
import type { TunnelInfo } from '../../../src/model/tunnel';
import type { Probe } from '../../../src/tunnel/probe';
import { Tunnels } from '../../../src/tunnel/tunnels';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeTransport, testRoute } from '../../fixtures/fakeTransport';
import { type TcpServer, tcpServer } from '../../fixtures/tcpServer';

const never = new AbortController().signal;
const lost = new Fault('ssm.sessionEnded', 'The session ended.', { retryable: true });

describe('Tunnels', () => {
  let server: TcpServer;
  let transport: FakeTransport;
  let clock: FakeClock;
  let tunnels: Tunnels;
  let probe: Probe;
  let events: TunnelInfo[];
  const clients: Socket[] = [];

  beforeEach(async () => {
    server = await tcpServer((socket) => socket.pipe(socket));
    transport = new FakeTransport(() => server.address);
    clock = new FakeClock();
    events = [];
    probe = (): Promise<Health> => Promise.resolve({ level: 'ok', latencyMs: 2, checkedAt: clock.wall() });
    tunnels = new Tunnels({ transports: [transport], probe: (...all) => probe(...all), logger: nullLogger, clock });
    tunnels.onDidChange((info) => events.push(info));
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await tunnels.dispose();
    await server.close();
    assert.equal(clock.pending, 0, 'no timer is left');
    for (const link of transport.links) {
      assert.ok(link.disposals > 0, 'every link was disposed');
      await eventually(() => link.streams.size === 0, 'every stream is gone');
    }
  });

  const dialLocal = (port: number): Socket => {
    const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const phases = (): string[] => events.map(({ state }) => state.phase).filter((phase, at, all) => phase !== all[at - 1]);
  const echo = async (port: number, text: string): Promise<string> => {
    const client = dialLocal(port);
    client.write(text);
    return new Promise((resolve) => {
      client.once('data', (chunk) => resolve(chunk.toString()));
    });
  };

  it('binds 127.0.0.1, dials, probes, and is then open and healthy with the measured latency', async () => {
    const info = await tunnels.start(testRoute, {}, never);
    assert.equal(info.local.host, '127.0.0.1');
    assert.equal(info.state.phase, 'open');
    assert.deepEqual([info.health.level, info.health.latencyMs], ['ok', 2]);
    assert.deepEqual(phases(), ['connecting', 'open']);
    assert.equal(events[0]!.local.port, info.local.port, 'the port is known before the link');
    assert.equal(await echo(info.local.port, 'hello'), 'hello');
    assert.deepEqual((await tunnels.list()).map(({ id }) => id), [info.id]);
  });

  it('counts streams and bytes', async () => {
    const info = await tunnels.start(testRoute, {}, never);
    await echo(info.local.port, 'hello');
    await eventually(() => {
      clock.advance(1000);
      const last = events.at(-1)!;
      return last.state.phase === 'open' && last.state.streams === 1 && last.bytes.up === 5 && last.bytes.down === 5;
    }, 'one stream, five bytes each way');
  });

  it('gives everyone who asks for the same destination the same tunnel', async () => {
    const [one, two] = await Promise.all([tunnels.start(testRoute, {}, never), tunnels.start(testRoute, {}, never)]);
    const three = await tunnels.start(testRoute, {}, never);
    assert.deepEqual(new Set([one.id, two.id, three.id]).size, 1);
    assert.equal(transport.dials, 1);
  });

  it('keeps a shared start going when only one of those who wait gives up', async () => {
    let release = (): void => {};
    transport.beforeDial = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const abort = new AbortController();
    const first = tunnels.start(testRoute, {}, abort.signal);
    const second = tunnels.start(testRoute, {}, never);
    await eventually(() => transport.dials === 1, 'the dial has begun');
    abort.abort();
    release();
    await assert.rejects(first, isCancelled);
    assert.equal((await second).state.phase, 'open');
  });

  describe('opened for a trial', () => {
    let release = (): void => {};
    beforeEach(() => {
      transport.beforeDial = () => new Promise((resolve) => (release = resolve));
    });
    const dialled = (): Promise<unknown> => eventually(() => transport.dials === 1, 'the dial has begun');

    it('say what they have shown, and are closed', async () => {
      const trial = tunnels.start(testRoute, { trial: true }, never);
      await dialled();
      release();
      const { state, health } = await trial;
      assert.deepEqual([state, health.level, health.latencyMs], [{ phase: 'closed' }, 'ok', 2]);
      assert.deepEqual(await tunnels.list(), []);
      assert.ok(events.every((info) => info.trial));
      assert.equal(events.at(-1)!.state.phase, 'closed');
    });

    it('stay when someone asks for the same destination while they are dialled', async () => {
      const trial = tunnels.start(testRoute, { trial: true }, never);
      await dialled();
      const wanted = tunnels.start(testRoute, {}, never);
      assert.equal(events.at(-1)!.trial, undefined, 'everyone is told');
      release();
      const [one, other] = await Promise.all([trial, wanted]);
      assert.deepEqual([one.id, one.state.phase, one.trial], [other.id, 'open', undefined]);
      assert.equal(await echo(other.local.port, 'hello'), 'hello');
    });

    it('are closed when the one who asked for them has given up', async () => {
      const abort = new AbortController();
      const trial = tunnels.start(testRoute, { trial: true }, never);
      const wanted = tunnels.start(testRoute, {}, abort.signal);
      await dialled();
      abort.abort();
      release();
      await assert.rejects(wanted, isCancelled);
      assert.equal((await trial).state.phase, 'closed');
      assert.deepEqual(await tunnels.list(), []);
    });

    it('are another one’s own when that was open, or being opened, before', async () => {
      const wanted = tunnels.start(testRoute, {}, never);
      await dialled();
      const joined = tunnels.start(testRoute, { trial: true }, never);
      release();
      assert.equal((await joined).state.phase, 'open');
      assert.equal((await tunnels.start(testRoute, { trial: true }, never)).id, (await wanted).id);
      assert.equal((await tunnels.list())[0]?.state.phase, 'open');
    });

    it('are not joined any more once they end', async () => {
      const trial = tunnels.start(testRoute, { trial: true }, never);
      await dialled();
      let next: Promise<TunnelInfo> | undefined;
      transport.beforeDial = () => Promise.resolve();
      probe = () => {
        setImmediate(() => void (next ??= tunnels.start(testRoute, {}, never)));
        return Promise.resolve({ level: 'ok', checkedAt: clock.wall() });
      };
      release();
      await trial;
      await eventually(() => next !== undefined);
      const own = await next!;
      assert.deepEqual([own.state.phase, (await tunnels.list()).map(({ id }) => id)], ['open', [own.id]]);
    });
  });

  it('says at once that a port is taken, and leaves nothing', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => {
      holder.listen(0, '127.0.0.1', resolve);
    });
    const { port } = holder.address() as { port: number };
    try {
      await assert.rejects(tunnels.start(testRoute, { localPort: port }, never), (error) => {
        assert.ok(isFault(error) && error.code === 'tunnel.portTaken' && error.message.includes(String(port)));
        assert.equal(error.remedy?.action, 'chooseAnotherPort');
        return true;
      });
    } finally {
      holder.close();
    }
    assert.equal(transport.dials, 0);
    assert.deepEqual(await tunnels.list(), []);
  });

  it('refuses what is no port', async () => {
    for (const localPort of [-1, 65536, 1.5]) {
      await assert.rejects(tunnels.start(testRoute, { localPort }, never), { code: 'tunnel.portInvalid' });
    }
  });

  it('refuses an endpoint that is no host before anything is opened', async () => {
    const route = { ...testRoute, endpoint: { host: '-oProxyCommand=x', port: 6379 } };
    await assert.rejects(tunnels.start(route, {}, never), { code: 'route.endpointInvalid' });
    assert.deepEqual(events, []);
  });

  it('frees the port and closes when the link cannot be dialled', async () => {
    transport.beforeDial = () => Promise.reject(new Fault('aws.accessDenied', 'Denied.'));
    await assert.rejects(tunnels.start(testRoute, {}, never), { code: 'aws.accessDenied' });
    assert.deepEqual(phases(), ['connecting', 'closed']);
    await assertFree(events[0]!.local.port);
    assert.deepEqual(await tunnels.list(), []);
  });

  it('disposes the link when the first probe fails', async () => {
    probe = () => Promise.reject(new Fault('target.unreachable', 'No answer.', { retryable: true }));
    await assert.rejects(tunnels.start(testRoute, {}, never), { code: 'target.unreachable' });
    assert.equal(transport.links[0]!.disposals, 1);
    await assertFree(events[0]!.local.port);
  });

  for (const step of ['dial', 'probe'] as const) {
    it(`can be cancelled during the ${step}`, async () => {
      const abort = new AbortController();
      const hang = (_: unknown, signal: AbortSignal): Promise<never> =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
          abort.abort();
        });
      if (step === 'dial') transport.beforeDial = hang;
      else probe = (_link, _route, signal) => hang(undefined, signal);
      await assert.rejects(tunnels.start(testRoute, {}, abort.signal), isCancelled);
      assert.deepEqual(await tunnels.list(), []);
      await assertFree(events[0]!.local.port);
    });
  }

  it('replaces a lost link under the same port, and serves a client that came meanwhile', async () => {
    const info = await tunnels.start(testRoute, {}, never);
    transport.links[0]!.fail(lost);
    await eventually(() => events.at(-1)!.state.phase === 'waiting', 'waiting');
    assert.equal(events.at(-1)!.health.level, 'down');
    const early = echo(info.local.port, 'early');
    await eventually(() => clock.pending >= 2, 'the client waits');
    clock.advance(500);
    assert.equal(await early, 'early');
    const now = (await tunnels.list())[0]!;
    assert.equal(now.state.phase, 'open');
    assert.equal(now.local.port, info.local.port);
    assert.deepEqual(phases(), ['connecting', 'open', 'waiting', 'connecting', 'open']);
  });

  it('backs off between failed attempts', async () => {
    await tunnels.start(testRoute, {}, never);
    clock.randomValue = 0.9999;
    transport.beforeDial = (attempt) => (attempt < 5 ? Promise.reject(lost) : Promise.resolve());
    transport.links[0]!.fail(lost);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 4; attempt++) {
      const wait = await eventually(() => {
        const { state } = events.at(-1)!;
        return state.phase === 'waiting' && state.attempt === attempt ? clock.nextIn! + 1 : undefined;
      }, `attempt ${attempt}`);
      waits.push(Math.round(wait / 100) * 100);
      clock.advance(wait);
    }
    await eventually(() => events.at(-1)!.state.phase === 'open', 'open again');
    assert.deepEqual(waits, [500, 1000, 2000, 4000]);
  });

  it('closes for good when another attempt cannot help', async () => {
    const info = await tunnels.start(testRoute, {}, never);
    transport.links[0]!.fail(new Fault('aws.accessDenied', 'No permission.'));
    await eventually(() => events.at(-1)!.state.phase === 'closed', 'closed');
    const { state } = events.at(-1)!;
    assert.ok(state.phase === 'closed' && state.cause?.code === 'aws.accessDenied');
    await assertFree(info.local.port);
  });

  it('resets a client whose link does not come back within the bound', async () => {
    const info = await tunnels.start(testRoute, {}, never);
    transport.beforeDial = (_attempt, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
    transport.links[0]!.fail(lost);
    await eventually(() => events.at(-1)!.state.phase === 'waiting', 'waiting');
    const client = dialLocal(info.local.port);
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => {
      client.once('error', resolve);
    });
    await eventually(() => clock.pending >= 2, 'the client waits');
    clock.advance(10_000);
    assert.equal((await failed).code, 'ECONNRESET');
  });

  it('is degraded after one failed probe, down after two, and well again after a passed one', async () => {
    await tunnels.start(testRoute, {}, never);
    const healthy = probe;
    const level = (): string => events.at(-1)!.health.level;
    probe = () => Promise.reject(new Fault('target.unreachable', 'No answer.'));
    await eventually(() => clock.pending === 1, 'a probe is due');
    clock.advance(30_000);
    await eventually(() => level() === 'degraded', 'degraded');
    await eventually(() => clock.pending === 1, 'the next probe is due');
    clock.advance(5_000);
    await eventually(() => level() === 'down', 'down');
    assert.equal(events.at(-1)!.health.detail, 'No answer.');
    probe = healthy;
    await eventually(() => clock.pending === 1, 'the next probe is due');
    clock.advance(5_000);
    await eventually(() => level() === 'ok', 'ok');
  });

  it('is degraded when its latency has risen twice in a row, and well again when it falls', async () => {
    let latencyMs = 20;
    probe = (): Promise<Health> => Promise.resolve({ level: 'ok', latencyMs, checkedAt: clock.wall() });
    await tunnels.start(testRoute, {}, never);
    const next = async (ms: number): Promise<Health> => {
      latencyMs = ms;
      const seen = events.length;
      await eventually(() => clock.pending === 1, 'a probe is due');
      clock.advance(30_000);
      await eventually(() => events.length > seen, 'the probe has passed');
      return events.at(-1)!.health;
    };
    for (let count = 0; count < 5; count++) assert.equal((await next(20)).level, 'ok');
    assert.equal((await next(400)).level, 'ok');
    const risen = await next(400);
    assert.deepEqual([risen.level, risen.detail], ['degraded', 'The latency has risen: 400 ms, where 20 ms were usual.']);
    assert.equal((await next(20)).level, 'ok');
  });

  it('asks a MySQL server seldom while it is healthy, and as usual while it is not', async () => {
    let level: Health['level'] = 'ok';
    probe = (): Promise<Health> => Promise.resolve({ level, latencyMs: 2, checkedAt: clock.wall() });
    await tunnels.start({ ...testRoute, target: { ...testRoute.target, engine: 'mysql' } }, {}, never);
    await eventually(() => clock.nextIn === 30 * 60_000, 'half an hour');
    level = 'degraded';
    clock.advance(30 * 60_000);
    await eventually(() => clock.nextIn === 30_000, 'half a minute');
  });

  it('probes as often as its options say', async () => {
    probe = (): Promise<Health> => Promise.resolve({ level: 'ok', latencyMs: 2, checkedAt: clock.wall() });
    await tunnels.start(testRoute, { probeEveryMs: 120_000 }, never);
    await eventually(() => clock.nextIn === 120_000, 'two minutes');
  });

  it('resets its clients and frees the port when it is stopped', async () => {
    const info = await tunnels.start(testRoute, {}, never);
    const client = dialLocal(info.local.port);
    client.write('x');
    await new Promise((resolve) => {
      client.once('data', resolve);
    });
    const reset = new Promise<NodeJS.ErrnoException>((resolve) => {
      client.once('error', resolve);
    });
    await tunnels.stop(info.id);
    assert.equal((await reset).code, 'ECONNRESET');
    assert.deepEqual(phases().at(-1), 'closed');
    assert.deepEqual(await tunnels.list(), []);
    await assertFree(info.local.port);
    await tunnels.stop(info.id);
    await tunnels.stop('no such tunnel');
  });

  it('refuses new tunnels once it is disposed, and cancels those under way', async () => {
    transport.beforeDial = (_attempt, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
    const starting = tunnels.start(testRoute, {}, never);
    const rejected = assert.rejects(starting, isCancelled);
    await eventually(() => transport.dials === 1, 'dialling');
    await tunnels.dispose();
    await rejected;
    await assert.rejects(tunnels.start(testRoute, {}, never), isCancelled);
  });
});

/** Proves that nobody listens on the port any more: it can be bound again. */
async function assertFree(port: number): Promise<void> {
  const again = createServer();
  await new Promise<void>((resolve, reject) => {
    again.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => {
    again.close(resolve);
  });
}
