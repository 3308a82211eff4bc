import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { nullLogger } from '../../src/base/log';
import type { BrokerClient } from '../../src/broker/client';
import { connectBroker } from '../../src/broker/connect';
import { readLock } from '../../src/broker/lock';
import { placesOf, STATE_VARIABLE, thisMachine } from '../../src/broker/places';
import { chooseBastion, makeRoute, type Route } from '../../src/model/route';
import { DEFAULT_SSH_SETTINGS } from '../../src/model/ssh';
import { ssmSettings } from '../../src/model/ssmSettings';
import { defaultEndpoint } from '../../src/model/target';
import { endBroker } from '../vscode/harness/brokerEnd';
import type { BrokerFarEnd } from './brokerFarEnd';
import { type Figures, quantile } from './figures';
import { startPeer } from './peer';

const CUTS = 20;
const CALLS = 5000;
const IDLE_TUNNELS = 50;
/** Sessions that were started for a burst end after ten seconds; and the first round of probes, with which code is compiled, is over. */
const SETTLED_MS = 35_000;
/** Every tunnel is probed twice in it. */
const IDLE_MS = 60_000;
const FLOW_MS = 5_000;
/** Bytes that a client streams while a window is reloaded. */
const STREAM_BYTES = 96e6;
const never = new AbortController().signal;

interface Subject {
  readonly env: NodeJS.ProcessEnv;
  readonly farEnd: BrokerFarEnd;
  readonly route: Route;
  window(): BrokerClient;
}

/** The broker of the packaged bundle, with the sandbox behind it; this process is the window. */
export async function brokerFigures(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-bench-'));
  const farEnd = await startPeer<BrokerFarEnd>('brokerFarEnd', { folder: join(folder, 'aws') });
  const env = { ...process.env, ...farEnd.ready.env, [STATE_VARIABLE]: join(folder, 'state') };
  const windows: BrokerClient[] = [];
  const window = (): BrokerClient => {
    const client = openWindow(env);
    windows.push(client);
    return client;
  };
  try {
    const client = window();
    const subject: Subject = { env, farEnd: farEnd.ready, route: await routeOf(client), window };
    return {
      'rpc.p50us': await callTime(subject, client),
      ...(await reconnectTimes(subject, client)),
      ...(await reloadGap(subject)),
      'extensionHost.p99DelayMs': await delayUnderFlow(subject, client),
      ...(await idleCost(subject, client)),
    };
  } finally {
    await Promise.all(windows.map((one) => one.dispose()));
    await endBroker(env);
    await farEnd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function openWindow(env: NodeJS.ProcessEnv): BrokerClient {
  const dist = join(__dirname, '../../../dist');
  return connectBroker({
    logger: nullLogger,
    version: '0.0.1',
    program: join(dist, 'broker.js'),
    companion: join(dist, 'ssh-companion.js'),
    settings: () => ({ ssm: ssmSettings(), ssh: DEFAULT_SSH_SETTINGS, proxy: {}, workspaceFolders: [], caFile: '', customTargets: null, lingerSeconds: 20 }),
    env,
  });
}

async function routeOf(client: BrokerClient): Promise<Route> {
  const targets = [];
  const bastions = [];
  for await (const part of client.inventory.discover({ profile: 'dev', region: 'eu-central-1' }, never)) {
    if (part.kind === 'targets') targets.push(...part.targets);
    else if (part.kind === 'bastions') bastions.push(...part.bastions);
  }
  const target = targets.find(({ name }) => name === 'orders-cache');
  if (!target) throw new Error('the sandbox has no orders-cache');
  return makeRoute(target, defaultEndpoint(target)!, chooseBastion(target, bastions));
}

/** Another tunnel to the same server. */
function numbered(route: Route, number: number): Route {
  return { ...route, target: { ...route.target, id: `${route.target.id}-${number}` } };
}

async function callTime({ route }: Subject, client: BrokerClient): Promise<number> {
  await client.tunnels.start(route, {}, never);
  const times: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const began = performance.now();
    await client.tunnels.list();
    times.push((performance.now() - began) * 1000);
  }
  return quantile(times, 0.5);
}

/** Resolves when a new connection has got a byte through. */
async function firstByte(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const answered = new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true)).once('close', () => resolve(false)).once('error', () => {});
    });
    socket.write('PING\r\n');
    const ok = await answered;
    socket.destroy();
    if (ok) return;
  }
}

/** From the cut of a link's socket, and from the end of its session, to the first byte through. */
async function reconnectTimes({ route, farEnd }: Subject, client: BrokerClient): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const { id } of await client.tunnels.list()) await client.tunnels.stop(id);
  for (const [name, path] of [
    ['reconnect.p50ms', 'cut'],
    ['reconnect.newSession.p50ms', 'end'],
  ] as const) {
    const times: number[] = [];
    for (let cut = 0; cut < CUTS; cut++) {
      // A tunnel of its own for each: one that is cut time and again waits longer each time, as it should.
      const { id, local } = await client.tunnels.start(numbered(route, cut), {}, never);
      await firstByte(local.port);
      await delay(100);
      const began = performance.now();
      await (await fetch(`${farEnd.control}/${path}`, { method: 'POST' })).arrayBuffer();
      await firstByte(local.port);
      times.push(performance.now() - began);
      await client.tunnels.stop(id);
    }
    figures[name] = quantile(times, 0.5);
  }
  return figures;
}

/** Streams a bulk through the tunnel; gives the longest pause in it, ms, and the bytes that are missing. */
async function stream(port: number, during: () => Promise<void>): Promise<{ readonly gapMs: number; readonly lost: number }> {
  const size = 8e6;
  const rounds = Math.round(STREAM_BYTES / size);
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  socket.write(`*3\r\n$3\r\nSET\r\n$6\r\nreload\r\n$${size}\r\n${'x'.repeat(size)}\r\n`);
  await once(socket, 'data');
  const expected = rounds * (`$${size}\r\n`.length + size + 2);
  let [received, gapMs, last] = [0, 0, performance.now()];
  const done = new Promise<void>((resolve) => {
    socket.once('close', () => resolve()).on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      const now = performance.now();
      gapMs = Math.max(gapMs, now - last);
      last = now;
      if (received >= expected) resolve();
    });
  });
  last = performance.now();
  socket.write('*2\r\n$3\r\nGET\r\n$6\r\nreload\r\n'.repeat(rounds));
  await delay(200);
  await during();
  await done;
  socket.destroy();
  return { gapMs, lost: expected - received };
}

/** A window goes and another one comes, as in a reload, while a client of its tunnel is being served. */
async function reloadGap({ route, window }: Subject): Promise<Figures> {
  const gaps = { calm: [] as number[], reloaded: [] as number[] };
  let lost = 0;
  let current = window();
  const { local } = await current.tunnels.start(route, {}, never);
  for (let round = 0; round < 3; round++) {
    const calm = await stream(local.port, () => Promise.resolve());
    const reloaded = await stream(local.port, async () => {
      await current.dispose();
      current = window();
      await current.tunnels.list();
    });
    gaps.calm.push(calm.gapMs);
    gaps.reloaded.push(reloaded.gapMs);
    lost += calm.lost + reloaded.lost;
  }
  await current.dispose();
  return { 'reload.gapMs': Math.max(0, quantile(gaps.reloaded, 0.5) - quantile(gaps.calm, 0.5)), 'reload.lostBytes': lost };
}

/** How long anything in this process has to wait for its turn while another one streams through the broker. */
async function delayUnderFlow({ route }: Subject, client: BrokerClient): Promise<number> {
  const { local } = await client.tunnels.start(route, {}, never);
  const traffic = await startPeer('brokerTraffic', { port: local.port });
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await delay(FLOW_MS);
  delays.disable();
  await traffic.stop();
  // The resolution itself is no delay.
  return Math.max(0, delays.percentile(99) / 1e6 - 1);
}

/** What many idle tunnels cost, their probes included. Read from /proc: elsewhere there are no such figures. */
async function idleCost({ env, route }: Subject, client: BrokerClient): Promise<Figures> {
  // What earlier measurements have left in memory is not what idle tunnels cost.
  await client.restart();
  await Promise.all(Array.from({ length: IDLE_TUNNELS }, (_, number) => client.tunnels.start(numbered(route, number), {}, never)));
  const broker = await readLock(placesOf(thisMachine(env)).lockFile);
  if (!broker || process.platform !== 'linux') return {};
  // What was needed to start them is given back first.
  await delay(SETTLED_MS);
  const before = cpuSeconds(broker.pid);
  const began = performance.now();
  await delay(IDLE_MS);
  const share = (cpuSeconds(broker.pid) - before) / ((performance.now() - began) / 1000);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${broker.pid}/status`, 'utf8'))?.[1]) * 1024;
  return { 'idle50.cpuPercent': share * 100, 'idle50.rssMB': rss / 1e6 };
}

/** User and system time of a process (proc(5): fields 14 and 15 of its stat, in hundredths of a second). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
