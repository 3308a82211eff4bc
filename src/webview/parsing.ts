// What messages between the extension and its pages are checked with; both sides parse what they get.

export type Fields = Readonly<Record<string, unknown>>;

/** Longest text of a message, UTF-16 units, where nothing else is said. */
const TEXT_CHARS = 10_000;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown, limit = TEXT_CHARS): value is string {
  return typeof value === 'string' && value.length <= limit;
}

/** A number that can be drawn, or a duration; not negative. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** A number of things, or the number of one. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The texts under these keys; undefined when one of them is missing, is none, or is longer than `limit`, UTF-16 units. */
export function textsOf<K extends string>(value: unknown, keys: readonly K[], limit: number): Readonly<Record<K, string>> | undefined {
  if (!isFields(value)) return undefined;
  const texts: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const text = value[key];
    if (!isText(text, limit)) return undefined;
    texts[key] = text;
  }
  return texts as Record<K, string>;
}
