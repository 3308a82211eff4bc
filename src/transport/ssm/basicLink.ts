import { ByteQueue } from '../../base/byteQueue';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import { cancelled } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { Flag } from '../../wire/ssm/messages';
import { connectFailed, linkClosed, wrongDestination } from './faults';
import type { Traffic } from './loadMeter';
import { ReadingHold } from './readingHold';
import type { SessionLink } from './sessionLink';
import { INTERRUPTED_MS } from './sessionLink';
import type { Carrier } from './sessionPump';
import type { SsmSession } from './ssmSession';
import { TunnelStream } from './tunnelStream';
import { HOLD_UNREAD_BYTES } from './unreadBudget';

/**
 * After a disconnection was acknowledged, what the agent had already read of the old connection may still arrive, ms.
 */
const SETTLE_MS = 50;

interface Waiter {
  readonly resolve: (stream: TunnelStream) => void;
  readonly reject: (fault: Fault) => void;
}

type Port =
  /** The agent connected when the session started; what the target says meanwhile is kept for the first stream. */
  | { readonly phase: 'fresh'; readonly early: ByteQueue }
  | { readonly phase: 'busy'; readonly stream: TunnelStream; readonly pending: ByteQueue; readonly openedAt: number }
  /** The agent has been told to disconnect; what still arrives belongs to no one. */
  | { readonly phase: 'disconnecting'; readonly sequence: number; readonly settling?: Disposable }
  /** The next byte makes the agent connect again. */
  | { readonly phase: 'free' };

/** A session whose agent does not multiplex: one stream at a time, each on a connection of its own. */
export class BasicLink implements SessionLink, Carrier {
  readonly exclusive = true;
  readonly traffic: Traffic = { messages: 0, received: 0, sent: 0 };
  onTurn: () => void = () => {};
  readonly #session: SsmSession;
  readonly #to: Endpoint;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  readonly #hold: ReadingHold;
  /** Bytes that came for a stream that was behind. */
  #arrivedBehind = 0;
  #port: Port = { phase: 'fresh', early: new ByteQueue() };

  constructor(session: SsmSession, to: Endpoint, clock: Clock) {
    this.#session = session;
    this.#to = to;
    this.#clock = clock;
    this.#hold = new ReadingHold(clock, () => session.wake());
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

  /** With one stream at a time, a client that does not read makes no other suffer. */
  get stalled(): boolean {
    return this.#session.interruptedMs >= INTERRUPTED_MS;
  }

  /** Waits until the stream before has ended. */
  open(to: Endpoint, signal: AbortSignal): Promise<TunnelStream> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) throw cancelled();
      if (this.#session.fault) throw linkClosed(this.#session.fault);
      if (to.host !== this.#to.host || to.port !== this.#to.port) throw wrongDestination(to, this.#to);
      if (this.#waiters.size === 0 && (this.#port.phase === 'fresh' || this.#port.phase === 'free')) {
        resolve(this.#occupy());
        return;
      }
      const leave = (): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        resolve: (stream) => {
          leave();
          resolve(stream);
        },
        reject: (fault) => {
          leave();
          reject(fault);
        },
      };
      const onAbort = (): void => waiter.reject(cancelled());
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      if (this.#port.phase === 'busy') this.#port.stream.hurry();
    });
  }

  check(): void {
    this.#session.check();
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }

  pull(max: number): Uint8Array[] | undefined {
    if (this.#port.phase !== 'busy') return undefined;
    const { pending, stream } = this.#port;
    const chunk = pending.take(Math.min(max, pending.length));
    if (!chunk || chunk.length === 0) return undefined;
    if (pending.length === 0) stream.written();
    this.traffic.sent += chunk.length;
    return [chunk];
  }

  output(payload: Buffer): void {
    this.traffic.messages++;
    this.traffic.received += payload.length;
    if (this.#port.phase === 'busy') {
      const { stream } = this.#port;
      stream.receive(payload);
      if (stream.behind) this.#arrivedBehind += payload.length;
    } else if (this.#port.phase === 'fresh') this.#port.early.push(payload);
  }

  connectError(): void {
    if (this.#port.phase !== 'busy') return;
    const { stream, openedAt } = this.#port;
    stream.destroy(connectFailed(this.#to, this.#clock.now() - openedAt));
  }

  endTurn(): void {
    const port = this.#port;
    if (port.phase === 'busy') port.stream.deliver();
    else if (port.phase === 'disconnecting' && !port.settling && this.#session.isAcknowledged(port.sequence)) {
      const settling = this.#clock.schedule(SETTLE_MS, () => this.#becomeFree());
      this.#port = { ...port, settling };
    }
    this.#lookAtReading();
    this.onTurn();
  }

  get congested(): boolean {
    // What a target says to no one is kept, but no more of it than a consumer may leave unread.
    if (this.#port.phase === 'fresh') return this.#port.early.length > HOLD_UNREAD_BYTES;
    return this.#hold.held;
  }

  ended(fault: Fault): void {
    const port = this.#port;
    this.#port = { phase: 'free' };
    this.#hold.dispose();
    if (port.phase === 'busy') port.stream.fail(fault);
    if (port.phase === 'disconnecting') port.settling?.dispose();
    for (const waiter of [...this.#waiters]) waiter.reject(linkClosed(fault));
  }

  #lookAtReading(): void {
    const stream = this.#port.phase === 'busy' && this.#port.stream.behind ? this.#port.stream : undefined;
    this.#hold.look({
      behind: stream !== undefined,
      arrived: this.#arrivedBehind,
      full: stream?.full ?? false,
      // What the client still has to say waits for acknowledgements.
      alone: !stream?.writing,
      neededUntil: -Infinity,
    });
  }

  #occupy(): TunnelStream {
    const early = this.#port.phase === 'fresh' ? this.#port.early : undefined;
    const stream = this.#makeStream();
    this.#port = { phase: 'busy', stream, pending: new ByteQueue(), openedAt: this.#clock.now() };
    const greeting = early?.take(early.length);
    if (greeting && greeting.length > 0) stream.receive(greeting);
    this.#session.wake();
    return stream;
  }

  #makeStream(): TunnelStream {
    const session = this.#session;
    const waiters = this.#waiters;
    const stream: TunnelStream = new TunnelStream(
      {
        write: (chunks) => {
          if (this.#port.phase !== 'busy' || this.#port.stream !== stream) return;
          for (const chunk of chunks) this.#port.pending.push(chunk);
          if (this.#port.pending.length > 0) session.wake();
          else stream.written();
        },
        // The agent does not signal the end of a connection, not even of one that it was told to end.
        finish: () => {
          this.#disconnect(stream);
          stream.remoteEnd();
        },
        release: () => this.#disconnect(stream),
        demand: () => {
          if (session.readingHeld) session.wake();
        },
        get held() {
          return session.readingHeld;
        },
        get awaited() {
          return waiters.size > 0;
        },
      },
      this.#clock,
    );
    return stream;
  }

  #disconnect(stream: TunnelStream): void {
    if (this.#port.phase !== 'busy' || this.#port.stream !== stream) return;
    this.#port = { phase: 'disconnecting', sequence: this.#session.sendFlag(Flag.disconnectToPort) };
  }

  #becomeFree(): void {
    this.#port = { phase: 'free' };
    const [next] = this.#waiters;
    next?.resolve(this.#occupy());
  }
}
