import { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import { peerClosed, slowReader } from './faults';

/** Bytes received and not yet read at which a stream is reset. */
export const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
/** Bytes received and not yet read at which reading is held up, where that hurts no one else. */
export const HOLD_UNREAD_BYTES = 1024 * 1024;
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
  /** Received in this turn, not pushed yet. */
  #arrived: Buffer[] = [];
  #arrivedBytes = 0;
  #movedAt: number;
  #received = false;

  constructor(port: StreamPort, clock: Clock) {
    super({ allowHalfOpen: true, readableHighWaterMark: 128 * 1024, writableHighWaterMark: 256 * 1024 });
    this.#port = port;
    this.#clock = clock;
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
    return this.readableLength + this.#arrivedBytes;
  }

  get remoteEnded(): boolean {
    return this.#ending.kind === 'remote';
  }

  /** Bytes from the far side; they are passed on by `deliver`. */
  receive(chunk: Buffer): void {
    if (this.destroyed || this.#ending.kind === 'remote') return;
    this.#received = true;
    this.#movedAt = this.#clock.now();
    if (this.unread + chunk.length > MAX_UNREAD_BYTES) {
      this.destroy(slowReader());
      return;
    }
    this.#arrived.push(chunk);
    this.#arrivedBytes += chunk.length;
  }

  /** Passes on what arrived in this turn in one piece: the consumer pays per piece. */
  deliver(): void {
    const [first] = this.#arrived;
    if (!first || this.destroyed) return;
    const bytes = this.#arrived.length === 1 ? first : Buffer.concat(this.#arrived, this.#arrivedBytes);
    this.#arrived = [];
    this.#arrivedBytes = 0;
    this.push(bytes);
  }

  /** The far side has ended and takes nothing more. */
  remoteEnd(): void {
    if (this.destroyed || this.#ending.kind === 'remote') return;
    this.#dropTimer();
    const localEnded = this.#ending.kind === 'keptBack';
    this.#ending = { kind: 'remote' };
    this.deliver();
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
      if (this.#port.held) this.#movedAt = this.#clock.now();
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
