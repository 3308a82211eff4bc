import { strict as assert } from 'node:assert';
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { asLender } from '../../../src/tunnel/localSocket';
import { relay } from '../../../src/tunnel/relay';
import { eventually } from '../../fixtures/eventually';
import { type TcpServer, tcpServer } from '../../fixtures/tcpServer';

const SIZE = 8 * 1024 * 1024;
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function collect(socket: Socket): Promise<Buffer> {
  // Not `for await`: that destroys the socket at its end, and a half-open one is wanted here.
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** A remote side that is written to as SSH's streams are: it borrows what it can pass on at once. */
function borrowing(remote: Socket): Socket {
  return Object.assign(remote, { writeLent: (bytes: Buffer) => remote.write(Buffer.from(bytes)) });
}

for (const lends of [false, true]) {
  describe(lends ? 'relay of memory that is lent' : 'relay', () => {
    const servers: TcpServer[] = [];
    const sockets: Socket[] = [];
    const meter = { up: 0, down: 0 };
    const count = (direction: 'up' | 'down', bytes: number): void => void (meter[direction] += bytes);
    let ended: Promise<Error | undefined> | undefined;

    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      for (const server of servers.splice(0)) await server.close();
      await ended;
      ended = undefined;
      meter.up = 0;
      meter.down = 0;
    });

    /** client ⇄ [relay] ⇄ a server that behaves as told. */
    const through = async (behave: (socket: Socket) => void): Promise<Socket> => {
      const far = await tcpServer(behave);
      const near = await tcpServer((client) => {
        const remote = connect({ ...far.address, allowHalfOpen: true });
        client.pause();
        ended = lends ? relay(asLender(client), borrowing(remote), { count }) : relay(client, remote, { count });
      });
      servers.push(far, near);
      const client = connect({ ...near.address, allowHalfOpen: true });
      sockets.push(client);
      await once(client, 'connect');
      return client;
    };

    it('delivers every byte in order each way, and counts them', async () => {
      const payload = randomBytes(SIZE);
      const client = await through((socket) => socket.pipe(socket));
      const received = collect(client);
      client.end(payload);
      assert.equal(sha(await received), sha(payload));
      assert.equal(await ended, undefined);
      assert.deepEqual(meter, { up: SIZE, down: SIZE });
    });

    it('keeps the reply flowing after the client has half-closed', async () => {
      const client = await through((socket) => {
        let got = 0;
        socket.on('data', (chunk) => (got += chunk.length)).once('end', () => socket.end(`got ${got}`));
      });
      client.end(Buffer.alloc(100_000));
      assert.equal((await collect(client)).toString(), 'got 100000');
    });

    it("keeps the client's upload flowing after the server has half-closed", async () => {
      let got = 0;
      const client = await through((socket) => {
        socket.end('bye');
        socket.on('data', (chunk) => (got += chunk.length));
      });
      assert.equal((await collect(client)).toString(), 'bye');
      client.end(Buffer.alloc(100_000));
      await eventually(() => got === 100_000, 'the upload arrives');
    });

    it('resets the client when the remote side is cut, so that a cut reply is not taken for a whole one', async () => {
      const client = await through((socket) => {
        socket.write('half of a', () => socket.resetAndDestroy());
      });
      const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
        client.once('error', resolve).resume();
      });
      assert.equal(error.code, 'ECONNRESET');
      assert.ok(await ended);
    });

    it('closes the remote side when the client is gone', async () => {
      const client = await through((socket) => void socket.resume().once('end', () => socket.end()));
      await eventually(() => servers[0]!.sockets.size === 1, 'connected');
      client.resetAndDestroy();
      await eventually(() => servers[0]!.sockets.size === 0, 'the remote side is closed');
    });

    it('stops reading from a sender whose receiver does not read', async () => {
      let sent = 0;
      const chunk = Buffer.alloc(64 * 1024);
      const client = await through((socket) => {
        const feed = (): void => {
          while (sent < 256 * 1024 * 1024) {
            sent += chunk.length;
            if (!socket.write(chunk)) {
              socket.once('drain', feed);
              return;
            }
          }
        };
        feed();
      });
      client.pause();
      let before = -1;
      await eventually(async () => {
        const stable = sent === before;
        before = sent;
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
        return stable && sent > 0;
      }, 'the sender is held back');
      assert.ok(sent < 64 * 1024 * 1024, `bounded by socket buffers, was ${sent}`);
    });
  });
}
