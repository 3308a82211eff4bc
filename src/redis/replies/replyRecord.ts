import { encodeValue, replay, type ReplyReader, type RespValue } from '../../wire/resp';
import { ReplyRenderer, type ReplyStyle } from '../render';
import { lookAt, viewsOf } from '../views/look';
import type { ReplyShape } from '../views/shapes';
import type { ReplyShelf } from './replyShelf';
import { TextStore } from './textStore';
import type { KeptReply, OpenView, ReplyView } from './types';
import { WireRecord } from './wireRecord';

export interface ReplyRecordOptions {
  /** What the command's reply means. */
  readonly shape: ReplyShape;
  readonly style: ReplyStyle;
  /** Longest text, UTF-16 units. */
  readonly maxChars: number;
  readonly shelf: ReplyShelf;
  /** Called whenever some of it has come. */
  readonly onGrowth?: (reply: KeptReply) => void;
}

/** As a value, for what a session has to know of a reply; the text and the views have their own bounds. */
export const KEEP_BYTES = 64 * 1024;
/** Of the replies as they were sent, for their views. */
const MAX_WIRE_BYTES = 8 * 1024 * 1024;

/** The replies of one line: rendered while they arrive, and kept as text and as they were sent. */
export class ReplyRecord implements KeptReply {
  readonly #options: ReplyRecordOptions;
  /** While something comes. */
  #reader: RecordReader | undefined;
  /** Whether the last thing was a line of ours, which ends by itself. */
  #noted = false;
  #text: TextStore;
  #wire: WireRecord;
  #looks = new Map<ReplyView, Promise<OpenView | undefined>>();
  #views: readonly ReplyView[] = [];
  #kept = true;

  constructor(options: ReplyRecordOptions) {
    this.#options = options;
    const { shelf, maxChars } = options;
    shelf.add(this);
    ({ text: this.#text, wire: this.#wire } = this.#empty(maxChars));
  }

  get kept(): boolean {
    return this.#kept;
  }

  get rows(): number {
    return this.#text.rows;
  }

  get bytes(): number {
    return this.#text.bytes;
  }

  get truncated(): boolean {
    return this.#text.truncated;
  }

  get views(): readonly ReplyView[] {
    return this.#views;
  }

  /** All of its text. */
  get text(): string {
    return this.#text.text;
  }

  /** For the first reply, or for the next one. */
  reader(): ReplyReader {
    if (!this.#wire.empty && !this.#noted) this.#reader?.between();
    this.#noted = false;
    this.#reader ??= this.#newReader();
    return this.#reader;
  }

  /** A line of ours among the replies; no view but the text has it. */
  note(line: string): void {
    this.#reader ??= this.#newReader();
    this.#reader.line(line);
    this.#noted = true;
  }

  /** A reply that is here already. */
  take(value: RespValue): void {
    if (this.#reader && !this.#noted) this.#reader.between();
    this.#reader ??= this.#newReader();
    this.#noted = false;
    replay(value, this.#reader);
    this.#reader.wire(encodeValue(value));
  }

  /** Nothing more comes; what is there may go when newer ones need the room. `whole`: the last one has come to its end. */
  settle(whole: boolean): void {
    this.#reader?.end();
    this.#reader = undefined;
    if (!whole) this.#text.cut();
    this.#views = viewsOf(this.#wire.pieces, this.#options.shape);
    this.#options.shelf.settle(this);
  }

  async look(view: ReplyView, signal: AbortSignal): Promise<OpenView | undefined> {
    if (!this.#kept) return undefined;
    if (view === 'text') return { source: this.#text, steps: [], language: 'plaintext' };
    const known = this.#looks.get(view);
    if (known) return known;
    const made = this.#make(view, signal);
    this.#looks.set(view, made);
    // Whoever asks again later may have more patience.
    made.catch(() => this.#looks.delete(view));
    return made;
  }

  forget(): void {
    this.#options.shelf.remove(this);
  }

  drop(): void {
    this.#kept = false;
    this.#reader = undefined;
    this.#views = [];
    this.#looks = new Map();
    ({ text: this.#text, wire: this.#wire } = this.#empty(0));
  }

  async #make(view: Exclude<ReplyView, 'text'>, signal: AbortSignal): Promise<OpenView | undefined> {
    if (!this.#views.includes(view)) return undefined;
    const { shape, shelf } = this.#options;
    const opened = await lookAt(view, this.#wire, shape, signal);
    // It is counted once it is there; a view is small beside what may be kept.
    return opened && this.#kept && shelf.take(this, opened.source.bytes) ? opened : undefined;
  }

  #newReader(): RecordReader {
    return new RecordReader(this.#text, this.#options.style, (bytes) => this.#onWire(bytes));
  }

  #onWire(bytes: Buffer): void {
    this.#wire.add(bytes);
    this.#options.onGrowth?.(this);
  }

  #empty(maxChars: number): { text: TextStore; wire: WireRecord } {
    const take = (bytes: number): boolean => this.#options.shelf.take(this, bytes);
    return { text: new TextStore({ maxChars, take }), wire: new WireRecord(maxChars === 0 ? 0 : MAX_WIRE_BYTES, take) };
  }
}

class RecordReader extends ReplyRenderer implements ReplyReader {
  readonly keepBytes = KEEP_BYTES;
  readonly wire: (bytes: Buffer) => void;

  constructor(text: TextStore, style: ReplyStyle, wire: (bytes: Buffer) => void) {
    super(text, style);
    this.wire = wire;
  }
}
