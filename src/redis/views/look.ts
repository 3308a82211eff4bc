import type { RespValue } from '../../wire/resp';
import { escaped } from '../escape';
import { TextStore } from '../replies/textStore';
import type { OpenView, ReplyView } from '../replies/types';
import { type Decoded, decode, isWorthDecoding, writeDecoded } from './decode';
import { writeHex } from './hex';
import { writeJson } from './json';
import { InflateRoom } from './inflate';
import { indentJson, isJson } from './jsonText';
import { bytesOf, isCut, readValue } from './readValue';
import { itemsOf, type ReplyShape } from './shapes';
import { hasTable, tableOf } from './table';

/** Of the reply's beginning that tells which views there are: every reply pays for it. */
const HEAD_BYTES = 32 * 1024;
/** Of a reply as a value, with what its elements cost. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
/** Of a view, UTF-16 units. */
const MAX_VIEW_CHARS = 4 * 1024 * 1024;
/** Strings of a reply that are dumped or decoded one by one. */
const MAX_STRINGS = 1000;

/** Which views the reply has; by its beginning. */
export function viewsOf(wire: readonly Buffer[], shape: ReplyShape): readonly ReplyView[] {
  const value = readValue(beginningOf(wire), HEAD_BYTES);
  if (!value || value.type === 'error') return [];
  const report = shape.kind === 'info' || shape.kind === 'clients' || shape.kind === 'clusterNodes';
  // A report is text as it is.
  const strings = report ? [] : stringsIn(value);
  const views: ReplyView[] = [];
  const aggregate = isAggregate(value);
  const single = aggregate ? undefined : strings[0];
  const table = hasTable(value, shape);
  if (aggregate || value.attributes || (report && table) || (single && looksLikeJson(single.bytes))) views.push('json');
  if (table) views.push('table');
  if (strings.some(({ bytes }) => bytes.length > 0 && (!aggregate || isBinary(bytes)))) views.push('hex');
  if (strings.some(({ bytes }) => bytes.length > 0 && isWorthDecoding(bytes))) views.push('decoded');
  return views;
}

/** Makes a view of as much of the reply as is kept and as is reasonable; undefined if it has none. @throws Fault `operation.cancelled` */
export async function lookAt(
  view: Exclude<ReplyView, 'text'>,
  wire: { readonly pieces: readonly Buffer[]; readonly complete: boolean },
  shape: ReplyShape,
  signal: AbortSignal,
): Promise<OpenView | undefined> {
  const value = readValue(wire.pieces, MAX_VALUE_BYTES);
  if (!value) return undefined;
  const cut = !wire.complete || isCut(value);
  switch (view) {
    case 'json':
      return jsonView(value, shape, cut);
    case 'table':
      return tableView(value, shape, cut);
    case 'hex':
      return textView(cut, (out) => {
        for (const { bytes } of stringsToWrite(value, out)) writeHex(bytes, out);
      });
    case 'decoded':
      return decodedView(value, cut, signal);
  }
}

function jsonView(value: RespValue, shape: ReplyShape, cut: boolean): OpenView {
  const text = bytesOf(value)?.toString('utf8');
  if (text !== undefined && !value.attributes && isJson(text)) return { ...textView(cut, (out) => indentJson(text, out)), language: 'json' };
  return { ...textView(cut, (out) => writeJson(value, shape, out)), language: 'json' };
}

function tableView(value: RespValue, shape: ReplyShape, cut: boolean): OpenView | undefined {
  const table = tableOf(value, shape);
  if (!table) return undefined;
  if (cut) table.cut();
  return { source: table, columns: table.columns, steps: [], language: 'plaintext' };
}

function textView(cut: boolean, fill: (out: TextStore) => void): OpenView {
  const out = new TextStore({ maxChars: MAX_VIEW_CHARS });
  fill(out);
  if (cut) out.cut();
  return { source: out, steps: [], language: 'plaintext' };
}

async function decodedView(value: RespValue, cut: boolean, signal: AbortSignal): Promise<OpenView> {
  const out = new TextStore({ maxChars: MAX_VIEW_CHARS });
  const room = new InflateRoom();
  if (!isAggregate(value)) {
    const decoded = await decode(bytesOf(value) ?? Buffer.alloc(0), cut, room, signal);
    writeDecoded(decoded, out);
    if (cut || decoded.cut) out.cut();
    const json = decoded.form === 'json' || decoded.form === 'msgpack';
    return { source: out, steps: decoded.steps, language: json ? 'json' : 'plaintext' };
  }
  // One by one: what was made of a string is gone before the next one is looked at.
  for (const { bytes, omitted } of stringsToWrite(value, out)) {
    if (isWorthDecoding(bytes)) writeWithSteps(await decode(bytes, omitted > 0, room, signal), out);
    else out.add(escaped(bytes.subarray(0, PLAIN_CHARS)));
  }
  if (cut) out.cut();
  return { source: out, steps: [], language: 'plaintext' };
}

function writeWithSteps(decoded: Decoded, out: TextStore): void {
  out.add(`${decoded.steps.join(' → ')}\n`);
  writeDecoded(decoded, out);
  if (decoded.cut) out.cut();
}

/** Of a string that needs no decoding. */
const PLAIN_CHARS = 4096;

interface Found {
  /** Where it is: `2`, `2.1`; empty for the reply itself. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly omitted: number;
}

/** The strings of a value one by one, as long as there is room; those in others come under the numbers at which they are. */
function* stringsToWrite(value: RespValue, out: TextStore): Generator<Found> {
  const strings = stringsIn(value);
  if (strings.length >= MAX_STRINGS) out.cut();
  for (const [index, found] of strings.entries()) {
    if (out.full) {
      out.cut();
      return;
    }
    if (found.path !== '') out.add(`${index > 0 ? '\n\n' : ''}${found.path})\n`);
    yield found;
  }
}

function stringsIn(value: RespValue, path = '', found: Found[] = []): readonly Found[] {
  if (found.length >= MAX_STRINGS) return found;
  const prefix = path === '' ? '' : `${path}.`;
  if (value.type === 'bulk' || value.type === 'verbatim') found.push({ path, bytes: value.bytes, omitted: value.omitted });
  else if (value.type === 'map') {
    for (const [index, [key, item]] of value.entries.entries()) {
      stringsIn(key, `${prefix}${index + 1}#`, found);
      stringsIn(item, `${prefix}${index + 1}`, found);
    }
  } else {
    for (const [index, item] of (itemsOf(value) ?? []).entries()) stringsIn(item, `${prefix}${index + 1}`, found);
  }
  return found;
}

function isAggregate(value: RespValue): boolean {
  return value.type === 'map' || itemsOf(value) !== undefined;
}

function isBinary(bytes: Buffer): boolean {
  return bytes.some((byte) => byte < 0x20 || byte > 0x7e);
}

/** Of a string of which perhaps only the beginning is there. */
function looksLikeJson(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  return isJson(text) || (bytes.length > HEAD_BYTES / 2 && /^\s*[[{]\s*["[{\]}\d-]/.test(text));
}

function beginningOf(wire: readonly Buffer[]): readonly Buffer[] {
  const beginning: Buffer[] = [];
  let room = HEAD_BYTES;
  for (const piece of wire) {
    if (room <= 0) break;
    beginning.push(piece.subarray(0, room));
    room -= piece.length;
  }
  return beginning;
}
