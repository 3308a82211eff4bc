// A client of a tunnel, a process of its own: reads one large value over and over until its standard input ends.
import { once } from 'node:events';
import { connect } from 'node:net';
import { peerOptions, servePeer } from './peer';

export interface BrokerTrafficOptions {
  readonly port: number;
}

/** Bytes of the value. */
const SIZE = 8e6;

async function main({ port }: BrokerTrafficOptions): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  const value = 'x'.repeat(SIZE);
  const header = `$${SIZE}\r\n`;
  socket.write(`*3\r\n$3\r\nSET\r\n$5\r\nbench\r\n${header}${value}\r\n`);
  await once(socket, 'data');
  const reply = header.length + SIZE + 2;
  const get = '*2\r\n$3\r\nGET\r\n$5\r\nbench\r\n';
  let left = reply;
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left > 0) return;
    left += reply;
    socket.write(get);
  });
  // One is always on its way while the other is read.
  socket.write(get + get);
  await servePeer({}, () => {
    socket.destroy();
    return Promise.resolve();
  });
}

void main(peerOptions() as BrokerTrafficOptions);
