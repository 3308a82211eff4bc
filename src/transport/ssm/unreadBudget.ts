const MIB = 1024 * 1024;
/** Bytes received and not yet read at which a stream counts as behind: reading is held up where that hurts no one else. */
export const HOLD_UNREAD_BYTES = MIB;

export interface UnreadLimits {
  /** Bytes received and not yet read at which a stream is reset. */
  readonly perStream: number;
  /** The same over all streams that are behind. */
  readonly total: number;
}

/** Of the process: whatever the number of tunnels. */
const LIMITS: UnreadLimits = { perStream: 64 * MIB, total: 256 * MIB };
/** What may still come after reading was stopped: the operating system's buffer is emptied in one turn. */
const OVERSHOOT_BYTES = 4 * MIB;

/** Whatever holds received bytes for a consumer. */
export interface UnreadHolder {
  readonly unread: number;
}

/** Bounds what is kept for consumers that do not read, over all of them. */
export class UnreadBudget {
  readonly #limits: UnreadLimits;
  /** Holders that were behind when something last came for them. */
  readonly #behind = new Set<UnreadHolder>();

  constructor(limits: UnreadLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Whether `holder` may take `bytes` more. One that is not behind always may. */
  admits(holder: UnreadHolder, bytes: number): boolean {
    if (holder.unread + bytes <= HOLD_UNREAD_BYTES) return true;
    this.#behind.add(holder);
    return this.#room(holder) >= bytes;
  }

  /** Whether it is time to stop reading for `holder` altogether. */
  isFull(holder: UnreadHolder): boolean {
    return this.#room(holder) < Math.min(OVERSHOOT_BYTES, this.#limits.perStream / 2);
  }

  /** The holder is gone, and what it held. */
  forget(holder: UnreadHolder): void {
    this.#behind.delete(holder);
  }

  #room(holder: UnreadHolder): number {
    let total = 0;
    for (const one of this.#behind) {
      if (one.unread > HOLD_UNREAD_BYTES) total += one.unread;
      else if (one !== holder) this.#behind.delete(one);
    }
    return Math.min(this.#limits.perStream - holder.unread, this.#limits.total - total);
  }
}

export const PROCESS_UNREAD = new UnreadBudget();
