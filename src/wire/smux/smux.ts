import { ByteQueue } from '../../base/byteQueue';
import { Fault } from '../../base/fault';

/** Bytes of a frame's header: version, command, length (uint16, little-endian), stream id (uint32, little-endian). */
export const SMUX_HEADER_BYTES = 8;
/** The most payload that a frame of ours carries; agents accept 65535 (smux version 1, length is 16 bits). */
export const SMUX_MAX_FRAME_BYTES = 32_768;

const VERSION = 1;
const FIRST_STREAM = 3;
const MAX_STREAM = 0xffff_ffff;

export const SmuxCommand = { open: 0, finish: 1, push: 2, nop: 3 } as const;

/** What the far side sent, and how our own sending proceeds. */
export interface SmuxSink {
  /** Bytes of a stream that is open here; a view of what was fed. */
  data(id: number, chunk: Buffer): void;
  /** The far side ended the stream; also reported for streams that were reset or never open here. */
  finished(id: number): void;
  /** Everything written to the stream so far has been pulled. */
  drained(id: number): void;
}

export interface SmuxOptions {
  /**
   * The most payload per frame, 1 to 32768. Streams take turns frame by frame, and the
   * agent passes a frame on only when it is whole: smaller ones delay small requests less.
   */
  readonly frameBytes?: number;
  /** The id of the first stream, an odd number; 3 unless told, as in every client of this protocol. */
  readonly firstStream?: number;
}

interface Stream {
  pending: ByteQueue;
  /** `ending`: our end is announced once what is pending has been pulled. */
  sending: 'open' | 'ending' | 'ended';
  remoteEnded: boolean;
}

/**
 * The client's side of an smux version 1 connection, free of I/O: streams 3, 5,
 * 7... are opened here, bytes come in through `feed` in pieces of any size and
 * go out through `pull` in pieces of any size. Version 1 has no window per
 * stream: the owner bounds what it buffers.
 */
export class SmuxClient {
  readonly #sink: SmuxSink;
  readonly #frameBytes: number;
  readonly #streams = new Map<number, Stream>();
  /** Streams with something to send, in the order of their turns. */
  readonly #turns = new Set<number>();
  /** Openings and ends, which go out before the next frame begins. */
  #controls: Buffer[] = [];
  /** Headers that are being pulled; they go out before the payload of `#current`. */
  readonly #headers = new ByteQueue();
  /** The frame that is being pulled: `left` bytes of `pending` belong to it. */
  #current: { readonly id: number; pending: ByteQueue; left: number } | undefined;
  #nextId: number;
  #nopOwed = false;
  #heard = false;
  /** Incoming header, as far as it has come. */
  readonly #header = Buffer.alloc(SMUX_HEADER_BYTES);
  #headerFilled = 0;
  #bodyId = 0;
  #bodyLeft = 0;

  constructor(sink: SmuxSink, options: SmuxOptions = {}) {
    this.#sink = sink;
    this.#frameBytes = Math.max(1, Math.min(options.frameBytes ?? 8192, SMUX_MAX_FRAME_BYTES));
    this.#nextId = options.firstStream ?? FIRST_STREAM;
  }

  /** Streams that are open here. */
  get streams(): number {
    return this.#streams.size;
  }

  /**
   * Opens a stream; its id is valid at once, its opening goes out with the next pull.
   * @throws Fault `ssm.streamsExhausted` when all ids have been used.
   */
  open(): number {
    const id = this.#nextId;
    if (id > MAX_STREAM) {
      throw new Fault('ssm.streamsExhausted', 'This session has used all of its stream numbers.', { retryable: true });
    }
    this.#nextId += 2;
    this.#streams.set(id, { pending: new ByteQueue(), sending: 'open', remoteEnded: false });
    this.#controls.push(header(SmuxCommand.open, id, 0));
    return id;
  }

  /** Queues bytes; ignored once the stream has been ended or reset. */
  write(id: number, chunk: Buffer): void {
    const stream = this.#streams.get(id);
    if (stream?.sending !== 'open' || chunk.length === 0) return;
    stream.pending.push(chunk);
    this.#turns.add(id);
  }

  /**
   * Announces our end once everything written has gone out. The agent then closes its connection in both directions.
   */
  finish(id: number): void {
    const stream = this.#streams.get(id);
    if (stream?.sending !== 'open') return;
    stream.sending = 'ending';
    this.#endIfDrained(id, stream);
  }

  /** Drops what is pending, ends the stream and forgets it: what the far side still sends for it is discarded. */
  reset(id: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#streams.delete(id);
    this.#turns.delete(id);
    if (this.#current?.id === id) {
      // A frame whose header has gone out must be completed; the end follows it.
      const promised = new ByteQueue();
      promised.push(this.#current.pending.take(this.#current.left)!);
      this.#current.pending = promised;
    }
    if (stream.sending !== 'ended') this.#controls.push(header(SmuxCommand.finish, id, 0));
  }

  /** A frame without meaning goes out with the next pull; one, however often this is called before. */
  nop(): void {
    this.#nopOwed = true;
  }

  /** Whether anything has come from the far side since the last call. */
  takeHeard(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  /** Between 1 and `max` bytes as chunks, in order; undefined when there is nothing to send. */
  pull(max: number): Buffer[] | undefined {
    const chunks: Buffer[] = [];
    for (let room = max; room > 0; ) {
      const chunk = this.#pullSome(room);
      if (!chunk) break;
      chunks.push(chunk);
      room -= chunk.length;
    }
    return chunks.length > 0 ? chunks : undefined;
  }

  /**
   * Bytes from the far side, cut anywhere.
   * @throws Fault `ssm.protocol`: another version or an unknown command. The connection cannot go on then.
   */
  feed(bytes: Buffer): void {
    if (bytes.length > 0) this.#heard = true;
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#bodyLeft > 0) {
        const end = Math.min(bytes.length, offset + this.#bodyLeft);
        this.#bodyLeft -= end - offset;
        const stream = this.#streams.get(this.#bodyId);
        if (stream && !stream.remoteEnded) this.#sink.data(this.#bodyId, bytes.subarray(offset, end));
        offset = end;
        continue;
      }
      const missing = SMUX_HEADER_BYTES - this.#headerFilled;
      const copied = bytes.copy(this.#header, this.#headerFilled, offset, offset + missing);
      this.#headerFilled += copied;
      offset += copied;
      if (this.#headerFilled === SMUX_HEADER_BYTES) {
        this.#headerFilled = 0;
        this.#begin();
      }
    }
  }

  /** A header has come in whole. */
  #begin(): void {
    const version = this.#header[0]!;
    const command = this.#header[1]!;
    const length = this.#header.readUInt16LE(2);
    const id = this.#header.readUInt32LE(4);
    if (version !== VERSION) throw broken(`its version is ${version}`);
    if (command > SmuxCommand.nop) throw broken(`it uses command ${command}`);
    if (command !== SmuxCommand.push && length !== 0) throw broken(`command ${command} carries ${length} bytes`);
    if (command === SmuxCommand.push) {
      this.#bodyId = id;
      this.#bodyLeft = length;
    } else if (command === SmuxCommand.finish) this.#remoteFinished(id);
    // Whoever sends NOPs also expects to hear something within 30 s, whatever its version made us think.
    else if (command === SmuxCommand.nop) this.#nopOwed = true;
    // Agents open no streams. One that did would only be sending to nobody.
  }

  #remoteFinished(id: number): void {
    const stream = this.#streams.get(id);
    if (stream) {
      if (stream.remoteEnded) return;
      stream.remoteEnded = true;
      if (stream.sending === 'ended') this.#streams.delete(id);
    }
    this.#sink.finished(id);
  }

  #pullSome(max: number): Buffer | undefined {
    if (this.#headers.length === 0 && !this.#current) this.#startNext();
    const head = this.#headers.takeSome(max);
    if (head) return head;
    const current = this.#current;
    if (!current) return undefined;
    const chunk = current.pending.takeSome(Math.min(max, current.left))!;
    current.left -= chunk.length;
    if (current.left === 0) this.#finishFrame(current.id);
    return chunk;
  }

  #startNext(): void {
    if (this.#nopOwed) {
      this.#nopOwed = false;
      this.#controls.push(header(SmuxCommand.nop, 0, 0));
    }
    for (const control of this.#controls) this.#headers.push(control);
    this.#controls = [];
    for (const id of this.#turns) {
      const { pending } = this.#streams.get(id)!;
      this.#turns.delete(id);
      const left = Math.min(pending.length, this.#frameBytes);
      this.#current = { id, pending, left };
      this.#headers.push(header(SmuxCommand.push, id, left));
      return;
    }
  }

  #finishFrame(id: number): void {
    this.#current = undefined;
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (stream.pending.length > 0) this.#turns.add(id);
    else {
      this.#endIfDrained(id, stream);
      this.#sink.drained(id);
    }
  }

  #endIfDrained(id: number, stream: Stream): void {
    if (stream.sending !== 'ending' || stream.pending.length > 0 || this.#current?.id === id) return;
    stream.sending = 'ended';
    this.#controls.push(header(SmuxCommand.finish, id, 0));
    if (stream.remoteEnded) this.#streams.delete(id);
  }
}

function header(command: number, id: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(SMUX_HEADER_BYTES);
  bytes[0] = VERSION;
  bytes[1] = command;
  bytes.writeUInt16LE(length, 2);
  bytes.writeUInt32LE(id, 4);
  return bytes;
}

function broken(why: string): Fault {
  const text = `The multiplexed stream from the agent cannot be read: ${why}.`;
  return new Fault('ssm.protocol', text, { retryable: true });
}
