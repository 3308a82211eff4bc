import { Duplex } from 'node:stream';
import type { BorrowingStream } from '../../model/link';
import { streamReset } from './faults';
import { ReceiveWindow } from './receiveWindow';

/** Payload bytes per packet; RFC 4253, section 6.1 lets every implementation take this much. */
export const PACKET_BYTES = 32 * 1024;

/** What a stream asks of the connection that carries it. */
export interface ChannelPort {
  /** The size that the stream's receive window should have now, bytes; `outstanding`: what it may have unread and on its way. */
  windowSize(stream: ChannelStream, outstanding: number): number;
  /** The stream has bytes to send: `transmit` will be called when the connection can take them. */
  ready(stream: ChannelStream): void;
  sendData(remoteId: number, bytes: Buffer): void;
  sendCredit(remoteId: number, bytes: number): void;
  /** Nothing more will be sent. */
  sendEnd(remoteId: number): void;
  /** Nothing is wanted any more in either direction; said once. */
  sendClose(remoteId: number): void;
}

/** The far side's number of a channel, and what it takes (RFC 4254, section 5.1). */
export interface RemoteChannel {
  readonly id: number;
  /** Bytes that may be sent before it asks for more. */
  readonly window: number;
  /** Payload bytes per packet. */
  readonly packetSize: number;
}

/** What is left to be sent of one write. */
interface Pending {
  readonly pieces: Buffer[];
  /** Bytes of the first piece that are sent. */
  sent: number;
  readonly done: () => void;
}

/**
 * One forwarded connection. Ends are passed on one by one (SSH_MSG_CHANNEL_EOF); a channel that closes before both ends were
 * said is destroyed with a Fault, so that no cut stream looks complete.
 */
export class ChannelStream extends Duplex implements BorrowingStream {
  readonly #port: ChannelPort;
  readonly #remoteId: number;
  readonly #packetSize: number;
  readonly #window = new ReceiveWindow();
  #sendWindow: number;
  #pending: Pending | undefined;
  #remoteEnded = false;
  /** Whether we have said CLOSE. */
  #closed = false;

  constructor(port: ChannelPort, remote: RemoteChannel) {
    super({ allowHalfOpen: true, readableHighWaterMark: 64 * 1024, writableHighWaterMark: 256 * 1024 });
    this.#port = port;
    this.#remoteId = remote.id;
    this.#sendWindow = remote.window;
    this.#packetSize = Math.min(PACKET_BYTES, remote.packetSize);
    // Between `open` and the consumer's own listener the link may fail; that must not be an uncaught exception.
    this.on('error', () => {});
  }

  /** Bytes from the far side. @returns false when there were more than it was allowed to send */
  receive(bytes: Buffer): boolean {
    if (!this.#window.receive(bytes.length)) return false;
    if (this.destroyed || this.#remoteEnded) return true;
    this.push(bytes);
    this.#credit();
    return true;
  }

  /** The far side sends nothing more. */
  receiveEnd(): void {
    if (this.#remoteEnded) return;
    this.#remoteEnded = true;
    if (!this.destroyed) this.push(null);
  }

  /** The far side neither sends nor takes anything more. */
  receiveClose(): void {
    this.#close();
    // An end that was never said is none. And what was written and not ended may never have arrived: what is here is still read.
    if (!this.#remoteEnded || this.readableEnded) this.#breakUnlessFinished();
    else this.once('end', () => this.#breakUnlessFinished());
  }

  /** The far side takes `bytes` more. @returns false when the window exceeds what RFC 4254 allows */
  widen(bytes: number): boolean {
    this.#sendWindow += bytes;
    if (this.#pending && !this.#closed) this.#port.ready(this);
    return this.#sendWindow < 2 ** 32;
  }

  /**
   * Sends at most about `limit` bytes, as the far side's window allows.
   * @returns whether only the limit kept it from sending more
   */
  transmit(limit: number): boolean {
    for (let left = limit; this.#pending && this.#sendWindow > 0 && !this.#closed; ) {
      if (left <= 0) return true;
      const { pieces, sent, done } = this.#pending;
      const piece = pieces[0]!;
      const size = Math.min(piece.length - sent, this.#sendWindow, this.#packetSize);
      this.#port.sendData(this.#remoteId, size === piece.length ? piece : piece.subarray(sent, sent + size));
      this.#sendWindow -= size;
      left -= size;
      this.#pending.sent += size;
      if (this.#pending.sent < piece.length) continue;
      pieces.shift();
      this.#pending.sent = 0;
      if (pieces.length > 0) continue;
      this.#pending = undefined;
      done();
    }
    return false;
  }

  writeLent(bytes: Buffer): boolean {
    // After what was written before; and a stream that takes nothing more says so as ever.
    if (this.writableLength > 0 || this.writableEnded || this.destroyed || this.#closed) return this.write(Buffer.from(bytes));
    const lent: Pending = { pieces: [bytes], sent: 0, done: () => {} };
    this.#pending = lent;
    this.#port.ready(this);
    if (this.#pending !== lent) return true;
    this.#pending = undefined;
    return this.write(Buffer.from(bytes.subarray(lent.sent)));
  }

  override _read(): void {
    this.#credit();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#send([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#send(packed(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    if (!this.#closed) this.#port.sendEnd(this.#remoteId);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#pending = undefined;
    this.#close();
    done(error);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.sendClose(this.#remoteId);
  }

  #breakUnlessFinished(): void {
    if (!this.#remoteEnded || !this.writableFinished) this.destroy(streamReset());
  }

  #send(pieces: Buffer[], done: () => void): void {
    const filled = pieces.filter(({ length }) => length > 0);
    if (filled.length === 0) {
      done();
      return;
    }
    this.#pending = { pieces: filled, sent: 0, done };
    if (!this.#closed) this.#port.ready(this);
  }

  #credit(): void {
    if (this.#remoteEnded || this.#closed) return;
    const bytes = this.#window.credit(this.readableLength, (outstanding) => this.#port.windowSize(this, outstanding));
    if (bytes > 0) this.#port.sendCredit(this.#remoteId, bytes);
  }
}

/** Joins neighbours that fit into one packet together: each packet costs, whatever its size. */
function packed(pieces: readonly Buffer[]): Buffer[] {
  const result: Buffer[] = [];
  let small: Buffer[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (small.length > 0) result.push(small.length === 1 ? small[0]! : Buffer.concat(small, bytes));
    small = [];
    bytes = 0;
  };
  for (const piece of pieces) {
    if (bytes + piece.length > PACKET_BYTES) flush();
    small.push(piece);
    bytes += piece.length;
  }
  flush();
  return result;
}
