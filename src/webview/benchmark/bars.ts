// Numbers to the bars of a chart; no document.

export interface Bar {
  readonly group: string;
  readonly kind: string;
  readonly value: number;
  readonly text: string;
}

export interface PlacedBar extends Bar {
  /** Upper edge, in units of the SVG's view box. */
  readonly y: number;
  readonly width: number;
  /** Whether it is the first of its group, whose name is written beside it. */
  readonly first: boolean;
}

export const BAR = { height: 18, gap: 4, groupGap: 14, width: 240, left: 60 } as const;

/** Bars one below the other, groups apart; the longest is as wide as there is room, and whatever is more than nothing can be seen. */
export function placeBars(bars: readonly Bar[]): { readonly bars: readonly PlacedBar[]; readonly height: number } {
  const highest = Math.max(0, ...bars.map(({ value }) => value));
  let y = 0;
  const placed = bars.map((bar, index): PlacedBar => {
    const first = bars[index - 1]?.group !== bar.group;
    if (first && index > 0) y += BAR.groupGap;
    const width = highest > 0 ? (bar.value / highest) * BAR.width : 0;
    const made = { ...bar, y, width: bar.value > 0 ? Math.max(2, Math.round(width * 10) / 10) : 0, first };
    y += BAR.height + BAR.gap;
    return made;
  });
  return { bars: placed, height: Math.max(0, y - BAR.gap + 1) };
}
