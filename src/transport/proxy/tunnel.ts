import type { Socket } from 'node:net';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { cancelled, isFault } from '../../base/fault';
import type { Fault } from '../../base/fault';
import type { Destination, Proxy } from '../../base/proxy';
import { CERTIFICATE_ERRORS, verifiedTls } from '../../base/trust';
import { formatEndpoint } from '../../model/endpoint';
import { connectRequest, ConnectReader } from '../../wire/proxy/connect';
import type { ConnectAnswer } from '../../wire/proxy/connect';
import { established, serviceTls } from '../connect';
import { badAnswer, loginNeeded, notConnected, unreachable, untrustedProxy } from './faults';

/**
 * A connection through the proxy, with TLS to the destination when that is `secure`. Waits as long as the signal lets it.
 * @param ca certificates (PEM) of the AWS configuration: what the destination must be signed by, and what the proxy may be
 * @throws Fault `proxy.*`, `operation.cancelled`; Node's error where the destination's own TLS fails
 */
export async function connectThrough(proxy: Proxy, to: Destination, ca: string | undefined, signal: AbortSignal): Promise<Socket> {
  const socket = await toProxy(proxy, ca, signal);
  try {
    socket.setNoDelay(true);
    await askFor(socket, proxy, to, signal);
    if (to.secure) return await established(tls.connect({ ...serviceTls(to.host, ca), socket }), 'secureConnect', signal);
    return socket;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
}

async function toProxy(proxy: Proxy, ca: string | undefined, signal: AbortSignal): Promise<Socket> {
  const { host, port, secure } = proxy;
  try {
    return secure
      ? await established(tls.connect({ ...verifiedTls(host, ca), host, port }), 'secureConnect', signal)
      : await established(net.connect({ host, port }), 'connect', signal);
  } catch (error) {
    if (isFault(error)) throw error;
    const code = codeOf(error);
    throw CERTIFICATE_ERRORS.includes(code) ? untrustedProxy(proxy, error) : unreachable(proxy, code || 'the connection broke', error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Resolves when the proxy has connected; what it already passed on is read from the socket next. */
async function askFor(socket: Socket, proxy: Proxy, to: Destination, signal: AbortSignal): Promise<void> {
  const request = connectRequest(formatEndpoint(to), proxy.login);
  const reader = new ConnectReader();
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.removeListener('readable', onReadable);
      socket.removeListener('error', onError);
      socket.removeListener('end', onEnd);
      socket.removeListener('close', onEnd);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (fault: Fault): void => {
      done();
      reject(fault);
    };
    const answered = ({ status, schemes, rest }: ConnectAnswer): void => {
      if (status === 407) fail(loginNeeded(proxy, schemes));
      else if (status !== 200) fail(notConnected(proxy, to, status));
      else {
        done();
        if (rest.length > 0) socket.unshift(rest);
        resolve();
      }
    };
    // Not 'data': a stream that was made to flow and then paused would not flow again for its next owner.
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (!chunk) return;
      try {
        const answer = reader.push(chunk);
        if (answer) answered(answer);
      } catch (error) {
        fail(badAnswer(proxy, error));
      }
    };
    const onError = (error: Error): void => fail(unreachable(proxy, codeOf(error) || 'the connection broke', error));
    const onEnd = (): void => fail(unreachable(proxy, 'it closed the connection without an answer'));
    const onAbort = (): void => fail(cancelled());
    socket.on('readable', onReadable);
    socket.once('error', onError);
    socket.once('end', onEnd);
    socket.once('close', onEnd);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else socket.write(request);
  });
}
