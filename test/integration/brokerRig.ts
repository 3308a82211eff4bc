// Brokers and windows without VS Code: each rig is a machine of its own, with its home, its broker and the sandbox.
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatLogLine, type Logger } from '../../src/base/log';
import type { BrokerClient, BrokerOptions, WindowSettings } from '../../src/broker/client';
import { connectBroker } from '../../src/broker/connect';
import { type LockRecord, readLock } from '../../src/broker/lock';
import { type Places, placesOf, thisMachine } from '../../src/broker/places';
import { Emitter } from '../../src/base/event';
import type { Bastion } from '../../src/model/bastion';
import { DEFAULT_SSH_SETTINGS } from '../../src/model/ssh';
import type { Notice } from '../../src/model/notice';
import { chooseBastion, makeRoute, type Route } from '../../src/model/route';
import { ssmSettings } from '../../src/model/ssmSettings';
import { defaultEndpoint, type Target } from '../../src/model/target';
import type { TunnelInfo } from '../../src/model/tunnel';
import { encodeCommand, RespDecoder, type RespValue } from '../../src/wire/resp';
import { eventually } from '../fixtures/eventually';
import { isAlive } from '../fixtures/isAlive';
import { processesWith } from '../run/stragglers';
import { type Sandbox, startSandbox } from '../sandbox/sandbox';

export const never = new AbortController().signal;
export const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** The broker's program as the tests' build has it. */
export const PROGRAM = join(__dirname, '../../src/broker/brokerMain.js');

export interface TestWindow {
  readonly client: BrokerClient;
  readonly log: string[];
  readonly notices: Notice[];
  /** By id, as its views would show them. */
  readonly shown: Map<string, TunnelInfo>;
  readonly settings: Emitter<undefined>;
  close(): Promise<void>;
}

export interface BrokerRig {
  readonly sandbox: Sandbox;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly places: Places;
  window(options?: Partial<BrokerOptions> & { readonly lingerSeconds?: number }): TestWindow;
  route(name?: string): Promise<Route>;
  lock(): Promise<LockRecord>;
  /** Resolves when no broker is left. */
  gone(): Promise<void>;
  close(): Promise<void>;
}

export function settingsOf(more: Partial<WindowSettings> = {}): WindowSettings {
  return { ssm: ssmSettings(), ssh: DEFAULT_SSH_SETTINGS, proxy: {}, workspaceFolders: [], caFile: '', customTargets: null, lingerSeconds: 1, ...more };
}

/** @param shared the sandbox to use; one of its own unless told */
export async function brokerRig(shared?: Sandbox): Promise<BrokerRig> {
  const sandbox = shared ?? (await startSandbox());
  const home = mkdtempSync(join(tmpdir(), 'sp-broker-'));
  const { env: aws } = await sandbox.writeAwsConfig(join(home, 'aws'));
  const env: NodeJS.ProcessEnv = { ...process.env, ...aws, HOME: home, USERPROFILE: home, LOCALAPPDATA: home, TMPDIR: home, TEMP: home };
  for (const name of ['XDG_STATE_HOME', 'XDG_RUNTIME_DIR']) delete env[name];
  const places = placesOf(thisMachine(env));
  const windows = new Set<TestWindow>();
  const pids = new Set<number>();
  const lock = async (): Promise<LockRecord> => {
    const record = await eventually(() => readLock(places.lockFile), 'there is a broker');
    pids.add(record.pid);
    return record;
  };
  const gone = async (): Promise<void> => {
    const record = await readLock(places.lockFile);
    if (record) pids.add(record.pid);
    await eventually(() => [...pids].every((pid) => !isAlive(pid)), 'the broker has ended', 20_000);
  };
  return {
    sandbox,
    home,
    env,
    places,
    lock,
    gone,
    window: (options = {}) => {
      const window = openWindow(env, options);
      windows.add(window);
      return window;
    },
    route: (name = 'orders-cache') => routeTo(sandbox, env, name),
    close: async () => {
      await Promise.all([...windows].map((window) => window.close()));
      const record = await readLock(places.lockFile);
      if (record) pids.add(record.pid);
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGTERM');
      await gone();
      // Also those that were started and found another broker: they write to the same folder until they end.
      await eventually(() => processesWith('HOME', home).length === 0, 'whatever was started for this home has ended', 20_000);
      if (!shared) await sandbox.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function openWindow(env: NodeJS.ProcessEnv, { lingerSeconds = 1, ...options }: Partial<BrokerOptions> & { readonly lingerSeconds?: number }): TestWindow {
  const log: string[] = [];
  const logger: Logger = { log: (level, event, fields) => void log.push(`${level} ${formatLogLine(event, fields)}`) };
  const settings = new Emitter<undefined>();
  const client = connectBroker({
    logger,
    version: '0.1.0',
    program: PROGRAM,
    companion: join(__dirname, 'none.js'),
    settings: () => settingsOf({ lingerSeconds }),
    onDidChangeSettings: settings.event,
    env,
    ...options,
  });
  const shown = new Map<string, TunnelInfo>();
  const notices: Notice[] = [];
  client.tunnels.onDidChange((info) => {
    if (info.state.phase === 'closed') shown.delete(info.id);
    else shown.set(info.id, info);
  });
  client.onDidNotice((notice) => void notices.push(notice));
  return { client, log, notices, shown, settings, close: () => client.dispose() };
}

const routes = new Map<string, Promise<Route>>();

/** The route of "Connect"; asked for once per sandbox, by a core of its own. */
function routeTo({ endpoint }: Sandbox, env: NodeJS.ProcessEnv, name: string): Promise<Route> {
  const key = `${endpoint}/${name}`;
  const known = routes.get(key) ?? discoverRoute(env, name);
  routes.set(key, known);
  return known;
}

async function discoverRoute(env: NodeJS.ProcessEnv, name: string): Promise<Route> {
  const { createCore } = await import('../../src/broker/core');
  const core = createCore({ logger: { log: () => {} }, targetCa: () => Promise.resolve(undefined), ssm: ssmSettings, env });
  try {
    const { targets, bastions } = await discover(core);
    const target = targets.find((one) => one.name === name);
    assert.ok(target, `${name} was found`);
    return makeRoute(target, defaultEndpoint(target)!, chooseBastion(target, bastions));
  } finally {
    await core.dispose();
  }
}

export async function discover(client: BrokerClient): Promise<{ targets: Target[]; bastions: Bastion[] }> {
  const found = { targets: [] as Target[], bastions: [] as Bastion[] };
  for await (const part of client.inventory.discover({ profile: 'dev', region: 'eu-central-1' }, never)) {
    if (part.kind === 'targets') found.targets.push(...part.targets);
    else if (part.kind === 'bastions') found.bastions.push(...part.bastions);
  }
  return found;
}

/** A Redis client over the tunnel's port, with nothing of ours in between. */
export class RawRedis {
  readonly socket: Socket;
  readonly #decoder = new RespDecoder();
  readonly #waiting: ((value: RespValue) => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const value of this.#decoder.push(chunk)) this.#waiting.shift()?.(value);
    });
  }

  static async to(port: number): Promise<RawRedis> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new RawRedis(socket);
  }

  run(...args: (string | Buffer)[]): Promise<RespValue> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      this.socket.once('close', () => reject(new Error('the connection was closed')));
      this.socket.write(encodeCommand(args));
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

export async function ping(port: number): Promise<void> {
  const redis = await RawRedis.to(port);
  try {
    assert.deepEqual(await redis.run('PING'), { type: 'status', text: 'PONG' });
  } finally {
    redis.close();
  }
}
