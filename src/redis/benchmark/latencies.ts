import type { BenchmarkLatency } from './types';

/** Collects times, all of them: percentiles of a few hundred thousand are exact and cost less than they would as estimates. */
export class Latencies {
  readonly #times: Float64Array;
  #count = 0;

  /** @param most how many times there may be */
  constructor(most: number) {
    this.#times = new Float64Array(most);
  }

  get count(): number {
    return this.#count;
  }

  /** @param times how many requests took `ms` each; what is more than expected is left out */
  add(ms: number, times: number): void {
    const end = Math.min(this.#times.length, this.#count + times);
    this.#times.fill(ms, this.#count, end);
    this.#count = end;
  }

  /** Undefined when there are none. */
  summary(): BenchmarkLatency | undefined {
    if (this.#count === 0) return undefined;
    const sorted = this.#times.subarray(0, this.#count).toSorted();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
    return { minMs: sorted[0]!, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: sorted.at(-1)! };
  }
}
