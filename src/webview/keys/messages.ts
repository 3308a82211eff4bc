/**
 * The messages between the extension and the key browser's page. Both sides parse what they get. Names and values are texts that
 * stand for bytes (`model/redisKeys`); all other texts come translated from the extension.
 */
import type { KeyEdit, KeyFacts, KeyQuery, KeyspaceOverview, KeyView, TypedBytes } from '../../model/redisKeys';
import { parseFacts, parseOverview, parseView } from './parseValues';
import { type Fields, isCount, isFields, isText, textsOf } from '../parsing';
import { all, isKind, isTyped, MAX_NAME } from './shapes';

export type KeysStatus = 'connecting' | 'ready' | 'lost' | 'failed' | 'tunnelClosed';
const STATUSES: ReadonlySet<string> = new Set<KeysStatus>(['connecting', 'ready', 'lost', 'failed', 'tunnelClosed']);

export type KeysTurn = 'same' | 'next' | 'previous' | 'first';
const TURNS: ReadonlySet<string> = new Set<KeysTurn>(['same', 'next', 'previous', 'first']);

/** From the page. */
export type KeysToHost =
  | { readonly type: 'ready' | 'connect' | 'unlockWrites' | 'lockWrites' | 'stop' }
  /** Searches on. */
  | { readonly type: 'more' }
  /** Begins a search anew. */
  | { readonly type: 'search'; readonly query: KeyQuery }
  | { readonly type: 'database'; readonly index: number }
  /** At most 200, those that can be seen. */
  | { readonly type: 'facts'; readonly names: readonly string[] }
  | { readonly type: 'open' | 'rename' | 'expire'; readonly name: string }
  | { readonly type: 'turn'; readonly turn: KeysTurn }
  /** `version`: of the view in which it was seen. Answered by `edited`. */
  | { readonly type: 'edit'; readonly name: string; readonly version: number; readonly edit: PageEdit }
  | { readonly type: 'remove'; readonly names: readonly string[] };

/** Times to live are asked for by the extension. */
export type PageEdit = Exclude<KeyEdit, { type: 'expire' }>;

export const MAX_FACTS = 200;
/** As many as the search keeps. */
export const MAX_NAMES = 200_000;

const STRING_KEYS = [
  'title', 'keysLabel', 'filterLabel', 'filterHint', 'typeLabel', 'allTypes', 'separatorLabel', 'databaseLabel', 'refresh', 'more', 'stop',
  'searching', 'found', 'foundOf', 'foundAll', 'full', 'unseenKeys', 'noKeys', 'noMatch', 'nothingOpen', 'opening', 'connecting', 'lost', 'tunnelClosed',
  'connect', 'readOnly', 'unlocked', 'unlock', 'lock', 'noExpiry', 'expiresIn', 'expired', 'memory', 'encoding', 'length', 'type', 'ttl',
  'rename', 'setTtl', 'delete', 'deleteMany', 'reload', 'save', 'saving', 'revert', 'edit', 'remove', 'addField', 'addMember', 'addEntry', 'addHead', 'addTail',
  'cancel', 'field', 'value', 'member', 'score', 'index', 'id', 'fields', 'actions', 'next', 'previous', 'first', 'page', 'escapedNote', 'cutNote', 'partNote',
  'unseenElements', 'noView', 'goneKey', 'changed', 'goneElement', 'nowThere', 'saved', 'editing', 'adding', 'folder', 'fieldsHint', 'tooLarge',
] as const;

export type KeysStrings = Readonly<Record<(typeof STRING_KEYS)[number], string>>;

/** Where a search stands. */
export type SearchState = 'searching' | 'paused' | 'complete' | 'full';
const SEARCH_STATES: ReadonlySet<string> = new Set<SearchState>(['searching', 'paused', 'complete', 'full']);

/** To the page. */
export type KeysToPage =
  /** The answer to `ready`. */
  | { readonly type: 'setup'; readonly strings: KeysStrings; readonly query: KeyQuery }
  | { readonly type: 'status'; readonly status: KeysStatus; readonly detail: string }
  | { readonly type: 'guard'; readonly production: boolean; readonly reasons: string; readonly minutesLeft: number }
  /** `note`: what is missing, and why; may be empty. */
  | { readonly type: 'overview'; readonly overview: KeyspaceOverview; readonly note: string }
  /** `anew`: what was found before is forgotten. `fault`: why the search stands; may be empty. */
  | { readonly type: 'keys'; readonly anew: boolean; readonly names: readonly string[]; readonly state: SearchState; readonly unseen: number; readonly fault: string }
  /** They are not there any more; `renamed`: the name of the only one, since. */
  | { readonly type: 'gone'; readonly names: readonly string[]; readonly renamed: string | null }
  | { readonly type: 'facts'; readonly facts: readonly KeyFacts[] }
  | { readonly type: 'view'; readonly view: KeyView }
  /** None is looked into any more. */
  | { readonly type: 'closed' }
  /** Why the key cannot be looked into. */
  | { readonly type: 'viewFault'; readonly name: string; readonly text: string }
  /** `text`: why it failed. After `changed` and `done` a `view` has come before. */
  | { readonly type: 'edited'; readonly outcome: 'done' | 'changed' | 'gone' | 'failed'; readonly text: string }
  /** Of what was asked for last. */
  | { readonly type: 'notice'; readonly text: string; readonly isError: boolean };

const SIMPLE: ReadonlySet<string> = new Set(['ready', 'connect', 'unlockWrites', 'lockWrites', 'more', 'stop']);
const NAMED: ReadonlySet<string> = new Set(['open', 'rename', 'expire']);

/** The message, or undefined for anything that is none. */
export function parseKeysToHost(value: unknown): KeysToHost | undefined {
  if (!isFields(value)) return undefined;
  const type = value['type'];
  if (typeof type !== 'string') return undefined;
  if (SIMPLE.has(type)) return { type } as KeysToHost;
  const name = value['name'];
  if (NAMED.has(type)) return isText(name, MAX_NAME) ? ({ type, name } as KeysToHost) : undefined;
  switch (type) {
    case 'search': {
      const query = parseQuery(value['query']);
      return query && { type, query };
    }
    case 'database': {
      const index = value['index'];
      return isCount(index) ? { type, index } : undefined;
    }
    case 'facts':
    case 'remove': {
      const names = all(value['names'], type === 'facts' ? MAX_FACTS : MAX_NAMES, asName);
      return names && { type, names };
    }
    case 'turn': {
      const turn = value['turn'];
      return typeof turn === 'string' && TURNS.has(turn) ? { type, turn: turn as KeysTurn } : undefined;
    }
    case 'edit': {
      const { version, edit } = value as { version?: unknown; edit?: unknown };
      const parsed = parseEdit(edit);
      return parsed && isText(name, MAX_NAME) && isCount(version) ? { type, name, version, edit: parsed } : undefined;
    }
    default:
      return undefined;
  }
}

function parseEdit(value: unknown): PageEdit | undefined {
  if (!isFields(value)) return undefined;
  const { type, element, value: content, score, field, end } = value as Partial<Record<'type' | 'element' | 'value' | 'score' | 'field' | 'end', unknown>>;
  switch (type) {
    case 'setBody':
      return isTyped(content) ? { type, value: typed(content) } : undefined;
    case 'setElement':
      return isCount(element) && isTyped(content) ? { type, element, value: typed(content) } : undefined;
    case 'setScore':
      return isCount(element) && isText(score, 100) ? { type, element, score } : undefined;
    case 'removeElement':
      return isCount(element) ? { type, element } : undefined;
    case 'addField':
      return isTyped(field) && isTyped(content) ? { type, field: typed(field), value: typed(content) } : undefined;
    case 'addElement':
      return isTyped(content) && (end === 'head' || end === 'tail') ? { type, value: typed(content), end } : undefined;
    case 'addScored':
      return isTyped(content) && isText(score, 100) ? { type, value: typed(content), score } : undefined;
    case 'addEntry': {
      const pairs = all(value['pairs'], 1000, parsePair);
      return pairs && pairs.length > 0 ? { type, pairs } : undefined;
    }
    default:
      return undefined;
  }
}

function parsePair(value: unknown): readonly [TypedBytes, TypedBytes] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [name, content] = value as readonly unknown[];
  return isTyped(name) && isTyped(content) ? [typed(name), typed(content)] : undefined;
}

/** Without fields that do not belong. */
function typed({ text, form }: TypedBytes): TypedBytes {
  return { text, form };
}

/** The message, or undefined for anything that is none. */
export function parseKeysToPage(value: unknown): KeysToPage | undefined {
  if (!isFields(value)) return undefined;
  switch (value['type']) {
    case 'setup': {
      const strings = textsOf(value['strings'], STRING_KEYS, 1000);
      const query = parseQuery(value['query']);
      return strings && query && { type: 'setup', strings, query };
    }
    case 'status': {
      const { status, detail } = value as Partial<Record<'status' | 'detail', unknown>>;
      return typeof status === 'string' && STATUSES.has(status) && isText(detail) ? { type: 'status', status: status as KeysStatus, detail } : undefined;
    }
    case 'guard': {
      const { production, reasons, minutesLeft } = value as Partial<Record<'production' | 'reasons' | 'minutesLeft', unknown>>;
      return typeof production === 'boolean' && isText(reasons) && isCount(minutesLeft) ? { type: 'guard', production, reasons, minutesLeft } : undefined;
    }
    case 'overview': {
      const overview = parseOverview(value['overview']);
      const note = value['note'];
      return overview && isText(note) ? { type: 'overview', overview, note } : undefined;
    }
    case 'keys':
      return parseKeys(value);
    case 'gone': {
      const names = all(value['names'], MAX_NAMES, asName);
      const renamed = value['renamed'];
      return names && (renamed === null || isText(renamed, MAX_NAME)) ? { type: 'gone', names, renamed } : undefined;
    }
    case 'facts': {
      const facts = all(value['facts'], MAX_FACTS, parseFacts);
      return facts && { type: 'facts', facts };
    }
    default:
      return parseAnswer(value);
  }
}

/** What is about the one key that is looked into, and about what was asked for last. */
function parseAnswer(value: Fields): KeysToPage | undefined {
  const { type, name, text, outcome, isError } = value as Partial<Record<'type' | 'name' | 'text' | 'outcome' | 'isError', unknown>>;
  if (type === 'view') {
    const view = parseView(value['view']);
    return view && { type, view };
  }
  if (type === 'closed') return { type };
  if (!isText(text)) return undefined;
  if (type === 'viewFault') return isText(name, MAX_NAME) ? { type, name, text } : undefined;
  if (type === 'notice') return typeof isError === 'boolean' ? { type, text, isError } : undefined;
  if (type !== 'edited') return undefined;
  return outcome === 'done' || outcome === 'changed' || outcome === 'gone' || outcome === 'failed' ? { type, outcome, text } : undefined;
}

function parseKeys(value: Fields): KeysToPage | undefined {
  const { anew, state, unseen, fault } = value as Partial<Record<'anew' | 'state' | 'unseen' | 'fault', unknown>>;
  const names = all(value['names'], MAX_NAMES, asName);
  if (!names || typeof anew !== 'boolean' || typeof state !== 'string' || !SEARCH_STATES.has(state)) return undefined;
  return isCount(unseen) && isText(fault) ? { type: 'keys', anew, names, state: state as SearchState, unseen, fault } : undefined;
}

function parseQuery(value: unknown): KeyQuery | undefined {
  if (!isFields(value)) return undefined;
  const { pattern, kind } = value as Partial<Record<'pattern' | 'kind', unknown>>;
  return isText(pattern, MAX_NAME) && (kind === null || isKind(kind)) ? { pattern, kind } : undefined;
}

function asName(value: unknown): string | undefined {
  return isText(value, MAX_NAME) ? value : undefined;
}
