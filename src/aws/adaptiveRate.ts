/** The most calls per second that are made of one service, in one region of one account: half of what EC2 allows for listings that page and filter (EC2 API request throttling). */
const CEILING = 10;
/** However often the service refuses, it is asked this often, calls per second (the SDK's own minimum). */
const FLOOR = 0.5;
/** Calls that may be made at once after a pause. */
const BURST = 20;
/** What a refusal leaves of the rate, and how steeply it rises again: CUBIC, with the constants of the SDK's adaptive retry mode. */
const BETA = 0.7;
const STEEPNESS = 0.4;
/** Over so long the rate of calls made is observed, ms. */
const OBSERVED_MS = 1_000;

/**
 * A token bucket whose rate is cut when the service refuses and grows slowly while it answers. Pure but for its own state:
 * every time is told, in ms of `Clock.now`.
 */
export class AdaptiveRate {
  #rate = CEILING;
  #tokens = BURST;
  #filledAt: number;
  /** Calls made of late, older ones counting less. */
  #observed = 0;
  #observedAt: number;
  /** The rate that was too much, and when that was. */
  #refused: { readonly rate: number; readonly at: number } | undefined;

  constructor(now: number) {
    this.#filledAt = now;
    this.#observedAt = now;
  }

  /** Calls per second at present. */
  get rate(): number {
    return this.#rate;
  }

  /** Ms until a call may be made: 0 is now. */
  wait(now: number): number {
    this.#fill(now);
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#rate) * 1000);
  }

  /** A call is made, whether or not the bucket has a token: one that could not wait is paid for by those that can. */
  take(now: number): void {
    this.#fill(now);
    this.#tokens = Math.max(-BURST, this.#tokens - 1);
    this.#observed = this.#observedUntil(now) + 1;
    this.#observedAt = now;
  }

  refused(now: number): void {
    this.#fill(now);
    const rate = Math.max(FLOOR, Math.min(this.#rate, this.#observedUntil(now)));
    this.#refused = { rate, at: now };
    this.#rate = Math.max(FLOOR, rate * BETA);
    this.#tokens = Math.min(0, this.#tokens);
  }

  answered(now: number): void {
    if (!this.#refused) return;
    this.#fill(now);
    const { rate, at } = this.#refused;
    const turn = Math.cbrt((rate * (1 - BETA)) / STEEPNESS);
    const grown = STEEPNESS * ((now - at) / 1000 - turn) ** 3 + rate;
    this.#rate = Math.min(CEILING, Math.max(this.#rate, grown));
    if (this.#rate === CEILING) this.#refused = undefined;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(BURST, this.#tokens + (this.#rate * (now - this.#filledAt)) / 1000);
    this.#filledAt = now;
  }

  #observedUntil(now: number): number {
    return this.#observed * Math.exp((this.#observedAt - now) / OBSERVED_MS);
  }
}
