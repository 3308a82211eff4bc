import type { Clock } from '../../base/clock';
import { isFault } from '../../base/fault';

// How patiently a lost socket is replaced.

/** As often as AWS's own client tries at least, however long that takes. */
const TRIES = 6;
/**
 * How long it goes on, ms. The service keeps a session without a client until its idle time-out, twenty minutes unless
 * the account says otherwise; when it has ended one, it says so at the next try.
 */
const PATIENCE_MS = 5 * 60_000;
/** The first pause is 100 to 199 ms, as in AWS's own client; each is twice the one before, up to 7.5 to 15 s. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 7500;
/** The service asks for patience, after calls that were repeated already: at least this long, and at most twice, ms. */
const THROTTLED_PAUSE_MS = 2000;
/** A socket that lived this long counts as good. */
const STABLE_MS = 1000;

/** Pace and bound of the tries to resume one session. */
export class Resumption {
  readonly #clock: Clock;
  readonly #idleLimit: () => number | undefined;
  #tries = 0;
  #lostAt = 0;

  /** @param idleLimit how long the service keeps an idle session, ms, as far as it is known. */
  constructor(clock: Clock, idleLimit: () => number | undefined) {
    this.#clock = clock;
    this.#idleLimit = idleLimit;
  }

  /** Tries since a socket last proved good. */
  get tries(): number {
    return this.#tries;
  }

  /** A socket was lost. @param fruitful whether it had brought anything. */
  lost(livedMs: number, fruitful: boolean): void {
    if (livedMs >= STABLE_MS) this.#tries = 0;
    // Something moves, but it shall not spin.
    else if (fruitful) this.#tries = Math.min(this.#tries, 1);
    if (this.#tries <= 1) this.#lostAt = this.#clock.now();
  }

  /**
   * Counts a try.
   * @param failure what became of the one before, if there was one just now.
   * @returns how long to wait before it, ms; undefined: enough.
   */
  next(failure: unknown): number | undefined {
    const patience = Math.min(PATIENCE_MS, this.#idleLimit() ?? Infinity);
    const tried = this.#tries;
    if (tried >= TRIES && this.#clock.now() - this.#lostAt >= patience) return undefined;
    this.#tries++;
    if (tried === 0) return 0;
    const jitter = 1 + this.#clock.random();
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tried - 1, 30), LONGEST_PAUSE_MS);
    const throttled = isFault(failure) && failure.code === 'aws.throttled';
    return Math.floor(jitter * (throttled ? Math.max(pause, THROTTLED_PAUSE_MS) : pause));
  }
}
