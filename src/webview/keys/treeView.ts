import type { KeyFacts } from '../../model/redisKeys';
import { element, setText } from '../dom';
import { badge, fill, sizeText, timeText } from './parts';
import type { KeyTree, TreeRow } from './keyTree';
import { MAX_FACTS, type KeysStrings } from './messages';

/** Height of a row, as the style sheet says; CSS pixels. */
const ROW_HEIGHT = 22;
/** Rows beyond the edge that are drawn as well. */
const MARGIN = 8;
const FACTS_DELAY_MS = 80;
/** Facts that are kept; older ones are asked for again. */
const MAX_KEPT = 5000;

export interface TreeActs {
  readonly open: (name: string) => void;
  readonly remove: (names: readonly string[]) => void;
  readonly askFacts: (names: readonly string[]) => void;
  /** What is marked, open or in focus has changed. */
  readonly changed: () => void;
}

interface KnownFacts extends KeyFacts {
  /** When they came, by the page's own clock. */
  readonly at: number;
}

/** The tree of keys: draws only what can be seen. The list itself has the focus and tells which row is meant. */
export class TreeView {
  readonly root: HTMLElement;
  readonly #spacer = element('div', 'spacer');
  readonly #tree: KeyTree;
  readonly #acts: TreeActs;
  readonly #facts = new Map<string, KnownFacts>();
  readonly #marked = new Set<string>();
  #strings: KeysStrings | undefined;
  #rows: readonly TreeRow[] = [];
  #active = 0;
  #opened: string | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;
  #drawing = false;

  constructor(tree: KeyTree, acts: TreeActs) {
    this.#tree = tree;
    this.#acts = acts;
    this.root = element('div', 'tree', this.#spacer);
    this.root.tabIndex = 0;
    this.root.setAttribute('role', 'tree');
    this.root.setAttribute('aria-multiselectable', 'true');
    this.root.addEventListener('scroll', () => this.#drawSoon());
    this.root.addEventListener('keydown', (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
    // Not the click: a row that is drawn anew between press and release would get none.
    this.root.addEventListener('mousedown', (event) => this.#onPress(event));
    this.#spacer.setAttribute('role', 'none');
    new ResizeObserver(() => this.#drawSoon()).observe(this.root);
  }

  /** Names of keys that are marked for an act on several. */
  get marked(): readonly string[] {
    return [...this.#marked];
  }

  label(strings: KeysStrings): void {
    this.#strings = strings;
    this.root.setAttribute('aria-label', strings.keysLabel);
    this.update();
  }

  /** The tree has changed; the row in focus stays the same one where it is still there. */
  update(): void {
    const before = this.#rows[this.#active];
    this.#rows = this.#tree.rows();
    for (const name of this.#marked) if (!this.#tree.has(name)) this.#marked.delete(name);
    const same = before ? this.#rows.findIndex(({ kind, id }) => kind === before.kind && id === before.id) : 0;
    this.#active = Math.max(0, same >= 0 ? same : Math.min(this.#active, this.#rows.length - 1));
    this.#spacer.style.height = `${this.#rows.length * ROW_HEIGHT}px`;
    this.draw();
    this.#acts.changed();
  }

  setOpened(name: string | undefined): void {
    this.#opened = name;
    this.draw();
  }

  setFacts(facts: readonly KeyFacts[]): void {
    const at = performance.now();
    for (const fact of facts) {
      this.#facts.delete(fact.name);
      this.#facts.set(fact.name, { ...fact, at });
    }
    for (const name of this.#facts.keys()) {
      if (this.#facts.size <= MAX_KEPT) break;
      this.#facts.delete(name);
    }
    this.draw();
  }

  forgetFacts(): void {
    this.#facts.clear();
  }

  /** There is a connection again: what could not be told is asked for once more. */
  askAgain(): void {
    for (const [name, { type }] of this.#facts) if (type === null) this.#facts.delete(name);
    this.draw();
  }

  unmark(): void {
    this.#marked.clear();
    this.draw();
    this.#acts.changed();
  }

  draw(): void {
    const { root } = this;
    const first = Math.max(0, Math.floor(root.scrollTop / ROW_HEIGHT) - MARGIN);
    const last = Math.min(this.#rows.length, Math.ceil((root.scrollTop + root.clientHeight) / ROW_HEIGHT) + MARGIN);
    const drawn: HTMLElement[] = [];
    for (let index = first; index < last; index++) drawn.push(this.#row(this.#rows[index]!, index));
    // The row that is meant is there for screen readers, wherever the list stands.
    if (this.#rows.length > 0 && (this.#active < first || this.#active >= last)) drawn.push(this.#row(this.#rows[this.#active]!, this.#active));
    this.#spacer.replaceChildren(...drawn);
    if (this.#rows.length > 0) root.setAttribute('aria-activedescendant', rowId(this.#active));
    else root.removeAttribute('aria-activedescendant');
    this.#askSoon(first, last);
  }

  /** Another second has gone by. */
  tick(): void {
    for (const drawn of this.#spacer.querySelectorAll<HTMLElement>('.row.key')) {
      const row = this.#rows[Number(drawn.dataset['index'])];
      const detail = drawn.querySelector<HTMLElement>('.detail');
      if (row && detail) setText(detail, detailsOf(this.#facts.get(row.id)));
    }
  }

  #drawSoon(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.draw();
    });
  }

  #row(row: TreeRow, index: number): HTMLElement {
    const made = element('div', `row ${row.kind}`);
    const isMarked = row.kind === 'key' && this.#marked.has(row.id);
    made.id = rowId(index);
    made.dataset['index'] = String(index);
    made.setAttribute('role', 'treeitem');
    made.setAttribute('aria-level', String(row.level));
    made.setAttribute('aria-posinset', String(row.position));
    made.setAttribute('aria-setsize', String(row.siblings));
    made.setAttribute('aria-selected', String(isMarked || (row.kind === 'key' && row.id === this.#opened)));
    made.classList.toggle('active', index === this.#active);
    made.classList.toggle('marked', isMarked);
    made.classList.toggle('opened', row.kind === 'key' && row.id === this.#opened);
    made.style.top = `${index * ROW_HEIGHT}px`;
    made.style.paddingInlineStart = `${4 + Math.min(row.level - 1, 24) * 12}px`;
    if (row.kind === 'folder') this.#fillFolder(made, row);
    else this.#fillKey(made, row);
    return made;
  }

  #fillFolder(made: HTMLElement, row: TreeRow): void {
    made.setAttribute('aria-expanded', String(row.expanded));
    const label = row.label === '' ? '""' : row.label;
    const count = row.count.toLocaleString(document.documentElement.lang || undefined);
    const twistie = element('span', 'twistie', row.expanded ? '▾' : '▸');
    twistie.setAttribute('aria-hidden', 'true');
    if (this.#strings) made.setAttribute('aria-label', fill(this.#strings.folder, label, count));
    made.title = row.id;
    made.append(twistie, element('span', 'name', label), element('span', 'detail', count));
  }

  #fillKey(made: HTMLElement, row: TreeRow): void {
    const facts = this.#facts.get(row.id);
    const details = detailsOf(facts);
    const label = row.label === '' ? '""' : row.label;
    const type = facts?.type ?? null;
    if (type === 'none') made.classList.add('gone');
    made.title = row.id;
    made.setAttribute('aria-label', [label, type ?? '', details].filter((text) => text !== '').join(', '));
    made.append(element('span', 'twistie'), badge(type), element('span', 'name', label), element('span', 'detail', details));
  }

  #askSoon(first: number, last: number): void {
    const missing = this.#missing(first, last);
    if (missing.length === 0 || this.#asking !== undefined) return;
    this.#asking = setTimeout(() => {
      this.#asking = undefined;
      // By now it may have been scrolled further.
      const { scrollTop, clientHeight } = this.root;
      const names = this.#missing(Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - MARGIN), Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + MARGIN);
      // Until they come nobody asks again; a refusal leaves the row as it is.
      for (const name of names) this.#facts.set(name, { name, type: null, ttl: null, memory: null, at: performance.now() });
      if (names.length > 0) this.#acts.askFacts(names);
    }, FACTS_DELAY_MS);
  }

  #missing(first: number, last: number): readonly string[] {
    return this.#rows
      .slice(first, last)
      .filter(({ kind, id }) => kind === 'key' && !this.#facts.has(id))
      .map(({ id }) => id)
      .slice(0, MAX_FACTS);
  }

  #onPress(event: MouseEvent): void {
    if (event.button !== 0) return;
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('.row') : null;
    const index = Number(target?.dataset['index'] ?? Number.NaN);
    const row = this.#rows[index];
    if (!row) return;
    // The row is drawn anew, so that the focus would be lost with it.
    event.preventDefault();
    this.root.focus({ preventScroll: true });
    this.#active = index;
    if (event.ctrlKey || event.metaKey) this.#mark(row);
    else if (row.kind === 'folder') this.#toggle(row);
    else this.#acts.open(row.id);
    this.draw();
    this.#acts.changed();
  }

  /** Whether the key was one of the tree's own. */
  #onKey(event: KeyboardEvent): boolean {
    const row = this.#rows[this.#active];
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return false;
    const page = Math.max(1, Math.floor(this.root.clientHeight / ROW_HEIGHT) - 1);
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.#rows.length, End: this.#rows.length };
    const step = steps[event.key];
    if (step !== undefined) {
      this.#goTo(this.#active + step);
      return true;
    }
    switch (event.key) {
      case 'ArrowRight':
        if (row.kind === 'folder' && !row.expanded) this.#toggle(row);
        else if (row.kind === 'folder') this.#goTo(this.#active + 1);
        return true;
      case 'ArrowLeft':
        if (row.expanded) this.#toggle(row);
        else if (row.level > 1) this.#goTo(this.#rows.findLastIndex(({ level }, index) => index < this.#active && level < row.level));
        return true;
      case 'Enter':
        if (row.kind === 'folder') this.#toggle(row);
        else this.#acts.open(row.id);
        return true;
      case ' ':
        this.#mark(row);
        return true;
      case 'Escape':
        this.unmark();
        return true;
      case 'Delete':
        this.#remove(row);
        return true;
      default:
        return false;
    }
  }

  /** The marked ones; else what the row stands for. */
  #remove(row: TreeRow): void {
    const names = this.#marked.size > 0 ? this.marked : row.kind === 'folder' ? this.#tree.namesBelow(row.id) : [row.id];
    this.#acts.remove(names);
  }

  #mark(row: TreeRow): void {
    const names = row.kind === 'folder' ? this.#tree.namesBelow(row.id) : [row.id];
    const isMarked = names.every((name) => this.#marked.has(name));
    for (const name of names) {
      if (isMarked) this.#marked.delete(name);
      else this.#marked.add(name);
    }
    this.draw();
    this.#acts.changed();
  }

  #toggle(row: TreeRow): void {
    this.#tree.setExpanded(row.id, !row.expanded);
    this.update();
  }

  #goTo(index: number): void {
    const target = Math.max(0, Math.min(this.#rows.length - 1, index));
    this.#active = target;
    const top = target * ROW_HEIGHT;
    const { root } = this;
    if (top < root.scrollTop) root.scrollTop = top;
    else if (top + ROW_HEIGHT > root.scrollTop + root.clientHeight) root.scrollTop = top + ROW_HEIGHT - root.clientHeight;
    this.draw();
  }
}

function detailsOf(facts: KnownFacts | undefined): string {
  if (!facts) return '';
  const left = leftOf(facts);
  const parts = [facts.memory === null ? '' : sizeText(facts.memory), left === undefined ? '' : timeText(left)];
  return parts.filter((text) => text !== '').join(' · ');
}

function rowId(index: number): string {
  return `key-row-${index}`;
}

/** ms that are left by now; undefined where it never expires, or nobody knows. */
export function leftOf({ ttl, at }: { readonly ttl: number | null; readonly at: number }): number | undefined {
  return ttl === null || ttl < 0 ? undefined : Math.max(0, ttl - (performance.now() - at));
}
