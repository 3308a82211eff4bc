import type { Duplex } from 'node:stream';
import type { Fault } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import type { Link } from '../../model/link';
import type { Traffic } from './loadMeter';

/** A session that has had no socket for so long takes no new streams while another can be had, ms. Most are resumed sooner. */
export const INTERRUPTED_MS = 2000;

export interface SessionStream extends Duplex {
  /** When bytes last moved in either direction, or the stream began: by the clock's `now`. */
  readonly movedAt: number;
  /** The far side has ended: whatever is left to read is here. */
  readonly remoteEnded: boolean;
}

/** A link over one session, as a pool of them needs to see it. */
export interface SessionLink extends Link {
  /** The session's id at the service. */
  readonly id: string;
  /** Known at once when the session is over; `closed` tells it a moment later. */
  readonly fault: Fault | undefined;
  /** Carries one stream at a time; the others wait in `open`. */
  readonly exclusive: boolean;
  /**
   * A stream has far more to read than its client takes, the agent takes nothing, or the session has been without a socket
   * for a while: it is better for others to go elsewhere.
   */
  readonly stalled: boolean;
  readonly traffic: Readonly<Traffic>;
  /** Called after each turn of the event loop in which the session did something; set by the pool. */
  onTurn: () => void;
  open(to: Endpoint, signal: AbortSignal): Promise<SessionStream>;
}
