import type { KeyElement, KeyView, ShownBytes } from '../../model/redisKeys';
import { element, setText } from '../dom';
import { badge, button, fill, sizeText, timeText } from './parts';
import { type Draft, draftOfBody, draftOfElement, type Drafts, draftToAdd, editOf, placeOf, untouched } from './drafts';
import { editorOf, type EditorState } from './editor';
import type { KeysStrings, KeysToHost, KeysToPage } from './messages';
import { MAX_VALUE } from './shapes';
import { leftOf } from './treeView';

export interface ValueActs {
  readonly send: (message: KeysToHost) => void;
  /** Something was typed that a page that is thrown away must not lose. */
  readonly changed: () => void;
  readonly announce: (text: string, isError: boolean) => void;
}

type Shown =
  | { readonly phase: 'nothing' }
  | { readonly phase: 'opening' | 'gone'; readonly name: string }
  | { readonly phase: 'fault'; readonly name: string; readonly text: string }
  | { readonly phase: 'view'; readonly view: KeyView; readonly at: number };

const AT_REST: EditorState = { saving: false, problem: '', nowThere: undefined };

/** The key that is looked into: its facts, its value, and what is typed into it. */
export class ValueView {
  readonly root = element('section', 'value');
  readonly #ttl = element('dd', 'ttl');
  readonly #drafts: Drafts;
  readonly #acts: ValueActs;
  #strings: KeysStrings | undefined;
  #shown: Shown = { phase: 'nothing' };
  #state = AT_REST;

  constructor(drafts: Drafts, acts: ValueActs) {
    this.#drafts = drafts;
    this.#acts = acts;
    this.root.tabIndex = -1;
  }

  get name(): string | undefined {
    const shown = this.#shown;
    if (shown.phase === 'nothing') return undefined;
    return shown.phase === 'view' ? shown.view.name : shown.name;
  }

  label(strings: KeysStrings): void {
    this.#strings = strings;
    this.#draw();
  }

  close(): void {
    this.#show({ phase: 'nothing' });
  }

  showOpening(name: string): void {
    this.#state = AT_REST;
    this.#show({ phase: 'opening', name });
  }

  showFault(name: string, text: string): void {
    if (this.name === undefined || this.name === name) this.#show({ phase: 'fault', name, text });
  }

  showView(view: KeyView): void {
    if (this.name !== view.name) this.#state = AT_REST;
    if (view.type === 'none') this.#show({ phase: 'gone', name: view.name });
    else this.#show({ phase: 'view', view, at: performance.now() });
  }

  /** The key has another name now, or was deleted. */
  showGone(name: string, renamed: string | null): void {
    if (renamed !== null) this.#drafts.rename(name, renamed);
    if (this.name === name) this.#show(renamed === null ? { phase: 'gone', name } : { phase: 'opening', name: renamed });
  }

  /** The connection is gone, and with it the answer to what was to be saved. */
  interrupted(): void {
    if (!this.#state.saving) return;
    this.#state = AT_REST;
    this.#draw();
  }

  edited({ outcome, text }: Extract<KeysToPage, { type: 'edited' }>): void {
    const strings = this.#strings;
    const { name } = this;
    if (!strings || name === undefined) return;
    const draft = this.#drafts.of(name);
    // Elements are removed beside what is being typed.
    const wasSaved = this.#state.saving;
    const problem = outcome === 'changed' ? strings.changed : outcome === 'gone' ? strings.goneKey : text;
    if (outcome === 'done' && wasSaved) this.#drafts.drop(name);
    if (wasSaved && outcome !== 'done') this.#state = { saving: false, problem, nowThere: outcome === 'changed' && draft ? this.#nowThere(draft) : undefined };
    else if (wasSaved) this.#state = AT_REST;
    if (outcome === 'done') this.#acts.announce(strings.saved, false);
    else if (!wasSaved && problem !== '') this.#acts.announce(problem, true);
    this.#acts.changed();
    this.#draw();
  }

  /** Another second has gone by. */
  tick(): void {
    const { phase } = this.#shown;
    if (phase === 'view' && this.#strings) setText(this.#ttl, this.#ttlText(this.#shown, this.#strings));
  }

  #nowThere(draft: Draft): string | undefined {
    if (this.#shown.phase !== 'view') return undefined;
    const { view } = this.#shown;
    if (draft.target.kind === 'body') return view.body?.text;
    const found = view.elements[placeOf(view, draft)];
    return draft.target.kind === 'score' ? found?.label : found?.value?.text;
  }

  #show(shown: Shown): void {
    this.#shown = shown;
    this.#draw();
  }

  /** Builds everything anew; what had the focus has it again. */
  #draw(): void {
    const strings = this.#strings;
    if (!strings) return;
    const focused = document.activeElement instanceof HTMLElement && this.root.contains(document.activeElement) ? document.activeElement : undefined;
    const key = focused?.dataset['focus'];
    const selection = focused instanceof HTMLTextAreaElement || focused instanceof HTMLInputElement ? [focused.selectionStart, focused.selectionEnd] : undefined;
    const { scrollTop } = this.root;
    this.root.replaceChildren(...this.#content(strings));
    this.root.scrollTop = scrollTop;
    if (!focused) return;
    const again = key === undefined ? undefined : this.root.querySelector<HTMLElement>(`[data-focus="${CSS.escape(key)}"]`);
    (again ?? this.root).focus({ preventScroll: true });
    if (selection && (again instanceof HTMLTextAreaElement || again instanceof HTMLInputElement)) again.setSelectionRange(selection[0]!, selection[1]!);
  }

  #content(strings: KeysStrings): readonly HTMLElement[] {
    const shown = this.#shown;
    switch (shown.phase) {
      case 'nothing':
        return [element('p', 'empty', strings.nothingOpen)];
      case 'opening':
        return [element('h2', '', shown.name), element('p', 'empty', strings.opening)];
      case 'gone':
        return [element('h2', '', shown.name), element('p', 'empty', strings.goneKey), ...this.#keptDraft(shown.name, strings)];
      case 'fault': {
        const text = element('p', 'problem', shown.text);
        text.setAttribute('role', 'alert');
        const reload = button('reload', strings.reload, () => this.#acts.send({ type: 'open', name: shown.name }));
        return [element('h2', '', shown.name), text, element('div', 'buttons', reload)];
      }
      case 'view':
        return [this.#header(shown, strings), ...this.#value(shown.view, strings)];
    }
  }

  /** What was typed into a key that is gone can still be copied. */
  #keptDraft(name: string, strings: KeysStrings): readonly HTMLElement[] {
    const draft = this.#drafts.of(name);
    return draft ? [element('h4', '', strings.value), element('pre', 'now', draft.value || draft.score)] : [];
  }

  #header(shown: Extract<Shown, { phase: 'view' }>, strings: KeysStrings): HTMLElement {
    const { view } = shown;
    const { name } = view;
    const send = this.#acts.send;
    const title = element('h2', '', badge(view.type), element('span', 'name', name));
    const acts = [
      ['reload', strings.reload, () => send({ type: 'turn', turn: 'same' })],
      ['rename', strings.rename, () => send({ type: 'rename', name })],
      ['expire', strings.setTtl, () => send({ type: 'expire', name })],
      ['delete', strings.delete, () => send({ type: 'remove', names: [name] })],
    ] as const;
    const buttons = acts.map(([key, text, act]) => {
      const made = button(key, text, act);
      made.dataset['focus'] = key;
      return made;
    });
    setText(this.#ttl, this.#ttlText(shown, strings));
    const facts = element('dl', 'facts', element('div', '', element('dt', '', strings.ttl), this.#ttl));
    const size = view.length === null ? '' : view.kind === 'string' ? sizeText(view.length) : view.length.toLocaleString(document.documentElement.lang || undefined);
    const others = [[strings.type, view.type ?? ''], [strings.length, size], [strings.memory, view.memory === null ? '' : sizeText(view.memory)], [strings.encoding, view.encoding ?? '']] as const;
    for (const [label, text] of others) if (text !== '') facts.append(element('div', '', element('dt', '', label), element('dd', '', text)));
    return element('header', '', title, facts, element('div', 'buttons', ...buttons));
  }

  #ttlText(shown: Shown, strings: KeysStrings): string {
    if (shown.phase !== 'view' || shown.view.ttl === null) return '?';
    const left = leftOf({ ttl: shown.view.ttl, at: shown.at });
    if (left === undefined) return strings.noExpiry;
    return left === 0 ? strings.expired : fill(strings.expiresIn, timeText(left));
  }

  #value(view: KeyView, strings: KeysStrings): readonly HTMLElement[] {
    const draft = this.#drafts.of(view.name);
    if (view.kind === null) return [element('p', 'empty', fill(strings.noView, view.type ?? '?'))];
    if (view.kind === 'string' || view.kind === 'json') {
      if (!view.body) return [element('p', 'empty', strings.cutNote)];
      return view.whole ? [this.#editor(view, draft ?? draftOfBody(view.body), strings)] : this.#part(view.body, view, strings);
    }
    return [
      ...(view.unseen > 0 ? [element('p', 'note', fill(strings.unseenElements, view.unseen))] : []),
      this.#additions(view, strings),
      ...(draft ? [this.#editor(view, draft, strings)] : []),
      this.#table(view, strings),
      this.#pager(view, strings),
    ];
  }

  /** Of a value that is too long to be edited as a whole. */
  #part(body: ShownBytes, view: KeyView, strings: KeysStrings): readonly HTMLElement[] {
    const text = element('pre', 'part', body.text);
    text.tabIndex = 0;
    const notes = [fill(strings.partNote, sizeText(view.offset)), ...(body.form === 'escaped' ? [strings.escapedNote] : [])];
    return [...notes.map((note) => element('p', 'note', note)), text, this.#pager(view, strings)];
  }

  #editor(view: KeyView, draft: Draft, strings: KeysStrings): HTMLElement {
    const { name } = view;
    let current = draft;
    return editorOf(view, draft, this.#state, strings, {
      change: (next) => {
        current = next;
        this.#drafts.set(name, next, untouched(view, next));
        this.#acts.changed();
      },
      save: () => {
        const edit = editOf(view, current);
        if (this.#state.saving) return;
        const fits = current.field.length <= MAX_VALUE && current.value.length <= MAX_VALUE;
        const problem = !fits ? strings.tooLarge : edit ? '' : current.target.kind === 'add' ? strings.fieldsHint : strings.goneElement;
        this.#drafts.set(name, current, untouched(view, current));
        this.#state = { ...AT_REST, saving: problem === '', problem };
        if (edit && fits) this.#acts.send({ type: 'edit', name, version: view.version, edit });
        this.#draw();
      },
      drop: () => {
        this.#drafts.drop(name);
        this.#state = AT_REST;
        this.#acts.changed();
        this.#draw();
      },
    });
  }

  #begin(name: string, draft: Draft | undefined): void {
    if (!draft || this.#state.saving) return;
    this.#drafts.set(name, draft, draft);
    this.#state = AT_REST;
    this.#acts.changed();
    this.#draw();
    this.root.querySelector<HTMLElement>('.editor input, .editor textarea')?.focus();
  }

  #additions({ kind, name }: KeyView, strings: KeysStrings): HTMLElement {
    const add = (text: string, draft: Draft): HTMLElement => {
      const made = button('add', text, () => this.#begin(name, draft));
      made.dataset['focus'] = `add ${draft.target.kind === 'add' ? draft.target.end : ''}`;
      return made;
    };
    if (kind === 'list') return element('div', 'buttons', add(strings.addHead, draftToAdd('head')), add(strings.addTail, draftToAdd('tail')));
    const text = kind === 'hash' ? strings.addField : kind === 'stream' ? strings.addEntry : strings.addMember;
    // An entry's fields are typed with escapes.
    return element('div', 'buttons', add(text, { ...draftToAdd('tail'), ...(kind === 'stream' && { form: 'escaped' as const }) }));
  }

  #table(view: KeyView, strings: KeysStrings): HTMLElement {
    const heads = headsOf(view, strings).map((text) => {
      const head = element('th', '', text);
      head.setAttribute('scope', 'col');
      return head;
    });
    const rows = view.elements.map((one, index) => this.#row(view, one, index, strings));
    return element('div', 'table', element('table', view.kind ?? '', element('thead', '', element('tr', '', ...heads)), element('tbody', '', ...rows)));
  }

  #row(view: KeyView, one: KeyElement, index: number, strings: KeysStrings): HTMLElement {
    const { kind, name, version } = view;
    const named = (kind === 'list' || kind === 'stream' ? one.label : (one.field ?? one.value)?.text) ?? '';
    const act = (text: string, key: string, run: () => void): HTMLButtonElement => {
      const made = button(key, text, run);
      made.setAttribute('aria-label', `${text}: ${named.slice(0, 100)}`);
      made.dataset['focus'] = `${key} ${index}`;
      return made;
    };
    const draft = kind === null || kind === 'stream' ? undefined : draftOfElement(kind, one);
    const remove = act(strings.remove, 'remove', () => {
      if (this.#state.saving) return;
      this.#acts.send({ type: 'edit', name, version, edit: { type: 'removeElement', element: index } });
    });
    const acts = [...(draft ? [act(strings.edit, 'edit', () => this.#begin(name, draft))] : []), remove];
    return element('tr', '', ...cellsOf(view, one, strings), element('td', 'acts', ...acts));
  }

  #pager({ page, hasNext }: KeyView, strings: KeysStrings): HTMLElement {
    const turn = (key: 'first' | 'previous' | 'next', enabled: boolean): HTMLElement => {
      const made = button(key, strings[key], () => this.#acts.send({ type: 'turn', turn: key }));
      made.dataset['focus'] = key;
      made.disabled = !enabled;
      return made;
    };
    const made = element('div', 'pager', turn('first', page > 0), turn('previous', page > 0), element('span', '', fill(strings.page, page + 1)), turn('next', hasNext));
    made.hidden = page === 0 && !hasNext;
    return made;
  }
}

function headsOf({ kind }: KeyView, strings: KeysStrings): readonly string[] {
  switch (kind) {
    case 'hash':
      return [strings.field, strings.value, strings.actions];
    case 'list':
      return [strings.index, strings.value, strings.actions];
    case 'zset':
      return [strings.score, strings.member, strings.actions];
    case 'stream':
      return [strings.id, strings.fields, strings.actions];
    case 'set':
    case 'string':
    case 'json':
    case null:
      return [strings.member, strings.actions];
  }
}

function cellsOf({ kind }: KeyView, { label, field, value, pairs }: KeyElement, strings: KeysStrings): readonly HTMLElement[] {
  if (kind === 'stream') {
    const list = element('dl', 'pairs', ...pairs.flatMap(([name, content]) => [element('dt', '', bytesView(name, strings)), element('dd', '', bytesView(content, strings))]));
    return [element('td', 'label', label), element('td', '', list)];
  }
  const first = field ? element('td', 'field', bytesView(field, strings)) : label === '' ? undefined : element('td', 'label', label);
  return [...(first ? [first] : []), element('td', 'content', ...(value ? [bytesView(value, strings)] : []))];
}

function bytesView({ text, form, cut }: ShownBytes, strings: KeysStrings): HTMLElement {
  const made = element('span', `bytes ${form}`, text);
  if (form === 'escaped') made.title = strings.escapedNote;
  if (cut) made.append(element('span', 'more', ` … ${strings.cutNote}`));
  return made;
}
