import type { KeyElement, KeyKind } from '../../model/redisKeys';
import type { RespValue } from '../../wire/resp';
import type { Command } from './port';
import { bytesOf, checked, countOf, itemsOf, omittedOf, type ReplyBytes, textOf } from './replies';
import { nameText, shownBytes, wholeCharacters } from './shown';

const PAGE_ELEMENTS = 100;
/** Most elements of a page: small tables come as a whole, however many places HSCAN and SSCAN were asked for. */
const MAX_PAGE_ELEMENTS = 2000;
/** What is shown of one string at a time, and up to which size it can be edited, bytes. */
export const BODY_BYTES = 128 * 1024;
/** What is shown of one element, bytes; a longer one can be removed, and not edited. */
export const ELEMENT_BYTES = 16 * 1024;
/** JSON that takes more memory than this is not read: the server would write all of it. */
const MAX_JSON_MEMORY = 16 * 1024 * 1024;
/** Fields that are shown of one entry of a stream. */
const MAX_PAIRS = 1000;
const MAX_LABEL = 100;
const STREAM_ID = /^\d{1,20}-\d{1,20}$/;
/** About what one page may cost, bytes. */
const PAGE_BYTES = 512 * 1024;
/** Calls of HSCAN or SSCAN for one page: a table with few elements in many places has empty pages. */
const SCAN_CALLS = 20;

/** An element as the server told it: what is edited or removed is compared with this. */
export interface SeenElement {
  readonly label: string;
  readonly field?: ReplyBytes;
  readonly value?: ReplyBytes;
  readonly pairs?: readonly (readonly [ReplyBytes, ReplyBytes])[];
}

/** One page of a value. `next`: where the following one begins. */
export interface SeenPage {
  readonly length?: number;
  readonly body?: ReplyBytes;
  /** Whether the body is all of the value. */
  readonly whole: boolean;
  /** Of the body's first byte. */
  readonly offset: number;
  readonly elements: readonly SeenElement[];
  readonly unseen: number;
  readonly next?: string;
}

/** Commands that are sent together. */
export type AskAll = (commands: readonly Command[]) => Promise<readonly RespValue[]>;

export interface ReadRequest {
  readonly key: Buffer;
  readonly kind: KeyKind;
  /** Of a page before, its `next`; undefined for the first. */
  readonly position: string | undefined;
  /** Bytes of the whole value, where it is known. */
  readonly memory: number | null;
}

const EMPTY: SeenPage = { whole: false, offset: 0, elements: [], unseen: 0 };

/** @throws Fault `redis.noPermission`, `redis.replied`, or whatever `ask` throws */
export function readPage(request: ReadRequest, ask: AskAll): Promise<SeenPage> {
  switch (request.kind) {
    case 'string':
      return readString(request, ask);
    case 'json':
      return readJson(request, ask);
    case 'hash':
      return readScanned(request, ask, 'HSCAN', 'HLEN');
    case 'set':
      return readScanned(request, ask, 'SSCAN', 'SCARD');
    case 'list':
      return readRange(request, ask);
    case 'zset':
      return readRange(request, ask);
    case 'stream':
      return readStream(request, ask);
  }
}

/** What a person sees of an element. */
export function elementView({ label, field, value, pairs = [] }: SeenElement): KeyElement {
  const shown = (part: ReplyBytes): ReturnType<typeof shownBytes> => shownBytes(part.bytes, ELEMENT_BYTES, part.omitted);
  const more = { text: '…', form: 'text', cut: true } as const;
  return {
    // A server can call anything a score.
    label: nameText(Buffer.from(label)).slice(0, MAX_LABEL),
    field: field ? shown(field) : null,
    value: value ? shown(value) : null,
    pairs: [...pairs.slice(0, MAX_PAIRS).map(([name, content]) => [shown(name), shown(content)] as const), ...(pairs.length > MAX_PAIRS ? [[more, more] as const] : [])],
  };
}

async function readString({ key, position = '0' }: ReadRequest, ask: AskAll): Promise<SeenPage> {
  const offset = Number(position);
  // A few bytes more, so that the last character can be left to the next page.
  const [length, part] = await ask([['STRLEN', key], ['GETRANGE', key, String(offset), String(offset + BODY_BYTES + 3)]]);
  const { bytes, omitted } = bytesOf(checked(part, 'GETRANGE')) ?? { bytes: Buffer.alloc(0), omitted: 0 };
  const shown = wholeCharacters(bytes, BODY_BYTES);
  const more = shown < bytes.length;
  return {
    ...EMPTY,
    ...lengthOf(length),
    body: { bytes: bytes.subarray(0, shown), omitted },
    whole: offset === 0 && !more && omitted === 0,
    offset,
    ...(more && { next: String(offset + shown) }),
  };
}

/** The command by which JSON is read, and compared before it is written. */
export function jsonGet(key: Buffer): Command {
  return ['JSON.GET', key, 'INDENT', '  ', 'NEWLINE', '\n', 'SPACE', ' ', '.'];
}

async function readJson({ key, memory }: ReadRequest, ask: AskAll): Promise<SeenPage> {
  if (memory !== null && memory > MAX_JSON_MEMORY) return EMPTY;
  const [reply] = await ask([jsonGet(key)]);
  const body = bytesOf(checked(reply, 'JSON.GET'));
  return body ? { ...EMPTY, body, whole: body.omitted === 0 && body.bytes.length <= BODY_BYTES } : EMPTY;
}

async function readScanned({ key, position = '0' }: ReadRequest, ask: AskAll, scan: 'HSCAN' | 'SSCAN', size: string): Promise<SeenPage> {
  const elements = new Map<string, SeenElement>();
  let length: RespValue | undefined;
  let cursor = position;
  let unseen = 0;
  for (let call = 0; call < SCAN_CALLS && elements.size < PAGE_ELEMENTS / 2; call++) {
    const [reply, told] = await ask([[scan, key, cursor, 'COUNT', String(PAGE_ELEMENTS)], ...(length ? [] : [[size, key]])]);
    length ??= told;
    const [next, found] = itemsOf(checked(reply, scan));
    unseen += scan === 'HSCAN' ? Math.ceil(omittedOf(found) / 2) : omittedOf(found);
    for (const element of scannedElements(itemsOf(found), scan)) {
      if (elements.size < MAX_PAGE_ELEMENTS) elements.set((element.field ?? element.value)!.bytes.toString('latin1'), element);
      else unseen++;
    }
    cursor = textOf(next) ?? '0';
    if (cursor === '0') break;
  }
  return { ...EMPTY, ...lengthOf(length), elements: [...elements.values()], unseen, ...(cursor !== '0' && { next: cursor }) };
}

function scannedElements(items: readonly RespValue[], scan: 'HSCAN' | 'SSCAN'): readonly SeenElement[] {
  const strings = items.map((item) => bytesOf(item) ?? { bytes: Buffer.alloc(0), omitted: 0 });
  if (scan === 'SSCAN') return strings.map((value) => ({ label: '', value }));
  return pairsOf(strings).map(([field, value]) => ({ label: '', field, value }));
}

/** Lists and sorted sets, by rank. */
async function readRange({ key, kind, position = '0', memory }: ReadRequest, ask: AskAll): Promise<SeenPage> {
  const start = Number(position);
  const isList = kind === 'list';
  const size = isList ? 'LLEN' : 'ZCARD';
  const [told] = await ask([[size, key]]);
  const { length } = lengthOf(told);
  const count = pageCount(memory, length);
  const stop = String(start + count - 1);
  const [reply] = await ask([isList ? ['LRANGE', key, position, stop] : ['ZRANGE', key, position, stop, 'WITHSCORES']]);
  const strings = itemsOf(checked(reply, isList ? 'LRANGE' : 'ZRANGE')).map((item) => bytesOf(item) ?? { bytes: Buffer.alloc(0), omitted: 0 });
  const elements = isList
    ? strings.map((value, index) => ({ label: String(start + index), value }))
    : pairsOf(strings).map(([value, score]) => ({ label: score.bytes.toString('latin1'), value }));
  // What was not kept begins the next page.
  const end = start + elements.length;
  const more = elements.length > 0 && (length === undefined ? elements.length >= count : end < length);
  return { ...EMPTY, ...lengthOf(told), elements, ...(more && { next: String(end) }) };
}

/** Newest first. */
async function readStream({ key, position = '+', memory }: ReadRequest, ask: AskAll): Promise<SeenPage> {
  const [told] = await ask([['XLEN', key]]);
  const { length } = lengthOf(told);
  const count = pageCount(memory, length);
  const [reply] = await ask([['XREVRANGE', key, position, '-', 'COUNT', String(count)]]);
  const elements = itemsOf(checked(reply, 'XREVRANGE')).flatMap((entry): SeenElement[] => {
    const [id, fields] = itemsOf(entry);
    const label = textOf(id);
    const strings = itemsOf(fields).map((item) => bytesOf(item) ?? { bytes: Buffer.alloc(0), omitted: 0 });
    return label === undefined || !STREAM_ID.test(label) ? [] : [{ label, pairs: pairsOf(strings) }];
  });
  const last = elements.at(-1)?.label;
  const next = last === undefined || elements.length + omittedOf(reply) < count ? undefined : idBefore(last);
  return { ...EMPTY, ...lengthOf(told), elements, ...(next !== undefined && { next }) };
}

/** The greatest id below this one; undefined below the first. Redis before 6.2 knows no `(` in ranges. */
export function idBefore(id: string): string | undefined {
  const [ms = 0n, sequence = 0n] = id.split('-').map((part) => BigInt(part));
  if (sequence > 0n) return `${ms}-${sequence - 1n}`;
  return ms > 0n ? `${ms - 1n}-${2n ** 64n - 1n}` : undefined;
}

/** Fewer elements where they are large. */
function pageCount(memory: number | null, length: number | undefined): number {
  if (memory === null || !length) return PAGE_ELEMENTS;
  return Math.max(1, Math.min(PAGE_ELEMENTS, Math.floor(PAGE_BYTES / (memory / length))));
}

function lengthOf(reply: RespValue | undefined): { readonly length?: number } {
  const length = countOf(reply);
  return length === undefined ? {} : { length };
}

/** A last one without a partner was not kept whole. */
function pairsOf(strings: readonly ReplyBytes[]): readonly (readonly [ReplyBytes, ReplyBytes])[] {
  const pairs: (readonly [ReplyBytes, ReplyBytes])[] = [];
  for (let at = 0; at + 1 < strings.length; at += 2) pairs.push([strings[at]!, strings[at + 1]!]);
  return pairs;
}
