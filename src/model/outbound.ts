import type { Duplex } from 'node:stream';
import type { Destination } from '../base/proxy';

/**
 * The way out of this machine through a proxy. Undefined: no proxy is to be used for this destination; connect directly.
 * The stream is connected to the destination, with TLS established and verified when that is `secure`, against `ca` (PEM)
 * where the AWS configuration names one.
 * Bounded in time. Rejects with a Fault `proxy.*` or `operation.cancelled`, or with Node's error where the destination's own
 * TLS fails.
 */
export type ProxyDial = (to: Destination, ca: string | undefined, signal: AbortSignal) => Promise<Duplex> | undefined;
