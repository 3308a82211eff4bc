import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock';
import { sleep } from '../../base/clock';
import { asFault, cancelled, Fault } from '../../base/fault';
import type { Logger } from '../../base/log';
import { Scope } from '../../base/scope';
import { formatEndpoint, isEndpoint } from '../../model/endpoint';
import type { Link, Transport } from '../../model/link';
import type { Notice } from '../../model/notice';
import type { Ask } from '../../model/question';
import type { BastionRoute } from '../../model/route';
import type { SshAccess, SshSettings } from '../../model/ssh';
import { farSideFailed } from '../ssh/faults';
import { badConfiguration, connectTimeout, unexpected } from './faults';
import { AskpassServer } from './askpass';
import { ClientProcess } from './clientProcess';
import type { Named } from './clientMessages';
import { exitFault } from './clientMessages';
import type { Destination, Effective, Entrance } from './commandLine';
import { connectArguments, queryArguments, readEffective } from './commandLine';
import { ControlSocket } from './controlSocket';
import { checkedVersion, findSsh } from './program';
import type { Door } from './systemLink';
import { SystemLink } from './systemLink';

/** See AskpassServer. Keys of an agent, and Windows' own dialogs for security keys, need no prompts. */
const PROMPTS = process.platform !== 'win32';
/** Longest path of a Unix socket that every system takes, bytes; OpenSSH first binds it with 17 more. */
const MAX_SOCKET_PATH = 103;
const TEMPORARY_SUFFIX = 17;
const FOLDER = 'sallyport-ssh-';
/** How often readiness is looked for, ms. */
const POLL_MS = 15;
/** A login that neither goes on nor asks anything is given up after this, ms. */
const LOGIN_MS = 60_000;
/** `ssh -V`, and `ssh -G`, which may run what `Match exec` names, ms. */
const QUERY_MS = 10_000;
const QUERY_BYTES = 1024 * 1024;
/** Where a port is needed and the program cannot choose one: tries. */
const PORT_ATTEMPTS = 5;

export interface SystemSshDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: () => SshSettings;
  readonly ask: Ask;
  /** Absolute path of `dist/ssh-companion.js`. */
  readonly companion: string;
  /** OpenSSH waits for a touch of a security key. */
  readonly onNotice?: (notice: Notice) => void;
  /** `process.env` unless told. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where private folders are made; the system's unless told. */
  readonly temporary?: string;
  /** How streams get into the program; by the platform unless told. */
  readonly entrance?: Entrance['kind'];
}

/** What one dial has found out. */
interface Attempt {
  readonly route: BastionRoute;
  readonly destination: Destination;
  readonly program: string;
  readonly version: string;
  readonly effective: Effective;
  readonly named: Named;
}

/**
 * Links through the OpenSSH client that is installed: its configuration, agents, security keys, certificates and
 * Kerberos, as the person has set them up. Prompts come to `ask`; on Windows whatever would need one fails.
 */
export class SystemSshTransport implements Transport {
  readonly method = 'ssh';
  readonly #deps: SystemSshDeps;
  readonly #versions = new Map<string, string>();

  constructor(deps: SystemSshDeps) {
    this.#deps = deps;
  }

  /**
   * Logs in. The bastion connects to the target stream by stream, so that success says nothing about the target yet.
   * @throws Fault `ssh.*`; nothing is left running then.
   */
  async dial(route: BastionRoute, signal: AbortSignal): Promise<Link> {
    if (signal.aborted) throw cancelled();
    const { clock, logger, settings } = this.#deps;
    const began = clock.now();
    const access = supported(route);
    if (!isEndpoint(route.endpoint)) throw farSideFailed(route.endpoint, 'that is no host and port');
    const { programPath, configFile } = settings();
    const program = findSsh(programPath, { platform: process.platform, env: this.#env, exists: isProgram });
    const destination: Destination = { access, configFile };
    const version = await this.#version(program, signal);
    const effective = await this.#query(program, destination, signal);
    const server = effective.port === 22 ? access.host : formatEndpoint({ host: access.host, port: effective.port });
    const attempt = { route, destination, program, version, effective, named: { server, user: effective.user } };
    const link = await this.#connect(attempt, signal);
    logger.log('info', 'ssh.dialed', { client: `OpenSSH ${version}`, host: access.host, ms: Math.round(clock.now() - began) });
    return link;
  }

  async #connect(attempt: Attempt, signal: AbortSignal): Promise<Link> {
    const { entrance = process.platform === 'win32' ? 'port' : 'control', clock } = this.#deps;
    if (entrance === 'control') {
      return this.#attempt(attempt, (folder) => ({ kind: 'control', path: join(folder, 'c') }), signal);
    }
    if (attempt.effective.ownForwards) throw ownForwards(attempt.named.server);
    for (let tried = 1; ; tried++) {
      // Bound by the program itself: one that is taken makes it end.
      const port = 49_152 + Math.floor(clock.random() * 16_384);
      try {
        return await this.#attempt(attempt, () => ({ kind: 'port', port, to: attempt.route.endpoint }), signal);
      } catch (error) {
        if (asFault(error).code !== 'ssh.portTaken' || tried >= PORT_ATTEMPTS) throw error;
      }
    }
  }

  async #attempt(attempt: Attempt, enter: (folder: string) => Entrance, signal: AbortSignal): Promise<Link> {
    const { clock, companion, logger } = this.#deps;
    const { program, version, destination, effective, named } = attempt;
    const scope = new Scope();
    try {
      const folder = await privateFolder(this.#deps.temporary ?? tmpdir());
      scope.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
      const entrance = enter(folder);
      const args = connectArguments(destination, entrance, effective, { version, prompts: PROMPTS });
      const givenUp: { fault?: Fault } = {};
      const askpass = PROMPTS ? scope.add(this.#askpass(attempt, folder, (fault) => (givenUp.fault ??= fault))) : undefined;
      await askpass?.listen();
      if (signal.aborted) throw cancelled();
      const env = { ...withoutOurs(this.#env), ...askpass?.environment };
      const parts = { program, args, env, folder, companion, clock, logger, platform: process.platform, node: process.execPath };
      const client = scope.add(new ClientProcess(parts));
      const door = await this.#untilReady({ client, entrance, folder, askpass, named, givenUp }, signal);
      if (door.kind === 'control') scope.add(door.control);
      client.forgetLines();
      return new SystemLink({ client, door, clock, named, scope });
    } catch (error) {
      await scope.dispose();
      throw error;
    }
  }

  #askpass({ route, named }: Attempt, folder: string, onGivenUp: (fault: Fault) => void): AskpassServer {
    const { ask, companion, logger, onNotice } = this.#deps;
    return new AskpassServer({
      folder,
      node: process.execPath,
      companion,
      ask,
      logger,
      user: named.user,
      host: named.server,
      onNotice: (text) => onNotice?.({ kind: 'touchKey', text, bastion: route.bastion }),
      onGivenUp,
    });
  }

  /** @throws Fault why it will not be ready */
  async #untilReady({ client, entrance, folder, askpass, named, givenUp }: Starting, signal: AbortSignal): Promise<Door> {
    const { clock, logger } = this.#deps;
    let ended: { readonly error: Error | undefined } | undefined;
    void client.exited.then((error) => (ended = { error }));
    let listening = false;
    const lines = client.onLine((line) => (listening ||= /^debug1: Local forwarding listening on 127\.0\.0\.1 port \d+\.$/.test(line)));
    try {
      for (let deadline = clock.now() + LOGIN_MS; ; ) {
        if (signal.aborted) throw cancelled();
        if (givenUp.fault) throw givenUp.fault;
        if (ended) {
          if (ended.error) throw unexpected(named.server, ended.error.message);
          if (entrance.kind === 'port' && client.lines.some((line) => line.startsWith('Could not request local forwarding'))) throw portTaken();
          throw exitFault(client.lines, named);
        }
        if (entrance.kind === 'port' && listening) return entrance;
        if (entrance.kind === 'control') {
          const control = await reachable(entrance.path, signal);
          if (control) return { kind: 'control', control, folder };
        }
        // A person who reads a question, or looks for the key to touch, takes the time that it takes.
        if (askpass && askpass.waiting > 0) deadline = clock.now() + LOGIN_MS;
        if (clock.now() > deadline) {
          logger.log('warn', 'ssh.loginStalled', { pid: client.pid });
          throw connectTimeout(named.server);
        }
        await sleep(clock, POLL_MS, signal);
      }
    } finally {
      lines.dispose();
    }
  }

  async #version(program: string, signal: AbortSignal): Promise<string> {
    const known = this.#versions.get(program);
    if (known !== undefined) return known;
    const { stdout, stderr } = await this.#run(program, ['-V'], signal);
    const version = checkedVersion(stderr + stdout, program);
    this.#versions.set(program, version);
    return version;
  }

  async #query(program: string, destination: Destination, signal: AbortSignal): Promise<Effective> {
    const { code, stdout, stderr } = await this.#run(program, queryArguments(destination), signal);
    if (code === 0) return readEffective(stdout);
    const { host, user = '' } = destination.access;
    throw exitFault(stderr.split('\n').filter((line) => line !== ''), { server: host, user });
  }

  #run(program: string, args: string[], signal: AbortSignal): Promise<{ code: number; stdout: string; stderr: string }> {
    // Never the folder in which we happen to run, which may be the workspace.
    const cwd = dirname(program);
    const options = { cwd, env: withoutOurs(this.#env), signal, timeout: QUERY_MS, maxBuffer: QUERY_BYTES, windowsHide: true };
    return new Promise((resolve, reject) => {
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        if (signal.aborted) reject(cancelled());
        else if (error && typeof error.code !== 'number') reject(unexpected(program, error.message));
        else resolve({ code: error ? (error.code as number) : 0, stdout, stderr });
      });
      child.stdin?.on('error', () => {});
      child.stdin?.end();
    });
  }

  get #env(): NodeJS.ProcessEnv {
    return this.#deps.env ?? process.env;
  }
}

/** A program that has been started and whose login is awaited. */
interface Starting {
  readonly client: ClientProcess;
  readonly entrance: Entrance;
  readonly folder: string;
  readonly askpass: AskpassServer | undefined;
  readonly named: Named;
  readonly givenUp: { readonly fault?: Fault };
}

/** Undefined while nothing listens there yet. */
async function reachable(path: string, signal: AbortSignal): Promise<ControlSocket | undefined> {
  try {
    return await ControlSocket.connect(path, signal);
  } catch {
    return undefined;
  }
}

function supported({ ssh }: BastionRoute): SshAccess {
  if (!ssh) throw badConfiguration('the route says nothing of it');
  const what = ssh.via === 'ssm' ? 'SSH over Session Manager' : ssh.instanceConnect ? 'EC2 Instance Connect' : undefined;
  if (what === undefined) return ssh;
  throw new Fault('ssh.builtinOnly', `${what} is not for the system's ssh.`, {
    remedy: { text: 'Set `sallyport.ssh.client` to "builtin".' },
  });
}

function ownForwards(server: string): Fault {
  return new Fault('ssh.ownForwards', `The SSH configuration of ${server} opens forwards of its own, which cannot be left out on this system.`, {
    remedy: { text: 'Give the forwards a Host of their own, or set `sallyport.ssh.client` to "builtin".' },
  });
}

function portTaken(): Fault {
  return new Fault('ssh.portTaken', 'No free port of 127.0.0.1 was found for ssh.', { retryable: true, remedy: { text: 'Try again.', action: 'retry' } });
}

/** Only this user may enter it; short enough for the names of sockets. @throws Fault */
async function privateFolder(temporary: string): Promise<string> {
  if (process.platform === 'win32') return mkdtemp(join(temporary, FOLDER));
  const longest = join(`${FOLDER}XXXXXX`, 'c').length + 1 + TEMPORARY_SUFFIX;
  const parent = [temporary, '/tmp'].find((folder) => Buffer.byteLength(folder) + longest <= MAX_SOCKET_PATH)!;
  return mkdtemp(join(parent, FOLDER));
}

/** The environment without what makes Electron and Node of what is none. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:ELECTRON_|NODE_OPTIONS$|SSH_ASKPASS)/.test(name)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
