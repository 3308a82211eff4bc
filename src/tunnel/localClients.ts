import type { Socket } from 'node:net';
import type { Clock } from '../base/clock';
import { isFault } from '../base/fault';
import type { LogLevel } from '../base/log';
import type { Endpoint } from '../model/endpoint';
import type { Link } from '../model/link';
import type { TunnelLimits } from './limits';
import { relay, reset, type Meter } from './relay';
import { WaitingRoom } from './waitingRoom';

export interface LocalClientsDeps {
  readonly clock: Clock;
  readonly limits: Pick<TunnelLimits, 'holdMs' | 'maxWaiting'>;
  readonly to: Endpoint;
  readonly meter: Meter;
  /** The link that is up, if one is. */
  readonly link: () => Link | undefined;
  /** `count` has changed. */
  readonly onChange: () => void;
  readonly log: (level: LogLevel, event: string, fields?: Record<string, unknown>) => void;
}

/** The connections that programs on this machine have made to a tunnel's port. */
export class LocalClients {
  readonly #deps: LocalClientsDeps;
  readonly #room: WaitingRoom;
  readonly #sockets = new Set<Socket>();
  #speaking = 0;
  #closed = false;

  constructor(deps: LocalClientsDeps) {
    this.#deps = deps;
    this.#room = new WaitingRoom(deps.clock, deps.limits.maxWaiting);
  }

  /** Those that have not ended their side. A client that has may be gone altogether, which cannot be told apart. */
  get count(): number {
    return this.#speaking;
  }

  /** Takes over a paused socket. */
  accept(socket: Socket): void {
    if (this.#closed) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    this.#speaking++;
    let speaks = true;
    const fallSilent = (): void => {
      if (!speaks) return;
      speaks = false;
      this.#speaking--;
      this.#deps.onChange();
    };
    socket.once('end', fallSilent).once('close', () => {
      this.#sockets.delete(socket);
      fallSilent();
    });
    this.#deps.onChange();
    void this.#serve(socket);
  }

  /** A link is up: those that wait for one take it. */
  linkUp(link: Link): void {
    this.#room.open(link);
  }

  /** Resets all. */
  dispose(): void {
    this.#closed = true;
    this.#room.close();
    for (const socket of this.#sockets) reset(socket);
  }

  async #serve(socket: Socket): Promise<void> {
    const { meter, log } = this.#deps;
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    const onError = (error: Error): void => log('debug', 'tunnel.clientError', { error });
    socket.once('close', onClose).on('error', onError);
    try {
      const stream = await this.#stream(gone.signal);
      const failure = await relay(socket, stream, meter);
      if (failure) log('debug', 'tunnel.streamReset', { error: failure });
    } catch (error) {
      if (!gone.signal.aborted && !this.#closed) log('warn', 'tunnel.connectionReset', { ...(isFault(error) && { code: error.code }), error });
      reset(socket);
    } finally {
      socket.off('close', onClose);
    }
  }

  /** A stream through the link that is up, or through the next one if that comes in time. */
  async #stream(signal: AbortSignal): ReturnType<Link['open']> {
    const { clock, limits, to, link: current } = this.#deps;
    const until = clock.now() + limits.holdMs;
    for (;;) {
      const link = current() ?? (await this.#room.wait(until - clock.now(), signal));
      try {
        return await link.open(to, signal);
      } catch (error) {
        // Nothing has been read from the client yet: the loss of the link need not be its loss.
        if (signal.aborted || current() === link || clock.now() >= until) throw error;
      }
    }
  }
}
