import type { Socket } from 'node:net';
import { isIPv4 } from 'node:net';
import type { RawData } from 'ws';
import { WebSocket } from 'ws';
import { cancelled, isFault } from '../../base/fault';
import type { Fault } from '../../base/fault';
import type { Destination } from '../../base/proxy';
import { MAX_FRAME_BYTES } from '../../wire/ssm/frame';
import { connectionFailed, insecureStream, untrustedService } from './faults';

/** How long an orderly close may take before the socket is cut, ms. An option of ws that its type declarations lack. */
const CLOSE_OPTIONS: object = { closeTimeout: 1000 };

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
  const webSocket = new WebSocket(overSocket(url), {
    createConnection: () => socket,
    headers: { Host: url.host },
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    followRedirects: false,
    ...CLOSE_OPTIONS,
  });
  await opened(webSocket, socket, signal);
  const wrapped = new WebSocketDataSocket(webSocket, socket, options.events);
  webSocket.send(options.greeting);
  return wrapped;
}

/**
 * The URL for a request over a socket that exists already. VS Code's extension host replaces the agent of every HTTP
 * request but those to a Unix socket (`http.proxySupport`), and an agent would connect by itself, past our socket, its
 * proxy and its `ca`. So the request claims to be one of those; no path of that name is ever opened.
 */
function overSocket({ pathname, search }: URL): string {
  return `ws+unix:connected:${pathname}${search}`;
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

function opened(webSocket: WebSocket, socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (fault: Fault): void => {
      done();
      webSocket.on('error', () => {});
      webSocket.terminate();
      socket.destroy();
      reject(fault);
    };
    const onOpen = (): void => {
      done();
      resolve();
    };
    const onError = (error: Error): void => fail(socketFault(error, signal));
    const onClose = (): void => fail(connectionFailed('the service closed it'));
    const onRefused = (_request: unknown, response: { statusCode?: number }): void =>
      fail(connectionFailed(`the service answered HTTP ${response.statusCode ?? 0}`));
    const onAbort = (): void => fail(cancelled());
    const done = (): void => {
      webSocket.removeListener('open', onOpen);
      webSocket.removeListener('error', onError);
      webSocket.removeListener('close', onClose);
      webSocket.removeListener('unexpected-response', onRefused);
      signal.removeEventListener('abort', onAbort);
    };
    webSocket.once('open', onOpen);
    webSocket.once('error', onError);
    webSocket.once('close', onClose);
    webSocket.once('unexpected-response', onRefused);
    signal.addEventListener('abort', onAbort, { once: true });
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
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  #over = false;

  constructor(webSocket: WebSocket, socket: Socket, events: SocketEvents) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#events = events;
    let cause = '';
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      // Only binary messages carry anything; with the default binaryType they are Buffers.
      if (!this.#over && isBinary && Buffer.isBuffer(data)) events.message(data);
    });
    webSocket.on('pong', () => {
      if (!this.#over) events.pong();
    });
    webSocket.on('error', (error) => {
      cause = 'code' in error ? String(error.code) : error.message;
    });
    webSocket.once('close', (code, reason) => {
      const detail = cause || reason.toString('utf8').slice(0, 200);
      this.#end(() => events.lost(detail === '' ? `code ${code}` : `code ${code}, ${detail}`));
    });
    socket.on('drain', this.#onDrain);
  }

  get buffered(): number {
    return this.#socket.writableLength;
  }

  send(frame: Buffer): void {
    if (!this.#over && this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.send(frame);
  }

  batch(write: () => void): void {
    this.#socket.cork();
    try {
      write();
    } finally {
      this.#socket.uncork();
    }
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  ping(): void {
    if (!this.#over && this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping();
  }

  close(): Promise<void> {
    if (this.#over) return Promise.resolve();
    this.#end(() => {});
    return new Promise((resolve) => {
      this.#webSocket.once('close', () => resolve());
      // A paused socket would never see the peer's answer.
      this.#webSocket.resume();
      this.#webSocket.close(1000);
    });
  }

  destroy(): void {
    this.#end(() => {});
    this.#webSocket.terminate();
  }

  readonly #onDrain = (): void => this.#events.drain();

  #end(report: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.removeListener('drain', this.#onDrain);
    report();
  }
}
