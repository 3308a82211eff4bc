import type { Clock } from './clock';

export interface BackoffLimits {
  /** Upper bound of the first delay, ms. */
  readonly baseMs: number;
  /** No delay is longer than this, ms. */
  readonly capMs: number;
}

/** Full jitter: uniform in [0, min(cap, base * 2^attempt)); `attempt` counts from 0. */
export function backoffDelay(attempt: number, limits: BackoffLimits, clock: Clock): number {
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(attempt, 30));
  return clock.random() * ceiling;
}
