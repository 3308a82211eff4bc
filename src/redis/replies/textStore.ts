import type { TextTarget } from '../render';

/** Asks whether so many more bytes may be held; what is refused is not kept. */
export type TakeBytes = (bytes: number) => boolean;

export interface TextStoreOptions {
  /** UTF-16 units, and bytes. */
  readonly maxChars: number;
  /** Holds what is still a string, too, as bytes: at most `FLUSH_CHARS` of it wait. */
  readonly take?: TakeBytes;
}

interface Chunk {
  /** Whole rows. */
  readonly bytes: Buffer;
  readonly firstRow: number;
}

/** Longest row, bytes: a line that is longer goes on in the next row. */
export const ROW_BYTES = 2000;
const FLUSH_CHARS = 32 * 1024;
const LF = 0x0a;

/**
 * A text that grows, as UTF-8 in a few large pieces, of which any row can be had without touching the rest. A row is a line, or
 * a piece of one that is longer than `ROW_BYTES`; the text itself stays what it is.
 */
export class TextStore implements TextTarget {
  readonly #maxChars: number;
  readonly #take: TakeBytes;
  readonly #chunks: Chunk[] = [];
  /** The row that is not complete, or what has no rows yet. */
  #tail: Buffer = Buffer.alloc(0);
  #waiting = '';
  #chars = 0;
  #storedBytes = 0;
  #storedRows = 0;
  #refused = false;
  #truncated = false;

  constructor({ maxChars, take = () => true }: TextStoreOptions) {
    this.#maxChars = maxChars;
    this.#take = take;
  }

  get full(): boolean {
    return this.#refused || this.#chars >= this.#maxChars;
  }

  /** Whether there was more than is kept. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Of the text, as UTF-16 units. */
  get length(): number {
    return this.#chars;
  }

  /** At least one. */
  get rows(): number {
    this.#flush();
    return this.#storedRows + 1;
  }

  get bytes(): number {
    this.#flush();
    return this.#storedBytes + this.#tail.length;
  }

  add(part: string): void {
    const fitting = part.slice(0, Math.max(0, this.#maxChars - this.#chars));
    if (fitting.length < part.length || this.#refused) this.#truncated = true;
    if (this.#refused) return;
    this.#waiting += fitting;
    this.#chars += fitting.length;
    if (this.#waiting.length >= FLUSH_CHARS) this.#flush();
  }

  cut(): void {
    this.#truncated = true;
  }

  /** Rows from `from` on, fewer at the end; without line ends. */
  rowsAt(from: number, count: number): string[] {
    const rows: string[] = [];
    const { rows: total } = this;
    for (let row = Math.max(0, from); row < total && rows.length < count; ) {
      const { bytes, firstRow } = this.#chunk(this.#indexOf(row));
      let at = startOf(bytes, row - firstRow);
      do {
        const end = rowEnd(bytes, at);
        rows.push(bytes.toString('utf8', at, bytes[end - 1] === LF ? end - 1 : end));
        at = end;
        row++;
      } while (at < bytes.length && rows.length < count);
    }
    return rows;
  }

  /** The text of rows `from` to `to`, the last one included but for its line end; `cut`: there was more than `maxBytes` of it. */
  slice(from: number, to: number, maxBytes: number): { readonly text: string; readonly cut: boolean } {
    const pieces: Buffer[] = [];
    const last = Math.min(to, this.rows - 1);
    let room = maxBytes;
    for (let row = Math.max(0, from); row <= last; ) {
      const index = this.#indexOf(row);
      const { bytes, firstRow } = this.#chunk(index);
      const next = Math.min(last + 1, this.#chunk(index + 1).firstRow);
      const piece = bytes.subarray(startOf(bytes, row - firstRow), startOf(bytes, next - firstRow));
      pieces.push(piece.subarray(0, characterStart(piece, Math.min(room, piece.length))));
      if (piece.length > room) return { text: Buffer.concat(pieces).toString('utf8'), cut: true };
      room -= piece.length;
      row = next;
    }
    const text = Buffer.concat(pieces).toString('utf8');
    return { text: last < this.rows - 1 && text.endsWith('\n') ? text.slice(0, -1) : text, cut: false };
  }

  /** All of it. */
  get text(): string {
    this.#flush();
    return Buffer.concat([...this.#chunks.map(({ bytes }) => bytes), this.#tail]).toString('utf8');
  }

  /**
   * The first row from `from` on (or before it, `backwards`) that contains the words, whatever their case; looks at no more
   * than one piece of the text: `next` says where to go on, and is undefined at the end.
   */
  findFrom(words: string, from: number, backwards: boolean): { readonly found?: number; readonly next?: number } {
    const { rows } = this;
    const index = this.#indexOf(Math.min(Math.max(0, from), rows - 1));
    const { bytes, firstRow } = this.#chunk(index);
    const wanted = words.toLowerCase();
    let found: number | undefined;
    if (bytes.toString('utf8').toLowerCase().includes(wanted)) {
      let at = 0;
      for (let row = firstRow; at < bytes.length; row++) {
        const end = rowEnd(bytes, at);
        const asked = backwards ? row <= from : row >= from && found === undefined;
        if (asked && bytes.toString('utf8', at, end).toLowerCase().includes(wanted)) found = row;
        at = end;
      }
    }
    if (found !== undefined) return { found };
    const next = backwards ? firstRow - 1 : this.#chunk(index + 1).firstRow;
    return next >= 0 && next < rows ? { next } : {};
  }

  #indexOf(row: number): number {
    if (row >= this.#storedRows) return this.#chunks.length;
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle]!.firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Behind the chunks is the tail, and behind that nothing. */
  #chunk(index: number): Chunk {
    if (index > this.#chunks.length) return { bytes: Buffer.alloc(0), firstRow: this.#storedRows + 1 };
    return this.#chunks[index] ?? { bytes: this.#tail, firstRow: this.#storedRows };
  }

  #flush(): void {
    if (this.#waiting === '') return;
    const added = Buffer.from(this.#waiting, 'utf8');
    this.#waiting = '';
    if (this.#refused || !this.#take(added.length)) {
      this.#refused = true;
      this.#truncated = true;
      return;
    }
    const bytes = this.#tail.length === 0 ? added : Buffer.concat([this.#tail, added]);
    let at = 0;
    let rows = 0;
    while (at < bytes.length) {
      const end = rowEnd(bytes, at);
      // What does not end by itself may go on with what comes next.
      if (bytes[end - 1] !== LF && end === bytes.length) break;
      at = end;
      rows++;
    }
    this.#tail = Buffer.from(bytes.subarray(at));
    if (rows === 0) return;
    this.#store(bytes.subarray(0, at));
    this.#storedRows += rows;
    this.#storedBytes += at;
  }

  /** However small the parts are that come, what is kept is in large ones. */
  #store(bytes: Buffer): void {
    const last = this.#chunks.at(-1);
    if (last && last.bytes.length + bytes.length <= FLUSH_CHARS) {
      this.#chunks[this.#chunks.length - 1] = { bytes: Buffer.concat([last.bytes, bytes]), firstRow: last.firstRow };
    } else {
      this.#chunks.push({ bytes, firstRow: this.#storedRows });
    }
  }
}

function rowEnd(bytes: Buffer, from: number): number {
  const lf = bytes.subarray(from, from + ROW_BYTES + 1).indexOf(LF);
  if (lf >= 0) return from + lf + 1;
  return from + ROW_BYTES < bytes.length ? characterStart(bytes, from + ROW_BYTES) : bytes.length;
}

/** `at`, or where the character begins in whose middle it is. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start > 0 && start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start--;
  return start;
}

function startOf(bytes: Buffer, rows: number): number {
  let at = 0;
  for (let row = 0; row < rows && at < bytes.length; row++) at = rowEnd(bytes, at);
  return at;
}
