import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { RespDecoder, RespValue } from '../wire/resp';

const ACKNOWLEDGEMENT = Buffer.from('+OK\r\n');

/**
 * Stands between the socket and ioredis: replies are decoded here, typed and bounded, and ioredis gets
 * a bare `+OK` for each, which keeps its queue in step. ioredis by itself cannot tell a status from a string,
 * ends the connection at an attribute, and holds a reply of any size (ioredis 6).
 */
export class ReplyTap extends Duplex {
  readonly #socket: Socket;
  readonly #decoder: RespDecoder;
  readonly #onReply: (value: RespValue) => boolean;

  /** `onReply` says whether the reply answers a command; what does not is kept from ioredis. */
  constructor(socket: Socket, decoder: RespDecoder, onReply: (value: RespValue) => boolean) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#decoder = decoder;
    this.#onReply = onReply;
    socket.on('data', (chunk: Buffer) => this.#decode(chunk));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  // ioredis asks its stream for these; the socket has them set already.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  #decode(chunk: Buffer): void {
    if (this.destroyed) return;
    try {
      for (const value of this.#decoder.push(chunk)) {
        if (this.#onReply(value) && !this.push(ACKNOWLEDGEMENT)) this.#socket.pause();
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
