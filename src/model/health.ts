export type HealthLevel = 'ok' | 'degraded' | 'down' | 'unknown';

/** The result of the latest probe; only a passed round trip is `ok`, of a protocol that is not known: a connection. */
export interface Health {
  readonly level: HealthLevel;
  /** Round-trip time of the probe, ms; absent where none could be measured. */
  readonly latencyMs?: number;
  /** Milliseconds since the epoch; 0 when never probed. */
  readonly checkedAt: number;
  /** One sentence when it is not ok, or when something is to be said of an ok: what the probe could not show. */
  readonly detail?: string;
}

export const UNKNOWN_HEALTH: Health = { level: 'unknown', checkedAt: 0 };

const SEVERITY: Readonly<Record<HealthLevel, number>> = { ok: 0, unknown: 1, degraded: 2, down: 3 };

/** The worst of several levels; `ok` for none. */
export function worstLevel(levels: Iterable<HealthLevel>): HealthLevel {
  let worst: HealthLevel = 'ok';
  for (const level of levels) if (SEVERITY[level] > SEVERITY[worst]) worst = level;
  return worst;
}
