import type { RespValue } from '../../../../src/wire/resp';

export type Plain = string | number | null | readonly Plain[];

/** Strings become bulk strings, numbers integers, lists arrays. */
export function reply(value: Plain): RespValue {
  if (value === null) return { type: 'null' };
  if (typeof value === 'number') return { type: 'integer', value: BigInt(value) };
  if (typeof value === 'string') return { type: 'bulk', bytes: Buffer.from(value), omitted: 0 };
  return { type: 'array', items: value.map((item) => reply(item)), omitted: 0 };
}

export const error = (text: string): RespValue => ({ type: 'error', text });

/** Lists of names and values as maps, as RESP3 has them; all that have an even number of items and begin with a text. */
export function asMaps(value: RespValue): RespValue {
  if (value.type !== 'array') return value;
  const items = value.items.map((item) => asMaps(item));
  const [first] = value.items;
  if (first?.type !== 'bulk' || items.length % 2 > 0) return { ...value, items };
  return { type: 'map', entries: Array.from({ length: items.length / 2 }, (_, index) => [items[2 * index]!, items[2 * index + 1]!] as const), omitted: 0 };
}
