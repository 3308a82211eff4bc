import { cancelled } from './fault';

/** Lets so many in at a time, the others in the order of their coming. Whoever is cancelled inside is out. */
export class Gate {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves with the way out, which may be taken more than once. @throws Fault `operation.cancelled` */
  enter(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled());
        return;
      }
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        this.#inside++;
        let isInside = true;
        const leave = (): void => {
          signal.removeEventListener('abort', leave);
          if (isInside) this.#leave();
          isInside = false;
        };
        // What is cancelled may take its time to end, and others wait.
        signal.addEventListener('abort', leave, { once: true });
        resolve(leave);
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(cancelled());
      };
      if (this.#inside < this.#limit) {
        go();
        return;
      }
      this.#waiting.push(go);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #leave(): void {
    this.#inside--;
    this.#waiting.shift()?.();
  }
}
