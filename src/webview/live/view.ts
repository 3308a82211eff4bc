import { element, setText } from '../dom';
import { columnHeads, RowList } from './list';
import { type LiveRow, type LiveStatus, type LiveStrings, type LiveToHost, type LiveToPage, MAX_FILTER_CHARS } from './messages';

const FILTER_DELAY_MS = 150;

type Of<T extends LiveToPage['type']> = Extract<LiveToPage, { type: T }>;

/** The page of a live pane. Every text enters as text, never as markup. */
export class LiveView {
  readonly #send: (message: LiveToHost) => void;
  readonly #title = element('h1');
  readonly #status = element('p', 'status');
  readonly #note = element('p', 'note');
  readonly #pausedText = element('p', 'note paused');
  readonly #start: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #unlock: HTMLButtonElement;
  readonly #pause: HTMLButtonElement;
  readonly #clear: HTMLButtonElement;
  readonly #copyAll: HTMLButtonElement;
  readonly #openAll: HTMLButtonElement;
  readonly #toEnd: HTMLButtonElement;
  readonly #copyOne: HTMLButtonElement;
  readonly #close: HTMLButtonElement;
  readonly #repeatBox = element('input');
  readonly #repeatText = element('span');
  readonly #repeat: HTMLLabelElement;
  readonly #filter = element('input', 'filter');
  readonly #rate = element('span', 'rate');
  readonly #counts = element('span', 'counts');
  readonly #labelsSummary = element('summary');
  readonly #labelsList = element('ul');
  readonly #labels = element('details', 'labels', this.#labelsSummary, this.#labelsList);
  readonly #heads = columnHeads();
  readonly #list: RowList;
  readonly #empty = element('p', 'empty');
  readonly #facts = element('p', 'facts');
  readonly #json = element('label', 'choice');
  readonly #jsonBox = element('input');
  readonly #jsonText = element('span');
  readonly #body = element('pre');
  readonly #details: HTMLElement;
  #strings: LiveStrings | undefined;
  #paused = false;
  #labelCounts: Of<'stats'>['labels'] = [];
  #detail: Of<'details'> | undefined;
  #filtering: ReturnType<typeof setTimeout> | undefined;

  constructor(root: HTMLElement, send: (message: LiveToHost) => void) {
    this.#send = send;
    this.#list = new RowList({
      open: ({ seq }) => send({ type: 'details', seq }),
      copy: ({ seq }) => send({ type: 'copy', seq }),
      select: (row) => this.#selected(row),
      follow: (on) => {
        this.#toEnd.hidden = on;
      },
    });
    this.#start = button('start', () => send({ type: 'start' }));
    this.#stop = button('', () => send({ type: 'stop' }));
    this.#unlock = button('', () => send({ type: 'unlockWrites' }));
    this.#pause = button('', () => this.#setPaused(!this.#paused));
    this.#clear = button('', () => send({ type: 'clear' }));
    this.#copyAll = button('', () => send({ type: 'copyAll' }));
    this.#openAll = button('', () => send({ type: 'openAll' }));
    this.#toEnd = button('toEnd', () => this.#list.toEnd());
    this.#copyOne = button('', () => this.#detail && send({ type: 'copy', seq: this.#detail.seq }));
    this.#close = button('', () => this.#closeDetails());
    this.#repeat = element('label', 'choice', this.#repeatBox, this.#repeatText);
    this.#json.append(this.#jsonBox, this.#jsonText);
    const detailsBar = element('div', 'bar', this.#facts, this.#json, this.#copyOne, this.#close);
    this.#details = element('section', 'details', detailsBar, this.#body);
    this.#prepare();
    const state = element('div', 'bar', this.#title, this.#status, this.#unlock, this.#repeat, this.#start, this.#stop);
    const tools = element('div', 'bar', this.#filter, this.#pause, this.#clear, this.#copyAll, this.#openAll);
    const figures = element('div', 'bar figures', this.#rate, this.#counts, this.#labels);
    const middle = element('div', 'middle', this.#heads.heads, this.#list.grid, this.#empty, this.#toEnd);
    root.replaceChildren(element('main', '', state, this.#note, tools, this.#pausedText, figures, middle, this.#details));
  }

  setup({ strings, title, filter, paused }: Of<'setup'>): void {
    this.#strings = strings;
    document.title = title;
    setText(this.#title, title);
    this.#list.grid.setAttribute('aria-label', strings.list);
    this.#filter.placeholder = strings.filter;
    this.#filter.setAttribute('aria-label', strings.filter);
    this.#details.setAttribute('aria-label', strings.details);
    this.#heads.name([strings.time, strings.label, strings.origin, strings.text]);
    const texts: readonly (readonly [Element, string])[] = [
      [this.#start, strings.start], [this.#stop, strings.stop], [this.#unlock, strings.unlock], [this.#clear, strings.clear], [this.#copyAll, strings.copyAll],
      [this.#openAll, strings.openAll], [this.#toEnd, strings.toEnd], [this.#copyOne, strings.copy], [this.#close, strings.close],
      [this.#repeatText, strings.repeat], [this.#jsonText, strings.json], [this.#labelsSummary, strings.labels], [this.#empty, strings.empty],
    ];
    for (const [part, text] of texts) setText(part, text);
    // Somebody may be typing in it while the page is set up anew.
    if (document.activeElement !== this.#filter) this.#filter.value = filter;
    this.#showPaused(paused);
  }

  status({ tone, text, note, canStart, canStop, canUnlock, repeat }: LiveStatus): void {
    setText(this.#status, text);
    this.#status.dataset['tone'] = tone;
    setText(this.#note, note);
    this.#note.hidden = note === '';
    // Whoever has just pressed one goes on with the keyboard where the other one is.
    const focused = document.activeElement === this.#start || document.activeElement === this.#stop;
    this.#start.hidden = !canStart;
    this.#stop.hidden = !canStop;
    if (focused) (canStop ? this.#stop : this.#start).focus();
    this.#unlock.hidden = !canUnlock;
    this.#repeat.hidden = repeat === null;
    this.#repeatBox.checked = repeat === true;
  }

  rows({ batch, reset, first, rows }: Of<'rows'>): void {
    this.#list.add(rows, first, reset);
    this.#empty.hidden = this.#list.length > 0;
    // After the frame in which it is drawn: whoever is slow gets less often, and more at once.
    requestAnimationFrame(() => this.#send({ type: 'shown', batch }));
  }

  stats({ rate, counts, paused, labels }: Of<'stats'>): void {
    setText(this.#rate, rate);
    setText(this.#counts, counts);
    setText(this.#pausedText, paused);
    this.#pausedText.hidden = paused === '';
    this.#labelCounts = labels;
    this.#labels.hidden = labels.length === 0;
    this.#showLabels();
  }

  details(message: Of<'details'>): void {
    this.#detail = message;
    setText(this.#facts, message.facts);
    this.#json.hidden = message.json === '';
    this.#showBody();
    this.#details.hidden = false;
  }

  #prepare(): void {
    this.#status.setAttribute('role', 'status');
    this.#repeatBox.type = 'checkbox';
    this.#repeatBox.addEventListener('change', () => this.#send({ type: 'repeat', on: this.#repeatBox.checked }));
    this.#jsonBox.type = 'checkbox';
    this.#jsonBox.checked = true;
    this.#jsonBox.addEventListener('change', () => this.#showBody());
    this.#filter.type = 'search';
    this.#filter.maxLength = MAX_FILTER_CHARS;
    this.#filter.spellcheck = false;
    this.#filter.addEventListener('input', () => this.#filterSoon());
    this.#body.tabIndex = 0;
    this.#labels.addEventListener('toggle', () => this.#showLabels());
    for (const part of [this.#details, this.#toEnd, this.#note, this.#pausedText, this.#start, this.#stop, this.#unlock, this.#repeat]) part.hidden = true;
    this.#details.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#closeDetails();
    });
    this.#list.grid.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.#details.hidden) this.#closeDetails();
    });
  }

  #setPaused(on: boolean): void {
    this.#showPaused(on);
    this.#send({ type: 'pause', on });
    if (!on) this.#list.toEnd();
  }

  #showPaused(on: boolean): void {
    this.#paused = on;
    if (this.#strings) setText(this.#pause, on ? this.#strings.resume : this.#strings.pause);
    this.#pause.setAttribute('aria-pressed', String(on));
    document.body.dataset['paused'] = String(on);
  }

  #filterSoon(): void {
    clearTimeout(this.#filtering);
    this.#filtering = setTimeout(() => this.#send({ type: 'filter', text: this.#filter.value }), FILTER_DELAY_MS);
  }

  #showLabels(): void {
    if (!this.#labels.open) return;
    const focused = this.#labelsList.contains(document.activeElement) ? [...this.#labelsList.children].findIndex((item) => item.contains(document.activeElement)) : -1;
    this.#labelsList.replaceChildren(
      ...this.#labelCounts.map(({ label, count }) => {
        const choose = button('label', () => {
          // A long one is cut.
          this.#filter.value = label.replace(/…$/, '');
          this.#filterSoon();
        });
        setText(choose, label);
        return element('li', '', choose, element('span', 'count', count));
      }),
    );
    if (focused >= 0) this.#labelsList.children[focused]?.querySelector('button')?.focus();
  }

  #selected({ seq, mark }: LiveRow): void {
    if (!this.#details.hidden && !mark) this.#send({ type: 'details', seq });
  }

  #showBody(): void {
    if (!this.#detail) return;
    const { text, json } = this.#detail;
    setText(this.#body, json !== '' && this.#jsonBox.checked ? json : text);
  }

  #closeDetails(): void {
    this.#details.hidden = true;
    this.#detail = undefined;
    this.#list.grid.focus();
  }
}

function button(className: string, act: () => void): HTMLButtonElement {
  const made = element('button', className);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}
