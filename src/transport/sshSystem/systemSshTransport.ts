import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
import type { Ask, Question } from '../../model/question';
import type { BastionRoute, Route } from '../../model/route';
import type { SshAccess, SshSettings } from '../../model/ssh';
import type { ConfigSources } from '../../ssh/hostConfig';
import { resolveHops, resolveHost } from '../../ssh/resolveHost';
import { requireConsent, requireConsentToKeys } from '../ssh/consent';
import { withConsole } from '../ssh/consoleKeys';
import { farSideFailed, noInstanceConnect, noSessionManager } from '../ssh/faults';
import type { SshHelp } from '../ssh/sshTransport';
import { badConfiguration, connectTimeout, unexpected } from './faults';
import { AskpassServer } from './askpass';
import { ClientProcess } from './clientProcess';
import type { Named } from './clientMessages';
import { exitFault } from './clientMessages';
import type { Approach, Destination, Effective, Entrance } from './commandLine';
import { connectArguments, queryArguments, readEffective } from './commandLine';
import { ControlSocket } from './controlSocket';
import { Gateway } from './gateway';
import { checkedVersion, findSsh } from './program';
import type { Door } from './systemLink';
import { SystemLink } from './systemLink';

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

export interface SystemSshDeps extends SshHelp {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: () => SshSettings;
  readonly ask: Ask;
  /** Where the configuration is, to see what of it a workspace has written. */
  readonly sources: () => ConfigSources;
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
  /** This one unless told. */
  readonly platform?: NodeJS.Platform;
}

/** What one dial has found out. */
interface Attempt {
  readonly route: BastionRoute;
  readonly access: SshAccess;
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

  /** False: an instance, whose host key is met for the first time, where nothing can be asked. */
  suits({ ssh }: Route): boolean {
    return this.#prompts || (ssh?.via === 'direct' && !ssh.instanceConnect);
  }

  /**
   * Logs in. The bastion connects to the target stream by stream, so that success says nothing about the target yet.
   * @throws Fault `ssh.*`; nothing is left running then.
   */
  async dial(route: BastionRoute, signal: AbortSignal): Promise<Link> {
    if (signal.aborted) throw cancelled();
    const { clock, logger, settings } = this.#deps;
    const began = clock.now();
    const { ssh: access } = route;
    if (!access) throw badConfiguration('the route says nothing of it');
    if (!isEndpoint(route.endpoint)) throw farSideFailed(route.endpoint, 'that is no host and port');
    const { programPath, configFile } = settings();
    const program = findSsh(programPath, { platform: process.platform, env: this.#env, exists: isProgram });
    const destination: Destination = { access, configFile };
    // Before the program reads the configuration: a `Match exec` is run by reading it.
    await this.#consent(access, signal);
    const version = await this.#version(program, signal);
    const effective = await this.#query(program, destination, signal);
    const server = effective.port === 22 ? access.host : formatEndpoint({ host: access.host, port: effective.port });
    const attempt = { route, access, destination, program, version, effective, named: { server, user: effective.user } };
    const link = await this.#connect(attempt, signal);
    logger.log('info', 'ssh.dialed', { client: `OpenSSH ${version}`, host: access.host, ms: Math.round(clock.now() - began) });
    return link;
  }

  /** What a workspace has written is used by no client before the person agrees. */
  async #consent({ host, user, port, via }: SshAccess, signal: AbortSignal): Promise<void> {
    const { ask } = this.#deps;
    const sources = this.#deps.sources();
    if (sources.workspaceFolders.length === 0) return;
    const request = { host, ...(user !== undefined && { user }), ...(port !== undefined && { port }) };
    const hops = via === 'ssm' ? [await resolveHost(request, sources)] : await resolveHops(request, sources);
    for (const hop of hops) {
      await requireConsent(hop, ask, signal);
      await requireConsentToKeys(hop, ask, signal);
    }
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
    let approach: Ways | undefined;
    try {
      const folder = await privateFolder(this.#deps.temporary ?? tmpdir());
      scope.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
      const entrance = enter(folder);
      approach = await this.#approach(attempt, folder, scope, signal);
      const args = connectArguments(destination, entrance, effective, { version, prompts: this.#prompts }, approach);
      const givenUp: { fault?: Fault } = {};
      const askpass = this.#prompts ? scope.add(this.#askpass(attempt, folder, (fault) => (givenUp.fault ??= fault))) : undefined;
      await askpass?.listen();
      if (signal.aborted) throw cancelled();
      const env = { ...withoutOurs(this.#env), ...askpass?.environment };
      const parts = { program, args, env, folder, companion, clock, logger, platform: process.platform, node: process.execPath };
      const client = scope.add(new ClientProcess(parts));
      const door = await this.#untilReady({ client, entrance, folder, askpass, named, givenUp }, signal);
      if (door.kind === 'control') scope.add(door.control);
      client.forgetLines();
      if (approach.keyFile !== undefined) await rm(approach.keyFile, { force: true });
      return new SystemLink({ client, door, clock, named, scope, cause: approach.cause });
    } catch (error) {
      await scope.dispose();
      throw approach?.cause() ?? error;
    }
  }

  /** Makes what AWS helps with: a key for this login, and a way to the server. */
  async #approach({ route, access, effective }: Attempt, folder: string, scope: Scope, signal: AbortSignal): Promise<Ways> {
    const { dialSsm, pushKey } = this.#deps;
    let keyFile: string | undefined;
    if (access.instanceConnect) {
      if (!pushKey) throw noInstanceConnect();
      const { ephemeralKey } = await import('../ssh/client');
      const { privateKey, publicKey } = ephemeralKey();
      await pushKey(route, { user: effective.user, publicKey }, signal);
      keyFile = join(folder, 'key');
      // The only way to hand it over. Not before it is worth something, which it is for a minute; it goes with the login.
      await writeFile(keyFile, privateKey, { mode: 0o600 });
    }
    const ways = { ...(keyFile !== undefined && { keyFile }), cause: () => undefined };
    if (access.via !== 'ssm') return ways;
    if (!dialSsm) throw noSessionManager();
    const session = scope.add(await dialSsm(route, effective.port, signal));
    let cause: Fault | undefined;
    void session.closed.then((fault) => (cause = fault));
    const gateway = scope.add(await Gateway.open(session.stream));
    return { ...ways, gatewayPort: gateway.port, cause: () => cause };
  }

  #askpass({ route, named }: Attempt, folder: string, onGivenUp: (fault: Fault) => void): AskpassServer {
    const { ask, companion, consoleFingerprints, logger, onNotice } = this.#deps;
    const read = consoleFingerprints && ((signal: AbortSignal) => consoleFingerprints(route, signal));
    const withHelp = async (question: Question, signal: AbortSignal): Promise<unknown> =>
      ask(question.kind === 'hostKey' ? await withConsole(question, read, logger, signal) : question, signal);
    return new AskpassServer({
      folder,
      node: process.execPath,
      companion,
      ask: withHelp as Ask,
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
    // What it calls "Local forwarding listening" comes before it has the port.
    const lines = client.onLine((line) => (listening ||= /^debug1: channel \d+: new .*\[port listener\]/.test(line)));
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

  /** See AskpassServer. Keys of an agent, and Windows' own dialogs for security keys, need no prompts. */
  get #prompts(): boolean {
    return (this.#deps.platform ?? process.platform) !== 'win32';
  }

  get #env(): NodeJS.ProcessEnv {
    return this.#deps.env ?? process.env;
  }
}

interface Ways extends Approach {
  /** Why the way to the server has ended, if it has by itself. */
  readonly cause: () => Fault | undefined;
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
