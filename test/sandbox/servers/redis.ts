// Real redis-server processes on loopback: bounded in memory, nothing on disk but a directory that goes with them.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Certificate } from './certificates';
import { watchForDeath } from './deathWatch';

export interface RedisUser {
  readonly name: string;
  readonly password: string;
  /** ACL rules after the password, e.g. `~* +@read`. */
  readonly rules: string;
}

export interface RedisOptions {
  /** TLS only, no plain port. */
  readonly tls?: { readonly certificate: Certificate; readonly caFile: string };
  /** Password of the default user (AUTH token). */
  readonly password?: string;
  /** Users besides the default one. */
  readonly users?: readonly RedisUser[];
  /** Own name of a command → the name under which alone it can be called. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** The port of a server that has been stopped; one that is free unless told. */
  readonly port?: number;
  /** Whether DEBUG works. */
  readonly debugCommand?: boolean;
  /** A node of a cluster, which has still to be made. */
  readonly cluster?: { readonly announceHost?: string };
}

export interface RedisServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Of the cluster's bus; only of a node of one. */
  readonly busPort?: number;
  readonly pid: number;
  readonly password: string | undefined;
  /** Kills the process and removes its directory; idempotent. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const MEMORY = '128mb';
const ATTEMPTS = 30;
const READY_TIMEOUT_MS = 15_000;
/** Below the range from which Linux, macOS and Windows hand out ports of their own, so that nobody's client port is in the way. */
const PORTS = { from: 20_000, to: 32_000 } as const;

/** @throws Error when redis-server is not installed or does not become ready. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  if (options.port !== undefined) {
    const server = await tryPort(options.port, options);
    if (!server) throw new Error(`redis-server finds port ${options.port} taken`);
    return server;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await tryPort(randomPort(), options);
    if (server) return server;
  }
  throw new Error(`redis-server found no free port in ${ATTEMPTS} attempts`);
}

function randomPort(): number {
  return PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
}

/** Undefined when the port is taken. */
async function tryPort(port: number, options: RedisOptions): Promise<RedisServer | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-redis-'));
  const configFile = join(directory, 'redis.conf');
  // Passwords are in a file of ours alone, never in argv; users' ones only as digests.
  const busPort = options.cluster ? randomPort() : undefined;
  await writeFile(configFile, configuration(port, directory, options) + (options.cluster ? clusterConfiguration(busPort!, options) : ''));
  await chmod(configFile, 0o600);
  const child = spawn('redis-server', [configFile], { stdio: 'ignore', cwd: directory });
  const exit = new Promise<'exited' | 'missing'>((resolve) => {
    child.once('close', () => resolve('exited'));
    child.once('error', () => resolve('missing'));
  });
  const watch = watchForDeath(directory, child.pid);
  const stop = once(async () => {
    child.kill('SIGKILL');
    await exit;
    await watch.release();
    await rm(directory, { recursive: true, force: true });
  });
  try {
    const outcome = await Promise.race([exit, answers(port, child.pid ?? 0, options)]);
    if (outcome === 'ready') {
      return { host: HOST, port, ...(busPort !== undefined && { busPort }), pid: child.pid!, password: options.password, stop };
    }
    const log = await readFile(join(directory, 'redis.log'), 'utf8').catch(() => '');
    await stop();
    if (outcome === 'missing') throw new Error('redis-server is not installed or not on the PATH');
    if (outcome === 'exited' && /Address already in use|bind:/.test(log)) return undefined;
    if (outcome === 'stranger') return undefined;
    throw new Error(`redis-server did not become ready (${outcome}): ${log.trim().slice(-500)}`);
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration(port: number, directory: string, { tls, password, users = [], renamed = {}, debugCommand = false }: RedisOptions): string {
  const lines = [
    `bind ${HOST}`,
    'protected-mode yes',
    `dir ${quoted(directory)}`,
    `logfile ${quoted(join(directory, 'redis.log'))}`,
    'daemonize no',
    'save ""',
    'appendonly no',
    `maxmemory ${MEMORY}`,
    'maxmemory-policy allkeys-lru',
    'enable-protected-configs no',
    `enable-debug-command ${debugCommand ? 'yes' : 'no'}`,
    'enable-module-command no',
  ];
  if (tls) {
    const { certificate, caFile } = tls;
    lines.push('port 0', `tls-port ${port}`, `tls-cert-file ${quoted(certificate.certFile)}`);
    lines.push(`tls-key-file ${quoted(certificate.keyFile)}`, `tls-ca-cert-file ${quoted(caFile)}`, 'tls-auth-clients no');
  } else {
    lines.push(`port ${port}`);
  }
  if (password !== undefined) lines.push(`user default on #${sha256(password)} ~* &* +@all`);
  for (const { name, password: own, rules } of users) lines.push(`user ${name} on #${sha256(own)} ${rules}`);
  for (const [own, name] of Object.entries(renamed)) lines.push(`rename-command ${own} ${name}`);
  return `${lines.join('\n')}\n`;
}

/** Failures are noticed within a second or so, and nodes that are alone go on serving what they have. */
function clusterConfiguration(busPort: number, { cluster, tls, password }: RedisOptions): string {
  const lines = ['cluster-enabled yes', 'cluster-config-file nodes.conf', 'cluster-node-timeout 1500', `cluster-port ${busPort}`, `cluster-announce-ip ${HOST}`];
  if (cluster?.announceHost !== undefined) lines.push(`cluster-announce-hostname ${cluster.announceHost}`, 'cluster-preferred-endpoint-type hostname');
  if (tls) lines.push('tls-cluster yes', 'tls-replication yes');
  if (password !== undefined) lines.push(`masterauth ${password}`);
  return `${lines.join('\n')}\n`;
}

type Answer = 'ready' | 'stranger' | 'timeout';

/** Asks until the server answers; `stranger` when another process has the port. */
async function answers(port: number, pid: number, options: RedisOptions): Promise<Answer> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const reply = await ask(port, options).catch(() => undefined);
    if (reply !== undefined) return new RegExp(`^process_id:${pid}\\r?$`, 'm').test(reply) ? 'ready' : 'stranger';
    await delay(20);
  }
  return 'timeout';
}

/** The reply to PING and INFO, with whatever login it takes; rejects while nobody listens. */
function ask(port: number, { tls, password }: RedisOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    // Only to learn whether it runs: the name in the certificate is somebody else's business.
    const socket = tls
      ? connectTls({ host: HOST, port, rejectUnauthorized: false })
      : connect({ host: HOST, port });
    let text = '';
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.once('close', () => (text === '' ? reject(new Error('closed')) : resolve(text)));
    socket.once('error', reject);
    socket.write([...(password === undefined ? [] : [command(['AUTH', password])]), command(['INFO', 'server']), command(['QUIT'])].join(''));
  });
}

function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= action());
}

function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
