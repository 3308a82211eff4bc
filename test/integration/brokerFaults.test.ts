// What can befall a broker and its windows. Each of these holds every time, not most of the time.
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nullLogger } from '../../src/base/log';
import { identify } from '../../src/broker/processIdentity';
import { HELLO, LIST, PROTOCOL } from '../../src/broker/protocol';
import { Rpc } from '../../src/broker/rpc';
import type { TunnelInfo } from '../../src/model/tunnel';
import { eventually } from '../fixtures/eventually';
import { isAlive } from '../fixtures/isAlive';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';
import { type BrokerRig, brokerRig, never, ping, RawRedis, settingsOf, sha, type TestWindow } from './brokerRig';

describe('a broker in trouble', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  let rig: BrokerRig;
  const children: ChildProcess[] = [];

  before(async () => {
    sandbox = await startSandbox();
  });
  after(() => sandbox.close());
  beforeEach(async () => {
    rig = await brokerRig(sandbox);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rig.close();
    assert.deepEqual(sandbox.sessions.activeSessions(), [], 'no session is left at the service');
  });

  const sessionIds = (): string[] => sandbox.sessions.activeSessions().map(({ sessionId }) => sessionId);
  const logged = ({ log }: TestWindow, event: string): number => log.filter((line) => line.split(' ')[1] === event).length;

  it('is killed: windows see it at once, another one ends its sessions, and its tunnels are back on their ports', async () => {
    const [one, other] = [rig.window(), rig.window()];
    await other.client.tunnels.list();
    const tunnels = await Promise.all(['orders-cache', 'scratch-memorydb'].map(async (name) => one.client.tunnels.start(await rig.route(name), {}, never)));
    await eventually(() => other.shown.size === 2);
    const left = sessionIds();
    const { pid } = await rig.lock();
    // The journal is written beside the work.
    await eventually(() => left.every((id) => readFileSync(rig.places.journalFile, 'utf8').includes(id)), 'the journal has them');
    const seen = Promise.all([one, other].map(({ shown }) => eventually(() => [...shown.values()].every(({ state }) => state.phase === 'waiting'), 'it is seen')));
    const killed = performance.now();
    process.kill(pid, 'SIGKILL');
    await seen;
    assert.ok(performance.now() - killed < 3000, 'as soon as the sockets close, and not by a time-out');
    const isBack = ({ shown }: TestWindow): boolean =>
      tunnels.every(({ id, local }) => shown.get(id)?.state.phase === 'open' && shown.get(id)?.local.port === local.port) && shown.size === 2;
    for (const window of [one, other]) {
      await eventually(() => isBack(window), 'the tunnels are back', 15_000);
      assert.deepEqual(window.notices.map(({ kind }) => kind), ['brokerLost']);
    }
    for (const { local } of tunnels) await ping(local.port);
    await eventually(() => !sessionIds().some((id) => left.includes(id)), 'what it left at the service has been ended', 10_000);
    assert.equal(sessionIds().length, 2);
    // They are the window's tunnels still, under the ids that it knows.
    await one.client.tunnels.stop(tunnels[0]!.id);
    await eventually(() => one.shown.size === 1 && other.shown.size === 1);
  });

  it('is killed together with its windows: the next one ends its sessions and what it had started', async () => {
    const child = await windowProcess(rig, await rig.route());
    const { pid } = await rig.lock();
    const [left] = sessionIds();
    await eventually(() => readFileSync(rig.places.journalFile, 'utf8').includes(left!));
    const orphan = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    children.push(orphan);
    const journal = JSON.parse(readFileSync(rig.places.journalFile, 'utf8')) as { groups: unknown[] };
    // In this order: a window that sees its broker die starts another.
    child.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isAlive(pid));
    journal.groups.push(await identify(orphan.pid!));
    writeFileSync(rig.places.journalFile, JSON.stringify(journal));
    const next = rig.window();
    assert.deepEqual(await next.client.tunnels.list(), []);
    await eventually(() => sessionIds().length === 0, 'the session has been ended', 10_000);
    await eventually(() => !isAlive(orphan.pid!), 'the orphan has been ended');
  });

  for (const [name, leave] of [
    ['is closed for a reload', 'SIGTERM'],
    ['is killed', 'SIGKILL'],
  ] as const) {
    it(`moves 64 MB without a hitch while the only window ${name} and another one comes`, async () => {
      const child = await windowProcess(rig, await rig.route());
      const [tunnel] = await rig.window({ lingerSeconds: 30 }).client.tunnels.list();
      const redis = await RawRedis.to(tunnel!.local.port);
      try {
        const payload = randomBytes(16 * 1024 * 1024);
        for (let round = 0; round < 2; round++) {
          const sent = redis.run('SET', 'bulk', payload);
          if (round === 0) {
            child.kill(leave);
            void rig.window({ lingerSeconds: 30 }).client.tunnels.list();
          }
          assert.deepEqual(await sent, { type: 'status', text: 'OK' });
          const reply = await redis.run('GET', 'bulk');
          assert.ok(reply.type === 'bulk' && sha(reply.bytes) === sha(payload));
        }
        await redis.run('DEL', 'bulk');
      } finally {
        redis.close();
      }
      const [same] = await rig.window({ lingerSeconds: 0 }).client.tunnels.list();
      assert.equal(same?.id, tunnel!.id);
    });
  }

  it('finds the disk full: tunnels work, and it is said once', async () => {
    mkdirSync(rig.places.stateFolder, { recursive: true, mode: 0o700 });
    symlinkSync('/dev/full', `${rig.places.journalFile}.draft`);
    const window = rig.window();
    for (const name of ['orders-cache', 'scratch-memorydb']) await ping((await window.client.tunnels.start(await rig.route(name), {}, never)).local.port);
    await eventually(() => logged(window, 'journal.notWritten') === 1);
    await Promise.all((await window.client.tunnels.list()).map(({ id }) => window.client.tunnels.stop(id)));
    assert.equal(logged(window, 'journal.notWritten'), 1);
  });

  it('finds its files destroyed: they are put aside, and it starts', async () => {
    mkdirSync(rig.places.stateFolder, { recursive: true, mode: 0o700 });
    for (const file of [rig.places.journalFile, rig.places.tokenFile]) writeFileSync(file, randomBytes(500));
    writeFileSync(rig.places.lockFile, '{"pid":12');
    const window = rig.window();
    await ping((await window.client.tunnels.start(await rig.route(), {}, never)).local.port);
    await eventually(() => logged(window, 'journal.unreadable') === 1);
  });

  for (const [name, pidOf] of [
    ['a process that is dead', () => spawnSync(process.execPath, ['-e', '']).pid],
    ['a process whose number another one has', () => process.pid],
  ] as const) {
    it(`recovers the lock of ${name}, for several windows at once`, async () => {
      mkdirSync(rig.places.stateFolder, { recursive: true, mode: 0o700 });
      const stale = { pid: pidOf(), started: 'at another time', nonce: 'x', address: join(rig.home, 'none.sock') };
      writeFileSync(rig.places.lockFile, JSON.stringify(stale));
      const windows = [rig.window(), rig.window(), rig.window()];
      await Promise.all(windows.map(({ client }) => client.tunnels.list()));
      const pids = windows.flatMap(({ log }) => log.flatMap((line) => /broker\.connected pid=(\d+)/.exec(line)?.[1] ?? []));
      assert.equal(pids.length, 3);
      assert.equal(new Set(pids).size, 1);
    });
  }

  it('cannot be started: everything runs in the window, which says so once', async () => {
    writeFileSync(join(rig.home, 'file'), '');
    for (const env of [{ ...rig.env, SALLYPORT_STATE_HOME: join(rig.home, 'file/state') }, rig.env]) {
      const window = rig.window({ env, program: join(rig.home, 'no-such-program.js') });
      const tunnel = await window.client.tunnels.start(await rig.route(), {}, never);
      await ping(tunnel.local.port);
      assert.equal(window.shown.size, 1);
      assert.deepEqual(window.notices.map(({ kind }) => kind), ['brokerInWindow']);
      await window.close();
      assert.deepEqual(sessionIds(), []);
    }
  });

  for (const [what, place] of [
    ['lock', () => rig.places.lockFile],
    ['socket', async () => (await rig.lock()).address],
  ] as const) {
    it(`loses its ${what}: it ends, and leaves nothing`, async () => {
      const window = rig.window();
      await window.client.tunnels.start(await rig.route(), {}, never);
      const { pid } = await rig.lock();
      unlinkSync(await place());
      await eventually(() => !isAlive(pid), 'it has ended', 15_000);
      assert.deepEqual(sessionIds(), []);
      await eventually(() => window.shown.size === 0, 'the window has seen it');
    });
  }

  it('does not answer any more: it is replaced by force', async () => {
    const window = rig.window();
    await window.client.tunnels.start(await rig.route(), {}, never);
    const { pid } = await rig.lock();
    process.kill(pid, 'SIGSTOP');
    const late = rig.window();
    await assert.rejects(late.client.tunnels.list(), { code: 'broker.silent' });
    await late.client.restart();
    assert.ok(!isAlive(pid));
    await eventually(() => window.shown.size === 1 && [...window.shown.values()][0]!.state.phase === 'open', 'its tunnel is back', 15_000);
  });

  it('answers a thousand calls at once', async () => {
    const { client } = rig.window();
    const tunnel = await client.tunnels.start(await rig.route(), {}, never);
    const lists = await Promise.all(Array.from({ length: 1000 }, () => client.tunnels.list()));
    assert.ok(lists.every((list) => list.length === 1 && list[0]?.id === tunnel.id));
  });

  describe('among versions', () => {
    it('makes room for a newer one as soon as it has no tunnel, and not before', async () => {
      const old = rig.window({ version: '0.1.0' });
      const tunnel: TunnelInfo = await old.client.tunnels.start(await rig.route(), {}, never);
      const { pid } = await rig.lock();
      const fresh = rig.window({ version: '0.2.0' });
      assert.equal((await fresh.client.tunnels.list())[0]?.id, tunnel.id);
      await ping(tunnel.local.port);
      assert.ok(isAlive(pid));
      await fresh.client.tunnels.stop(tunnel.id);
      await eventually(() => !isAlive(pid), 'the old one has ended', 10_000);
      const next = await eventually(async () => ((await rig.lock()).pid === pid ? undefined : rig.lock()), 'the new one is there', 20_000);
      assert.ok(readFileSync(`/proc/${next.pid}/cmdline`, 'latin1').includes('0.2.0'));
      for (const { log } of [old, fresh]) await eventually(() => log.some((line) => line.includes(`broker.connected pid=${next.pid}`)), 'both are back', 10_000);
    });

    it('refuses one that it cannot understand, and ends when the person wants that', async () => {
      const window = rig.window();
      await window.client.tunnels.start(await rig.route(), {}, never);
      const { pid, address } = await rig.lock();
      const stranger = await hello(rig, address, { protocol: PROTOCOL + 1 });
      await assert.rejects(stranger.answer, (error: { code: string; message: string }) => error.code === 'broker.incompatible' && error.message.includes('1 open tunnel'));
      await window.client.restart();
      assert.ok(!isAlive(pid));
      assert.deepEqual(sessionIds(), []);
      assert.deepEqual(await window.client.tunnels.list(), []);
      assert.deepEqual(window.notices, []);
    });
  });

  describe('with a hostile neighbour', () => {
    const closed = (socket: Socket): Promise<void> =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else socket.once('close', () => resolve());
      });
    const tell = async (address: string, bytes: Buffer): Promise<Socket> => {
      const socket = connect(address);
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(bytes);
      return socket;
    };

    it('lets nobody in who does not know the token, and keeps serving those who do', async () => {
      const window = rig.window();
      const tunnel = await window.client.tunnels.start(await rig.route(), {}, never);
      const { pid, address } = await rig.lock();
      const memory = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
      const before = memory();
      const wrong = await hello(rig, address, { token: 'f'.repeat(64) });
      await assert.rejects(wrong.answer, { code: 'broker.refused' });
      await wrong.rpc.closed;
      const early = new Rpc(connect(address), () => 1e6, nullLogger);
      early.listen();
      await assert.rejects(early.request(LIST, null, never), { code: 'broker.nonsense' });
      early.destroy();

      const large = Buffer.alloc(100 * 1024 * 1024, 0x20);
      large.writeUInt32BE(large.length - 4);
      const garbage = [randomBytes(100_000), Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), large];
      for (const bytes of garbage) await closed(await tell(address, bytes));
      const half = await Promise.all(Array.from({ length: 200 }, () => tell(address, Buffer.from([0, 0, 1]))));
      assert.ok(memory() - before < 60e6, `${(memory() - before) / 1e6} MB more`);
      // Those that never say what they want are put out, and meanwhile a window that says it at once gets in.
      await Promise.all(half.map((socket) => closed(socket)));
      assert.equal((await rig.window().client.tunnels.list())[0]?.id, tunnel.id);
      await ping(tunnel.local.port);
      assert.ok(isAlive(pid));
    });
  });

  async function windowProcess(of: BrokerRig, route: unknown): Promise<ChildProcess> {
    const child = spawn(process.execPath, [join(__dirname, 'brokerWindow.js'), JSON.stringify(route)], { env: of.env, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(createInterface({ input: child.stdout }), 'line');
    return child;
  }

  /** A peer that is no window of ours. */
  async function hello(of: BrokerRig, address: string, more: object): Promise<{ rpc: Rpc; answer: Promise<unknown> }> {
    const rpc = new Rpc(connect(address), () => 1e6, nullLogger);
    rpc.listen();
    const token = readFileSync(of.places.tokenFile, 'utf8');
    const params = { protocol: PROTOCOL, version: '0.1.0', token, env: {}, settings: settingsOf(), companion: '', ...more };
    return { rpc, answer: rpc.request(HELLO, params, never) };
  }
});
