import { sameData } from './sameData';

interface Named {
  readonly id: string;
  readonly name: string;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

// A comparison by locale costs about a microsecond, so whatever is in order is put together and never sorted again.

function compare(a: Named, b: Named): number {
  return collator.compare(a.name, b.name) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Ordered by name, each id once, the later of two winning: two rows of one id would make VS Code drop the whole tree. */
export function uniqueSorted<T extends Named>(items: readonly T[]): readonly T[] {
  if (isSorted(items)) return items;
  return [...new Map(items.map((item) => [item.id, item])).values()].toSorted(compare);
}

function isSorted(items: readonly Named[]): boolean {
  return items.every((item, index) => index === 0 || compare(items[index - 1]!, item) < 0) && new Set(items.map(({ id }) => id)).size === items.length;
}

/**
 * Both as `uniqueSorted` gives them, and so is the outcome. Of two of one id that of `more` is taken, unless it says the same:
 * what did not change stays the same object, so that nothing that was made of it has to be made again.
 */
export function mergeSorted<T extends Named>(known: readonly T[], more: readonly T[]): readonly T[] {
  if (more.length === 0) return known;
  if (known.length === 0) return more;
  const news = changes(known, more);
  return news.length === 0 ? known : inserted(known, news);
}

function changes<T extends Named>(known: readonly T[], more: readonly T[]): readonly T[] {
  let from = 0;
  return more.filter((item) => {
    from = placeOf(item, known, from);
    const old = known[from];
    return old?.id !== item.id || !sameData(old, item);
  });
}

function inserted<T extends Named>(known: readonly T[], more: readonly T[]): readonly T[] {
  const replaced = new Set(more.map(({ id }) => id));
  const kept = known.some(({ id }) => replaced.has(id)) ? known.filter(({ id }) => !replaced.has(id)) : known;
  const result: T[] = [];
  let from = 0;
  for (const item of more) {
    const to = placeOf(item, kept, from);
    for (let index = from; index < to; index++) result.push(kept[index]!);
    result.push(item);
    from = to;
  }
  for (let index = from; index < kept.length; index++) result.push(kept[index]!);
  return result;
}

/** Index of the first of `items` from `from` on that comes after `item`; looked for in growing steps, so that near ones are found fast. */
function placeOf(item: Named, items: readonly Named[], from: number): number {
  let low = from;
  let step = 1;
  while (low + step <= items.length && compare(items[low + step - 1]!, item) < 0) {
    low += step;
    step *= 2;
  }
  let high = Math.min(items.length, low + step - 1);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(items[middle]!, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
