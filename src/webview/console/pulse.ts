// The latency strip: from numbers to what is drawn; no document.

/** Of the drawing, in units of its view box. */
export const WIDTH = 90;
export const HEIGHT = 16;
/** Pings from which there is something to say. */
const ENOUGH = 2;

export interface PulseSummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** An SVG path: a line for each run without a gap. */
  readonly path: string;
}

/** Latencies in ms, oldest first, null for a gap; undefined where there are too few. */
export function pulseSummary(latencies: readonly (number | null)[]): PulseSummary | undefined {
  const known = latencies.filter((latency) => latency !== null).toSorted((a, b) => a - b);
  if (known.length < ENOUGH) return undefined;
  const at = (share: number): number => known[Math.ceil(share * known.length) - 1]!;
  const top = known.at(-1)!;
  const step = WIDTH / Math.max(1, latencies.length - 1);
  let path = '';
  let pen = 'M';
  for (const [index, latency] of latencies.entries()) {
    if (latency === null) {
      pen = 'M';
      continue;
    }
    const y = top > 0 ? HEIGHT - 1 - (latency / top) * (HEIGHT - 2) : HEIGHT - 1;
    path += `${pen}${round(index * step)} ${round(y)}`;
    pen = 'L';
  }
  return { count: known.length, p50Ms: at(0.5), p99Ms: at(0.99), path };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
