// The far side of the WebSocket's ceiling, a process of its own. The path says what it does: `/up/N` acknowledges N
// messages, `/down/N` sends them.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { servePeer } from './peer';
import { acknowledgeMessages, sendMessages } from './wsLoop';

export interface WsFarEnd {
  readonly port: number;
}

async function main(): Promise<void> {
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer();
  server.on('upgrade', (request, duplex, head) => {
    const socket = duplex as Socket;
    socket.setNoDelay(true);
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      const [, direction, count] = (request.url ?? '').split('/');
      void (direction === 'up' ? acknowledgeMessages : sendMessages)(ws, socket, Number(count));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ready: WsFarEnd = { port: (server.address() as { port: number }).port };
  await servePeer(ready, async () => {
    for (const ws of webSockets.clients) ws.terminate();
    server.close();
  });
}

void main();
