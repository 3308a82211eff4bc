import type { Event } from '../base/event';
import type { FaultData } from '../base/fault';
import type { Endpoint } from './endpoint';
import type { Health } from './health';
import type { LinkReading } from './link';
import { type Route, wayOf } from './route';

export type TunnelState =
  | { readonly phase: 'connecting'; readonly attempt: number }
  | { readonly phase: 'open'; readonly streams: number }
  | TunnelWaiting
  | { readonly phase: 'closed'; readonly cause?: FaultData };

/** The link is gone and the port stays bound: another link is dialled at a time, or once somebody has done something. */
export type TunnelWaiting =
  /** `retryAt`: ms since the epoch. */
  | { readonly phase: 'waiting'; readonly attempt: number; readonly retryAt: number; readonly needs?: undefined; readonly cause: FaultData }
  /** Nothing is tried until the person has signed in, or asks for it: an authentication fault is never retried by itself. */
  | { readonly phase: 'waiting'; readonly attempt: number; readonly needs: 'signIn'; readonly retryAt?: undefined; readonly cause: FaultData };

/** `up` from the local client, `down` to it. */
export interface UpDown {
  readonly up: number;
  readonly down: number;
}

/** One tunnel as plain data; `local` never changes while the tunnel exists. */
export interface TunnelInfo {
  readonly id: string;
  /** The one in use, or that is dialled: with alternates it changes, and only its destination stays the same. */
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
  /** How often a lost link has been replaced. */
  readonly reconnects: number;
  /** What last went wrong with a link, a dial or a probe; absent while nothing has. */
  readonly lastFault?: PastFault;
  /** Another window asks the person for what it waits for, and tells of it: the broker says so to each window on its own. */
  readonly spokenFor?: true;
  /** Nobody but a trial has asked for it so far, with which it ends: it is no tunnel to be shown or used. */
  readonly trial?: boolean;
}

/** What it waits for, the same for all that wait for the same thing; undefined for those that wait for nobody. */
export function needOf({ state, route }: TunnelInfo): string | undefined {
  if (state.phase !== 'waiting' || state.needs === undefined) return undefined;
  const { code, remedy } = state.cause;
  return `${code} ${remedy?.subject ?? route.place.profile}${code.startsWith('ssh.') ? ` ${wayOf(route)}` : ''}`;
}

export interface PastFault {
  readonly fault: FaultData;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Of a probe: when it ended, what it measured, and what was relayed since the one before. */
export interface ProbePoint {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Round-trip time, ms; absent when the probe failed, or could measure none. */
  readonly latencyMs?: number;
  readonly failed: boolean;
  /** Payload bytes since the point before. */
  readonly up: number;
  readonly down: number;
}

/** More points than these are not kept: an hour of probes every half minute. */
export const MAX_PROBE_POINTS = 120;

/** What is too much for every event. */
export interface TunnelDetails {
  readonly info: TunnelInfo;
  /** Of the points that are kept; absent while none has a latency. */
  readonly latency?: { readonly lowestMs: number; readonly medianMs: number; readonly highestMs: number };
  /** The newest last, at most `MAX_PROBE_POINTS`. */
  readonly history: readonly ProbePoint[];
}

/** More alternates than these are not tried. */
export const MAX_ALTERNATES = 5;

export interface StartOptions {
  /** Local port to bind; 0 or absent: the one that this destination had last, else one that the system offers, which it then keeps. */
  readonly localPort?: number;
  /** Other routes to the same destination, the best first; dialled when the bastion of the route is gone. The first five count. */
  readonly alternates?: readonly Route[];
  /** How long a client's connection waits for a link, ms; 10,000 unless told. */
  readonly holdMs?: number;
  /** Between two probes while it is healthy, ms, 5,000 to 3,600,000; 30,000 unless told. Some engines are asked less often. */
  readonly probeEveryMs?: number;
  /**
   * Once open, it is not closed by what another try cannot help (a target that is gone, a permission that is missing): it is
   * tried again every five minutes, and whenever credentials or the network change.
   */
  readonly keep?: boolean;
  /** Whether the destination keeps `localPort` from now on. */
  readonly keepPort?: boolean;
  /** Literal IP address to listen on; 127.0.0.1 unless told. What is not loopback the person has agreed to. */
  readonly bindAddress?: string;
  /**
   * Only whether it works is of interest: what is opened for it is closed again before `start` resolves, with phase `closed` and the
   * health that it had, unless someone else asks for the same destination meanwhile. What was open before stays so.
   */
  readonly trial?: boolean;
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
  /** Undefined for unknown ids. */
  details(id: string): Promise<TunnelDetails | undefined>;
  /** Dials at once where the tunnel waits, and probes the link where it has one. Unknown ids are fine. */
  retry(id: string): Promise<void>;
  /** Fires with each change; the last event of a tunnel has phase `closed`. */
  readonly onDidChange: Event<TunnelInfo>;
}
