// Real PostgreSQL, MariaDB and memcached servers on loopback: nothing on disk but a directory that goes with them.
import { execFile, spawn } from 'node:child_process';
import { chmod, chown, copyFile, mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Certificate } from './certificates';
import { watchForDeath } from './deathWatch';

const run = promisify(execFile);

export interface DatabaseServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** What the server has logged so far. */
  log(): Promise<string>;
  /** Kills the process and removes its directory; idempotent. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const ATTEMPTS = 20;
const READY_TIMEOUT_MS = 20_000;
/** Below the range from which systems hand out ports of their own, and below that of the Redis servers. */
const PORTS = { from: 12_000, to: 19_900 } as const;

/** A server to be started in `directory` on `port` as the user `owner` (ours unless told). */
interface Recipe {
  readonly name: string;
  readonly owner?: Owner;
  prepare(directory: string): Promise<void>;
  command(directory: string, port: number): readonly [program: string, ...args: string[]];
  /** What the log says when it serves. */
  readonly ready: RegExp;
  /** What the log says when the port is somebody else's. */
  readonly portTaken: RegExp;
  /** Ends it at once, its children too. */
  readonly kill: NodeJS.Signals;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** @param program full path of `postgres`; `initdb` lies beside it */
export async function startPostgres(program: string, certificate?: Certificate): Promise<DatabaseServer> {
  const owner = await unprivileged();
  const folder = dirname(await realpath(program));
  return start({
    name: 'postgres',
    ...(owner && { owner }),
    prepare: async (directory) => {
      const data = join(directory, 'data');
      const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-locale', '-E', 'UTF8'];
      await run(join(folder, 'initdb'), args, { cwd: directory, ...owner });
      if (certificate) await ownCopy(certificate, directory, owner);
    },
    command: (directory, port) => [
      join(folder, 'postgres'),
      ...['-D', join(directory, 'data'), '-h', HOST, '-p', String(port), '-k', '', '-F'],
      ...['shared_buffers=16MB', 'log_min_messages=info', 'lc_messages=C'].flatMap((setting) => ['-c', setting]),
      ...(certificate ? tlsSettings(directory).flatMap((setting) => ['-c', setting]) : []),
    ],
    ready: /ready to accept connections/,
    portTaken: /Address already in use/,
    kill: 'SIGQUIT',
  });
}

/** Without privilege tables: everybody may log in. @param program full path of `mariadbd` or `mysqld` of MariaDB */
export function startMariadb(program: string): Promise<DatabaseServer> {
  return start({
    name: 'mariadb',
    prepare: () => Promise.resolve(),
    command: (directory, port) => [
      program,
      '--no-defaults',
      // Only root may and must name it.
      ...(process.getuid?.() === 0 ? ['--user=root'] : []),
      `--datadir=${directory}`,
      `--socket=${join(directory, 's')}`,
      `--pid-file=${join(directory, 'pid')}`,
      `--bind-address=${HOST}`,
      `--port=${port}`,
      '--skip-grant-tables',
      '--skip-innodb',
      '--default-storage-engine=MyISAM',
      '--skip-log-bin',
      '--log-warnings=2',
    ],
    ready: /ready for connections/,
    portTaken: /Can't start server: Bind on TCP\/IP port/,
    kill: 'SIGKILL',
  });
}

/** @param program full path of `memcached` */
export function startMemcached(program: string): Promise<DatabaseServer> {
  return start({
    name: 'memcached',
    prepare: () => Promise.resolve(),
    command: (_, port) => [
      program,
      ...['-l', HOST, '-p', String(port), '-U', '0', '-m', '16', '-t', '1', '-vv'],
      ...(process.getuid?.() === 0 ? ['-u', 'root'] : []),
    ],
    ready: /server listening/,
    portTaken: /Address already in use/,
    kill: 'SIGKILL',
  });
}

async function start(recipe: Recipe): Promise<DatabaseServer> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    const server = await tryPort(recipe, port);
    if (server) return server;
  }
  throw new Error(`${recipe.name} found no free port in ${ATTEMPTS} attempts`);
}

/** Undefined when the port is taken. */
async function tryPort({ name, owner, prepare, command, ready, portTaken, kill }: Recipe, port: number): Promise<DatabaseServer | undefined> {
  // Another user gets through no folder of ours, so the system's own has to do for it.
  const directory = await mkdtemp(join(owner ? '/tmp' : tmpdir(), `sallyport-${name}-`));
  if (owner) await chown(directory, owner.uid, owner.gid);
  const logFile = join(directory, 'server.log');
  const text = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  let stop = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    await prepare(directory);
    const log = await open(logFile, 'w');
    const [program, ...args] = command(directory, port);
    const child = spawn(program, args, { stdio: ['ignore', log.fd, log.fd], cwd: directory, ...owner });
    await log.close();
    const state = { exited: false };
    const exit = new Promise<void>((resolve) => {
      for (const event of ['close', 'error']) child.once(event, () => resolve());
    }).then(() => {
      state.exited = true;
    });
    const watch = watchForDeath(directory, child.pid);
    stop = once(async () => {
      child.kill(kill);
      await exit;
      await watch.release();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    });
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (!state.exited && performance.now() < deadline) {
      if (ready.test(await text())) return { host: HOST, port, log: text, stop };
      await delay(20);
    }
    const logged = await text();
    if (!portTaken.test(logged)) throw new Error(`${name} did not become ready: ${logged.trim().slice(-500)}`);
    await stop();
    return undefined;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** PostgreSQL refuses to run as root. Undefined when we are not. */
async function unprivileged(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)));
  return { uid: uid!, gid: gid! };
}

const CERT = 'server.crt';
const KEY = 'server.key';

function tlsSettings(directory: string): string[] {
  return ['ssl=on', `ssl_cert_file=${join(directory, CERT)}`, `ssl_key_file=${join(directory, KEY)}`];
}

async function ownCopy(certificate: Certificate, directory: string, owner: Owner | undefined): Promise<void> {
  for (const [from, name] of [[certificate.certFile, CERT], [certificate.keyFile, KEY]] as const) {
    const to = join(directory, name);
    await copyFile(from, to);
    await chmod(to, 0o600);
    if (owner) await chown(to, owner.uid, owner.gid);
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= action());
}
