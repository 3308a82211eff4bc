import type { Duplex } from 'node:stream';
import { Scope } from '../../base/scope';
import { cancelled, type Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import type { Link } from '../../model/link';
import type { Ask } from '../../model/question';
import type { BastionRoute } from '../../model/route';
import type { SshAccess } from '../../model/ssh';
import type { ConfiguredFile, HostConfig } from '../../ssh/hostConfig';
import { resolveHops, resolveHost } from '../../ssh/resolveHost';
import type { SigningKey } from './agent';
import { Authentication } from './authentication';
import { type LoginRequest, SshConnection } from './connection';
import { ConnectionPool, type Lease } from './connectionPool';
import { keyFileQuestion, requireConsent } from './consent';
import type { Deadline } from './deadline';
import { linkClosed, noInstanceConnect, noSessionManager, unsupportedOption } from './faults';
import { HostKeyVerifier } from './hostKeys';
import { findIdentities, type Identities, type IdentityDeps } from './identities';
import { ephemeralKey } from './privateKey';
import { ProxyStream } from './proxyCommand';
import type { SshTransportDeps } from './sshTransport';
import { dialTcp } from './tcpSocket';

/** From the same bundle, for the client that is installed: it needs a key of its own as well. */
export { ephemeralKey } from './privateKey';

/** How long a server may take to be connected to, and then for each step of the login, ms; ConnectTimeout overrides it. */
const DEFAULT_TIMEOUT_MS = 20_000;

/** One connection that is to be made. */
interface Hop {
  readonly config: HostConfig;
  readonly server: Endpoint;
  /** What it is shared by. */
  readonly key: string;
  /** The hop before, through which it is reached. */
  readonly through?: Hop;
  /** Present for the bastion itself, which EC2 and Systems Manager know. */
  readonly bastion?: { readonly route: BastionRoute; readonly access: SshAccess };
}

/** A byte stream to a server. */
type Way = Pick<LoginRequest, 'socket' | 'reuseMemory'>;

/** The built-in client: connections over ssh2. A bundle of its own, loaded at the first SSH tunnel. */
export class SshClient {
  readonly #deps: SshTransportDeps;
  readonly #pool = new ConnectionPool();

  constructor(deps: SshTransportDeps) {
    this.#deps = deps;
  }

  /** @throws Fault; nothing is left behind then */
  async dial(route: BastionRoute, access: SshAccess, signal: AbortSignal): Promise<Link> {
    const hops = await this.#plan(route, access);
    for (const { config } of hops) await requireConsent(config, this.#deps.ask, signal);
    const lease = await this.#lease(hops.at(-1)!, signal);
    return new SshLink(lease);
  }

  async #plan(route: BastionRoute, access: SshAccess): Promise<Hop[]> {
    const { host, user, port, via } = access;
    const request = { host, ...(user !== undefined && { user }), ...(port !== undefined && { port }) };
    const sources = this.#deps.sources();
    // Over Session Manager there is no network to find a way through.
    const configs = via === 'ssm' ? [await resolveHost(request, sources)] : await resolveHops(request, sources);
    const hops: Hop[] = [];
    for (const [index, config] of configs.entries()) {
      const blocking = config.unsupported.find(({ blocks }) => blocks);
      if (blocking) throw unsupportedOption(blocking.option, blocking.reason);
      const through = hops.at(-1);
      const isBastion = index === configs.length - 1;
      const command = via === 'ssm' || through ? undefined : config.proxyCommand?.command;
      const { hostName, port, user } = config;
      // Who logs in where, by which way, and with which keys and rules: only what agrees in all of it is one connection.
      const bastion = isBastion ? [via, via === 'ssm' ? [route.place.profile, route.place.region, route.bastion.id] : 0, access.instanceConnect] : 0;
      const key = JSON.stringify([through?.key, config.host, hostName, port, user, command, bastion]);
      hops.push({ config, server: { host: hostName, port }, key, ...(through && { through }), ...(isBastion && { bastion: { route, access } }) });
    }
    return hops;
  }

  #lease(hop: Hop, signal: AbortSignal): Promise<Lease> {
    return this.#pool.lease(hop.key, (shared) => this.#connect(hop, shared), signal);
  }

  async #connect(hop: Hop, signal: AbortSignal): Promise<SshConnection> {
    const { config, server } = hop;
    const { clock, logger } = this.#deps;
    const timeoutMs = config.connectTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    const scope = new Scope();
    try {
      const injected = await this.#injectedKey(hop, signal);
      const way = await this.#way(hop, scope, timeoutMs, signal);
      // Read late: an earlier hop may have added to the same file.
      const hostKeys = await this.#hostKeys(hop, signal);
      const authentication: LoginRequest['authentication'] = (deadline, onGivenUp, signal) => {
        const ask: Ask = (question, signal) => deadline.pausedFor(() => this.#deps.ask(question, signal));
        const identityDeps: IdentityDeps = { ...this.#identityDeps(config, ask), ...(injected && { injected }) };
        const identities = async (signal: AbortSignal): Promise<Identities> => {
          const { keys, faults } = await findIdentities(config, identityDeps, signal);
          return { faults, keys: keys.map((key) => patient(key, deadline)) };
        };
        return new Authentication({ config, ask, identities, onGivenUp }, signal);
      };
      const request: LoginRequest = { config, server, ...way, hostKeys, timeoutMs, authentication };
      const connection = await SshConnection.login(request, { clock, logger }, signal);
      // The way to it goes with it.
      void connection.closed.then(() => scope.dispose()).catch((error: unknown) => logger.log('warn', 'ssh.hopCloseFailed', { error }));
      return connection;
    } catch (error) {
      await scope.dispose();
      throw error;
    }
  }

  #identityDeps(config: HostConfig, ask: Ask): IdentityDeps {
    const { clock, sources } = this.#deps;
    const { platform, uid } = sources();
    return {
      clock,
      platform,
      ...(uid !== undefined && { uid }),
      passphrase: async (keyFile, again, signal) =>
        config.batchMode ? undefined : ask({ kind: 'passphrase', keyFile, again }, signal),
      allowed: async (file: ConfiguredFile, signal) => !config.batchMode && (await ask(keyFileQuestion(config.host, file), signal)) === true,
    };
  }

  #hostKeys({ config, bastion }: Hop, signal: AbortSignal): Promise<HostKeyVerifier> {
    const { ask, logger, consoleFingerprints } = this.#deps;
    signal.throwIfAborted();
    return HostKeyVerifier.create(config, {
      logger,
      confirm: ask,
      ...(bastion && consoleFingerprints && { consoleFingerprints: (signal: AbortSignal) => consoleFingerprints(bastion.route, signal) }),
    });
  }

  /** A key made for this login and pushed to the instance. */
  async #injectedKey({ config, bastion }: Hop, signal: AbortSignal): Promise<Buffer | undefined> {
    if (!bastion?.access.instanceConnect) return undefined;
    const { pushKey } = this.#deps;
    if (!pushKey) throw noInstanceConnect();
    const { privateKey, publicKey } = ephemeralKey();
    await pushKey(bastion.route, { user: config.user, publicKey }, signal);
    return privateKey;
  }

  async #way({ config, server, through, bastion }: Hop, scope: Scope, timeoutMs: number, signal: AbortSignal): Promise<Way> {
    const { clock, dialSsm, sources } = this.#deps;
    if (bastion?.access.via === 'ssm') {
      if (!dialSsm) throw noSessionManager();
      const session = await dialSsm(bastion.route, server.port, signal);
      scope.add(session);
      return { socket: session.stream };
    }
    if (through) {
      const lease = await this.#lease(through, signal);
      scope.add({ dispose: () => lease.release() });
      return { socket: await lease.connection.open(server, signal) };
    }
    if (config.proxyCommand) {
      if (signal.aborted) throw cancelled();
      const { platform, env } = sources();
      const stream = new ProxyStream(config.proxyCommand.command, platform, env);
      scope.add({ dispose: () => void stream.destroy() });
      return { socket: stream };
    }
    const connection = await dialTcp(server, config, timeoutMs, clock, signal);
    scope.add({ dispose: () => void connection.socket.destroy() });
    return connection;
  }
}

/** An agent may ask the person, or wait for a touch; meanwhile the server's time stands still. */
function patient(key: SigningKey, deadline: Deadline): SigningKey {
  return { publicKey: key.publicKey, sign: (...args) => deadline.pausedFor(() => key.sign(...args)) };
}

/** A tunnel's share in a connection. */
class SshLink implements Link {
  readonly closed: Promise<Fault | undefined>;
  readonly #lease: Lease;
  readonly #streams = new Set<Duplex>();
  #settleClosed!: (fault: Fault | undefined) => void;
  #disposed = false;

  constructor(lease: Lease) {
    this.#lease = lease;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    // A connection that ends by itself keeps no share.
    void lease.connection.closed.then((fault) => {
      this.#settleClosed(fault);
      return lease.release();
    });
  }

  async open(to: Endpoint, signal: AbortSignal): Promise<Duplex> {
    if (this.#disposed) throw linkClosed();
    const stream = await this.#lease.connection.open(to, signal);
    if (this.#disposed) {
      stream.destroy();
      throw linkClosed();
    }
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }

  check(): void {
    this.#lease.connection.check();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    // Others may go on over the same connection.
    for (const stream of this.#streams) stream.destroy(linkClosed());
    this.#settleClosed(undefined);
    await this.#lease.release();
  }
}
