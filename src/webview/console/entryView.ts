import { element, setText } from '../dom';
import { type ConsoleStrings, MAX_PASTE_LINES } from '../protocol';
import { filled } from './filled';
import type { Entry, Outcome } from './model';
import { type PanePorts, ReplyPane, type ShownReply } from './replyPane';

/** The buttons below what was refused because the target is read-only. */
export const UNLOCK_CLASS = 'unlock';

export type EntryPorts = Pick<PanePorts, 'send' | 'leave' | 'stop'>;

/** One line of the console and its reply. */
export class EntryView {
  readonly element: HTMLElement;
  readonly #ports: EntryPorts;
  readonly #line: HTMLElement;
  #entry: Entry;
  #strings: ConsoleStrings;
  #pane: ReplyPane | undefined;

  constructor(entry: Entry, strings: ConsoleStrings, ports: EntryPorts) {
    this.#entry = entry;
    this.#strings = strings;
    this.#ports = ports;
    this.#line = element('span', 'line', entry.shown);
    const typed = element('div', 'typed', element('span', 'prompt', `${entry.prompt}> `), this.#line);
    this.element = element('div', 'entry', typed);
    this.element.dataset['entry'] = String(entry.id);
    this.#show();
  }

  get entry(): Entry {
    return this.#entry;
  }

  /** Where the reply has a text. */
  get pane(): ReplyPane | undefined {
    return this.#pane;
  }

  update(entry: Entry, strings: ConsoleStrings): void {
    // It was masked; the pane names it, too.
    if (entry.shown !== this.#entry.shown) this.#pane = undefined;
    setText(this.#line, entry.shown);
    this.#entry = entry;
    this.#strings = strings;
    this.#show();
  }

  #show(): void {
    const { outcome, id, shown: command } = this.#entry;
    const reply = shownReply(outcome);
    if (reply && this.#pane) {
      this.#pane.update(reply);
      return;
    }
    while (this.element.childElementCount > 1) this.element.lastElementChild?.remove();
    this.#pane = reply && new ReplyPane({ ...this.#ports, id, command, strings: this.#strings }, reply);
    if (this.#pane) this.element.append(this.#pane.element);
    else this.element.append(...otherParts(outcome, this.#strings));
  }
}

function shownReply(outcome: Outcome): ShownReply | undefined {
  switch (outcome.kind) {
    case 'value':
    case 'error':
    case 'fault': {
      const { kind, text, truncated, rows = 0, views = [], ending = 'whole' } = outcome;
      return { kind, text, truncated, rows, views, ending };
    }
    case 'running':
      return outcome.rows === undefined ? undefined : { kind: 'running', text: '', truncated: false, rows: outcome.rows, views: [], ending: 'whole' };
    case 'readOnly':
    case 'cancelled':
    case 'dropped':
    case 'overflow':
    case 'unanswered':
      return undefined;
  }
}

function otherParts(outcome: Outcome, strings: ConsoleStrings): HTMLElement[] {
  switch (outcome.kind) {
    case 'readOnly': {
      const unlock = element('button', UNLOCK_CLASS, strings.unlock);
      unlock.type = 'button';
      return [element('pre', 'reply fault', outcome.text), unlock];
    }
    case 'cancelled':
      return [element('div', 'note', strings.cancelled)];
    case 'dropped':
      return [element('div', 'note', strings.notRun)];
    case 'overflow':
      return [element('div', 'note', filled(strings.tooManyLines, [String(outcome.lines), String(MAX_PASTE_LINES)]))];
    case 'unanswered':
      return [element('div', 'note', strings.unanswered)];
    case 'running':
    case 'value':
    case 'error':
    case 'fault':
      return [];
  }
}
