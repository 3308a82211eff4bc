import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { once } from 'node:events';
import { cancelled } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';

// OpenSSH's PROTOCOL.mux, version 4: what `ssh -O forward` and `ssh -O check` speak, without a process for each.
const VERSION = 4;
const HELLO = 0x00000001;
const ALIVE_CHECK = 0x10000004;
const OPEN_FORWARD = 0x10000006;
const OK = 0x80000001;
const ALIVE = 0x80000005;
const LOCAL_FORWARD = 1;
/** Instead of a port: the host is the path of a Unix socket. */
const UNIX_SOCKET = 0xfffffffe;
/** Answers are a few words and at most a sentence. */
const MAX_PACKET = 64 * 1024;

interface Reply {
  readonly type: number;
  readonly body: Buffer;
}

/** A connection to the control socket of our own `ssh`. When it is lost, that `ssh` has ended. */
export class ControlSocket {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  #received = Buffer.alloc(0);
  #greeted: () => void = () => {};
  #requests = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the control socket was closed'));
      this.#waiting.clear();
    });
  }

  /** @throws Error while nothing listens there or the other side is no such master; Fault `operation.cancelled` */
  static async connect(path: string, signal: AbortSignal): Promise<ControlSocket> {
    const socket = connect(path);
    const onAbort = (): void => void socket.destroy(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await once(socket, 'connect');
      const control = new ControlSocket(socket);
      const greeted = new Promise<void>((resolve, reject) => {
        control.#greeted = resolve;
        socket.once('close', () => reject(signal.aborted ? cancelled() : new Error('no hello')));
      });
      socket.write(packet(uint32(HELLO), uint32(VERSION)));
      await greeted;
      if (signal.aborted) throw cancelled();
      return control;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Resolves once the program's main loop has run again; rejects when it never will. */
  async alive(): Promise<void> {
    const { type } = await this.#request(ALIVE_CHECK);
    if (type !== ALIVE) throw new Error('the master is not alive');
  }

  /** Listens at a Unix socket for connections to the endpoint. @throws Error with the program's reason */
  async forward(path: string, to: Endpoint): Promise<void> {
    const { type, body } = await this.#request(
      OPEN_FORWARD,
      uint32(LOCAL_FORWARD),
      text(path),
      uint32(UNIX_SOCKET),
      text(to.host),
      uint32(to.port),
    );
    if (type !== OK) throw new Error(`the forward was refused: ${body.toString('utf8', 4, 200)}`);
  }

  dispose(): void {
    this.#socket.destroy();
  }

  #request(type: number, ...fields: Buffer[]): Promise<Reply> {
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error('the control socket is closed'));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(packet(uint32(type), uint32(id), ...fields));
    });
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE(0);
      if (length < 8 || length > MAX_PACKET) {
        this.#socket.destroy();
        return;
      }
      if (this.#received.length < 4 + length) return;
      const type = this.#received.readUInt32BE(4);
      const second = this.#received.readUInt32BE(8);
      const body = this.#received.subarray(12, 4 + length);
      this.#received = this.#received.subarray(4 + length);
      if (type === HELLO) {
        if (second === VERSION) this.#greeted();
        else this.#socket.destroy();
      } else {
        this.#waiting.get(second)?.resolve({ type, body });
        this.#waiting.delete(second);
      }
    }
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function packet(...fields: Buffer[]): Buffer {
  const content = Buffer.concat(fields);
  return Buffer.concat([uint32(content.length), content]);
}
