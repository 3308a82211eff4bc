import { type CandidateMessage, type CompletionMessage, MAX_COMPLETED_CHARS, type ToHost } from '../protocol';

/** A line and where its cursor stands, UTF-16 units. */
export interface EditedLine {
  readonly line: string;
  readonly cursor: number;
}

/** What a key did: `edited`, `asked` and `handled` keep it from the browser. */
export type KeyResult =
  | { readonly kind: 'passed' | 'handled' }
  | { readonly kind: 'asked'; readonly message: ToHost }
  | { readonly kind: 'edited'; readonly to: EditedLine };

const PASSED: KeyResult = { kind: 'passed' };
const HANDLED: KeyResult = { kind: 'handled' };

/**
 * The list of completions and the hint behind the line, without a page. The list opens while somebody types and takes no key but
 * Tab, Escape and Down until Down has gone into it, so that Enter still runs the line and Up still walks through the history.
 */
export class CompletionPrompt {
  #edited: EditedLine = { line: '', cursor: 0 };
  #nextId = 0;
  #from = 0;
  #candidates: readonly CandidateMessage[] = [];
  #selected: number | undefined;
  #hint = '';
  #about: CompletionMessage['about'] = null;
  /** Escape was pressed: until something is typed nothing opens, and Tab goes to the next control as it does everywhere. */
  #dismissed = false;
  /** Tab was pressed before there was a list. */
  #wanted = false;

  /** Empty while the list is closed. */
  get candidates(): readonly CandidateMessage[] {
    return this.#dismissed ? [] : this.#candidates;
  }

  /** Of `candidates`. */
  get selected(): number | undefined {
    return this.#selected;
  }

  get hint(): string {
    return this.#dismissed ? '' : this.#hint;
  }

  get about(): CompletionMessage['about'] {
    return this.#about;
  }

  /** Something was typed: what was offered stays as far as it still fits, until the answer to the message comes. */
  typed(edited: EditedLine): ToHost | undefined {
    const { line, cursor } = edited;
    const word = line.slice(this.#from, cursor).toLowerCase();
    const narrows = cursor > this.#from && line.startsWith(this.#edited.line.slice(0, this.#from));
    this.#candidates = narrows ? this.#candidates.filter(({ text }) => text.toLowerCase().startsWith(word)) : [];
    this.#selected = undefined;
    this.#dismissed = false;
    if (line.trim() !== '') return this.#request(edited, false);
    this.clear();
    return undefined;
  }

  /** The line is another one altogether, or was sent. An answer that is still to come is of no interest. */
  clear(): void {
    this.#edited = { line: '', cursor: 0 };
    this.#nextId++;
    this.#candidates = [];
    this.#selected = undefined;
    this.#hint = '';
    this.#about = null;
    this.#dismissed = false;
    this.#wanted = false;
  }

  /** @returns the line that Tab had asked for, if there is only one way to go on */
  received({ id, from, candidates, hint, about }: CompletionMessage): EditedLine | undefined {
    if (id !== this.#nextId - 1 || from > this.#edited.cursor) return undefined;
    // The names of keys come later, in front of the others.
    const kept = this.#selected === undefined ? undefined : this.#candidates[this.#selected]?.text;
    this.#from = from;
    this.#candidates = candidates;
    const at = candidates.findIndex(({ text }) => text === kept);
    this.#selected = at < 0 ? undefined : at;
    this.#hint = hint;
    this.#about = about;
    if (!this.#wanted || candidates.length === 0) return undefined;
    this.#wanted = false;
    return candidates.length === 1 ? this.accept(0) : undefined;
  }

  /** The line with a candidate in it. */
  accept(index: number): EditedLine | undefined {
    const candidate = this.candidates[index];
    if (!candidate) return undefined;
    const { line, cursor } = this.#edited;
    const rest = line.slice(cursor);
    const before = `${line.slice(0, this.#from)}${candidate.text}${rest === '' ? ' ' : ''}`;
    return { line: before + rest, cursor: before.length };
  }

  /** `edited`: what the input holds at this moment. */
  onKey(key: string, edited: EditedLine): KeyResult {
    const count = this.candidates.length;
    switch (key) {
      case 'Tab':
        return this.#onTab(edited);
      case 'Escape':
        if (count === 0 && this.hint === '') return PASSED;
        this.#dismissed = true;
        this.#selected = undefined;
        return HANDLED;
      case 'Enter':
        return this.#selected === undefined ? PASSED : this.#taken(this.#selected);
      case 'ArrowDown':
        if (count === 0) return PASSED;
        this.#selected = this.#selected === undefined ? 0 : Math.min(this.#selected + 1, count - 1);
        return HANDLED;
      case 'ArrowUp':
        if (this.#selected === undefined) return PASSED;
        this.#selected = this.#selected === 0 ? undefined : this.#selected - 1;
        return HANDLED;
      default:
        return PASSED;
    }
  }

  /** The list without having typed (Ctrl+Space). */
  ask(edited: EditedLine): KeyResult {
    this.#dismissed = false;
    this.#wanted = false;
    const message = this.#request(edited, true);
    return message ? { kind: 'asked', message } : HANDLED;
  }

  #onTab(edited: EditedLine): KeyResult {
    if (this.#dismissed || edited.line.trim() === '') return PASSED;
    if (this.candidates.length > 0) return this.#taken(this.#selected ?? 0);
    const asked = this.ask(edited);
    this.#wanted = true;
    return asked;
  }

  #taken(index: number): KeyResult {
    const to = this.accept(index);
    return to ? { kind: 'edited', to } : HANDLED;
  }

  #request(edited: EditedLine, explicit: boolean): ToHost | undefined {
    this.#edited = edited;
    this.#wanted = false;
    const id = this.#nextId++;
    const { line, cursor } = edited;
    if (line.length <= MAX_COMPLETED_CHARS) return { type: 'complete', id, line, cursor, explicit };
    this.#candidates = [];
    this.#hint = '';
    return undefined;
  }
}
