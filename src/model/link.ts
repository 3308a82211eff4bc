import type { Duplex } from 'node:stream';
import type { Fault } from '../base/fault';
import type { Endpoint } from './endpoint';
import type { Method, Route } from './route';

/** What a link is made of now, as plain data for views. */
export interface LinkReading {
  /** The Session Manager sessions that carry the link's streams. */
  readonly sessions: readonly { readonly sessionId: string; readonly streams: number }[];
  /** The agent at the far end sends as fast as it can and has more: neither we nor the network is the limit. */
  readonly agentLimited: boolean;
}

/** A stream that need not keep what is written to it. */
export interface BorrowingStream extends Duplex {
  /** As `write`, but the bytes may be overwritten afterwards. */
  writeLent(bytes: Buffer): boolean;
}

/** One live transport under a tunnel. */
export interface Link {
  /** Resolves once the link has ended: with the Fault that ended it, or undefined after `dispose`. Never rejects. */
  readonly closed: Promise<Fault | undefined>;
  /** Read whenever a view wants it; absent where there is nothing to say. */
  readonly reading?: LinkReading;
  /**
   * A byte stream to the destination. Half-open where the transport can be; destroyed with a Fault when it cannot go on.
   * @throws Fault when the link is closed or the signal fires.
   */
  open(to: Endpoint, signal: AbortSignal): Promise<Duplex>;
  /**
   * The network may have changed, or the machine slept: finds out within seconds whether the connection still lives, and ends
   * or replaces it where it does not. Absent where a link cannot; then a probe tells.
   */
  check?(): void;
  /** Ends every stream and the transport, and gives back what the service holds (the session is terminated). Idempotent. */
  dispose(): Promise<void>;
}

export interface Transport {
  readonly method: Method;
  /** Gets routes of its own method alone. Resolves when the link is usable. @throws Fault; nothing is left behind then. */
  dial(route: Route, signal: AbortSignal): Promise<Link>;
}
