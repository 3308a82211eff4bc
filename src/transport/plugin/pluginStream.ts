import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import { cancelled } from '../../base/fault';
import type { Fault } from '../../base/fault';
import { TunnelStream } from '../ssm/tunnelStream';
import { HOLD_UNREAD_BYTES } from '../ssm/unreadBudget';
import { pluginStreamFailed } from './faults';

/** How long the end of a connection may turn out to be the plugin's own, ms: the system closes sockets before it tells of a death. */
const SETTLE_MS = 50;

/** Connects to the plugin's port on this machine. @throws Fault `plugin.streamFailed`, `operation.cancelled` */
export function connectToPlugin(port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw cancelled();
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError).removeListener('connect', onConnect);
      act();
    };
    const onConnect = (): void => settle(() => resolve(socket));
    const onError = (error: Error): void => settle(() => reject(pluginStreamFailed(error)));
    const onAbort = (): void =>
      settle(() => {
        socket.on('error', () => {}).destroy();
        reject(cancelled());
      });
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', onConnect).once('error', onError);
  });
}

export interface StreamOwner {
  readonly clock: Clock;
  /** Whether another connection waits for this one to end. */
  readonly awaited: boolean;
  /** Bytes have come from the target. */
  readonly heard: () => void;
  /** Why an end that has just come is none; undefined when it is one. */
  readonly objection: (received: boolean) => Fault | undefined;
}

/**
 * A connection to the plugin as a stream that keeps the client's end back until the reply has ended: the plugin passes
 * an end on to an agent that then closes both directions. An end that comes with the plugin's death is a failure.
 */
export function pluginStream(socket: Socket, owner: StreamOwner): TunnelStream {
  let settling: Disposable | undefined;
  const stream = new TunnelStream(
    {
      write: (chunks) => {
        let left = chunks.length;
        socket.cork();
        for (const chunk of chunks) {
          socket.write(chunk, (error) => {
            if (!error && --left === 0) stream.written();
          });
        }
        socket.uncork();
      },
      finish: () => void socket.end(),
      release: () => {
        settling?.dispose();
        socket.destroy();
      },
      demand: () => void socket.resume(),
      get held() {
        return socket.isPaused();
      },
      get awaited() {
        return owner.awaited;
      },
    },
    owner.clock,
  );
  socket.on('data', (chunk: Buffer) => {
    owner.heard();
    stream.receive(chunk);
    stream.deliver();
    if (stream.unread > HOLD_UNREAD_BYTES) socket.pause();
  });
  socket.once('end', () => {
    settling = owner.clock.schedule(SETTLE_MS, () => {
      const fault = owner.objection(stream.received);
      if (fault) stream.fail(fault);
      else stream.remoteEnd();
    });
  });
  const cut = (error?: Error): void => {
    // Past its end a connection fails only for what is still written to it, which the stream itself tells the writer.
    if (!socket.readableEnded) stream.fail(owner.objection(true) ?? pluginStreamFailed(error));
  };
  socket.on('error', cut).once('close', () => cut());
  return stream;
}
