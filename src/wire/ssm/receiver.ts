import type { Frame } from './frame';

export interface ReceiverLimits {
  /** Messages held while an earlier one is missing. */
  readonly maxMessages: number;
  /** Payload bytes held while an earlier message is missing. */
  readonly maxBytes: number;
}

export const DEFAULT_RECEIVER_LIMITS: ReceiverLimits = { maxMessages: 10_000, maxBytes: 8 * 1024 * 1024 };

/**
 * `next`: it is its turn. `early`: held until its turn. `repeated`: seen before, so its
 * acknowledgement was lost. `refused`: no room to hold it; it must come again.
 */
export type Arrival = 'next' | 'early' | 'repeated' | 'refused';

/** The receiving half of the reliable channel: puts messages into order. */
export class Receiver {
  readonly #limits: ReceiverLimits;
  readonly #held = new Map<number, Frame>();
  #heldBytes = 0;
  #expected = 0;

  constructor(limits: ReceiverLimits = DEFAULT_RECEIVER_LIMITS) {
    this.#limits = limits;
  }

  /** The number whose turn it is. */
  get expected(): number {
    return this.#expected;
  }

  /** Messages held out of order. */
  get held(): number {
    return this.#held.size;
  }

  /** Payload bytes held out of order. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  accept(frame: Frame): Arrival {
    if (frame.sequence === this.#expected) return 'next';
    if (frame.sequence < this.#expected || this.#held.has(frame.sequence)) return 'repeated';
    const distance = frame.sequence - this.#expected;
    const { length } = frame.payload;
    if (distance > this.#limits.maxMessages || this.#heldBytes + length > this.#limits.maxBytes) return 'refused';
    // Copied: a view would keep the whole block alive in which it was received.
    const messageId = Buffer.from(frame.messageId);
    this.#held.set(frame.sequence, { ...frame, messageId, payload: Buffer.from(frame.payload) });
    this.#heldBytes += length;
    return 'early';
  }

  /** The message whose turn it is has been processed; the held message whose turn it is now, if any. */
  advance(): Frame | undefined {
    this.#release(this.#expected);
    this.#expected++;
    return this.#held.get(this.#expected);
  }

  #release(sequence: number): void {
    const frame = this.#held.get(sequence);
    if (!frame) return;
    this.#held.delete(sequence);
    this.#heldBytes -= frame.payload.length;
  }
}
