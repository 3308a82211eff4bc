import { Fault } from '../../base/fault';
import type { ShownBytes, TypedBytes } from '../../model/redisKeys';

/**
 * What no person can see or type, and what would be changed on its way through a text field: control characters, line and
 * paragraph separators, marks that reorder the text around them, and characters that nobody has assigned.
 */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Cn}\p{Co}\u2028\u2029\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069\uFEFF]/u;
const UNSEEN_BUT_LINES = /[^\P{Cc}\n\t]|[\p{Cs}\p{Cn}\p{Co}\u2028\u2029\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069\uFEFF]/u;

const NAMED: ReadonlyMap<number, string> = new Map([
  [0x5c, '\\\\'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
]);
const BY_NAME: Readonly<Record<string, number>> = { '\\': 0x5c, n: 0x0a, r: 0x0d, t: 0x09 };

/** A name in the one form that it has on the page: a backslash is always escaped, so different names never look the same. */
export function nameText(bytes: Buffer): string {
  return escapedText(bytes);
}

/** @throws Fault `redis.badEscape` for a text that no bytes look like. */
export function nameBytes(text: string): Buffer {
  return escapedBytes(text);
}

/** @param limit bytes that are shown at most; what is left out makes it `cut` */
export function shownBytes(bytes: Buffer, limit: number, omitted = 0): ShownBytes {
  const part = bytes.length > limit ? bytes.subarray(0, wholeCharacters(bytes, limit)) : bytes;
  const text = part.toString('utf8');
  const cut = omitted > 0 || part.length < bytes.length;
  const isText = !UNSEEN_BUT_LINES.test(text) && Buffer.from(text, 'utf8').equals(part);
  return isText ? { text, form: 'text', cut } : { text: escapedText(part), form: 'escaped', cut };
}

/** @throws Fault `redis.badEscape` */
export function typedBytes({ text, form }: TypedBytes): Buffer {
  return form === 'text' ? Buffer.from(text, 'utf8') : escapedBytes(text);
}

/** Up to `limit` bytes, and not into the midst of a character. */
export function wholeCharacters(bytes: Buffer, limit: number): number {
  if (limit >= bytes.length) return bytes.length;
  let end = limit;
  while (end > limit - 3 && end > 0 && isContinuation(bytes[end]!)) end--;
  // What is no UTF-8 may be cut anywhere.
  return end === 0 || isContinuation(bytes[end]!) ? limit : end;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function escapedText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\\') && !UNSEEN.test(text) && Buffer.from(text, 'utf8').equals(bytes)) return text;
  let shown = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    const character = bytes.toString('utf8', at, at + length);
    const named = length === 1 ? NAMED.get(bytes[at]!) : undefined;
    if (named !== undefined) shown += named;
    else if (isShowable(character, bytes.subarray(at, at + length))) shown += character;
    else shown += hexOf(bytes.subarray(at, at + length));
    at += length;
  }
  return shown;
}

function isShowable(character: string, bytes: Buffer): boolean {
  return !UNSEEN.test(character) && Buffer.from(character, 'utf8').equals(bytes);
}

function hexOf(bytes: Buffer): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Of the character that begins here; 1 for a byte that begins none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  for (let next = 1; next < length; next++) {
    const byte = bytes[at + next];
    if (byte === undefined || !isContinuation(byte)) return 1;
  }
  return length > 1 && bytes.toString('utf8', at, at + length).includes('\uFFFD') && !isReplacement(bytes, at) ? 1 : length;
}

/** U+FFFD itself is a character as any other. */
function isReplacement(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}

function escapedBytes(text: string): Buffer {
  if (!text.includes('\\')) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (let at = 0; at < text.length; ) {
    const slash = text.indexOf('\\', at);
    if (slash < 0) {
      parts.push(Buffer.from(text.slice(at), 'utf8'));
      break;
    }
    if (slash > at) parts.push(Buffer.from(text.slice(at, slash), 'utf8'));
    const hex = /^x([\da-f]{2})/i.exec(text.slice(slash + 1, slash + 4))?.[1];
    const named = BY_NAME[text[slash + 1] ?? ''];
    if (hex === undefined && named === undefined) throw badEscape(text.slice(slash, slash + 4));
    parts.push(Buffer.from([hex === undefined ? named! : Number.parseInt(hex, 16)]));
    at = slash + (hex === undefined ? 2 : 4);
  }
  return Buffer.concat(parts);
}

function badEscape(found: string): Fault {
  return new Fault('redis.badEscape', `"${found}" is no escape.`, {
    remedy: { text: 'Write \\\\ for a backslash, \\n, \\r or \\t, or \\xNN for a byte.' },
  });
}
