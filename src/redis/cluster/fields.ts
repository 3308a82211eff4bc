import type { RespValue } from '../../wire/resp';

/** By name; RESP2 has a list of names and values where RESP3 has a map. Empty for anything else. */
export function fieldsOf(value: RespValue | undefined): ReadonlyMap<string, RespValue> {
  const items = itemsOf(value);
  const pairs = value?.type === 'map' ? value.entries : Array.from({ length: Math.floor(items.length / 2) }, (_, index) => [items[2 * index]!, items[2 * index + 1]!] as const);
  return new Map(pairs.map(([key, field]) => [textOf(key) ?? '', field]));
}

export function itemsOf(value: RespValue | undefined): readonly RespValue[] {
  return value?.type === 'array' || value?.type === 'set' ? value.items : [];
}

const MAX_TEXT_BYTES = 512;

/** Of a status or a string, as far as names are long. */
export function textOf(value: RespValue | undefined): string | undefined {
  if (value?.type === 'status') return value.text;
  return value?.type === 'bulk' ? value.bytes.subarray(0, MAX_TEXT_BYTES).toString('latin1') : undefined;
}

/** A whole number that can be told exactly, also where it comes as text. */
export function integerOf(value: RespValue | undefined): number | undefined {
  const text = value?.type === 'integer' ? String(value.value) : (textOf(value) ?? '');
  if (!/^-?\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}
