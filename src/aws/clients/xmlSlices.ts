/** A list in an answer: the element that holds it and the one that each of its items is. */
export interface XmlList {
  readonly list: string;
  readonly item: string;
}

/**
 * An XML answer as several, each with some of the items of its first long list, and with all that stands around the list.
 * Only the answer itself, where it has no such list or is built in another way than AWS's: elements without attributes, and
 * nothing but white space between items. An item is never cut, so that a slice can be longer than was asked for.
 * @param lists of which the first that is found is cut
 * @param sliceBytes about how long the items of a slice are
 */
export function xmlSlices(answer: Buffer, lists: readonly XmlList[], sliceBytes: number): readonly Buffer[] {
  for (const { list, item } of lists) {
    const opened = answer.indexOf(`<${list}>`);
    if (opened < 0) continue;
    const from = opened + list.length + 2;
    const ends = itemEnds(answer, from, item);
    const last = ends.at(-1);
    if (last === undefined || !answer.subarray(skipSpace(answer, last)).subarray(0, list.length + 3).equals(Buffer.from(`</${list}>`))) continue;
    const head = answer.subarray(0, from);
    const tail = answer.subarray(last);
    return grouped(ends, from, sliceBytes).map(([begin, end]) => Buffer.concat([head, answer.subarray(begin, end), tail]));
  }
  return [answer];
}

/** Where the items that stand one after the other end. */
function itemEnds(answer: Buffer, from: number, item: string): number[] {
  const open = `<${item}>`;
  const close = `</${item}>`;
  const ends: number[] = [];
  let depth = 0;
  let opens = answer.indexOf(open, from);
  let closes = answer.indexOf(close, from);
  for (let at = from; closes >= 0; ) {
    if (depth === 0 && opens !== skipSpace(answer, at)) break;
    if (opens >= 0 && opens < closes) {
      depth++;
      opens = answer.indexOf(open, opens + open.length);
      continue;
    }
    depth--;
    at = closes + close.length;
    closes = answer.indexOf(close, at);
    if (depth === 0) ends.push(at);
  }
  return depth === 0 ? ends : [];
}

function grouped(ends: readonly number[], from: number, sliceBytes: number): [begin: number, end: number][] {
  const groups: [number, number][] = [];
  let begin = from;
  for (const [index, end] of ends.entries()) {
    if (end - begin < sliceBytes && index + 1 < ends.length) continue;
    groups.push([begin, end]);
    begin = end;
  }
  return groups;
}

function skipSpace(answer: Buffer, at: number): number {
  let index = at;
  while (index < answer.length && answer[index]! <= 0x20) index++;
  return index;
}
