import type { Event } from '../base/event';
import type { FaultData } from '../base/fault';
import type { Endpoint } from './endpoint';
import type { Health } from './health';
import type { LinkReading } from './link';
import type { Route } from './route';

export type TunnelState =
  | { readonly phase: 'connecting'; readonly attempt: number }
  | { readonly phase: 'open'; readonly streams: number }
  /** The link is gone; the port stays bound and a new link is dialled at `retryAt` (ms since the epoch). */
  | { readonly phase: 'waiting'; readonly attempt: number; readonly retryAt: number; readonly cause: FaultData }
  | { readonly phase: 'closed'; readonly cause?: FaultData };

/** `up` from the local client, `down` to it. */
export interface UpDown {
  readonly up: number;
  readonly down: number;
}

/** One tunnel as plain data; `local` never changes while the tunnel exists. */
export interface TunnelInfo {
  readonly id: string;
  readonly route: Route;
  /** Where programs on this machine connect to. */
  readonly local: Endpoint;
  /** The address that the tunnel listens on, where that is not this machine's own loopback: others may reach it. */
  readonly exposedOn?: string;
  readonly state: TunnelState;
  readonly health: Health;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Payload bytes relayed so far. */
  readonly bytes: UpDown;
  /** Payload bytes per second, measured over the last second in which any moved; 0 at rest. */
  readonly rate: UpDown;
  /** What carries the tunnel now; absent while no link is up. */
  readonly link?: LinkReading;
}

export interface StartOptions {
  /** Local port to bind; 0 or absent: the one that this destination had last, else one that the system offers, which it then keeps. */
  readonly localPort?: number;
  /** Whether the destination keeps `localPort` from now on. */
  readonly keepPort?: boolean;
  /** Literal IP address to listen on; 127.0.0.1 unless told. What is not loopback the person has agreed to. */
  readonly bindAddress?: string;
}

/** Plain data in, plain data and events out: the seam that moves into the broker process later. */
export interface TunnelService {
  /**
   * Opens a tunnel and resolves when it is open and its first probe has passed.
   * A tunnel that already leads to the same destination is returned instead of a second one.
   * @throws Fault when the port, the link or the first probe fails, or the signal fires; nothing is left running then.
   */
  start(route: Route, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo>;
  /** Closes the listener, its streams and its link, and terminates the session at the service. Unknown ids are fine. */
  stop(id: string): Promise<void>;
  list(): Promise<readonly TunnelInfo[]>;
  /** Fires with each change; the last event of a tunnel has phase `closed`. */
  readonly onDidChange: Event<TunnelInfo>;
}
