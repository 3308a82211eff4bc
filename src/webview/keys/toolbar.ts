import { KEY_KINDS, type KeyKind, type KeyQuery, type KeyspaceOverview } from '../../model/redisKeys';
import { element, setText } from '../dom';
import { button, fill, labelled, setHidden } from './parts';
import type { KeysStrings, KeysToHost, KeysToPage } from './messages';
import { MAX_SEPARATOR } from './savedState';

export interface ToolbarActs {
  readonly send: (message: KeysToHost) => void;
  readonly separate: (separator: string) => void;
  /** Something was typed that a page that is thrown away must not lose. */
  readonly changed: () => void;
}

/** What is looked for, where, and whether it may be changed. */
export class Toolbar {
  readonly root: HTMLElement;
  readonly #acts: ToolbarActs;
  readonly #filterLabel = element('label', 'unseen');
  readonly #filter = labelled('filter', this.#filterLabel, document.createElement('input'));
  readonly #kindLabel = element('label', 'unseen');
  readonly #kind = labelled('kind', this.#kindLabel, document.createElement('select'));
  readonly #separatorLabel = element('label');
  readonly #separator = labelled('separator', this.#separatorLabel, document.createElement('input'));
  readonly #databaseLabel = element('label');
  readonly #database = labelled('database', this.#databaseLabel, document.createElement('select'));
  readonly #refresh = button('refresh', '', () => this.#search());
  readonly #guard = element('span', 'guard');
  readonly #lock = button('lock', '', () => this.#acts.send({ type: this.#isUnlocked ? 'lockWrites' : 'unlockWrites' }));
  #isUnlocked = false;
  #strings: KeysStrings | undefined;

  constructor(acts: ToolbarActs, separator: string) {
    this.#acts = acts;
    this.#filter.type = 'search';
    this.#filter.spellcheck = false;
    this.#filter.setAttribute('autocapitalize', 'off');
    this.#filter.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') this.#search();
    });
    this.#filter.addEventListener('input', () => acts.changed());
    this.#kind.addEventListener('change', () => this.#search());
    this.#separator.value = separator;
    this.#separator.maxLength = MAX_SEPARATOR;
    this.#separator.size = 2;
    this.#separator.addEventListener('input', () => acts.separate(this.#separator.value));
    this.#database.addEventListener('change', () => acts.send({ type: 'database', index: Number(this.#database.value) }));
    this.#guard.setAttribute('role', 'status');
    setHidden(this.#guard, true);
    setHidden(this.#lock, true);
    const separated = element('span', 'pair', this.#separatorLabel, this.#separator);
    const database = element('span', 'pair', this.#databaseLabel, this.#database);
    this.root = element('div', 'strip', this.#filterLabel, this.#filter, this.#kindLabel, this.#kind, this.#refresh, separated, database, element('span', 'gap'), this.#guard, this.#lock);
    this.root.setAttribute('role', 'search');
  }

  get pattern(): string {
    return this.#filter.value;
  }

  label(strings: KeysStrings): void {
    this.#strings = strings;
    this.#filterLabel.textContent = strings.filterLabel;
    this.#filter.placeholder = strings.filterHint;
    this.#kindLabel.textContent = strings.typeLabel;
    this.#separatorLabel.textContent = strings.separatorLabel;
    this.#databaseLabel.textContent = strings.databaseLabel;
    this.#refresh.textContent = strings.refresh;
    const chosen = this.#kind.value;
    this.#kind.replaceChildren(option('', strings.allTypes), ...KEY_KINDS.map((kind) => option(kind, kind === 'json' ? 'JSON' : kind)));
    this.#kind.value = chosen;
  }

  /** `typed`: what the box held when the page was thrown away. */
  setQuery({ pattern, kind }: KeyQuery, typed: string | undefined): void {
    this.#filter.value = typed ?? (pattern === '*' ? '' : pattern);
    this.#kind.value = kind ?? '';
  }

  setOverview({ databases, database, cluster }: KeyspaceOverview): void {
    const options = databases.map(({ index, keys }) => option(String(index), keys === null ? String(index) : `${index} (${keys.toLocaleString(document.documentElement.lang || undefined)})`));
    this.#database.replaceChildren(...options);
    this.#database.value = String(database);
    setHidden(this.#database.parentElement!, cluster || databases.length < 2);
  }

  setGuard({ production, reasons, minutesLeft }: Extract<KeysToPage, { type: 'guard' }>): void {
    const strings = this.#strings;
    if (!strings) return;
    this.#isUnlocked = minutesLeft > 0;
    setHidden(this.#guard, !production);
    setHidden(this.#lock, !production);
    setText(this.#guard, this.#isUnlocked ? fill(strings.unlocked, minutesLeft) : strings.readOnly);
    this.#guard.title = reasons;
    this.#guard.classList.toggle('unlocked', this.#isUnlocked);
    this.#lock.textContent = this.#isUnlocked ? strings.lock : strings.unlock;
  }

  #search(): void {
    const kind = this.#kind.value as KeyKind | '';
    this.#acts.send({ type: 'search', query: { pattern: this.#filter.value.trim() || '*', kind: kind || null } });
  }
}

function option(value: string, text: string): HTMLOptionElement {
  const made = document.createElement('option');
  made.value = value;
  made.textContent = text;
  return made;
}
