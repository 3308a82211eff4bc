import type { Clock } from '../../base/clock';
import { RateMeter } from './rate';
import type { LiveDraft, LiveEntry, LiveLog, LiveMarkKind, LiveStats } from './types';

export interface LogBounds {
  readonly entries: number;
  /** Of memory, as far as it can be told: two bytes per UTF-16 unit, and what an entry costs by itself. */
  readonly bytes: number;
  /** Labels that are counted one by one. */
  readonly labels: number;
}

export const LOG_BOUNDS: LogBounds = { entries: 10_000, bytes: 16 * 1024 * 1024, labels: 500 };

/** Of an entry besides its texts. */
const ENTRY_COST = 128;
/** Labels that `stats` tells. */
const MAX_TOLD = 50;

/** The newest entries in a ring: what comes is always taken, and the oldest go. */
export class RingLog implements LiveLog {
  readonly #clock: Clock;
  readonly #bounds: LogBounds;
  /** Entry `seq` is at `seq % entries`. */
  readonly #ring: (LiveEntry | undefined)[] = [];
  readonly #counts = new Map<string, number>();
  #rate = new RateMeter();
  #first = 0;
  #next = 0;
  #epoch = 0;
  #cost = 0;
  #received = 0;
  #dropped = 0;
  #others = 0;

  constructor(clock: Clock, bounds: LogBounds = LOG_BOUNDS) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#next;
  }

  get epoch(): number {
    return this.#epoch;
  }

  add({ at = this.#clock.wall(), ...draft }: LiveDraft): void {
    this.#received++;
    this.#rate.add(this.#clock.now(), draft.bytes);
    this.#count(draft.label);
    this.#push({ seq: this.#next, at, ...draft });
  }

  mark(mark: LiveMarkKind, detail = ''): void {
    this.#push({ seq: this.#next, at: this.#clock.wall(), mark, detail });
  }

  get(seq: number): LiveEntry | undefined {
    return seq >= this.#first && seq < this.#next ? this.#ring[seq % this.#bounds.entries] : undefined;
  }

  from(seq: number, filter: string, limit: number): { readonly entries: readonly LiveEntry[]; readonly next: number } {
    const sought = filter.toLowerCase();
    const entries: LiveEntry[] = [];
    let at = Math.max(seq, this.#first);
    for (; at < this.#next && entries.length < limit; at++) {
      const entry = this.get(at)!;
      if (sought === '' || matches(entry, sought)) entries.push(entry);
    }
    return { entries, next: at };
  }

  clear(): void {
    this.#ring.length = 0;
    this.#first = this.#next;
    this.#cost = 0;
    this.#received = 0;
    this.#dropped = 0;
    this.#others = 0;
    this.#counts.clear();
    this.#rate = new RateMeter();
    this.#epoch++;
  }

  stats(): LiveStats {
    const { count, bytes } = this.#rate.read(this.#clock.now());
    const labels = [...this.#counts].toSorted((one, other) => other[1] - one[1]);
    return {
      received: this.#received,
      kept: this.#next - this.#first,
      dropped: this.#dropped,
      messagesPerSecond: count,
      bytesPerSecond: bytes,
      labels: labels.slice(0, MAX_TOLD),
      otherLabels: labels.slice(MAX_TOLD).reduce((sum, [, of]) => sum + of, this.#others),
    };
  }

  #push(entry: LiveEntry): void {
    const { entries, bytes } = this.#bounds;
    const cost = costOf(entry);
    while (this.#next - this.#first >= entries || (this.#cost + cost > bytes && this.#first < this.#next)) this.#drop();
    this.#ring[entry.seq % entries] = entry;
    this.#cost += cost;
    this.#next++;
  }

  #drop(): void {
    const slot = this.#first % this.#bounds.entries;
    const entry = this.#ring[slot]!;
    this.#ring[slot] = undefined;
    this.#cost -= costOf(entry);
    this.#first++;
    this.#dropped++;
  }

  #count(label: string): void {
    const before = this.#counts.get(label);
    if (before === undefined && this.#counts.size >= this.#bounds.labels) this.#others++;
    else this.#counts.set(label, (before ?? 0) + 1);
  }
}

function costOf(entry: LiveEntry): number {
  const chars = entry.mark === undefined ? entry.label.length + entry.origin.length + entry.text.length : entry.detail.length;
  return chars * 2 + ENTRY_COST;
}

/** What is between messages is always of interest. */
function matches(entry: LiveEntry, sought: string): boolean {
  if (entry.mark !== undefined) return true;
  return [entry.label, entry.origin, entry.text].some((text) => text.toLowerCase().includes(sought));
}
