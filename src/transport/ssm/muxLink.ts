import type { Clock } from '../../base/clock';
import type { Fault } from '../../base/fault';
import { cancelled } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import type { SmuxSink } from '../../wire/smux/smux';
import { SmuxClient } from '../../wire/smux/smux';
import { caughtInStall, connectFailed, linkClosed, wrongDestination } from './faults';
import type { Traffic } from './loadMeter';
import { ReadingHold } from './readingHold';
import type { SessionLink } from './sessionLink';
import { INTERRUPTED_MS } from './sessionLink';
import type { Carrier, Pulse } from './sessionPump';
import type { SsmSession } from './ssmSession';
import { TunnelStream } from './tunnelStream';

/** How long reading goes on for a stream that has written, or begun: an answer is expected, ms. */
const ANSWER_MS = 2000;
/** The same after something has come for it: more may follow, ms. */
const FOLLOW_MS = 200;
/** How long the agent may owe an acknowledgement before new streams had better go elsewhere, ms. */
const STALLED_MS = 5000;
/** The same before streams that only share the session are given up, so that their clients can begin anew, ms. */
const GIVE_UP_MS = 30_000;
/**
 * What a stream has sent of late is halved each time the session has sent so much. Its order is that of the bytes that an
 * agent takes, though a target reads none of them (about 8.8 MB).
 */
const RECENT_BYTES = 16 * 1024 * 1024;
/** The agent's receive buffer, which belongs to the whole session (smux version 1, default configuration). */
const AGENT_BUFFER_BYTES = 4 * 1024 * 1024;
/** Acknowledged messages that may wait in the agent before its smux reader, whose pipe holds some 200 kB. */
const PIPE_MESSAGES = 256;

interface OpenStream {
  readonly stream: TunnelStream;
  readonly openedAt: number;
  /** Until when something is expected for it, ms. */
  expectsUntil: number;
  /** Nothing has come for it since it last wrote. */
  unanswered: boolean;
  /** Number of the message with its last bytes; -1: none. */
  lastSequence: number;
  /** Bytes that it wrote of late. */
  wroteBytes: number;
}

/** A session whose agent multiplexes: any number of streams at once. */
export class MuxLink implements SessionLink, Carrier {
  readonly exclusive = false;
  readonly traffic: Traffic = { messages: 0, received: 0, sent: 0 };
  onTurn: () => void = () => {};
  readonly #session: SsmSession;
  readonly #to: Endpoint;
  readonly #clock: Clock;
  readonly #mux: SmuxClient;
  readonly #streams = new Map<number, OpenStream>();
  /** Streams to which something arrived in this turn. */
  readonly #touched = new Set<TunnelStream>();
  /** Streams that were behind when something last arrived for them. */
  readonly #behind = new Set<TunnelStream>();
  /** Bytes that came for them. */
  #arrivedBehind = 0;
  readonly #hold: ReadingHold;
  /** Bytes that all streams wrote since `wroteBytes` was last halved. */
  #wroteBytes = 0;
  /** Failed connections whose streams the agent has yet to end. */
  #connectErrors = 0;

  constructor(session: SsmSession, to: Endpoint, clock: Clock) {
    this.#session = session;
    this.#to = to;
    this.#clock = clock;
    this.#hold = new ReadingHold(clock, () => session.wake());
    const sink: SmuxSink = {
      data: (id, chunk) => this.#onData(id, chunk),
      finished: (id) => this.#onFinished(id),
      drained: (id) => this.#onDrained(id),
    };
    this.#mux = new SmuxClient(sink);
  }

  get closed(): Promise<Fault | undefined> {
    return this.#session.closed;
  }

  get id(): string {
    return this.#session.id;
  }

  get fault(): Fault | undefined {
    return this.#session.fault;
  }

  get pulse(): Pulse {
    return this.#mux;
  }

  get stalled(): boolean {
    return this.#someBehind() || this.#session.unansweredMs >= STALLED_MS || this.#session.interruptedMs >= INTERRUPTED_MS;
  }

  #someBehind(): boolean {
    for (const stream of this.#behind) {
      if (stream.behind) return true;
      this.#behind.delete(stream);
    }
    return false;
  }

  async open(to: Endpoint, signal: AbortSignal): Promise<TunnelStream> {
    if (signal.aborted) throw cancelled();
    if (this.#session.fault) throw linkClosed(this.#session.fault);
    if (to.host !== this.#to.host || to.port !== this.#to.port) throw wrongDestination(to, this.#to);
    const id = this.#mux.open();
    const stream = this.#makeStream(id);
    const now = this.#clock.now();
    const entry = { stream, openedAt: now, expectsUntil: now + ANSWER_MS };
    this.#streams.set(id, { ...entry, unanswered: false, lastSequence: -1, wroteBytes: 0 });
    this.#session.wake();
    return stream;
  }

  check(): void {
    this.#session.check();
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }

  pull(max: number): Uint8Array[] | undefined {
    const chunks = this.#mux.pull(max);
    if (chunks) for (const { length } of chunks) this.traffic.sent += length;
    return chunks;
  }

  output(payload: Buffer): void {
    this.traffic.messages++;
    this.traffic.received += payload.length;
    this.#mux.feed(payload);
  }

  connectError(): void {
    this.#connectErrors++;
  }

  endTurn(): void {
    for (const stream of this.#touched) {
      stream.deliver();
      if (stream.behind) this.#behind.add(stream);
    }
    this.#touched.clear();
    this.#lookAtReading();
    this.#giveUpCaught();
    this.onTurn();
  }

  get congested(): boolean {
    return this.#hold.held;
  }

  ended(fault: Fault): void {
    for (const { stream } of [...this.#streams.values()]) stream.fail(fault);
    this.#streams.clear();
    this.#touched.clear();
    this.#behind.clear();
    this.#hold.dispose();
  }

  #makeStream(id: number): TunnelStream {
    const session = this.#session;
    const stream = new TunnelStream(
      {
        write: (chunks) => {
          let bytes = 0;
          for (const chunk of chunks) {
            this.#mux.write(id, chunk);
            bytes += chunk.length;
          }
          if (bytes > 0) this.#onWrite(id, bytes);
          else stream.written();
        },
        finish: () => {
          this.#mux.finish(id);
          session.wake();
        },
        release: () => this.#release(id),
        demand: () => {
          if (session.readingHeld) session.wake();
        },
        get held() {
          return session.readingHeld;
        },
        awaited: false,
      },
      this.#clock,
    );
    return stream;
  }

  /** Reading is held up for streams that are behind, unless another needs it; see `readingHold`. */
  #lookAtReading(): void {
    if (!this.#someBehind()) {
      this.#hold.look({ behind: false, arrived: 0, full: false, alone: false, neededUntil: -Infinity });
      return;
    }
    const now = this.#clock.now();
    let alone = true;
    let full = false;
    let neededUntil = -Infinity;
    for (const { stream, expectsUntil } of this.#streams.values()) {
      if (stream.behind) {
        full ||= stream.full;
        // It has the session to itself, but its own bytes wait for acknowledgements.
        if (stream.writing) alone = false;
      } else if (!stream.remoteEnded) {
        alone = false;
        neededUntil = Math.max(neededUntil, stream.writing ? now + FOLLOW_MS : expectsUntil);
      }
    }
    this.#hold.look({ behind: true, arrived: this.#arrivedBehind, full, alone, neededUntil });
  }

  /** Its last bytes are being pulled: they go out with the next message. */
  #onDrained(id: number): void {
    const entry = this.#streams.get(id);
    if (!entry) return;
    entry.lastSequence = this.#session.nextSequence;
    entry.stream.written();
  }

  #onWrite(id: number, bytes: number): void {
    const entry = this.#streams.get(id);
    if (entry) {
      entry.expectsUntil = this.#clock.now() + ANSWER_MS;
      entry.unanswered = true;
      entry.wroteBytes += bytes;
    }
    this.#wroteBytes += bytes;
    if (this.#wroteBytes >= RECENT_BYTES) {
      this.#wroteBytes = 0;
      for (const one of this.#streams.values()) one.wroteBytes /= 2;
    }
    this.#session.wake();
  }

  /**
   * When a target does not read an upload, the agent stops reading the whole session. Nothing reaches it then, not even
   * the end of the stream that is to blame. So it is those who merely share the session, and write, that are ended
   * here: their clients come back on another one, and the upload goes on when its target does.
   */
  #giveUpCaught(): void {
    const session = this.#session;
    if (session.unansweredMs < GIVE_UP_MS) return;
    let blamed: OpenStream | undefined;
    for (const entry of this.#streams.values()) if (!blamed || entry.wroteBytes > blamed.wroteBytes) blamed = entry;
    // Not an upload: the agent itself does not answer, and the session ends if that goes on.
    if (!blamed || blamed.wroteBytes < AGENT_BUFFER_BYTES) return;
    for (const entry of [...this.#streams.values()]) {
      const stuck = !session.isAcknowledged(entry.lastSequence + PIPE_MESSAGES);
      const waits = entry.stream.writing || (entry.unanswered && stuck);
      if (entry !== blamed && waits) entry.stream.destroy(caughtInStall());
    }
  }

  #release(id: number): void {
    if (!this.#streams.delete(id)) return;
    this.#mux.reset(id);
    this.#session.wake();
  }

  #onData(id: number, chunk: Buffer): void {
    const entry = this.#streams.get(id);
    if (!entry) return;
    const { stream } = entry;
    stream.receive(chunk);
    if (stream.behind) this.#arrivedBehind += chunk.length;
    this.#touched.add(stream);
    entry.unanswered = false;
    entry.expectsUntil = stream.movedAt + FOLLOW_MS;
  }

  /** The agent reports a failed connection by a flag without a stream's id, and then ends the stream that it meant. */
  #onFinished(id: number): void {
    const entry = this.#streams.get(id);
    const failed = this.#connectErrors > 0 && !entry?.stream.received;
    if (failed) this.#connectErrors--;
    if (!entry) return;
    if (failed) entry.stream.destroy(connectFailed(this.#to, this.#clock.now() - entry.openedAt));
    else entry.stream.remoteEnd();
  }
}
