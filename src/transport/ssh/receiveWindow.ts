/** The least that a stream whose consumer reads may have on its way, bytes: OpenSSH's own window. */
export const MIN_WINDOW = 2 * 1024 * 1024;
/** The most that is buffered for one stream, bytes. */
export const MAX_WINDOW = 16 * 1024 * 1024;
/** What a stream gets before its consumer has read anything, bytes: idle streams must not cost much. */
export const FIRST_WINDOW = 512 * 1024;
/** What all streams of one connection may have unread and on their way, beyond the first window of each, bytes. */
export const MAX_WINDOWS = 256 * 1024 * 1024;
/** Credit is given in steps of this share of the window: small enough that the sender never stops, large enough to cost little. */
const CREDIT_SHARE = 1 / 8;
/** Bytes per millisecond that the window is meant to allow at most. */
const TARGET_RATE = 400_000;

/**
 * Size of the window for a connection with the given round-trip time, ms. What is on the way is the rate times the round
 * trip: OpenSSH's fixed 2 MB caps a download at 80 ms to 25 MB/s. Larger than needed is no good either: it makes sshd slower.
 */
export function windowFor(roundTripMs: number): number {
  return Math.min(MAX_WINDOW, Math.max(MIN_WINDOW, Math.round(TARGET_RATE * roundTripMs)));
}

/** What the far side may still send on one stream, by RFC 4254, section 5.2. Credit is given for consumed bytes alone. */
export class ReceiveWindow {
  #received = 0;
  #granted = FIRST_WINDOW;

  /** @returns false when the far side sent more than it was allowed to */
  receive(bytes: number): boolean {
    this.#received += bytes;
    return this.#received <= this.#granted;
  }

  /**
   * @param unread bytes received that the consumer has not read
   * @param sizeFor what may be unread and on the way together, given what already is; see `WindowBudget`
   * @returns how many bytes to grant now; 0: none
   */
  credit(unread: number, sizeFor: (outstanding: number) => number): number {
    const consumed = this.#received - unread;
    if (consumed === 0) return 0;
    const size = sizeFor(this.#granted - consumed);
    const amount = consumed + size - this.#granted;
    if (amount < size * CREDIT_SHARE) return 0;
    this.#granted += amount;
    return amount;
  }
}

/**
 * Shares what one connection may hold in memory among its streams, each of which has its first window besides. Credit cannot be taken back: a stream
 * that stops reading keeps what it was given, and the others get less.
 */
export class WindowBudget {
  /** Beyond the first window, of the streams that were given that much. */
  readonly #extras = new Map<object, number>();
  #total = 0;

  /**
   * @param wanted `windowFor`
   * @param outstanding what the stream may have unread and on its way already
   */
  sizeFor(stream: object, wanted: number, outstanding: number): number {
    const held = this.#extras.get(stream) ?? 0;
    const sharers = this.#extras.size + (this.#extras.has(stream) ? 0 : 1);
    const free = held + MAX_WINDOWS - this.#total;
    const extra = Math.max(0, Math.min(wanted - FIRST_WINDOW, Math.floor(MAX_WINDOWS / sharers), free));
    // What it has been granted counts until it is consumed.
    const counted = Math.max(extra, Math.min(held, outstanding - FIRST_WINDOW));
    this.#total += counted - held;
    if (counted > 0) this.#extras.set(stream, counted);
    else this.#extras.delete(stream);
    return FIRST_WINDOW + extra;
  }

  /** The stream is over. */
  drop(stream: object): void {
    this.#total -= this.#extras.get(stream) ?? 0;
    this.#extras.delete(stream);
  }
}
