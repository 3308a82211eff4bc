import { Duplex } from 'node:stream';
import { ByteQueue } from '../../base/byteQueue';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import { peerClosed, slowReader } from './faults';
import type { UnreadBudget } from './unreadBudget';
import { HOLD_UNREAD_BYTES, PROCESS_UNREAD } from './unreadBudget';

/**
 * Small pieces that wait are joined to this size, or so many of them: each costs far more than its bytes.
 */
const PIECE_BYTES = 64 * 1024;
const PIECE_PARTS = 256;
/** How long a local end is kept back while nothing moves, ms: the agent would cut the reply off (amazon-ssm-agent closes the target's socket in both directions). */
export const HALF_CLOSE_IDLE_MS = 5_000;
/** The same while another connection waits for this one to end (basic mode), ms. */
export const HURRIED_HALF_CLOSE_IDLE_MS = 1000;
/** How long the far side may take to confirm an end, ms. */
const CONFIRM_MS = 10_000;

/** What a stream asks of the link that carries it. */
export interface StreamPort {
  /** Queues bytes; `written` is called once all of them have been handed to the channel. */
  write(chunks: readonly Buffer[]): void;
  /** Tells the far side that nothing follows. It then ends the connection in both directions. */
  finish(): void;
  /** The stream is destroyed: whatever the far side still has of it is ended and discarded. */
  release(): void;
  /** The consumer wants more. */
  demand(): void;
  /** Whether nothing can arrive because reading is held up. */
  readonly held: boolean;
  /** Whether another connection waits for this one to end. */
  readonly awaited: boolean;
}

type Ending =
  | { readonly kind: 'none' }
  /** Both directions work. The local side has ended; the far side does not know yet. */
  | { readonly kind: 'keptBack'; readonly timer: Disposable }
  /** The far side has been told; its own end is awaited. */
  | { readonly kind: 'told'; readonly timer: Disposable }
  /** The far side has ended. */
  | { readonly kind: 'remote' };

/** One byte stream through a session. Errors are Faults; one that nobody listens to harms no one. */
export class TunnelStream extends Duplex {
  readonly #port: StreamPort;
  readonly #clock: Clock;
  #ending: Ending = { kind: 'none' };
  #writing: ((error?: Error) => void) | undefined;
  /** Received in this turn, or since, and not joined yet. */
  #arrived: Buffer[] = [];
  #arrivedBytes = 0;
  /** Received before that by a consumer that is behind. */
  readonly #backlog = new ByteQueue();
  readonly #budget: UnreadBudget;
  #movedAt: number;
  #received = false;

  /** @param budget bounds what is kept while nobody reads it. */
  constructor(port: StreamPort, clock: Clock, budget: UnreadBudget = PROCESS_UNREAD) {
    super({ allowHalfOpen: true, readableHighWaterMark: 128 * 1024, writableHighWaterMark: 256 * 1024 });
    this.#port = port;
    this.#clock = clock;
    this.#budget = budget;
    this.#movedAt = clock.now();
    // Between `open` and the consumer's own listener the link may fail; that must not be an uncaught exception.
    this.on('error', () => {});
  }

  /** Whether the far side ever sent a byte. */
  get received(): boolean {
    return this.#received;
  }

  /** When bytes last moved in either direction, or the stream began: by the clock's `now`. */
  get movedAt(): number {
    return this.#movedAt;
  }

  /** Bytes received that nobody has read. */
  get unread(): number {
    return this.readableLength + this.#backlog.length + this.#arrivedBytes;
  }

  /** Whether the consumer has left so much unread that reading should be held up, and more may come. */
  get behind(): boolean {
    return !this.destroyed && this.#ending.kind !== 'remote' && this.unread > HOLD_UNREAD_BYTES;
  }

  /** Whether hardly anything more can be kept for the consumer. */
  get full(): boolean {
    return this.#budget.isFull(this);
  }

  /** Whether something was written that has not been handed to the channel. */
  get writing(): boolean {
    return this.#writing !== undefined;
  }

  get remoteEnded(): boolean {
    return this.#ending.kind === 'remote';
  }

  /** Bytes from the far side; they are passed on by `deliver`. */
  receive(chunk: Buffer): void {
    if (this.destroyed || this.#ending.kind === 'remote') return;
    this.#received = true;
    this.#movedAt = this.#clock.now();
    if (!this.#budget.admits(this, chunk.length)) {
      this.destroy(slowReader());
      return;
    }
    this.#arrived.push(chunk);
    this.#arrivedBytes += chunk.length;
  }

  /** Passes on what arrived in this turn in one piece: the consumer pays per piece. */
  deliver(): void {
    if (this.destroyed || this.#arrivedBytes === 0) return;
    if (this.#backlog.length === 0 && this.readableLength <= HOLD_UNREAD_BYTES) this.push(this.#joinArrived());
    else if (this.#arrivedBytes >= PIECE_BYTES || this.#arrived.length >= PIECE_PARTS) this.#backlog.push(this.#joinArrived());
  }

  /** The far side has ended and takes nothing more. */
  remoteEnd(): void {
    if (this.destroyed || this.#ending.kind === 'remote') return;
    this.#dropTimer();
    const localEnded = this.#ending.kind === 'keptBack';
    this.#ending = { kind: 'remote' };
    while (this.#passOn());
    this.push(null);
    if (localEnded) this.#port.finish();
    if (this.#writing) this.#failWriteAfterEnd();
  }

  /** Everything given to the port has been handed to the channel. */
  written(): void {
    const done = this.#writing;
    if (!done || this.#ending.kind === 'remote') return;
    this.#writing = undefined;
    this.#movedAt = this.#clock.now();
    done();
  }

  override _read(): void {
    this.#passOn();
    this.#port.demand();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#send([chunk], done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#ending.kind === 'remote') this.#port.finish();
    else {
      this.#movedAt = this.#clock.now();
      this.#keepBack();
    }
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#dropTimer();
    this.#arrived = [];
    this.#arrivedBytes = 0;
    this.#backlog.clear();
    this.#budget.forget(this);
    this.#port.release();
    const writing = this.#writing;
    this.#writing = undefined;
    writing?.(error ?? peerClosed());
    done(error);
  }

  /** Destroys the stream, after what had arrived before was passed on. */
  fail(fault: Fault): void {
    this.deliver();
    this.destroy(fault);
  }

  /** Gives the consumer one piece of what waits. @returns whether there was any. */
  #passOn(): boolean {
    if (this.destroyed) return false;
    const piece = this.#backlog.takeSome(HOLD_UNREAD_BYTES) ?? this.#joinArrived();
    if (piece.length > 0) this.push(piece);
    return piece.length > 0;
  }

  #joinArrived(): Buffer {
    const [first] = this.#arrived;
    const bytes = this.#arrived.length === 1 ? first! : Buffer.concat(this.#arrived, this.#arrivedBytes);
    this.#arrived = [];
    this.#arrivedBytes = 0;
    return bytes;
  }

  #send(chunks: readonly Buffer[], done: (error?: Error) => void): void {
    this.#writing = done;
    if (this.#ending.kind === 'remote') this.#failWriteAfterEnd();
    else this.#port.write(chunks);
  }

  /**
   * The bytes reach no one, which must not go unnoticed; but first the consumer gets what the far side said before it
   * ended.
   */
  #failWriteAfterEnd(): void {
    const fail = (): void => {
      const done = this.#writing;
      this.#writing = undefined;
      done?.(peerClosed());
    };
    if (this.readableEnded) fail();
    else this.once('end', fail);
  }

  /** Another connection waits now: an end that is being kept back gets less time. */
  hurry(): void {
    if (this.#ending.kind !== 'keptBack') return;
    this.#dropTimer();
    this.#keepBack();
  }

  #keepBack(): void {
    const patience = this.#port.awaited ? HURRIED_HALF_CLOSE_IDLE_MS : HALF_CLOSE_IDLE_MS;
    const left = Math.max(0, this.#movedAt + patience - this.#clock.now());
    const timer = this.#clock.schedule(left, () => {
      if (this.#port.held || this.unread > HOLD_UNREAD_BYTES) this.#movedAt = this.#clock.now();
      if (this.#clock.now() - this.#movedAt < patience) this.#keepBack();
      else this.#tell();
    });
    this.#ending = { kind: 'keptBack', timer };
  }

  #tell(): void {
    const timer = this.#clock.schedule(CONFIRM_MS, () => this.remoteEnd());
    this.#ending = { kind: 'told', timer };
    this.#port.finish();
  }

  #dropTimer(): void {
    if (this.#ending.kind === 'keptBack' || this.#ending.kind === 'told') this.#ending.timer.dispose();
  }
}
