import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { asLender, lendTo } from '../../../src/tunnel/localSocket';
import { eventually } from '../../fixtures/eventually';

const MEGABYTE = 1024 * 1024;

describe('a local socket that lends its memory', () => {
  let server: Server;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  /** Both ends of a connection: the program's, and ours as it was accepted. */
  const pair = async (): Promise<{ client: Socket; accepted: Socket }> => {
    const accepting = once(server, 'connection') as Promise<[Socket]>;
    const { port } = server.address() as { port: number };
    const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    client.on('error', () => {});
    const [accepted] = await accepting;
    sockets.push(client, accepted);
    return { client, accepted };
  };

  const lender = async (): Promise<{ client: Socket; socket: Socket; accepted: Socket }> => {
    const { client, accepted } = await pair();
    const socket = asLender(accepted);
    sockets.push(socket);
    assert.notEqual(socket, accepted);
    return { client, socket, accepted };
  };

  it('is the connection that was accepted, and the server no longer counts that', async () => {
    const { client, socket, accepted } = await lender();
    assert.equal(socket.remotePort, client.localPort);
    await eventually(() => accepted.closed, 'the accepted socket is closed');
    socket.write('hello');
    const [greeting] = (await once(client, 'data')) as [Buffer];
    assert.equal(String(greeting), 'hello');
    const count = await new Promise<number>((resolve) => {
      server.getConnections((_error, connections) => resolve(connections));
    });
    assert.equal(count, 0);
  });

  it('reads into the same memory again, and into more once that is full', async () => {
    const { client, socket } = await lender();
    const places = new Set<ArrayBufferLike>();
    const largest: number[] = [0];
    let received = 0;
    const take = (bytes: Buffer): void => {
      places.add(bytes.buffer);
      largest[0] = Math.max(largest[0]!, bytes.length);
      received += bytes.length;
    };
    assert.equal(lendTo(socket, take), true);
    socket.resume();
    for (const word of ['one', 'two', 'three']) {
      client.write(word);
      const before = received;
      await eventually(() => received === before + word.length, `${word} is there`);
    }
    assert.equal(places.size, 1);
    client.write(Buffer.alloc(4 * MEGABYTE));
    await eventually(() => received === 4 * MEGABYTE + 11, 'all is there');
    assert.equal(places.size, 2);
    assert.ok(largest[0]! > 64 * 1024, `at most ${largest[0]} bytes at once`);
  });

  it('reads nothing before it is resumed, nor while it is paused, and then all in order', async () => {
    const { client, socket } = await lender();
    let paused = true;
    let received = 0;
    let inOrder = true;
    lendTo(socket, (bytes) => {
      assert.equal(paused, false);
      for (const [at, byte] of bytes.entries()) inOrder &&= byte === (received + at) % 251;
      received += bytes.length;
      socket.pause();
      paused = true;
      setImmediate(() => {
        paused = false;
        socket.resume();
      });
    });
    client.end(Buffer.from(Uint8Array.from({ length: MEGABYTE }, (_, at) => at % 251)));
    // A round trip of another connection: what was sent before would have been read by now.
    const other = await lender();
    other.client.write('x');
    other.socket.resume();
    await once(other.socket, 'data');
    assert.equal(received, 0);
    paused = false;
    const ended = once(socket, 'end');
    socket.resume();
    await ended;
    assert.equal(received, MEGABYTE);
    assert.ok(inOrder);
    assert.equal(socket.writable, true, 'the other direction goes on');
  });

  it('emits as any other socket while nobody takes what it reads, and each piece is its own', async () => {
    const { client, socket } = await lender();
    const pieces: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => pieces.push(bytes)).resume();
    for (const word of ['one ', 'two']) {
      const before = pieces.length;
      client.write(word);
      await eventually(() => pieces.length > before, `${word} is there`);
    }
    assert.equal(String(Buffer.concat(pieces)), 'one two');
  });

  it('reads no more at once than any other socket while nobody takes what it reads', async () => {
    const { client, socket } = await lender();
    let largest = 0;
    let received = 0;
    socket.on('data', ({ length }: Buffer) => {
      largest = Math.max(largest, length);
      received += length;
    });
    client.write(Buffer.alloc(4 * MEGABYTE));
    await eventually(() => client.bytesWritten > MEGABYTE, 'much is on its way');
    socket.resume();
    await eventually(() => received === 4 * MEGABYTE, 'all is there');
    assert.ok(largest <= 64 * 1024, `${largest} bytes at once`);
  });

  it('lends nothing once something waits to be read from it', async () => {
    const { client, socket } = await lender();
    client.write('kept');
    socket.read(0);
    await eventually(() => socket.readableLength === 4, 'it is kept');
    assert.equal(lendTo(socket, () => {}), false);
    assert.equal(String(socket.read()), 'kept');
  });

  it('can be reset', async () => {
    const { client, socket } = await lender();
    lendTo(socket, () => {});
    socket.resume();
    socket.resetAndDestroy();
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });

  it('learns that the client has reset the connection', async () => {
    const { client, socket } = await lender();
    lendTo(socket, () => {});
    socket.resume();
    const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    client.resetAndDestroy();
    assert.equal((await failed)[0].code, 'ECONNRESET');
    await eventually(() => socket.destroyed, 'it is gone');
  });

  it('is the accepted socket itself where the inside of Node is another one', async () => {
    const { client, accepted } = await pair();
    const inside = accepted as unknown as { _handle: { useUserBuffer?: unknown } };
    Object.defineProperty(inside._handle, 'useUserBuffer', { value: undefined });
    assert.equal(asLender(accepted), accepted);
    assert.equal(lendTo(accepted, () => {}), false);
    client.write('as ever');
    accepted.resume();
    const [bytes] = (await once(accepted, 'data')) as [Buffer];
    assert.equal(String(bytes), 'as ever');
  });
});
