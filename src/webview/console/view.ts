import { setText } from '../dom';
import type { ConsoleStrings, ReplyMessage } from '../protocol';
import { type EntryPorts, EntryView } from './entryView';
import type { HistorySearch } from './history';
import type { ConsoleModel, Entry } from './model';
import { ReplyActions } from './replyActions';

/** What the page consists of; every text enters as text, never as markup. */
export interface Parts {
  readonly log: HTMLElement;
  readonly banner: HTMLElement;
  readonly bannerText: HTMLElement;
  readonly connect: HTMLButtonElement;
  readonly progress: HTMLElement;
  readonly ping: HTMLButtonElement;
  readonly latency: HTMLElement;
  readonly guard: HTMLElement;
  readonly lock: HTMLButtonElement;
  readonly cancel: HTMLButtonElement;
  readonly clear: HTMLButtonElement;
  readonly found: HTMLElement;
  readonly prompt: HTMLElement;
  readonly input: HTMLInputElement;
}

/** Builds the page below `root`. */
export function buildPage(root: HTMLElement): Parts {
  const log = element('div', 'log');
  log.setAttribute('role', 'log');
  log.setAttribute('aria-live', 'polite');
  // Reachable with Tab, so that the arrow keys scroll it.
  log.tabIndex = 0;
  const bannerText = element('span', 'banner-text');
  const connect = button('connect');
  const banner = element('div', 'banner', bannerText, connect);
  banner.setAttribute('role', 'status');
  const ping = button('ping');
  const latency = element('span', 'latency');
  latency.setAttribute('role', 'status');
  const guard = element('span', 'guard');
  guard.setAttribute('role', 'status');
  const lock = button('lock');
  const progress = element('span', 'progress');
  const cancel = button('cancel');
  const clear = button('clear');
  const strip = element('div', 'strip', guard, lock, ping, latency, element('span', 'gap'), progress, cancel, clear);
  const found = element('div', 'found');
  found.setAttribute('role', 'status');
  found.hidden = true;
  const prompt = element('label', 'prompt');
  const input = document.createElement('input');
  Object.assign(input, { id: 'line', type: 'text', autocomplete: 'off', spellcheck: false });
  input.setAttribute('autocapitalize', 'off');
  prompt.setAttribute('for', input.id);
  root.replaceChildren(strip, log, banner, found, element('div', 'entry-line', prompt, input));
  return { log, banner, bannerText, connect, progress, ping, latency, guard, lock, cancel, clear, found, prompt, input };
}

/** Keeps the page equal to the model; only entries that changed are touched. */
export class View {
  readonly #parts: Parts;
  readonly #ports: EntryPorts;
  readonly #shown = new Map<number, EntryView>();
  readonly #actions: ReplyActions;
  /** What has changed since the actions were placed. */
  #latest: EntryView | undefined;
  #attaching = false;
  #strings: ConsoleStrings | undefined;

  constructor(parts: Parts, ports: EntryPorts) {
    this.#parts = parts;
    this.#ports = ports;
    this.#actions = new ReplyActions({ move: (step) => this.#moveActions(step), leave: ports.leave });
    const follow = ({ target }: Event): void => {
      const place = target instanceof Element ? target.closest<HTMLElement>('.entry') : null;
      // It is not taken away from the keyboard.
      if (place && !this.#actions.focused) this.#attachActions(this.#shown.get(Number(place.dataset['entry'])));
    };
    parts.log.addEventListener('pointerover', follow);
    parts.log.addEventListener('focusin', follow);
  }

  /** For one of the replies. */
  receive(message: ReplyMessage): void {
    this.#shown.get(message.id)?.pane?.receive(message);
  }

  /** `search`: under way, so that the input holds what is searched for. */
  show(model: ConsoleModel, strings: ConsoleStrings, search: HistorySearch | undefined): void {
    if (strings !== this.#strings) this.#label(strings);
    this.#strings = strings;
    const { log, prompt, progress, cancel, ping } = this.#parts;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    this.#showEntries(model.entries, strings);
    if (atEnd) log.scrollTop = log.scrollHeight;
    const connected = model.status === 'ready' || model.status === 'connecting';
    // As redis-cli does; what is being typed stays.
    setText(prompt, `${connected ? model.prompt : strings.notConnected}>`);
    prompt.classList.toggle('lost', !connected);
    this.#showSearch(search, strings);
    const running = model.running !== undefined;
    const waiting = model.waiting.length > 0 ? fill(strings.waiting, model.waiting.length) : '';
    progress.textContent = running ? `${strings.running} ${waiting}`.trim() : waiting;
    cancel.disabled = !running && model.waiting.length === 0;
    ping.disabled = running || model.status !== 'ready' || model.latency.kind === 'asked';
    this.#showLatency(model, strings);
    this.#showGuard(model, strings);
    this.#showBanner(model, strings);
  }

  scrollToEnd(): void {
    this.#parts.log.scrollTop = this.#parts.log.scrollHeight;
  }

  #label(strings: ConsoleStrings): void {
    const { log, input, connect, ping, cancel, clear } = this.#parts;
    document.title = strings.title;
    log.setAttribute('aria-label', strings.repliesLabel);
    input.setAttribute('aria-label', strings.inputLabel);
    connect.textContent = strings.connect;
    ping.textContent = strings.ping;
    cancel.textContent = strings.cancel;
    clear.textContent = strings.clear;
  }

  #showEntries(entries: readonly Entry[], strings: ConsoleStrings): void {
    const present = new Set(entries.map(({ id }) => id));
    for (const [id, { element }] of this.#shown) {
      if (present.has(id)) continue;
      element.remove();
      this.#shown.delete(id);
    }
    for (const entry of entries) {
      const old = this.#shown.get(entry.id);
      if (old?.entry === entry) continue;
      if (old) old.update(entry, strings);
      const shown = old ?? new EntryView(entry, strings, this.#ports);
      if (!old) this.#parts.log.append(shown.element);
      this.#shown.set(entry.id, shown);
      if (shown.pane) this.#latest = shown;
    }
    if (this.#latest) this.#attachSoon();
  }

  /** The last reply has the actions, so that the Tab key finds them. */
  #attachSoon(): void {
    if (this.#attaching) return;
    this.#attaching = true;
    requestAnimationFrame(() => {
      this.#attaching = false;
      const latest = this.#latest;
      this.#latest = undefined;
      if (latest && (!this.#actions.focused || this.#actions.pane === latest.pane)) this.#attachActions(latest);
    });
  }

  #attachActions(shown: EntryView | undefined): void {
    if (shown?.pane?.settled && this.#strings) this.#actions.attach(shown.pane, shown.entry.shown, shown.element, this.#strings);
  }

  #moveActions(step: -1 | 1): void {
    const settled = [...this.#shown.values()].filter(({ pane }) => pane?.settled);
    const next = settled[settled.findIndex(({ pane }) => pane === this.#actions.pane) + step];
    if (!next) return;
    this.#attachActions(next);
    next.element.scrollIntoView({ block: 'nearest' });
    this.#actions.focus();
  }

  #showLatency({ latency }: ConsoleModel, strings: ConsoleStrings): void {
    const { kind } = latency;
    let text = '';
    if (kind === 'asked') text = strings.pinging;
    else if (kind === 'known') text = fill(strings.latency, latency.ms.toFixed(1));
    else if (kind === 'failed') text = latency.text;
    setText(this.#parts.latency, text);
    this.#parts.latency.classList.toggle('failed', kind === 'failed');
  }

  #showGuard({ guard: { production, reasons, minutesLeft } }: ConsoleModel, strings: ConsoleStrings): void {
    const { guard, lock } = this.#parts;
    const unlocked = minutesLeft > 0;
    const shown = unlocked ? fill(strings.unlocked, minutesLeft) : strings.readOnly;
    setText(guard, production ? shown : '');
    guard.title = reasons;
    guard.classList.toggle('unlocked', unlocked);
    setText(lock, unlocked ? strings.lock : strings.unlock);
    guard.hidden = !production;
    lock.hidden = !production;
  }

  #showSearch(search: HistorySearch | undefined, strings: ConsoleStrings): void {
    const { found } = this.#parts;
    found.hidden = search === undefined;
    const text = search?.query ? `${fill(strings.search, search.query)} ${search.found ?? ''}` : strings.searchEmpty;
    setText(found, search ? text : '');
  }

  #showBanner({ status, detail, restored }: ConsoleModel, strings: ConsoleStrings): void {
    const { banner, bannerText, connect } = this.#parts;
    const texts = { connecting: strings.connecting, ready: restored ? strings.restored : '', lost: strings.lost, failed: '', tunnelClosed: strings.tunnelClosed };
    const text = [texts[status], detail].filter((part) => part !== '').join(' ');
    setText(bannerText, text);
    banner.hidden = text === '';
    banner.dataset['status'] = status;
    connect.hidden = status !== 'failed' && status !== 'lost';
  }
}

function element(tag: string, name: string, ...children: readonly HTMLElement[]): HTMLElement {
  const created = document.createElement(tag);
  created.className = name;
  created.append(...children);
  return created;
}

function button(name: string): HTMLButtonElement {
  const created = document.createElement('button');
  created.className = name;
  created.type = 'button';
  return created;
}

function fill(pattern: string, value: string | number): string {
  return pattern.replace('{0}', () => String(value));
}
