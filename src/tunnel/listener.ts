import { createServer, isIP, type Server, type Socket } from 'node:net';
import { Fault } from '../base/fault';
import type { Endpoint } from '../model/endpoint';
import { formatEndpoint, isLoopback } from '../model/endpoint';
import { asLender } from './localSocket';

/** Where listeners bind unless told (as a number: `localhost` may mean another address). */
export const LOOPBACK = '127.0.0.1';

/** Connections that come within one turn of the event loop; beyond Node's 511 a client would wait a second for the next try. */
const BACKLOG = 4096;

export interface Listener {
  /** Where programs on this machine connect to. */
  readonly local: Endpoint;
  /** The address that was bound, where other machines may reach it. */
  readonly exposedOn?: string;
  /** Stops accepting and resolves when the port is free; accepted sockets are the caller's. */
  dispose(): Promise<void>;
}

/** Binds and begins to accept. @throws Fault `tunnel.*` */
export type Listen = (onConnection: (socket: Socket) => void) => Promise<Listener>;

/**
 * Binds, then reads the port back, so that it is known or refused at once.
 * Sockets arrive paused, half-open capable and without Nagle's delay.
 * @param at a literal IP address; port 0 lets the system choose.
 * @throws Fault `tunnel.portInvalid`, `tunnel.addressInvalid`, `tunnel.portTaken`, `tunnel.portForbidden`, `tunnel.listenFailed`.
 */
export async function listenOn(at: Endpoint, onConnection: (socket: Socket) => void): Promise<Listener> {
  const { host, port } = at;
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalidPort(port);
  if (isIP(host) === 0) throw invalidAddress(host);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => onConnection(asLender(socket)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindFault(error, at)));
    // `::` means what it says, and not every IPv4 address as well.
    server.listen({ host, port, exclusive: true, ipv6Only: true, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Fault('tunnel.listenFailed', 'The local port could not be read back.');
  // An accept error (for example no file descriptors left) must not take the process down; the next accept may succeed.
  server.removeAllListeners('error').on('error', () => {});
  return {
    local: { host: dialledAs(host), port: address.port },
    ...(!isLoopback(host) && { exposedOn: host }),
    dispose: () => close(server),
  };
}

/** "Every address" is none that a program can connect to on every platform. */
function dialledAs(host: string): string {
  if (host === '0.0.0.0') return LOOPBACK;
  return /^[0:]+$/.test(host) ? '::1' : host;
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

function invalidAddress(host: string): Fault {
  return new Fault('tunnel.addressInvalid', `"${host}" is not a literal IP address.`, {
    remedy: { text: `Listen on ${LOOPBACK}, or on an address of this machine written as numbers.` },
  });
}

function bindFault(error: NodeJS.ErrnoException, at: Endpoint): Fault {
  const { host, port } = at;
  if (error.code === 'EADDRINUSE') {
    return new Fault('tunnel.portTaken', `Port ${port} on ${host} is in use already.`, {
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
  if (error.code === 'EADDRNOTAVAIL') {
    return new Fault('tunnel.addressInvalid', `${host} is not an address of this machine.`, {
      cause: error,
      remedy: { text: `Listen on ${LOOPBACK}, or on an address that this machine has now.` },
    });
  }
  return new Fault('tunnel.listenFailed', `Listening on ${formatEndpoint(at)} failed: ${error.message}.`, {
    cause: error,
    remedy: { text: 'Choose another port.', action: 'chooseAnotherPort' },
  });
}
