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
/** By how much a timer may be early, ms: the event loop looks at the time once per turn. */
const EARLY_MS = 5;

/**
 * Ms to wait for something that recurs and is in no hurry: up to a second less than `ms`, so that it falls on a whole second of
 * the clock together with whatever else does. Many idle links then wake the process once, and not once each.
 * @param ms what is shorter than two seconds is left as it is
 */
export function inStep(clock: Clock, ms: number): number {
  if (ms < 2 * STEP_MS) return ms;
  const now = clock.now();
  return Math.floor((now + ms + EARLY_MS) / STEP_MS) * STEP_MS - now;
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
