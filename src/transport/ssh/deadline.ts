import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';

/** Time that the far side has; it does not run while a person is asked. */
export class Deadline implements Disposable {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onExpired: () => void;
  #timer: Disposable | undefined;
  #pauses = 0;
  #disposed = false;

  /** Starts at once. @param ms without a pause */
  constructor(clock: Clock, ms: number, onExpired: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onExpired = onExpired;
    this.#start();
  }

  /** What a person decides takes no time; afterwards the far side has all of it again. */
  async pausedFor<T>(work: () => Promise<T>): Promise<T> {
    this.#pauses++;
    this.#timer?.dispose();
    try {
      return await work();
    } finally {
      if (--this.#pauses === 0) this.#start();
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }

  #start(): void {
    if (!this.#disposed) this.#timer = this.#clock.schedule(this.#ms, this.#onExpired);
  }
}
