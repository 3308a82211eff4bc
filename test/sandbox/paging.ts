import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface PageRequest {
  /** The request's own limit, if any. */
  readonly limit?: number | undefined;
  readonly token?: string | undefined;
  /** Everything that makes the listing what it is (account, region, action, filters): a token is good for that only. */
  readonly listing: string;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** Cuts listings into pages; its tokens are opaque and cannot be made up. */
export class Pager {
  readonly #key = randomBytes(32);
  readonly #pageSize: () => number;

  /** @param pageSize the most rows that a page ever has, whatever the request asks for */
  constructor(pageSize: () => number) {
    this.#pageSize = pageSize;
  }

  page<Row>(rows: readonly Row[], { limit, token, listing }: PageRequest): Page<Row> | undefined {
    const start = token === undefined ? 0 : this.#offsetIn(token, listing);
    if (start === undefined) return undefined;
    const end = start + Math.min(limit ?? Infinity, this.#pageSize());
    return { rows: rows.slice(start, end), ...(end < rows.length && { next: this.#token(end, listing) }) };
  }

  #token(offset: number, listing: string): string {
    return Buffer.from(`${offset}.${this.#mark(offset, listing)}`).toString('base64url');
  }

  #offsetIn(token: string, listing: string): number | undefined {
    const [offset = '', mark = ''] = Buffer.from(token, 'base64url').toString('latin1').split('.');
    const expected = Buffer.from(this.#mark(Number(offset), listing));
    const given = Buffer.from(mark);
    return given.length === expected.length && timingSafeEqual(given, expected) ? Number(offset) : undefined;
  }

  #mark(offset: number, listing: string): string {
    return createHmac('sha256', this.#key).update(`${offset}\n${listing}`).digest('hex');
  }
}
