// A real OpenSSH server with any configuration, and the installed client in front of it, all in one folder.
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/clock';
import type { Fault } from '../../src/base/fault';
import { isFault } from '../../src/base/fault';
import type { LogFields } from '../../src/base/log';
import type { Endpoint } from '../../src/model/endpoint';
import type { Link } from '../../src/model/link';
import type { Notice } from '../../src/model/notice';
import type { Answers, Question } from '../../src/model/question';
import type { BastionRoute } from '../../src/model/route';
import type { SshAccess } from '../../src/model/ssh';
import { localSources } from '../../src/ssh/localSources';
import type { SystemSshDeps } from '../../src/transport/sshSystem/systemSshTransport';
import { SystemSshTransport } from '../../src/transport/sshSystem/systemSshTransport';
import { requireProgram } from '../provision/systemPrograms';
import { eventually } from '../fixtures/eventually';
import { watchForDeath } from '../sandbox/servers/deathWatch';

const run = promisify(execFile);

export const COMPANION = join(__dirname, '..', '..', 'src', 'transport', 'sshSystem', 'companionMain.js');
export const PASSPHRASE = 'correct horse battery';

export interface RigOptions {
  /** Lines of sshd_config. */
  readonly server?: readonly string[];
  /** Lines below `Host bastion` of ssh_config. */
  readonly client?: readonly string[];
  /** The server's key is in known_hosts; true unless told. */
  readonly known?: boolean;
  /** File of the client's key in the folder, or none; `key` unless told, `locked` needs PASSPHRASE. */
  readonly identity?: 'key' | 'locked' | 'stranger' | 'none';
  readonly deps?: Partial<SystemSshDeps>;
  /** What is answered to each question; refused unless told. */
  readonly answer?: (question: Question, signal: AbortSignal) => unknown;
}

export class Rig {
  readonly folder: string;
  readonly questions: Question[] = [];
  readonly notices: Notice[] = [];
  readonly log: { readonly event: string; readonly fields: LogFields }[] = [];
  readonly transport: SystemSshTransport;
  readonly children = new Set<ChildProcess>();
  readonly #cleanups: (() => Promise<unknown> | void)[];
  readonly #links: Link[] = [];
  port = 0;

  private constructor(folder: string, { deps = {}, answer }: RigOptions, cleanups: (() => Promise<unknown> | void)[]) {
    this.folder = folder;
    this.#cleanups = cleanups;
    const ask = async <Q extends Question>(question: Q, signal: AbortSignal): Promise<Answers[Q['kind']] | undefined> => {
      this.questions.push(question);
      return (await answer?.(question, signal)) as Answers[Q['kind']] | undefined;
    };
    this.transport = new SystemSshTransport({
      clock: systemClock,
      logger: { log: (_level, event, fields = {}) => void this.log.push({ event, fields }) },
      settings: () => ({ client: 'system', configFile: this.file('config'), programPath: '' }),
      ask,
      sources: () => localSources({ configFile: this.file('config'), workspaceFolders: [] }),
      companion: COMPANION,
      onNotice: (notice) => this.notices.push(notice),
      env: withoutAgent(),
      temporary: this.file('tmp'),
      ...deps,
    });
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'rig-'));
    const watch = watchForDeath(folder);
    mkdirSync(join(folder, 'tmp'));
    const rig = new Rig(folder, options, [() => watch.release(), () => rm(folder, { recursive: true, force: true })]);
    const keys: readonly (readonly [string, string])[] = [['host', ''], ['key', ''], ['locked', PASSPHRASE], ['stranger', '']];
    for (const [name, passphrase] of keys) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', rig.file(name)]);
    await writeFile(rig.file('authorized'), (await rig.read('key.pub')) + (await rig.read('locked.pub')));
    await writeFile(rig.file('sshd_config'), serverConfig(rig, options));
    await rig.#listen();
    await writeFile(rig.file('config'), clientConfig(rig, options));
    const known = options.known === false ? '' : `[127.0.0.1]:${rig.port} ${await rig.read('host.pub')}`;
    await writeFile(rig.file('known_hosts'), known);
    return rig;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Promise<string> {
    return readFile(this.file(name), 'utf8');
  }

  async dial(to: Endpoint, access: Partial<SshAccess> = {}, signal = new AbortController().signal): Promise<Link> {
    const link = await this.transport.dial(this.route(to, access), signal);
    this.#links.push(link);
    return link;
  }

  /** The Fault with which a dial fails. */
  async failure(access: Partial<SshAccess> = {}, to: Endpoint = { host: '127.0.0.1', port: 9 }): Promise<Fault> {
    try {
      await this.dial(to, access);
    } catch (error) {
      if (isFault(error)) return error;
      throw error;
    }
    throw new Error('the dial succeeded');
  }

  route(to: Endpoint, access: Partial<SshAccess> = {}): BastionRoute {
    return {
      target: { id: 't', name: 'orders', engine: 'redis', tls: 'off', auth: 'none' },
      endpoint: to,
      bastion: { id: 'bastion', name: 'bastion' },
      method: 'ssh',
      ssh: { host: 'bastion', via: 'direct', instanceConnect: false, ...access },
      place: { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' },
    };
  }

  /** The processes that a transport has started, its `ssh` first. */
  async clients(): Promise<{ readonly pid: number; readonly command: string }[]> {
    const found: { pid: number; command: string }[] = [];
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
      // The server, an agent, and the watch of this rig are no clients; the transport's own watchdog counts.
      const own = command.includes('sshd') || command.startsWith('ssh-agent ') || command.includes('[ -n "$2" ]');
      if (command.includes(this.folder) && !own) found.push({ pid: Number(pid), command });
    }
    return found;
  }

  /** Private folders that a transport has made and not removed. */
  folders(): Promise<string[]> {
    return readdir(this.file('tmp'));
  }

  cleanup(work: () => Promise<unknown> | void): void {
    this.#cleanups.unshift(work);
  }

  async stop(): Promise<void> {
    for (const link of this.#links) await link.dispose();
    const leftovers = async (): Promise<string[]> => [...(await this.clients()).map(({ command }) => command), ...(await this.folders())];
    // An askpass program whose question has ended takes a moment to end.
    await eventually(async () => (await leftovers()).length === 0, 'the end of everything', 2000).catch(() => {});
    const left = await leftovers();
    for (const work of this.#cleanups) await work();
    assert.deepEqual(left, [], 'processes or folders are left');
  }

  async #listen(): Promise<void> {
    const program = requireProgram('sshd');
    // Only root's sshd separates privileges, into a folder that the system's service would have made.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      const child = spawn(program, ['-i', '-f', this.file('sshd_config')], { stdio: [socket, socket, 'ignore'], detached: true });
      this.children.add(child);
      child.once('close', () => this.children.delete(child));
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as { port: number }).port;
    this.cleanup(async () => {
      server.close();
      this.signalServers('SIGKILL');
      await Promise.all([...this.children].map((child) => once(child, 'close')));
    });
  }

  /** To every sshd of a connection, with all that it started. */
  signalServers(signal: NodeJS.Signals): void {
    for (const child of this.children) {
      try {
        process.kill(-child.pid!, signal);
      } catch {
        // Gone already.
      }
    }
  }
}

function withoutAgent(): NodeJS.ProcessEnv {
  const { SSH_AUTH_SOCK: _, ...rest } = process.env;
  return rest;
}

function serverConfig(rig: Rig, { server = [] }: RigOptions): string {
  return [
    ...server,
    `HostKey ${rig.file('host')}`,
    `AuthorizedKeysFile ${rig.file('authorized')}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'UsePAM no',
    'StrictModes no',
    'PrintMotd no',
    'LogLevel QUIET',
    '',
  ].join('\n');
}

function clientConfig(rig: Rig, { client = [], identity = 'key' }: RigOptions): string {
  return [
    'Host bastion',
    ...client,
    'HostName 127.0.0.1',
    `Port ${rig.port}`,
    `User ${userInfo().username}`,
    identity === 'none' ? 'IdentityFile none' : `IdentityFile ${rig.file(identity)}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${rig.file('known_hosts')}`,
    'GlobalKnownHostsFile none',
    '',
  ].join('\n');
}

/** The key of the file under another name, e.g. readable by everyone. */
export function copyKey(rig: Rig, to: string): Promise<void> {
  return copyFile(rig.file('key'), rig.file(to));
}
