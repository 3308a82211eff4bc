import { cancelled } from './fault';

/** @throws Fault `operation.cancelled` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled();
}

/**
 * The promise's outcome, or `operation.cancelled` as soon as the signal fires; the listener is removed either way. What the
 * promise stands for goes on, since it may be shared, and its end is of no interest then.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
