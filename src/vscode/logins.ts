import type { FaultData } from '../base/fault';
import type { TargetRef } from '../model/route';
import type { RedisLogin } from '../redis/types';
import type { KeptSecrets } from './keptSecrets';
import type { Ui } from './ui';

/** Logins that the person enters, by target id. */
export class SecretLogins {
  readonly #secrets: KeptSecrets;
  readonly #ui: Ui;

  constructor(secrets: KeptSecrets, ui: Ui) {
    this.#secrets = secrets;
    this.#ui = ui;
  }

  /** The remembered login, if any; never asks. */
  async known(target: TargetRef): Promise<RedisLogin | undefined> {
    return parseLogin(await this.#secrets.known(secretKey(target)));
  }

  /** Undefined when dismissed. `because` is shown as the reason. */
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
    await this.#secrets.keep(secretKey(target), JSON.stringify(login), { title, placeholder: l10n.t('May the password be remembered?') });
    return login;
  }

  async forget(target: TargetRef): Promise<void> {
    await this.#secrets.forget(secretKey(target));
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
