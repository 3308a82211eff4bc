import type { RespValue } from '../../wire/resp';
import { word } from '../commands';
import { bundledDocs } from '../completion/bundled';
import type { ArgumentDoc } from '../completion/docs';
import { fieldsOf, integerOf, itemsOf, textOf } from './fields';

/** Where a command has keys, as `COMMAND` describes it (redis.io, "Command key specifications"). Positions count the name as 0. */
export interface KeySpec {
  readonly begin: { readonly at: number } | { readonly keyword: string; readonly from: number };
  readonly find:
    /** `last`: from the first key on, or from the end where it is negative. `limit`: 2 is the first half of what is there, 3 the first third. */
    | { readonly kind: 'range'; readonly last: number; readonly step: number; readonly limit: number }
    /** `number`, `first`: positions from `begin` on, of the number of keys and of the first one. */
    | { readonly kind: 'counted'; readonly number: number; readonly first: number; readonly step: number };
}

/** By name in lower case, a subcommand's as `container|subcommand`; empty: the command has no keys. */
export type KeyTable = ReadonlyMap<string, readonly KeySpec[]>;

const MAX_COMMANDS = 5000;
const MAX_SPECS = 16;

/**
 * Reads the reply to COMMAND. What has specifications there (Redis 7 and later) is known for good; of older servers the first
 * and the last key of what the bundled documentation does not know are taken, as long as they do not move.
 */
export function keyTable(reply: RespValue): KeyTable {
  const table = new Map<string, readonly KeySpec[]>();
  for (const entry of itemsOf(reply).slice(0, MAX_COMMANDS)) addEntry(entry, table);
  return table;
}

function addEntry(entry: RespValue, table: Map<string, readonly KeySpec[]>): void {
  const fields = itemsOf(entry);
  const name = textOf(fields[0])?.toLowerCase();
  if (name === undefined) return;
  for (const sub of itemsOf(fields[9]).slice(0, MAX_COMMANDS)) addEntry(sub, table);
  if (fields.length >= 9) {
    const specs = itemsOf(fields[8]).slice(0, MAX_SPECS);
    const known = specs.map((spec) => specOf(spec));
    // Of SORT's STORE it says no more than that there may be something.
    if (known.every((spec) => spec !== undefined) || !MOVED_KEYS.has(name)) table.set(name, known.filter((spec) => spec !== undefined));
    return;
  }
  const [first = 0, last = 0, step = 0] = [fields[3], fields[4], fields[5]].map((field) => integerOf(field));
  const moves = itemsOf(fields[2]).some((flag) => textOf(flag) === 'movablekeys');
  if (moves || bundledDocs().has(name)) return;
  table.set(name, first > 0 && step > 0 ? [{ begin: { at: first }, find: { kind: 'range', last: last < 0 ? last : last - first, step, limit: 0 } }] : []);
}

function specOf(value: RespValue): KeySpec | undefined {
  const fields = fieldsOf(value);
  const begin = searchOf(fields.get('begin_search'));
  const find = findOf(fields.get('find_keys'));
  return begin && find && { begin, find };
}

function searchOf(value: RespValue | undefined): KeySpec['begin'] | undefined {
  const fields = fieldsOf(value);
  const spec = fieldsOf(fields.get('spec'));
  const at = integerOf(spec.get('index'));
  const from = integerOf(spec.get('startfrom'));
  const keyword = textOf(spec.get('keyword'))?.toLowerCase();
  switch (textOf(fields.get('type')) ?? '') {
    case 'index':
      return at !== undefined && at > 0 ? { at } : undefined;
    case 'keyword':
      return keyword !== undefined && from !== undefined && from !== 0 ? { keyword, from } : undefined;
    default:
      return undefined;
  }
}

function findOf(value: RespValue | undefined): KeySpec['find'] | undefined {
  const fields = fieldsOf(value);
  const spec = fieldsOf(fields.get('spec'));
  const number = (name: string): number | undefined => integerOf(spec.get(name));
  const [last, limit, at, first, step] = [number('lastkey'), number('limit'), number('keynumidx'), number('firstkey'), number('keystep')];
  if (step === undefined || step < 1) return undefined;
  switch (textOf(fields.get('type')) ?? '') {
    case 'range':
      return last === undefined ? undefined : { kind: 'range', last, step, limit: limit ?? 0 };
    case 'keynum':
      return at === undefined || first === undefined || at < 0 || first < 0 ? undefined : { kind: 'counted', number: at, first, step };
    default:
      return undefined;
  }
}

/** The keys of a command, in its order, each once; none where nobody knows the command. @param args the name first */
export function keysOf(args: readonly Buffer[], table: KeyTable): readonly Buffer[] {
  const name = word(args, 0);
  const full = `${name}|${word(args, 1)}`;
  const specs = table.get(full) ?? (hasDoc(full) ? undefined : table.get(name)) ?? bundledSpecs(hasDoc(full) ? full : name);
  // MIGRATE has an empty one where its keys stand behind KEYS.
  const keys = specs.flatMap((spec) => keysBySpec(args, spec)).filter((key) => key.length > 0 || name !== 'migrate');
  return [...new Map(keys.map((key) => [key.toString('latin1'), key])).values()];
}

function hasDoc(name: string): boolean {
  return bundledDocs().has(name);
}

function keysBySpec(args: readonly Buffer[], { begin, find }: KeySpec): readonly Buffer[] {
  const start = 'at' in begin ? begin.at : behindKeyword(args, begin.keyword, begin.from);
  if (start === undefined || start >= args.length) return [];
  if (find.kind === 'counted') {
    const count = Number(word(args, start + find.number) || 'NaN');
    const first = start + find.first;
    return Number.isInteger(count) && count > 0 ? every(args, first, Math.min(args.length - 1, first + (count - 1) * find.step), find.step) : [];
  }
  const { last, step, limit } = find;
  if (last >= 0) return every(args, start, Math.min(args.length - 1, start + last), step);
  const end = limit >= 2 ? start + Math.floor((args.length - start) / limit) - 1 : args.length + last;
  return every(args, start, end, step);
}

/** Searches forward from `from`, or backward where it is negative; the keyword needs something behind it. */
function behindKeyword(args: readonly Buffer[], keyword: string, from: number): number | undefined {
  const forward = from > 0;
  for (let at = forward ? from : args.length + from; at > 0 && at < args.length; at += forward ? 1 : -1) {
    if (word(args, at) === keyword) return at + 1;
  }
  return undefined;
}

function every(args: readonly Buffer[], from: number, to: number, step: number): readonly Buffer[] {
  return args.filter((_, index) => index >= from && index <= to && (index - from) % step === 0);
}

/** What the documentation of the command says in the form of a specification. Its words must stand at fixed places up to the first key. */
function bundledSpecs(name: string): readonly KeySpec[] {
  const exact = MOVED_KEYS.get(name);
  if (exact) return exact;
  const doc = bundledDocs().get(name);
  if (!doc) return [];
  const start = name.includes('|') ? 2 : 1;
  const specs: KeySpec[] = [];
  for (const [index, arg] of doc.args.entries()) {
    if (!isKeys(arg)) {
      if (arg.optional || arg.multiple || arg.type === 'block' || arg.token !== undefined) break;
      continue;
    }
    const counted = index > 0 && doc.args[index - 1]!.name === 'numkeys';
    // Of keys that are counted the number stands before them; of others the words behind them are as many as the documentation has.
    const behind = doc.args.slice(index + 1).filter((one) => !one.optional).length;
    if (counted) specs.push({ begin: { at: start + index - 1 }, find: { kind: 'counted', number: 0, first: 1, step: 1 } });
    else specs.push({ begin: { at: start + index }, find: { kind: 'range', last: arg.multiple ? -1 - behind : 0, step: Math.max(1, arg.children.length), limit: 0 } });
    if (arg.multiple || arg.optional) break;
  }
  return specs;
}

/** A key, or pairs of keys and values. */
function isKeys({ type, children }: ArgumentDoc): boolean {
  return type === 'key' || (type === 'block' && children[0]?.type === 'key');
}

const counted = (at: number): KeySpec => ({ begin: { at }, find: { kind: 'counted', number: 0, first: 1, step: 1 } });
const one = (at: number): KeySpec => ({ begin: { at }, find: { kind: 'range', last: 0, step: 1, limit: 0 } });
const behind = (keyword: string, from: number, last = 0, limit = 0): KeySpec => ({ begin: { keyword, from }, find: { kind: 'range', last, step: 1, limit } });

/** Commands whose keys stand behind a keyword, or of which the documentation does not tell (the sources' command files). */
const MOVED_KEYS: ReadonlyMap<string, readonly KeySpec[]> = new Map(Object.entries<readonly KeySpec[]>({
  xread: [behind('streams', 1, -1, 2)],
  xreadgroup: [behind('streams', 4, -1, 2)],
  sort: [one(1), behind('store', 2)],
  georadius: [one(1), behind('store', 6), behind('storedist', 6)],
  georadiusbymember: [one(1), behind('store', 5), behind('storedist', 5)],
  migrate: [one(3), behind('keys', -2, -1)],
  ...Object.fromEntries(['eval', 'eval_ro', 'evalsha', 'evalsha_ro', 'fcall', 'fcall_ro'].map((name) => [name, [counted(2)]])),
  ...Object.fromEntries(['object|encoding', 'object|freq', 'object|idletime', 'object|refcount', 'memory|usage'].map((name) => [name, [one(2)]])),
  ...Object.fromEntries(['xinfo|stream', 'xinfo|groups', 'xinfo|consumers'].map((name) => [name, [one(2)]])),
}));
