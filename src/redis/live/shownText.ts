import { isUtf8 } from 'node:buffer';
import type { RespValue } from '../../wire/resp';

/** What is kept of one message, bytes. */
export const MAX_TEXT = 256 * 1024;
/** Of what was popped: it is nowhere else any more. */
export const MAX_POPPED = 4 * 1024 * 1024;
/** Names of channels, keys and commands. */
export const MAX_LABEL = 500;

/** The bytes as text; what is no UTF-8 as redis-cli writes it, without the quotes. */
export function textOfBytes(bytes: Buffer, cut = false): string {
  const whole = cut ? withoutSplitCharacter(bytes) : bytes;
  return isUtf8(whole) ? whole.toString('utf8') : escapedBytes(whole);
}

/** Text, length in bytes, and whether it is only a beginning. */
export function textOfValue(value: RespValue | undefined, limit = MAX_TEXT): { readonly text: string; readonly bytes: number; readonly cut: boolean } {
  if (value?.type === 'bulk' || value?.type === 'verbatim') {
    const kept = value.bytes.length > limit ? value.bytes.subarray(0, limit) : value.bytes;
    const cut = value.omitted > 0 || kept !== value.bytes;
    return { text: textOfBytes(kept, cut), bytes: value.bytes.length + value.omitted, cut };
  }
  const text = plainText(value);
  return { text, bytes: Buffer.byteLength(text), cut: false };
}

/** A name, bounded; for showing and counting. */
export function labelOfValue(value: RespValue | undefined): string {
  return shortened(textOfValue(value).text, MAX_LABEL);
}

/** At most `limit` units, without a split surrogate pair, in memory of its own: V8 lets a part of a string keep the whole alive. */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = /[\uD800-\uDBFF]/.test(text[limit - 1]!) ? limit - 1 : limit;
  return Buffer.from(text.slice(0, end), 'utf16le').toString('utf16le');
}

/** As it could be typed: in quotes where it has to be. */
export function quotedArgument(bytes: Buffer): string {
  const text = textOfBytes(bytes);
  return /^[^\s"'\\\p{Cc}]+$/u.test(text) ? text : `"${escapedBytes(bytes)}"`;
}

function plainText(value: RespValue | undefined): string {
  if (value === undefined) return '(nil)';
  switch (value.type) {
    case 'status':
    case 'error':
    case 'double':
    case 'bigNumber':
      return value.text;
    case 'integer':
    case 'boolean':
      return String(value.value);
    case 'array':
    case 'set':
    case 'push':
      return value.items.map((item) => textOfValue(item).text).join(' ');
    case 'map':
      return value.entries.flat().map((item) => textOfValue(item).text).join(' ');
    case 'bulk':
    case 'verbatim':
      return textOfBytes(value.bytes);
    case 'null':
      return '(nil)';
  }
}

const NAMED: Readonly<Record<number, string>> = { 7: String.raw`\a`, 8: String.raw`\b`, 9: String.raw`\t`, 10: String.raw`\n`, 13: String.raw`\r`, 34: String.raw`\"`, 92: '\\\\' };

function escapedBytes(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    text += NAMED[byte] ?? (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : String.raw`\x${byte.toString(16).padStart(2, '0')}`);
  }
  return text;
}

/** A cut may have gone through the last character, which is at most four bytes. */
function withoutSplitCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
