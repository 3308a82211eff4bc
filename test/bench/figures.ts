/** Measured values by name; the unit is the last part of the name. */
export type Figures = Readonly<Record<string, number>>;

/** The value below which the share `q` (0 to 1) of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new Error('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Three significant digits: more would pretend a precision that no run has. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
