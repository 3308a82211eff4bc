import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import { cancelled, type Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { type ChannelPort, ChannelStream, PACKET_BYTES } from './channelStream';
import { farSideTimeout, openFailed, protocolError } from './faults';
import { FIRST_WINDOW, WindowBudget, windowFor } from './receiveWindow';
import type { ChannelConfirmation, ChannelHandlers, PacketLayer } from './ssh2Internals';

/** How long the bastion may take to connect to the far side, ms; Linux itself gives up after about 127 s. */
export const OPEN_TIMEOUT_MS = 60_000;
/** Bytes that may wait in our socket; beyond that writers wait. */
const SOCKET_BYTES = 512 * 1024;
/** Bytes that one stream may send before the next one has its turn. */
const TURN_BYTES = 128 * 1024;
const MAX_CHANNEL_ID = 2 ** 32 - 1;
/** Smaller packets than this nobody sends; RFC 4254 sets no minimum, and a zero would never move a byte. */
const MIN_PACKET_BYTES = 64;

interface Opening {
  readonly to: Endpoint;
  /** Absent when nobody waits any more. */
  readonly startedAt?: number;
  settle(outcome: ChannelStream | Fault): void;
}

export interface ChannelsDeps {
  readonly layer: PacketLayer;
  /** What the layer writes to. */
  readonly socket: Duplex;
  readonly clock: Clock;
  /** The far side broke the protocol: the connection is to end with this. */
  readonly onBroken: (fault: Fault) => void;
}

/** The forwarded connections of one SSH connection: numbers them, shares the socket among them fairly, measures. */
export class Channels implements ChannelPort {
  readonly #layer: PacketLayer;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #onBroken: (fault: Fault) => void;
  readonly #openings = new Map<number, Opening>();
  readonly #streams = new Map<number, ChannelStream>();
  /** Those that have something to send, in the order of their turns. */
  readonly #waiting = new Set<ChannelStream>();
  readonly #budget = new WindowBudget();
  #nextId = 0;
  #moved = 0;
  #roundTripMs: number | undefined;
  #sending = false;
  #corked = false;
  #ended: Fault | undefined;

  constructor({ layer, socket, clock, onBroken }: ChannelsDeps) {
    this.#layer = layer;
    this.#socket = socket;
    this.#clock = clock;
    this.#onBroken = onBroken;
    socket.on('drain', () => this.resume());
  }

  /** Payload bytes so far, both directions. */
  get moved(): number {
    return this.#moved;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#streams.size;
  }

  windowSize(stream: ChannelStream, outstanding: number): number {
    return this.#budget.sizeFor(stream, windowFor(this.#roundTripMs ?? 0), outstanding);
  }

  /** @throws Fault `ssh.forwardProhibited`, `ssh.farSide…`, the connection's own, `operation.cancelled` */
  open(to: Endpoint, signal: AbortSignal): Promise<ChannelStream> {
    if (signal.aborted) return Promise.reject(cancelled());
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#freeId();
    return new Promise((resolve, reject) => {
      const waiting: { timer?: Disposable } = {};
      const settle = (outcome: ChannelStream | Fault): void => {
        waiting.timer?.dispose();
        signal.removeEventListener('abort', onAbort);
        if (outcome instanceof ChannelStream) resolve(outcome);
        else reject(outcome);
      };
      // The far side answers all the same: what it opens then is closed at once.
      const giveUp = (fault: Fault): void => {
        this.#openings.set(id, { to, settle: (late) => void (late instanceof ChannelStream && late.destroy()) });
        settle(fault);
      };
      const onAbort = (): void => giveUp(cancelled());
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.timer = this.#clock.schedule(OPEN_TIMEOUT_MS, () => giveUp(farSideTimeout(to)));
      this.#openings.set(id, { to, startedAt: this.#clock.now(), settle });
      this.#cork();
      this.#layer.directTcpip(id, FIRST_WINDOW, PACKET_BYTES, { srcIP: '127.0.0.1', srcPort: 0, dstIP: to.host, dstPort: to.port });
    });
  }

  /** The socket or the packet layer can take more. */
  resume(): void {
    if (this.#sending || this.#waiting.size === 0) return;
    this.#sending = true;
    // A stream that is added again while the set is walked has its next turn after all others.
    for (const stream of this.#waiting) {
      if (this.#full) break;
      this.#waiting.delete(stream);
      this.#cork();
      if (stream.transmit(TURN_BYTES)) this.#waiting.add(stream);
    }
    this.#sending = false;
  }

  /** Ends everything: streams are destroyed with the Fault. */
  fail(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = fault;
    this.#waiting.clear();
    const openings = [...this.#openings.values()];
    this.#openings.clear();
    for (const opening of openings) opening.settle(fault);
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.destroy(fault);
  }

  ready(stream: ChannelStream): void {
    this.#waiting.add(stream);
    this.resume();
  }

  sendData(remoteId: number, bytes: Buffer): void {
    this.#moved += bytes.length;
    this.#layer.channelData(remoteId, bytes);
  }

  sendCredit(remoteId: number, bytes: number): void {
    if (this.#ended) return;
    this.#cork();
    this.#layer.channelWindowAdjust(remoteId, bytes);
  }

  sendEnd(remoteId: number): void {
    if (this.#ended) return;
    this.#cork();
    this.#layer.channelEOF(remoteId);
  }

  sendClose(remoteId: number): void {
    if (this.#ended) return;
    this.#cork();
    this.#layer.channelClose(remoteId);
  }

  readonly handlers: ChannelHandlers = {
    CHANNEL_OPEN_CONFIRMATION: (_layer, info) => this.#confirmed(info),
    CHANNEL_OPEN_FAILURE: (_layer, id, reason, description) => {
      const opening = this.#openings.get(id);
      this.#openings.delete(id);
      if (opening) opening.settle(openFailed(opening.to, reason, description));
    },
    CHANNEL_WINDOW_ADJUST: (_layer, id, bytes) => {
      if (this.#streams.get(id)?.widen(bytes) === false) this.#onBroken(protocolError('its window is too large'));
    },
    CHANNEL_DATA: (_layer, id, bytes) => {
      this.#moved += bytes.length;
      if (this.#streams.get(id)?.receive(bytes) === false) this.#onBroken(protocolError('it sent more than the window allows'));
    },
    // A forwarded connection has no second stream.
    CHANNEL_EXTENDED_DATA: () => this.#onBroken(protocolError('it sent data of an unknown kind')),
    CHANNEL_EOF: (_layer, id) => this.#streams.get(id)?.receiveEnd(),
    CHANNEL_CLOSE: (_layer, id) => this.#closed(id),
  };

  #confirmed({ recipient, sender, window, packetSize }: ChannelConfirmation): void {
    const opening = this.#openings.get(recipient);
    if (!opening) return;
    this.#openings.delete(recipient);
    if (packetSize < MIN_PACKET_BYTES) {
      opening.settle(protocolError('its packets are too small'));
      this.#onBroken(protocolError('its packets are too small'));
      return;
    }
    if (opening.startedAt !== undefined) {
      const elapsed = this.#clock.now() - opening.startedAt;
      // The shortest that was seen is nearest to the network's own: opening includes the far side's connection.
      this.#roundTripMs = Math.min(this.#roundTripMs ?? elapsed, elapsed);
    }
    const stream = new ChannelStream(this, { id: sender, window, packetSize });
    this.#streams.set(recipient, stream);
    // Not before: until then what came for it may be unread.
    stream.once('close', () => this.#budget.drop(stream));
    opening.settle(stream);
  }

  #closed(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#streams.delete(id);
    this.#waiting.delete(stream);
    stream.receiveClose();
  }

  get #full(): boolean {
    return this.#layer._kexinit !== undefined || this.#socket.writableLength >= SOCKET_BYTES || this.#ended !== undefined;
  }

  /** What one event causes to be written goes out in one system call; later would leave the other side idle meanwhile. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #freeId(): number {
    while (this.#streams.has(this.#nextId) || this.#openings.has(this.#nextId)) this.#nextId = (this.#nextId + 1) % MAX_CHANNEL_ID;
    const id = this.#nextId;
    this.#nextId = (id + 1) % MAX_CHANNEL_ID;
    return id;
  }
}
