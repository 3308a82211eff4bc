/**
 * What the key browser is about, as plain data: keys, their facts and values, and what may be changed in them. Bytes appear
 * as text that gives the same bytes back (`ShownBytes`), names as such a text in one canonical form (`nameText` of the engine).
 */

/** `text`: the bytes as UTF-8; `escaped`: with `\\`, `\n`, `\r`, `\t` and `\xNN` for whatever cannot be shown or typed. */
export interface TypedBytes {
  readonly text: string;
  readonly form: 'text' | 'escaped';
}

/** `cut`: there are more bytes than these, so that they cannot be given back. */
export interface ShownBytes extends TypedBytes {
  readonly cut: boolean;
}

export const KEY_KINDS = ['string', 'hash', 'list', 'set', 'zset', 'stream', 'json'] as const;
/** Kinds of values that can be looked into. */
export type KeyKind = (typeof KEY_KINDS)[number];

/** The kind for the server's name of a type; undefined for types that are only named. */
export function kindOf(type: string): KeyKind | undefined {
  if (type === 'ReJSON-RL') return 'json';
  return KEY_KINDS.find((kind) => kind === type && kind !== 'json');
}

/** The server's name of a kind, as TYPE tells and SCAN takes it. */
export function typeOf(kind: KeyKind): string {
  return kind === 'json' ? 'ReJSON-RL' : kind;
}

/** Of one key; null: not known, e.g. because the user may not ask. */
export interface KeyFacts {
  readonly name: string;
  /** As the server names it; `none` when the key is gone. */
  readonly type: string | null;
  /** ms that are left; -1 when it never expires. */
  readonly ttl: number | null;
  /** Bytes of memory; an estimate for values with many elements. */
  readonly memory: number | null;
}

/** One element of a value. What a kind does not have is empty. */
export interface KeyElement {
  /** Index in a list, score in a sorted set, id in a stream. */
  readonly label: string;
  /** Of a hash. */
  readonly field: ShownBytes | null;
  /** Of a hash, list, set or sorted set. */
  readonly value: ShownBytes | null;
  /** Of a stream's entry. */
  readonly pairs: readonly (readonly [ShownBytes, ShownBytes])[];
}

/** A key and one page of its value. */
export interface KeyView extends KeyFacts {
  /** Rises with each reading: what is edited was seen in this one. */
  readonly version: number;
  /** Null for a type that cannot be looked into. */
  readonly kind: KeyKind | null;
  readonly encoding: string | null;
  /** Elements, or bytes of a string; null where it is not known. */
  readonly length: number | null;
  /** Of a string (from byte `offset` on) or JSON. */
  readonly body: ShownBytes | null;
  /** Whether `body` is all of the value and can be edited. */
  readonly whole: boolean;
  readonly offset: number;
  readonly elements: readonly KeyElement[];
  /** Elements of this page that were too large to be kept. */
  readonly unseen: number;
  /** From 0. */
  readonly page: number;
  readonly hasNext: boolean;
}

/** What a person changes in the value that they see. `element`: its place on the page that is shown. */
export type KeyEdit =
  | { readonly type: 'setBody'; readonly value: TypedBytes }
  /** A hash's value, a list's element, a set's member. */
  | { readonly type: 'setElement'; readonly element: number; readonly value: TypedBytes }
  /** `score` as typed. */
  | { readonly type: 'setScore'; readonly element: number; readonly score: string }
  | { readonly type: 'removeElement'; readonly element: number }
  | { readonly type: 'addField'; readonly field: TypedBytes; readonly value: TypedBytes }
  /** `end`: of a list; sets have none. */
  | { readonly type: 'addElement'; readonly value: TypedBytes; readonly end: 'head' | 'tail' }
  | { readonly type: 'addScored'; readonly value: TypedBytes; readonly score: string }
  | { readonly type: 'addEntry'; readonly pairs: readonly (readonly [TypedBytes, TypedBytes])[] }
  /** ms; null: it shall never expire. */
  | { readonly type: 'expire'; readonly ms: number | null };

/** `changed`: somebody else has changed it since it was read; nothing was written. `gone`: the key is not there any more. */
export type EditOutcome = 'done' | 'changed' | 'gone';

/** What is looked for. */
export interface KeyQuery {
  /** A glob pattern; without `*`, `?` and `[` the name of one key. */
  readonly pattern: string;
  readonly kind: KeyKind | null;
}

/** What a step of a search has found. */
export interface KeysFound {
  /** Names that were not found before. */
  readonly names: readonly string[];
  /** Whether everything was looked at. */
  readonly complete: boolean;
  /** Whether no more names are kept; what is left has to be looked for with a narrower pattern. */
  readonly full: boolean;
  /** Keys of this step whose names are too long to be shown. */
  readonly unseen: number;
}

export interface RedisDatabase {
  readonly index: number;
  /** Keys; null where it is not known. */
  readonly keys: number | null;
}

export interface KeyspaceOverview {
  readonly database: number;
  /** Keys of the selected database; null where it is not known. */
  readonly total: number | null;
  /** Those with keys, and the selected one; in order. One where there is no other. */
  readonly databases: readonly RedisDatabase[];
  /** Commands that the user may not run, as far as they were needed; what they would tell is missing. */
  readonly denied: readonly string[];
  /** Whether this is one node of a cluster: it has a part of the keys only. */
  readonly cluster: boolean;
}
