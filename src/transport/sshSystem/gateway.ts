import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Disposable } from '../../base/event';

/**
 * A port of 127.0.0.1 behind which one byte stream is: `ssh` connects to nothing but addresses, unless through a program that a
 * shell starts. The first connection gets the stream, and there is no second. Whoever on this machine comes before `ssh` meets
 * what every port for SSH shows: a server that wants a login; `ssh` is refused then, and the next attempt has another port.
 */
export class Gateway implements Disposable {
  readonly #server: Server;
  readonly #stream: Duplex;
  #socket: Socket | undefined;

  private constructor(stream: Duplex) {
    this.#stream = stream;
    // A server that ends is not to end what the program still has to say.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#join(socket));
    // Faults of the stream are told by its owner.
    stream.on('error', () => this.#socket?.destroy());
    stream.once('close', () => this.#socket?.destroySoon());
  }

  /** @throws Error of the system */
  static async open(stream: Duplex): Promise<Gateway> {
    const gateway = new Gateway(stream);
    gateway.#server.listen(0, '127.0.0.1');
    await once(gateway.#server, 'listening');
    return gateway;
  }

  /** 1 to 65535. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  dispose(): void {
    this.#server.close();
    this.#socket?.destroy();
  }

  #join(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#socket || this.#stream.destroyed) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#server.close();
    // The program has gone, whether or not it said so.
    socket.once('close', () => this.#stream.destroy());
    socket.pipe(this.#stream).pipe(socket);
  }
}
