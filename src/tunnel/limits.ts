import type { BackoffLimits } from '../base/backoff';

/** All times in ms. */
export interface TunnelLimits {
  /** Between two probes of a healthy tunnel. */
  readonly probeEveryMs: number;
  /** Until the next probe after a failed one. */
  readonly reprobeMs: number;
  /** Of a probe after a change of the surroundings, over a link that cannot check itself. */
  readonly urgentProbeMs: number;
  readonly backoff: BackoffLimits;
  /** A link that has held for so long was a good one: the next loss is the first of its kind. */
  readonly stableMs: number;
  /** Until the next try of a tunnel that is kept although a try is not likely to help. */
  readonly keptRetryMs: number;
  /** How long a new client connection waits for a link that is being replaced. */
  readonly holdMs: number;
  /** More client connections do not wait; the oldest is reset for the newest. */
  readonly maxWaiting: number;
  /** Changes of counters are reported at most this often. */
  readonly reportEveryMs: number;
}

export const DEFAULT_LIMITS: TunnelLimits = {
  probeEveryMs: 30_000,
  reprobeMs: 5_000,
  urgentProbeMs: 5_000,
  backoff: { baseMs: 500, capMs: 30_000 },
  stableMs: 5_000,
  keptRetryMs: 5 * 60_000,
  holdMs: 10_000,
  maxWaiting: 1_000,
  reportEveryMs: 250,
};
