import { element, setText } from '../dom';
import { type ConsoleStrings, MAX_COPY_CHARS, type ReplyMessage, type ReplyRequest, type ReplyView, type ViewShape } from '../protocol';
import { filled } from './filled';
import { VirtualList } from './virtualList';

/** What of an outcome has a text to show. */
export interface ShownReply {
  readonly kind: 'value' | 'error' | 'fault' | 'running';
  /** Empty where the reply is large. */
  readonly text: string;
  readonly truncated: boolean;
  /** Of a large reply; else 0. */
  readonly rows: number;
  readonly views: readonly ReplyView[];
  readonly ending: 'whole' | 'stopped' | 'lost';
}

export interface PanePorts {
  readonly id: number;
  /** The command, as it is shown. */
  readonly command: string;
  readonly strings: ConsoleStrings;
  readonly send: (request: ReplyRequest) => void;
  /** The keyboard goes back to the prompt. */
  readonly leave: () => void;
  readonly stop: () => void;
}

/** One reply, in the view that is chosen. */
export class ReplyPane {
  readonly element = element('div', 'pane');
  readonly #ports: PanePorts;
  readonly #note = element('div', 'note');
  /** What has become of a copy; said, and gone at the next change. */
  readonly #said = element('div', 'note');
  #reply: ShownReply;
  #view: ReplyView = 'text';
  #content: HTMLElement | undefined;
  #list: VirtualList | undefined;
  #shape: ViewShape | 'gone' | undefined;

  constructor(ports: PanePorts, reply: ShownReply) {
    this.#ports = ports;
    this.#reply = reply;
    this.#said.setAttribute('role', 'status');
    this.element.append(this.#note, this.#said);
    this.#build();
  }

  get view(): ReplyView {
    return this.#view;
  }

  /** Besides the text. */
  get views(): readonly ReplyView[] {
    return this.#reply.views;
  }

  get settled(): boolean {
    return this.#reply.kind !== 'running';
  }

  /** More of it has come, or all. */
  update(reply: ShownReply): void {
    const sameContent = this.#view === 'text' && this.#list !== undefined && reply.rows > 0;
    this.#reply = reply;
    if (!sameContent) {
      this.#build();
      return;
    }
    this.#list?.setRows(reply.rows);
    this.#showNote();
  }

  show(view: ReplyView): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#shape = undefined;
    this.#say('');
    this.#build();
    if (view !== 'text') this.#ports.send({ type: 'view', id: this.#ports.id, view });
  }

  /** What is selected, else all of it. */
  copy(): void {
    const { id, send } = this.#ports;
    const text = this.#text;
    const selection = this.#list?.selection;
    if (text !== undefined && text.length <= MAX_COPY_CHARS) send({ type: 'copyText', id, text });
    else if (selection && selection[0] < selection[1]) send({ type: 'copy', id, view: this.#view, from: selection[0], to: selection[1] });
    else send({ type: 'copy', id, view: this.#view, from: 0, to: Number.MAX_SAFE_INTEGER });
  }

  openInEditor(): void {
    const { id, send } = this.#ports;
    // The extension may have dropped what the page still shows, but it alone knows the language.
    if (this.#view === 'text' && this.#text !== undefined) send({ type: 'openText', text: this.#text });
    else send({ type: 'openInEditor', id, view: this.#view });
  }

  receive(message: ReplyMessage): void {
    if (message.type === 'noted') {
      this.#say(message.text);
      return;
    }
    if (message.type === 'growing' || message.view !== this.#view) return;
    switch (message.type) {
      case 'view':
        this.#shape = message.shape;
        this.#build();
        break;
      case 'rows':
        if (message.rows === 'gone') this.#say(this.#ports.strings.gone);
        else this.#list?.receive(message.from, message.rows);
        break;
      case 'found':
        this.#list?.found(message.row);
        break;
    }
  }

  /** What the page has as a whole. */
  get #text(): string | undefined {
    if (this.#view === 'text') return this.#reply.rows > 0 ? undefined : this.#reply.text;
    return this.#shape === undefined || this.#shape === 'gone' ? undefined : (this.#shape.text ?? undefined);
  }

  #build(): void {
    this.#list = undefined;
    const content = this.#makeContent();
    if (this.#content) this.#content.replaceWith(content);
    else this.element.prepend(content);
    this.#content = content;
    this.#showNote();
  }

  #makeContent(): HTMLElement {
    const { strings } = this.#ports;
    const text = this.#text;
    const kind = this.#view === 'text' ? this.#reply.kind : 'value';
    if (text !== undefined) {
      // A lone carriage return is a blank in a browser; with the line feed it is a line end.
      return element('pre', `reply ${kind}`, text.replaceAll('\r\n', '\n'));
    }
    if (this.#view === 'text') return this.#makeList(this.#reply.rows, null);
    if (this.#shape === 'gone') return element('div', 'note', strings.gone);
    if (this.#shape === undefined) return element('div', 'note', strings.loading);
    return this.#makeList(this.#shape.rows, this.#shape.columns);
  }

  #makeList(rows: number, columns: ViewShape['columns']): HTMLElement {
    const { id, command, strings, send, leave } = this.#ports;
    const view = this.#view;
    const list = new VirtualList({
      label: filled(strings.rowsLabel, [command]),
      columns,
      strings,
      request: (from, count) => send({ type: 'rows', id, view, from, count }),
      find: (words, from, backwards) => send({ type: 'find', id, view, words, from, backwards }),
      copy: (from, to) => send({ type: 'copy', id, view, from, to }),
      leave,
    });
    list.setRows(rows);
    this.#list = list;
    return list.element;
  }

  #showNote(): void {
    const { strings, stop } = this.#ports;
    const { kind, rows, truncated, ending } = this.#reply;
    if (kind === 'running') {
      const button = element('button', 'stop', strings.stop);
      button.type = 'button';
      button.addEventListener('click', stop);
      const count = element('span', '', filled(strings.rowsSoFar, [rows.toLocaleString()]));
      // The button stays the same one, lest it loses the keyboard.
      const old = this.#note.querySelector('.stop');
      if (old) this.#note.querySelector('span')?.replaceWith(count);
      else this.#note.replaceChildren(count, ' ', button);
      this.#note.hidden = false;
      return;
    }
    setText(this.#note, this.#view === 'text' ? textNote(truncated, ending, strings) : this.#shapeNote);
    this.#note.hidden = this.#note.textContent === '';
  }

  get #shapeNote(): string {
    return this.#shape === undefined || this.#shape === 'gone' ? '' : this.#shape.note;
  }

  #say(text: string): void {
    setText(this.#said, text);
  }
}

function textNote(truncated: boolean, ending: ShownReply['ending'], strings: ConsoleStrings): string {
  if (ending === 'stopped') return strings.stopped;
  if (ending === 'lost') return strings.cutOff;
  return truncated ? strings.truncated : '';
}
