import { connect, type Socket } from 'node:net';
import type { Clock } from '../../base/clock';
import { cancelled } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import type { HostConfig } from '../../ssh/hostConfig';
import { dialFailed, timeout } from './faults';

/** Bytes that are read at once, into memory that is somebody's afterwards. */
const READ_BYTES = 64 * 1024;
/** The same, into memory that is used again: the fewer the reads, the fewer the times that sshd and the client are woken. */
const SHARED_READ_BYTES = 256 * 1024;

export interface TcpConnection {
  readonly socket: Socket;
  /** From now on nobody keeps what the socket emits: it may always read into the same memory. */
  reuseMemory(): void;
}

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
): Promise<TcpConnection> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    const family = { any: 0, inet: 4, inet6: 6 }[addressFamily];
    let shared: Buffer | undefined;
    const socket: Socket = connect({
      ...server,
      family,
      noDelay: true,
      keepAlive: tcpKeepAlive,
      ...(bindAddress !== undefined && { localAddress: bindAddress }),
      onread: {
        buffer: () => shared ?? Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (count, memory) => {
          const bytes = Buffer.from(memory.buffer, memory.byteOffset, count);
          // Unless somebody takes it at once, the stream keeps it as any other does; then it has to be its own.
          if (memory === shared && socket.readableFlowing === true && socket.readableLength === 0) return socket.emit('data', bytes);
          return socket.push(memory === shared ? Buffer.from(bytes) : bytes);
        },
      },
    });
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(cancelled());
    const onError = (error: Error): void => fail(dialFailed(server, error, timeoutMs / 1000));
    const onConnect = (): void => {
      settle();
      resolve({ socket, reuseMemory: () => void (shared ??= Buffer.allocUnsafeSlow(SHARED_READ_BYTES)) });
    };
    const timer = clock.schedule(timeoutMs, () => fail(timeout(server, timeoutMs / 1000)));
    const settle = (): void => {
      timer.dispose();
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('error', onError);
    };
    // Nobody may be listening yet, or any more, when it fails.
    socket.on('error', () => {});
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', onConnect).once('error', onError);
  });
}
