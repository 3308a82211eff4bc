/** What a reply on the shelf must let be done to it. */
export interface Shelved {
  /** Lets go of everything that it holds. */
  drop(): void;
}

/** Of the texts and values of all replies of a window together, bytes. */
export const SHELF_BYTES = 64 * 1024 * 1024;

interface Place {
  bytes: number;
  /** Whether it is still growing: what is being read now does not make room for others. */
  growing: boolean;
}

/** Keeps count of what replies hold, and drops the oldest ones when a newer one needs the room. */
export class ReplyShelf {
  readonly #limit: number;
  readonly #places = new Map<Shelved, Place>();
  #bytes = 0;

  constructor(limit = SHELF_BYTES) {
    this.#limit = limit;
  }

  /** What all replies together hold. */
  get bytes(): number {
    return this.#bytes;
  }

  add(reply: Shelved): void {
    this.#places.set(reply, { bytes: 0, growing: true });
  }

  /** Whether the reply may hold so many bytes more; others may have gone for it. */
  take(reply: Shelved, bytes: number): boolean {
    const place = this.#places.get(reply);
    if (!place) return false;
    for (const [other, { growing }] of this.#places) {
      if (this.#bytes + bytes <= this.#limit) break;
      if (!growing && other !== reply) this.remove(other);
    }
    if (this.#bytes + bytes > this.#limit) return false;
    place.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  /** The reply is complete. */
  settle(reply: Shelved): void {
    const place = this.#places.get(reply);
    if (place) place.growing = false;
  }

  remove(reply: Shelved): void {
    const place = this.#places.get(reply);
    if (!place) return;
    this.#places.delete(reply);
    this.#bytes -= place.bytes;
    reply.drop();
  }
}
