import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isOutward } from '../../base/address';
import { cancelled } from '../../base/fault';
import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import type { Endpoint } from '../../model/endpoint';
import type { Link, Transport } from '../../model/link';
import type { Route } from '../../model/route';
import { DirectLink } from './directLink';

export interface DirectTransportDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The stream through a proxy; undefined: none is to be used for this endpoint. See `Outbound.bareViaProxy`. */
  readonly viaProxy: (to: Endpoint, signal: AbortSignal) => Promise<Socket> | undefined;
  /** Until a server that does not answer counts as unreachable, ms; less than a probe is given, so that this reason is told. */
  readonly connectMs?: number;
  /** See `systemAddresses`, which it is unless told. */
  readonly ownAddresses?: () => readonly string[];
}

const CONNECT_MS = 8_000;

/**
 * No bastion: each stream is a TCP connection of its own. There is nothing to dial before the first one, so that a dial
 * always passes; the probe that follows tells whether the endpoint can be reached.
 */
export class DirectTransport implements Transport {
  readonly method = 'direct';
  readonly #deps: DirectTransportDeps;

  constructor(deps: DirectTransportDeps) {
    this.#deps = deps;
  }

  dial(_route: Route, signal: AbortSignal): Promise<Link> {
    if (signal.aborted) return Promise.reject(cancelled());
    const { clock, logger, viaProxy, connectMs = CONNECT_MS, ownAddresses = systemAddresses } = this.#deps;
    return Promise.resolve(new DirectLink({ clock, logger, viaProxy, connectMs, ownAddresses }));
  }
}

/**
 * The addresses that this machine has now. None while none of them leads out (shortly after sleep, say), or where the system
 * refuses the question: then nothing is known of those that connections were made from.
 */
export function systemAddresses(read: typeof networkInterfaces = networkInterfaces): readonly string[] {
  try {
    const all = Object.values(read()).flatMap((ways) => ways ?? []);
    return all.some((one) => isOutward(one)) ? all.map(({ address }) => address) : [];
  } catch {
    return [];
  }
}
