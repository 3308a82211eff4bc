// Plain TCP servers as targets: bulk with checksums, echo, and ones that misbehave.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface TcpServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Connections ever accepted. */
  readonly accepted: number;
  /** Bytes received so far, over all connections. */
  readonly received: number;
  /** Destroys every connection; resolves when the port is free. */
  close(): Promise<void>;
}

/** Sends back what it receives; an end is answered with an end. */
export function startEcho(): Promise<TcpServer> {
  return serve((socket) => {
    socket.pipe(socket);
  });
}

/**
 * Bulk transfer by request, one per connection at a time. `UP <n>\n` and n bytes are answered with
 * `<sha256 in hex>\n`; `DOWN <n>\n` is answered with the n bytes of `pattern`.
 */
export function startBulk(): Promise<TcpServer> {
  return serve((socket) => {
    void bulk(socket).catch(() => socket.destroy());
  });
}

/** Reads until the client ends its side, then answers `got <n>\n` and ends: needs a real half-close. */
export function startHalfClose(): Promise<TcpServer> {
  return serve((socket) => {
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.on('end', () => socket.end(`got ${bytes}\n`));
  });
}

/** Sends `bytes` of `pattern` after the first byte received, then ends its side at once. */
export function startSource(bytes: number): Promise<TcpServer> {
  return serve((socket) => {
    socket.once('data', () => void sendPattern(socket, bytes).then(() => socket.end()));
  });
}

/** Sends `bytes` of `pattern` after the first byte received, then dies with a reset. */
export function startDying(bytes: number): Promise<TcpServer> {
  return serve((socket) => {
    socket.once('data', () => {
      void sendPattern(socket, bytes).then(() => {
        // Not before the kernel has them, or the reset would take them along.
        if (socket.writableLength === 0) socket.resetAndDestroy();
        else socket.once('drain', () => socket.resetAndDestroy());
      });
    });
  });
}

/** Reads nothing for `delayMs`, then `bytes` bytes, and answers with their SHA-256 in hex. */
export function startLate(bytes: number, delayMs = 300): Promise<TcpServer> {
  return serve((socket) => {
    const hash = createHash('sha256');
    let left = bytes;
    socket.pause();
    const timer = setTimeout(() => socket.resume(), delayMs);
    socket.once('close', () => clearTimeout(timer));
    socket.on('data', (chunk: Buffer) => {
      if (left <= 0) return;
      hash.update(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) socket.write(hash.digest('hex'));
    });
  });
}

/** Accepts and never reads. */
export function startDeaf(): Promise<TcpServer> {
  return serve((socket) => {
    socket.pause();
  });
}

/**
 * The bytes that `DOWN` and `startSource` send: position-dependent, so that loss, doubling and reordering all show.
 * Words are in the machine's byte order, which is little-endian wherever Node runs.
 */
export function pattern(from: number, length: number): Buffer {
  const first = from >>> 2;
  const words = new Uint32Array(((from + length + 3) >>> 2) - first);
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(first + index + 1, 0x9e3779b1);
  return Buffer.from(words.buffer, from % 4, length);
}

/** SHA-256 in hex of the first `length` bytes of `pattern`. */
export function patternDigest(length: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < length; at += PIECE) hash.update(pattern(at, Math.min(PIECE, length - at)));
  return hash.digest('hex');
}

const PIECE = 64 * 1024;

async function sendPattern(socket: Socket, length: number): Promise<void> {
  for (let at = 0; at < length && !socket.destroyed; at += PIECE) {
    if (!socket.write(pattern(at, Math.min(PIECE, length - at)))) {
      await writableOrGone(socket);
    }
  }
}

function writableOrGone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
    if (socket.destroyed) done();
  });
}

async function bulk(socket: Socket): Promise<void> {
  let line = '';
  let upload: { readonly hash: ReturnType<typeof createHash>; left: number } | undefined;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (let rest = chunk; rest.length > 0; ) {
      if (upload) {
        const part = rest.subarray(0, upload.left);
        upload.hash.update(part);
        upload.left -= part.length;
        rest = rest.subarray(part.length);
      } else {
        const end = rest.indexOf('\n');
        line += rest.toString('latin1', 0, end < 0 ? rest.length : end);
        rest = end < 0 ? rest.subarray(rest.length) : rest.subarray(end + 1);
        if (end < 0) continue;
        const [, verb, size] = /^(UP|DOWN) (\d+)$/.exec(line) ?? [];
        line = '';
        if (verb === 'UP') upload = { hash: createHash('sha256'), left: Number(size) };
        else if (verb === 'DOWN') await sendPattern(socket, Number(size));
        else throw new Error('unknown request');
      }
      if (upload?.left === 0) {
        socket.write(`${upload.hash.digest('hex')}\n`);
        upload = undefined;
      }
    }
  }
  socket.end();
}

async function serve(handle: (socket: Socket) => void): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let received = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    accepted++;
    socket.on('error', () => {});
    socket.once('close', () => {
      received += socket.bytesRead;
      sockets.delete(socket);
    });
    handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    host: '127.0.0.1',
    port,
    get connections() {
      return sockets.size;
    },
    get accepted() {
      return accepted;
    },
    get received() {
      return [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, received);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
