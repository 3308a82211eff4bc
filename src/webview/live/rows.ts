import type { LiveRow } from './messages';

/** The rows that the page has, in order of their numbers; those before `first` are gone. */
export class Rows {
  #all: LiveRow[] = [];
  /** How many at the beginning of `#all` are gone: they are taken out together now and then. */
  #gone = 0;

  get length(): number {
    return this.#all.length - this.#gone;
  }

  at(index: number): LiveRow | undefined {
    return index < 0 ? undefined : this.#all[this.#gone + index];
  }

  /** Where the row is; where it would be, counted from below and minus one, when it is not there. */
  indexOf(seq: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle)!.seq < seq) low = middle + 1;
      else high = middle;
    }
    return this.at(low)?.seq === seq ? low : -low - 1;
  }

  clear(): void {
    this.#all = [];
    this.#gone = 0;
  }

  /** Takes what comes, and drops what is before `first`; tells how many that were. */
  add(rows: readonly LiveRow[], first: number): number {
    for (const row of rows) this.#all.push(row);
    const before = this.#gone;
    while (this.#gone < this.#all.length && this.#all[this.#gone]!.seq < first) this.#gone++;
    const dropped = this.#gone - before;
    if (this.#gone > 1000 && this.#gone * 2 > this.#all.length) {
      this.#all = this.#all.slice(this.#gone);
      this.#gone = 0;
    }
    return dropped;
  }
}

/** Which rows are drawn: those that are seen, and some around them. `end` is not drawn any more. */
export function visibleRange(scrollTop: number, height: number, rowHeight: number, count: number, around: number): { readonly begin: number; readonly end: number } {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const shown = Math.ceil(height / rowHeight) + 1;
  return { begin: Math.max(0, Math.min(first, count) - around), end: Math.min(count, first + shown + around) };
}
