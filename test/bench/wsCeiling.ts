import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { acknowledgeMessages, PAYLOAD_BYTES, sendMessages } from './wsLoop';

/** Moves about `bytes` in messages of 1 kB over a new WebSocket and returns MB/s of payload. */
export async function wsTransfer(port: number, direction: 'up' | 'down', bytes: number): Promise<number> {
  const count = Math.ceil(bytes / PAYLOAD_BYTES);
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const ws = new WebSocket(`ws://127.0.0.1:${port}/${direction}/${count}`, {
    createConnection: () => socket,
    perMessageDeflate: false,
  });
  const work = direction === 'up' ? once(ws, 'open').then(() => sendMessages(ws, socket, count)) : acknowledgeMessages(ws, socket, count);
  await once(ws, 'open');
  const start = performance.now();
  await work;
  const seconds = (performance.now() - start) / 1000;
  ws.close();
  await once(ws, 'close');
  return (count * PAYLOAD_BYTES) / 1e6 / seconds;
}
