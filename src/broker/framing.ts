import type { Socket } from 'node:net';
import type { DataCallback, Disposable, Message } from 'vscode-jsonrpc/node';
import { AbstractMessageReader, AbstractMessageWriter, ErrorCodes, Message as Messages } from 'vscode-jsonrpc/node';

/** The largest message of a peer that has proved who it is, bytes: a region's inventory comes in parts far below it. */
export const MAX_MESSAGE = 16 * 1024 * 1024;
/** The largest message before that, bytes: variables and settings. */
export const MAX_FIRST_MESSAGE = 1024 * 1024;
/** What may wait for a peer that does not read, bytes; then its connection ends, and it may connect anew. */
const MAX_UNREAD = 64 * 1024 * 1024;
const HEAD = 4;

/**
 * Messages as a length (32 bits, the most significant byte first) and as many bytes of JSON in UTF-8. The library's own
 * framing takes a message of any length.
 */
export class BoundedReader extends AbstractMessageReader {
  readonly #socket: Socket;
  readonly #limit: () => number;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted: number | undefined;

  constructor(socket: Socket, limit: () => number) {
    super();
    this.#socket = socket;
    this.#limit = limit;
  }

  listen(callback: DataCallback): Disposable {
    const onData = (chunk: Buffer): void => this.#push(chunk, callback);
    const onClose = (): void => this.fireClose();
    this.#socket.on('data', onData).on('close', onClose);
    return {
      dispose: () => {
        this.#socket.off('data', onData).off('close', onClose);
        this.#chunks = [];
      },
    };
  }

  #push(chunk: Buffer, callback: DataCallback): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    try {
      while (!this.#socket.destroyed) {
        this.#wanted ??= this.#readLength();
        if (this.#wanted === undefined || this.#buffered < this.#wanted) return;
        const body = this.#take(this.#wanted);
        this.#wanted = undefined;
        const message: unknown = JSON.parse(body.toString('utf8'));
        if (!isMessage(message)) throw new Error('no message of JSON-RPC');
        callback(message);
      }
    } catch (error) {
      // Where one message ends and the next begins cannot be told any more.
      this.#chunks = [];
      this.fireError(error);
      this.#socket.destroy();
    }
  }

  #readLength(): number | undefined {
    if (this.#buffered < HEAD) return undefined;
    const length = this.#take(HEAD).readUInt32BE();
    if (length > this.#limit()) throw new Error(`a message of ${length} bytes`);
    return length;
  }

  #take(count: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#buffered);
    this.#buffered -= count;
    this.#chunks = this.#buffered > 0 ? [all.subarray(count)] : [];
    return all.subarray(0, count);
  }
}

/** Never waits: what a peer may leave unread is bounded instead. */
export class BoundedWriter extends AbstractMessageWriter {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('close', () => this.fireClose());
  }

  write(message: Message): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    let body = Buffer.from(JSON.stringify(message), 'utf8');
    if (body.length > MAX_MESSAGE) {
      const instead = tooLarge(message);
      if (!instead) return Promise.reject(new Error(`a message of ${body.length} bytes`));
      body = Buffer.from(JSON.stringify(instead), 'utf8');
    }
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(body.length);
    this.#socket.write(Buffer.concat([head, body]));
    if (this.#socket.writableLength > MAX_UNREAD) this.#socket.destroy();
    return Promise.resolve();
  }

  end(): void {
    this.#socket.end();
  }
}

/** Whoever waits for an answer gets one. */
function tooLarge(message: Message): object | undefined {
  if (!Messages.isResponse(message)) return undefined;
  return { jsonrpc: message.jsonrpc, id: message.id, error: { code: ErrorCodes.InternalError, message: 'The answer is too large.' } };
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null || (value as Message).jsonrpc !== '2.0') return false;
  const message = value as Message;
  return Messages.isRequest(message) || Messages.isNotification(message) || Messages.isResponse(message);
}
