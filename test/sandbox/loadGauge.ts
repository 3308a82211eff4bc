/** How many requests were being answered at once, at most: in all, and for each service in a region of an account. */
export class LoadGauge {
  readonly #now = new Map<string, number>();
  readonly #peaks = new Map<string, number>();
  #all = 0;
  #peak = 0;

  get peak(): number {
    return this.#peak;
  }

  /** Keys are `account/region/service`. */
  get peaks(): ReadonlyMap<string, number> {
    return this.#peaks;
  }

  /** @returns to be called when the request has been answered */
  begin(key: string): () => void {
    this.#add(key, 1);
    return () => this.#add(key, -1);
  }

  #add(key: string, count: number): void {
    const now = (this.#now.get(key) ?? 0) + count;
    this.#now.set(key, now);
    this.#peaks.set(key, Math.max(this.#peaks.get(key) ?? 0, now));
    this.#all += count;
    this.#peak = Math.max(this.#peak, this.#all);
  }
}
