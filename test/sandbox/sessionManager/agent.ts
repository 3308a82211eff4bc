// One session worker of the Systems Manager agent: handshake, then forwarding. It talks to the service in frames,
// as over its own WebSocket.
import type { AgentEncryption } from './agentCipher';
import { KeyExchange } from './agentCipher';
import { controlFrame, Flag, flagPayload, PayloadType } from './frames';
import type { Forwarder, ForwarderOwner, Keepalive } from './forward';
import { BasicForwarder, KEEPALIVE, MuxForwarder } from './forward';
import type { Delivery } from './reliable';
import { AgentChannel, TICK_MS } from './reliable';
import { Targets } from './targets';
import type { Resolve } from './targets';

/** The agent reads and sends at most this much at a time, bytes. */
export const AGENT_PAYLOAD_BYTES = 1024;
/** Pause after each message when the agent is paced as the real one, ms. */
const PACE_MS = 1;
/** Bytes read from targets and not yet sent, above which targets are not read. */
const OUTPUT_LIMIT = 128 * 1024;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const HANDSHAKE_TIMED_OUT =
  'Handshake timed out. Please ensure that you have the latest version of the session manager plugin.';

/** Agents after this multiplex. */
const MUX_AFTER_AGENT = '3.0.196.0';
/** Clients from this on are multiplexed to. */
const MUX_FROM_CLIENT = '1.1.70';
/** Clients from this on make agents after the other version switch smux keepalive off. */
const NO_KEEPALIVE_FROM_CLIENT = '1.2.332.0';
const NO_KEEPALIVE_AFTER_AGENT = '3.1.1511.0';
/** Agents after this know the TerminateSession flag. */
const TERMINATE_AFTER_AGENT = '2.3.722.0';

export interface AgentOptions {
  readonly instanceId: string;
  /** Dotted quadruple. */
  readonly agentVersion: string;
  readonly sessionId: string;
  /** From the session document; values are strings. */
  readonly properties: Readonly<Record<string, string>>;
  readonly resolve: Resolve;
  /** Sleep 1 ms after each message of at most 1024 bytes, as the real agent does. */
  readonly pace: boolean;
  /** Times of smux keepalive where it is on; those of the real agent unless told. */
  readonly keepalive?: Keepalive | undefined;
  /** The session document demands encryption. */
  readonly encryption?: AgentEncryption;
  readonly service: AgentService;
}

/** What the worker sees of the service. */
export interface AgentService {
  /** A frame for the client, or an `agent_session_state` for the service itself. */
  frame(raw: Buffer): void;
  /** Whether the way to the client takes more now; `Agent.writable` is called when it does again. */
  writable(): boolean;
  /** The worker has ended; `output` says why, empty when it was asked to. */
  ended(output: string): void;
  /** A blocked reader goes on: its backlog has been worked off. */
  backlogChanged(): void;
}

type Handshake =
  | { readonly phase: 'requested'; readonly timer: NodeJS.Timeout }
  | { readonly phase: 'responded'; readonly timer: NodeJS.Timeout; readonly clientVersion: string }
  /** Encrypted sessions: the client has to show that it holds the key. */
  | { readonly phase: 'challenged'; readonly timer: NodeJS.Timeout; readonly clientVersion: string }
  | { readonly phase: 'complete' };

type Responded = Pick<Extract<Handshake, { readonly clientVersion: string }>, 'timer' | 'clientVersion'>;

export class Agent {
  readonly #options: AgentOptions;
  readonly #channel: AgentChannel;
  readonly #targets: Targets;
  readonly #output: OutputQueue;
  readonly #startedAt = performance.now();
  readonly #keyExchange: KeyExchange | undefined;
  #handshake: Handshake;
  #forwarder: Forwarder | undefined;
  #resendTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { instanceId: targetId, sessionId, encryption } = options;
    this.#keyExchange = encryption && new KeyExchange(encryption, { sessionId, targetId });
    const { host = 'localhost', portNumber = '' } = options.properties;
    const port = Number(portNumber);
    this.#targets = new Targets({ host, port, resolve: () => options.resolve(host, port, options.instanceId) });
    this.#channel = new AgentChannel({
      now: () => performance.now(),
      emit: (raw) => this.#emit(raw),
      deliver: (payloadType, payload) => this.#deliver(payloadType, payload),
      closed: () => this.#end(''),
      sendable: () => this.#output.schedule(),
    });
    this.#output = new OutputQueue({
      pace: options.pace,
      ready: () => !this.#closed && this.#channel.canSend && options.service.writable(),
      send: (payload) => this.#send(PayloadType.output, this.#keyExchange?.cipher?.seal(payload) ?? payload),
      drained: () => this.#forwarder?.drained(),
    });
    this.#handshake = {
      phase: 'requested',
      timer: setTimeout(() => this.#end(HANDSHAKE_TIMED_OUT), HANDSHAKE_TIMEOUT_MS),
    };
  }

  /** Announces the session to the service and sends the handshake request. */
  start(): void {
    this.#state('Connected');
    const { agentVersion, properties } = this.#options;
    const request = {
      AgentVersion: agentVersion,
      RequestedClientActions: [
        { ActionType: 'SessionType', ActionParameters: { SessionType: 'Port', Properties: properties } },
        ...(this.#keyExchange ? [this.#keyExchange.action] : []),
      ],
    };
    this.#send(PayloadType.handshakeRequest, Buffer.from(JSON.stringify(request)));
  }

  /** A frame of the client or the service. */
  receive(raw: Buffer): void {
    if (this.#closed) return;
    this.#channel.receive(raw);
    // After the acknowledgement: in the agent another goroutine completes the handshake.
    if (this.#handshake.phase !== 'responded') return;
    if (this.#keyExchange) this.#challenge(this.#handshake, this.#keyExchange);
    else this.#completeHandshake(this.#handshake);
  }

  /** The way to the client takes more again. */
  writable(): void {
    this.#output.schedule();
  }

  /** Frames that the client has not acknowledged, oldest first. */
  unacknowledged(): Buffer[] {
    return this.#channel.unacknowledged();
  }

  /** Bytes that wait for the reader, which stands still while a target does not read. */
  get backlogBytes(): number {
    return this.#channel.backlogBytes;
  }

  /** Connections to targets that are open. */
  get openTargets(): number {
    return this.#targets.open;
  }

  get mode(): 'mux' | 'basic' | undefined {
    if (!this.#forwarder) return undefined;
    return this.#forwarder instanceof MuxForwarder ? 'mux' : 'basic';
  }

  /** Stops at once and in silence, as a killed process: targets are closed, nothing is sent any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#handshake.phase !== 'complete') clearTimeout(this.#handshake.timer);
    clearInterval(this.#resendTimer);
    this.#output.close();
    this.#forwarder?.close();
    this.#targets.close();
  }

  /** Resolves when no connection to a target is left. */
  drained(): Promise<void> {
    return this.#targets.drained();
  }

  #end(output: string): void {
    if (this.#closed) return;
    this.#state('Terminating');
    this.close();
    this.#options.service.ended(output);
  }

  #state(state: string): void {
    const content = { SchemaVersion: 1, SessionState: state, SessionId: this.#options.sessionId };
    this.#options.service.frame(controlFrame('agent_session_state', content));
  }

  #emit(raw: Buffer): void {
    if (!this.#closed) this.#options.service.frame(raw);
  }

  #send(payloadType: number, payload: Buffer): void {
    if (this.#closed) return;
    this.#channel.send(payloadType, payload);
    this.#resendTimer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    if (this.#channel.outstanding === 0) {
      clearInterval(this.#resendTimer);
      this.#resendTimer = undefined;
    } else {
      this.#channel.tick();
    }
  }

  #deliver(payloadType: number, payload: Buffer): Delivery {
    if (payloadType === PayloadType.handshakeResponse) return this.#respond(payload);
    if (payloadType === PayloadType.challengeResponse) return this.#judge(payload);
    // Data before the handshake is complete is acknowledged and thrown away.
    if (this.#handshake.phase !== 'complete' || !this.#forwarder) return 'taken';
    if (!this.#forwarder.ready) return 'notReady';
    if (payloadType === PayloadType.flag && payload.length >= 4 && payload.readUInt32BE(0) === Flag.terminateSession) {
      if (compareVersions(this.#options.agentVersion, TERMINATE_AFTER_AGENT) <= 0) return 'taken';
      this.#end('');
      return 'ended';
    }
    const plain = this.#plain(payloadType, payload);
    // What cannot be decrypted is not acknowledged.
    if (!plain) return 'notReady';
    const delivery = this.#forwarder.deliver(payloadType, plain);
    return this.#closed ? 'ended' : delivery;
  }

  #plain(payloadType: number, payload: Buffer): Buffer | undefined {
    const cipher = this.#keyExchange?.cipher;
    return cipher && payloadType === PayloadType.output ? cipher.open(payload) : payload;
  }

  #respond(payload: Buffer): Delivery {
    // Nobody takes a second response from the agent's reader: it waits for ever.
    if (this.#handshake.phase !== 'requested') return 'blocked';
    const response = parseResponse(payload);
    if (!response) return 'notReady';
    const failed = response.actions.find(({ status }) => status !== 1);
    if (failed) {
      this.#end(`${failed.type} failed on client with status ${failed.status} error: ${failed.error}`);
      return 'ended';
    }
    try {
      this.#keyExchange?.takeKey(response.actions.find(({ type }) => type === 'KMSEncryption')?.result ?? {});
    } catch (error) {
      this.#end(`Fetching data key failed: ${error instanceof Error ? error.message : ''}`);
      return 'ended';
    }
    this.#handshake = { phase: 'responded', timer: this.#handshake.timer, clientVersion: response.clientVersion };
    return 'taken';
  }

  #challenge({ timer, clientVersion }: Responded, exchange: KeyExchange): void {
    this.#handshake = { phase: 'challenged', timer, clientVersion };
    this.#send(PayloadType.challengeRequest, exchange.challenge());
  }

  #judge(payload: Buffer): Delivery {
    if (this.#handshake.phase !== 'challenged') return 'taken';
    if (!this.#keyExchange?.isProof(payload)) {
      this.#end('Encryption challenge failed: the client holds another key.');
      return 'ended';
    }
    this.#completeHandshake(this.#handshake);
    return 'taken';
  }

  #completeHandshake({ timer, clientVersion }: Responded): void {
    clearTimeout(timer);
    this.#handshake = { phase: 'complete' };
    const nanoseconds = Math.round((performance.now() - this.#startedAt) * 1e6);
    // What the real agent says (amazon-ssm-agent, datachannel: handshake completion).
    const message = this.#keyExchange ? 'This session is encrypted using AWS KMS.' : '';
    const complete = { HandshakeTimeToComplete: nanoseconds, CustomerMessage: message };
    this.#send(PayloadType.handshakeComplete, Buffer.from(JSON.stringify(complete)));
    this.#forwarder = this.#makeForwarder(clientVersion);
  }

  #makeForwarder(clientVersion: string): Forwarder {
    const owner: ForwarderOwner = {
      targets: this.#targets,
      output: (bytes) => this.#output.push(bytes),
      discardOutput: () => this.#output.discard(),
      flag: (value) => this.#send(PayloadType.flag, flagPayload(value)),
      unblock: () => {
        if (this.#closed) return;
        this.#channel.unblock();
        this.#options.service.backlogChanged();
      },
      ended: (output) => this.#end(output),
    };
    const mux =
      this.#options.properties['type'] === 'LocalPortForwarding' &&
      compareVersions(this.#options.agentVersion, MUX_AFTER_AGENT) > 0 &&
      compareVersions(clientVersion, MUX_FROM_CLIENT) >= 0;
    if (!mux) return new BasicForwarder(owner);
    const keepsAlive =
      compareVersions(clientVersion, NO_KEEPALIVE_FROM_CLIENT) < 0 ||
      compareVersions(this.#options.agentVersion, NO_KEEPALIVE_AFTER_AGENT) <= 0;
    return new MuxForwarder(owner, keepsAlive ? (this.#options.keepalive ?? KEEPALIVE) : undefined);
  }
}

interface OutputQueueOwner {
  readonly pace: boolean;
  ready(): boolean;
  send(payload: Buffer): void;
  drained(): void;
}

/** Bytes on their way to the client, sent in pieces of at most AGENT_PAYLOAD_BYTES. */
class OutputQueue {
  readonly #owner: OutputQueueOwner;
  #chunks: Buffer[] = [];
  #size = 0;
  #scheduled = false;
  #pause: NodeJS.Timeout | undefined;
  #overLimit = false;

  constructor(owner: OutputQueueOwner) {
    this.#owner = owner;
  }

  /** False: over the limit; `drained` follows. */
  push(bytes: Buffer): boolean {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.schedule();
    if (this.#size > OUTPUT_LIMIT) this.#overLimit = true;
    return !this.#overLimit;
  }

  discard(): void {
    this.#chunks = [];
    this.#size = 0;
    this.#relieve();
  }

  /** Sends at the end of this turn, so that what is written together leaves together. */
  schedule(): void {
    if (this.#scheduled || this.#pause) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  close(): void {
    clearTimeout(this.#pause);
    this.#chunks = [];
    this.#size = 0;
  }

  #flush(): void {
    if (this.#pause) return;
    while (this.#size > 0 && this.#owner.ready()) {
      this.#owner.send(this.#take());
      if (!this.#owner.pace) continue;
      this.#pause = setTimeout(() => {
        this.#pause = undefined;
        this.#flush();
      }, PACE_MS);
      break;
    }
    this.#relieve();
  }

  #relieve(): void {
    if (!this.#overLimit || this.#size > OUTPUT_LIMIT / 2) return;
    this.#overLimit = false;
    this.#owner.drained();
  }

  #take(): Buffer {
    const size = Math.min(this.#size, AGENT_PAYLOAD_BYTES);
    this.#size -= size;
    const parts: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const first = this.#chunks[0]!;
      if (first.length > left) {
        parts.push(first.subarray(0, left));
        this.#chunks[0] = first.subarray(left);
        break;
      }
      parts.push(first);
      left -= first.length;
      this.#chunks.shift();
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
  }
}

interface Response {
  readonly clientVersion: string;
  readonly actions: readonly {
    readonly type: string;
    readonly status: number;
    readonly error: string;
    readonly result: Readonly<Record<string, unknown>>;
  }[];
}

function parseResponse(payload: Buffer): Response | undefined {
  try {
    const value = JSON.parse(payload.toString()) as Record<string, unknown>;
    const actions = Array.isArray(value['ProcessedClientActions']) ? value['ProcessedClientActions'] : [];
    return {
      clientVersion: typeof value['ClientVersion'] === 'string' ? value['ClientVersion'] : '',
      actions: actions.map((action: Record<string, unknown>) => ({
        type: String(action['ActionType']),
        status: Number(action['ActionStatus']),
        error: typeof action['Error'] === 'string' ? action['Error'] : '',
        result: (action['ActionResult'] ?? {}) as Record<string, unknown>,
      })),
    };
  } catch {
    return undefined;
  }
}

/** Numeric comparison of dotted versions; missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] || 0) - (right[index] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
