import { element, setText } from '../dom';
import type { LiveRow } from './messages';
import { Rows, visibleRange } from './rows';

/** The least that media/live.css makes of a row, CSS pixels: with a large font it is more. */
const LEAST_ROW_PX = 22;
/** Drawn above and below what is seen. */
const AROUND = 10;
/** Nearer to the end than that, in rows, the list follows what comes. */
const NEAR_ROWS = 1.5;

export interface ListEvents {
  /** Enter, or a double click. */
  readonly open: (row: LiveRow) => void;
  readonly copy: (row: LiveRow) => void;
  readonly select: (row: LiveRow) => void;
  /** Whether it follows the end has changed. */
  readonly follow: (on: boolean) => void;
}

/** A grid of any number of rows, of which only those in sight are in the document. */
export class RowList {
  /** Takes the keyboard. */
  readonly grid: HTMLElement = element('div', 'list');
  readonly #space = element('div', 'space');
  readonly #rows = new Rows();
  /** By the row's number. */
  readonly #drawn = new Map<number, HTMLElement>();
  readonly #events: ListEvents;
  #selected: number | undefined;
  #following = true;
  #pending = false;
  #rowPx = LEAST_ROW_PX;

  constructor(events: ListEvents) {
    this.#events = events;
    this.grid.setAttribute('role', 'grid');
    this.grid.tabIndex = 0;
    this.#space.setAttribute('role', 'rowgroup');
    this.grid.append(this.#space);
    this.grid.addEventListener('scroll', () => this.#scrolled());
    this.grid.addEventListener('keydown', (event) => this.#key(event));
    this.grid.addEventListener('click', (event) => this.#pointed(event, false));
    this.grid.addEventListener('dblclick', (event) => this.#pointed(event, true));
    new ResizeObserver(() => {
      if (this.#following) this.toEnd();
      else this.#draw();
    }).observe(this.grid);
  }

  get length(): number {
    return this.#rows.length;
  }

  get following(): boolean {
    return this.#following;
  }

  get selected(): LiveRow | undefined {
    return this.#selected === undefined ? undefined : this.#rows.at(this.#rows.indexOf(this.#selected));
  }

  add(rows: readonly LiveRow[], first: number, reset: boolean): void {
    if (reset) this.#rows.clear();
    const dropped = this.#rows.add(rows, first);
    // What is read stays where it is while rows above it go.
    const top = this.grid.scrollTop - (this.#following || reset ? 0 : dropped * this.#rowPx);
    this.#space.style.height = `${this.#rows.length * this.#rowPx}px`;
    this.grid.setAttribute('aria-rowcount', String(this.#rows.length));
    if (this.#following) this.toEnd();
    else this.grid.scrollTop = top;
    this.#later();
  }

  toEnd(): void {
    this.#follow(true);
    this.grid.scrollTop = this.#rows.length * this.#rowPx;
    this.#later();
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.grid;
    this.#follow(scrollHeight - scrollTop - clientHeight < NEAR_ROWS * this.#rowPx);
    this.#later();
  }

  #follow(on: boolean): void {
    if (on === this.#following) return;
    this.#following = on;
    this.#events.follow(on);
  }

  /** Once per frame, whatever happens in it. */
  #later(): void {
    if (this.#pending) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.grid;
    const { begin, end } = visibleRange(scrollTop, clientHeight, this.#rowPx, this.#rows.length, AROUND);
    const kept = new Set<number>();
    for (let index = begin; index < end; index++) {
      const row = this.#rows.at(index)!;
      kept.add(row.seq);
      const line = this.#drawn.get(row.seq) ?? this.#make(row);
      line.style.top = `${index * this.#rowPx}px`;
      line.setAttribute('aria-rowindex', String(index + 1));
      line.setAttribute('aria-selected', String(row.seq === this.#selected));
    }
    for (const [seq, line] of this.#drawn) {
      if (kept.has(seq)) continue;
      line.remove();
      this.#drawn.delete(seq);
    }
    const active = this.#selected !== undefined && kept.has(this.#selected) ? rowId(this.#selected) : '';
    if (active === '') this.grid.removeAttribute('aria-activedescendant');
    else this.grid.setAttribute('aria-activedescendant', active);
    this.#measure();
  }

  /** The font may have been changed. */
  #measure(): void {
    const [line] = this.#drawn.values();
    const height = line?.getBoundingClientRect().height ?? 0;
    if (height === 0 || Math.abs(height - this.#rowPx) < 0.1) return;
    const first = this.grid.scrollTop / this.#rowPx;
    this.#rowPx = height;
    this.#space.style.height = `${this.#rows.length * height}px`;
    if (this.#following) this.toEnd();
    else this.grid.scrollTop = first * height;
    this.#later();
  }

  #make(row: LiveRow): HTMLElement {
    const cell = (name: string, text: string): HTMLElement => {
      const made = element('span', name, text);
      made.setAttribute('role', 'gridcell');
      return made;
    };
    const cells = row.mark ? [cell('text', row.text)] : [cell('label', row.label), cell('origin', row.origin), cell('text', row.text)];
    const line = element('div', row.mark ? 'row mark' : 'row', cell('time', row.time), ...cells);
    line.id = rowId(row.seq);
    line.dataset['seq'] = String(row.seq);
    line.setAttribute('role', 'row');
    this.#drawn.set(row.seq, line);
    this.#space.append(line);
    return line;
  }

  #key(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (altKey) return;
    if ((ctrlKey || metaKey) && key.toLowerCase() === 'c' && String(getSelection()) === '') {
      if (this.selected) this.#events.copy(this.selected);
      return;
    }
    if (ctrlKey || metaKey) return;
    if (key === 'Enter' && this.selected) {
      this.#events.open(this.selected);
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor(this.grid.clientHeight / this.#rowPx) - 1);
    const steps: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    const step = steps[key];
    if (step === undefined) return;
    event.preventDefault();
    this.#move(step);
  }

  #move(step: number): void {
    const last = this.#rows.length - 1;
    if (last < 0) return;
    const found = this.#selected === undefined ? undefined : this.#rows.indexOf(this.#selected);
    // A selected row that is gone counts as the place where it was.
    const from = found === undefined ? (step < 0 ? last + 1 : -1) : found < 0 ? -found - 1 : found;
    this.#select(Math.min(last, Math.max(0, from + step)));
  }

  #select(index: number): void {
    const row = this.#rows.at(index);
    if (!row) return;
    this.#selected = row.seq;
    const top = index * this.#rowPx;
    const { scrollTop, clientHeight } = this.grid;
    if (top < scrollTop) this.grid.scrollTop = top;
    else if (top + this.#rowPx > scrollTop + clientHeight) this.grid.scrollTop = top + this.#rowPx - clientHeight;
    // What is looked at must not run away.
    this.#follow(index === this.#rows.length - 1);
    this.#draw();
    this.#events.select(row);
  }

  #pointed(event: Event, open: boolean): void {
    const line = event.target instanceof Element ? event.target.closest<HTMLElement>('.row') : null;
    const index = line ? this.#rows.indexOf(Number(line.dataset['seq'])) : -1;
    if (index < 0) return;
    this.#select(index);
    if (open) this.#events.open(this.#rows.at(index)!);
  }
}

function rowId(seq: number): string {
  return `row-${seq}`;
}

/** A heading above the columns; what it says belongs to the cells for a screen reader, too. */
export function columnHeads(): { readonly heads: HTMLElement; readonly name: (texts: readonly string[]) => void } {
  const cells = ['time', 'label', 'origin', 'text'].map((name) => element('span', name));
  const heads = element('div', 'heads', ...cells);
  heads.setAttribute('aria-hidden', 'true');
  return { heads, name: (texts) => cells.forEach((cell, index) => setText(cell, texts[index] ?? '')) };
}
