import { isSecretLine, NO_RENAMES, type Renames } from '../../model/redisSecrets';

const MAX_LINES = 500;
// A pasted script of a megabyte is not worth repeating by an arrow key.
const MAX_LINE_CHARS = 10_000;

/** Lines typed so far, in memory; Up and Down walk through them and give back what was being typed. */
export class InputHistory {
  #lines: string[];
  #renames = NO_RENAMES;
  /** Where the walk is; `#lines.length` is the line being typed. */
  #at: number;
  #draft = '';

  constructor(lines: readonly string[] = []) {
    this.#lines = lines.filter((line) => isKept(line, NO_RENAMES)).slice(-MAX_LINES);
    this.#at = this.#lines.length;
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The newest line that is older than `before` and contains `query`, in any case of letters; undefined when there is none. */
  find(query: string, before = this.#lines.length): { readonly line: string; readonly at: number } | undefined {
    const wanted = query.toLowerCase();
    if (wanted === '') return undefined;
    for (let at = Math.min(before, this.#lines.length) - 1; at >= 0; at--) {
      const line = this.#lines[at]!;
      if (line.toLowerCase().includes(wanted)) return { line, at };
    }
    return undefined;
  }

  /** Ends the walk; secrets and repetitions of the latest line are not kept. */
  add(line: string): void {
    if (isKept(line, this.#renames) && line !== this.#lines.at(-1)) this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    this.#at = this.#lines.length;
    this.#draft = '';
  }

  /** Forgets what is secret after all, and ends the walk if there was such a line. */
  renamed(renames: Renames): void {
    this.#renames = renames;
    const kept = this.#lines.filter((line) => isKept(line, renames));
    if (kept.length === this.#lines.length) return;
    this.#lines = kept;
    this.#at = kept.length;
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

/** A search backwards through the history, as with Ctrl+R in a shell. */
export class HistorySearch {
  readonly #history: InputHistory;
  /** What the input held before the search. */
  readonly draft: string;
  #query = '';
  #found: { readonly line: string; readonly at: number } | undefined;

  constructor(history: InputHistory, draft: string) {
    this.#history = history;
    this.draft = draft;
  }

  get query(): string {
    return this.#query;
  }

  /** The line that the search stands at. */
  get found(): string | undefined {
    return this.#found?.line;
  }

  /** From the newest line on. */
  lookFor(query: string): void {
    this.#query = query;
    this.#found = this.#history.find(query);
  }

  /** To the next older line; it stays where it is at the oldest. Lines that are the same count once. */
  older(): void {
    const current = this.#found;
    if (!current) return;
    let next = this.#history.find(this.#query, current.at);
    while (next?.line === current.line) next = this.#history.find(this.#query, next.at);
    if (next) this.#found = next;
  }
}

function isKept(line: string, renames: Renames): boolean {
  return line.trim() !== '' && line.length <= MAX_LINE_CHARS && !isSecretLine(line, renames);
}
