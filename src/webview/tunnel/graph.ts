// Numbers to the coordinates of a graph; no document.

/** The space inside the axes, in units of the SVG's view box. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Sample {
  /** Milliseconds since the epoch, never falling. */
  readonly at: number;
  /** Not negative; null where there is none: the line is interrupted there. */
  readonly value: number | null;
}

export interface Dot {
  readonly x: number;
  readonly y: number;
}

/** The upper end of an axis that shows values up to `highest`: never 0, so that all fit. */
export function topOf(highest: number): number {
  return highest > 0 ? highest : 1;
}

/** Where the samples are, those without a value left out; time runs from the first to the last. */
export function dotsOf(samples: readonly Sample[], top: number, frame: Frame): readonly Dot[] {
  return lines(samples, top, frame).flat();
}

/** An SVG path: one line for each run of samples with values, a point's own little line where it stands alone. */
export function pathOf(samples: readonly Sample[], top: number, frame: Frame): string {
  return lines(samples, top, frame)
    .map((run) => {
      const [first, ...rest] = run.map(({ x, y }) => `${round(x)} ${round(y)}`);
      return rest.length === 0 ? `M${first}h0.1` : `M${first}L${rest.join('L')}`;
    })
    .join('');
}

/** Horizontal position of a time. */
export function xOf(at: number, samples: readonly Sample[], { left, width }: Frame): number {
  const first = samples[0]?.at ?? at;
  const span = (samples.at(-1)?.at ?? at) - first;
  return span > 0 ? left + ((at - first) / span) * width : left + width;
}

function lines(samples: readonly Sample[], top: number, frame: Frame): readonly (readonly Dot[])[] {
  const runs: Dot[][] = [[]];
  for (const { at, value } of samples) {
    if (value === null) {
      runs.push([]);
      continue;
    }
    const share = Math.min(1, value / topOf(top));
    runs.at(-1)!.push({ x: xOf(at, samples, frame), y: frame.top + frame.height * (1 - share) });
  }
  return runs.filter((run) => run.length > 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
