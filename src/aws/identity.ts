import { abortable } from './abortable';
import type { Credentials } from './clients/settings';

/** To which account a profile's credentials belong. It is asked for once, whichever of the profile's regions asks first. */
export class SharedIdentity {
  #known: { readonly credentials: Credentials; readonly accountId: string } | undefined;
  #asking: { readonly credentials: Credentials; readonly answer: Promise<string> } | undefined;

  /** As told last, for credentials that may have been renewed since. */
  get accountId(): string | undefined {
    return this.#known?.accountId;
  }

  /**
   * @param ask has to bear that nobody waits for its answer any more
   * @throws what `ask` throws: another region's failure is none of this one, which asks for itself then
   */
  async of(credentials: Credentials, ask: () => Promise<string>, signal: AbortSignal): Promise<string> {
    for (;;) {
      if (this.#known?.credentials === credentials) return this.#known.accountId;
      const asking = this.#asking;
      if (asking?.credentials !== credentials) return abortable(this.#ask(credentials, ask), signal);
      const ended = asking.answer.catch(() => undefined);
      await abortable(ended, signal);
    }
  }

  #ask(credentials: Credentials, ask: () => Promise<string>): Promise<string> {
    const asking = { credentials, answer: ask() };
    this.#asking = asking;
    return asking.answer.then(
      (accountId) => {
        if (this.#asking === asking) this.#asking = undefined;
        this.#known = { credentials, accountId };
        return accountId;
      },
      (error: unknown) => {
        if (this.#asking === asking) this.#asking = undefined;
        throw error;
      },
    );
  }
}
