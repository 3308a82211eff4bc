/** A failure to play: which calls it meets, what it does to them, and how often. */
export interface FaultRule {
  /** Signing name, e.g. `ec2`; absent: every service. */
  readonly service?: string;
  readonly action?: string;
  readonly kind: 'throttle' | 'accessDenied' | 'notSubscribed' | 'serverError' | 'latency';
  /** How many calls it meets; absent: all from now on. */
  readonly times?: number;
  /** For how long it meets calls, ms of the sandbox's clock, from when it is added; absent: for ever. */
  readonly forMs?: number;
  /** How long an answer is held back, ms. Any kind may be slow as well. */
  readonly latencyMs?: number;
}

/** What the rules in force do to one call. */
export interface FaultEffect {
  readonly latencyMs: number;
  readonly failure?: Exclude<FaultRule['kind'], 'latency'>;
}

interface Armed {
  readonly rule: FaultRule;
  left: number;
  /** Ms since the epoch, of the sandbox's clock. */
  readonly until: number;
}

/** Failures that tests inject into the API, in the order in which they were added. */
export class Faults {
  readonly #armed = new Set<Armed>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @returns takes the fault away again */
  add(rule: FaultRule): () => void {
    const armed = { rule, left: rule.times ?? Infinity, until: this.#now() + (rule.forMs ?? Infinity) };
    this.#armed.add(armed);
    return () => void this.#armed.delete(armed);
  }

  clear(): void {
    this.#armed.clear();
  }

  /** Uses up one of each rule that meets the call: delays add up, the first failure wins. */
  meet(service: string, action: string): FaultEffect {
    let latencyMs = 0;
    let failure: FaultEffect['failure'];
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (this.#now() >= armed.until) {
        this.#armed.delete(armed);
        continue;
      }
      if ((rule.service ?? service) !== service || (rule.action ?? action) !== action) continue;
      if (rule.kind !== 'latency' && failure !== undefined) continue;
      latencyMs += rule.latencyMs ?? 0;
      if (rule.kind !== 'latency') failure = rule.kind;
      armed.left--;
      if (armed.left <= 0) this.#armed.delete(armed);
    }
    return { latencyMs, ...(failure !== undefined && { failure }) };
  }
}
