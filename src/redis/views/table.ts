import type { RespValue } from '../../wire/resp';
import { compactJson } from './json';
import { bytesOf } from './readValue';
import { assignmentLines, assignmentsOf, entriesOf, infoOf, itemsOf, nameOf, type Pair, pairsOf, type ReplyShape, type StreamEntry, streamsOf } from './shapes';
import { TableStore } from './tableStore';
import { visible, visibleLine } from './visible';

/** Field names of different entries of a stream that become columns of their own. */
const MAX_FIELD_COLUMNS = 32;
/** Rows of unknown form that are looked at for what they have in common. */
const MAX_CELLS = 64;
const SLOWLOG = ['id', 'time', 'microseconds', 'command', 'client', 'client name'];
const CLUSTER_NODES = ['id', 'address', 'flags', 'primary', 'ping sent', 'pong received', 'epoch', 'link', 'slots'];

/** The reply as a table; undefined where it is none. */
export function tableOf(value: RespValue, shape: ReplyShape): TableStore | undefined {
  const table = shapedTable(value, shape) ?? likeRows(value);
  if (!table || table.rows === 0) return undefined;
  if ('omitted' in value && value.omitted > 0) table.cut();
  return table;
}

/** Whether there is one, at the price of its beginning where that is enough to know it. */
export function hasTable(value: RespValue, shape: ReplyShape): boolean {
  const text = shape.kind === 'clients' ? bytesOf(value)?.toString('utf8') : undefined;
  return text === undefined ? tableOf(value, shape) !== undefined : assignmentLines(text).next().done === false;
}

function shapedTable(value: RespValue, shape: ReplyShape): TableStore | undefined {
  switch (shape.kind) {
    case 'pairs':
      return pairTable(pairsOf(value), shape.columns);
    case 'entries':
      return entryTable(entriesOf(value)?.map((entry) => ['', entry]), false);
    case 'streams':
      return entryTable(streamsOf(value)?.flatMap(([name, entries]) => entries.map((entry) => [cellOf(name), entry] as const)), true);
    case 'info':
      return infoTable(value);
    case 'clients':
      return clientTable(value);
    case 'clusterNodes':
      return clusterTable(value);
    case 'slowlog':
      return slowlogTable(itemsOf(value));
    case 'other':
      return value.type === 'map' ? pairTable(value.entries, ['key', 'value']) : undefined;
  }
}

function pairTable(pairs: readonly Pair[] | undefined, columns: readonly [string, string]): TableStore | undefined {
  if (!pairs) return undefined;
  const nested = likeRowsUnder(pairs);
  if (nested) return nested;
  const table = new TableStore(columns);
  for (const [key, item] of pairs) table.add([cellOf(key), cellOf(item)]);
  return table;
}

function entryTable(entries: readonly (readonly [string, StreamEntry])[] | undefined, named: boolean): TableStore | undefined {
  if (!entries) return undefined;
  const fields = new Set<string>();
  for (const [, entry] of entries) {
    for (const [name] of entry.fields) {
      const text = cellOf(name);
      if (fields.size < MAX_FIELD_COLUMNS) fields.add(text);
    }
  }
  const columns = [...fields];
  const table = new TableStore([...(named ? ['stream'] : []), 'id', ...columns]);
  for (const [stream, { id, fields: pairs }] of entries) {
    // A field may come twice in one entry.
    const cells = new Map<string, string>();
    for (const [name, item] of pairs) {
      const key = cellOf(name);
      if (!fields.has(key)) table.cut();
      const before = cells.get(key);
      cells.set(key, before === undefined ? cellOf(item) : `${before}, ${cellOf(item)}`);
    }
    table.add([...(named ? [stream] : []), id, ...columns.map((column) => cells.get(column) ?? '')]);
  }
  return table;
}

function infoTable(value: RespValue): TableStore | undefined {
  const text = bytesOf(value)?.toString('utf8');
  if (text === undefined) return undefined;
  const facts = infoOf(text);
  const sections = facts.some(({ section }) => section !== '');
  const table = new TableStore(sections ? ['section', 'name', 'value'] : ['name', 'value']);
  for (const { section, name, value: fact } of facts) table.add([...(sections ? [section] : []), name, fact].map(visible));
  return table;
}

function clientTable(value: RespValue): TableStore | undefined {
  const text = bytesOf(value)?.toString('utf8');
  if (text === undefined) return undefined;
  const names = clientNames(text);
  const table = new TableStore([...names].map(visible));
  for (const line of assignmentLines(text)) {
    if (table.full) {
      table.cut();
      break;
    }
    const client = assignmentsOf(line);
    table.add([...names].map((name) => visible(client.get(name) ?? '')));
  }
  return table;
}

/** One more than there are columns for, so that the table knows that it lacks some. */
function clientNames(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of assignmentLines(text)) {
    for (const name of assignmentsOf(line).keys()) {
      if (names.size > MAX_CELLS) return names;
      names.add(name);
    }
  }
  return names;
}

function clusterTable(value: RespValue): TableStore | undefined {
  const text = bytesOf(value)?.toString('utf8');
  if (text === undefined) return undefined;
  const table = new TableStore(CLUSTER_NODES);
  for (const line of text.split('\n')) {
    const parts = line.trim().split(' ');
    if (parts.length >= CLUSTER_NODES.length - 1) table.add([...parts.slice(0, CLUSTER_NODES.length - 1), parts.slice(CLUSTER_NODES.length - 1).join(' ')].map(visible));
  }
  return table;
}

function slowlogTable(items: readonly RespValue[] | undefined): TableStore | undefined {
  if (!items) return undefined;
  const table = new TableStore(SLOWLOG);
  for (const item of items) {
    const [id, time, micros, command, ...client] = itemsOf(item) ?? [];
    const words = command && itemsOf(command);
    if (!id || time?.type !== 'integer' || !micros || !words) return undefined;
    table.add([cellOf(id), instant(time.value), cellOf(micros), words.map(cellOf).join(' '), ...client.map(cellOf)]);
  }
  return table;
}

function instant(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** Rows that are alike: maps or lists of pairs with the same keys, or lists of the same length. */
function likeRows(value: RespValue): TableStore | undefined {
  const items = itemsOf(value);
  if (!items || items.length === 0) return undefined;
  const named = namedRows(items);
  if (named) return named;
  const [first] = items;
  const length = first && itemsOf(first)?.length;
  if (length === undefined || length < 2 || length > MAX_CELLS || items.some((item) => itemsOf(item)?.length !== length)) return undefined;
  const table = new TableStore(Array.from({ length }, (_, index) => String(index + 1)));
  for (const item of items) table.add(itemsOf(item)!.map(cellOf));
  return table;
}

function namedRows(items: readonly RespValue[]): TableStore | undefined {
  const rows = items.map(namedPairs);
  const names = rows[0]?.map(([name]) => name);
  if (!names || names.length < 1 || rows.some((row) => row?.length !== names.length || row.some(([name], index) => name !== names[index]))) return undefined;
  const table = new TableStore(names);
  for (const row of rows) table.add(row!.map(([, item]) => cellOf(item)));
  return table;
}

/** A map of things that are alike: each with its key before it. */
function likeRowsUnder(pairs: readonly Pair[]): TableStore | undefined {
  if (pairs.length < 2 || !pairs.every(([, item]) => item.type === 'map')) return undefined;
  const rows = pairs.map(([, item]) => namedPairs(item));
  const names = rows[0]?.map(([name]) => name);
  if (!names || names.length < 1 || rows.some((row) => row?.length !== names.length || row.some(([name], index) => name !== names[index]))) return undefined;
  const table = new TableStore(['key', ...names]);
  for (const [index, row] of rows.entries()) table.add([cellOf(pairs[index]![0]), ...row!.map(([, item]) => cellOf(item))]);
  return table;
}

function namedPairs(value: RespValue): readonly (readonly [string, RespValue])[] | undefined {
  const items = itemsOf(value);
  // A list of two strings is a row of two cells as well.
  if (value.type !== 'map' && (!items || items.length < 4)) return undefined;
  const pairs = value.type === 'map' ? value.entries : flatPairs(items!);
  if (!pairs || pairs.length > MAX_CELLS) return undefined;
  const named: (readonly [string, RespValue])[] = [];
  for (const [key, item] of pairs) {
    const name = nameOf(key);
    if (name === undefined) return undefined;
    named.push([name, item]);
  }
  return new Set(named.map(([name]) => name)).size === named.length ? named : undefined;
}

function flatPairs(items: readonly RespValue[]): readonly Pair[] | undefined {
  if (items.length % 2 === 1 || itemsOf(items[0]!)) return undefined;
  return Array.from({ length: items.length / 2 }, (_, index) => [items[2 * index]!, items[2 * index + 1]!] as const);
}

const MAX_CELL_BYTES = 2048;

/** Of a value, on one line. */
export function cellOf(value: RespValue): string {
  switch (value.type) {
    case 'bulk':
    case 'verbatim':
      return visibleLine(utf8Beginning(value.bytes));
    case 'status':
    case 'error':
      return visibleLine(Buffer.from(value.text));
    case 'integer':
      return String(value.value);
    case 'double':
    case 'bigNumber':
      return value.text;
    case 'boolean':
      return String(value.value);
    case 'null':
      return '(nil)';
    case 'array':
    case 'set':
    case 'push':
    case 'map':
      return compactJson(value, MAX_CELL_BYTES);
  }
}

/** As much as a cell shows, and no half character at its end. */
function utf8Beginning(bytes: Buffer): Buffer {
  if (bytes.length <= MAX_CELL_BYTES) return bytes;
  let end = MAX_CELL_BYTES;
  while (end > MAX_CELL_BYTES - 4 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
