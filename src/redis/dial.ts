import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { cancelled, isFault } from '../base/fault';
import { verifiedTls } from '../base/trust';
import { dialFault } from './faults';
import type { RedisSessionOptions } from './types';

// Below the idle limits of the middle boxes on the way, and of ElastiCache itself.
const KEEP_ALIVE_MS = 30_000;

/**
 * A socket to the tunnel's local end, in TLS unless that is off: the certificate is checked against the real
 * endpoint's name, because the address that is dialled is always 127.0.0.1.
 * @throws Fault as in `OpenRedisSession`, or `operation.cancelled`; the socket is gone then.
 */
export function dial(options: RedisSessionOptions, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    let socket: Socket;
    try {
      socket = options.tls === 'off' ? connectTcp(options.local) : connectSecurely(options);
    } catch (error) {
      // Certificates that cannot be parsed are refused before anything is dialled.
      reject(dialFault(error, options));
      return;
    }
    const ready = options.tls === 'off' ? 'connect' : 'secureConnect';
    const settle = (done: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onEnd).off('close', onEnd).off(ready, onReady);
      done();
    };
    const onReady = (): void => settle(() => resolve(socket));
    const onEnd = (error: unknown): void => settle(() => discard(socket, () => reject(dialFault(error, options))));
    const onAbort = (): void => settle(() => discard(socket, () => reject(cancelled())));
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', onEnd).on('close', onEnd).on(ready, onReady);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function connectSecurely({ local, endpoint, ca }: RedisSessionOptions): Socket {
  return connectTls({ ...verifiedTls(endpoint.host, ca), host: local.host, port: local.port });
}

/** Whether the server at the other end answers a TLS hello at all; its certificate does not matter for that. */
export async function speaksTls(options: RedisSessionOptions, signal: AbortSignal): Promise<boolean> {
  try {
    const socket = await dial({ ...options, tls: 'required' }, signal);
    discard(socket, () => {});
    return true;
  } catch (error) {
    return isFault(error) && (error.code === 'redis.tlsNameMismatch' || error.code === 'redis.tlsUntrusted');
  }
}

function discard(socket: Socket, done: () => void): void {
  // A late error of a socket that nobody waits for any more is of no interest, but must not be uncaught.
  socket.on('error', () => {});
  socket.destroy();
  done();
}
