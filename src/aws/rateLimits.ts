import type { Clock } from '../base/clock';
import type { Disposable } from '../base/event';
import { cancelled } from '../base/fault';
import { AdaptiveRate } from './adaptiveRate';

/** Calls of one service, in one region of one account, that are under way at once. */
export const MAX_PER_SERVICE = 4;
/** Calls that are under way at once in all: many regions at once must not be a burden to the person's own network. */
export const MAX_AT_ONCE = 32;
/** A service that has refused every call for so long is given up, ms. */
export const PATIENCE_MS = 30_000;
/** Whoever asks a service that was given up is refused for so long without a call, ms. */
const REST_MS = 5_000;

/** Whose allowance a call is taken from: AWS counts calls per account, region and service. */
export interface Allowance {
  /** Account id, or the profile's name while that is not known. */
  readonly owner: string;
  readonly region: string;
  readonly service: string;
}

/** How a call ended, as far as the rate is concerned. */
export type CallEnd = 'answered' | 'refused' | 'failed';

/** The right to make one call. `end` has to be called once. */
export interface Turn {
  /** @param pauseMs how long the service asks not to be called (`Retry-After`) */
  end(how: CallEnd, pauseMs?: number): void;
}

interface Lane {
  readonly rate: AdaptiveRate;
  underWay: number;
  /** Not called before. */
  pausedUntil: number;
  /** Since when it has refused every call. */
  refusingSince: number | undefined;
  /** Nobody waits for it until then. */
  restsUntil: number;
}

interface Waiter {
  readonly lane: Lane;
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
}

/**
 * Paces the calls of discovery: bounded at once, per service and in all, and by a rate that each service's refusals set.
 * Whoever shares an account shares its allowances. Calls that a person waits for pass at once, and count.
 * There are as many lanes as there were services in regions of accounts; waiters are first come, first served per lane.
 */
export class RateLimits {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();
  readonly #waiters = new Set<Waiter>();
  #underWay = 0;
  #timer: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the call may be made.
   * @throws Fault `operation.cancelled`; Error named `ThrottlingException` when the service has been given up
   */
  enter(allowance: Allowance, signal: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled());
        return;
      }
      const lane = this.#lane(allowance);
      if (lane.restsUntil > this.#clock.now()) {
        reject(givenUp());
        return;
      }
      const leave = (): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leave();
        reject(cancelled());
        this.#admitAll();
      };
      const waiter: Waiter = {
        lane,
        admit: () => {
          leave();
          resolve(this.#begin(lane));
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#admitAll();
    });
  }

  /** For a call that a person waits for: it is made at once, and others of its service wait the longer. */
  pass(allowance: Allowance): Turn {
    const lane = this.#lane(allowance);
    lane.rate.take(this.#clock.now());
    return { end: (how, pauseMs) => this.#learn(lane, how, pauseMs) };
  }

  /** Nobody waits any longer for a service that has refused for so long; true when that is so. */
  givesUp(allowance: Allowance): boolean {
    const lane = this.#lane(allowance);
    const now = this.#clock.now();
    if (lane.restsUntil > now) return true;
    if (lane.refusingSince === undefined || now - lane.refusingSince < PATIENCE_MS) return false;
    lane.refusingSince = undefined;
    lane.restsUntil = now + REST_MS;
    for (const waiter of this.#waiters) if (waiter.lane === lane) waiter.refuse(givenUp());
    return true;
  }

  /** Those who wait, for tests of what is left behind. */
  get waiting(): number {
    return this.#waiters.size;
  }

  #lane({ owner, region, service }: Allowance): Lane {
    const key = JSON.stringify([owner, region, service]);
    let lane = this.#lanes.get(key);
    if (!lane) {
      const now = this.#clock.now();
      lane = { rate: new AdaptiveRate(now), underWay: 0, pausedUntil: now, refusingSince: undefined, restsUntil: now };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #begin(lane: Lane): Turn {
    lane.rate.take(this.#clock.now());
    lane.underWay++;
    this.#underWay++;
    return {
      end: (how, pauseMs) => {
        lane.underWay--;
        this.#underWay--;
        this.#learn(lane, how, pauseMs);
        this.#admitAll();
      },
    };
  }

  #learn(lane: Lane, how: CallEnd, pauseMs = 0): void {
    const now = this.#clock.now();
    lane.pausedUntil = Math.max(lane.pausedUntil, now + pauseMs);
    if (how === 'refused') {
      lane.rate.refused(now);
      lane.refusingSince ??= now;
    } else if (how === 'answered') {
      lane.rate.answered(now);
      lane.refusingSince = undefined;
      lane.restsUntil = now;
    }
  }

  /** Admits whoever may be admitted, and comes back when the first of the others may be. */
  #admitAll(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const now = this.#clock.now();
    let soonest = Infinity;
    const blocked = new Set<Lane>();
    for (const { lane, admit } of this.#waiters) {
      if (this.#underWay >= MAX_AT_ONCE) return;
      if (blocked.has(lane)) continue;
      const wait = Math.max(lane.pausedUntil - now, lane.rate.wait(now));
      if (lane.underWay < MAX_PER_SERVICE && wait <= 0) {
        admit();
        continue;
      }
      blocked.add(lane);
      if (lane.underWay < MAX_PER_SERVICE) soonest = Math.min(soonest, wait);
    }
    if (soonest < Infinity) this.#timer = this.#clock.schedule(soonest, () => this.#admitAll());
  }
}

/** As AWS would say it, so that it is told as that. */
function givenUp(): Error {
  return Object.assign(new Error('It refuses every call, and is not asked for a while.'), { name: 'ThrottlingException' });
}
