/** What a benchmark of a cache does; the engine is `redis/benchmark`. */

export type BenchmarkTest = 'PING' | 'SET' | 'GET';

export interface BenchmarkPlan {
  /** In this order; at least one. */
  readonly tests: readonly BenchmarkTest[];
  /** Connections that send at the same time. */
  readonly clients: number;
  /** Of each test, by all clients together. */
  readonly requests: number;
  /** Requests that each client sends before it waits for the replies. */
  readonly pipeline: number;
  /** Of each value that SET writes, bytes. */
  readonly valueBytes: number;
}

/** Smallest and largest value of each number. */
export const BENCHMARK_BOUNDS = {
  clients: [1, 50],
  requests: [100, 200_000],
  pipeline: [1, 64],
  valueBytes: [1, 65_536],
} as const satisfies Readonly<Partial<Record<keyof BenchmarkPlan, readonly [number, number]>>>;

export const DEFAULT_BENCHMARK: BenchmarkPlan = { tests: ['PING', 'SET', 'GET'], clients: 10, requests: 10_000, pipeline: 1, valueBytes: 64 };
