import { throwIfAborted } from '../base/abort';
import type { Credentials } from './clients/settings';
import { SharedWork } from './sharedWork';

/** To which account a profile's credentials belong. It is asked for once, whichever of the profile's regions asks first. */
export class SharedIdentity {
  #known: { readonly credentials: Credentials; readonly accountId: string } | undefined;
  #asking: { readonly credentials: Credentials; readonly work: SharedWork<string> } | undefined;

  /** As told last, for credentials that may have been renewed since. */
  get accountId(): string | undefined {
    return this.#known?.accountId;
  }

  /** @throws what `ask` throws: another region's failure is none of this one, which asks for itself then */
  async of(credentials: Credentials, ask: (signal: AbortSignal) => Promise<string>, signal: AbortSignal): Promise<string> {
    for (;;) {
      throwIfAborted(signal);
      if (this.#known?.credentials === credentials) return this.#known.accountId;
      const asking = this.#asking;
      if (asking?.credentials !== credentials || asking.work.ended) return this.#ask(credentials, ask).join(signal);
      await asking.work.join(signal).catch(() => {});
    }
  }

  #ask(credentials: Credentials, ask: (signal: AbortSignal) => Promise<string>): SharedWork<string> {
    const work = new SharedWork(async (signal) => {
      const accountId = await ask(signal);
      this.#known = { credentials, accountId };
      return accountId;
    });
    this.#asking = { credentials, work };
    return work;
  }
}
