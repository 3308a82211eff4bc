// One session at the service: its tokens, the client's socket (replaced on resume) and the agent's worker.
import { randomBytes } from 'node:crypto';
import { Agent } from './agent';
import type { AgentEncryption } from './agentCipher';
import type { ClientSocket, ClientSocketOwner, Cut } from './clientSocket';
import type { Keepalive } from './forward';
import type { FrameFaultRates, FrameFaults } from './frameFaults';
import { FaultyPath, seededRandom } from './frameFaults';
import { controlFrame, HEAD_BYTES, type MessageType } from './frames';
import type { SessionLimits } from './limits';
import { LimitTimers } from './limits';
import type { OpenMessage } from './openMessage';
import type { Resolve } from './targets';

export type SessionStatus = 'Connecting' | 'Connected' | 'Disconnected' | 'Terminated';

/** A session as plain data. */
export interface SessionRecord {
  readonly sessionId: string;
  readonly target: string;
  readonly documentName: string;
  readonly reason: string | undefined;
  readonly region: string;
  readonly accountId: string;
  readonly status: SessionStatus;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Why it is over; undefined while it is not. */
  readonly ending: string | undefined;
  readonly clientVersion: string | undefined;
  readonly mode: 'mux' | 'basic' | undefined;
  /** Sockets that the client has opened for it so far. */
  readonly connects: number;
}

export interface SessionOptions {
  readonly sessionId: string;
  readonly target: string;
  readonly documentName: string;
  readonly reason: string | undefined;
  readonly region: string;
  readonly accountId: string;
  readonly agentVersion: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly resolve: Resolve;
  readonly pace: boolean;
  readonly keepalive: Keepalive | undefined;
  readonly encryption: AgentEncryption | undefined;
  /** How long a session without a socket stays resumable, ms. */
  readonly resumableMs: number;
  /** How long a token can be used, ms. */
  readonly tokenLifeMs: number;
  /** On resume, send again at once what the client has not acknowledged instead of leaving it to the agent's slow resends. */
  readonly replayOnResume: boolean;
  readonly ended: () => void;
}

/** Bytes that may wait for a blocked agent before the client's socket is not read any more. */
const BACKLOG_LIMIT = 16 * 1024 * 1024;

export class Session {
  readonly #options: SessionOptions;
  readonly #startedAt = Date.now();
  #status: SessionStatus = 'Connecting';
  #endedAt: number | undefined;
  #ending: string | undefined;
  #token: { readonly value: string; readonly issuedAt: number } | undefined;
  #client: { readonly id: string; readonly version: string } | undefined;
  #connects = 0;
  #socket: ClientSocket | undefined;
  #agent: Agent | undefined;
  #agentKilled = false;
  #expiry: NodeJS.Timeout | undefined;
  readonly #limits = new LimitTimers({ cut: (how) => void this.cut(how), end: (output) => this.end(output) });
  #toAgent: FaultyPath | undefined;
  #toClient: FaultyPath | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#expectClient();
  }

  get id(): string {
    return this.#options.sessionId;
  }

  get target(): string {
    return this.#options.target;
  }

  get over(): boolean {
    return this.#status === 'Terminated';
  }

  get record(): SessionRecord {
    const { sessionId, target, documentName, reason, region, accountId } = this.#options;
    return {
      sessionId,
      target,
      documentName,
      reason,
      region,
      accountId,
      status: this.#status,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      ending: this.#ending,
      clientVersion: this.#client?.version,
      mode: this.#agent?.mode,
      connects: this.#connects,
    };
  }

  /** Connections that the agent holds open to targets for this session. */
  get openTargets(): number {
    return this.#agent?.openTargets ?? 0;
  }

  /** A new token; the ones before it are worth nothing any more. An `expired` one has been on its way for too long. */
  issueToken(expired = false): string {
    const value = `AAEAA${randomBytes(96).toString('base64')}`;
    this.#token = { value, issuedAt: expired ? -Infinity : performance.now() };
    return value;
  }

  /** Takes a socket whose open message is well-formed. False: wrong or used token, or another client than at first. */
  attach(socket: ClientSocket, open: OpenMessage): boolean {
    const token = this.#token;
    if (this.over || !token || token.value !== open.tokenValue) return false;
    if (performance.now() - token.issuedAt > this.#options.tokenLifeMs) return false;
    if (this.#client && this.#client.id !== open.clientId) return false;
    this.#token = undefined;
    this.#client ??= { id: open.clientId, version: open.clientVersion };
    this.#connects++;
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    const previous = this.#socket;
    this.#socket = socket;
    previous?.destroy();
    socket.owner = this.#socketOwner(socket);
    this.#status = 'Connected';
    this.#limits.attached();
    this.#connectAgent();
    return true;
  }

  /** @param output goes to the client in `channel_closed`. */
  end(output: string, ending = output): void {
    if (this.over) return;
    this.#status = 'Terminated';
    this.#endedAt = Date.now();
    this.#ending = ending;
    this.#token = undefined;
    clearTimeout(this.#expiry);
    this.#limits.close();
    this.#agent?.close();
    this.#toAgent?.close();
    this.#toClient?.close();
    if (this.#socket) {
      this.#socket.send(this.#channelClosed(output));
      this.#socket.close(1000, '');
    }
    this.#options.ended();
  }

  /** Sends a `pause_publication` or `start_publication` to the client. */
  sendPublication(messageType: 'pause_publication' | 'start_publication'): void {
    this.#socket?.send(controlFrame(messageType, {}));
  }

  cut(how: Cut): boolean {
    if (!this.#socket || this.#socket.isGone) return false;
    this.#socket.cut(how);
    return true;
  }

  /** The worker dies without a word; the service does not notice. */
  killAgent(): void {
    this.#agentKilled = true;
    this.#agent?.close();
  }

  setLimits(limits: SessionLimits): void {
    this.#limits.apply(limits);
  }

  setFrameFaults(faults: FrameFaults | undefined): void {
    this.#toAgent?.close();
    this.#toClient?.close();
    const random = seededRandom(faults?.seed ?? 0);
    const path = (rates: FrameFaultRates | undefined, deliver: (frame: Buffer) => void): FaultyPath | undefined =>
      rates && new FaultyPath({ rates, random, headBytes: HEAD_BYTES, deliver });
    this.#toAgent = path(faults?.toAgent, (frame) => this.#agent?.receive(frame));
    this.#toClient = path(faults?.toClient, (frame) => this.#socket?.send(frame));
  }

  /** Ends without telling anyone and resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.end('', 'service closed');
    this.#socket?.destroy();
    await this.#agent?.drained();
  }

  #socketOwner(socket: ClientSocket): ClientSocketOwner {
    const current = (): boolean => this.#socket === socket;
    return {
      text: () => socket.close(1003, 'only binary messages after the first'),
      frame: (raw) => {
        if (current()) this.#fromClient(raw);
      },
      writable: () => {
        if (current()) this.#agent?.writable();
      },
      gone: () => {
        if (current()) this.#detach();
      },
    };
  }

  #connectAgent(): void {
    if (this.#agentKilled) return;
    if (this.#agent) {
      if (this.#options.replayOnResume) for (const frame of this.#agent.unacknowledged()) this.#toClientSide(frame);
      this.#agent.receive(controlFrame('start_publication', {}));
      this.#agent.writable();
    } else {
      this.#agent = this.#newAgent();
      this.#agent.start();
    }
  }

  #newAgent(): Agent {
    const { target, agentVersion, sessionId, properties, resolve, pace, keepalive, encryption } = this.#options;
    return new Agent({
      instanceId: target,
      agentVersion,
      sessionId,
      properties,
      resolve,
      pace,
      keepalive,
      ...(encryption && { encryption }),
      service: {
        frame: (raw) => this.#fromAgent(raw),
        writable: () => this.#socket?.writable ?? false,
        ended: (output) => this.end(output, output || 'terminated by the client'),
        backlogChanged: () => this.#balance(),
      },
    });
  }

  #fromClient(raw: Buffer): void {
    if (this.over) return;
    if (isStreamData(raw)) this.#limits.active();
    if (this.#toAgent) this.#toAgent.pass(raw);
    else this.#agent?.receive(raw);
    this.#balance();
  }

  #fromAgent(raw: Buffer): void {
    // Between agent and service only.
    if (isSessionState(raw)) return;
    this.#toClientSide(raw);
  }

  #toClientSide(raw: Buffer): void {
    if (this.#toClient) this.#toClient.pass(raw);
    else this.#socket?.send(raw);
  }

  #balance(): void {
    const backlog = this.#agent?.backlogBytes ?? 0;
    if (backlog > BACKLOG_LIMIT) this.#socket?.hold(true);
    else if (backlog < BACKLOG_LIMIT / 2) this.#socket?.hold(false);
  }

  #detach(): void {
    this.#socket = undefined;
    this.#limits.detached();
    if (this.over) return;
    this.#status = 'Disconnected';
    this.#agent?.receive(controlFrame('pause_publication', {}));
    this.#expectClient();
  }

  #expectClient(): void {
    this.#expiry = setTimeout(() => this.end('', 'not resumed in time'), this.#options.resumableMs);
  }

  #channelClosed(output: string): Buffer {
    const messageType: MessageType = 'channel_closed';
    return controlFrame(messageType, {
      MessageId: crypto.randomUUID(),
      CreatedDate: new Date().toISOString(),
      DestinationId: this.#options.target,
      SessionId: this.id,
      MessageType: messageType,
      SchemaVersion: 1,
      Output: output,
    });
  }
}

/** `input_stream_data`: no other message of a client begins with "i". */
function isStreamData(raw: Buffer): boolean {
  return raw[4] === 0x69;
}

/** Told by its second letter, without decoding every frame: no other message type begins with "ag". */
function isSessionState(raw: Buffer): boolean {
  return raw[4] === 0x61 && raw[5] === 0x67;
}
