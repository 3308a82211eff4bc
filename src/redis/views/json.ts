import { isUtf8 } from 'node:buffer';
import type { RespValue } from '../../wire/resp';
import type { TextTarget } from '../render';
import { bytesOf } from './readValue';
import { assignmentLines, assignmentsOf, entriesOf, infoOf, itemsOf, pairsOf, type Pair, type ReplyShape, type StreamEntry, streamsOf } from './shapes';

/** What JSON is made of here: texts that are JSON already, and what contains them. */
type JsonNode =
  | { readonly literal: string }
  | { readonly list: readonly JsonSource[] }
  | { readonly members: readonly (readonly [string, JsonSource])[] };
/** Made when it is written, so that nothing is made beyond the bound. */
type JsonSource = () => JsonNode;

/** Two blanks for each level, up to here. */
const MAX_INDENT = 100;

/**
 * The reply as JSON, indented; what its command makes of it is an object where that is what it means. Where the server says something
 * about a value besides (RESP3 `|`), it is `{"attributes": …, "value": …}`.
 */
export function writeJson(value: RespValue, shape: ReplyShape, out: TextTarget): void {
  write(() => withAttributes(value, shaped(value, shape) ?? (() => plainNodeOf(value))), out, 0, true);
}

/** On one line, for a cell of a table. */
export function compactJson(value: RespValue, maxChars: number): string {
  let text = '';
  const out: TextTarget = {
    get full() {
      return text.length > maxChars;
    },
    add: (part) => {
      text += part;
    },
    cut: () => {},
  };
  write(() => nodeOf(value), out, 0, false);
  return text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
}

function shaped(value: RespValue, shape: ReplyShape): JsonSource | undefined {
  switch (shape.kind) {
    case 'pairs': {
      const pairs = pairsOf(value);
      return pairs && (() => objectOf(pairs));
    }
    case 'entries': {
      const entries = entriesOf(value);
      return entries && (() => listOf(entries));
    }
    case 'streams': {
      const members = streamsOf(value)?.map(([name, entries]) => [textOf(name), () => listOf(entries)] as const);
      return members && (() => ({ members }));
    }
    case 'info':
      return reportOf(value, infoObject);
    case 'clients':
      return reportOf(value, (text) => ({ list: [...assignmentLines(text)].map((line) => () => clientObject(line)) }));
    case 'clusterNodes':
    case 'slowlog':
    case 'other':
      return undefined;
  }
}

function reportOf(value: RespValue, make: (text: string) => JsonNode): JsonSource | undefined {
  const text = bytesOf(value)?.toString('utf8');
  return text === undefined ? undefined : () => make(text);
}

function clientObject(line: string): JsonNode {
  return { members: [...assignmentsOf(line)].map(([name, fact]) => [name, literal(fact)] as const) };
}

function infoObject(text: string): JsonNode {
  const sections = new Map<string, (readonly [string, JsonSource])[]>();
  for (const { section, name, value } of infoOf(text)) {
    const members = sections.get(section) ?? [];
    sections.set(section, members);
    members.push([name, literal(value)]);
  }
  const [only] = sections.keys();
  if (sections.size === 1 && only === '') return { members: sections.get(only)! };
  return { members: [...sections].map(([section, members]) => [section, () => ({ members })] as const) };
}

function listOf(entries: readonly StreamEntry[]): JsonNode {
  return { list: entries.map(({ id, fields }) => () => ({ members: [['id', literal(id)], ['fields', () => objectOf(fields)]] as const })) };
}

/** An object where keys are texts alone and none comes twice, else a list of pairs. */
function objectOf(pairs: readonly Pair[]): JsonNode {
  const names = pairs.map(([key]) => keyOf(key));
  const bare = pairs.every(([key]) => !key.attributes);
  const distinct = bare && !names.includes(undefined) && new Set(names).size === names.length;
  if (distinct) return { members: pairs.map(([, item], index) => [names[index]!, () => nodeOf(item)] as const) };
  return { list: pairs.map(([key, item]) => () => ({ list: [() => nodeOf(key), () => nodeOf(item)] })) };
}

function keyOf(value: RespValue): string | undefined {
  if (value.type === 'integer') return String(value.value);
  const bytes = bytesOf(value);
  return bytes && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

function textOf(value: RespValue): string {
  return keyOf(value) ?? bytesOf(value)?.toString('latin1') ?? '';
}

/** A value of which the server says something besides is an object of both. */
function nodeOf(value: RespValue): JsonNode {
  return withAttributes(value, () => plainNodeOf(value));
}

function withAttributes({ attributes }: RespValue, source: JsonSource): JsonNode {
  // First, so that they are there however much there is of the value.
  return attributes ? { members: [['attributes', () => objectOf(attributes)], ['value', source]] } : source();
}

function plainNodeOf(value: RespValue): JsonNode {
  switch (value.type) {
    case 'array':
    case 'set':
    case 'push':
      return { list: (itemsOf(value) ?? []).map((item) => () => nodeOf(item)) };
    case 'map':
      return objectOf(value.entries);
    case 'bulk':
    case 'verbatim':
      // JSON knows no bytes: what is no text says how it is written.
      return isUtf8(value.bytes) ? { literal: quoted(value.bytes.toString('utf8')) } : { members: [['base64', literal(value.bytes.toString('base64'))]] };
    case 'status':
      return { literal: quoted(value.text) };
    case 'error':
      return { members: [['error', literal(value.text)]] };
    case 'integer':
      return { literal: String(value.value) };
    case 'bigNumber':
      return { literal: value.text.replace(/^\+/, '') };
    case 'double':
      // JSON has neither infinity nor what is no number.
      return { literal: /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value.text) ? value.text : quoted(value.text) };
    case 'boolean':
      return { literal: String(value.value) };
    case 'null':
      return { literal: 'null' };
  }
}

function literal(text: string): JsonSource {
  return () => ({ literal: quoted(text) });
}

// Characters that turn the direction of a text round, or that nobody sees: JSON may escape any.
const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

export function quoted(text: string): string {
  return escapeUnseen(JSON.stringify(text));
}

/** Of text that is JSON already. */
export function escapeUnseen(json: string): string {
  return json.replaceAll(UNSEEN, escapeUnit);
}

function escapeUnit(unit: string): string {
  return String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function write(source: JsonSource, out: TextTarget, depth: number, indented: boolean): void {
  if (out.full) {
    out.cut();
    return;
  }
  const node = source();
  if ('literal' in node) {
    out.add(node.literal);
    return;
  }
  const members = 'list' in node ? node.list.map((item) => [undefined, item] as const) : node.members;
  const [open, close] = 'list' in node ? '[]' : '{}';
  if (members.length === 0) {
    out.add(`${open}${close}`);
    return;
  }
  const blank = indented ? `\n${'  '.repeat(Math.min(depth + 1, MAX_INDENT))}` : '';
  out.add(open!);
  for (const [index, [name, item]] of members.entries()) {
    if (out.full) break;
    out.add(`${index > 0 ? (indented ? ',' : ', ') : ''}${blank}${name === undefined ? '' : `${quoted(name)}: `}`);
    write(item, out, depth + 1, indented);
  }
  out.add(`${indented ? `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}` : ''}${close}`);
}
