/** What may be sent at once after a rest, as time at the full rate, ms: a late timer costs no throughput. */
const BURST_MS = 50;

/**
 * A limit of payload bytes per second, as a token bucket that may be overdrawn by one message: as long as it holds
 * anything a message goes out whole, and the next waits until the debt is paid. In any span of time at most
 * `bytesPerSecond` times the span go out, and 50 ms' worth and one message more. `now` is monotonic milliseconds.
 */
export class Pace {
  readonly #perMs: number;
  readonly #most: number;
  #level: number;
  #at = 0;

  /** @param bytesPerSecond 0: no limit. */
  constructor(bytesPerSecond: number) {
    this.#perMs = bytesPerSecond > 0 ? bytesPerSecond / 1000 : Infinity;
    this.#most = Math.max(1, this.#perMs * BURST_MS);
    this.#level = this.#most;
  }

  /** Bytes that may go out now; 0 or less: none before `opensAt`. */
  room(now: number): number {
    if (this.#perMs === Infinity) return Infinity;
    this.#level = Math.min(this.#most, this.#level + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = Math.max(this.#at, now);
    return this.#level;
  }

  spend(bytes: number, now: number): void {
    if (this.room(now) !== Infinity) this.#level -= bytes;
  }

  /** When there is room for something, in terms of `now`; `now` when there is. */
  opensAt(now: number): number {
    const room = this.room(now);
    return room > 0 ? now : now + (1 - room) / this.#perMs;
  }
}
