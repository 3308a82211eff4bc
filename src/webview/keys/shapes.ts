import type { KeyKind, TypedBytes } from '../../model/redisKeys';
import { isFields, isText } from '../parsing';

/** A name of the longest kind that is shown, each byte escaped; UTF-16 units. */
export const MAX_NAME = 4096;
/** The largest value that is shown at once, each byte escaped. */
export const MAX_VALUE = 1024 * 1024;

const KINDS: ReadonlySet<unknown> = new Set<KeyKind>(['string', 'hash', 'list', 'set', 'zset', 'stream', 'json']);

export function isKind(value: unknown): value is KeyKind {
  return KINDS.has(value);
}

export function isTyped(value: unknown): value is TypedBytes {
  if (!isFields(value)) return false;
  const { text, form } = value as Partial<Record<'text' | 'form', unknown>>;
  return isText(text, MAX_VALUE) && (form === 'text' || form === 'escaped');
}

/** All of them parsed, or undefined when one cannot be, or there are too many. */
export function all<T>(value: unknown, limit: number, parse: (value: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > limit) return undefined;
  const parsed: T[] = [];
  for (const one of value as readonly unknown[]) {
    const item = parse(one);
    if (item === undefined) return undefined;
    parsed.push(item);
  }
  return parsed;
}
