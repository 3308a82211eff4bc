/** Longest line that is kept, characters; what follows up to the line's end is dropped. */
const MAX_LINE = 16_384;

/** @param cut whether the line went on */
export type OnLine = (line: string, cut: boolean) => void;

/** Cuts a program's output into lines without control characters, whatever it prints and however much. */
export class Lines {
  readonly #onLine: OnLine;
  #rest = '';
  #full = false;

  constructor(onLine: OnLine) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(0x0a, from);
      const end = newline < 0 ? chunk.length : newline;
      this.#keep(chunk, from, end);
      if (newline >= 0) this.end();
      from = end + 1;
    }
  }

  /** The output is over, or its line is. */
  end(): void {
    if (this.#rest === '') return;
    const line = this.#rest.replaceAll(/\p{Cc}+/gu, ' ').trim();
    const cut = this.#full;
    this.#rest = '';
    this.#full = false;
    if (line !== '') this.#onLine(line, cut);
  }

  #keep(chunk: Buffer, from: number, end: number): void {
    if (this.#full) return;
    const room = MAX_LINE - this.#rest.length;
    this.#full = end - from > room;
    this.#rest += chunk.toString('utf8', from, Math.min(end, from + room));
  }
}
