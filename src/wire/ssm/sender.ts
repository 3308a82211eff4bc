import { PAYLOAD_OFFSET } from './frame';
import { RoundTrip } from './roundTrip';

export interface SenderLimits {
  /** Messages that may be on their way, counted from the oldest unacknowledged one. */
  readonly maxMessages: number;
  /** Bytes of messages that may be on their way. */
  readonly maxBytes: number;
  /** Messages that may be on their way before the first acknowledgement. */
  readonly initialWindow: number;
}

export const DEFAULT_SENDER_LIMITS: SenderLimits = { maxMessages: 2048, maxBytes: 4 * 1024 * 1024, initialWindow: 64 };

/** Where the window restarts after a loss. */
const MIN_WINDOW = 16;
/** An unacknowledged message counts as lost once this many sent after it have been acknowledged. */
const REORDERING = 3;
/**
 * The window stops growing while messages queue for longer than this on the way, ms: more would only delay small
 * requests.
 */
const MAX_QUEUEING_MS = 100;
/** A pause that nobody lifts is probed after this time, ms. */
const PAUSE_MS = 30_000;

interface InFlight {
  /** Undefined once acknowledged. */
  frame: Buffer | undefined;
  sentAt: number;
  /** Place in the order of all transmissions, resends included. */
  order: number;
  resent: boolean;
  lost: boolean;
}

/**
 * The sending half of the reliable channel: numbers messages, keeps them until
 * they are acknowledged, finds lost ones (by later acknowledgements, else by a
 * time-out) and sends all of them again, a window at a time. Does no I/O; `now`
 * is monotonic milliseconds.
 */
export class Sender {
  readonly #limits: SenderLimits;
  readonly #roundTrip = new RoundTrip();
  /** Entry of sequence number `#base + i`, from `#head` on. */
  #entries: InFlight[] = [];
  #head = 0;
  #base = 0;
  #unacknowledged = 0;
  #lost = 0;
  #bytes = 0;
  #window: number;
  #order = 0;
  /** Highest transmission order and highest sequence number that were acknowledged. */
  #ackedOrder = -1;
  #ackedSequence = -1;
  #scanDue = false;
  /** Losses among transmissions before this one have already shrunk the window. */
  #shrunkAt = 0;
  #deadline: number | undefined;
  #pausedAt: number | undefined;
  #progressAt = 0;

  constructor(limits: SenderLimits = DEFAULT_SENDER_LIMITS) {
    this.#limits = limits;
    this.#window = Math.min(limits.initialWindow, limits.maxMessages);
  }

  /** The number that the next message gets. */
  get nextSequence(): number {
    return this.#base + this.#entries.length;
  }

  /** Messages sent and not acknowledged. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** Bytes of messages sent and not acknowledged. */
  get unacknowledgedBytes(): number {
    return this.#bytes;
  }

  /** Messages that may be on their way now. */
  get window(): number {
    return this.#window;
  }

  /** Smoothed round-trip time, ms. */
  get roundTripMs(): number | undefined {
    return this.#roundTrip.smoothed;
  }

  /** Whether the window has room for a new message; resends come first. */
  get canSend(): boolean {
    return (
      this.#pausedAt === undefined &&
      this.#lost === 0 &&
      this.#unacknowledged < this.#window &&
      this.#entries.length - this.#head < this.#limits.maxMessages &&
      this.#bytes < this.#limits.maxBytes
    );
  }

  /** Keeps a message, numbered `nextSequence`, that is being sent now. */
  sent(frame: Buffer, now: number): void {
    if (this.#unacknowledged === 0) {
      this.#progressAt = now;
      this.#deadline = now + this.#roundTrip.timeout;
    }
    this.#entries.push({ frame, sentAt: now, order: this.#order++, resent: false, lost: false });
    this.#unacknowledged++;
    this.#bytes += frame.length;
  }

  /** Numbers that were never sent, and repetitions, change nothing but lift a pause. */
  acknowledged(sequence: number, now: number): void {
    this.resume();
    const entry = this.#entries[sequence - this.#base];
    if (sequence < this.#base + this.#head || !entry?.frame) return;
    this.#bytes -= entry.frame.length;
    entry.frame = undefined;
    this.#unacknowledged--;
    if (entry.lost) this.#lost--;
    this.#ackedOrder = Math.max(this.#ackedOrder, entry.order);
    this.#ackedSequence = Math.max(this.#ackedSequence, sequence);
    this.#scanDue = true;
    this.#progressAt = now;
    this.#roundTrip.progress();
    this.#grow(entry, now);
    this.#dropHead();
    this.#deadline = this.#unacknowledged > 0 ? now + this.#roundTrip.timeout : undefined;
  }

  isAcknowledged(sequence: number): boolean {
    if (sequence < this.#base + this.#head) return true;
    return sequence < this.nextSequence && !this.#entries[sequence - this.#base]!.frame;
  }

  /** The messages to send again now, oldest first, until they come to `room` bytes of payload or more. */
  resends(now: number, room = Infinity): Buffer[] {
    if (this.#pausedAt !== undefined) {
      if (now - this.#pausedAt < PAUSE_MS) return [];
      this.#pausedAt = undefined;
    }
    if (this.#deadline !== undefined && now >= this.#deadline) this.#timeOut(now);
    if (this.#scanDue) this.#findOvertaken();
    const frames: Buffer[] = [];
    let left = room;
    for (let index = this.#head; this.#lost > 0 && left > 0 && index < this.#entries.length; index++) {
      if (this.#unacknowledged - this.#lost >= this.#window) break;
      const entry = this.#entries[index]!;
      if (!entry.lost || !entry.frame) continue;
      entry.lost = false;
      entry.resent = true;
      entry.sentAt = now;
      entry.order = this.#order++;
      this.#lost--;
      left -= entry.frame.length - PAYLOAD_OFFSET;
      frames.push(entry.frame);
    }
    if (frames.length > 0) this.#deadline = Math.max(this.#deadline ?? 0, now + this.#roundTrip.timeout);
    return frames;
  }

  /** When `resends` is to be called next; undefined when nothing waits. */
  get deadline(): number | undefined {
    if (this.#unacknowledged === 0) return undefined;
    return this.#pausedAt === undefined ? this.#deadline : this.#pausedAt + PAUSE_MS;
  }

  /**
   * How long nothing was acknowledged although something should have been, ms; 0 while nothing is on its way or
   * sending is paused.
   */
  stalledFor(now: number): number {
    return this.#unacknowledged === 0 || this.#pausedAt !== undefined ? 0 : Math.max(0, now - this.#progressAt);
  }

  /** The far side asked for silence; an acknowledgement, data or `resume` lifts it. */
  pause(now: number): void {
    this.#pausedAt ??= now;
  }

  resume(): void {
    this.#pausedAt = undefined;
  }

  /** Starts over on a new connection: whatever was on its way is sent again, the oldest first. */
  reconnected(now: number): void {
    this.resume();
    this.#window = Math.max(MIN_WINDOW, Math.min(this.#window, this.#limits.initialWindow));
    this.#loseAll();
    this.refresh(now);
  }

  /** Counts everything on its way as sent just now: no acknowledgement could be read until now. */
  refresh(now: number): void {
    for (let index = this.#head; index < this.#entries.length; index++) this.#entries[index]!.sentAt = now;
    this.#progressAt = now;
    this.#roundTrip.progress();
    this.#shrunkAt = this.#order;
    this.#deadline = this.#unacknowledged > 0 ? now + this.#roundTrip.timeout : undefined;
  }

  #grow(entry: InFlight, now: number): void {
    if (!entry.resent) {
      const elapsed = now - entry.sentAt;
      this.#roundTrip.sample(elapsed);
      if (elapsed > this.#roundTrip.fastest + MAX_QUEUEING_MS) return;
    }
    this.#window = Math.min(this.#window + 1, this.#limits.maxMessages);
  }

  #dropHead(): void {
    while (this.#head < this.#entries.length && !this.#entries[this.#head]!.frame) this.#head++;
    if (this.#head === this.#entries.length || this.#head > 4096) {
      this.#base += this.#head;
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  #timeOut(now: number): void {
    const timeout = this.#roundTrip.timeout;
    let earliest = Infinity;
    let expired = 0;
    for (let index = this.#head; index < this.#entries.length; index++) {
      const entry = this.#entries[index]!;
      if (!entry.frame || entry.lost) continue;
      if (now - entry.sentAt >= timeout) {
        entry.lost = true;
        expired++;
      } else earliest = Math.min(earliest, entry.sentAt);
    }
    this.#lost += expired;
    if (expired > 0) {
      this.#window = Math.min(this.#window, MIN_WINDOW);
      this.#shrunkAt = this.#order;
      this.#roundTrip.backOff();
    }
    // Messages that are lost but do not fit the window yet wait for acknowledgements, at most for one more time-out.
    this.#deadline = earliest === Infinity || this.#lost > 0 ? now + this.#roundTrip.timeout : earliest + timeout;
  }

  /** Marks as lost what was overtaken: something sent sufficiently later is already acknowledged. */
  #findOvertaken(): void {
    this.#scanDue = false;
    const last = Math.min(this.#ackedSequence - this.#base, this.#entries.length - 1);
    for (let index = this.#head; index <= last; index++) {
      const entry = this.#entries[index]!;
      if (!entry.frame || entry.lost || entry.order > this.#ackedOrder - REORDERING) continue;
      entry.lost = true;
      this.#lost++;
      if (entry.order < this.#shrunkAt) continue;
      this.#window = Math.max(MIN_WINDOW, Math.floor(this.#window / 2));
      this.#shrunkAt = this.#order;
    }
  }

  #loseAll(): void {
    for (let index = this.#head; index < this.#entries.length; index++) {
      const entry = this.#entries[index]!;
      if (!entry.frame || entry.lost) continue;
      entry.lost = true;
      this.#lost++;
    }
  }
}
