import { ByteQueue } from '../../base/byteQueue';
import { MAX_CONTROL_BYTES, Opcode } from './encoder';

/** What a server sent. */
export interface WebSocketSink {
  /** A whole binary message; a view of what was fed where it came in one piece. */
  binary(message: Buffer): void;
  /** A whole text message, of which nobody wants to know more. */
  text(): void;
  ping(payload: Buffer): void;
  pong(): void;
  /** The server closes; nothing follows. `code` is 1005 where it names none. */
  closed(code: number, reason: string): void;
}

/** Why the connection cannot go on, and the close code that says so (RFC 6455, 7.4.1). */
export interface WebSocketViolation {
  readonly code: 1002 | 1009;
  readonly why: string;
}

interface Header {
  readonly final: boolean;
  readonly opcode: number;
  readonly length: number;
  /** Bytes of the header itself. */
  readonly bytes: number;
}

/**
 * Reads a server's WebSocket frames (RFC 6455), cut anywhere, without extensions. What it holds is bounded by one message
 * and one header.
 */
export class WebSocketDecoder {
  readonly #sink: WebSocketSink;
  readonly #maxBytes: number;
  /** Bytes that do not make a whole frame yet. */
  readonly #waiting = new ByteQueue();
  /** Bytes that are needed before another look at `#waiting` makes sense. */
  #needed = 2;
  /** Pieces of a fragmented message. */
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #fragmented: number | undefined;
  #over = false;

  /** @param maxBytes longest message that is accepted. */
  constructor(sink: WebSocketSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** @returns the violation that ends the connection, if there was one; what is fed after it is ignored. */
  feed(chunk: Buffer): WebSocketViolation | undefined {
    let rest = chunk;
    // Only the frame that was cut is copied together, not what follows it.
    while (this.#waiting.length > 0) {
      const missing = this.#needed - this.#waiting.length;
      this.#waiting.push(rest.subarray(0, missing));
      if (rest.length < missing) return undefined;
      rest = rest.subarray(missing);
      const violation = this.#read(this.#waiting.take(this.#needed)!);
      if (violation) return violation;
    }
    return this.#read(rest);
  }

  #read(bytes: Buffer): WebSocketViolation | undefined {
    let offset = 0;
    while (!this.#over) {
      const header = parseHeader(bytes, offset);
      if (typeof header === 'number') {
        this.#wait(bytes, offset, header);
        return undefined;
      }
      const violation = 'why' in header ? header : this.#objection(header);
      if (violation) {
        this.#over = true;
        return violation;
      }
      const frame = header as Header;
      const end = offset + frame.bytes + frame.length;
      if (end > bytes.length) {
        this.#wait(bytes, offset, end - offset);
        return undefined;
      }
      this.#take(frame, bytes.subarray(offset + frame.bytes, end));
      offset = end;
    }
    return undefined;
  }

  #wait(bytes: Buffer, offset: number, needed: number): void {
    this.#needed = needed;
    if (offset < bytes.length) this.#waiting.push(offset === 0 ? bytes : bytes.subarray(offset));
  }

  #objection({ final, opcode, length }: Header): WebSocketViolation | undefined {
    const broken = (why: string): WebSocketViolation => ({ code: 1002, why });
    if (opcode >= Opcode.close) {
      if (!final) return broken('a control frame is fragmented');
      return length > MAX_CONTROL_BYTES ? broken('a control frame is too long') : undefined;
    }
    const continues = opcode === Opcode.continuation;
    if (continues !== (this.#fragmented !== undefined)) return broken('a fragment is out of turn');
    return this.#piecesBytes + length > this.#maxBytes ? { code: 1009, why: 'a message is too long' } : undefined;
  }

  #take({ final, opcode }: Header, payload: Buffer): void {
    switch (opcode) {
      case Opcode.close:
        this.#over = true;
        this.#sink.closed(payload.length >= 2 ? payload.readUInt16BE(0) : 1005, payload.toString('utf8', 2));
        return;
      case Opcode.ping:
        this.#sink.ping(payload);
        return;
      case Opcode.pong:
        this.#sink.pong();
        return;
      default:
        if (final && this.#fragmented === undefined) this.#pass(opcode, payload);
        else this.#collect(final, opcode, payload);
    }
  }

  #collect(final: boolean, opcode: number, payload: Buffer): void {
    this.#fragmented ??= opcode;
    // Empty pieces are allowed and would be held without a bound; others are copied, since they outlive their block.
    if (payload.length > 0) this.#pieces.push(Buffer.from(payload));
    this.#piecesBytes += payload.length;
    if (!final) return;
    const message = Buffer.concat(this.#pieces, this.#piecesBytes);
    const kind = this.#fragmented;
    this.#pieces = [];
    this.#piecesBytes = 0;
    this.#fragmented = undefined;
    this.#pass(kind, message);
  }

  #pass(opcode: number, message: Buffer): void {
    if (opcode === Opcode.binary) this.#sink.binary(message);
    else this.#sink.text();
  }
}

/** The header at `offset`, what is wrong with it, or how many bytes are needed to tell. */
function parseHeader(bytes: Buffer, offset: number): Header | WebSocketViolation | number {
  const present = bytes.length - offset;
  if (present < 2) return 2;
  const first = bytes[offset]!;
  const second = bytes[offset + 1]!;
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) return { code: 1002, why: 'a frame uses an extension' };
  if ((opcode > Opcode.binary && opcode < Opcode.close) || opcode > Opcode.pong) {
    return { code: 1002, why: `a frame has the opcode ${opcode}` };
  }
  if ((second & 0x80) !== 0) return { code: 1002, why: 'a frame of the server is masked' };
  const final = (first & 0x80) !== 0;
  const short = second & 0x7f;
  if (short < 126) return { final, opcode, length: short, bytes: 2 };
  if (short === 126) return present < 4 ? 4 : { final, opcode, length: bytes.readUInt16BE(offset + 2), bytes: 4 };
  if (present < 10) return 10;
  // No message that is accepted comes near 2^32.
  if (bytes.readUInt32BE(offset + 2) !== 0) return { code: 1009, why: 'a message is too long' };
  return { final, opcode, length: bytes.readUInt32BE(offset + 6), bytes: 10 };
}
