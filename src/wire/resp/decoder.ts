import type { Fault } from '../../base/fault';
import { encodeAttributes } from './encode';
import { lengthOf, malformed, scalar, tooLarge, verbatim } from './grammar';
import { type ReplyReader, replay } from './reader';
import type { RespEntries, RespScalar, RespValue } from './values';

/** Ceilings that are checked when a length is read, before anything is allocated for it. */
export interface RespLimits {
  /** Longest bulk string, verbatim string or bulk error that may be announced, or come in parts, bytes. */
  readonly maxBulkBytes: number;
  /** Most elements (of a map: pairs) that an aggregate may announce, or stream. */
  readonly maxElements: number;
  /** Aggregates inside each other. */
  readonly maxDepth: number;
  /** Longest line: statuses, errors, numbers, lengths; bytes. */
  readonly maxLineBytes: number;
  /**
   * What is kept of one top-level reply, bytes; an element counts `elementCost` besides its own bytes. The rest is
   * consumed without being kept, so a huge reply costs no memory; `omitted` tells how much.
   */
  readonly keepBytes: number;
  /** Bytes. Every element takes at least this much of a reply's text; of memory it takes 50 to 100. */
  readonly elementCost: number;
}

/** What a server may send by its own limits (proto-max-bulk-len), and a bound on memory. */
export const DEFAULT_RESP_LIMITS: RespLimits = {
  maxBulkBytes: 512 * 1024 * 1024,
  maxElements: 2 ** 31 - 1,
  maxDepth: 64,
  maxLineBytes: 64 * 1024,
  keepBytes: 64 * 1024 * 1024,
  elementCost: 3,
};

type AggregateKind = 'array' | 'set' | 'push' | 'map' | 'attribute';
type StringKind = 'bulk' | 'verbatim' | 'error';

type Entries = (readonly [RespValue, RespValue])[];

interface Frame {
  readonly kind: AggregateKind;
  /** Values still to come, a map having two per pair; infinitely many until the end of a streamed one. */
  left: number;
  /** Whether it came without a length. */
  readonly streamed: boolean;
  omitted: number;
  /** For the next value. */
  attributes: Entries;
  /** Whether the frame itself is part of what is kept. */
  readonly kept: boolean;
  readonly items: RespValue[];
}

interface Payload {
  /** `part`: of a string that is streamed. */
  readonly kind: StringKind | 'part';
  /** Of the payload, bytes. */
  readonly size: number;
  /** Bytes at its beginning that no reader is told. */
  skip: number;
  /** Bytes still to come, the closing CRLF included. */
  left: number;
  /** Bytes of the payload that will be kept. */
  room: number;
  omitted: number;
  readonly chunks: Buffer[];
}

/** A string that comes in parts (`$?`), as far as it has come. */
interface StreamedString {
  readonly chunks: Buffer[];
  kept: number;
  omitted: number;
}

const AGGREGATES: Readonly<Record<string, AggregateKind>> = { '*': 'array', '~': 'set', '>': 'push', '%': 'map', '|': 'attribute' };
const PAYLOADS: Readonly<Record<string, StringKind>> = { $: 'bulk', '=': 'verbatim', '!': 'error' };
/** `txt:` before the text of a verbatim string. */
const FORMAT_BYTES = 4;
const MAX_PARTS = 1024;
const LF = 0x0a;
const CR = 0x0d;

/** Decodes a stream of replies that arrives in pieces of any size; each byte is looked at once. */
export class RespDecoder {
  readonly #limits: RespLimits;
  readonly #frames: Frame[] = [];
  #payload: Payload | undefined;
  #streamed: StreamedString | undefined;
  /** For the next top-level value. */
  #attributes: Entries = [];
  #line: Buffer[] = [];
  #lineBytes = 0;
  #budget: number;
  #failure: Fault | undefined;
  #done: RespValue[] = [];
  readonly #readerOf: (() => ReplyReader | undefined) | undefined;
  /** Of the reply that is arriving. */
  #reader: ReplyReader | undefined;
  /** Open frames of which a reader is told nothing, or only when they are complete. */
  #untold = 0;

  /** `readerOf` is asked at the beginning of every reply, and not for pushes, which answer nothing. */
  constructor(limits: Partial<RespLimits> = {}, readerOf?: () => ReplyReader | undefined) {
    this.#limits = { ...DEFAULT_RESP_LIMITS, ...limits };
    this.#budget = this.#limits.keepBytes;
    this.#readerOf = readerOf;
  }

  /**
   * The top-level replies that `chunk` completes, in order.
   * @throws Fault `resp.protocol` or `resp.tooLarge`. The stream cannot be resumed after that: every further call throws it again.
   */
  push(chunk: Buffer): RespValue[] {
    if (this.#failure) throw this.#failure;
    try {
      let at = 0;
      let lent = 0;
      while (at < chunk.length) {
        const { reader: before, complete } = { reader: this.#reader, complete: this.#done.length };
        at = this.#payload ? this.#takePayload(this.#payload, chunk, at) : this.#takeLine(chunk, at);
        // The line with which a reply begins may have come in pieces; it was lent there.
        if (!before) lent = at;
        if (this.#done.length === complete) continue;
        before?.wire(chunk.subarray(lent, at));
        this.#reader = undefined;
      }
      this.#reader?.wire(chunk.subarray(lent));
    } catch (error) {
      this.#failure = error as Fault;
      throw error;
    }
    const done = this.#done;
    this.#done = [];
    return done;
  }

  /**
   * The reply that is incomplete, as if what is missing had not been kept; undefined if none has begun. Nothing can be pushed
   * any more.
   */
  beginning(): RespValue | undefined {
    this.#failure ??= malformed('something after its end');
    const { payload, streamed } = { payload: this.#payload, streamed: this.#streamed };
    if (payload) this.#closePayload({ ...payload, omitted: payload.size - payload.chunks.reduce((sum, { length }) => sum + length, 0) });
    if (streamed) this.#deliverBytes('bulk', Buffer.concat(streamed.chunks), streamed.omitted + 1);
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      // Of an endless one nobody knows how much is missing; of a key at least its value is.
      frame.omitted += frame.left === Infinity ? 2 - (frame.items.length % 2) : frame.left;
      frame.left = 0;
      this.#close();
    }
    return this.#done[0];
  }

  #takeLine(chunk: Buffer, from: number): number {
    const lf = chunk.indexOf(LF, from);
    const end = lf < 0 ? chunk.length : lf + 1;
    this.#lineBytes += end - from;
    if (this.#lineBytes > this.#limits.maxLineBytes) throw tooLarge(`a line of more than ${this.#limits.maxLineBytes} bytes`);
    const piece = chunk.subarray(from, end);
    if (lf < 0) {
      this.#line.push(piece);
      return end;
    }
    const line = this.#line.length === 0 ? piece : Buffer.concat([...this.#line, piece]);
    this.#line = [];
    this.#lineBytes = 0;
    if (line.length < 3 || line[line.length - 2] !== CR) throw malformed('a line that does not end in CRLF');
    const mark = String.fromCharCode(line[0]!);
    if (this.#frames.length === 0 && !this.#streamed && mark !== '|' && mark !== '>') this.#begin(line);
    this.#header(mark, line.toString('utf8', 1, line.length - 2));
    return end;
  }

  #begin(line: Buffer): void {
    this.#reader = this.#readerOf?.();
    if (!this.#reader) return;
    this.#budget = Math.min(this.#budget, this.#reader.keepBytes);
    if (this.#attributes.length > 0) this.#reader.wire(encodeAttributes(this.#attributes));
    this.#reader.wire(line);
  }

  /** Whoever is told of what arrives now. */
  get #listener(): ReplyReader | undefined {
    return this.#untold === 0 ? this.#reader : undefined;
  }

  #header(mark: string, rest: string): void {
    if (this.#streamed) {
      this.#openPart(this.#streamed, mark, rest);
      return;
    }
    if (mark === '.') {
      this.#endStreamedAggregate(rest);
      return;
    }
    const aggregate = AGGREGATES[mark];
    if (aggregate) {
      this.#openAggregate(aggregate, rest);
      return;
    }
    const payload = PAYLOADS[mark];
    if (payload) this.#openPayload(payload, rest);
    else this.#deliverScalar(scalar(mark, rest), rest.length);
  }

  /** A value that is not kept has been held to the same grammar. */
  #deliverScalar(value: RespScalar, bytes: number): void {
    this.#listener?.scalar(value);
    this.#deliver(this.#afford(bytes) ? value : undefined);
  }

  #openAggregate(kind: AggregateKind, rest: string): void {
    // Attributes and pushes stand alone: nobody streams them.
    const size = rest === '?' && kind !== 'attribute' && kind !== 'push' ? Infinity : lengthOf(rest);
    if (size < 0) {
      if (kind !== 'array') throw malformed(`a length of ${rest}`);
      this.#deliverScalar({ type: 'null' }, 0);
      return;
    }
    if (size > this.#limits.maxElements && size !== Infinity) throw tooLarge(`an aggregate of ${rest} elements`);
    if (this.#frames.length >= this.#limits.maxDepth) throw tooLarge(`more than ${this.#limits.maxDepth} aggregates inside each other`);
    const left = isPaired(kind) ? size * 2 : size;
    if (kind === 'attribute' || size === Infinity) this.#untold++;
    else this.#listener?.open(kind, size);
    this.#frames.push({ kind, left, streamed: size === Infinity, omitted: 0, items: [], attributes: [], kept: this.#afford(0) });
    if (left === 0) this.#close();
  }

  #endStreamedAggregate(rest: string): void {
    const frame = this.#frames.at(-1);
    if (rest !== '' || frame?.left !== Infinity) throw malformed('the end of a stream that has not begun');
    if (isPaired(frame.kind) && (frame.items.length + frame.omitted) % 2 === 1) throw malformed('a key without its value');
    if (frame.attributes.length > 0) throw malformed('an attribute of nothing');
    this.#close();
  }

  #openPayload(kind: StringKind, rest: string): void {
    if (rest === '?' && kind === 'bulk') {
      this.#streamed = { chunks: [], kept: 0, omitted: 0 };
      this.#listener?.beginString('bulk');
      return;
    }
    const size = lengthOf(rest);
    if (size < 0) {
      if (kind !== 'bulk') throw malformed(`a length of ${rest}`);
      this.#deliverScalar({ type: 'null' }, 0);
      return;
    }
    if (size > this.#limits.maxBulkBytes) throw tooLarge(`a string of ${rest} bytes`);
    const room = Math.min(size, Math.max(0, this.#budget - this.#limits.elementCost));
    this.#payload = { kind, size, skip: kind === 'verbatim' ? FORMAT_BYTES : 0, left: size + 2, room, omitted: size - room, chunks: [] };
    if (kind !== 'error') this.#listener?.beginString(kind);
  }

  #openPart(streamed: StreamedString, mark: string, rest: string): void {
    if (mark !== ';') throw malformed('something else inside a string that comes in parts');
    const size = lengthOf(rest);
    if (size < 0) throw malformed(`a length of ${rest}`);
    if (streamed.kept + streamed.omitted + size > this.#limits.maxBulkBytes) throw tooLarge(`a string of more than ${this.#limits.maxBulkBytes} bytes`);
    if (size === 0) {
      this.#streamed = undefined;
      this.#listener?.endString(0);
      this.#deliverBytes('bulk', Buffer.concat(streamed.chunks), streamed.omitted);
      return;
    }
    // What comes after a gap is not a beginning any more.
    const room = streamed.omitted > 0 ? 0 : Math.min(size, Math.max(0, this.#budget - this.#limits.elementCost - streamed.kept));
    this.#payload = { kind: 'part', size, skip: 0, left: size + 2, room, omitted: size - room, chunks: [] };
  }

  #takePayload(payload: Payload, chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + payload.left);
    const body = Math.max(0, Math.min(end - from, payload.left - 2));
    const keep = Math.min(body, payload.room);
    if (keep > 0) payload.chunks.push(chunk.subarray(from, from + keep));
    payload.room -= keep;
    if (payload.kind !== 'error') this.#tellPiece(payload, chunk.subarray(from, from + body));
    for (let at = from + body; at < end; at++) {
      const expected = payload.left - (at - from) === 2 ? CR : LF;
      if (chunk[at] !== expected) throw malformed('a string that is longer than announced');
    }
    payload.left -= end - from;
    if (payload.left > 0) return end;
    if (payload.kind === 'bulk' || payload.kind === 'verbatim') this.#listener?.endString(0);
    this.#closePayload(payload);
    return end;
  }

  #tellPiece(payload: Payload, bytes: Buffer): void {
    const skipped = Math.min(payload.skip, bytes.length);
    payload.skip -= skipped;
    if (bytes.length > skipped) this.#listener?.piece(bytes.subarray(skipped));
  }

  #closePayload({ kind, chunks, omitted }: Payload): void {
    this.#payload = undefined;
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const streamed = this.#streamed;
    if (kind === 'part' && streamed) {
      if (bytes.length > 0) streamed.chunks.push(bytes);
      // However small the parts, they cost little more than their bytes.
      if (streamed.chunks.length >= MAX_PARTS) streamed.chunks.splice(0, MAX_PARTS, Buffer.concat(streamed.chunks));
      streamed.kept += bytes.length;
      streamed.omitted += omitted;
    } else if (kind !== 'part') {
      this.#deliverBytes(kind, bytes, omitted);
    }
  }

  #deliverBytes(kind: StringKind, bytes: Buffer, omitted: number): void {
    // A top-level reply is always kept, if only as an empty beginning.
    const kept = this.#afford(bytes.length) || this.#frames.length === 0;
    if (kind === 'error') this.#tellError(kept ? bytes : undefined);
    if (!kept) this.#deliver(undefined);
    else if (kind === 'bulk') this.#deliver({ type: 'bulk', bytes, omitted });
    else if (kind === 'error') this.#deliver({ type: 'error', text: bytes.toString('utf8') });
    else this.#deliver(verbatim(bytes, omitted));
  }

  #tellError(bytes: Buffer | undefined): void {
    if (bytes) this.#listener?.scalar({ type: 'error', text: bytes.toString('utf8') });
    else this.#listener?.missing();
  }

  /** Takes the cost of an element from what may be kept; false once nothing more fits. */
  #afford(bytes: number): boolean {
    const cost = bytes + this.#limits.elementCost;
    const fits = cost <= this.#budget;
    // Nothing smaller that comes later is kept either: what is kept is a beginning, without holes.
    this.#budget = fits ? this.#budget - cost : 0;
    return fits || this.#frames.length === 0;
  }

  #deliver(value: RespValue | undefined): void {
    const frame = this.#frames.at(-1);
    if (!frame) {
      if (value) this.#done.push(described(value, this.#attributes));
      this.#attributes = [];
      this.#budget = this.#limits.keepBytes;
      return;
    }
    if (value) frame.items.push(described(value, frame.attributes));
    else frame.omitted++;
    if (frame.attributes.length > 0) frame.attributes = [];
    frame.left--;
    if (frame.left === 0) this.#close();
    else if (frame.left === Infinity) this.#checkStreamed(frame);
  }

  #checkStreamed({ kind, items, omitted }: Frame): void {
    const size = (items.length + omitted) / (isPaired(kind) ? 2 : 1);
    if (size > this.#limits.maxElements) throw tooLarge(`an aggregate of more than ${this.#limits.maxElements} elements`);
  }

  #close(): void {
    const frame = this.#frames.pop()!;
    if (frame.streamed || frame.kind === 'attribute') this.#untold--;
    if (frame.kind !== 'attribute') {
      const value = frame.kept ? aggregateOf(frame) : undefined;
      this.#tellEnd(frame, value);
      this.#deliver(value);
      return;
    }
    // An attribute belongs to the value that follows it and takes no place of its own.
    const pending = this.#frames.at(-1)?.attributes ?? this.#attributes;
    for (const entry of entriesOf(frame.items)) pending.push(entry);
  }

  #tellEnd({ streamed }: Frame, value: RespValue | undefined): void {
    const listener = this.#listener;
    if (!streamed) listener?.close(0);
    else if (value && listener) replay(value, listener);
    else listener?.missing();
  }
}

function isPaired(kind: AggregateKind): boolean {
  return kind === 'map' || kind === 'attribute';
}

function described(value: RespValue, attributes: RespEntries): RespValue {
  return attributes.length > 0 ? { ...value, attributes } : value;
}

function aggregateOf({ kind, items, omitted }: Frame): RespValue {
  if (kind === 'array' || kind === 'set' || kind === 'push') return { type: kind, items, omitted };
  const entries = entriesOf(items);
  return { type: 'map', entries, omitted: (items.length + omitted) / 2 - entries.length };
}

/** A key whose value was not kept is left out. */
function entriesOf(items: readonly RespValue[]): RespEntries {
  const entries: [RespValue, RespValue][] = [];
  for (let at = 0; at + 1 < items.length; at += 2) entries.push([items[at]!, items[at + 1]!]);
  return entries;
}
