// Faults in single frames between client and agent, from a seed, so that a run can be repeated.

/** Chances in [0, 1] for each frame; they are drawn independently, drop first. */
export interface FrameFaultRates {
  readonly drop?: number;
  readonly duplicate?: number;
  /** The frame is held until the next one has passed, at most HOLD_MS. */
  readonly reorder?: number;
  /** One byte of the payload is changed; the agent never checks the digest, so towards it this changes the data. */
  readonly corrupt?: number;
}

export interface FrameFaults {
  /** Any integer. */
  readonly seed: number;
  readonly toAgent?: FrameFaultRates;
  readonly toClient?: FrameFaultRates;
}

const HOLD_MS = 20;

/** One direction of one session. */
export class FaultyPath {
  readonly #rates: FrameFaultRates;
  readonly #random: () => number;
  readonly #deliver: (frame: Buffer) => void;
  readonly #headBytes: number;
  #held: { readonly frame: Buffer; readonly timer: NodeJS.Timeout } | undefined;

  constructor(options: {
    readonly rates: FrameFaultRates;
    readonly random: () => number;
    /** Bytes at the front that are never corrupted. */
    readonly headBytes: number;
    readonly deliver: (frame: Buffer) => void;
  }) {
    this.#rates = options.rates;
    this.#random = options.random;
    this.#headBytes = options.headBytes;
    this.#deliver = options.deliver;
  }

  pass(frame: Buffer): void {
    const { drop = 0, duplicate = 0, reorder = 0, corrupt = 0 } = this.#rates;
    // Always four draws per frame: one rate does not shift the others' dice.
    const [dropped, doubled, held, changed] = [drop, duplicate, reorder, corrupt].map((rate) => this.#random() < rate);
    if (dropped) return;
    const passed = changed ? this.#corrupted(frame) : frame;
    if (held && !this.#held) {
      this.#held = { frame: passed, timer: setTimeout(() => this.#release(), HOLD_MS) };
      return;
    }
    this.#deliver(passed);
    if (doubled) this.#deliver(passed);
    this.#release();
  }

  close(): void {
    if (this.#held) clearTimeout(this.#held.timer);
    this.#held = undefined;
  }

  #release(): void {
    if (!this.#held) return;
    const { frame, timer } = this.#held;
    clearTimeout(timer);
    this.#held = undefined;
    this.#deliver(frame);
  }

  #corrupted(frame: Buffer): Buffer {
    const copy = Buffer.from(frame);
    if (copy.length > this.#headBytes) {
      const at = this.#headBytes + Math.floor(this.#random() * (copy.length - this.#headBytes));
      copy[at] = copy[at]! ^ 0x5a;
    }
    return copy;
  }
}

/** mulberry32: small, quick and repeatable; values in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
