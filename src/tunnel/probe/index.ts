import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock';
import { cancelled } from '../../base/fault';
import type { Health } from '../../model/health';
import type { Link } from '../../model/link';
import type { Route } from '../../model/route';
import { talkFor } from './engines';
import { streamFault, unanswered } from './faults';
import { ProbeStream } from './probeStream';
import type { Passed } from './talks';

export { probeInterval } from './engines';

export interface ProbeDeps {
  readonly clock: Clock;
  /** Certificates (PEM) trusted for TLS to targets besides the built-in ones. */
  readonly targetCa: () => Promise<string | undefined>;
  /** Ms until a target that does not answer counts as unreachable; 10,000 unless told. */
  readonly timeoutMs?: number;
}

/** One protocol round trip over a stream of its own through the link; the stream is gone afterwards. */
export type Probe = (link: Link, route: Route, signal: AbortSignal) => Promise<Health>;

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * The round trip of the target's own protocol, as its engine says. No credentials are sent; a server's refusal to go on
 * without them is a passed round trip.
 * @throws Fault `target.unreachable`, `target.closedConnection`, `target.not…` (another protocol),
 *   `target.tlsNameMismatch`, `target.tlsUntrusted`, `target.tlsExpired`, `target.tlsFailed`,
 *   `target.tlsRequired`, or the link's own Fault.
 */
export function targetProbe(deps: ProbeDeps): Probe {
  const { clock, targetCa, timeoutMs = DEFAULT_TIMEOUT_MS } = deps;
  return async (link, route, signal) => {
    const ca = await targetCa();
    const end = new AbortController();
    const streams: ProbeStream[] = [];
    const cut = (): void => {
      end.abort();
      for (const stream of streams) stream.destroy();
    };
    let late = false;
    const timer = clock.schedule(timeoutMs, () => {
      late = true;
      cut();
    });
    // One signal of our own: those that `AbortSignal.any` makes are weakly referenced, which many idle tunnels pay for.
    signal.addEventListener('abort', cut, { once: true });
    if (signal.aborted) cut();
    const open = async (): Promise<ProbeStream> => {
      const raw: Duplex = await link.open(route.endpoint, end.signal);
      const stream = new ProbeStream(raw);
      streams.push(stream);
      if (end.signal.aborted) stream.destroy();
      return stream;
    };
    try {
      const passed = await talkFor(route.target)({ route, ca, clock, open, signal: end.signal });
      return healthOf(passed, clock);
    } catch (error) {
      if (signal.aborted) throw cancelled();
      if (late) throw unanswered(route, timeoutMs);
      throw streamFault(error, route);
    } finally {
      timer.dispose();
      await Promise.all(streams.map((stream) => stream.leave(clock)));
      signal.removeEventListener('abort', cut);
    }
  };
}

function healthOf({ latencyMs, trouble, remark }: Passed, clock: Clock): Health {
  const base = { ...(latencyMs !== undefined && { latencyMs }), checkedAt: clock.wall() };
  if (trouble !== undefined) return { ...base, level: 'degraded', detail: `The server answers but cannot serve now: ${trouble}` };
  return { ...base, level: 'ok', ...(remark !== undefined && { detail: remark }) };
}
