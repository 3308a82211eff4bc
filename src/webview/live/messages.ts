/**
 * The messages between the extension and the page of a live pane. All texts come translated, formatted and on one line from the
 * extension; both sides take the other for hostile.
 */

import { type Fields, isCount, isFields, isText, textsOf } from '../parsing';

/** From the page. `seq`: the number of a row. */
export type LiveToHost =
  | { readonly type: 'ready' | 'clear' | 'start' | 'stop' | 'copyAll' | 'openAll' | 'unlockWrites' }
  /** The rows of a batch are on the screen: the next one may come. */
  | { readonly type: 'shown'; readonly batch: number }
  | { readonly type: 'pause' | 'repeat'; readonly on: boolean }
  | { readonly type: 'filter'; readonly text: string }
  | { readonly type: 'details' | 'copy'; readonly seq: number };

const BARE: ReadonlySet<string> = new Set(['ready', 'clear', 'start', 'stop', 'copyAll', 'openAll', 'unlockWrites']);

/** What the page is labelled with. */
export interface LiveStrings {
  readonly list: string;
  readonly time: string;
  readonly label: string;
  readonly origin: string;
  readonly text: string;
  readonly filter: string;
  readonly pause: string;
  readonly resume: string;
  readonly clear: string;
  readonly copy: string;
  readonly copyAll: string;
  readonly openAll: string;
  readonly start: string;
  readonly stop: string;
  readonly repeat: string;
  readonly unlock: string;
  readonly labels: string;
  readonly details: string;
  readonly close: string;
  readonly json: string;
  readonly toEnd: string;
  readonly empty: string;
}

const STRING_KEYS = [
  'list', 'time', 'label', 'origin', 'text', 'filter', 'pause', 'resume', 'clear', 'copy', 'copyAll', 'openAll', 'start', 'stop', 'repeat', 'unlock', 'labels', 'details', 'close', 'json', 'toEnd', 'empty',
] as const satisfies readonly (keyof LiveStrings)[];

/** One line of the list. A mark has its sentence in `text` and neither label nor origin. */
export interface LiveRow {
  readonly seq: number;
  readonly mark: boolean;
  readonly time: string;
  readonly label: string;
  readonly origin: string;
  readonly text: string;
}

export type LiveTone = 'busy' | 'live' | 'warning' | 'error' | 'none';
const TONES: ReadonlySet<string> = new Set<LiveTone>(['busy', 'live', 'warning', 'error', 'none']);

/** Where it stands, said aloud when it changes. */
export interface LiveStatus {
  readonly type: 'status';
  readonly tone: LiveTone;
  readonly text: string;
  /** What else has to be known, e.g. of a setting of the server; may be empty. */
  readonly note: string;
  readonly canStart: boolean;
  readonly canStop: boolean;
  /** Whether unlocking writes is the way out. */
  readonly canUnlock: boolean;
  /** null where there is nothing to repeat. */
  readonly repeat: boolean | null;
}

/** To the page. */
export type LiveToPage =
  | {
      readonly type: 'setup';
      readonly strings: LiveStrings;
      readonly title: string;
      readonly filter: string;
      readonly paused: boolean;
    }
  | LiveStatus
  /** `reset`: in place of all rows; else rows before `first` go, and `rows` are added at the end. */
  | { readonly type: 'rows'; readonly batch: number; readonly reset: boolean; readonly first: number; readonly rows: readonly LiveRow[] }
  | {
      readonly type: 'stats';
      readonly rate: string;
      readonly counts: string;
      /** While it is paused: what goes on meanwhile. */
      readonly paused: string;
      readonly labels: readonly { readonly label: string; readonly count: string }[];
    }
  /** All of one message; `json` in lines where it is JSON, else empty. The row is still on the page. */
  | { readonly type: 'details'; readonly seq: number; readonly facts: string; readonly text: string; readonly json: string };

export const MAX_FILTER_CHARS = 500;
/** Of each text of a row. */
export const MAX_ROW_CHARS = 400;
export const MAX_BATCH_ROWS = 2000;
/** Of the texts in full. */
const MAX_TEXT_CHARS = 1024 * 1024;
const MAX_LABELS = 100;

/** The message, or undefined for anything that is none. */
export function parseLiveToHost(value: unknown): LiveToHost | undefined {
  if (!isFields(value)) return undefined;
  const { type, on, text, seq, batch } = value as Record<'type' | 'on' | 'text' | 'seq' | 'batch', unknown>;
  switch (type) {
    case 'shown':
      return isCount(batch) ? { type, batch } : undefined;
    case 'pause':
    case 'repeat':
      return typeof on === 'boolean' ? { type, on } : undefined;
    case 'filter':
      return isText(text, MAX_FILTER_CHARS) ? { type, text } : undefined;
    case 'details':
    case 'copy':
      return isCount(seq) ? { type, seq } : undefined;
    default:
      return typeof type === 'string' && BARE.has(type) ? ({ type } as LiveToHost) : undefined;
  }
}

/** The message, or undefined for anything that is none. Fields that do not belong are dropped. */
export function parseLiveToPage(value: unknown): LiveToPage | undefined {
  if (!isFields(value)) return undefined;
  switch (value['type']) {
    case 'setup':
      return parseSetup(value);
    case 'status':
      return parseStatus(value);
    case 'rows':
      return parseRows(value);
    case 'stats':
      return parseStats(value);
    case 'details':
      return parseDetails(value);
    default:
      return undefined;
  }
}

function parseSetup(value: Fields): LiveToPage | undefined {
  const { title, filter, paused } = value as Record<'title' | 'filter' | 'paused', unknown>;
  const strings = textsOf(value['strings'], STRING_KEYS, 1000);
  if (!strings || !isText(title, 1000) || !isText(filter, MAX_FILTER_CHARS) || typeof paused !== 'boolean') return undefined;
  return { type: 'setup', strings, title, filter, paused };
}

function parseStatus(value: Fields): LiveStatus | undefined {
  const { tone, canStart, canStop, canUnlock, repeat } = value as Record<'tone' | 'canStart' | 'canStop' | 'canUnlock' | 'repeat', unknown>;
  const texts = textsOf(value, ['text', 'note'], 4000);
  if (!texts || typeof tone !== 'string' || !TONES.has(tone)) return undefined;
  if (typeof canStart !== 'boolean' || typeof canStop !== 'boolean' || typeof canUnlock !== 'boolean') return undefined;
  return repeat === null || typeof repeat === 'boolean' ? { type: 'status', tone: tone as LiveTone, ...texts, canStart, canStop, canUnlock, repeat } : undefined;
}

function parseRows(value: Fields): LiveToPage | undefined {
  const { batch, reset, first, rows } = value as Record<'batch' | 'reset' | 'first' | 'rows', unknown>;
  if (!isCount(batch) || typeof reset !== 'boolean' || !isCount(first) || !Array.isArray(rows) || rows.length > MAX_BATCH_ROWS) return undefined;
  const parsed = rows.map((row) => rowOf(row));
  return parsed.every((row) => row !== undefined) ? { type: 'rows', batch, reset, first, rows: parsed } : undefined;
}

function rowOf(value: unknown): LiveRow | undefined {
  const texts = textsOf(value, ['time', 'label', 'origin', 'text'], MAX_ROW_CHARS);
  if (!texts || !isFields(value)) return undefined;
  const { seq, mark } = value as Record<'seq' | 'mark', unknown>;
  return isCount(seq) && typeof mark === 'boolean' ? { seq, mark, ...texts } : undefined;
}

function parseStats(value: Fields): LiveToPage | undefined {
  const texts = textsOf(value, ['rate', 'counts', 'paused'], 1000);
  const { labels } = value as Record<'labels', unknown>;
  if (!texts || !Array.isArray(labels) || labels.length > MAX_LABELS) return undefined;
  const parsed = labels.map((one) => textsOf(one, ['label', 'count'], MAX_ROW_CHARS));
  return parsed.every((one) => one !== undefined) ? { type: 'stats', ...texts, labels: parsed } : undefined;
}

function parseDetails(value: Fields): LiveToPage | undefined {
  const texts = textsOf(value, ['facts', 'text', 'json'], MAX_TEXT_CHARS);
  const { seq } = value as Record<'seq', unknown>;
  return texts && isCount(seq) ? { type: 'details', seq, ...texts } : undefined;
}
