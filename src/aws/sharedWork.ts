import { abortable, throwIfAborted } from '../base/abort';

/** Work that several callers wait for, begun at once; it ends when none of them waits any more. */
export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #work: Promise<T>;
  #waiting = 0;
  #ended = false;

  constructor(start: (signal: AbortSignal) => Promise<T>) {
    this.#work = start(this.#controller.signal).finally(() => (this.#ended = true));
  }

  /** Nobody is to join any more: it is done, has failed, or was abandoned. */
  get ended(): boolean {
    return this.#ended;
  }

  /** @throws what the work throws, or Fault `operation.cancelled` */
  async join(signal: AbortSignal): Promise<T> {
    this.#waiting++;
    try {
      return await abortable(this.#work, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) {
        this.#ended = true;
        this.#controller.abort();
      }
    }
  }
}

/** What is under way for each of `K`, so that whoever comes meanwhile joins it. */
export class SharedWorks<K extends object, T> {
  readonly #underWay = new WeakMap<K, SharedWork<T>>();

  /** @throws what the work throws, or Fault `operation.cancelled` */
  join(key: K, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    let work = this.#underWay.get(key);
    if (!work || work.ended) this.#underWay.set(key, (work = new SharedWork(start)));
    return work.join(signal);
  }
}
