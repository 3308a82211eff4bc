import { isUtf8 } from 'node:buffer';
import type { TextTarget } from '../render';
import { quoted } from './json';

/**
 * MessagePack (msgpack.org, spec.md) as JSON, one value. No length is believed before its bytes are there, so what is held is
 * never more than what came.
 */
const MAX_DEPTH = 100;
const MAX_INDENT = 100;

class NotMsgpack extends Error {}

/** Whether the bytes are exactly one map or array: a scalar may be anything. */
export function isMsgpack(bytes: Buffer): boolean {
  const [first = 0] = bytes;
  const collection = (first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf);
  if (!collection || bytes.length < 2) return false;
  try {
    const reader = new MsgpackReader(bytes, { full: false, add: () => {}, cut: () => {} });
    reader.value(0);
    return reader.atEnd;
  } catch {
    return false;
  }
}

/** Writes it as JSON, indented. What JSON does not know says what it is: `{"base64": …}`, `{"ext": …}`. Only for what `isMsgpack`. */
export function writeMsgpack(bytes: Buffer, out: TextTarget): void {
  new MsgpackReader(bytes, out).value(0);
}

class MsgpackReader {
  readonly #bytes: Buffer;
  readonly #out: TextTarget;
  #at = 0;

  constructor(bytes: Buffer, out: TextTarget) {
    this.#bytes = bytes;
    this.#out = out;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): void {
    if (this.#out.full) {
      this.#out.cut();
      return;
    }
    if (depth > MAX_DEPTH) throw new NotMsgpack();
    const first = this.#take(1).readUInt8(0);
    if (first <= 0x7f) this.#out.add(String(first));
    else if (first <= 0x8f) this.#map(first & 0x0f, depth);
    else if (first <= 0x9f) this.#array(first & 0x0f, depth);
    else if (first <= 0xbf) this.#out.add(stringText(this.#take(first & 0x1f)));
    else if (first >= 0xe0) this.#out.add(String(first - 0x100));
    else this.#marked(first, depth);
  }

  #marked(first: number, depth: number): void {
    switch (first) {
      case 0xc0:
        this.#out.add('null');
        return;
      case 0xc2:
      case 0xc3:
        this.#out.add(String(first === 0xc3));
        return;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        this.#out.add(binaryText(this.#take(this.#length(first - 0xc4))));
        return;
      case 0xc7:
      case 0xc8:
      case 0xc9:
        this.#extension(this.#length(first - 0xc7));
        return;
      case 0xca:
        this.#out.add(numberText(this.#take(4).readFloatBE(0)));
        return;
      case 0xcb:
        this.#out.add(numberText(this.#take(8).readDoubleBE(0)));
        return;
      case 0xcf:
        this.#out.add(String(this.#take(8).readBigUInt64BE(0)));
        return;
      case 0xd3:
        this.#out.add(String(this.#take(8).readBigInt64BE(0)));
        return;
      case 0xd9:
      case 0xda:
      case 0xdb:
        this.#out.add(stringText(this.#take(this.#length(first - 0xd9))));
        return;
      case 0xdc:
      case 0xdd:
        this.#array(this.#length(first - 0xdc + 1), depth);
        return;
      case 0xde:
      case 0xdf:
        this.#map(this.#length(first - 0xde + 1), depth);
        return;
      default:
        this.#numberOrExtension(first);
    }
  }

  #numberOrExtension(first: number): void {
    if (first >= 0xcc && first <= 0xce) this.#out.add(String(this.#length(first - 0xcc)));
    else if (first >= 0xd0 && first <= 0xd2) {
      const size = 2 ** (first - 0xd0);
      this.#out.add(String(this.#take(size).readIntBE(0, size)));
    } else if (first >= 0xd4 && first <= 0xd8) this.#extension(2 ** (first - 0xd4));
    else throw new NotMsgpack();
  }

  /** Of 1, 2 or 4 bytes. */
  #length(power: number): number {
    const size = 2 ** power;
    return this.#take(size).readUIntBE(0, size);
  }

  #take(size: number): Buffer {
    if (size > this.#bytes.length - this.#at) throw new NotMsgpack();
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  #extension(size: number): void {
    const type = this.#take(1).readInt8(0);
    this.#out.add(`{"ext": ${type}, "base64": ${quoted(this.#take(size).toString('base64'))}}`);
  }

  #array(size: number, depth: number): void {
    this.#collection('[]', size, depth, () => this.value(depth + 1));
  }

  #map(size: number, depth: number): void {
    this.#collection('{}', size, depth, () => {
      this.#key();
      this.#out.add(': ');
      this.value(depth + 1);
    });
  }

  /** JSON's keys are strings. */
  #key(): void {
    let text = '';
    const part: TextTarget = { full: false, add: (piece) => void (text += piece), cut: () => {} };
    const reader = new MsgpackReader(this.#bytes, part);
    reader.#at = this.#at;
    reader.value(MAX_DEPTH);
    this.#at = reader.#at;
    this.#out.add(text.startsWith('"') ? text : quoted(text));
  }

  #collection(brackets: string, size: number, depth: number, element: () => void): void {
    this.#out.add(brackets[0]!);
    for (let index = 0; index < size; index++) {
      if (this.#out.full) {
        this.#out.cut();
        return;
      }
      this.#out.add(`${index > 0 ? ',' : ''}\n${'  '.repeat(Math.min(depth + 1, MAX_INDENT))}`);
      element();
    }
    this.#out.add(`${size > 0 ? `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}` : ''}${brackets[1]}`);
  }
}

function stringText(bytes: Buffer): string {
  return isUtf8(bytes) ? quoted(bytes.toString('utf8')) : binaryText(bytes);
}

function binaryText(bytes: Buffer): string {
  return `{"base64": ${quoted(bytes.toString('base64'))}}`;
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : quoted(String(value));
}
