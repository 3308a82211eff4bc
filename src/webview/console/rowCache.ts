import type { Row } from '../protocol';

/** Rows of one block: so many are asked for at a time. */
export const BLOCK_ROWS = 200;
/** What is seen and something around it. */
const MAX_BLOCKS = 16;

/** The rows of a list that the page has: those that were seen last. */
export class RowCache {
  readonly #blocks = new Map<number, readonly Row[]>();
  readonly #asked = new Set<number>();
  #rows = 0;

  /** Of the whole list. A block that was the end of a shorter one is asked for anew. */
  setRows(rows: number): void {
    if (rows === this.#rows) return;
    const end = Math.floor(Math.max(0, this.#rows - 1) / BLOCK_ROWS);
    this.#rows = rows;
    const block = this.#blocks.get(end);
    if (block && block.length < Math.min(BLOCK_ROWS, rows - end * BLOCK_ROWS)) this.#asked.delete(end);
  }

  at(row: number): Row | undefined {
    return this.#blocks.get(Math.floor(row / BLOCK_ROWS))?.[row % BLOCK_ROWS];
  }

  /** The first rows of the blocks that are needed to show these and are neither there nor asked for; from now on they are. */
  missing(from: number, to: number): number[] {
    const starts: number[] = [];
    for (let block = Math.floor(from / BLOCK_ROWS); block * BLOCK_ROWS < Math.min(to, this.#rows); block++) {
      if (this.#asked.has(block)) continue;
      this.#asked.add(block);
      starts.push(block * BLOCK_ROWS);
    }
    return starts;
  }

  /** What was asked for has come. */
  put(from: number, rows: readonly Row[]): void {
    const block = Math.floor(from / BLOCK_ROWS);
    this.#blocks.delete(block);
    this.#blocks.set(block, rows);
    // It grew on the way.
    if (rows.length < Math.min(BLOCK_ROWS, this.#rows - from)) this.#asked.delete(block);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= MAX_BLOCKS) break;
      this.#blocks.delete(oldest);
      this.#asked.delete(oldest);
    }
  }
}
