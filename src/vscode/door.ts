import { cancelled } from '../base/fault';
import { Scope } from '../base/scope';
import type { Owned } from '../base/scope';

/**
 * Something that is opened at its first use and disposed with the door, also where it is still being opened then. An opening
 * that failed is told of once, however many wait for it; whoever comes later begins another.
 */
export class Door<T extends Owned> implements Owned {
  readonly #scope = new Scope();
  readonly #open: () => Promise<T>;
  readonly #failed: (error: unknown) => void;
  #opening: Promise<T> | undefined;

  /** @param failed told of every opening that failed while the door was there */
  constructor(open: () => Promise<T>, failed: (error: unknown) => void) {
    this.#open = open;
    this.#failed = failed;
  }

  /** What is behind the door; undefined where it could not be opened (that was told), or is disposed. */
  async enter(): Promise<T | undefined> {
    if (this.#scope.disposed) return undefined;
    this.#opening ??= this.#begin();
    return this.#opening.catch(() => undefined);
  }

  /** Waits for an opening that is under way, since half of it could not be disposed. */
  async dispose(): Promise<void> {
    const disposal = this.#scope.dispose();
    await this.#opening?.catch(() => {});
    await disposal;
  }

  async #begin(): Promise<T> {
    try {
      const opened = await this.#open();
      if (this.#scope.disposed) {
        await opened.dispose();
        throw cancelled();
      }
      return this.#scope.add(opened);
    } catch (error) {
      this.#opening = undefined;
      if (!this.#scope.disposed) this.#failed(error);
      throw error;
    }
  }
}
