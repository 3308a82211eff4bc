import type { FaultData } from '../base/fault';
import type { Logger } from '../base/log';
import type { TargetRef } from '../model/route';
import type { RedisLogin } from '../redis/types';
import type { RedisLogins } from './services';
import type { Ui } from './ui';

/** The part of VS Code's SecretStorage that is used; the system's key chain stands behind it. */
export interface SecretStore {
  get(key: string): PromiseLike<string | undefined>;
  store(key: string, value: string): PromiseLike<void>;
  delete(key: string): PromiseLike<void>;
}

/**
 * Logins by target id. One that is not to be remembered lives in this window's
 * memory only; no login is ever logged or put into a message.
 */
export class SecretLogins implements RedisLogins {
  readonly #secrets: SecretStore;
  readonly #ui: Ui;
  readonly #logger: Logger;
  readonly #untilClosed = new Map<string, RedisLogin>();

  constructor(secrets: SecretStore, ui: Ui, logger: Logger) {
    this.#secrets = secrets;
    this.#ui = ui;
    this.#logger = logger;
  }

  async known(target: TargetRef): Promise<RedisLogin | undefined> {
    const own = this.#untilClosed.get(target.id);
    if (own) return own;
    try {
      return parseLogin(await this.#secrets.get(secretKey(target)));
    } catch (error) {
      // A key chain that is locked or absent (headless Linux) is no reason to fail: the person is asked instead.
      this.#logger.log('warn', 'logins.readFailed', { error });
      return undefined;
    }
  }

  async ask(target: TargetRef, because?: FaultData): Promise<RedisLogin | undefined> {
    const { l10n } = this.#ui;
    const title = l10n.t('Log in to {0}', target.name);
    const username = target.auth === 'users' ? await this.#askUser(target, title, because) : undefined;
    if (target.auth === 'users' && username === undefined) return undefined;
    const password = await this.#ui.input({
      title,
      prompt: because ? `${because.message} ${l10n.t('Enter the password.')}` : l10n.t('Enter the password.'),
      password: true,
      validate: (text) => (text === '' ? l10n.t('The password is empty.') : undefined),
    });
    if (password === undefined) return undefined;
    const login: RedisLogin = username ? { username, password } : { password };
    await this.#keep(target, login, title);
    return login;
  }

  async forget(target: TargetRef): Promise<void> {
    this.#untilClosed.delete(target.id);
    try {
      await this.#secrets.delete(secretKey(target));
    } catch (error) {
      this.#logger.log('warn', 'logins.deleteFailed', { error });
    }
  }

  /** Drops what this window alone remembers. */
  dispose(): void {
    this.#untilClosed.clear();
  }

  async #askUser(target: TargetRef, title: string, because: FaultData | undefined): Promise<string | undefined> {
    const { l10n } = this.#ui;
    const known = await this.known(target);
    return this.#ui.input({
      title,
      prompt: because ? `${because.message} ${l10n.t('Enter the user name.')}` : l10n.t('Enter the user name.'),
      value: known?.username ?? 'default',
      validate: (text) => (text.trim() === '' ? l10n.t('The user name is empty.') : undefined),
    });
  }

  async #keep(target: TargetRef, login: RedisLogin, title: string): Promise<void> {
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
      { title, placeholder: l10n.t('May the password be remembered?') },
    );
    await this.forget(target);
    if (remember) {
      try {
        await this.#secrets.store(secretKey(target), JSON.stringify(login));
        return;
      } catch (error) {
        this.#logger.log('warn', 'logins.storeFailed', { error });
        this.#ui.brief(l10n.t('The password could not be stored; it is kept until this window closes.'));
      }
    }
    this.#untilClosed.set(target.id, login);
  }
}

function secretKey({ id }: TargetRef): string {
  return `sallyport.redisLogin:${id}`;
}

function parseLogin(text: string | undefined): RedisLogin | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { username, password } = value as { username?: unknown; password?: unknown };
  if (typeof password !== 'string') return undefined;
  return typeof username === 'string' ? { username, password } : { password };
}
