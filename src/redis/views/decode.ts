import { isUtf8 } from 'node:buffer';
import type { TextTarget } from '../render';
import { writeHex } from './hex';
import { type Compression, compressionOf, inflated, type InflateRoom } from './inflate';
import { indentJson, isJson } from './jsonText';
import { isMsgpack, writeMsgpack } from './msgpack';
import { visible } from './visible';

/** What a value turned out to be, and what is in it. */
export interface Decoded {
  /** What was undone, outermost first, and last what is shown: `base64`, `gzip`, `JSON`. */
  readonly steps: readonly string[];
  readonly bytes: Buffer;
  readonly form: 'json' | 'msgpack' | 'text' | 'bytes';
  readonly cut: boolean;
}

/** Something in something in something: nobody means more than this. */
const MAX_STEPS = 5;
const MIN_BASE64_CHARS = 12;
/** More is not even looked at: to look takes as long as the text is. */
const MAX_BASE64_CHARS = 1024 * 1024;
// For text without blanks at its end. No two parts next to each other may take the same blank: what tries all ways to share many
// of them out takes hours.
const BASE64 = /^[A-Za-z0-9+/\s]*[A-Za-z0-9+/]={0,2}$/;
const BASE64_URL = /^[A-Za-z0-9_-]+={0,2}$/;
const BASE64_LINES = /^[^\s]+(?:\r?\n[^\s]+)*$/;

/**
 * Undoes one layer after the other, as long as what comes out is something that is recognised for certain.
 * `incomplete`: the value itself is only a beginning. What there is no room for any more stays compressed.
 * @throws Fault `operation.cancelled`
 */
export async function decode(value: Buffer, incomplete: boolean, room: InflateRoom, signal: AbortSignal): Promise<Decoded> {
  const steps: string[] = [];
  let bytes = value;
  let cut = incomplete;
  while (steps.length < MAX_STEPS) {
    const compression = compressionOf(bytes);
    if (compression && room.left === 0) {
      cut = true;
      break;
    }
    const result = compression && (await inflated(bytes, compression, { incomplete: cut, room }, signal));
    if (compression && result) {
      steps.push(compression);
      ({ bytes } = result);
      cut ||= result.cut;
      continue;
    }
    const inner = cut ? undefined : base64Of(bytes);
    if (!inner) break;
    steps.push('base64');
    bytes = inner;
  }
  const form = formOf(bytes);
  return { steps: [...steps, FORM_NAMES[form]], bytes, form, cut };
}

/** Whether there is more to it than what its text already shows; without undoing anything large. */
export function isWorthDecoding(value: Buffer): boolean {
  return compressionOf(value) !== undefined || formOf(value) !== 'text' || !PLAIN.test(value.toString('latin1')) || base64Of(value) !== undefined;
}

/** Writes what was found; bytes of no known form as a hex dump. */
export function writeDecoded({ bytes, form }: Decoded, out: TextTarget): void {
  if (form === 'json') indentJson(bytes.toString('utf8'), out);
  else if (form === 'msgpack') writeMsgpack(bytes, out);
  else if (form === 'text') out.add(visible(bytes.toString('utf8')));
  else writeHex(bytes, out);
}

const FORM_NAMES: Readonly<Record<Decoded['form'], string>> = { json: 'JSON', msgpack: 'MessagePack', text: 'UTF-8', bytes: 'binary' };
/** What redis-cli shows as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function formOf(bytes: Buffer): Decoded['form'] {
  if (isUtf8(bytes)) return isJson(bytes.toString('utf8')) ? 'json' : textOrMsgpack(bytes);
  return isMsgpack(bytes) ? 'msgpack' : 'bytes';
}

/** Small MessagePack may be UTF-8 by chance, but then with bytes that no text has. */
function textOrMsgpack(bytes: Buffer): 'msgpack' | 'text' {
  const hasControls = bytes.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20));
  return hasControls && isMsgpack(bytes) ? 'msgpack' : 'text';
}

/** What is in it; undefined where that is nothing that is recognised: many words look like base64. */
function base64Of(bytes: Buffer): Buffer | undefined {
  if (bytes.length < MIN_BASE64_CHARS || bytes.length > MAX_BASE64_CHARS) return undefined;
  const text = bytes.toString('latin1').trimEnd();
  const standard = BASE64.test(text) && BASE64_LINES.test(text);
  if (!standard && !BASE64_URL.test(text)) return undefined;
  const digits = text.replaceAll(/[\s=]/g, '');
  if (digits.length % 4 === 1) return undefined;
  const inner = Buffer.from(digits, standard ? 'base64' : 'base64url');
  return compressionIn(inner) || isMeant(inner) ? inner : undefined;
}

function compressionIn(bytes: Buffer): Compression | undefined {
  // Two bytes of zlib's header come by chance, a file's three do not.
  const found = compressionOf(bytes);
  return found === 'gzip' ? found : undefined;
}

function isMeant(bytes: Buffer): boolean {
  if (isUtf8(bytes)) return bytes.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d)) && !bytes.includes(0x7f);
  return isMsgpack(bytes);
}
