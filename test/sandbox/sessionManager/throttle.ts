// The service's limit of the rate of its API calls.
import { ServiceError } from './documents';

export type SessionCall = 'start' | 'resume' | 'terminate';

/** How long calls are refused: so many of them, or for so long; the first of both that is reached ends it. */
export interface Throttle {
  readonly calls?: number;
  readonly ms?: number;
}

/** Admits API calls, refuses those that are throttled, and knows when each was made. */
export class CallGate {
  readonly #throttles = new Map<SessionCall, { left: number; readonly until: number }>();
  readonly #times: Record<SessionCall, number[]> = { start: [], resume: [], terminate: [] };

  throttle(call: SessionCall, { calls = Infinity, ms = Infinity }: Throttle): void {
    this.#throttles.set(call, { left: calls, until: performance.now() + ms });
  }

  /** When calls were made, refused ones included: by `performance.now()`. */
  times(call: SessionCall): readonly number[] {
    return this.#times[call];
  }

  /** @throws ServiceError `ThrottlingException` */
  admit(call: SessionCall): void {
    const now = performance.now();
    this.#times[call].push(now);
    const throttle = this.#throttles.get(call);
    if (!throttle || now >= throttle.until || throttle.left <= 0) return;
    throttle.left--;
    throw new ServiceError('ThrottlingException', 'Rate exceeded');
  }
}
