import { median } from './probe/latencyTrend';
import { MAX_PROBE_POINTS, type ProbePoint, type TunnelDetails, type UpDown } from '../model/tunnel';

/** The last probes of a tunnel, over whatever links they went. */
export class ProbeHistory {
  readonly #points: ProbePoint[] = [];
  #before: UpDown = { up: 0, down: 0 };

  /** @param bytes relayed since the tunnel exists; `at`: ms since the epoch */
  add({ at, latencyMs, failed }: Pick<ProbePoint, 'at' | 'failed'> & { readonly latencyMs?: number | undefined }, bytes: UpDown): void {
    const { up, down } = this.#before;
    this.#before = bytes;
    this.#points.push({ at, failed, ...(latencyMs !== undefined && { latencyMs }), up: bytes.up - up, down: bytes.down - down });
    if (this.#points.length > MAX_PROBE_POINTS) this.#points.shift();
  }

  get details(): Omit<TunnelDetails, 'info'> {
    const history = [...this.#points];
    const measured = history.flatMap(({ latencyMs }) => latencyMs ?? []);
    if (measured.length === 0) return { history };
    return { history, latency: { lowestMs: Math.min(...measured), medianMs: median(measured), highestMs: Math.max(...measured) } };
  }
}
