import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

// Node reads what an accepted socket sends into new memory each time, which it fills with zeros first: 64 kB for a request of a
// few bytes, and for bulk most of what there is to collect afterwards. `onread`, which reads into the same memory again and again,
// is offered to sockets that connect; a socket that is made of an accepted one's handle takes it as well. This is the only file
// that reaches into Node's sockets. Where they are not as they are known, an accepted socket stays as it is.

/** Bytes that are read at once, as long as the client sends less. */
const FIRST_READ_BYTES = 16 * 1024;
/** Bytes that are read at once, once the client has sent as much as fits; as Node itself does. */
const MORE_BYTES = 64 * 1024;
/** The same, where they are only lent. */
const LENT_BYTES = 256 * 1024;
/** Bytes that may wait for the client: what is written in one turn should leave in one system call. */
const WAITING_BYTES = 512 * 1024;

/** Takes bytes that will be overwritten afterwards. */
export type Taker = (bytes: Buffer) => void;

/** What of Node's inside is used (lib/net.js, Node 20 to 24). */
interface Inside {
  _handle?: { readonly useUserBuffer?: unknown } | null;
}

type InsideOptions = SocketConstructorOpts & {
  readonly handle: object;
  readonly pauseOnCreate: boolean;
  readonly writableHighWaterMark: number;
  readonly onread: OnReadOpts;
};

/** Of each socket that lends its memory, who takes it. */
const lenders = new WeakMap<Socket, { take?: Taker }>();

/**
 * A socket in the place of one that was accepted, paused, half-open capable and has read nothing yet: the same connection, which
 * reads into memory of its own again and again. `accepted` is of no use afterwards, unless it is what is returned.
 */
export function asLender(accepted: Socket): Socket {
  const inside = accepted as unknown as Inside;
  const handle = inside._handle;
  if (typeof handle?.useUserBuffer !== 'function') return accepted;
  const lender: { take?: Taker } = {};
  let memory = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);
  const options: InsideOptions = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    writableHighWaterMark: WAITING_BYTES,
    onread: {
      buffer: () => memory,
      callback: (count, { buffer, byteOffset, length }) => {
        const bytes = Buffer.from(buffer, byteOffset, count);
        const more = lender.take ? LENT_BYTES : MORE_BYTES;
        if (count === length && length < more) memory = Buffer.allocUnsafeSlow(more);
        // What the stream keeps has to be its own.
        if (!lender.take) return socket.push(Buffer.from(bytes));
        lender.take(bytes);
        return true;
      },
    },
  };
  const socket: Socket = new Socket(options);
  if ((socket as unknown as Inside)._handle !== handle) {
    socket.destroy();
    return accepted;
  }
  lenders.set(socket, lender);
  // What is left of it is no connection any more; its server, which counts it, learns that it is gone.
  inside._handle = null;
  accepted.destroy();
  return socket;
}

/**
 * Gives what the socket reads to `take` instead of emitting it as `data`; pausing, resuming and the end are as ever.
 * @returns false when this socket has no memory to lend, or has kept something already: then it emits as ever
 */
export function lendTo(socket: Socket, take: Taker): boolean {
  const lender = lenders.get(socket);
  if (!lender || socket.readableLength > 0) return false;
  lender.take = take;
  return true;
}
