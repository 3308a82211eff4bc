import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { cancelled, isFault } from '../../base/fault';
import type { Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import { formatEndpoint } from '../../model/endpoint';
import type { Link } from '../../model/link';
import { established } from '../connect';
import { bounded } from '../ssm/bounded';
import type { DirectTransportDeps } from './directTransport';
import { connectFault, linkClosed, unanswered } from './faults';

/** Silence after which the system asks the other side for a sign of life, ms: routers forget what is silent for minutes. */
const KEEP_ALIVE_MS = 15_000;

/** TCP connections to the endpoint. One that cannot be made ends the link, unless others live or are being made, which it is not to harm. */
export class DirectLink implements Link {
  readonly closed: Promise<Fault | undefined>;
  readonly #deps: Required<DirectTransportDeps>;
  readonly #sockets = new Set<Socket>();
  /** Connections that are being made. */
  #opening = 0;
  readonly #ended = new AbortController();
  #settle: (cause: Fault | undefined) => void = () => {};

  constructor(deps: Required<DirectTransportDeps>) {
    this.#deps = deps;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  async open(to: Endpoint, signal: AbortSignal): Promise<Duplex> {
    if (this.#ended.signal.aborted) throw linkClosed();
    const { clock, logger, connectMs } = this.#deps;
    const began = clock.now();
    const bound = { clock, ms: connectMs, late: () => unanswered(to, connectMs) };
    this.#opening++;
    try {
      const socket = await bounded(bound, (until) => this.#connect(to, until), AbortSignal.any([signal, this.#ended.signal]));
      logger.log('debug', 'direct.connected', { to: formatEndpoint(to), ms: Math.round(clock.now() - began) });
      return socket;
    } catch (error) {
      if (signal.aborted) throw cancelled();
      if (this.#ended.signal.aborted) throw linkClosed();
      const fault = isFault(error) ? error : connectFault(error, to);
      logger.log('info', 'direct.connectFailed', { to: formatEndpoint(to), code: fault.code });
      if (this.#sockets.size === 0 && this.#opening === 1) this.#end(fault);
      throw fault;
    } finally {
      this.#opening--;
    }
  }

  /** What was connected from an address that this machine has lost hears nothing any more, and nobody would tell it. */
  check(): void {
    const own = new Set(this.#deps.ownAddresses());
    // The same address may be back in a moment, and nobody has heard of a loss.
    if (own.size === 0) return;
    for (const socket of this.#sockets) {
      const { localAddress } = socket;
      if (localAddress !== undefined && !own.has(localAddress)) cut(socket);
    }
  }

  dispose(): Promise<void> {
    this.#end(undefined);
    const live = [...this.#sockets].filter(({ closed }) => !closed);
    const gone = live.map((socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve())));
    for (const socket of live) cut(socket);
    return Promise.all(gone).then(() => undefined);
  }

  async #connect(to: Endpoint, signal: AbortSignal): Promise<Socket> {
    const socket = await (this.#deps.viaProxy(to, signal) ?? straight(to, signal));
    // Too late for whoever has waited for it.
    if (signal.aborted) {
      socket.on('error', () => {}).destroy();
      throw cancelled();
    }
    // Whichever side ends first, the other one may go on.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    this.#sockets.add(socket);
    // What it fails with, its user hears, if it has one by then.
    socket.once('close', () => this.#sockets.delete(socket)).on('error', () => {});
    return socket;
  }

  #end(cause: Fault | undefined): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#settle(cause);
  }
}

/** So that neither side takes it for an end. */
function cut(socket: Socket): void {
  // A proxy may be spoken to in TLS, which has no such reset.
  if (socket instanceof TLSSocket) socket.destroy(linkClosed());
  else socket.resetAndDestroy();
}

function straight({ host, port }: Endpoint, signal: AbortSignal): Promise<Socket> {
  // A name may have addresses of both families, of which one leads nowhere.
  return established(connect({ host, port, allowHalfOpen: true, autoSelectFamily: true }), 'connect', signal);
}
