// Slots to the coordinates of a bar; no document.

const SLOTS = 16_384;

export interface Segment {
  /** Of the shards, from 0; -1 for slots that nobody serves. */
  readonly shard: number;
  /** Both in percent of the bar. */
  readonly x: number;
  readonly width: number;
}

/** Narrower ones have no room for a number. */
export const LABEL_WIDTH = 3;

/** The bar from left to right without gaps: what no shard has is a segment, too. */
export function segmentsOf(shards: readonly { readonly ranges: readonly (readonly [number, number])[] }[]): readonly Segment[] {
  const ranges = shards.flatMap(({ ranges: own }, shard) => own.map(([from, to]) => ({ shard, from, to }))).toSorted((one, other) => one.from - other.from);
  const segments: Segment[] = [];
  const add = (shard: number, from: number, to: number): void => {
    if (to >= from) segments.push({ shard, x: (from / SLOTS) * 100, width: ((to - from + 1) / SLOTS) * 100 });
  };
  let next = 0;
  for (const { shard, from, to } of ranges) {
    add(-1, next, from - 1);
    // Of slots that two claim the first one has them.
    add(shard, Math.max(from, next), to);
    next = Math.max(next, to + 1);
  }
  add(-1, next, SLOTS - 1);
  return segments;
}
