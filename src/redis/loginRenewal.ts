import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import { isFault } from '../base/fault';

/** AWS cuts a connection whose user has logged in with IAM after 12 hours; an AUTH before that buys another 12. */
const RENEW_MS = (11 * 60 + 45) * 60_000;
/** Until the next try, while what fails may pass. */
const AGAIN_MS = 3 * 60_000;

/** `inTransaction`: AUTH is refused there; `obsolete`: the connection is gone, or somebody else has logged in on it. */
export type RenewalOutcome = 'renewed' | 'inTransaction' | 'obsolete';

/** Keeps the login of one connection after another alive. What fails is told by the next connection, which has the same trouble. */
export class LoginRenewal {
  readonly #clock: Clock;
  readonly #attempt: () => Promise<RenewalOutcome>;
  #timer: Disposable | undefined;
  #due = false;
  /** Of the connection: what an attempt for an earlier one says is of no interest. */
  #epoch = 0;

  /** @param attempt logs in again, never inside a transaction */
  constructor(clock: Clock, attempt: () => Promise<RenewalOutcome>) {
    this.#clock = clock;
    this.#attempt = attempt;
  }

  /** A connection has just logged in. */
  begin(): void {
    this.stop();
    this.#wait(RENEW_MS);
  }

  transactionEnded(): void {
    if (this.#due) void this.#renew();
  }

  stop(): void {
    this.#epoch++;
    this.#due = false;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.schedule(ms, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const epoch = this.#epoch;
    this.#timer = undefined;
    this.#due = false;
    const next = await this.#attempt().catch((error: unknown) => (isFault(error) && error.retryable ? 'again' : 'obsolete'));
    if (epoch !== this.#epoch) return;
    if (next === 'inTransaction') this.#due = true;
    else if (next === 'renewed') this.#wait(RENEW_MS);
    else if (next === 'again') this.#wait(AGAIN_MS);
  }
}
