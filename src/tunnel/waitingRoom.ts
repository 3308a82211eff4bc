import type { Clock } from '../base/clock';
import { cancelled, Fault } from '../base/fault';
import type { Link } from '../model/link';

interface Waiter {
  readonly enter: (link: Link) => void;
  readonly leave: (why: Fault) => void;
}

/** Where client connections wait for a link, bounded in time and number. */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #seats: number;
  /** In the order in which they came. */
  readonly #waiters = new Set<Waiter>();

  /** @param seats more do not wait: the oldest leaves for the newest */
  constructor(clock: Clock, seats: number) {
    this.#clock = clock;
    this.#seats = seats;
  }

  /**
   * The next link that comes up.
   * @throws Fault `tunnel.noLink` after `ms`, `tunnel.tooManyWaiting`, `operation.cancelled`
   */
  wait(ms: number, signal: AbortSignal): Promise<Link> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled());
        return;
      }
      const settle = (act: () => void): void => {
        this.#waiters.delete(waiter);
        timer.dispose();
        signal.removeEventListener('abort', onAbort);
        act();
      };
      const waiter: Waiter = {
        enter: (link) => settle(() => resolve(link)),
        leave: (why) => settle(() => reject(why)),
      };
      const onAbort = (): void => waiter.leave(cancelled());
      const timer = this.#clock.schedule(Math.max(0, ms), () => waiter.leave(noLink()));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      const [oldest] = this.#waiters;
      if (this.#waiters.size > this.#seats) oldest?.leave(tooManyWaiting(this.#seats));
    });
  }

  /** A link is up: all who wait take it. */
  open(link: Link): void {
    for (const { enter } of [...this.#waiters]) enter(link);
  }

  /** No link comes any more: all who wait are cancelled. */
  close(): void {
    for (const { leave } of [...this.#waiters]) leave(cancelled());
  }
}

function noLink(): Fault {
  return new Fault('tunnel.noLink', 'No link was up in time for this connection.', { retryable: true });
}

function tooManyWaiting(seats: number): Fault {
  return new Fault('tunnel.tooManyWaiting', `More than ${seats} connections wait for a link; the oldest was reset.`, { retryable: true });
}
