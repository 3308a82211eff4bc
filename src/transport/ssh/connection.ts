import type { Duplex } from 'node:stream';
import { Client, type ConnectConfig } from 'ssh2';
import type { Clock } from '../../base/clock';
import { asFault, cancelled, type Fault, isFault } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { Endpoint } from '../../model/endpoint';
import type { AlgorithmDefaults, HostConfig } from '../../ssh/hostConfig';
import { NegotiationRecord, ourAlgorithms, within } from './algorithms';
import type { Authentication } from './authentication';
import { Channels } from './channels';
import { Deadline } from './deadline';
import {
  bannerClosed,
  closedDuringLogin,
  connectionLost,
  dialFailed,
  disconnected,
  handshakeFailed,
  linkClosed,
  noMatchingAlgorithm,
  notSsh,
  passwordExpired,
  protocolError,
  timeout,
} from './faults';
import type { HostKeyVerifier } from './hostKeys';
import { Vitals } from './vitals';
import { type PacketLayer, packetLayer, quicken, stopDebugging, takeChannels, watchRefusals } from './ssh2Internals';

/** How we call ourselves: `SSH-2.0-Sallyport`. */
const IDENT = 'Sallyport';
/** How long the other side may take to close after us, ms. */
const GOODBYE_MS = 500;
/** RFC 4253, section 11.1. */
const BY_APPLICATION = 11;

export interface LoginRequest {
  readonly config: HostConfig;
  /** For messages. */
  readonly server: Endpoint;
  /** Connected; belongs to the connection from here on. */
  readonly socket: Duplex;
  /** Called once nobody keeps what the socket emits. */
  readonly reuseMemory?: () => void;
  readonly hostKeys: HostKeyVerifier;
  /** Whoever asks a person does so through `deadline.pausedFor`. */
  readonly authentication: (deadline: Deadline, onGivenUp: (fault: Fault) => void, signal: AbortSignal) => Authentication;
  /** How long the server may take for each step, ms. */
  readonly timeoutMs: number;
}

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `keys`: the host's are exchanged and checked; `login`: the host is known. */
type Phase = 'keys' | 'login' | 'open' | 'ended';

/** One SSH connection, logged in. Carries any number of streams; see `Channels`. */
export class SshConnection {
  /** Resolves once the connection has ended: with the Fault that ended it, or undefined after `dispose`. Never rejects. */
  readonly closed: Promise<Fault | undefined>;
  readonly #request: LoginRequest;
  readonly #deps: ConnectionDeps;
  readonly #client = new Client();
  readonly #record = new NegotiationRecord();
  readonly #abort = new AbortController();
  readonly #settleClosed: (fault: Fault | undefined) => void;
  readonly #deadline: Deadline;
  readonly #authentication: Authentication;
  #phase: Phase = 'keys';
  #layer: PacketLayer | undefined;
  #channels: Channels | undefined;
  #vitals: Vitals | undefined;
  #hostKey: Buffer | undefined;
  #onReady: (() => void) | undefined;

  private constructor(request: LoginRequest, deps: ConnectionDeps) {
    this.#request = request;
    this.#deps = deps;
    const { promise, resolve } = withResolvers<Fault | undefined>();
    this.closed = promise;
    this.#settleClosed = resolve;
    const expired = (): void => this.#end(timeout(request.server, request.timeoutMs / 1000));
    this.#deadline = new Deadline(deps.clock, request.timeoutMs, expired);
    this.#authentication = request.authentication(this.#deadline, (fault) => this.#end(fault), this.#abort.signal);
  }

  /** @throws Fault; the socket is destroyed then */
  static async login(request: LoginRequest, deps: ConnectionDeps, signal: AbortSignal): Promise<SshConnection> {
    if (signal.aborted) {
      request.socket.destroy();
      throw cancelled();
    }
    const connection = new SshConnection(request, deps);
    const onAbort = (): void => connection.#end(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    const ready = new Promise<void>((resolve) => {
      connection.#onReady = resolve;
    });
    connection.#start();
    const fault = await Promise.race([ready, connection.closed]);
    signal.removeEventListener('abort', onAbort);
    if (fault) throw fault;
    return connection;
  }

  /** @throws Fault as `Channels.open`; `ssh.linkClosed` */
  async open(to: Endpoint, signal: AbortSignal): Promise<Duplex> {
    if (!this.#channels || this.#phase !== 'open') throw linkClosed();
    return this.#channels.open(to, signal);
  }

  /** Finds out within seconds whether the other side still answers; the connection ends where it does not. */
  check(): void {
    if (this.#phase === 'open') this.#vitals?.check();
  }

  /** Ends every stream, says goodbye and closes the socket. Idempotent, never rejects. */
  async dispose(): Promise<void> {
    const { socket } = this.#request;
    if (this.#phase !== 'ended') this.#end(undefined);
    if (socket.closed) return;
    await new Promise<void>((resolve) => {
      const timer = this.#deps.clock.schedule(GOODBYE_MS, () => socket.destroy());
      socket.once('close', () => {
        timer.dispose();
        resolve();
      });
    });
  }

  #start(): void {
    const { socket, config, hostKeys } = this.#request;
    const client = this.#client;
    client
      .on('error', (error) => this.#failed(error))
      .on('ready', () => this.#opened())
      .on('handshake', () => this.#keysChanged())
      .on('change password', () => this.#end(passwordExpired(this.#authentication.who)))
      .on('end', () => this.#end(this.#lost()))
      .on('close', () => this.#end(this.#lost()));
    const { offer, missing } = offeredAlgorithms(config, hostKeys);
    // It may have gone already, without anybody listening.
    const over = missing ?? (socket.destroyed || socket.readableEnded ? this.#gone(socket.errored) : undefined);
    if (over) {
      this.#end(over);
      return;
    }
    const options: ConnectConfig = {
      sock: socket,
      username: config.user,
      ident: IDENT,
      algorithms: offer,
      // Ours do not run while a person is asked, and see more than ssh2's.
      readyTimeout: 0,
      keepaliveInterval: 0,
      debug: (line) => this.#record.note(line),
      hostVerifier: (key: Buffer, verdict: (accepted: boolean) => void) => this.#verify(key, verdict),
      authHandler: (_methods, _partial, next) => void this.#authenticate(next),
    };
    try {
      client.connect(options);
      this.#layer = packetLayer(client);
      watchRefusals(this.#layer, (methods, partial) => this.#authentication.refused(methods, partial));
    } catch (error) {
      this.#end(asFault(error, 'ssh.internal'));
    }
  }

  #verify(key: Buffer, verdict: (accepted: boolean) => void): void {
    if (this.#hostKey) {
      // New keys are exchanged under the key that was accepted, or not at all.
      const same = this.#hostKey.equals(key);
      if (!same) this.#end(protocolError('it changed its host key'));
      verdict(same);
      return;
    }
    const { hostKeys } = this.#request;
    const signal = this.#abort.signal;
    // The buffer is ssh2's.
    const own = Buffer.from(key);
    this.#deadline
      .pausedFor(() => hostKeys.verify(own, signal))
      .then(
        () => {
          if (this.#phase === 'ended') return;
          this.#hostKey = own;
          this.#phase = 'login';
          verdict(true);
        },
        (error: unknown) => this.#end(asFault(error, 'ssh.hostKeyUnverified')),
      );
  }

  async #authenticate(next: (attempt: NonNullable<Awaited<ReturnType<Authentication['next']>>>) => void): Promise<void> {
    try {
      const attempt = await this.#authentication.next();
      if (attempt && this.#phase === 'login') next(attempt);
    } catch (error) {
      this.#end(asFault(error, 'ssh.loginFailed'));
    }
  }

  #opened(): void {
    if (this.#phase !== 'login' || !this.#layer) return;
    const { socket, config, server } = this.#request;
    const { clock, logger } = this.#deps;
    const layer = this.#layer;
    this.#phase = 'open';
    this.#deadline.dispose();
    stopDebugging(layer);
    const onBroken = (fault: Fault): void => this.#end(fault);
    const channels = new Channels({ layer, socket, clock, onBroken });
    takeChannels(layer, channels.handlers);
    this.#channels = channels;
    this.#vitals = new Vitals({ layer, socket, clock, server, moved: () => channels.moved, onDead: onBroken }, config);
    logger.log('info', 'ssh.connected', { server, user: config.user });
    this.#onReady?.();
  }

  #keysChanged(): void {
    if (!this.#layer) return;
    const { reuseMemory } = this.#request;
    if (quicken(this.#layer)) reuseMemory?.();
    if (this.#phase === 'open') this.#deps.logger.log('debug', 'ssh.keysChanged', { server: this.#request.server });
    this.#channels?.resume();
  }

  #failed(error: Error & { level?: string; code?: unknown }): void {
    // An agent that does not sign, or a key that cannot: the next key is tried.
    if (error.level === 'agent' || error.level === 'client-authentication') return;
    this.#end(this.#translate(error));
  }

  #translate(error: Error & { level?: string; code?: unknown }): Fault {
    const { server, timeoutMs } = this.#request;
    if (isFault(error)) return this.#gone(error);
    if (error.level === 'client-socket') {
      return this.#record.greeted ? this.#lost(error) : dialFailed(server, error, timeoutMs / 1000);
    }
    if (/Invalid (?:identification|header)|header line|greeting lines/i.test(error.message)) return notSsh(server, error);
    if (error.level === 'protocol' && /before handshake/.test(error.message)) return bannerClosed(server, error);
    if (error.level === 'handshake') {
      const { last } = this.#record;
      if (last && /no matching/i.test(error.message)) return noMatchingAlgorithm(last.kind, last.ours, last.theirs, error);
      return handshakeFailed(server, error.message.replace(/^Handshake failed: /, ''), error);
    }
    // SSH_MSG_DISCONNECT: the number is its reason.
    if (typeof error.code === 'number') {
      if (/too many authentication failures/i.test(error.message)) return this.#authentication.tooManyFailures();
      return this.#phase === 'open' ? disconnected(server, error.message) : closedDuringLogin(server, error.message, error);
    }
    return protocolError(error.message, error);
  }

  /** What the socket itself says of its end, when it is a stream of ours, says most. */
  #gone(cause: Error | null): Fault {
    return isFault(cause) && cause.code !== 'ssh.streamReset' ? cause : this.#lost(cause ?? undefined);
  }

  #lost(cause?: unknown): Fault {
    const { server } = this.#request;
    if (this.#phase === 'open') return connectionLost(server, cause);
    return this.#record.greeted ? closedDuringLogin(server, undefined, cause) : bannerClosed(server, cause);
  }

  /** `fault`: undefined for an end of ours. */
  #end(fault: Fault | undefined): void {
    if (this.#phase === 'ended') return;
    const wasOpen = this.#phase === 'open';
    this.#phase = 'ended';
    this.#deadline.dispose();
    this.#vitals?.dispose();
    this.#abort.abort();
    this.#channels?.fail(fault ?? linkClosed());
    const { socket, server } = this.#request;
    if (wasOpen) this.#deps.logger.log(fault ? 'warn' : 'info', 'ssh.closed', { server, ...(fault && { code: fault.code }) });
    if (wasOpen && fault === undefined) this.#sayGoodbye(socket);
    else socket.destroy();
    this.#settleClosed(fault ?? undefined);
  }

  #sayGoodbye(socket: Duplex): void {
    try {
      this.#layer?.disconnect(BY_APPLICATION);
      socket.end();
    } catch {
      // The packet layer is broken already; there is nobody to greet.
      socket.destroy();
    }
  }
}

/** What is offered for this host; or, when the configuration leaves nothing that we have, the Fault that says so. */
function offeredAlgorithms(
  { algorithms: wanted, configuredAlgorithms }: HostConfig,
  hostKeys: HostKeyVerifier,
): { offer: NonNullable<ConnectConfig['algorithms']>; missing?: Fault } {
  const ours = ourAlgorithms();
  const choose = (kind: keyof AlgorithmDefaults): string[] => (configuredAlgorithms.has(kind) ? within(wanted[kind], ours[kind]) : [...ours[kind]]);
  const lists = { kex: choose('kexAlgorithms'), cipher: choose('ciphers'), hmac: choose('macs'), serverHostKey: choose('hostKeyAlgorithms') };
  const names = { kex: 'kexAlgorithms', cipher: 'ciphers', hmac: 'macs', serverHostKey: 'hostKeyAlgorithms' } as const;
  // As OpenSSH: a list that the person wrote keeps its order.
  if (!configuredAlgorithms.has('hostKeyAlgorithms')) lists.serverHostKey = hostKeys.order(lists.serverHostKey);
  const offer = { ...lists, compress: ['none'] } as NonNullable<ConnectConfig['algorithms']>;
  for (const [kind, list] of Object.entries(lists) as [keyof typeof lists, string[]][]) {
    // ssh2 takes an empty list for its own defaults, weak ones included.
    if (list.length === 0) return { offer, missing: noMatchingAlgorithm(`${names[kind]} of the configuration`, ours[names[kind]], wanted[names[kind]]) };
  }
  return { offer };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
