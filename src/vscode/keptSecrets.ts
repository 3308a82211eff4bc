import type { Logger } from '../base/log';
import type { Ui } from './ui';

/** The part of VS Code's SecretStorage that is used; the system's key chain stands behind it. */
export interface SecretStore {
  get(key: string): PromiseLike<string | undefined>;
  store(key: string, value: string): PromiseLike<void>;
  delete(key: string): PromiseLike<void>;
}

/**
 * Secrets that the person has entered, by key. One that is not to be remembered lives in this window's memory only; none
 * is ever logged or put into a message.
 */
export class KeptSecrets {
  readonly #store: SecretStore;
  readonly #ui: Ui;
  readonly #logger: Logger;
  readonly #untilClosed = new Map<string, string>();

  constructor(store: SecretStore, ui: Ui, logger: Logger) {
    this.#store = store;
    this.#ui = ui;
    this.#logger = logger;
  }

  /** Never asks. */
  async known(key: string): Promise<string | undefined> {
    const own = this.#untilClosed.get(key);
    if (own !== undefined) return own;
    try {
      return await this.#store.get(key);
    } catch (error) {
      // A key chain that is locked or absent (headless Linux) is no reason to fail: the person is asked instead.
      this.#logger.log('warn', 'secrets.readFailed', { error });
      return undefined;
    }
  }

  /** Keeps what the person has just entered, for as long as they say. */
  async keep(key: string, secret: string, texts: { readonly title: string; readonly placeholder: string }): Promise<void> {
    const { l10n } = this.#ui;
    const remember = await this.#ui.pick(
      [
        { label: l10n.t('Keep until this window closes'), icon: 'clock', value: false },
        {
          label: l10n.t('Remember'),
          icon: 'key',
          description: l10n.t("in the system's key chain, through VS Code"),
          value: true,
        },
      ],
      texts,
    );
    await this.forget(key);
    if (remember) {
      try {
        await this.#store.store(key, secret);
        return;
      } catch (error) {
        this.#logger.log('warn', 'secrets.storeFailed', { error });
        this.#ui.brief(l10n.t('It could not be stored, and is kept until this window closes.'));
      }
    }
    this.#untilClosed.set(key, secret);
  }

  async forget(key: string): Promise<void> {
    this.#untilClosed.delete(key);
    try {
      await this.#store.delete(key);
    } catch (error) {
      this.#logger.log('warn', 'secrets.deleteFailed', { error });
    }
  }

  /** Drops what this window alone remembers. */
  dispose(): void {
    this.#untilClosed.clear();
  }
}
