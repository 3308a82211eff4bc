import type { RowSource, TableColumn } from '../replies/types';

/** Longest text of one cell, UTF-16 units. */
const MAX_CELL_CHARS = 2000;
/** Of all cells together. */
const MAX_TABLE_CHARS = 8 * 1024 * 1024;
export const MAX_TABLE_ROWS = 100_000;
const MAX_COLUMNS = 64;
/** Beyond this a column is as wide as it gets. */
const MAX_WIDTH = 60;
const ROW_COST = 64;
const ROWS_AT_ONCE = 2000;

/** Rows of cells, as they are added. */
export class TableStore implements RowSource {
  readonly #names: readonly string[];
  readonly #widths: number[];
  readonly #rows: (readonly string[])[] = [];
  #chars = 0;
  #truncated = false;

  constructor(names: readonly string[]) {
    this.#names = names.slice(0, MAX_COLUMNS);
    this.#truncated = names.length > MAX_COLUMNS;
    this.#widths = this.#names.map((name) => Math.min(name.length, MAX_WIDTH));
  }

  get columns(): readonly TableColumn[] {
    return this.#names.map((name, index) => ({ name, width: this.#widths[index]! }));
  }

  get rows(): number {
    return this.#rows.length;
  }

  get bytes(): number {
    return 2 * this.#chars + ROW_COST * this.#rows.length;
  }

  get truncated(): boolean {
    return this.#truncated;
  }

  get full(): boolean {
    return this.#chars >= MAX_TABLE_CHARS || this.#rows.length >= MAX_TABLE_ROWS;
  }

  add(cells: readonly string[]): void {
    if (this.full) {
      this.#truncated = true;
      return;
    }
    const kept = this.#names.map((_, index) => {
      const cell = cells[index] ?? '';
      const shown = cell.length > MAX_CELL_CHARS ? `${cell.slice(0, MAX_CELL_CHARS)}…` : cell;
      this.#widths[index] = Math.max(this.#widths[index]!, Math.min(shown.length, MAX_WIDTH));
      this.#chars += shown.length;
      return shown;
    });
    this.#rows.push(kept);
  }

  cut(): void {
    this.#truncated = true;
  }

  rowsAt(from: number, count: number): readonly (readonly string[])[] {
    return this.#rows.slice(Math.max(0, from), Math.max(0, from) + count);
  }

  /** With the names of the columns where all rows are asked for. */
  slice(from: number, to: number, maxBytes: number): { readonly text: string; readonly cut: boolean } {
    const rows = this.#rows.slice(Math.max(0, from), to + 1);
    const all = from <= 0 && to >= this.#rows.length - 1;
    const lines: string[] = [];
    let room = maxBytes;
    for (const cells of all ? [this.#names, ...rows] : rows) {
      const line = cells.join('\t');
      room -= Buffer.byteLength(line) + 1;
      if (room < -1) return { text: lines.join('\n'), cut: true };
      lines.push(line);
    }
    return { text: lines.join('\n'), cut: false };
  }

  findFrom(words: string, from: number, backwards: boolean): { readonly found?: number; readonly next?: number } {
    const wanted = words.toLowerCase();
    const step = backwards ? -1 : 1;
    let row = Math.min(Math.max(0, from), this.#rows.length - 1);
    for (let looked = 0; looked < ROWS_AT_ONCE; looked++, row += step) {
      const cells = this.#rows[row];
      if (!cells) return {};
      if (cells.some((cell) => cell.toLowerCase().includes(wanted))) return { found: row };
    }
    return this.#rows[row] ? { next: row } : {};
  }
}
