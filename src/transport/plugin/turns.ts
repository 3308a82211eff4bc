import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import { cancelled } from '../../base/fault';
import type { Fault } from '../../base/fault';

/** After a connection has ended, what the agent had already read of it may still arrive and would go to the next one, ms. */
const SETTLE_MS = 250;

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (fault: Fault) => void;
}

/** Lets connections in one by one, in their order, until it is known that they do not disturb each other. */
export class Turns {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  readonly #settling = new Set<Disposable>();
  #taken = false;
  #free = false;
  #fault: Fault | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Resolves when a connection may begin; whoever got a turn gives it back with `leave`. @throws Fault */
  take(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) throw cancelled();
      if (this.#fault) throw this.#fault;
      if (this.#free || !this.#taken) {
        this.#taken = true;
        resolve();
        return;
      }
      const settle = (act: () => void): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        act();
      };
      const waiter: Waiter = { admit: () => settle(resolve), refuse: (fault) => settle(() => reject(fault)) };
      const onAbort = (): void => waiter.refuse(cancelled());
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  leave(): void {
    if (this.#free || this.#fault) return;
    const timer = this.#clock.schedule(SETTLE_MS, () => {
      this.#settling.delete(timer);
      const [next] = this.#waiters;
      if (next) next.admit();
      else this.#taken = false;
    });
    this.#settling.add(timer);
  }

  /** Connections are independent of each other from now on. */
  setFree(): void {
    this.#free = true;
    this.#drop();
    for (const { admit } of [...this.#waiters]) admit();
  }

  /** Nobody gets a turn any more. */
  close(fault: Fault): void {
    this.#fault = fault;
    this.#drop();
    for (const { refuse } of [...this.#waiters]) refuse(fault);
  }

  #drop(): void {
    for (const timer of this.#settling) timer.dispose();
    this.#settling.clear();
  }
}
