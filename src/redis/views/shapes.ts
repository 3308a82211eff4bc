import type { RespValue } from '../../wire/resp';
import { word } from '../commands';
import { bytesOf } from './readValue';

/** What the reply of a command consists of, where its form alone does not tell. */
export type ReplyShape =
  /** Field, value, field, value; a map in RESP3. */
  | { readonly kind: 'pairs'; readonly columns: readonly [string, string] }
  /** Entries of one stream: an id and its fields. */
  | { readonly kind: 'entries' }
  /** Streams with their entries. */
  | { readonly kind: 'streams' }
  /** `# Section`, `name:value`. */
  | { readonly kind: 'info' }
  /** Lines of `name=value`. */
  | { readonly kind: 'clients' }
  | { readonly kind: 'clusterNodes' }
  | { readonly kind: 'slowlog' }
  | { readonly kind: 'other' };

const FIELDS: ReplyShape = { kind: 'pairs', columns: ['field', 'value'] };
const SCORES: ReplyShape = { kind: 'pairs', columns: ['member', 'score'] };
const OTHER: ReplyShape = { kind: 'other' };

const BY_NAME: Readonly<Record<string, ReplyShape>> = {
  hgetall: FIELDS,
  hello: FIELDS,
  xrange: { kind: 'entries' },
  xrevrange: { kind: 'entries' },
  xclaim: { kind: 'entries' },
  xread: { kind: 'streams' },
  xreadgroup: { kind: 'streams' },
  info: { kind: 'info' },
};

const BY_SUBCOMMAND: Readonly<Record<string, ReplyShape>> = {
  'config get': { kind: 'pairs', columns: ['parameter', 'value'] },
  'xinfo stream': FIELDS,
  'memory stats': FIELDS,
  'acl getuser': FIELDS,
  'client trackinginfo': FIELDS,
  'pubsub numsub': { kind: 'pairs', columns: ['channel', 'subscribers'] },
  'pubsub shardnumsub': { kind: 'pairs', columns: ['channel', 'subscribers'] },
  'client list': { kind: 'clients' },
  'client info': { kind: 'clients' },
  'cluster info': { kind: 'info' },
  'cluster nodes': { kind: 'clusterNodes' },
  'slowlog get': { kind: 'slowlog' },
};

const WITH_SCORES = new Set(['zrange', 'zrevrange', 'zrangebyscore', 'zrevrangebyscore', 'zinter', 'zunion', 'zdiff', 'zrandmember']);

/** Of the reply to a command. */
export function shapeOf(args: readonly Buffer[]): ReplyShape {
  const name = word(args, 0);
  const options = new Set(args.slice(1).map((_, index) => word(args, index + 1)));
  if (WITH_SCORES.has(name)) return options.has('withscores') ? SCORES : OTHER;
  if (name === 'zpopmin' || name === 'zpopmax') return SCORES;
  if (name === 'hrandfield') return options.has('withvalues') ? FIELDS : OTHER;
  // What is typed may be called as what every object has.
  return (Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined) ?? BY_SUBCOMMAND[`${name} ${word(args, 1)}`] ?? OTHER;
}

export type Pair = readonly [RespValue, RespValue];

/** The pairs of a map, of a flat array, or of an array of two-element arrays; undefined where they are none of these. */
export function pairsOf(value: RespValue): readonly Pair[] | undefined {
  if (value.type === 'map') return value.entries;
  const items = itemsOf(value);
  if (!items) return undefined;
  const pairs: Pair[] = [];
  if (items.length > 0 && items.every((item) => itemsOf(item)?.length === 2)) {
    for (const item of items) {
      const [first, second] = itemsOf(item)!;
      pairs.push([first!, second!]);
    }
    return pairs;
  }
  const { omitted } = value as { readonly omitted: number };
  if ((items.length + omitted) % 2 === 1) return undefined;
  for (let at = 0; at + 1 < items.length; at += 2) pairs.push([items[at]!, items[at + 1]!]);
  return pairs;
}

export function itemsOf(value: RespValue): readonly RespValue[] | undefined {
  return value.type === 'array' || value.type === 'set' || value.type === 'push' ? value.items : undefined;
}

/** The key of a pair where it may be the name of a column. */
export function nameOf(value: RespValue): string | undefined {
  const bytes = bytesOf(value);
  return bytes && bytes.length > 0 && bytes.length <= 64 && /^[\x21-\x7e]+$/.test(bytes.toString('latin1')) ? bytes.toString('latin1') : undefined;
}

export interface StreamEntry {
  readonly id: string;
  readonly fields: readonly Pair[];
}

/** Of XRANGE and the like; undefined for anything else. Entries that were deleted meanwhile are left out. */
export function entriesOf(value: RespValue): readonly StreamEntry[] | undefined {
  const items = itemsOf(value);
  if (!items) return undefined;
  const entries: StreamEntry[] = [];
  for (const item of items) {
    if (item.type === 'null') continue;
    const [id, fields] = itemsOf(item) ?? [];
    const text = id && bytesOf(id)?.toString('latin1');
    const pairs = fields && (fields.type === 'null' ? [] : pairsOf(fields));
    if (text === undefined || !/^\d+-\d+$/.test(text) || !pairs) return undefined;
    entries.push({ id: text, fields: pairs });
  }
  return entries;
}

/** Of XREAD and the like; undefined for anything else. */
export function streamsOf(value: RespValue): readonly (readonly [RespValue, readonly StreamEntry[]])[] | undefined {
  const streams: (readonly [RespValue, readonly StreamEntry[]])[] = [];
  for (const [name, list] of pairsOf(value) ?? []) {
    const entries = entriesOf(list);
    if (!entries) return undefined;
    streams.push([name, entries]);
  }
  return streams.length > 0 ? streams : undefined;
}

/** `# Section` above `name:value`. */
export function infoOf(text: string): readonly { readonly section: string; readonly name: string; readonly value: string }[] {
  const facts: { section: string; name: string; value: string }[] = [];
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (line.startsWith('#')) section = line.slice(1).trim();
    else if (colon > 0) facts.push({ section, name: line.slice(0, colon), value: line.slice(colon + 1) });
  }
  return facts;
}

/** More than a table has rows, and a text of JSON has room for. */
const MAX_ASSIGNMENT_LINES = 250_000;

/** Lines of `name=value name=value`, one by one and no more than any view can show. */
export function* assignmentLines(text: string): Generator<string> {
  let lines = 0;
  for (let at = 0; at < text.length && lines < MAX_ASSIGNMENT_LINES; ) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const line = text.slice(at, end);
    at = end + 1;
    if (!line.includes('=')) continue;
    lines++;
    yield line;
  }
}

/** Of one of the lines; a value may hold anything but a blank. */
export function assignmentsOf(line: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const part of line.trim().split(' ')) {
    const equals = part.indexOf('=');
    if (equals > 0) facts.set(part.slice(0, equals), part.slice(equals + 1));
  }
  return facts;
}
