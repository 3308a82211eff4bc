import type { ReplyReader, RespScalar, SequenceKind } from '../../wire/resp';
import { KEEP_BYTES } from '../replies/replyRecord';

/** Is called when a reply begins that is no error, with what is to be said before it; what it returns is told of the reply. */
export type BeginReply = (notes: readonly string[]) => ReplyReader;

/** Of a line, and of a string of RESP3. */
const ERRORS: ReadonlySet<string> = new Set(['-', '!']);
const ATTRIBUTES = '|';

/**
 * Passes a reply on while it comes, but nothing of an error, which may only say where to ask instead. Which of both it is its
 * first byte tells.
 */
export class HeldReader implements ReplyReader {
  readonly keepBytes = KEEP_BYTES;
  readonly #begin: () => ReplyReader;
  #reader: ReplyReader | undefined;
  #attributes: Buffer | undefined;
  #isError = false;

  constructor(begin: () => ReplyReader) {
    this.#begin = begin;
  }

  /** Whether something has been passed on. */
  get begun(): boolean {
    return this.#reader !== undefined;
  }

  wire(bytes: Buffer): void {
    if (this.#isError) return;
    if (!this.#reader) {
      const mark = String.fromCharCode(bytes[0]!);
      // They come as one piece before the first line, and say nothing of which it is.
      if (mark === ATTRIBUTES) {
        this.#attributes = Buffer.from(bytes);
        return;
      }
      // Its first line comes before everything that is told of a reply.
      if (ERRORS.has(mark)) {
        this.#isError = true;
        return;
      }
      this.#reader = this.#begin();
      if (this.#attributes) this.#reader.wire(this.#attributes);
    }
    this.#reader.wire(bytes);
  }

  open(kind: SequenceKind, size: number): void {
    this.#reader?.open(kind, size);
  }

  close(omitted: number): void {
    this.#reader?.close(omitted);
  }

  scalar(value: RespScalar): void {
    this.#reader?.scalar(value);
  }

  beginString(kind: 'bulk' | 'verbatim'): void {
    this.#reader?.beginString(kind);
  }

  piece(bytes: Buffer): void {
    this.#reader?.piece(bytes);
  }

  endString(omitted: number): void {
    this.#reader?.endString(omitted);
  }

  missing(): void {
    this.#reader?.missing();
  }
}
