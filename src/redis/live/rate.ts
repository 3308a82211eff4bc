const SECONDS = 5;

/** How many, and how much, over the last five seconds; times are monotonic ms. */
export class RateMeter {
  /** One per second, by the second's number. */
  readonly #buckets = Array.from({ length: SECONDS + 1 }, () => ({ second: -1, count: 0, bytes: 0 }));
  #since: number | undefined;

  add(now: number, bytes: number): void {
    this.#since ??= now;
    const second = Math.floor(now / 1000);
    const bucket = this.#buckets[second % this.#buckets.length]!;
    if (bucket.second !== second) Object.assign(bucket, { second, count: 0, bytes: 0 });
    bucket.count++;
    bucket.bytes += bytes;
  }

  /** Per second. A stream that has just begun is measured over one second at least. */
  read(now: number): { readonly count: number; readonly bytes: number } {
    const last = Math.floor(now / 1000);
    const recent = this.#buckets.filter(({ second }) => second > last - SECONDS && second <= last);
    const seconds = Math.min(SECONDS - 1 + (now % 1000) / 1000, Math.max(1, (now - (this.#since ?? now)) / 1000));
    const sum = (of: 'count' | 'bytes'): number => recent.reduce((total, bucket) => total + bucket[of], 0) / seconds;
    return { count: sum('count'), bytes: sum('bytes') };
  }
}
