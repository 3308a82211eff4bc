import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { BorrowingStream } from '../model/link';
import { lendTo } from './localSocket';

/** Counts payload bytes: `up` from the local client, `down` to it. */
export interface Meter {
  count(direction: 'up' | 'down', bytes: number): void;
}

/**
 * Joins a local client and a remote stream until both have closed. Half-close is
 * passed on in each direction, a full sink pauses its source, and a side that
 * fails takes the other down: that one then sees a reset and never a clean end.
 * @returns the error that ended the pair, if one did. Never rejects.
 */
export function relay(client: Socket, remote: Duplex, meter: Meter): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let failure: Error | undefined;
    let open = 2;
    const fail = (error: Error | undefined): void => {
      failure ??= error;
      reset(client);
      reset(remote);
    };
    const onClosed = (side: Duplex): void => {
      // Closed before its end was read: whatever the other side still sends or awaits has nowhere to go.
      if (!side.readableEnded || !side.writableFinished) fail(side.errored ?? undefined);
      if (--open === 0) resolve(failure);
    };
    for (const side of [client, remote]) {
      side.on('error', fail);
      if (side.closed) onClosed(side);
      else side.once('close', () => onClosed(side));
    }
    pump(client, remote, (bytes) => meter.count('up', bytes));
    pump(remote, client, (bytes) => meter.count('down', bytes));
  });
}

function pump(source: Duplex, sink: Duplex, count: (bytes: number) => void): void {
  const take = (write: (chunk: Buffer) => boolean) => (chunk: Buffer): void => {
    count(chunk.length);
    if (!write(chunk)) source.pause();
  };
  const lent = source instanceof Socket && borrows(sink) && lendTo(source, take((chunk) => sink.writeLent(chunk)));
  if (!lent) source.on('data', take(gathered(sink)));
  sink.on('drain', () => source.resume());
  source.once('end', () => sink.end());
  source.resume();
}

function borrows(sink: Duplex): sink is BorrowingStream {
  return typeof (sink as Partial<BorrowingStream>).writeLent === 'function';
}

/** Writes so that what one event brings leaves in one system call. */
function gathered(sink: Duplex): (chunk: Buffer) => boolean {
  let corked = false;
  const uncork = (): void => {
    corked = false;
    sink.uncork();
  };
  return (chunk) => {
    if (!corked) {
      corked = true;
      sink.cork();
      process.nextTick(uncork);
    }
    return sink.write(chunk);
  };
}

/** A reset tells the other side that the stream was cut; a plain close would look like a complete one. */
export function reset(socket: Duplex): void {
  if (socket.destroyed) return;
  // TLS tells by itself: a cut one has no closing alert.
  if (socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  else socket.destroy();
}
