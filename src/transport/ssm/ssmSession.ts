import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock';
import { sleep } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import { asFault, cancelled, isFault } from '../../base/fault';
import type { Logger } from '../../base/log';
import type { SsmSessionApi, SsmSessionGrant, SsmSessionRequest } from '../../model/ssmSession';
import type { ChannelEvent } from '../../wire/ssm/channel';
import { Channel } from '../../wire/ssm/channel';
import type { EncryptionRequest } from '../../wire/ssm/encryption';
import { encryptionContext, NONCE_BYTES } from '../../wire/ssm/encryption';
import type { SessionParameters } from '../../wire/ssm/handshake';
import { Flag, openMessage } from '../../wire/ssm/messages';
import { agentObstacle, expectsKeepalive } from './agentVersion';
import { bounded } from './bounded';
import type { CreateSocket, DataSocket } from './dataSocket';
import { openDataSocket } from './dataSocket';
import { agentSilent, channelClosed, connectionFailed, connectionLost } from './faults';
import type { HandshakeStep } from './faults';
import { handshakeTimeout, linkClosed, sessionEnded } from './faults';
import { Resumption } from './resumption';
import type { Carrier, PumpOptions } from './sessionPump';
import { SessionPump } from './sessionPump';

/** What the agent is told; from 1.2.332.0 on it switches smux keepalive off. */
export const CLIENT_VERSION = '1.2.707.0';

/** Bound of the connection, of each step of the handshake and of each try to resume, ms. */
const STEP_TIMEOUT_MS = 15_000;
/** How long an end waits for the service; what is left then is the API's to finish. VS Code gives an extension about 5 s. */
const TERMINATE_TIMEOUT_MS = 4000;

export interface SessionDeps extends PumpOptions {
  readonly api: SsmSessionApi;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly createSocket: CreateSocket;
  /** How long the service keeps an idle session, ms, as far as it is known. */
  readonly idleLimit?: () => number | undefined;
  /** What the agent says to whoever starts a session. */
  readonly onMessage?: (text: string) => void;
}

/** Makes what runs over the session, once the agent has said what it is. */
export type MakeCarrier = (session: SsmSession, parameters: SessionParameters) => Carrier;

type State =
  /** The first socket is being opened. */
  | { readonly phase: 'starting' }
  | { readonly phase: 'live'; readonly socket: DataSocket; readonly since: number }
  /** The socket was lost and another is being opened. */
  | { readonly phase: 'resuming'; readonly since: number }
  | { readonly phase: 'ended'; readonly fault: Fault };

/**
 * One Session Manager session on real sockets: opens it, replaces its WebSocket
 * when it is lost, and terminates it at the service however it ends.
 */
export class SsmSession {
  readonly id: string;
  /** Resolves once the session is over: with its Fault, or undefined after `dispose`. */
  readonly closed: Promise<Fault | undefined>;
  readonly #deps: SessionDeps;
  readonly #request: SsmSessionRequest;
  readonly #makeCarrier: MakeCarrier;
  readonly #channel: Channel;
  readonly #pump: SessionPump;
  readonly #clientId = randomUUID();
  readonly #abort = new AbortController();
  readonly #ready: Promise<void>;
  readonly #settleReady: { readonly resolve: () => void; readonly reject: (fault: Fault) => void };
  readonly #resolveClosed: (fault: Fault | undefined) => void;
  #state: State = { phase: 'starting' };
  #parameters: SessionParameters | undefined;
  #carrier: Carrier | undefined;
  #stepTimer: Disposable | undefined;
  #cleanup: Promise<void> = Promise.resolve();
  /** Ends the pause before the next try to resume. */
  #hurry: AbortController | undefined;
  readonly #resumption: Resumption;
  /** Whether the present socket has brought anything. */
  #fruitful = false;

  private constructor(deps: SessionDeps, request: SsmSessionRequest, id: string, makeCarrier: MakeCarrier) {
    this.#deps = deps;
    this.#request = request;
    this.id = id;
    this.#makeCarrier = makeCarrier;
    this.#resumption = new Resumption(deps.clock, deps.idleLimit ?? (() => undefined));
    const channelOptions = {
      clientVersion: CLIENT_VERSION,
      idSeed: randomBytes(16),
      nonceSeed: randomBytes(NONCE_BYTES),
      epochOffset: this.#epochOffset(),
    };
    this.#channel = new Channel(channelOptions, (event) => this.#onChannelEvent(event));
    this.#pump = new SessionPump(this.#channel, deps.clock, deps, {
      socketDead: () => this.#onSocketDead(),
      agentSilent: (missing) => this.#end(agentSilent(missing)),
    });
    let resolveClosed: (fault: Fault | undefined) => void = () => {};
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.#resolveClosed = resolveClosed;
    let settle = { resolve: (): void => {}, reject: (_fault: Fault): void => {} };
    this.#ready = new Promise((resolve, reject) => (settle = { resolve, reject }));
    this.#settleReady = settle;
    // Nobody waits for it any more when the session ends later.
    this.#ready.catch(() => {});
  }

  /**
   * Starts a session and resolves when data can flow.
   * @throws Fault; the session that was started is terminated then.
   */
  static async start(
    deps: SessionDeps,
    request: SsmSessionRequest,
    makeCarrier: MakeCarrier,
    signal: AbortSignal,
  ): Promise<SsmSession> {
    if (signal.aborted) throw cancelled();
    const grant = await deps.api.start(request, signal);
    const session = new SsmSession(deps, request, grant.sessionId, makeCarrier);
    const onAbort = (): void => session.#end(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) throw cancelled();
      await session.#begin(grant);
      await session.#ready;
      return session;
    } catch (error) {
      // What ended the session says more than how the step in progress noticed it.
      const fault = session.#state.phase === 'ended' ? session.#state.fault : asFault(error, 'ssm.connectionFailed');
      session.#end(fault);
      await session.#cleanup;
      throw fault;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The Fault that ended the session; undefined while it goes on. */
  get fault(): Fault | undefined {
    return this.#state.phase === 'ended' ? this.#state.fault : undefined;
  }

  /** Whether nothing is being read because a consumer is slow. */
  get readingHeld(): boolean {
    return this.#pump.readingHeld;
  }

  /** How long the agent has owed an acknowledgement that could have been read, ms; 0 when it owes none. */
  get unansweredMs(): number {
    if (this.#state.phase !== 'live' || this.readingHeld) return 0;
    return this.#channel.stalledFor(this.#deps.clock.now());
  }

  /** How long the session has been without a socket, ms; 0 while it has one. */
  get interruptedMs(): number {
    return this.#state.phase === 'resuming' ? this.#deps.clock.now() - this.#state.since : 0;
  }

  /** The carrier has something to send, or its `congested` may have changed. */
  wake(): void {
    this.#pump.wake();
  }

  /** Finds out within seconds whether the socket lives; without one, the next try to resume it comes at once. */
  check(): void {
    if (this.#state.phase === 'live') this.#pump.check();
    this.#hurry?.abort();
  }

  /** Sends a flag. @returns its sequence number, for `isAcknowledged`. */
  sendFlag(flag: number): number {
    const sequence = this.#channel.sendFlag(flag, this.#deps.clock.now());
    this.wake();
    return sequence;
  }

  /** The number that the next message gets. */
  get nextSequence(): number {
    return this.#channel.nextSequence;
  }

  isAcknowledged(sequence: number): boolean {
    return this.#channel.isAcknowledged(sequence);
  }

  /** Terminates the session at the agent and the service; resolves when nothing is left. Idempotent, never rejects. */
  async dispose(): Promise<void> {
    this.#end(linkClosed(), true);
    await this.#cleanup;
  }

  async #begin(grant: SsmSessionGrant): Promise<void> {
    this.#boundStep('connection');
    const socket = await this.#openSocket(grant, this.#abort.signal);
    if (!this.#goLive(socket)) return;
    this.#boundStep('request');
  }

  #boundStep(step: HandshakeStep): void {
    this.#stepTimer?.dispose();
    this.#stepTimer = this.#deps.clock.schedule(STEP_TIMEOUT_MS, () => this.#end(handshakeTimeout(step)));
  }

  async #openSocket(grant: SsmSessionGrant, signal: AbortSignal): Promise<DataSocket> {
    const { createSocket } = this.#deps;
    // Events name their socket: those of a socket that has been replaced mean nothing any more.
    const held: { socket?: DataSocket } = {};
    const current = (): boolean => this.#state.phase === 'live' && this.#state.socket === held.socket;
    const greeting = openMessage({
      requestId: randomUUID(),
      token: grant.tokenValue,
      clientId: this.#clientId,
      clientVersion: CLIENT_VERSION,
    });
    const events = {
      message: (bytes: Buffer): void => {
        if (current()) this.#onMessage(bytes);
      },
      drain: (): void => {
        if (current()) this.wake();
      },
      pong: (): void => {
        if (current()) this.#pump.pong();
      },
      lost: (why: string): void => {
        if (current()) this.#onLost(why);
      },
    };
    const socket = await openDataSocket({ streamUrl: grant.streamUrl, greeting, ca: grant.ca, createSocket, events }, signal);
    if (signal.aborted) {
      socket.destroy();
      throw cancelled();
    }
    held.socket = socket;
    return socket;
  }

  /** @returns false when the session has ended meanwhile; the socket is gone then. */
  #goLive(socket: DataSocket): boolean {
    if (this.#state.phase === 'ended') {
      socket.destroy();
      return false;
    }
    this.#fruitful = false;
    this.#state = { phase: 'live', socket, since: this.#deps.clock.now() };
    this.#pump.attach(socket);
    return true;
  }

  #onMessage(bytes: Buffer): void {
    this.#fruitful = true;
    try {
      this.#pump.receive(bytes);
    } catch (error) {
      this.#end(asFault(error));
    }
  }

  #onChannelEvent(event: ChannelEvent): void {
    if (this.#state.phase === 'ended') return;
    switch (event.kind) {
      case 'output':
        this.#toCarrier((carrier) => carrier.output(event.payload));
        break;
      case 'connectError':
        this.#toCarrier((carrier) => carrier.connectError());
        break;
      case 'handshake':
        this.#onHandshake(event.session, event.encryption);
        break;
      case 'keyProven':
        this.#boundStep('completion');
        break;
      case 'ready':
        this.#becomeReady();
        break;
      case 'closed':
        this.#end(channelClosed(event.reason));
        break;
      case 'fault':
        this.#end(event.fault);
        break;
      case 'customerMessage':
        this.#deps.logger.log('info', 'ssm.customerMessage', { sessionId: this.id, text: event.text });
        this.#deps.onMessage?.(event.text);
        break;
      case 'exit':
        this.#deps.logger.log('info', 'ssm.exit', { sessionId: this.id, code: event.code });
        break;
      case 'stderr':
        this.#deps.logger.log('debug', 'ssm.stderr', { sessionId: this.id, bytes: event.payload.length });
        break;
      case 'ignored':
        this.#deps.logger.log('debug', 'ssm.ignored', { sessionId: this.id, what: event.what });
    }
  }

  #onHandshake(parameters: SessionParameters, encryption: EncryptionRequest | undefined): void {
    const obstacle = agentObstacle(parameters, this.#request.bastionId);
    if (obstacle) {
      this.#end(obstacle);
      return;
    }
    this.#parameters = parameters;
    this.#boundStep(encryption ? 'dataKey' : 'completion');
    if (encryption) void this.#findDataKey(encryption);
  }

  /** Bounded by the step's timer, which ends the session and with it the call. */
  async #findDataKey(encryption: EncryptionRequest): Promise<void> {
    const { api, clock, logger } = this.#deps;
    const { place, bastionId } = this.#request;
    const request = { keyId: encryption.keyId, context: encryptionContext(this.id, bastionId, encryption) };
    try {
      const { plaintext, sealed } = await api.dataKey(place, request, this.#abort.signal);
      if (this.#state.phase !== 'ended') {
        this.#boundStep('challenge');
        this.#channel.provideDataKey(plaintext, sealed, clock.now());
        logger.log('info', 'ssm.encrypting', { sessionId: this.id, keyId: encryption.keyId });
      }
      plaintext.fill(0);
    } catch (error) {
      if (this.#state.phase === 'ended') return;
      this.#channel.refuseDataKey(asFault(error, 'ssm.encryptionFailed'), clock.now());
    }
    this.wake();
  }

  /** A carrier's failure is the session's, and not a message that could come again. */
  #toCarrier(pass: (carrier: Carrier) => void): void {
    if (!this.#carrier) return;
    try {
      pass(this.#carrier);
    } catch (error) {
      this.#end(asFault(error));
    }
  }

  #becomeReady(): void {
    this.#stepTimer?.dispose();
    this.#carrier = this.#makeCarrier(this, this.#parameters!);
    this.#pump.carry(this.#carrier, expectsKeepalive(this.#parameters!.agentVersion));
    this.#settleReady.resolve();
  }

  #onSocketDead(): void {
    if (this.#state.phase !== 'live') return;
    const { socket } = this.#state;
    socket.destroy();
    this.#onLost('no answer to a ping');
  }

  #onLost(why: string): void {
    if (this.#state.phase !== 'live') return;
    if (!this.#carrier) {
      this.#end(connectionFailed(`the service closed it during the handshake (${why})`));
      return;
    }
    this.#resumption.lost(this.#deps.clock.now() - this.#state.since, this.#fruitful);
    this.#state = { phase: 'resuming', since: this.#deps.clock.now() };
    this.#pump.detach();
    this.#deps.logger.log('info', 'ssm.socketLost', { sessionId: this.id, why });
    void this.#resume();
  }

  async #resume(): Promise<void> {
    const { clock, logger } = this.#deps;
    let cause: unknown;
    for (let pause = this.#resumption.next(cause); pause !== undefined; pause = this.#resumption.next(cause)) {
      const attempt = this.#resumption.tries;
      try {
        if (pause > 0) await this.#pauseBeforeResuming(pause);
        const bound = { clock, ms: STEP_TIMEOUT_MS, late: () => handshakeTimeout('connection') };
        const socket = await bounded(bound, (signal) => this.#reopen(signal), this.#abort.signal);
        if (!socket) {
          this.#end(sessionEnded());
          return;
        }
        this.#channel.reconnected(clock.now(), this.#epochOffset());
        if (this.#goLive(socket)) logger.log('info', 'ssm.resumed', { sessionId: this.id, attempt });
        return;
      } catch (error) {
        if (this.#state.phase !== 'resuming') return;
        cause = error;
        logger.log('warn', 'ssm.resumeFailed', { sessionId: this.id, attempt, error });
        // Nothing that another try could change, e.g. credentials that have expired.
        if (isFault(error) && !error.retryable) {
          this.#end(error);
          return;
        }
      }
    }
    this.#end(connectionLost(cause));
  }

  /** @throws Fault `operation.cancelled` once the session has ended */
  async #pauseBeforeResuming(ms: number): Promise<void> {
    const hurry = new AbortController();
    this.#hurry = hurry;
    await sleep(this.#deps.clock, ms, AbortSignal.any([this.#abort.signal, hurry.signal])).catch((error: unknown) => {
      if (this.#abort.signal.aborted) throw error;
    });
    this.#hurry = undefined;
  }

  /** A socket for the same session under a new token; undefined when the session is over. */
  async #reopen(signal: AbortSignal): Promise<DataSocket | undefined> {
    const grant = await this.#deps.api.resume(this.#request.place, this.id, signal);
    return grant && this.#openSocket(grant, signal);
  }

  #end(fault: Fault, disposed = false): void {
    const before = this.#state;
    if (before.phase === 'ended') return;
    this.#state = { phase: 'ended', fault };
    const { code, message } = fault;
    this.#deps.logger.log(disposed ? 'info' : 'warn', 'ssm.ended', { sessionId: this.id, code, message });
    this.#stepTimer?.dispose();
    this.#abort.abort();
    this.#pump.dispose();
    this.#cleanup = this.#cleanUp(before.phase === 'live' ? before.socket : undefined);
    this.#carrier?.ended(fault);
    this.#settleReady.reject(fault);
    this.#resolveClosed(disposed ? undefined : fault);
  }

  async #cleanUp(socket: DataSocket | undefined): Promise<void> {
    await Promise.all([socket && this.#farewell(socket), this.#terminate()]);
  }

  /** The agent learns of the end at once; the service would tell it later. */
  async #farewell(socket: DataSocket): Promise<void> {
    if (this.#carrier) this.#channel.sendFlag(Flag.terminateSession, this.#deps.clock.now());
    for (const frame of this.#channel.takeOutgoing()) socket.send(frame);
    await socket.close();
  }

  async #terminate(): Promise<void> {
    const { api, clock, logger } = this.#deps;
    const bound = { clock, ms: TERMINATE_TIMEOUT_MS, late: () => connectionFailed('the termination took too long') };
    try {
      // Not bound to the session's own signal, which has fired by now.
      const work = (signal: AbortSignal): Promise<void> => api.terminate(this.#request.place, this.id, signal);
      await bounded(bound, work, new AbortController().signal);
      logger.log('info', 'ssm.terminated', { sessionId: this.id });
    } catch (error) {
      logger.log('warn', 'ssm.terminateFailed', { sessionId: this.id, error });
    }
  }

  #epochOffset(): number {
    return this.#deps.clock.wall() - this.#deps.clock.now();
  }
}
