import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Bytes per write of the sending side. */
const BLOCK = Buffer.alloc(64 * 1024, 0x5a);

/**
 * A server for bulk transfers: the client's first line says `down N` (N bytes are sent, then the end) or `up N`
 * (N bytes are awaited, then `ok`).
 */
export async function startBulkServer(): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    port: address.port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function serve(socket: Socket): void {
  let order = '';
  const onOrder = (chunk: Buffer): void => {
    order += chunk.toString('latin1');
    const end = order.indexOf('\n');
    if (end < 0) return;
    socket.off('data', onOrder);
    const [direction, count] = order.slice(0, end).split(' ');
    if (direction === 'down') send(socket, Number(count)).then(() => socket.end(), () => {});
    else receive(socket, Number(count) - (order.length - end - 1));
  };
  socket.on('data', onOrder);
}

function receive(socket: Socket, count: number): void {
  let left = count;
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left <= 0) socket.end('ok');
  });
}

async function send(socket: Socket, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
    left -= block.length;
    if (!socket.write(block)) await once(socket, 'drain');
  }
}

/** Moves `bytes` in one direction over a new connection and returns MB/s (10^6 bytes). @throws when bytes are missing. */
export async function transfer(port: number, direction: 'up' | 'down', bytes: number): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  let received = 0;
  socket.on('data', (chunk: Buffer) => (received += chunk.length));
  const ended = once(socket, 'end');
  const start = performance.now();
  socket.write(`${direction} ${bytes}\n`);
  if (direction === 'up') await send(socket, bytes);
  await ended;
  const seconds = (performance.now() - start) / 1000;
  socket.destroy();
  const expected = direction === 'down' ? bytes : 'ok'.length;
  if (received !== expected) throw new Error(`${direction}: ${received} bytes of ${expected} arrived`);
  return bytes / 1e6 / seconds;
}
