import type { Disposable } from './event';
import { cancelled } from './fault';

/** Time and randomness, injected so that tests of waiting take no wall time. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** In [0, 1). */
  random(): number;
  /** Calls `callback` once after `ms`; disposing the timer cancels it. */
  schedule(ms: number, callback: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  schedule(ms, callback) {
    const timer = setTimeout(callback, ms);
    return { dispose: () => clearTimeout(timer) };
  },
};

const STEP_MS = 1000;
/** Of what recurs no more often than this. To wake costs an idle computer more than what is then done. */
const LONG_STEP_MS = 5000;
/** By how much a timer may be early, ms: the event loop looks at the time once per turn. */
const EARLY_MS = 5;

/**
 * Ms to wait for something that recurs and is in no hurry. The first wait is shorter than `ms`, so that it falls on a whole second
 * of the clock, or from five seconds on a multiple of those, together with whatever else does. Many idle links then wake the
 * process once, and not once each.
 * @param ms what is shorter than two seconds is left as it is
 */
export function inStep(clock: Clock, ms: number): number {
  if (ms < 2 * STEP_MS) return ms;
  const step = ms < LONG_STEP_MS ? STEP_MS : LONG_STEP_MS;
  const now = clock.now();
  return Math.floor((now + ms + EARLY_MS) / step) * step - now;
}

/** All that recur after the same time on one clock, with one timer for all. */
class Beat {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #callbacks = new Set<() => void>();
  #timer: Disposable | undefined;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  add(callback: () => void): Disposable {
    // One of its own: it may be given for several.
    const own = (): void => callback();
    this.#callbacks.add(own);
    if (!this.#timer) this.#wait();
    return {
      dispose: () => {
        this.#callbacks.delete(own);
        if (this.#callbacks.size > 0) return;
        this.#timer?.dispose();
        this.#timer = undefined;
      },
    };
  }

  #wait(): void {
    this.#timer = this.#clock.schedule(inStep(this.#clock, this.#ms), () => {
      this.#wait();
      for (const callback of [...this.#callbacks]) if (this.#callbacks.has(callback)) callback();
    });
  }
}

const beats = new WeakMap<Clock, Map<number, Beat>>();

/**
 * Calls `callback` every `ms`, in step (see `inStep`), until it is disposed. Hundreds of these cost one timer. It must not throw:
 * whoever comes behind it would miss a turn.
 */
export function everyInStep(clock: Clock, ms: number, callback: () => void): Disposable {
  const ofClock = beats.get(clock) ?? new Map<number, Beat>();
  beats.set(clock, ofClock);
  const beat = ofClock.get(ms) ?? new Beat(clock, ms);
  ofClock.set(ms, beat);
  return beat.add(callback);
}

/** Resolves after `ms`; rejects with `operation.cancelled` when the signal fires first, leaving no timer or listener. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    const timer = clock.schedule(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer.dispose();
      reject(cancelled());
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
