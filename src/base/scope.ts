/** Whatever a Scope can own. */
export interface Owned {
  dispose(): void | Promise<void>;
}

/**
 * Owns resources and gives them back in reverse order. `dispose` is idempotent
 * (every call waits for the same work), goes on past a failure and then throws
 * the first one. What is added after the disposal is disposed at once.
 */
export class Scope implements Owned {
  readonly #owned: Owned[] = [];
  #disposal: Promise<void> | undefined;

  /** Registers `resource` and hands it back, so that creation and ownership are one expression. */
  add<T extends Owned>(resource: T): T {
    if (this.#disposal) void Promise.resolve(resource.dispose()).catch(() => {});
    else this.#owned.push(resource);
    return resource;
  }

  /** Registers a bare clean-up function. */
  defer(cleanup: () => void | Promise<void>): void {
    this.add({ dispose: cleanup });
  }

  get disposed(): boolean {
    return this.#disposal !== undefined;
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#disposeAll();
    return this.#disposal;
  }

  async #disposeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (let last = this.#owned.pop(); last; last = this.#owned.pop()) {
      try {
        await last.dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
