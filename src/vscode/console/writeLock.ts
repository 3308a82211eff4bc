import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';

const MINUTE_MS = 60_000;

/** Writes on one console: locked, or allowed for a while. */
export class WriteLock {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #until: { readonly wall: number; readonly now: number } | undefined;
  #timer: Disposable | undefined;

  /** `onChange` when it is locked or unlocked, and whenever a minute less is left. */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** ms for which writes are still allowed; 0 when they are not. */
  get leftMs(): number {
    if (!this.#until) return 0;
    // A machine that slept stops one clock, and a person who sets the time moves the other: the shorter counts.
    return Math.max(0, Math.min(this.#until.wall - this.#clock.wall(), this.#until.now - this.#clock.now()));
  }

  unlock(ms: number): void {
    this.#until = { wall: this.#clock.wall() + ms, now: this.#clock.now() + ms };
    this.#tick();
  }

  /** Idempotent. */
  lock(): void {
    if (!this.#until) return;
    this.#until = undefined;
    this.#timer?.dispose();
    this.#onChange();
  }

  /** Locks without telling anybody. */
  dispose(): void {
    this.#until = undefined;
    this.#timer?.dispose();
  }

  #tick(): void {
    this.#timer?.dispose();
    const left = this.leftMs;
    if (left === 0) {
      this.lock();
      return;
    }
    // To the next whole minute, or to the end.
    this.#timer = this.#clock.schedule(left % MINUTE_MS || MINUTE_MS, () => this.#tick());
    this.#onChange();
  }
}
