import { isSecretLine } from '../../model/redisSecrets';
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

  constructor(state: KeptState, onError: (error: unknown) => void) {
    this.#state = state;
    this.#onError = onError;
  }

  /** Oldest first. */
  linesOf(targetId: string): readonly string[] {
    return this.#read().find(([target]) => target === targetId)?.[1] ?? [];
  }

  add(targetId: string, line: string): void {
    if (line.trim() === '' || line.length > MAX_LINE_CHARS || isSecretLine(line)) return;
    const lines = this.linesOf(targetId);
    if (lines.at(-1) === line) return;
    const others = this.#read().filter(([target]) => target !== targetId);
    const kept: Kept[] = [...others, [targetId, bounded([...lines, line])] as const].slice(-MAX_TARGETS);
    this.#state.update(KEY, kept).then(undefined, this.#onError);
  }

  /** Read anew each time: another window may have written. */
  #read(): readonly Kept[] {
    const value = this.#state.get(KEY);
    return Array.isArray(value) ? value.filter(isKept) : [];
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
