import { Fault } from '../../base/fault';
import type { KeyEdit, KeyKind } from '../../model/redisKeys';
import type { RespValue } from '../../wire/resp';
import type { Command } from './port';
import { jsonGet, ELEMENT_BYTES, type SeenElement, type SeenPage } from './readers';
import { bytesOf, integerOf, itemsOf, type ReplyBytes } from './replies';
import { typedBytes } from './shown';

/** Asked under WATCH, before anything is written. */
export interface Expectation {
  readonly command: Command;
  /** Whether the answer is as it was when the value was seen. */
  readonly holds: (reply: RespValue) => boolean;
  /** What is wrong otherwise, if it is not that somebody has changed it. */
  readonly otherwise?: Fault;
}

export interface EditPlan {
  readonly expected: readonly Expectation[];
  /** Sent as one transaction. */
  readonly write: readonly Command[];
}

export interface EditContext {
  readonly key: Buffer;
  readonly kind: KeyKind;
  readonly seen: SeenPage;
  /** ms to live that are given again where a command cannot be told to keep them; undefined where it can. */
  readonly keptTtl?: number;
  /** Bytes that occur in no list: an element to be removed is overwritten with them first. */
  readonly marker: Buffer;
}

/** As ZADD takes them. */
const SCORE = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf)$/i;

/**
 * What an edit asks and writes. Pure.
 * @throws Fault `redis.badEscape`, `redis.badScore`, `redis.notEditable` for what does not fit the value that was seen
 */
export function planEdit(edit: Exclude<KeyEdit, { type: 'expire' }>, context: EditContext): EditPlan {
  switch (edit.type) {
    case 'setBody':
      return planBody(typedBytes(edit.value), context);
    case 'setElement':
      return planChange(elementAt(context, edit.element), typedBytes(edit.value), context);
    case 'setScore':
      return planScore(elementAt(context, edit.element), checkedScore(edit.score), context);
    case 'removeElement':
      return planRemoval(elementAt(context, edit.element), context);
    case 'addField':
      return planField(typedBytes(edit.field), typedBytes(edit.value), context);
    case 'addElement':
      return planAddition(typedBytes(edit.value), edit.end, context);
    case 'addScored':
      return planScored(typedBytes(edit.value), checkedScore(edit.score), context);
    case 'addEntry':
      return planEntry(edit.pairs.flatMap((pair) => pair.map(typedBytes)), context);
  }
}

function planBody(value: Buffer, { key, kind, seen, keptTtl }: EditContext): EditPlan {
  const { body } = seen;
  if (!body || !seen.whole || (kind !== 'string' && kind !== 'json')) throw notEditable('It is not shown as a whole, so it cannot be edited here.');
  const expiry: readonly Command[] = keptTtl !== undefined && keptTtl > 0 ? [['PEXPIRE', key, String(keptTtl)]] : [];
  if (kind === 'json') return { expected: [same(jsonGet(key), body)], write: [['JSON.SET', key, '.', value], ...expiry] };
  const { length } = body.bytes;
  // By its length first: what it has become may be of any size.
  const expected = [equals(['STRLEN', key], length), same(['GETRANGE', key, '0', String(Math.max(0, length - 1))], body)];
  if (keptTtl === undefined) return { expected, write: [['SET', key, value, 'KEEPTTL']] };
  return { expected, write: [['SET', key, value], ...expiry] };
}

function planChange(element: SeenElement, value: Buffer, { key, kind }: EditContext): EditPlan {
  const old = editable(element.value);
  switch (kind) {
    case 'hash': {
      const field = whole(element.field);
      return { expected: [same(['HGET', key, field], old)], write: [['HSET', key, field, value]] };
    }
    case 'list':
      return { expected: [same(['LINDEX', key, element.label], old)], write: [['LSET', key, element.label, value]] };
    case 'set':
      return {
        expected: [equals(['SISMEMBER', key, old.bytes], 1), absent(['SISMEMBER', key, value])],
        write: [['SREM', key, old.bytes], ['SADD', key, value]],
      };
    case 'string':
    case 'zset':
    case 'stream':
    case 'json':
      throw notEditable('Its elements cannot be edited.');
  }
}

function planScore(element: SeenElement, score: string, { key, kind }: EditContext): EditPlan {
  if (kind !== 'zset') throw notEditable('Only elements of sorted sets have scores.');
  const member = whole(element.value);
  return { expected: [scored(key, member, element.label)], write: [['ZADD', key, 'XX', score, member]] };
}

function planRemoval(element: SeenElement, { key, kind, marker }: EditContext): EditPlan {
  switch (kind) {
    case 'hash': {
      const field = whole(element.field);
      const { value } = element;
      // A value that was not kept whole cannot be compared.
      const expected = value && value.omitted === 0 ? same(['HGET', key, field], value) : equals(['HEXISTS', key, field], 1);
      return { expected: [expected], write: [['HDEL', key, field]] };
    }
    case 'list': {
      whole(element.value);
      const write: Command[] = [['LSET', key, element.label, marker], ['LREM', key, '1', marker]];
      return { expected: [same(['LINDEX', key, element.label], element.value!)], write };
    }
    case 'set': {
      const member = whole(element.value);
      return { expected: [equals(['SISMEMBER', key, member], 1)], write: [['SREM', key, member]] };
    }
    case 'zset': {
      const member = whole(element.value);
      return { expected: [scored(key, member, element.label)], write: [['ZREM', key, member]] };
    }
    case 'stream': {
      const isThere = (reply: RespValue): boolean => itemsOf(reply).length === 1;
      return { expected: [{ command: ['XRANGE', key, element.label, element.label, 'COUNT', '1'], holds: isThere }], write: [['XDEL', key, element.label]] };
    }
    case 'string':
    case 'json':
      throw notEditable('It has no elements.');
  }
}

function planField(field: Buffer, value: Buffer, { key, kind }: EditContext): EditPlan {
  if (kind !== 'hash') throw notEditable('Only hashes have fields.');
  return { expected: [absent(['HEXISTS', key, field])], write: [['HSET', key, field, value]] };
}

function planAddition(value: Buffer, end: 'head' | 'tail', { key, kind }: EditContext): EditPlan {
  if (kind === 'set') return { expected: [absent(['SISMEMBER', key, value])], write: [['SADD', key, value]] };
  if (kind !== 'list') throw notEditable('Only lists and sets have such elements.');
  return { expected: [], write: [[end === 'head' ? 'LPUSHX' : 'RPUSHX', key, value]] };
}

function planScored(member: Buffer, score: string, { key, kind }: EditContext): EditPlan {
  if (kind !== 'zset') throw notEditable('Only sorted sets have scores.');
  const expected: Expectation = { command: ['ZSCORE', key, member], holds: ({ type }) => type === 'null', otherwise: isThere() };
  return { expected: [expected], write: [['ZADD', key, 'NX', score, member]] };
}

function planEntry(strings: readonly Buffer[], { key, kind }: EditContext): EditPlan {
  if (kind !== 'stream' || strings.length === 0) throw notEditable('Only streams have entries, of one field at least.');
  return { expected: [], write: [['XADD', key, '*', ...strings]] };
}

function elementAt({ seen }: EditContext, index: number): SeenElement {
  const element = seen.elements[index];
  if (!element) throw notEditable('It is not on this page any more.');
  return element;
}

/** Of which nothing was left out on the way. */
function whole(part: ReplyBytes | undefined): Buffer {
  if (!part || part.omitted > 0) throw notEditable('It is too large to be compared with what is there now.');
  return part.bytes;
}

/** Which was shown as a whole. */
function editable(part: ReplyBytes | undefined): ReplyBytes {
  if (whole(part).length > ELEMENT_BYTES) throw notEditable('It is too large to be edited here.');
  return part!;
}

function checkedScore(text: string): string {
  const score = text.trim();
  if (SCORE.test(score)) return score;
  throw new Fault('redis.badScore', `"${score.slice(0, 40)}" is no score.`, { remedy: { text: 'Enter a number, inf or -inf.' } });
}

function same(command: Command, { bytes, omitted }: ReplyBytes): Expectation {
  return {
    command,
    holds: (reply) => {
      const now = bytesOf(reply);
      return now !== undefined && now.omitted === omitted && now.bytes.equals(bytes);
    },
  };
}

function equals(command: Command, value: number): Expectation {
  return { command, holds: (reply) => integerOf(reply) === value };
}

function absent(command: Command): Expectation {
  return { ...equals(command, 0), otherwise: isThere() };
}

function scored(key: Buffer, member: Buffer, score: string): Expectation {
  return { command: ['ZSCORE', key, member], holds: (reply) => bytesOf(reply)?.bytes.toString('latin1') === score };
}

function isThere(): Fault {
  return new Fault('redis.exists', 'It is there already.', { remedy: { text: 'Choose another name, or edit the one that is there.' } });
}

function notEditable(message: string): Fault {
  return new Fault('redis.notEditable', message);
}
