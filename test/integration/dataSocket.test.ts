import assert from 'node:assert/strict';
import { once } from 'node:events';
import type * as http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { WebSocketServer } from 'ws';
import type { CreateSocket } from '../../src/transport/ssm/dataSocket';
import { openDataSocket } from '../../src/transport/ssm/dataSocket';
import { eventually } from '../fixtures/eventually';

type Request = (options: http.RequestOptions, callback?: (response: http.IncomingMessage) => void) => http.ClientRequest;

/** What VS Code does to both modules inside the extension host: an agent of its own for every request but those to a Unix socket. */
function replaceAgents(): () => void {
  const required = createRequire(__filename);
  const undo = ['http', 'https'].map((name) => {
    const module = required(name) as { request: Request; Agent: typeof http.Agent };
    const original = module.request;
    module.request = (options, callback) =>
      options.socketPath ? original(options, callback) : original({ ...options, agent: new module.Agent() }, callback);
    return () => (module.request = original);
  });
  return () => undo.forEach((restore) => restore());
}

describe('the socket of the data channel', () => {
  const events = { message: () => {}, drain: () => {}, pong: () => {}, lost: () => {} };
  let server: WebSocketServer;
  let requests: http.IncomingMessage[];
  let greetings: string[];

  beforeEach(async () => {
    requests = [];
    greetings = [];
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (webSocket, request) => {
      requests.push(request);
      webSocket.on('message', (data: Buffer) => greetings.push(data.toString()));
    });
    await once(server, 'listening');
  });

  afterEach(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  for (const patched of [false, true]) {
    it(`is the one that was made for it${patched ? ', whatever VS Code does to HTTP requests' : ''}`, async () => {
      const restore = patched ? replaceAgents() : () => {};
      try {
        const asked: unknown[] = [];
        const createSocket: CreateSocket = async (to) => {
          asked.push(to);
          const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
          await once(socket, 'connect');
          return socket;
        };
        // Nothing listens there: only the socket of `createSocket` leads anywhere.
        const streamUrl = 'ws://127.0.0.1:9/v1/data-channel/dora:0abc?role=publish_subscribe';
        const socket = await openDataSocket({ streamUrl, greeting: 'hello', ca: undefined, createSocket, events }, new AbortController().signal);
        await eventually(() => greetings.length > 0, 'the greeting');
        assert.deepEqual(greetings, ['hello']);
        assert.deepEqual(asked, [{ host: '127.0.0.1', port: 9, secure: false }]);
        assert.deepEqual(requests.map(({ url, headers }) => [url, headers.host]), [['/v1/data-channel/dora:0abc?role=publish_subscribe', '127.0.0.1:9']]);
        await socket.close();
      } finally {
        restore();
      }
    });
  }
});
