import type { RespValue } from '../wire/resp';

export interface RenderOptions {
  /** Longest text, UTF-16 units. */
  readonly maxChars: number;
  /**
   * `typed`, unless told: with quotes, types and numbers, as on a terminal. `raw`: without, as redis-cli prints into a pipe.
   * `report`: raw, and without the line end that redis-cli adds itself: how it prints INFO and the like everywhere.
   */
  readonly style?: ReplyStyle;
}

export type ReplyStyle = 'typed' | 'raw' | 'report';

export interface RenderedText {
  readonly text: string;
  readonly truncated: boolean;
}

/** 1 MB of text is far more than anyone reads in a console. */
export const MAX_REPLY_CHARS = 1024 * 1024;

/**
 * The reply as redis-cli prints it (cliFormatReplyTTY and cliFormatReplyRaw of redis-cli.c), without the last line end. Stops working once the text is full, however large the reply.
 */
export function renderReply(value: RespValue, options: RenderOptions): RenderedText {
  const out = new BoundedText(options.maxChars);
  const { style = 'typed' } = options;
  if (style === 'typed') renderTyped(value, '', out);
  else renderRaw(value, out);
  const { text, truncated } = out;
  // Into a pipe the line end comes on top, so an error has two.
  return { text: style !== 'raw' && text.endsWith('\n') ? text.slice(0, -1) : text, truncated };
}

class BoundedText {
  readonly #max: number;
  readonly #parts: string[] = [];
  #length = 0;
  truncated = false;

  constructor(max: number) {
    this.#max = max;
  }

  get full(): boolean {
    return this.#length >= this.#max;
  }

  add(part: string): void {
    const room = this.#max - this.#length;
    if (part.length > room) this.truncated = true;
    const fitting = part.length > room ? part.slice(0, Math.max(0, room)) : part;
    this.#parts.push(fitting);
    this.#length += fitting.length;
  }

  get text(): string {
    return this.#parts.join('');
  }
}

function renderTyped(value: RespValue, indent: string, out: BoundedText): void {
  switch (value.type) {
    case 'array':
    case 'set':
    case 'push':
    case 'map':
      renderAggregate(value, indent, out);
      return;
    case 'bulk':
      out.add('"');
      addEscaped(value.bytes, out);
      if (value.omitted > 0) out.truncated = true;
      else out.add('"');
      break;
    case 'verbatim':
      out.add(value.bytes.toString('utf8'));
      if (value.omitted > 0) out.truncated = true;
      break;
    case 'status':
    case 'error':
    case 'integer':
    case 'double':
    case 'bigNumber':
    case 'boolean':
    case 'null':
      out.add(typedScalar(value));
  }
  out.add('\n');
}

type Aggregate = Extract<RespValue, { type: 'array' | 'set' | 'push' | 'map' }>;

const EMPTY: Readonly<Record<Aggregate['type'], string>> = {
  array: '(empty array)',
  set: '(empty set)',
  push: '(empty push)',
  map: '(empty hash)',
};

function typedScalar(value: Exclude<RespValue, Aggregate | { type: 'bulk' | 'verbatim' }>): string {
  switch (value.type) {
    case 'status':
      return value.text;
    case 'error':
      return `(error) ${value.text}`;
    case 'integer':
      return `(integer) ${value.value}`;
    case 'double':
      return `(double) ${value.text}`;
    case 'bigNumber':
      // redis-cli has no form for these: it gives up on them.
      return `(big number) ${value.text}`;
    case 'boolean':
      return value.value ? '(true)' : '(false)';
    case 'null':
      return '(nil)';
  }
}

/** `onOwnLine`: the first element begins a line, and so is indented like the others. */
function renderAggregate(value: Aggregate, indent: string, out: BoundedText, onOwnLine = false): void {
  const items = itemsOf(value);
  const length = items.length + value.omitted;
  if (length === 0) {
    out.add(EMPTY[value.type]);
    out.add('\n');
    return;
  }
  const width = String(length).length;
  const separator = value.type === 'set' ? '~' : value.type === 'map' ? '#' : ')';
  const inner = indent + ' '.repeat(width + 2);
  for (const [index, item] of items.entries()) {
    if (out.full) {
      out.truncated = true;
      break;
    }
    // Otherwise the first element stands behind its parent's number.
    out.add(`${index === 0 && !onOwnLine ? '' : indent}${String(index + 1).padStart(width)}${separator} `);
    if (isPair(item)) {
      renderPair(item, inner, out);
    } else {
      renderTyped(item, inner, out);
    }
  }
  if (value.omitted > 0) out.truncated = true;
}

function isPair(item: RespValue | readonly [RespValue, RespValue]): item is readonly [RespValue, RespValue] {
  return Array.isArray(item);
}

/** `key => value`: the key's own line end is taken back, and a value of several lines begins on the next one. */
function renderPair([key, value]: readonly [RespValue, RespValue], indent: string, out: BoundedText): void {
  const line = new BoundedText(MAX_REPLY_CHARS);
  renderTyped(key, indent, line);
  out.add(`${line.text.slice(0, -1)} => `);
  if (!isMultiline(value)) {
    renderTyped(value, indent, out);
    return;
  }
  out.add('\n');
  renderAggregate(value, indent, out, true);
}

/** cliIsMultilineValueTTY of redis-cli.c. */
function isMultiline(value: RespValue): value is Aggregate {
  if (!isAggregate(value)) return false;
  const items = itemsOf(value);
  if (items.length + value.omitted > 1) return true;
  const [only] = items;
  if (!only) return false;
  return isMultiline(isPair(only) ? only[1] : only);
}

function itemsOf(value: Aggregate): readonly (RespValue | readonly [RespValue, RespValue])[] {
  return value.type === 'map' ? value.entries : value.items;
}

function isAggregate(value: RespValue): value is Aggregate {
  return value.type === 'array' || value.type === 'set' || value.type === 'push' || value.type === 'map';
}

const PRINTABLE = /^[ !#-[\]-~]*$/;
const SLICE = 4096;

/** sdscatrepr of sds.c: everything that is not printable ASCII is an escape. */
function addEscaped(bytes: Buffer, out: BoundedText): void {
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (out.full) {
      out.truncated = true;
      return;
    }
    const slice = bytes.subarray(at, at + SLICE);
    const text = slice.toString('latin1');
    out.add(PRINTABLE.test(text) ? text : Array.from(slice, escapeByte).join(''));
  }
}

const NAMED: Readonly<Record<number, string>> = {
  0x22: String.raw`\"`,
  0x5c: '\\\\',
  0x0a: String.raw`\n`,
  0x0d: String.raw`\r`,
  0x09: String.raw`\t`,
  0x07: String.raw`\a`,
  0x08: String.raw`\b`,
};

function escapeByte(byte: number): string {
  const named = NAMED[byte];
  if (named !== undefined) return named;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return String.raw`\x${byte.toString(16).padStart(2, '0')}`;
}

function renderRaw(value: RespValue, out: BoundedText): void {
  switch (value.type) {
    case 'bulk':
    case 'verbatim':
      out.add(value.bytes.toString('utf8'));
      if (value.omitted > 0) out.truncated = true;
      return;
    case 'status':
    case 'double':
    case 'bigNumber':
      out.add(value.text);
      return;
    case 'error':
      out.add(`${value.text}\n`);
      return;
    case 'integer':
      out.add(String(value.value));
      return;
    case 'boolean':
      out.add(value.value ? '(true)' : '(false)');
      return;
    case 'null':
      return;
    case 'array':
    case 'set':
    case 'push':
    case 'map':
      renderRawItems(value, out);
  }
}

function renderRawItems(value: Aggregate, out: BoundedText): void {
  const items = value.type === 'map' ? value.entries.map(([key, item]) => [key, item]) : value.items.map((item) => [item]);
  for (const [index, group] of items.entries()) {
    if (out.full) {
      out.truncated = true;
      break;
    }
    if (index > 0) out.add('\n');
    for (const [part, item] of group.entries()) {
      if (part > 0) out.add(' ');
      renderRaw(item, out);
    }
  }
  if (value.omitted > 0) out.truncated = true;
}
