// The same messages as the data channel's, over the WebSocket library alone: no tunnel, no streams, no resends.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { acknowledgementPayload } from '../../src/wire/ssm/acknowledgement';
import { decodeFrame, FrameWriter, PayloadType } from '../../src/wire/ssm/frame';

export const PAYLOAD_BYTES = 1024;
const IN_FLIGHT = 2048;
const SOCKET_ROOM_BYTES = 512 * 1024;
const PAYLOAD = [Buffer.alloc(PAYLOAD_BYTES, 0x5a)];

/** One system call for all that one turn of the event loop sends: what costs most is a call per message. */
function corkThisTurn(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  setImmediate(() => socket.uncork());
}

/** Sends `count` messages and resolves when each has been acknowledged. */
export function sendMessages(ws: WebSocket, socket: Socket, count: number): Promise<void> {
  const writer = new FrameWriter(randomBytes(16));
  return new Promise((resolve) => {
    let sent = 0;
    let acknowledged = 0;
    let scheduled = false;
    const pump = (): void => {
      scheduled = false;
      if (sent < count) corkThisTurn(socket);
      while (sent < count && sent - acknowledged < IN_FLIGHT && socket.writableLength < SOCKET_ROOM_BYTES) {
        ws.send(writer.data(PayloadType.output, sent++, Date.now(), PAYLOAD));
      }
    };
    const onMessage = (bytes: Buffer): void => {
      decodeFrame(bytes);
      acknowledged++;
      if (acknowledged === count) {
        ws.off('message', onMessage);
        socket.off('drain', pump);
        resolve();
      } else if (!scheduled) {
        scheduled = true;
        setImmediate(pump);
      }
    };
    ws.on('message', onMessage);
    socket.on('drain', pump);
    pump();
  });
}

/** Acknowledges `count` messages one by one and resolves after the last. */
export function acknowledgeMessages(ws: WebSocket, socket: Socket, count: number): Promise<void> {
  const writer = new FrameWriter(randomBytes(16));
  return new Promise((resolve) => {
    let left = count;
    const onMessage = (bytes: Buffer): void => {
      const { messageId, sequence } = decodeFrame(bytes);
      corkThisTurn(socket);
      ws.send(writer.acknowledgement(Date.now(), acknowledgementPayload(messageId, sequence)));
      if (--left > 0) return;
      ws.off('message', onMessage);
      resolve();
    };
    ws.on('message', onMessage);
  });
}
