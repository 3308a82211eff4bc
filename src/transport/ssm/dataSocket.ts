import { randomBytes, randomFillSync } from 'node:crypto';
import type { Socket } from 'node:net';
import { isIPv4 } from 'node:net';
import { cancelled, isFault } from '../../base/fault';
import type { Fault } from '../../base/fault';
import type { Destination } from '../../base/proxy';
import { parseResponseHead } from '../../wire/http/responseHead';
import { MAX_FRAME_BYTES } from '../../wire/ssm/frame';
import { WebSocketDecoder } from '../../wire/websocket/decoder';
import { Opcode, WebSocketEncoder } from '../../wire/websocket/encoder';
import { upgradeObstacle, upgradeRequest } from '../../wire/websocket/handshake';
import { connectionFailed, insecureStream, untrustedService } from './faults';

/** What is read before others have their turn: some 50 messages. */
const TURN_READ_BYTES = 64 * 1024;
/** How long an orderly close may take before the socket is cut, ms. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Makes the byte stream below the WebSocket: connected, with TLS established and verified when `secure`, against `ca`
 * (PEM) where the AWS configuration names one.
 */
export type CreateSocket = (address: Destination, ca: string | undefined, signal: AbortSignal) => Promise<Socket>;

export interface SocketEvents {
  message(bytes: Buffer): void;
  /** The operating system has taken everything that was sent. */
  drain(): void;
  pong(): void;
  /** Once, whatever the cause, unless `close` or `destroy` came first. */
  lost(why: string): void;
}

/** One WebSocket of a session. */
export interface DataSocket {
  /** Bytes that the operating system has not taken yet. */
  readonly buffered: number;
  send(frame: Buffer): void;
  /**
   * Hands everything that `write` sends to the operating system at once: a system call per frame is what costs most.
   */
  batch(write: () => void): void;
  pause(): void;
  resume(): void;
  ping(): void;
  /** Sends what is buffered, closes in an orderly way, and cuts after a second. No event follows. */
  close(): Promise<void>;
  /** Cuts at once. No event follows. */
  destroy(): void;
}

export interface OpenSocketOptions {
  readonly streamUrl: string;
  /** The text that a data channel begins with. */
  readonly greeting: string;
  readonly ca: string | undefined;
  readonly createSocket: CreateSocket;
  readonly events: SocketEvents;
}

/**
 * Opens the data channel and greets. Resolves when the WebSocket is open.
 * @throws Fault `ssm.insecureStream`, `ssm.connectionFailed`, `ssm.untrustedService`, `proxy.*`, `operation.cancelled`
 */
export async function openDataSocket(options: OpenSocketOptions, signal: AbortSignal): Promise<DataSocket> {
  const url = parseStreamUrl(options.streamUrl);
  if (signal.aborted) throw cancelled();
  let socket: Socket;
  try {
    socket = await options.createSocket(addressOf(url), options.ca, signal);
  } catch (error) {
    throw socketFault(error, signal);
  }
  if (signal.aborted) {
    socket.destroy();
    throw cancelled();
  }
  try {
    const early = await upgrade(socket, url, signal);
    const opened = new WebSocketDataSocket(socket, options.events);
    opened.begin(options.greeting, early);
    return opened;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw socketFault(error, signal);
  }
}

/** `wss:` anywhere; `ws:` to this machine only. @throws Fault `ssm.insecureStream` */
export function parseStreamUrl(text: string): URL {
  if (!URL.canParse(text)) throw insecureStream();
  const url = new URL(text);
  if (url.protocol === 'wss:' || (url.protocol === 'ws:' && isLoopback(url.hostname))) return url;
  throw insecureStream();
}

function isLoopback(host: string): boolean {
  const bare = bareHost(host);
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function addressOf(url: URL): Destination {
  const secure = url.protocol === 'wss:';
  return { host: bareHost(url.hostname), port: Number(url.port) || (secure ? 443 : 80), secure };
}

/**
 * Asks for a WebSocket, by hand: VS Code's extension host replaces the agent of HTTP requests (`http.proxySupport`), which
 * would connect by itself, past our socket, its proxy and its `ca`.
 * @returns what the service sent right behind its answer. The socket is paused then.
 * @throws Fault `ssm.connectionFailed`, or the socket's own error.
 */
function upgrade(socket: Socket, url: URL, signal: AbortSignal): Promise<Buffer> {
  const key = randomBytes(16).toString('base64');
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    const settle = (act: () => void): void => {
      socket.pause();
      socket.removeListener('data', onData);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const fail = (error: Error): void => settle(() => reject(error));
    const onData = (chunk: Buffer): void => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const head = parseResponseHead(received);
      if (head === undefined) return;
      const obstacle = head === 'malformed' ? 'the answer is no HTTP' : upgradeObstacle(head, key);
      if (obstacle !== undefined || head === 'malformed') fail(connectionFailed(obstacle ?? ''));
      else settle(() => resolve(received.subarray(head.bytes)));
    };
    const onError = (error: Error): void => fail(error);
    const onClose = (): void => fail(connectionFailed('the service closed it'));
    const onAbort = (): void => fail(cancelled());
    socket.on('data', onData);
    socket.once('error', onError);
    socket.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.write(upgradeRequest(url, key));
  });
}

function socketFault(error: unknown, signal: AbortSignal): Fault {
  if (signal.aborted) return cancelled();
  if (isFault(error)) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (CERTIFICATE_ERROR.test(code)) return untrustedService(error);
  return connectionFailed(code === '' ? 'the connection broke' : code, error);
}

// Codes of node's TLS verification.
const CERTIFICATE_ERROR = /CERT|^UNABLE_TO_/;

class WebSocketDataSocket implements DataSocket {
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  readonly #encoder = new WebSocketEncoder(randomFillSync);
  readonly #decoder: WebSocketDecoder;
  #batching = false;
  /** No event follows. */
  #over = false;
  #closeSent = false;
  /** The owner wants nothing for now. */
  #held = false;
  /** Others have their turn. */
  #yielding = false;
  #readSinceYield = 0;
  /** Why the connection ends, once something has said so. */
  #cause: string | undefined;

  constructor(socket: Socket, events: SocketEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#decoder = new WebSocketDecoder(
      {
        binary: (message) => {
          if (!this.#over) events.message(message);
        },
        // Only binary messages carry anything.
        text: () => {},
        ping: (payload) => this.#control(Opcode.pong, payload),
        pong: () => {
          if (!this.#over) events.pong();
        },
        closed: (code, reason) => this.#onClosed(code, reason),
      },
      MAX_FRAME_BYTES,
    );
  }

  /** Sends the greeting and reads from now on. @param early what has been read already */
  begin(greeting: string, early: Buffer): void {
    const socket = this.#socket;
    this.#encoder.add(Opcode.text, Buffer.from(greeting));
    this.#flush();
    socket.on('drain', () => {
      if (!this.#over) this.#events.drain();
    });
    socket.on('error', (error) => (this.#cause ??= 'code' in error ? String(error.code) : error.message));
    socket.on('end', () => (this.#cause ??= 'closed without a word'));
    socket.once('close', () => this.#lost(this.#cause ?? 'closed without a word'));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    if (early.length > 0) setImmediate(() => this.#readEarly(early));
    else socket.resume();
  }

  get buffered(): number {
    return this.#socket.writableLength;
  }

  send(frame: Buffer): void {
    if (this.#over || this.#closeSent) return;
    this.#encoder.add(Opcode.binary, frame);
    if (!this.#batching) this.#flush();
  }

  batch(write: () => void): void {
    this.#batching = true;
    try {
      write();
    } finally {
      this.#batching = false;
      this.#flush();
    }
  }

  pause(): void {
    this.#held = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#held = false;
    if (!this.#yielding) this.#socket.resume();
  }

  ping(): void {
    this.#control(Opcode.ping, NO_BYTES);
  }

  close(): Promise<void> {
    const socket = this.#socket;
    if (this.#over || socket.destroyed) return Promise.resolve();
    this.#over = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#sendClose(NORMAL_CLOSURE);
      // A paused socket would never see the service's answer.
      socket.resume();
    });
  }

  destroy(): void {
    this.#over = true;
    this.#socket.destroy();
  }

  #readEarly(early: Buffer): void {
    if (this.#socket.destroyed) return;
    this.#read(early);
    if (!this.#socket.destroyed && !this.#held) this.#socket.resume();
  }

  #read(chunk: Buffer): void {
    this.#readSinceYield += chunk.length;
    if (this.#readSinceYield >= TURN_READ_BYTES && !this.#yielding) this.#yield();
    const violation = this.#decoder.feed(chunk);
    if (!violation) return;
    this.#sendClose(violation.code);
    this.#socket.end();
    this.#lost(violation.why);
  }

  /** A fast sender would otherwise keep the event loop for as long as there is something to read. */
  #yield(): void {
    this.#yielding = true;
    this.#socket.pause();
    setImmediate(() => {
      this.#yielding = false;
      this.#readSinceYield = 0;
      if (!this.#held) this.#socket.resume();
    });
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (this.#closeSent || this.#socket.destroyed) return;
    this.#encoder.add(opcode, payload);
    if (!this.#batching) this.#flush();
  }

  /** The service closes: answered in kind, unless it answers us. */
  #onClosed(code: number, reason: string): void {
    this.#sendClose(NORMAL_CLOSURE);
    this.#socket.end();
    this.#lost(reason === '' ? `code ${code}` : `code ${code}, ${reason}`);
  }

  #sendClose(code: number): void {
    if (this.#closeSent || this.#socket.destroyed) return;
    this.#encoder.add(Opcode.close, Buffer.from([code >> 8, code & 0xff]));
    this.#closeSent = true;
    this.#flush();
  }

  #flush(): void {
    const encoder = this.#encoder;
    for (const chunk of encoder.take()) if (!this.#socket.destroyed) this.#socket.write(chunk.bytes, () => encoder.sent(chunk));
  }

  /** What the service does not close after this is cut. */
  #lost(why: string): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#socket.destroyed) {
      const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
      this.#socket.once('close', () => clearTimeout(timer));
      this.#socket.resume();
    }
    this.#events.lost(why);
  }
}

const NO_BYTES = new Uint8Array(0);
/** Close code of an orderly end (RFC 6455, 7.4.1). */
const NORMAL_CLOSURE = 1000;
