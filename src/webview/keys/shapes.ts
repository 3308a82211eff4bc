import type { KeyKind, TypedBytes } from '../../model/redisKeys';

/** A name of the longest kind that is shown, each byte escaped; UTF-16 units. */
export const MAX_NAME = 4096;
/** The largest value that is shown at once, each byte escaped. */
export const MAX_VALUE = 1024 * 1024;
const MAX_TEXT = 10_000;

export type Fields = Readonly<Record<string, unknown>>;

const KINDS: ReadonlySet<unknown> = new Set<KeyKind>(['string', 'hash', 'list', 'set', 'zset', 'stream', 'json']);

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown, limit = MAX_TEXT): value is string {
  return typeof value === 'string' && value.length <= limit;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

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
