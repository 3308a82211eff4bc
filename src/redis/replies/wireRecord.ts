import type { TakeBytes } from './textStore';

const PIECE_BYTES = 16 * 1024;

/** The beginning of a reply as it was sent. */
export class WireRecord {
  readonly #maxBytes: number;
  readonly #take: TakeBytes;
  readonly #pieces: Buffer[] = [];
  /** Small ones, which are joined, so that however they come they cost little more than their bytes. */
  #small: Buffer[] = [];
  #smallBytes = 0;
  #bytes = 0;
  #complete = true;

  constructor(maxBytes: number, take: TakeBytes) {
    this.#maxBytes = maxBytes;
    this.#take = take;
  }

  /** Whether all of it is kept. */
  get complete(): boolean {
    return this.#complete;
  }

  get empty(): boolean {
    return this.#bytes === 0;
  }

  get pieces(): readonly Buffer[] {
    this.#join();
    return this.#pieces;
  }

  /** Copies what it is lent. */
  add(lent: Buffer): void {
    const fitting = lent.subarray(0, Math.max(0, this.#maxBytes - this.#bytes));
    // Beyond a gap there is nothing to be read.
    if (!this.#complete || (fitting.length > 0 && !this.#take(fitting.length))) {
      this.#complete = false;
      return;
    }
    if (fitting.length < lent.length) this.#complete = false;
    if (fitting.length === 0) return;
    this.#small.push(Buffer.from(fitting));
    this.#smallBytes += fitting.length;
    this.#bytes += fitting.length;
    if (this.#smallBytes >= PIECE_BYTES) this.#join();
  }

  #join(): void {
    if (this.#small.length === 0) return;
    this.#pieces.push(this.#small.length === 1 ? this.#small[0]! : Buffer.concat(this.#small));
    this.#small = [];
    this.#smallBytes = 0;
  }
}
