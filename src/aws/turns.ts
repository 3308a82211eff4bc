/**
 * Turns of the event loop, one after the other among all who ask: work that is done in pieces, one in each turn, keeps
 * nobody else waiting for longer than a piece, however many pages arrive at once.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #running = false;

  /** Resolves when it is the caller's turn, which lasts until the caller waits for something. Never rejects. */
  readonly next = (): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#run();
    });

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => {
      this.#running = false;
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#run();
    });
  }
}
