// Where the rows of a list are that is far higher than a browser can make an element; no document.

/** A browser's own limit is about 33 million; what is higher is scrolled in larger steps. CSS pixels. */
const MAX_HEIGHT = 20_000_000;

export class ListGeometry {
  rows = 0;
  /** CSS pixels, both at least 1. */
  rowHeight = 1;
  viewport = 1;

  /** Of the element that is scrolled. */
  get height(): number {
    return Math.min(this.rows * this.rowHeight, MAX_HEIGHT);
  }

  /** Whether a pixel of the bar is more than a pixel of the list. */
  get scaled(): boolean {
    return this.rows * this.rowHeight > MAX_HEIGHT;
  }

  /** The last row that can be the first one that is seen; with a fraction. */
  get lastTop(): number {
    return Math.max(0, this.rows - this.viewport / this.rowHeight);
  }

  get rowsInView(): number {
    return Math.max(1, Math.floor(this.viewport / this.rowHeight));
  }

  topAt(scrollTop: number): number {
    const range = this.height - this.viewport;
    return range <= 0 ? 0 : Math.min(1, Math.max(0, scrollTop / range)) * this.lastTop;
  }

  scrollAt(top: number): number {
    return this.lastTop === 0 ? 0 : (Math.min(top, this.lastTop) / this.lastTop) * (this.height - this.viewport);
  }

  /** The place at which a row is seen as a whole, as near as possible to what is seen now. */
  topToShow(row: number, top: number): number {
    if (row < top) return row;
    const needed = row + 1 - this.viewport / this.rowHeight;
    return Math.min(Math.max(top, needed, 0), this.lastTop);
  }
}
