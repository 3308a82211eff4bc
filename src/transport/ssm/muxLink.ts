import type { Clock } from '../../base/clock';
import type { Fault } from '../../base/fault';
import { cancelled } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import type { SmuxSink } from '../../wire/smux/smux';
import { SmuxClient } from '../../wire/smux/smux';
import { connectFailed, linkClosed, wrongDestination } from './faults';
import type { Traffic } from './loadMeter';
import type { SessionLink } from './sessionLink';
import type { Carrier, Pulse } from './sessionPump';
import type { SsmSession } from './ssmSession';
import { HOLD_UNREAD_BYTES, TunnelStream } from './tunnelStream';

interface OpenStream {
  readonly stream: TunnelStream;
  readonly openedAt: number;
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
  /** Streams that had more than enough to read when something last arrived. */
  readonly #unread = new Set<TunnelStream>();
  /** Failed connections whose streams the agent has yet to end. */
  #connectErrors = 0;

  constructor(session: SsmSession, to: Endpoint, clock: Clock) {
    this.#session = session;
    this.#to = to;
    this.#clock = clock;
    const sink: SmuxSink = {
      data: (id, chunk) => this.#onData(id, chunk),
      finished: (id) => this.#onFinished(id),
      drained: (id) => this.#streams.get(id)?.stream.written(),
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
    for (const stream of this.#unread) {
      if (!stream.destroyed && stream.unread > HOLD_UNREAD_BYTES) return true;
      this.#unread.delete(stream);
    }
    return false;
  }

  async open(to: Endpoint, signal: AbortSignal): Promise<TunnelStream> {
    if (signal.aborted) throw cancelled();
    if (this.#session.fault) throw linkClosed(this.#session.fault);
    if (to.host !== this.#to.host || to.port !== this.#to.port) throw wrongDestination(to, this.#to);
    const id = this.#mux.open();
    const stream = this.#makeStream(id);
    this.#streams.set(id, { stream, openedAt: this.#clock.now() });
    this.#session.wake();
    return stream;
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
      if (stream.unread > HOLD_UNREAD_BYTES) this.#unread.add(stream);
    }
    this.#touched.clear();
    this.onTurn();
  }

  /**
   * Only a stream that has the session to itself may stop everything; among others it is reset when it has too much.
   */
  get congested(): boolean {
    if (this.#streams.size !== 1) return false;
    for (const { stream } of this.#streams.values()) return stream.unread > HOLD_UNREAD_BYTES;
    return false;
  }

  ended(fault: Fault): void {
    for (const { stream } of [...this.#streams.values()]) stream.fail(fault);
    this.#streams.clear();
    this.#touched.clear();
    this.#unread.clear();
  }

  #makeStream(id: number): TunnelStream {
    const session = this.#session;
    const stream = new TunnelStream(
      {
        write: (chunks) => {
          const before = chunks.some(({ length }) => length > 0);
          for (const chunk of chunks) this.#mux.write(id, chunk);
          if (before) session.wake();
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

  #release(id: number): void {
    if (!this.#streams.delete(id)) return;
    this.#mux.reset(id);
    this.#session.wake();
  }

  #onData(id: number, chunk: Buffer): void {
    const stream = this.#streams.get(id)?.stream;
    if (!stream) return;
    stream.receive(chunk);
    this.#touched.add(stream);
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
