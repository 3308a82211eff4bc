import { isSecretLine, NO_RENAMES, type Renames } from '../../model/redisSecrets';
import type { KeptState } from '../bastionMemory';

const KEY = 'consoleHistory';
/** Targets whose lines are kept; the one that was used for longest ago is forgotten first. */
const MAX_TARGETS = 30;
const MAX_LINES = 300;
/** VS Code writes all that an extension keeps at once, so a target has little room. UTF-16 units. */
const MAX_CHARS = 16 * 1024;
const MAX_LINE_CHARS = 2000;

type Kept = readonly [targetId: string, lines: readonly string[]];

/** What was typed on the consoles, by target, for all windows of the person; never a line with a secret. */
export class KeptHistory {
  readonly #state: KeptState;
  readonly #onError: (error: unknown) => void;
  /** Added since the last writing began: a paste of thousands of lines is written a few times, and not thousands. */
  #added: (readonly [targetId: string, line: string])[] = [];
  #writing = false;

  constructor(state: KeptState, onError: (error: unknown) => void) {
    this.#state = state;
    this.#onError = onError;
  }

  /** Oldest first. */
  linesOf(targetId: string): readonly string[] {
    return this.#all().get(targetId) ?? [];
  }

  add(targetId: string, line: string, renames: Renames = NO_RENAMES): void {
    if (line.trim() === '' || line.length > MAX_LINE_CHARS || isSecretLine(line, renames)) return;
    this.#added.push([targetId, line]);
    if (this.#added.length > MAX_LINES) this.#added.shift();
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#added.length > 0) {
        const kept = [...this.#all()];
        this.#added = [];
        await this.#state.update(KEY, kept);
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#writing = false;
    }
  }

  /** In the order of their last use. What is kept is read anew each time: another window may have written. */
  #all(): ReadonlyMap<string, readonly string[]> {
    const value = this.#state.get(KEY);
    const all = new Map<string, readonly string[]>(Array.isArray(value) ? value.filter(isKept) : []);
    for (const [targetId, line] of this.#added) {
      const lines = all.get(targetId) ?? [];
      all.delete(targetId);
      all.set(targetId, lines.at(-1) === line ? lines : bounded([...lines, line]));
    }
    return new Map([...all].slice(-MAX_TARGETS));
  }
}

/** The newest that fit. */
function bounded(lines: readonly string[]): readonly string[] {
  let chars = 0;
  const tooMany = lines.toReversed().findIndex((line, index) => index >= MAX_LINES || (chars += line.length) > MAX_CHARS);
  return tooMany < 0 ? lines : lines.slice(lines.length - tooMany);
}

function isKept(value: unknown): value is Kept {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [target, lines] = value as unknown[];
  return typeof target === 'string' && Array.isArray(lines) && lines.every((line) => typeof line === 'string');
}
