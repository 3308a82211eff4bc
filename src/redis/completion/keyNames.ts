/** Longest name that is offered, bytes: longer ones cannot be told apart in a list. */
const MAX_KEY_BYTES = 512;

/** A SCAN pattern for all keys that begin with these bytes. */
export function prefixPattern(prefix: Buffer): Buffer {
  const escaped: number[] = [];
  for (const byte of prefix) {
    if ('*?[]\\'.includes(String.fromCharCode(byte))) escaped.push(0x5c);
    escaped.push(byte);
  }
  return Buffer.from([...escaped, 0x2a]);
}

/** Whether a name that the server sent is one to offer for this prefix. */
export function isOffered(key: Buffer, prefix: Buffer): boolean {
  return key.length > 0 && key.length <= MAX_KEY_BYTES && key.subarray(0, prefix.length).equals(prefix);
}

/** A key as it has to be typed: as it is, or between double quotes with the escapes of redis-cli. */
export function quotedKey(key: Buffer, quote: boolean): string {
  const text = key.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(key) && !/[\p{C}\p{Z}]/u.test(text.replaceAll(' ', ''));
  if (isText && !quote && !/[ "'\\]/.test(text)) return text;
  // What is text may stand between quotes as it is; of what is none each byte has its escape.
  const inside = isText ? text.replaceAll(/["\\]/g, '\\$&') : Array.from(key, escapedByte).join('');
  return `"${inside}"`;
}

const ESCAPES: Readonly<Record<number, string>> = { 0x22: '\\"', 0x5c: '\\\\', 0x0a: '\\n', 0x0d: '\\r', 0x09: '\\t', 0x07: '\\a', 0x08: '\\b' };

function escapedByte(byte: number): string {
  const known = ESCAPES[byte];
  if (known !== undefined) return known;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
