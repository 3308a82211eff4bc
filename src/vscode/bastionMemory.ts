/** What VS Code keeps between windows (`Memento`). */
export interface KeptState {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

/** Which bastion the person has chosen for a target. */
export interface BastionMemory {
  /** Key of the bastion (`bastionKey`), or of the SSH host, that was chosen last. */
  chosenFor(targetId: string): string | undefined;
  remember(targetId: string, key: string): void;
}

const KEY = 'chosenBastions';
/** Targets that are remembered; the one that was chosen for longest ago is forgotten first. */
const MAX_TARGETS = 200;

/** Shared by all windows of the person. */
export class KeptBastionMemory implements BastionMemory {
  readonly #state: KeptState;
  readonly #onError: (error: unknown) => void;

  constructor(state: KeptState, onError: (error: unknown) => void) {
    this.#state = state;
    this.#onError = onError;
  }

  chosenFor(targetId: string): string | undefined {
    return this.#read().find(([target]) => target === targetId)?.[1];
  }

  remember(targetId: string, key: string): void {
    const others = this.#read().filter(([target]) => target !== targetId);
    const kept = [...others, [targetId, key]].slice(-MAX_TARGETS);
    this.#state.update(KEY, kept).then(undefined, this.#onError);
  }

  /** Pairs of target and bastion, the latest last. Read anew each time: another window may have written. */
  #read(): (readonly [string, string])[] {
    const value = this.#state.get(KEY);
    return Array.isArray(value) ? value.filter(isPair) : [];
  }
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
