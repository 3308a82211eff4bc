import type { KeyElement, KeyFacts, KeyspaceOverview, KeyView, RedisDatabase, ShownBytes } from '../../model/redisKeys';
import { isCount, isFields, isText } from '../parsing';
import { all, isKind, isTyped, MAX_NAME } from './shapes';

/** Elements of one page: a server may tell more than it was asked for. */
const MAX_ELEMENTS = 100_000;
const MAX_PAIRS = 10_000;
const MAX_DATABASES = 100_000;

export function parseOverview(value: unknown): KeyspaceOverview | undefined {
  if (!isFields(value)) return undefined;
  const { database, total, cluster } = value as Partial<Record<'database' | 'total' | 'cluster', unknown>>;
  const databases = all(value['databases'], MAX_DATABASES, parseDatabase);
  const denied = all(value['denied'], 100, (one) => (isText(one, 100) ? one : undefined));
  if (!isCount(database) || !isMaybeCount(total) || typeof cluster !== 'boolean' || !databases || !denied) return undefined;
  return { database, total, databases, denied, cluster };
}

function parseDatabase(value: unknown): RedisDatabase | undefined {
  if (!isFields(value)) return undefined;
  const { index, keys } = value as Partial<Record<'index' | 'keys', unknown>>;
  return isCount(index) && isMaybeCount(keys) ? { index, keys } : undefined;
}

export function parseFacts(value: unknown): KeyFacts | undefined {
  if (!isFields(value)) return undefined;
  const { name, type, ttl, memory } = value as Partial<Record<'name' | 'type' | 'ttl' | 'memory', unknown>>;
  if (!isText(name, MAX_NAME) || !(type === null || isText(type, 200)) || !isMaybeCount(memory)) return undefined;
  return ttl === -1 || isMaybeCount(ttl) ? { name, type, ttl, memory } : undefined;
}

export function parseView(value: unknown): KeyView | undefined {
  const facts = parseFacts(value);
  if (!facts || !isFields(value)) return undefined;
  const { version, kind, encoding, length, whole, offset, unseen, page, hasNext } = value as Partial<Record<keyof KeyView, unknown>>;
  const body = value['body'] === null ? null : parseBytes(value['body']);
  const elements = all(value['elements'], MAX_ELEMENTS, parseElement);
  if (body === undefined || !elements || !isCount(version) || !isCount(offset) || !isCount(unseen) || !isCount(page)) return undefined;
  if (!(kind === null || isKind(kind)) || !(encoding === null || isText(encoding, 200)) || !isMaybeCount(length)) return undefined;
  if (typeof whole !== 'boolean' || typeof hasNext !== 'boolean') return undefined;
  return { ...facts, version, kind, encoding, length, body, whole, offset, elements, unseen, page, hasNext };
}

function parseElement(value: unknown): KeyElement | undefined {
  if (!isFields(value)) return undefined;
  const { label } = value as Partial<Record<'label', unknown>>;
  const field = value['field'] === null ? null : parseBytes(value['field']);
  const content = value['value'] === null ? null : parseBytes(value['value']);
  const pairs = all(value['pairs'], MAX_PAIRS, parsePair);
  return isText(label, 100) && field !== undefined && content !== undefined && pairs ? { label, field, value: content, pairs } : undefined;
}

function parsePair(value: unknown): readonly [ShownBytes, ShownBytes] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [name, content] = (value as readonly unknown[]).map(parseBytes);
  return name && content ? [name, content] : undefined;
}

function parseBytes(value: unknown): ShownBytes | undefined {
  if (!isTyped(value)) return undefined;
  const { text, form, cut } = value as ShownBytes;
  return typeof cut === 'boolean' ? { text, form, cut } : undefined;
}

function isMaybeCount(value: unknown): value is number | null {
  return value === null || isCount(value);
}
