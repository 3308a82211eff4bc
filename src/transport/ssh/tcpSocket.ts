import { connect, type Socket } from 'node:net';
import type { Clock } from '../../base/clock';
import { cancelled } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import type { HostConfig } from '../../ssh/hostConfig';
import { dialFailed, timeout } from './faults';

/**
 * A TCP connection to an SSH server, without Nagle's delay: ssh2 writes each packet in three parts, which would then wait for
 * the other side's delayed acknowledgement (44 ms per request).
 * @throws Fault `ssh.refused`, `ssh.timeout`, `ssh.unresolved`, `ssh.unreachable`, `operation.cancelled`
 */
export function dialTcp(
  server: Endpoint,
  { addressFamily, bindAddress, tcpKeepAlive }: Pick<HostConfig, 'addressFamily' | 'bindAddress' | 'tcpKeepAlive'>,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    const family = { any: 0, inet: 4, inet6: 6 }[addressFamily];
    const socket = connect({
      ...server,
      family,
      noDelay: true,
      keepAlive: tcpKeepAlive,
      ...(bindAddress !== undefined && { localAddress: bindAddress }),
    });
    const fail = (error: unknown): void => {
      settle();
      // A late error of a socket that is given up is nobody's business.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(cancelled());
    const onError = (error: Error): void => fail(dialFailed(server, error, timeoutMs / 1000));
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const timer = clock.schedule(timeoutMs, () => fail(timeout(server, timeoutMs / 1000)));
    const settle = (): void => {
      timer.dispose();
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('error', onError);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', onConnect).once('error', onError);
  });
}
