/** Something that can be undone once; calling it again does nothing. */
export interface Disposable {
  dispose(): void;
}

/** Subscribes a listener; the returned Disposable removes it. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/**
 * A source of events whose listeners cannot hurt each other: one that throws is
 * reported through `onListenerError` and the others still run.
 */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();
  #disposed = false;
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void = rethrowLater) {
    this.#onListenerError = onListenerError;
  }

  readonly event: Event<T> = (listener) => {
    if (this.#disposed) return { dispose: () => {} };
    // A wrapper per subscription, so that the same function subscribed twice is two subscriptions.
    const own = (value: T): void => listener(value);
    this.#listeners.add(own);
    return { dispose: () => void this.#listeners.delete(own) };
  };

  /** Calls every listener that was subscribed when the call began. */
  fire(value: T): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(value);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  dispose(): void {
    this.#disposed = true;
    this.#listeners.clear();
  }
}

function rethrowLater(error: unknown): void {
  // Not swallowed: a listener's defect reaches the process' own handler, after the other listeners ran.
  queueMicrotask(() => {
    throw error;
  });
}
