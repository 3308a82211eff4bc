import { StringDecoder } from 'node:string_decoder';
import { replay, type ReplySink, type RespScalar, type RespValue, type SequenceKind } from '../wire/resp';
import { ESCAPE_SLICE, escaped } from './escape';

export interface RenderOptions {
  /** Longest text, UTF-16 units. */
  readonly maxChars: number;
  /** `typed` unless told. */
  readonly style?: ReplyStyle;
}

/**
 * `typed`: with quotes, types and numbers, as on a terminal. `raw`: without, as redis-cli prints into a pipe.
 * `report`: raw, and without the line end that redis-cli adds itself: how it prints INFO and the like everywhere.
 */
export type ReplyStyle = 'typed' | 'raw' | 'report';

export interface RenderedText {
  readonly text: string;
  readonly truncated: boolean;
}

/** Where a text goes, and stops once it is full. */
export interface TextTarget {
  readonly full: boolean;
  add(part: string): void;
  /** Something is missing. */
  cut(): void;
}

/** The reply as redis-cli prints it, without the last line end. Stops working once the text is full, however large the reply. */
export function renderReply(value: RespValue, { maxChars, style = 'typed' }: RenderOptions): RenderedText {
  const out = new BoundedText(maxChars);
  const renderer = new ReplyRenderer(out, style);
  replay(value, renderer);
  renderer.end();
  const { text, truncated } = out;
  // The bound may have fallen behind a line end.
  return { text: truncated && text.endsWith('\n') ? text.slice(0, -1) : text, truncated };
}

/** A text that ends after so many UTF-16 units. */
export class BoundedText implements TextTarget {
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
    const fitting = part.slice(0, this.#max - this.#length);
    if (fitting.length < part.length) this.truncated = true;
    this.#parts.push(fitting);
    this.#length += fitting.length;
  }

  cut(): void {
    this.truncated = true;
  }

  get text(): string {
    return this.#parts.join('');
  }
}

interface Frame {
  readonly kind: SequenceKind;
  /** Values that were told; of a map, keys and values. */
  told: number;
  /** Digits of the last number. */
  readonly width: number;
  /** Before the lines of its own elements, and before those of theirs. */
  readonly indent: string;
  readonly inner: string;
  /** Whether the first element begins a line, and so is indented like the others. */
  readonly onOwnLine: boolean;
}

const EMPTY: Readonly<Record<SequenceKind, string>> = {
  array: '(empty array)',
  set: '(empty set)',
  push: '(empty push)',
  map: '(empty hash)',
};

const SEPARATORS: Readonly<Record<SequenceKind, string>> = { array: ')', push: ')', set: '~', map: '#' };

/**
 * Prints a reply while it arrives, as redis-cli prints it when it is there (cliFormatReplyTTY and cliFormatReplyRaw of
 * redis-cli.c). Whatever is told after the text is full costs next to nothing.
 */
export class ReplyRenderer implements ReplySink {
  readonly #out: TextTarget;
  readonly #style: ReplyStyle;
  readonly #frames: Frame[] = [];
  /** A line end that is printed only when something follows. */
  #lineEnd = false;
  #decoder: StringDecoder | undefined;
  /** What the form of a map's value depends on is still to come. */
  #ahead: LookAhead | undefined;
  /** Whether the values of maps that are told now have several lines; of use for those with one element. */
  #multiline = false;

  constructor(out: TextTarget, style: ReplyStyle) {
    this.#out = out;
    this.#style = style;
  }

  open(kind: SequenceKind, size: number): void {
    if (this.#ignores() || this.#held((sink) => sink.open(kind, size), { opens: kind, size })) return;
    if (this.#style !== 'typed') {
      this.#beforeRaw();
      this.#push(kind, size, '', false);
      return;
    }
    this.#before();
    const parent = this.#frames.at(-1);
    const indent = parent?.inner ?? '';
    const isMapValue = parent?.kind === 'map' && parent.told % 2 === 1;
    if (size === 0) {
      this.#add(EMPTY[kind]);
      this.#lineEnd = true;
    }
    const onOwnLine = isMapValue && (size > 1 || (size === 1 && this.#multiline));
    if (onOwnLine) this.#add('\n');
    this.#push(kind, size, indent, onOwnLine);
  }

  close(omitted: number): void {
    if (this.#out.full || this.#held((sink) => sink.close(omitted), { closes: true })) return;
    if (omitted > 0) this.#out.cut();
    this.#frames.pop();
    this.#after();
  }

  scalar(value: RespScalar): void {
    if (this.#ignores() || this.#held((sink) => sink.scalar(value), {})) return;
    if (this.#style === 'typed') {
      this.#before();
      this.#add(typedScalar(value));
      this.#lineEnd = true;
    } else {
      this.#beforeRaw();
      const text = rawScalar(value);
      if (text !== '') this.#add(text);
      if (value.type === 'error') this.#addLineEnd();
    }
    this.#after();
  }

  beginString(kind: 'bulk' | 'verbatim'): void {
    if (this.#ignores() || this.#held((sink) => sink.beginString(kind), { opens: 'string', size: 0 })) return;
    const typed = this.#style === 'typed';
    if (typed) this.#before();
    else this.#beforeRaw();
    this.#decoder = typed && kind === 'bulk' ? undefined : new StringDecoder('utf8');
    if (!this.#decoder) this.#add('"');
  }

  piece(bytes: Buffer): void {
    if (this.#ignores() || this.#held((sink) => sink.piece(bytes), { bytes: bytes.length })) return;
    if (this.#decoder) {
      this.#addLines(this.#decoder.write(bytes));
      return;
    }
    for (let at = 0; at < bytes.length; at += ESCAPE_SLICE) {
      if (this.#ignores()) return;
      this.#add(escaped(bytes.subarray(at, at + ESCAPE_SLICE)));
    }
  }

  endString(omitted: number): void {
    if (this.#ignores() || this.#held((sink) => sink.endString(omitted), { closes: true })) return;
    if (this.#decoder) this.#addLines(this.#decoder.end());
    else if (omitted === 0) this.#add('"');
    if (omitted > 0) this.#out.cut();
    if (this.#style === 'typed') this.#addLineEnd();
    this.#after();
  }

  missing(): void {
    if (this.#ignores() || this.#held((sink) => sink.missing(), {})) return;
    this.#out.cut();
    this.#after();
  }

  /** After the last value. */
  end(): void {
    this.#decide(false);
    // Into a pipe the line end comes on top, so an error has two.
    if (this.#lineEnd && this.#style === 'raw') this.#add('');
  }

  /** Before the first value of the next reply in the same text. */
  between(): void {
    this.end();
    this.#frames.length = 0;
    this.#lineEnd = true;
  }

  /** A line that belongs to no reply, behind a whole one or before the first. */
  line(text: string): void {
    if (this.#ignores()) return;
    this.#decide(false);
    this.#frames.length = 0;
    this.#add(text);
    this.#lineEnd = true;
  }

  #push(kind: SequenceKind, size: number, indent: string, onOwnLine: boolean): void {
    const width = String(size).length;
    this.#frames.push({ kind, told: 0, width, indent, inner: this.#style === 'typed' ? indent + ' '.repeat(width + 2) : '', onOwnLine });
  }

  /** What stands before a value of an aggregate. */
  #before(): void {
    const frame = this.#frames.at(-1);
    if (!frame || (frame.kind === 'map' && frame.told % 2 === 1)) return;
    const index = frame.kind === 'map' ? frame.told / 2 : frame.told;
    // Otherwise the first element stands behind its parent's number.
    const indent = index === 0 && !frame.onOwnLine ? '' : frame.indent;
    this.#add(`${indent}${String(index + 1).padStart(frame.width)}${SEPARATORS[frame.kind]} `);
  }

  #beforeRaw(): void {
    const frame = this.#frames.at(-1);
    if (!frame || frame.told === 0) return;
    if (frame.kind === 'map' && frame.told % 2 === 1) this.#add(' ');
    else this.#addLineEnd();
  }

  #after(): void {
    const frame = this.#frames.at(-1);
    if (!frame) return;
    frame.told++;
    if (this.#style !== 'typed' || frame.kind !== 'map' || frame.told % 2 === 0) return;
    // `key => value`: the key's own line end is taken back.
    this.#lineEnd = false;
    this.#add(' => ');
    this.#ahead = new LookAhead();
  }

  /** Whether there is no room for more: what comes then is not even looked at. */
  #ignores(): boolean {
    if (this.#out.full) this.#out.cut();
    return this.#out.full;
  }

  #add(part: string): void {
    this.#out.add(this.#lineEnd ? `\n${part}` : part);
    this.#lineEnd = false;
  }

  #addLineEnd(): void {
    if (this.#lineEnd) this.#add('');
    this.#lineEnd = true;
  }

  /** The last line end is held back, as ours are. */
  #addLines(text: string): void {
    if (text === '') return;
    const ends = text.endsWith('\n');
    if (!ends || text.length > 1) this.#add(ends ? text.slice(0, -1) : text);
    if (ends) this.#addLineEnd();
  }

  /** Whether the call has to wait until the form of the value is known. */
  #held(call: (sink: ReplySink) => void, step: Step): boolean {
    const ahead = this.#ahead;
    if (!ahead) return false;
    const multiline = ahead.take(call, step);
    if (multiline === undefined) return true;
    this.#decide(multiline);
    return false;
  }

  #decide(multiline: boolean): void {
    const calls = this.#ahead?.calls ?? [];
    this.#ahead = undefined;
    this.#multiline = multiline;
    for (const call of calls) {
      call(this);
      // What follows a key inside of this value is decided together with it.
      this.#ahead = undefined;
    }
  }
}

interface Step {
  /** A string is closed by its end. */
  readonly opens?: SequenceKind | 'string';
  readonly size?: number;
  readonly closes?: boolean;
  readonly bytes?: number;
}

/** Of a key inside of such a value; beyond it the form does not matter any more. */
const MAX_HELD_BYTES = 1024 * 1024;

/**
 * cliIsMultilineValueTTY of redis-cli.c, for a value that is just arriving: an aggregate of more than one element has several
 * lines, and one of a single element has them if that one (of a map: its value) has.
 */
class LookAhead {
  readonly calls: ((sink: ReplySink) => void)[] = [];
  /** Inside of a key that comes before the value in question: how deep. */
  #keyDepth: number | undefined;
  #bytes = 0;

  /** Whether the value has several lines, once that is known; else the call is kept. */
  take(call: (sink: ReplySink) => void, step: Step): boolean | undefined {
    this.#bytes += step.bytes ?? 0;
    if (this.#bytes > MAX_HELD_BYTES) return false;
    if (this.#keyDepth === undefined) {
      const { opens, size = 0 } = step;
      if (opens === undefined || opens === 'string' || size !== 1) return opens !== undefined && size > 1;
      if (opens === 'map') this.#keyDepth = 0;
    } else {
      if (step.opens) this.#keyDepth++;
      if (step.closes) this.#keyDepth--;
      // The value has ended without the pair that it had announced.
      if (this.#keyDepth < 0) return false;
      const inside = this.#keyDepth > 0 || step.bytes !== undefined;
      if (!inside) this.#keyDepth = undefined;
    }
    this.calls.push(call);
    return undefined;
  }
}

function typedScalar(value: RespScalar): string {
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

function rawScalar(value: RespScalar): string {
  switch (value.type) {
    case 'status':
    case 'error':
    case 'double':
    case 'bigNumber':
      return value.text;
    case 'integer':
      return String(value.value);
    case 'boolean':
      return value.value ? '(true)' : '(false)';
    case 'null':
      return '';
  }
}
