import type { Socket } from 'node:net';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { cancelled } from '../base/fault';
import type { Destination } from '../base/proxy';

/** Resolves with the socket at the event; else it is destroyed. @throws Node's error, or `operation.cancelled` */
export function established<T extends Socket>(socket: T, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener(event, onConnect);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
    };
    const onConnect = (): void => {
      done();
      resolve(socket);
    };
    const fail = (error: Error): void => {
      done();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const onError = (error: Error): void => fail(error);
    // The stream below TLS may end without an error.
    const onClose = (): void => fail(Object.assign(new Error('The connection was closed while it was being made.'), { code: 'ECONNRESET' }));
    const onAbort = (): void => fail(cancelled());
    socket.once(event, onConnect);
    socket.once('error', onError);
    socket.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/** TLS options for the service itself: `ca` (PEM) replaces the certificates that are trusted anyway. */
export function serviceTls(host: string, ca: string | undefined): tls.ConnectionOptions {
  // A literal address may not be sent as a server name (RFC 6066); the certificate is verified for it all the same.
  return { host, servername: net.isIP(host) ? '' : host, ...(ca !== undefined && { ca }) };
}

/** Connects straight to the service. @throws Node's error, or `operation.cancelled` */
export async function connectDirectly({ host, port, secure }: Destination, ca: string | undefined, signal: AbortSignal): Promise<Socket> {
  const socket = secure ? tls.connect({ ...serviceTls(host, ca), port }) : net.connect({ host, port });
  await established(socket, secure ? 'secureConnect' : 'connect', signal);
  // A small request must not wait for the acknowledgement of the one before it.
  socket.setNoDelay(true);
  return socket;
}
