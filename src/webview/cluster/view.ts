import { element, setText, shape } from '../dom';
import type { ClusterNodeRow, ClusterShardRow, ClusterToPage } from './messages';
import { LABEL_WIDTH, segmentsOf } from './slotBar';

/** Colours are repeated, and numbers tell shards apart. */
const COLOURS = 6;

export interface ClusterActions {
  readonly refresh: () => void;
  readonly readAll: () => void;
  readonly connect: () => void;
  readonly ping: (node: string) => void;
  readonly console: (node: string) => void;
}

/** Builds the page once; `show` keeps it equal to what the extension says. Every text enters as text, never as markup. */
export class ClusterView {
  readonly #actions: ClusterActions;
  readonly #heading = element('h1');
  readonly #about = element('p', 'about');
  readonly #status = element('p', 'status');
  readonly #refresh = button('primary');
  readonly #readAll = button('');
  readonly #connect = button('primary');
  readonly #caption = element('figcaption');
  readonly #bar = shape('svg', { role: 'img' });
  readonly #figure = element('figure', '', this.#caption, this.#bar);
  readonly #table = element('table');
  #drawn = '';
  #listed = '';

  constructor(root: HTMLElement, actions: ClusterActions) {
    this.#actions = actions;
    this.#status.setAttribute('role', 'status');
    this.#refresh.addEventListener('click', actions.refresh);
    this.#readAll.addEventListener('click', actions.readAll);
    this.#connect.addEventListener('click', actions.connect);
    const buttons = element('div', 'buttons', this.#connect, this.#refresh, this.#readAll);
    root.replaceChildren(element('main', '', this.#heading, this.#about, buttons, this.#status, this.#figure, element('div', 'table', this.#table)));
  }

  show(page: ClusterToPage): void {
    const { strings, title, about, status, level, busy, connectable, more, shards } = page;
    document.title = title;
    setText(this.#heading, title);
    setText(this.#about, about);
    setText(this.#status, status);
    this.#status.dataset['level'] = level;
    this.#status.hidden = status === '';
    setText(this.#refresh, strings.refresh);
    setText(this.#readAll, strings.readAll);
    setText(this.#connect, strings.connect);
    this.#connect.hidden = !connectable;
    this.#refresh.hidden = connectable;
    this.#refresh.disabled = busy;
    this.#readAll.hidden = connectable || !more;
    this.#readAll.disabled = busy;
    this.#figure.hidden = shards.length === 0;
    this.#draw(page);
    this.#list(page);
  }

  #draw({ strings, picture, shards }: ClusterToPage): void {
    const version = JSON.stringify([strings.slots, picture, shards.map(({ ranges }) => ranges)]);
    if (version === this.#drawn) return;
    this.#drawn = version;
    setText(this.#caption, strings.slots);
    this.#bar.setAttribute('aria-label', picture);
    const parts = segmentsOf(shards).flatMap(({ shard, x, width }) => {
      const kind = shard < 0 ? 'nobody' : `shard colour${shard % COLOURS}`;
      const rect = shape('rect', { class: kind, x: `${x}%`, y: 0, width: `${width}%`, height: '100%' });
      if (shard < 0 || width < LABEL_WIDTH) return [rect];
      const text = shape('text', { x: `${x + width / 2}%`, y: '50%', 'text-anchor': 'middle', 'dominant-baseline': 'central' });
      text.textContent = String(shard + 1);
      return [rect, text];
    });
    this.#bar.replaceChildren(...parts);
  }

  /** Only when something is different, and with the keyboard where it was: figures come one by one. */
  #list({ strings, shards, busy, connectable }: ClusterToPage): void {
    const version = JSON.stringify([strings, shards, busy, connectable]);
    if (version === this.#listed) return;
    this.#listed = version;
    if (shards.length === 0) {
      this.#table.replaceChildren();
      return;
    }
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['action'] : undefined;
    const heads = [strings.node, strings.role, strings.health, strings.keys, strings.memory, strings.replication, strings.latency, strings.version].map((text) => {
      const head = element('th', '', text);
      head.setAttribute('scope', 'col');
      return head;
    });
    const groups = shards.map((shard, index) => this.#group(shard, index, { strings, off: busy || connectable }));
    this.#table.replaceChildren(element('thead', '', element('tr', '', ...heads, element('td'))), ...groups);
    if (focused === undefined) return;
    for (const one of this.#table.querySelectorAll('button')) if (one.dataset['action'] === focused) one.focus();
  }

  #group({ label, slots, nodes }: ClusterShardRow, index: number, options: RowOptions): HTMLElement {
    const swatch = shape('svg', { viewBox: '0 0 12 12', class: 'swatch', 'aria-hidden': 'true' });
    swatch.append(shape('rect', { class: `shard colour${index % COLOURS}`, x: 0, y: 0, width: 12, height: 12 }));
    const head = element('th', 'group', swatch, label, element('span', 'slots', slots));
    head.setAttribute('scope', 'rowgroup');
    head.colSpan = 9;
    return element('tbody', '', element('tr', '', head), ...nodes.flatMap((node) => this.#row(node, options)));
  }

  #row({ key, name, address, level, primary, cells, note, pingLabel, consoleLabel }: ClusterNodeRow, { strings, off }: RowOptions): HTMLElement[] {
    const head = element('th', primary ? 'primary' : '', name);
    head.setAttribute('scope', 'row');
    head.title = address;
    const ping = this.#action('ping', key, strings.ping, pingLabel, () => this.#actions.ping(key));
    const open = this.#action('console', key, strings.console, consoleLabel, () => this.#actions.console(key));
    ping.disabled = off;
    open.disabled = off;
    const [role, health, ...figures] = cells;
    const state = element('td', 'health', health);
    state.dataset['level'] = level;
    const row = element('tr', '', head, element('td', '', role), state, ...figures.map((text) => element('td', 'figure', text)), element('td', 'actions', ping, open));
    if (note === '') return [row];
    const told = element('td', '', element('div', 'note', note));
    told.colSpan = 9;
    return [row, element('tr', '', told)];
  }

  #action(kind: string, key: string, text: string, label: string, act: () => void): HTMLButtonElement {
    const made = button('small');
    made.textContent = text;
    made.setAttribute('aria-label', label);
    made.dataset['action'] = `${kind} ${key}`;
    made.addEventListener('click', act);
    return made;
  }
}

interface RowOptions {
  readonly strings: ClusterToPage['strings'];
  readonly off: boolean;
}

function button(className: string): HTMLButtonElement {
  const made = element('button', className);
  made.type = 'button';
  return made;
}
