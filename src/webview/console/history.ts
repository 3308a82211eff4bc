import { isSecretLine } from './secrets';

const MAX_LINES = 500;
// A pasted script of a megabyte is not worth repeating by an arrow key.
const MAX_LINE_CHARS = 10_000;

/** Lines typed so far, in memory; Up and Down walk through them and give back what was being typed. */
export class InputHistory {
  readonly #lines: string[];
  /** Where the walk is; `#lines.length` is the line being typed. */
  #at: number;
  #draft = '';

  constructor(lines: readonly string[] = []) {
    this.#lines = lines.filter(isKept).slice(-MAX_LINES);
    this.#at = this.#lines.length;
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Ends the walk; secrets and repetitions of the latest line are not kept. */
  add(line: string): void {
    if (isKept(line) && line !== this.#lines.at(-1)) this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    this.#at = this.#lines.length;
    this.#draft = '';
  }

  /** The line before; undefined at the oldest one. `current` is what the input holds now. */
  older(current: string): string | undefined {
    if (this.#at === 0) return undefined;
    if (this.#at === this.#lines.length) this.#draft = current;
    this.#at--;
    return this.#lines[this.#at];
  }

  /** The line after, at last the one that was being typed; undefined when there is none. */
  newer(): string | undefined {
    if (this.#at === this.#lines.length) return undefined;
    this.#at++;
    return this.#lines[this.#at] ?? this.#draft;
  }
}

function isKept(line: string): boolean {
  return line.trim() !== '' && line.length <= MAX_LINE_CHARS && !isSecretLine(line);
}
