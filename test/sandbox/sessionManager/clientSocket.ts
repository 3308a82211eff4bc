// The service's end of one client's WebSocket: batching, back-pressure and the ways in which it can be cut.
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import { WebSocket, type RawData } from 'ws';

/**
 * How a client's socket is cut: a TCP reset, an end of the TCP stream without a WebSocket close, the service's hourly
 * close, or a network that swallows everything.
 */
export type Cut = 'rst' | 'fin' | 'close1000' | 'silence';

/** Bytes towards the client that may wait in this process. */
const WRITE_LIMIT = 1024 * 1024;

export interface ClientSocketOwner {
  text(message: string): void;
  frame(raw: Buffer): void;
  /** The socket takes more again. */
  writable(): void;
  /** Once; whichever side ended it. */
  gone(): void;
}

/** Of a frame from the server, unmasked: two bytes and up to eight of length (RFC 6455, 5.2). */
const MAX_HEADER_BYTES = 10;
const WHOLE_BINARY = 0x82;

function writeHeader(bytes: Buffer, at: number, length: number): number {
  bytes[at] = WHOLE_BINARY;
  if (length < 126) return bytes.writeUInt8(length, at + 1);
  if (length < 65_536) {
    bytes[at + 1] = 126;
    return bytes.writeUInt16BE(length, at + 2);
  }
  bytes[at + 1] = 127;
  return bytes.writeBigUInt64BE(BigInt(length), at + 2);
}

export class ClientSocket {
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  #owner: ClientSocketOwner;
  #silenced = false;
  #gone = false;
  /** Sent in this turn. */
  #queue: Buffer[] = [];
  #queuedBytes = 0;

  constructor(ws: WebSocket, socket: Duplex, owner: ClientSocketOwner) {
    this.#ws = ws;
    this.#socket = socket;
    this.#owner = owner;
    ws.on('message', (data, isBinary) => this.#message(data, isBinary));
    ws.on('error', () => this.#socket.destroy());
    ws.on('close', () => this.#end());
    socket.on('drain', () => this.#owner.writable());
  }

  set owner(owner: ClientSocketOwner) {
    this.#owner = owner;
  }

  get isGone(): boolean {
    return this.#gone;
  }

  get writable(): boolean {
    return !this.#gone && !this.#silenced && this.#ws.readyState === WebSocket.OPEN && this.#socket.writableLength + this.#queuedBytes < WRITE_LIMIT;
  }

  /**
   * Sends a binary message. What is sent in one turn of the loop leaves in one piece, past the library, which writes each
   * frame in two: an agent that is slower than what is measured against it would be what a measurement shows.
   */
  send(frame: Buffer): void {
    if (this.#gone || this.#silenced || this.#ws.readyState !== WebSocket.OPEN) return;
    if (this.#queue.length === 0) setImmediate(() => this.#flush());
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
  }

  #flush(): void {
    const frames = this.#queue;
    if (frames.length === 0) return;
    const bytes = Buffer.allocUnsafe(this.#queuedBytes + frames.length * MAX_HEADER_BYTES);
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#gone || this.#ws.readyState !== WebSocket.OPEN) return;
    let at = 0;
    for (const frame of frames) {
      at = writeHeader(bytes, at, frame.length);
      bytes.set(frame, at);
      at += frame.length;
    }
    this.#socket.write(bytes.subarray(0, at));
    // Who found the queue full is told, whether or not the socket has anything to drain.
    if (this.writable) this.#owner.writable();
  }

  /** Stops or goes on reading from the client. */
  hold(held: boolean): void {
    if (this.#gone || this.#silenced) return;
    if (held && !this.#ws.isPaused) this.#ws.pause();
    if (!held && this.#ws.isPaused) this.#ws.resume();
  }

  close(code: number, reason: string): void {
    if (this.#silenced) {
      this.destroy();
      return;
    }
    this.#flush();
    // A paused socket would never see the client's answer.
    this.hold(false);
    this.#ws.close(code, reason);
  }

  cut(how: Cut): void {
    switch (how) {
      case 'rst':
        this.#reset();
        return;
      case 'close1000':
        this.close(1000, 'Bye');
        return;
      case 'fin':
        // Read on, or the client's own end would never be seen; what comes is for nobody.
        this.hold(false);
        this.#flush();
        this.#silenced = true;
        this.#socket.end();
        return;
      case 'silence':
        // Nothing is read or written any more, and neither end is told.
        this.#silenced = true;
        this.#ws.pause();
        this.#socket.pause();
        return;
    }
  }

  destroy(): void {
    this.#ws.terminate();
    this.#socket.destroy();
  }

  #reset(): void {
    try {
      if (this.#socket instanceof Socket) this.#socket.resetAndDestroy();
    } catch {
      // Not every kind of handle can be reset (TLS cannot).
    }
    this.#ws.terminate();
  }

  #message(data: RawData, isBinary: boolean): void {
    if (this.#silenced) return;
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);
    if (isBinary) this.#owner.frame(bytes);
    else this.#owner.text(bytes.toString());
  }

  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#owner.gone();
  }
}
