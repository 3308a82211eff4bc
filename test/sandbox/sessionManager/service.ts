// The Session Manager service: sessions, tokens and data channels. The API server calls `start`, `resume` and
// `terminate`, and hands WebSocket upgrades to `handleUpgrade`.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { AgentEncryption } from './agentCipher';
import type { Cut } from './clientSocket';
import { ClientSocket } from './clientSocket';
import type { SessionDocument, SessionParameters } from './documents';
import { DOCUMENTS, ServiceError, sessionProperties } from './documents';
import type { Keepalive } from './forward';
import type { FrameFaults } from './frameFaults';
import type { SessionLimits } from './limits';
import { TERMINATED_OUTPUT } from './limits';
import { parseOpenMessage } from './openMessage';
import type { SessionRecord } from './session';
import { Session } from './session';
import type { Resolve } from './targets';
import type { SessionCall, Throttle } from './throttle';
import { CallGate } from './throttle';

export { ServiceError } from './documents';
export type { SessionDocument, SessionParameters } from './documents';
export type { Cut } from './clientSocket';
export type { FrameFaultRates, FrameFaults } from './frameFaults';
export type { SessionLimits } from './limits';
export { DURATION_OUTPUT, IDLE_OUTPUT, TERMINATED_OUTPUT } from './limits';
export type { SessionRecord, SessionStatus } from './session';
export type { Resolution, Resolve } from './targets';

export interface ManagedInstance {
  readonly id: string;
  /** Dotted quadruple, e.g. `3.3.1142.0`. */
  readonly agentVersion: string;
  readonly online: boolean;
  readonly region: string;
  readonly accountId: string;
}

export interface SessionManagerOptions {
  /** Where `handleUpgrade` is reachable: `ws://127.0.0.1:port` or `wss://...`; asked at each start and resume. */
  readonly baseUrl: () => string;
  readonly findInstance: (id: string) => ManagedInstance | undefined;
  readonly resolve: Resolve;
  /** KMS Decrypt for agents whose document demands encryption. @throws ServiceError */
  readonly decrypt?: (
    ciphertext: Buffer,
    context: Readonly<Record<string, string>>,
    place: Pick<ManagedInstance, 'accountId' | 'region'>,
  ) => Buffer;
  /** Agents sleep 1 ms after each message, as the real one does. Default: false. */
  readonly pace?: boolean;
  /** Times of smux keepalive of agents that have it on. Default: those of the real one. */
  readonly keepalive?: Keepalive;
  /** Session documents besides the built-in ones, by name. */
  readonly documents?: Readonly<Record<string, SessionDocument>>;
  /** How long a session without a socket stays resumable, ms. Default: one minute. */
  readonly resumableMs?: number;
  /** How long a token can be used, ms. Default: one minute. */
  readonly tokenLifeMs?: number;
  /**
   * On resume, send again at once what the client has not acknowledged. Default: true. False leaves it to the agent,
   * which resends about ten messages per second.
   */
  readonly replayOnResume?: boolean;
  /** What befalls every session by the clock; see `setLimits`. */
  readonly limits?: SessionLimits;
}

/** What happens around the restart of an agent, ms after it. */
export interface AgentRestart {
  /** When the instance takes sessions again. */
  readonly backMs: number;
  /** When the service tells the clients of the dead workers, by `channel_closed`. */
  readonly noticeMs: number;
}

export interface StartSession {
  readonly target: string;
  readonly documentName: string;
  readonly parameters?: SessionParameters;
  readonly reason?: string | undefined;
  readonly region: string;
  readonly accountId: string;
}

export interface SessionGrant {
  readonly SessionId: string;
  readonly TokenValue: string;
  readonly StreamUrl: string;
}

/** The answer to ResumeSession; without TokenValue the session is over. */
export type ResumeGrant = SessionGrant | { readonly SessionId: string };

const PATH = /^\/v1\/data-channel\/([^/?]+)(?:\?.*)?$/;
const OPEN_TIMEOUT_MS = 10_000;
const OPEN_MESSAGE_BYTES = 8192;
/** The agent's parser has no limit; this only bounds memory. */
const MESSAGE_BYTES = 16 * 1024 * 1024;
/** Sessions that are over and remembered. */
const HISTORY = 1000;

export class SessionManagerService {
  readonly #options: SessionManagerOptions;
  readonly #documents: Readonly<Record<string, SessionDocument>>;
  readonly #sessions = new Map<string, Session>();
  readonly #sockets = new Set<Duplex>();
  readonly #webSockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES, perMessageDeflate: false });
  readonly #gate = new CallGate();
  /** Instances whose agent is not there, with the timer that brings it back. */
  readonly #restarting = new Map<string, NodeJS.Timeout>();
  readonly #notices = new Set<NodeJS.Timeout>();
  #frameFaults: FrameFaults | undefined;
  #limits: SessionLimits;
  #expiredTokens = 0;
  #closed = false;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? {};
    this.#documents = { ...DOCUMENTS, ...options.documents };
  }

  /**
   * @throws ServiceError `TargetNotConnected`, `InvalidDocument`, `InvalidParameters`, `BadRequest`,
   *   `ThrottlingException`, `InternalServerError`.
   */
  start(request: StartSession): SessionGrant {
    if (this.#closed) throw new ServiceError('InternalServerError', 'The service is closed.', 500);
    this.#gate.admit('start');
    const { target, documentName, reason, region, accountId } = request;
    const properties = sessionProperties(this.#documents, documentName, request.parameters ?? {});
    const instance = this.#options.findInstance(target);
    const online = instance?.online && !this.#restarting.has(target);
    if (!instance || !online || instance.region !== region || instance.accountId !== accountId) {
      throw new ServiceError('TargetNotConnected', `${target} is not connected.`);
    }
    const { pace = false, resumableMs = 60_000, tokenLifeMs = 60_000, replayOnResume = true } = this.#options;
    const session = new Session({
      sessionId: `sandbox-${randomBytes(9).toString('hex').slice(0, 17)}`,
      target,
      documentName,
      reason,
      region,
      accountId,
      agentVersion: instance.agentVersion,
      properties,
      resolve: this.#options.resolve,
      pace,
      keepalive: this.#options.keepalive,
      encryption: this.#encryption(documentName, instance),
      resumableMs,
      tokenLifeMs,
      replayOnResume,
      ended: () => this.#trim(),
    });
    if (this.#frameFaults) session.setFrameFaults(this.#frameFaults);
    session.setLimits(this.#limits);
    this.#sessions.set(session.id, session);
    return this.#grant(session);
  }

  #encryption(documentName: string, { accountId, region }: ManagedInstance): AgentEncryption | undefined {
    const demanded = this.#documents[documentName]?.encryption;
    if (!demanded) return undefined;
    const decrypt = (ciphertext: Buffer, context: Readonly<Record<string, string>>): Buffer => {
      if (!this.#options.decrypt) throw new ServiceError('KMSUnavailable', 'there is no KMS here');
      try {
        return this.#options.decrypt(ciphertext, context, { accountId, region });
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        throw new Error(`${error.code}: ${error.message}`, { cause: error });
      }
    };
    return { ...demanded, decrypt };
  }

  /** @throws ServiceError `DoesNotExistException` for an id that never was, `ThrottlingException`. */
  resume(sessionId: string): ResumeGrant {
    this.#gate.admit('resume');
    const session = this.#find(sessionId);
    if (session.over) return { SessionId: sessionId };
    return this.#grant(session, this.#expiredTokens > 0 && this.#expiredTokens-- > 0);
  }

  /** Idempotent. @throws ServiceError `DoesNotExistException` for an id that never was, `ThrottlingException`. */
  terminate(sessionId: string): { readonly SessionId: string } {
    this.#gate.admit('terminate');
    this.#find(sessionId).end('', 'terminated');
    return { SessionId: sessionId };
  }

  /** Refuses API calls of one kind with `ThrottlingException` from now on. */
  throttle(call: SessionCall, how: Throttle): void {
    this.#gate.throttle(call, how);
  }

  /** When API calls of one kind were made, refused ones included: by `performance.now()`. */
  callTimes(call: SessionCall): readonly number[] {
    return this.#gate.times(call);
  }

  /** The next tokens that ResumeSession gives are too old when they arrive. */
  expireTokens(count: number): void {
    this.#expiredTokens = count;
  }

  /** What befalls all present and future sessions by the clock. */
  setLimits(limits: SessionLimits): void {
    this.#limits = limits;
    for (const session of this.#selected(undefined)) session.setLimits(limits);
  }

  /** Sessions that are not over, oldest first. */
  activeSessions(): SessionRecord[] {
    return [...this.#sessions.values()].filter(({ over }) => !over).map(({ record }) => record);
  }

  /** Sessions that are over, oldest first; the last thousand. */
  history(): SessionRecord[] {
    return [...this.#sessions.values()].filter(({ over }) => over).map(({ record }) => record);
  }

  /** Connections that agents hold open to targets. */
  openTargets(): number {
    return [...this.#sessions.values()].reduce((sum, { openTargets }) => sum + openTargets, 0);
  }

  /** Takes an HTTP upgrade. True: it was a data channel's, and the socket is taken over (or answered 404). */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const id = PATH.exec(request.url ?? '')?.[1];
    if (id === undefined) return false;
    const session = this.#sessions.get(id);
    if (!session || session.over || this.#closed) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return true;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#webSockets.handleUpgrade(request, socket, head, (ws) => this.#await(session, ws, socket));
    return true;
  }

  /**
   * Cuts the clients' sockets, all of them or one session's; the sessions stay resumable.
   * @returns how many were cut.
   */
  cutSockets(how: Cut, sessionId?: string): number {
    return this.#selected(sessionId).filter((session) => session.cut(how)).length;
  }

  /** Kills the instance's session workers: nothing is answered any more, nobody is told. */
  killAgent(instanceId: string): void {
    for (const session of this.#sessions.values()) {
      if (session.target === instanceId && !session.over) session.killAgent();
    }
  }

  /**
   * The instance's agent restarts: its session workers die without a word, and with them their connections to targets.
   * The service notices later; new sessions are refused until the agent is back.
   */
  restartAgent(instanceId: string, { backMs, noticeMs }: AgentRestart): void {
    const orphans = this.#selected(undefined).filter(({ target }) => target === instanceId);
    this.killAgent(instanceId);
    clearTimeout(this.#restarting.get(instanceId));
    this.#restarting.set(instanceId, setTimeout(() => this.#restarting.delete(instanceId), backMs));
    const notice = setTimeout(() => {
      this.#notices.delete(notice);
      for (const session of orphans) session.end('', 'agent restarted');
    }, noticeMs);
    this.#notices.add(notice);
  }

  /** Someone terminates the session in the console: the client is told so. */
  terminateInConsole(sessionId: string): void {
    this.endSession(sessionId, TERMINATED_OUTPUT);
  }

  /** Ends a session from the service's side: the client gets `channel_closed` with the reason as its Output. */
  endSession(sessionId: string, reason: string): void {
    this.#find(sessionId).end(reason);
  }

  /** Sends `pause_publication` or `start_publication` to the clients. */
  sendPublication(messageType: 'pause_publication' | 'start_publication', sessionId?: string): void {
    for (const session of this.#selected(sessionId)) session.sendPublication(messageType);
  }

  /** Injects faults into the frames of all present and future sessions, until called with undefined. */
  setFrameFaults(faults: FrameFaults | undefined): void {
    this.#frameFaults = faults;
    for (const session of this.#selected(undefined)) session.setFrameFaults(faults);
  }

  /** Ends every session; resolves when no socket and no timer is left. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of [...this.#restarting.values(), ...this.#notices]) clearTimeout(timer);
    const closing = [...this.#sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closing);
    this.#webSockets.close();
  }

  #await(session: Session, ws: WebSocket, socket: Duplex): void {
    const timer = setTimeout(() => refuse('no open message'), OPEN_TIMEOUT_MS);
    const refuse = (why: string): void => {
      clearTimeout(timer);
      client.close(1008, why);
    };
    const client: ClientSocket = new ClientSocket(ws, socket, {
      text: (message) => {
        clearTimeout(timer);
        const open = message.length <= OPEN_MESSAGE_BYTES ? parseOpenMessage(message) : undefined;
        if (!open) refuse('malformed open message');
        else if (!session.attach(client, open)) refuse('token refused');
      },
      frame: () => refuse('data before the open message'),
      writable: () => {},
      gone: () => clearTimeout(timer),
    });
  }

  #grant(session: Session, expired = false): SessionGrant {
    return {
      SessionId: session.id,
      TokenValue: session.issueToken(expired),
      StreamUrl: `${this.#options.baseUrl()}/v1/data-channel/${session.id}?role=publish_subscribe`,
    };
  }

  #find(sessionId: string): Session {
    const session = this.#sessions.get(sessionId);
    if (!session) throw new ServiceError('DoesNotExistException', `Session ${sessionId} does not exist.`);
    return session;
  }

  #selected(sessionId: string | undefined): Session[] {
    if (sessionId !== undefined) return [this.#find(sessionId)];
    return [...this.#sessions.values()].filter(({ over }) => !over);
  }

  #trim(): void {
    const over = [...this.#sessions.values()].filter((session) => session.over);
    for (const { id } of over.slice(0, Math.max(0, over.length - HISTORY))) this.#sessions.delete(id);
  }
}
