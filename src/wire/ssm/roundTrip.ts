/**
 * Floor of the resend time-out, ms: an extension host pauses longer than a loopback round trip, and TCP below us
 * loses nothing.
 */
const MIN_RTO_MS = 200;
const MAX_RTO_MS = 8000;
const INITIAL_RTO_MS = 1000;

/** Smoothed round-trip time after RFC 6298 with the gains of the original client (1/8, 1/4); all times in ms. */
export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;
  #fastest = Infinity;
  #backoff = 0;

  /** A message that was sent once and acknowledged after `elapsed`; resent ones tell nothing (Karn). */
  sample(elapsed: number): void {
    this.#fastest = Math.min(this.#fastest, elapsed);
    if (this.#smoothed === undefined) {
      this.#smoothed = elapsed;
      this.#variation = elapsed / 2;
      return;
    }
    this.#variation += (Math.abs(this.#smoothed - elapsed) - this.#variation) / 4;
    this.#smoothed += (elapsed - this.#smoothed) / 8;
  }

  /** Smoothed round-trip time; undefined before the first sample. */
  get smoothed(): number | undefined {
    return this.#smoothed;
  }

  /** The shortest one seen; infinite before the first sample. */
  get fastest(): number {
    return this.#fastest;
  }

  /** How long to wait for an acknowledgement before sending again. */
  get timeout(): number {
    const base = this.#smoothed === undefined ? INITIAL_RTO_MS : this.#smoothed + Math.max(10, 4 * this.#variation);
    return Math.min(MAX_RTO_MS, Math.max(MIN_RTO_MS, base) * 2 ** this.#backoff);
  }

  /** Nothing was acknowledged for a whole time-out: the next one is twice as long. */
  backOff(): void {
    this.#backoff = Math.min(this.#backoff + 1, 10);
  }

  progress(): void {
    this.#backoff = 0;
  }
}
