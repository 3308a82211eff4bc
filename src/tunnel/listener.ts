import { createServer, type Server, type Socket } from 'node:net';
import { Fault } from '../base/fault';
import type { Endpoint } from '../model/endpoint';

/** The only address that listeners bind (as a number: `localhost` may mean another one). */
const LOOPBACK = '127.0.0.1';

/** Connections that come within one turn of the event loop; beyond Node's 511 a client would wait a second for the next try. */
const BACKLOG = 4096;

export interface Listener {
  readonly local: Endpoint;
  /** Stops accepting and resolves when the port is free; accepted sockets are the caller's. */
  dispose(): Promise<void>;
}

/**
 * Binds 127.0.0.1, then reads the port back, so that it is known or refused at once.
 * Sockets arrive paused, half-open capable and without Nagle's delay.
 * @param port 0 lets the system choose.
 * @throws Fault `tunnel.portTaken`, `tunnel.portForbidden`, `tunnel.listenFailed`.
 */
export async function listenOnLoopback(port: number, onConnection: (socket: Socket) => void): Promise<Listener> {
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalidPort(port);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindFault(error, port)));
    server.listen({ host: LOOPBACK, port, exclusive: true, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Fault('tunnel.listenFailed', 'The local port could not be read back.');
  // An accept error (for example no file descriptors left) must not take the process down; the next accept may succeed.
  server.removeAllListeners('error').on('error', () => {});
  return { local: { host: LOOPBACK, port: address.port }, dispose: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function invalidPort(port: number): Fault {
  return new Fault('tunnel.portInvalid', `${port} is not a TCP port.`, {
    remedy: { text: 'Choose a port between 1 and 65535.', action: 'chooseAnotherPort' },
  });
}

function bindFault(error: NodeJS.ErrnoException, port: number): Fault {
  if (error.code === 'EADDRINUSE') {
    return new Fault('tunnel.portTaken', `Port ${port} on ${LOOPBACK} is in use already.`, {
      cause: error,
      remedy: { text: 'Choose another port, or stop the program that holds it.', action: 'chooseAnotherPort' },
    });
  }
  if (error.code === 'EACCES') {
    return new Fault('tunnel.portForbidden', `The system does not let this user listen on port ${port}.`, {
      cause: error,
      remedy: { text: 'Choose a port above 1023.', action: 'chooseAnotherPort' },
    });
  }
  return new Fault('tunnel.listenFailed', `Listening on ${LOOPBACK}:${port} failed: ${error.message}.`, {
    cause: error,
    remedy: { text: 'Choose another port.', action: 'chooseAnotherPort' },
  });
}
