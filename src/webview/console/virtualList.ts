import { element, setText } from '../dom';
import type { ColumnMessage, ConsoleStrings, Row } from '../protocol';
import { ListGeometry } from './listGeometry';
import { filled } from './filled';
import { BLOCK_ROWS, RowCache } from './rowCache';

export interface ListPorts {
  /** What the list shows, for screen readers. */
  readonly label: string;
  readonly columns: readonly ColumnMessage[] | null;
  readonly strings: ConsoleStrings;
  request(from: number, count: number): void;
  find(words: string, from: number, backwards: boolean): void;
  /** Rows to copy, both included. */
  copy(from: number, to: number): void;
  /** The keyboard leaves the list. */
  leave(): void;
}

const OVERSCAN = 4;
/** From here on a list can be searched, and says where one is. */
const ENOUGH_FOR_TOOLS = 40;
const WHEEL_LINE_ROWS = 3;
const WHEEL_LINES = 1;
const WHEEL_PAGES = 2;
let lists = 0;

/** Any number of rows of which only those are there that are seen. Rows are asked for when they are needed. */
export class VirtualList {
  readonly element = element('div', 'list');
  readonly #ports: ListPorts;
  readonly #id = `list-${lists++}`;
  readonly #geometry = new ListGeometry();
  readonly #cache = new RowCache();
  readonly #viewport = element('div', 'viewport');
  readonly #spacer = element('div', 'spacer');
  readonly #window = element('div', 'window');
  readonly #head: HTMLElement | undefined;
  readonly #shown: HTMLElement[] = [];
  readonly #tools = element('div', 'list-tools');
  readonly #words = element('input', 'words');
  readonly #position = element('span', 'position');
  readonly #found = element('span', 'found-row');
  /** The first row that is seen, with a fraction; the scroll bar follows it. */
  #top = 0;
  #anchor: number | undefined;
  #focus: number | undefined;
  #drawing = false;

  constructor(ports: ListPorts) {
    this.#ports = ports;
    const { columns, label } = ports;
    const viewport = this.#viewport;
    viewport.tabIndex = 0;
    viewport.setAttribute('role', columns ? 'grid' : 'listbox');
    viewport.setAttribute('aria-label', label);
    viewport.setAttribute('aria-multiselectable', 'true');
    // What scrolls by is not news.
    this.element.setAttribute('aria-live', 'off');
    if (columns) this.#head = this.#makeHead(columns);
    this.#window.setAttribute('role', 'presentation');
    this.#spacer.setAttribute('role', 'presentation');
    this.#spacer.append(this.#window);
    viewport.append(this.#spacer);
    this.#makeTools();
    this.element.append(viewport, this.#tools);
    viewport.addEventListener('scroll', () => this.#onScroll());
    viewport.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    viewport.addEventListener('keydown', (event) => this.#onKey(event));
    viewport.addEventListener('click', (event) => this.#onClick(event));
    new ResizeObserver(() => this.#draw()).observe(viewport);
  }

  /** What is selected, both included. */
  get selection(): readonly [from: number, to: number] | undefined {
    if (this.#anchor === undefined || this.#focus === undefined) return undefined;
    return [Math.min(this.#anchor, this.#focus), Math.max(this.#anchor, this.#focus)];
  }

  setRows(rows: number): void {
    this.#geometry.rows = rows;
    this.#cache.setRows(rows);
    if (this.#head) this.#viewport.setAttribute('aria-rowcount', String(rows + 1));
    this.#draw();
  }

  receive(from: number, rows: readonly Row[]): void {
    this.#cache.put(from, rows);
    this.#draw();
  }

  found(row: number | null): void {
    const { strings } = this.#ports;
    setText(this.#found, row === null ? strings.notFound : filled(strings.foundAt, [String(row + 1)]));
    if (row === null) return;
    this.#anchor = row;
    this.#goTo(row, false);
  }

  focus(): void {
    this.#viewport.focus();
  }

  #makeHead(columns: readonly ColumnMessage[]): HTMLElement {
    const cells = columns.map(({ name }) => {
      const cell = element('span', 'cell', name);
      cell.setAttribute('role', 'columnheader');
      return cell;
    });
    const head = element('div', 'row head', ...cells);
    head.setAttribute('role', 'row');
    this.#layOut(head);
    this.#viewport.append(head);
    return head;
  }

  #makeTools(): void {
    const { strings } = this.#ports;
    Object.assign(this.#words, { type: 'search', placeholder: strings.find, spellcheck: false });
    this.#words.setAttribute('aria-label', strings.find);
    this.#found.setAttribute('role', 'status');
    const [previous, next] = [true, false].map((backwards) => {
      const button = element('button', backwards ? 'previous' : 'next', backwards ? '↑' : '↓');
      button.type = 'button';
      button.title = backwards ? strings.findPrevious : strings.findNext;
      button.setAttribute('aria-label', button.title);
      button.addEventListener('click', () => this.#search(backwards));
      return button;
    });
    this.#words.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#search(event.shiftKey);
      else if (event.key === 'Escape') this.focus();
      else return;
      event.preventDefault();
    });
    this.#tools.append(this.#words, previous!, next!, this.#found, element('span', 'gap'), this.#position);
  }

  #search(backwards: boolean): void {
    const { rows } = this.#geometry;
    const words = this.#words.value;
    if (words === '' || rows === 0) return;
    setText(this.#found, this.#ports.strings.loading);
    const from = this.#focus === undefined ? Math.floor(this.#top) : this.#focus + (backwards ? -1 : 1);
    // Beyond either end it goes on at the other one.
    this.#ports.find(words, (from + rows) % rows, backwards);
  }

  #onScroll(): void {
    const { scrollTop } = this.#viewport;
    // What we have set ourselves says more than the bar, which knows whole pixels only.
    if (Math.abs(scrollTop - this.#geometry.scrollAt(this.#top)) < 1) return;
    this.#top = this.#geometry.topAt(scrollTop);
    this.#draw();
  }

  #onWheel(event: WheelEvent): void {
    if (!this.#geometry.scaled || event.ctrlKey) return;
    const { rowHeight, rowsInView } = this.#geometry;
    let rows = event.deltaY / rowHeight;
    if (event.deltaMode === WHEEL_LINES) rows = event.deltaY * WHEEL_LINE_ROWS;
    else if (event.deltaMode === WHEEL_PAGES) rows = event.deltaY * rowsInView;
    const top = Math.min(Math.max(0, this.#top + rows), this.#geometry.lastTop);
    if (top === this.#top) return;
    event.preventDefault();
    this.#scrollTo(top);
  }

  #onKey(event: KeyboardEvent): void {
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (!(command ? this.#onCommand(event.key.toLowerCase()) : this.#onPlainKey(event.key, event.shiftKey))) return;
    event.preventDefault();
    // The page has other uses for some of them.
    event.stopPropagation();
  }

  #onCommand(key: string): boolean {
    const { rows } = this.#geometry;
    switch (key) {
      case 'a':
        this.#anchor = 0;
        this.#focus = rows - 1;
        this.#draw();
        return true;
      case 'c': {
        // Words that were marked with the mouse are copied by the browser.
        if ((window.getSelection()?.toString() ?? '') !== '' || !this.selection) return false;
        this.#ports.copy(...this.selection);
        return true;
      }
      case 'f':
        if (this.#tools.hidden) return false;
        this.#words.focus();
        return true;
      default:
        return false;
    }
  }

  #onPlainKey(key: string, extend: boolean): boolean {
    const { rows, rowsInView } = this.#geometry;
    const at = this.#focus ?? Math.ceil(this.#top) - 1;
    switch (key) {
      case 'ArrowDown':
        return this.#goTo(at + 1, extend);
      case 'ArrowUp':
        return this.#goTo(at - 1, extend);
      case 'PageDown':
        return this.#goTo(at + rowsInView, extend);
      case 'PageUp':
        return this.#goTo(at - rowsInView, extend);
      case 'Home':
        return this.#goTo(0, extend);
      case 'End':
        return this.#goTo(rows - 1, extend);
      case 'Escape':
        this.#ports.leave();
        return true;
      default:
        return false;
    }
  }

  #onClick(event: MouseEvent): void {
    if ((window.getSelection()?.toString() ?? '') !== '' && !event.shiftKey) return;
    const row = this.#shown.findIndex((each) => each.contains(event.target as Node));
    if (row >= 0) this.#goTo(Number(this.#shown[row]!.dataset['row']), event.shiftKey);
  }

  #goTo(wanted: number, extend: boolean): boolean {
    const row = Math.min(Math.max(0, wanted), this.#geometry.rows - 1);
    this.#focus = row;
    if (!extend || this.#anchor === undefined) this.#anchor = row;
    this.#scrollTo(this.#geometry.topToShow(row, this.#top));
    return true;
  }

  #scrollTo(top: number): void {
    this.#top = top;
    this.#viewport.scrollTop = this.#geometry.scrollAt(top);
    this.#draw();
  }

  /** Once per frame, whatever happens in between. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#drawNow();
    });
  }

  #drawNow(): void {
    const geometry = this.#geometry;
    const headHeight = this.#head?.offsetHeight ?? 0;
    geometry.rowHeight = this.#rowHeight();
    this.#spacer.style.height = `${geometry.height}px`;
    geometry.viewport = Math.max(1, this.#viewport.clientHeight - headHeight);
    this.#top = Math.min(this.#top, geometry.lastTop);
    const first = Math.max(0, Math.floor(this.#top) - OVERSCAN);
    const end = Math.min(geometry.rows, Math.ceil(this.#top + geometry.viewport / geometry.rowHeight) + OVERSCAN);
    for (const from of this.#cache.missing(first, end)) this.#ports.request(from, Math.min(BLOCK_ROWS, geometry.rows - from));
    this.#showRows(first, end);
    const scrollTop = geometry.scaled ? geometry.scrollAt(this.#top) : this.#top * geometry.rowHeight;
    this.#window.style.transform = `translateY(${scrollTop - (this.#top - first) * geometry.rowHeight}px)`;
    this.#showPosition();
  }

  #rowHeight(): number {
    const height = Number.parseFloat(getComputedStyle(this.#viewport).lineHeight);
    return Number.isFinite(height) && height >= 1 ? height : 18;
  }

  #showRows(first: number, end: number): void {
    while (this.#shown.length < end - first) this.#addRow();
    const { selection } = this;
    for (const [index, shown] of this.#shown.entries()) {
      const row = first + index;
      shown.hidden = row >= end;
      if (shown.hidden) continue;
      shown.dataset['row'] = String(row);
      shown.id = `${this.#id}-${row}`;
      fillRow(shown, this.#cache.at(row));
      const selected = selection !== undefined && row >= selection[0] && row <= selection[1];
      shown.setAttribute('aria-selected', String(selected));
      shown.classList.toggle('focused', row === this.#focus);
      if (this.#head) shown.setAttribute('aria-rowindex', String(row + 2));
      else {
        shown.setAttribute('aria-posinset', String(row + 1));
        shown.setAttribute('aria-setsize', String(this.#geometry.rows));
      }
    }
    const widest = this.#window.scrollWidth;
    // It gets no narrower again: the bar would jump.
    if (widest > this.#spacer.offsetWidth) this.#spacer.style.minWidth = `${widest}px`;
    if (this.#focus !== undefined && this.#focus >= first && this.#focus < end) this.#viewport.setAttribute('aria-activedescendant', `${this.#id}-${this.#focus}`);
    else this.#viewport.removeAttribute('aria-activedescendant');
  }

  #addRow(): void {
    const { columns } = this.#ports;
    const row = element('div', 'row');
    row.setAttribute('role', columns ? 'row' : 'option');
    if (columns) {
      for (const _ of columns) {
        const cell = element('span', 'cell');
        cell.setAttribute('role', 'gridcell');
        row.append(cell);
      }
      this.#layOut(row);
    }
    this.#shown.push(row);
    this.#window.append(row);
  }

  #layOut(row: HTMLElement): void {
    row.style.gridTemplateColumns = (this.#ports.columns ?? []).map(({ width }) => `${Math.min(Math.max(width, 2), 60)}ch`).join(' ');
  }

  #showPosition(): void {
    const { rows, viewport, rowHeight } = this.#geometry;
    this.#tools.hidden = rows < ENOUGH_FOR_TOOLS;
    const last = Math.min(rows, Math.floor(this.#top + viewport / rowHeight));
    const numbers = [Math.floor(this.#top) + 1, last, rows].map((number) => number.toLocaleString());
    setText(this.#position, filled(this.#ports.strings.rowsShown, numbers));
  }
}

function fillRow(shown: HTMLElement, row: Row | undefined): void {
  if (typeof row === 'string' || row === undefined) {
    if (shown.childElementCount === 0) setText(shown, row ?? '');
    else for (const cell of shown.children) setText(cell, '');
    return;
  }
  for (const [index, cell] of [...shown.children].entries()) {
    const text = row[index] ?? '';
    setText(cell, text);
    (cell as HTMLElement).title = text;
  }
}
