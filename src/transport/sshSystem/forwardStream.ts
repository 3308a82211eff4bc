import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Fault } from '../../base/fault';

/**
 * Tells how a stream ended that OpenSSH has closed: with a Fault, or regularly. `silent`: no byte has come.
 * Never rejects.
 */
export type Verdict = (silent: boolean) => Promise<Fault | undefined>;

/**
 * A connection to a forward of OpenSSH's. To its clients OpenSSH looks the same when a reply is complete, when the far
 * side was never reached and when it has died itself: the end is held back until it is known which.
 */
export class ForwardStream extends Duplex {
  readonly #socket: Socket;
  #received = 0;

  constructor(socket: Socket, verdict: Verdict) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    const settle = (otherwise: () => void): void => {
      void verdict(this.#received === 0).then((fault) => {
        if (fault) this.destroy(fault);
        else if (!this.destroyed) otherwise();
      });
    };
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      if (!this.push(chunk)) socket.pause();
    });
    socket.once('end', () => settle(() => this.push(null)));
    socket.once('error', (error) => settle(() => this.destroy(error)));
    socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, (error) => {
      // An error of the socket is reported once, with its reason, by the listener above.
      if (!error || !this.#socket.errored) done(error);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
