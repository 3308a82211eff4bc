/** The messages about replies that are kept by the extension: their views, and the rows of the large ones. */

import { type Fields, isCount, isText } from '../parsing';

/** How a reply can be looked at; `text` is how redis-cli prints it. */
export type ReplyView = 'text' | 'json' | 'table' | 'hex' | 'decoded';

export const REPLY_VIEWS: readonly ReplyView[] = ['text', 'json', 'table', 'hex', 'decoded'];

/** From the page. `id`: of the entry. */
export type ReplyRequest =
  | { readonly type: 'view'; readonly id: number; readonly view: ReplyView }
  | { readonly type: 'rows'; readonly id: number; readonly view: ReplyView; readonly from: number; readonly count: number }
  | { readonly type: 'find'; readonly id: number; readonly view: ReplyView; readonly words: string; readonly from: number; readonly backwards: boolean }
  /** Rows to copy, both included. */
  | { readonly type: 'copy'; readonly id: number; readonly view: ReplyView; readonly from: number; readonly to: number }
  /** For what the page has itself. */
  | { readonly type: 'copyText'; readonly id: number; readonly text: string }
  | { readonly type: 'openInEditor'; readonly id: number; readonly view: ReplyView }
  | { readonly type: 'openText'; readonly text: string }
  /** The log was cleared; what is running stays. */
  | { readonly type: 'forget' };

/** A row of a text, or the cells of one of a table. */
export type Row = string | readonly string[];

export interface ColumnMessage {
  readonly name: string;
  /** Characters. */
  readonly width: number;
}

/** To the page. */
export type ReplyMessage =
  /** A large reply that is still coming. */
  | { readonly type: 'growing'; readonly id: number; readonly rows: number }
  /** How a view is made; `gone` when the reply is no longer kept. */
  | { readonly type: 'view'; readonly id: number; readonly view: ReplyView; readonly shape: ViewShape | 'gone' }
  /** `gone` when the reply is no longer kept. Fewer rows than were asked for at the end. */
  | { readonly type: 'rows'; readonly id: number; readonly view: ReplyView; readonly from: number; readonly rows: readonly Row[] | 'gone' }
  | { readonly type: 'found'; readonly id: number; readonly view: ReplyView; readonly row: number | null }
  /** What has become of a copy and the like, one sentence. */
  | { readonly type: 'noted'; readonly id: number; readonly text: string };

export interface ViewShape {
  readonly rows: number;
  /** All of it, where it is small. */
  readonly text: string | null;
  /** Of a table. */
  readonly columns: readonly ColumnMessage[] | null;
  /** What was found and what is missing, one line; may be empty. */
  readonly note: string;
}

/** Most rows of one message. */
export const MAX_ROWS = 500;
const MAX_ROW_CHARS = 4096;
const MAX_CELLS = 64;
const MAX_VIEW_TEXT_CHARS = 128 * 1024;
const MAX_WORDS_CHARS = 1000;
/** Of a text that the page itself has. */
export const MAX_COPY_CHARS = 2 * 1024 * 1024;
const MAX_NOTE_CHARS = 2000;

export function parseReplyRequest(value: Fields): ReplyRequest | undefined {
  const { type, id, view, from, to, count, words, backwards, text } = value as Record<
    'type' | 'id' | 'view' | 'from' | 'to' | 'count' | 'words' | 'backwards' | 'text',
    unknown
  >;
  if (type === 'forget') return { type };
  if (type === 'openText') return isText(text, MAX_COPY_CHARS) ? { type, text } : undefined;
  if (!isCount(id)) return undefined;
  if (type === 'copyText') return isText(text, MAX_COPY_CHARS) ? { type, id, text } : undefined;
  if (!isView(view)) return undefined;
  switch (type) {
    case 'view':
    case 'openInEditor':
      return { type, id, view };
    case 'rows':
      return isCount(from) && isCount(count) && count <= MAX_ROWS ? { type, id, view, from, count } : undefined;
    case 'find':
      return isText(words, MAX_WORDS_CHARS) && words !== '' && isCount(from) && typeof backwards === 'boolean'
        ? { type, id, view, words, from, backwards }
        : undefined;
    case 'copy':
      return isCount(from) && isCount(to) ? { type, id, view, from, to } : undefined;
    default:
      return undefined;
  }
}

export function parseReplyMessage(value: Fields): ReplyMessage | undefined {
  const { type, id, view, rows, from, row, text, shape } = value as Record<'type' | 'id' | 'view' | 'rows' | 'from' | 'row' | 'text' | 'shape', unknown>;
  if (!isCount(id)) return undefined;
  if (type === 'growing') return isCount(rows) ? { type, id, rows } : undefined;
  if (type === 'noted') return isText(text, MAX_NOTE_CHARS) ? { type, id, text } : undefined;
  if (!isView(view)) return undefined;
  switch (type) {
    case 'view': {
      const parsed = shape === 'gone' ? shape : parseShape(shape);
      return parsed && { type, id, view, shape: parsed };
    }
    case 'rows':
      return isCount(from) && (rows === 'gone' || isRows(rows)) ? { type, id, view, from, rows } : undefined;
    case 'found':
      return row === null || isCount(row) ? { type, id, view, row } : undefined;
    default:
      return undefined;
  }
}

function parseShape(value: unknown): ViewShape | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { rows, text, columns, note } = value as Partial<Record<keyof ViewShape, unknown>>;
  if (!isCount(rows) || !isText(note, MAX_NOTE_CHARS) || !(text === null || isText(text, MAX_VIEW_TEXT_CHARS))) return undefined;
  return columns === null || isColumns(columns) ? { rows, text, columns, note } : undefined;
}

function isColumns(value: unknown): value is readonly ColumnMessage[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_CELLS) return false;
  return value.every((column: unknown) => {
    const { name, width } = (column ?? {}) as Partial<Record<keyof ColumnMessage, unknown>>;
    return isText(name, MAX_ROW_CHARS) && isCount(width);
  });
}

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value) && value.length <= MAX_ROWS && value.every(isRow);
}

function isRow(value: unknown): value is Row {
  if (isText(value, MAX_ROW_CHARS)) return true;
  return Array.isArray(value) && value.length <= MAX_CELLS && value.every((cell) => isText(cell, MAX_ROW_CHARS));
}

export function isView(value: unknown): value is ReplyView {
  return (REPLY_VIEWS as readonly unknown[]).includes(value);
}
