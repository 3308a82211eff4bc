// The connections that an agent opens to private hosts.
import { connect, type Socket } from 'node:net';

/**
 * Where a private host leads: a real server on loopback, a closed port, one behind a security group that drops
 * packets, or (undefined) a name that does not exist.
 */
export type Resolution =
  | { readonly kind: 'server'; readonly host: string; readonly port: number }
  | 'refused'
  | 'blackhole'
  | undefined;

/** Looks up what an instance reaches under a host and port; a known host with another port is `refused`. */
export type Resolve = (host: string, port: number, instanceId: string) => Resolution;

/** A dial that failed; the message is the agent's. */
export class DialError extends Error {}

/** Bytes waiting for the target's kernel above which a connection takes no more. */
const WRITE_LIMIT = 256 * 1024;

/** Opens connections to one destination and owns them: after `close` none is left, also none that is being dialled. */
export class Targets {
  readonly #resolve: () => Resolution;
  readonly #address: string;
  readonly #sockets = new Set<Socket>();
  readonly #pending = new Set<(error: DialError) => void>();
  #closed = false;

  constructor(destination: { readonly host: string; readonly port: number; readonly resolve: () => Resolution }) {
    this.#resolve = destination.resolve;
    this.#address = `${destination.host}:${destination.port}`;
  }

  /** Connections that are established or being closed. */
  get open(): number {
    return [...this.#sockets].filter(({ connecting }) => !connecting).length;
  }

  /** @throws DialError when refused, unknown, or closed meanwhile. A black hole answers nothing until `close`. */
  async dial(): Promise<Socket> {
    if (this.#closed) throw new DialError('use of closed network connection');
    const resolution = this.#resolve();
    if (resolution === undefined) throw new DialError(`dial tcp: lookup ${this.#address}: no such host`);
    if (resolution === 'refused') throw this.#refused();
    let onClose!: (error: DialError) => void;
    const closed = new Promise<never>((_, reject) => {
      onClose = reject;
    });
    this.#pending.add(onClose);
    try {
      return await (resolution === 'blackhole' ? closed : Promise.race([this.#connect(resolution), closed]));
    } finally {
      this.#pending.delete(onClose);
    }
  }

  close(): void {
    this.#closed = true;
    for (const fail of this.#pending) fail(new DialError('use of closed network connection'));
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when every connection is gone. */
  async drained(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  #connect({ host, port }: { readonly host: string; readonly port: number }): Promise<Socket> {
    return new Promise((resolve, reject) => {
      // Half-open: an end of the target is handled by whoever forwards, not by Node.
      const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.once('error', () => reject(this.#refused()));
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        // What an error means is said by the `close` that follows.
        socket.on('error', () => {});
        resolve(socket);
      });
    });
  }

  #refused(): DialError {
    return new DialError(`dial tcp ${this.#address}: connect: connection refused`);
  }
}

/** Writes as much as arrives in one turn of the loop with one system call. False: wait for `drain` before writing more. */
export function writeSoon(socket: Socket, chunk: Buffer): boolean {
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(chunk);
  return socket.writableLength < WRITE_LIMIT;
}
