// What a person has typed into a value and not saved yet; no document.
import type { KeyElement, KeyKind, KeyView, ShownBytes, TypedBytes } from '../../model/redisKeys';
import type { PageEdit } from './messages';

/** What a draft is about. `identity`: which element, however the page is read anew. */
export type DraftTarget =
  | { readonly kind: 'body' }
  | { readonly kind: 'element' | 'score'; readonly identity: string }
  | { readonly kind: 'add'; readonly end: 'head' | 'tail' };

/** One per key. */
export interface Draft {
  readonly target: DraftTarget;
  readonly field: string;
  readonly score: string;
  readonly value: string;
  /** Of the value. */
  readonly form: TypedBytes['form'];
}

const EMPTY = { field: '', score: '', value: '', form: 'text' } as const;
const MAX_DRAFTS = 20;
/** VS Code serialises the state at each change; UTF-16 units. */
const MAX_SAVED_CHARS = 512 * 1024;

/** What tells an element from the others of its value. */
function identityOf(kind: KeyKind, { label, field, value }: KeyElement): string {
  const part = kind === 'hash' ? field : kind === 'set' || kind === 'zset' ? value : null;
  return part ? `${part.form}:${part.text}` : label;
}

export function draftOfElement(kind: KeyKind, element: KeyElement): Draft | undefined {
  const identity = identityOf(kind, element);
  if (kind === 'zset') return { ...EMPTY, target: { kind: 'score', identity }, score: element.label };
  const { value } = element;
  return value && !value.cut ? { ...EMPTY, target: { kind: 'element', identity }, value: value.text, form: value.form } : undefined;
}

export function draftOfBody({ text, form }: ShownBytes): Draft {
  return { ...EMPTY, target: { kind: 'body' }, value: text, form };
}

export function draftToAdd(end: 'head' | 'tail'): Draft {
  return { ...EMPTY, target: { kind: 'add', end } };
}

/** What the draft would be if nothing had been typed; undefined when its element is gone. */
export function untouched(view: KeyView, draft: Draft): Draft | undefined {
  const { target } = draft;
  if (target.kind === 'body') return view.body ? draftOfBody(view.body) : undefined;
  if (target.kind === 'add') return draftToAdd(target.end);
  const element = view.elements[placeOf(view, draft)];
  return element && view.kind !== null ? draftOfElement(view.kind, element) : undefined;
}

function isSame(one: Draft, other: Draft): boolean {
  return one.field === other.field && one.score === other.score && one.value === other.value && one.form === other.form;
}

/** Where the element of a draft is in the view; -1 when it is not there any more. */
export function placeOf(view: KeyView, { target }: Draft): number {
  const { kind } = view;
  if (kind === null || (target.kind !== 'element' && target.kind !== 'score')) return -1;
  return view.elements.findIndex((element) => identityOf(kind, element) === target.identity);
}

/** What to ask the extension for; undefined when the draft's element is gone, or the draft does not fit the value. */
export function editOf(view: KeyView, draft: Draft): PageEdit | undefined {
  const { target, score, form } = draft;
  const value: TypedBytes = { text: draft.value, form };
  if (target.kind === 'body') return view.whole ? { type: 'setBody', value } : undefined;
  if (target.kind === 'add') return additionOf(view, draft, target.end);
  const element = placeOf(view, draft);
  if (element < 0) return undefined;
  return target.kind === 'score' ? { type: 'setScore', element, score } : { type: 'setElement', element, value };
}

function additionOf({ kind }: KeyView, { field, score, value: text, form }: Draft, end: 'head' | 'tail'): PageEdit | undefined {
  const value: TypedBytes = { text, form };
  switch (kind) {
    case 'hash':
      return { type: 'addField', field: { text: field, form: 'text' }, value };
    case 'list':
    case 'set':
      return { type: 'addElement', value, end };
    case 'zset':
      return { type: 'addScored', value, score };
    case 'stream': {
      const pairs = pairsOf(text);
      return pairs.length > 0 ? { type: 'addEntry', pairs } : undefined;
    }
    case 'string':
    case 'json':
    case null:
      return undefined;
  }
}

/** One field per line, `name=value`, with escapes. */
function pairsOf(text: string): readonly (readonly [TypedBytes, TypedBytes])[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const at = line.includes('=') ? line.indexOf('=') : line.length;
      return [{ text: line.slice(0, at), form: 'escaped' }, { text: line.slice(at + 1), form: 'escaped' }] as const;
    });
}

/** Drafts by the key's name; the oldest go when there are many. */
export class Drafts {
  readonly #drafts = new Map<string, { readonly draft: Draft; readonly isTyped: boolean }>();

  constructor(saved: unknown) {
    if (!Array.isArray(saved)) return;
    for (const entry of saved as readonly unknown[]) {
      if (!Array.isArray(entry)) continue;
      const [name, draft] = entry as readonly unknown[];
      if (typeof name === 'string' && isDraft(draft)) this.#drafts.set(name, { draft, isTyped: true });
    }
  }

  of(name: string): Draft | undefined {
    return this.#drafts.get(name)?.draft;
  }

  /** @param shown what the draft would be if nothing had been typed, where that is known */
  set(name: string, draft: Draft, shown: Draft | undefined): void {
    this.#put(name, { draft, isTyped: !shown || !isSame(draft, shown) });
  }

  drop(name: string): void {
    this.#drafts.delete(name);
  }

  #put(name: string, entry: { readonly draft: Draft; readonly isTyped: boolean }): void {
    this.#drafts.delete(name);
    this.#drafts.set(name, entry);
    for (const oldest of this.#drafts.keys()) {
      if (this.#drafts.size <= MAX_DRAFTS) break;
      this.#drafts.delete(oldest);
    }
  }

  rename(from: string, to: string): void {
    const entry = this.#drafts.get(from);
    if (entry) this.#put(to, entry);
    this.drop(from);
  }

  /** What was typed, to be kept while the page is not there: the newest, as far as there is room. What was only shown stays off the disk. */
  get saved(): readonly (readonly [string, Draft])[] {
    const kept: (readonly [string, Draft])[] = [];
    let chars = 0;
    for (const [name, { draft, isTyped }] of [...this.#drafts].toReversed()) {
      if (!isTyped) continue;
      chars += name.length + draft.field.length + draft.score.length + draft.value.length;
      if (chars > MAX_SAVED_CHARS) break;
      kept.push([name, draft]);
    }
    return kept.toReversed();
  }
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== 'object' || value === null) return false;
  const { target, field, score, value: text, form } = value as Partial<Record<keyof Draft, unknown>>;
  const texts = typeof field === 'string' && typeof score === 'string' && typeof text === 'string';
  return texts && (form === 'text' || form === 'escaped') && isTarget(target);
}

function isTarget(value: unknown): value is DraftTarget {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, identity, end } = value as { kind?: unknown; identity?: unknown; end?: unknown };
  if (kind === 'body') return true;
  if (kind === 'add') return end === 'head' || end === 'tail';
  return (kind === 'element' || kind === 'score') && typeof identity === 'string';
}
