// A longer way: a TCP relay that holds back what it gets for half the added round-trip time, a process of its own.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { peerOptions, servePeer } from './peer';

export interface DelayRelayOptions {
  readonly port: number;
  /** Added round-trip time, ms; half of it in each direction. */
  readonly roundTripMs: number;
}

export interface DelayRelay {
  readonly port: number;
}

/** Bytes under way per direction: more than any window, so that only the window is measured. */
const BUFFER_BYTES = 64 * 1024 * 1024;

function carry(source: Socket, sink: Socket, delayMs: number): void {
  const underWay: { readonly due: number; readonly bytes: Buffer | undefined }[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = (): void => {
    timer = undefined;
    for (let next = underWay[0]; next; next = underWay[0]) {
      const wait = next.due - performance.now();
      if (wait > 0.2) {
        timer = setTimeout(deliver, wait);
        return;
      }
      underWay.shift();
      if (next.bytes === undefined) {
        sink.end();
        continue;
      }
      size -= next.bytes.length;
      sink.write(next.bytes);
      if (size < BUFFER_BYTES) source.resume();
    }
  };
  const add = (bytes: Buffer | undefined): void => {
    underWay.push({ due: performance.now() + delayMs, bytes });
    timer ??= setTimeout(deliver, delayMs);
  };
  source.on('data', (bytes: Buffer) => {
    size += bytes.length;
    if (size >= BUFFER_BYTES) source.pause();
    add(bytes);
  });
  source.once('end', () => add(undefined));
  source.on('error', () => sink.destroy()).once('close', () => clearTimeout(timer));
}

async function main({ port, roundTripMs }: DelayRelayOptions): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    carry(near, far, roundTripMs / 2);
    carry(far, near, roundTripMs / 2);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ready: DelayRelay = { port: (server.address() as { port: number }).port };
  await servePeer(ready, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    return Promise.resolve();
  });
}

void main(peerOptions() as DelayRelayOptions);
