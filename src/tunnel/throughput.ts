import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import type { UpDown } from '../model/tunnel';

/** Length of a measurement, ms: as often as a number on the screen is worth changing. */
export const RATE_WINDOW_MS = 1000;

/**
 * Counts a tunnel's payload bytes and measures their rate, with a timer only while bytes move: an idle tunnel costs
 * nothing.
 */
export class Throughput implements Disposable {
  readonly #clock: Clock;
  readonly #onMeasured: () => void;
  #up = 0;
  #down = 0;
  #rate: UpDown = { up: 0, down: 0 };
  #window: { readonly at: number; readonly up: number; readonly down: number; readonly timer: Disposable } | undefined;
  #disposed = false;

  /** @param onMeasured called once a second while bytes move, and once when they have come to rest. */
  constructor(clock: Clock, onMeasured: () => void) {
    this.#clock = clock;
    this.#onMeasured = onMeasured;
  }

  /** Bytes so far. */
  get bytes(): UpDown {
    return { up: this.#up, down: this.#down };
  }

  /** Bytes per second of the last measurement. */
  get rate(): UpDown {
    return this.#rate;
  }

  count(direction: keyof UpDown, bytes: number): void {
    if (!this.#window) this.#begin();
    if (direction === 'up') this.#up += bytes;
    else this.#down += bytes;
  }

  dispose(): void {
    this.#disposed = true;
    this.#window?.timer.dispose();
    this.#window = undefined;
  }

  #begin(): void {
    if (this.#disposed) return;
    const timer = this.#clock.schedule(RATE_WINDOW_MS, () => this.#measure());
    this.#window = { at: this.#clock.now(), up: this.#up, down: this.#down, timer };
  }

  #measure(): void {
    const began = this.#window;
    if (!began) return;
    this.#window = undefined;
    const seconds = Math.max(1, this.#clock.now() - began.at) / 1000;
    this.#rate = { up: (this.#up - began.up) / seconds, down: (this.#down - began.down) / seconds };
    // One more window after the last byte brings the rate to rest.
    if (this.#rate.up > 0 || this.#rate.down > 0) this.#begin();
    this.#onMeasured();
  }
}
