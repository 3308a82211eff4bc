import { word } from '../commands';

/** How the size of what a slow command would read is asked for, and from which size on it is slow. */
export interface SizeProbe {
  /** Each is answered in constant time with an integer, or with nil for a key that is not there; the sum counts. */
  readonly commands: readonly (readonly Buffer[])[];
  readonly unit: 'elements' | 'keys' | 'bytes';
  /** Up to here it runs without a question. */
  readonly limit: number;
}

/** `probe` is absent where no cheap command tells the size. */
export interface Slowness {
  readonly probe?: SizeProbe;
}

/** About 10 ms of a server's single thread, and a reply of a few hundred kilobytes. */
export const ELEMENT_LIMIT = 10_000;
export const BYTE_LIMIT = 8 * 1024 * 1024;
/** More keys than these are not asked about. */
const MAX_PROBED = 16;

type Rule = (args: readonly Buffer[]) => Slowness | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  keys: () => ({ probe: { commands: [bytes('DBSIZE')], unit: 'keys', limit: ELEMENT_LIMIT } }),
  smembers: (args) => elements('SCARD', args.slice(1, 2)),
  hgetall: (args) => elements('HLEN', args.slice(1, 2)),
  hkeys: (args) => elements('HLEN', args.slice(1, 2)),
  hvals: (args) => elements('HLEN', args.slice(1, 2)),
  lrange: (args) => (isWide(args) ? elements('LLEN', args.slice(1, 2)) : undefined),
  zrange: (args) => zrange(args),
  zrevrange: (args) => (isWide(args) ? elements('ZCARD', args.slice(1, 2)) : undefined),
  zrangebyscore: (args) => unlessLimited(args, 'limit', 'ZCARD'),
  zrevrangebyscore: (args) => unlessLimited(args, 'limit', 'ZCARD'),
  zrangebylex: (args) => unlessLimited(args, 'limit', 'ZCARD'),
  zrevrangebylex: (args) => unlessLimited(args, 'limit', 'ZCARD'),
  xrange: (args) => unlessLimited(args, 'count', 'XLEN'),
  xrevrange: (args) => unlessLimited(args, 'count', 'XLEN'),
  sunion: (args) => elements('SCARD', args.slice(1)),
  sinter: (args) => elements('SCARD', args.slice(1)),
  sdiff: (args) => elements('SCARD', args.slice(1)),
  sunionstore: (args) => elements('SCARD', args.slice(2)),
  sinterstore: (args) => elements('SCARD', args.slice(2)),
  sdiffstore: (args) => elements('SCARD', args.slice(2)),
  zunion: (args) => memory(numbered(args, 1)),
  zinter: (args) => memory(numbered(args, 1)),
  zdiff: (args) => memory(numbered(args, 1)),
  zunionstore: (args) => memory(numbered(args, 2)),
  zinterstore: (args) => memory(numbered(args, 2)),
  zdiffstore: (args) => memory(numbered(args, 2)),
  sort: (args) => memory(args.slice(1, 2)),
  sort_ro: (args) => memory(args.slice(1, 2)),
  dump: (args) => memory(args.slice(1, 2)),
  bitcount: (args) => (args.length > 2 ? undefined : strings(args.slice(1, 2))),
  bitop: (args) => strings(args.slice(3)),
  lcs: (args) => strings(args.slice(1, 3)),
  scan: (args) => scan(args),
  hscan: (args) => scan(args),
  sscan: (args) => scan(args),
  zscan: (args) => scan(args),
};

/** Whether these arguments may make the server work for long; `name` is the command's own, in lower case. */
export function slownessOf(name: string, args: readonly Buffer[]): Slowness | undefined {
  return Object.hasOwn(RULES, name) ? RULES[name]!(args) : undefined;
}

function elements(length: string, keys: readonly Buffer[]): Slowness | undefined {
  return probing(keys, 'elements', ELEMENT_LIMIT, (key) => [...bytes(length), key]);
}

function strings(keys: readonly Buffer[]): Slowness | undefined {
  return probing(keys, 'bytes', BYTE_LIMIT, (key) => [...bytes('STRLEN'), key]);
}

/** SAMPLES 1 looks at one element, so the answer comes at once and is an estimate. */
function memory(keys: readonly Buffer[]): Slowness | undefined {
  return probing(keys, 'bytes', BYTE_LIMIT, (key) => [...bytes('MEMORY', 'USAGE'), key, ...bytes('SAMPLES', '1')]);
}

function probing(
  keys: readonly Buffer[],
  unit: SizeProbe['unit'],
  limit: number,
  ask: (key: Buffer) => readonly Buffer[],
): Slowness | undefined {
  // Without a key the server refuses the command.
  if (keys.length === 0) return undefined;
  return keys.length > MAX_PROBED ? {} : { probe: { commands: keys.map(ask), unit, limit } };
}

/** The keys that follow their number. */
function numbered(args: readonly Buffer[], at: number): readonly Buffer[] {
  const count = Number(word(args, at));
  return Number.isInteger(count) && count > 0 ? args.slice(at + 1, at + 1 + count) : [];
}

/** `start stop` by rank: from the end they are as far apart as the key is long. */
function isWide(args: readonly Buffer[]): boolean {
  const start = Number(word(args, 2));
  const stop = Number(word(args, 3));
  if (Number.isNaN(start) || Number.isNaN(stop)) return true;
  return start >= 0 !== stop >= 0 || stop - start >= ELEMENT_LIMIT;
}

function zrange(args: readonly Buffer[]): Slowness | undefined {
  const options = new Set(args.slice(4).map((_, index) => word(args, index + 4)));
  if (!options.has('byscore') && !options.has('bylex')) return isWide(args) ? elements('ZCARD', args.slice(1, 2)) : undefined;
  return unlessLimited(args, 'limit', 'ZCARD');
}

/** The number of results stands behind COUNT, and two behind LIMIT; a negative one is no limit. */
function unlessLimited(args: readonly Buffer[], option: 'limit' | 'count', length: string): Slowness | undefined {
  const at = args.findIndex((_, index) => index >= 4 && word(args, index) === option);
  const limit = at < 0 ? -1 : Number(word(args, at + (option === 'limit' ? 2 : 1)));
  return limit >= 0 && limit <= ELEMENT_LIMIT ? undefined : elements(length, args.slice(1, 2));
}

function scan(args: readonly Buffer[]): Slowness | undefined {
  const at = args.findIndex((_, index) => index >= 2 && word(args, index) === 'count');
  return at >= 0 && Number(word(args, at + 1)) > ELEMENT_LIMIT ? {} : undefined;
}

function bytes(...words: readonly string[]): Buffer[] {
  return words.map((each) => Buffer.from(each));
}
