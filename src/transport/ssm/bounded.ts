import type { Clock } from '../../base/clock';
import type { Fault } from '../../base/fault';
import { cancelled } from '../../base/fault';

export interface Bound {
  readonly clock: Clock;
  readonly ms: number;
  /** What to throw when the time is over. */
  readonly late: () => Fault;
}

/**
 * Runs `work` with a signal that fires after the bound or with `signal`, and does not wait any longer
 * even if the work ignores its signal.
 */
export async function bounded<T>(
  bound: Bound,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  if (signal.aborted) throw cancelled();
  const controller = new AbortController();
  let giveUp = (_fault: Fault): void => {};
  const cut = new Promise<never>((_resolve, reject) => {
    giveUp = (fault) => {
      controller.abort();
      reject(fault);
    };
  });
  const onAbort = (): void => giveUp(cancelled());
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = bound.clock.schedule(bound.ms, () => giveUp(bound.late()));
  try {
    return await Promise.race([work(controller.signal), cut]);
  } finally {
    timer.dispose();
    signal.removeEventListener('abort', onAbort);
  }
}
