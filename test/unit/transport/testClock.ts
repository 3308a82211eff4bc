import type { Clock } from '../../../src/base/clock';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
  handle: NodeJS.Timeout;
}

/** Real time that can also be skipped, and that knows which timers are pending. */
export class TestClock implements Clock {
  readonly #timers = new Set<Timer>();
  /** It begins at 0, so that what happens at whole seconds of a clock happens at the same place of every run. */
  readonly #origin = performance.now();
  #skipped = 0;

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return performance.now() - this.#origin + this.#skipped;
  }

  wall(): number {
    return Date.now() + this.#skipped;
  }

  random(): number {
    return 0;
  }

  schedule(ms: number, callback: () => void) {
    const timer: Timer = { at: this.now() + ms, callback, handle: setTimeout(() => this.#fire(timer), ms) };
    this.#timers.add(timer);
    return { dispose: () => this.#drop(timer) };
  }

  /** Lets `ms` pass at once; what falls due runs in its order. */
  skip(ms: number): void {
    this.#skipped += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.now()).toSorted((a, b) => a.at - b.at);
    for (const timer of due) this.#fire(timer);
  }

  #fire(timer: Timer): void {
    if (!this.#drop(timer)) return;
    timer.callback();
  }

  #drop(timer: Timer): boolean {
    clearTimeout(timer.handle);
    return this.#timers.delete(timer);
  }
}
