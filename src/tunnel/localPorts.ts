import type { Socket } from 'node:net';
import { Fault, isFault } from '../base/fault';
import type { Logger } from '../base/log';
import type { Endpoint } from '../model/endpoint';
import { destinationKey, type Route } from '../model/route';
import type { StartOptions, TunnelInfo } from '../model/tunnel';
import { type Listen, type Listener, listenOn, LOOPBACK } from './listener';
import { isPromised, portOf } from './portBook';
import { findPortHolder, type PortHolder } from './portHolder';
import type { PortStore } from './portStore';

export interface LocalPortsDeps {
  readonly store: PortStore;
  readonly logger: Logger;
  /** Tunnels of our own, which may be what holds a port. */
  readonly own: () => readonly Pick<TunnelInfo, 'local' | 'route'>[];
  /** Resolves when our own tunnel that still holds the port has ended; undefined where none is ending. */
  readonly ending?: (port: number) => Promise<void> | undefined;
  /** `findPortHolder` unless told. */
  readonly holderOf?: (port: number) => Promise<PortHolder | undefined>;
}

/** So many ports that the system offers may be promised to other destinations before one of those is taken. */
const FRESH_TRIES = 8;

/**
 * Chooses and binds the local ports of tunnels. A destination keeps its port: the one that is asked for, else the one that
 * it had last, else one that the system offers, which it then keeps. What is bound is never another than what was promised.
 */
export class LocalPorts {
  readonly #deps: LocalPortsDeps;

  constructor(deps: LocalPortsDeps) {
    this.#deps = deps;
  }

  /**
   * How a tunnel of this route listens.
   * The result throws the faults of `listenOn`; of a port that is taken the fault names who holds it, and its remedy's
   * subject is a port that was free a moment ago.
   */
  for(route: Route, { localPort = 0, keepPort = false, bindAddress = LOOPBACK }: StartOptions): Listen {
    return async (onConnection) => {
      const { store } = this.#deps;
      const destination = destinationKey(route);
      if (localPort !== 0) {
        const listener = await this.#bind({ host: bindAddress, port: localPort }, onConnection);
        if (keepPort) store.remember({ destination, port: localPort });
        return listener;
      }
      const book = await store.book();
      const known = portOf(book, destination);
      const listener =
        known === undefined
          ? await bindFresh(bindAddress, onConnection, (port) => isPromised(book, port, destination))
          : await this.#bind({ host: bindAddress, port: known }, onConnection);
      store.remember({ destination, port: listener.local.port });
      return listener;
    };
  }

  async #bind(at: Endpoint, onConnection: (socket: Socket) => void): Promise<Listener> {
    for (;;) {
      try {
        return await listenOn(at, onConnection);
      } catch (error) {
        if (!isFault(error) || (error.code !== 'tunnel.portTaken' && error.code !== 'tunnel.portForbidden')) throw error;
        const ending = this.#deps.ending?.(at.port);
        if (!ending) throw await this.#explained(error, at);
        await ending;
      }
    }
  }

  async #explained(fault: Fault, at: Endpoint): Promise<Fault> {
    const { own, holderOf = findPortHolder, logger } = this.#deps;
    const tunnel = fault.code === 'tunnel.portTaken' ? own().find(({ local }) => local.port === at.port) : undefined;
    const [holder, free] = await Promise.all([
      fault.code === 'tunnel.portTaken' && !tunnel ? holderOf(at.port) : undefined,
      freePort(at.host).catch(() => undefined),
    ]);
    logger.log('info', 'ports.taken', { port: at.port, ...(holder && { pid: holder.pid, program: holder.name }), ownTunnel: tunnel !== undefined });
    const by = tunnel ? `your tunnel to ${tunnel.route.target.name}` : holder && holderText(holder);
    const message = by === undefined ? fault.message : `Port ${at.port} on ${at.host} is in use by ${by}.`;
    const text = fault.remedy?.text ?? 'Choose another port.';
    return new Fault(fault.code, message, {
      cause: fault.cause,
      remedy: { text, action: 'chooseAnotherPort', ...(free !== undefined && { subject: String(free) }) },
    });
  }
}

function holderText({ pid, name }: PortHolder): string {
  return name === '' ? `process ${pid}` : `${name} (process ${pid})`;
}

/** Binds what the system offers; a port that is promised to another destination is held until a better one is found. */
async function bindFresh(host: string, onConnection: (socket: Socket) => void, promised: (port: number) => boolean): Promise<Listener> {
  const refused: Listener[] = [];
  try {
    for (;;) {
      const listener = await listenOn({ host, port: 0 }, onConnection);
      if (!promised(listener.local.port) || refused.length >= FRESH_TRIES) return listener;
      refused.push(listener);
    }
  } finally {
    await Promise.all(refused.map((listener) => listener.dispose()));
  }
}

/** A port to propose to a person: only binding it will tell whether it is free then. */
async function freePort(host: string): Promise<number> {
  const listener = await listenOn({ host, port: 0 }, (socket) => socket.destroy());
  await listener.dispose();
  return listener.local.port;
}
