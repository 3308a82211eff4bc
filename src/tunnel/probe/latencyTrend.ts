import type { Health } from '../../model/health';

/** Latencies that count as usual, newest last. */
const REMEMBERED = 20;
/** Fewer than these are no basis for a judgement. */
const LEAST = 5;
const FACTOR = 3;
/** A latency up to this many ms is never called slow: nobody would feel it. */
const UNFELT_MS = 100;
/** Slow round trips in a row that make a trend. */
const IN_A_ROW = 2;

/** What is known of a tunnel's latency: plain data. */
export interface LatencyTrend {
  /** The last 20 at most, ms, oldest first. */
  readonly recent: readonly number[];
  /** How many of the newest were slow, one after another. */
  readonly slow: number;
  /** The usual latency that is exceeded now, ms; absent while nothing is wrong. */
  readonly risenFrom?: number;
}

export const NO_TREND: LatencyTrend = { recent: [], slow: 0 };

/**
 * The trend after one more passed round trip. It has risen when latencies are over 100 ms and over three times the
 * median of the last 20 before them, twice in a row. Slow ones count for the median too, so a path that stays slow
 * becomes the usual one after ten of them.
 */
export function withLatency(trend: LatencyTrend, latencyMs: number): LatencyTrend {
  const usual = trend.recent.length >= LEAST ? median(trend.recent) : Infinity;
  const slow = latencyMs > UNFELT_MS && latencyMs > FACTOR * usual ? trend.slow + 1 : 0;
  const recent = [...trend.recent, latencyMs].slice(-REMEMBERED);
  return slow >= IN_A_ROW ? { recent, slow, risenFrom: usual } : { recent, slow };
}

/** The same with what a probe has measured, if anything. */
export function latencyNoted(trend: LatencyTrend, { latencyMs }: Health): LatencyTrend {
  return latencyMs === undefined ? trend : withLatency(trend, latencyMs);
}

/** The health of a passed probe in the light of the trend: `degraded` when the latency has risen. */
export function withTrend(health: Health, { risenFrom }: LatencyTrend): Health {
  if (health.level !== 'ok' || health.latencyMs === undefined || risenFrom === undefined) return health;
  const [now, usual] = [health.latencyMs, risenFrom].map((ms) => Math.round(ms));
  return { ...health, level: 'degraded', detail: `The latency has risen: ${now} ms, where ${usual} ms were usual.` };
}

/** @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
