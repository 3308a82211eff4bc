import { Fault } from '../base/fault';
import type { FaultData } from '../base/fault';
import type { CacheLogins } from '../model/cacheLogin';
import { iamCacheOf, regionOf, secretField, secretFields } from '../model/cacheLogin';
import type { TargetRef } from '../model/route';
import type { Place } from '../model/target';
import type { LoginSource } from '../redis/types';
import type { IamChoice, KeptLoginChoices, LoginKind, SecretChoice } from './loginChoices';
import type { SecretLogins } from './logins';
import type { LoginPlace, RedisLogins, SessionLogin } from './services';
import type { PickItem, Ui } from './ui';

export interface ChosenLoginsDeps {
  /** What the person enters. */
  readonly entered: SecretLogins;
  readonly choices: KeptLoginChoices;
  /** What AWS has. */
  readonly aws: CacheLogins;
  readonly ui: Ui;
}

/** What a target is logged in to with, as the person has chosen it once. */
export class ChosenLogins implements RedisLogins {
  readonly #deps: ChosenLoginsDeps;

  constructor(deps: ChosenLoginsDeps) {
    this.#deps = deps;
  }

  async known(where: LoginPlace): Promise<SessionLogin | undefined> {
    const choice = this.#deps.choices.of(where.target.id);
    if (choice?.kind === 'none') return undefined;
    if (choice?.kind === 'iam' || choice?.kind === 'secret') return this.#source(where, choice);
    return this.#deps.entered.known(where.target);
  }

  /** The kind comes first where nobody knows it: an AUTH token is a password. @throws Fault of a secret that cannot be read */
  async ask(where: LoginPlace, because?: FaultData): Promise<SessionLogin | undefined> {
    const { target } = where;
    const chosen = this.#deps.choices.of(target.id) ?? (target.auth === 'token' ? { kind: 'password' } : undefined);
    if (chosen?.kind === 'password' || chosen?.kind === 'user') return this.#enter(target, chosen.kind, because);
    return (await this.#choose(where, because))?.login;
  }

  async forget(target: TargetRef): Promise<void> {
    await this.#deps.entered.forget(target);
  }

  /** Lets the person choose anew, for the connections to come; false when dismissed. @throws Fault of a secret that cannot be read */
  async change(where: LoginPlace): Promise<boolean> {
    const { entered, ui } = this.#deps;
    const { target } = where;
    const chosen = await this.#choose(where, undefined);
    if (!chosen) return false;
    // What was entered before is of no use any more.
    if (chosen.kind !== 'password' && chosen.kind !== 'user') await entered.forget(target);
    ui.info(ui.l10n.t('The next connection to {0} uses this login. Consoles that are open keep theirs until they connect again.', target.name));
    return true;
  }

  /** Remembered once all of it is known; undefined when dismissed. */
  async #choose(where: LoginPlace, because: FaultData | undefined): Promise<{ readonly kind: LoginKind; readonly login?: SessionLogin } | undefined> {
    const { ui, choices } = this.#deps;
    const { target } = where;
    const { l10n } = ui;
    const kind = await ui.pick(this.#kinds(target), {
      title: l10n.t('Log in to {0}', target.name),
      placeholder: because ? `${because.message} ${l10n.t('How do you log in?')}` : l10n.t('How do you log in?'),
    });
    if (kind === undefined) return undefined;
    if (kind === 'iam' || kind === 'secret') {
      const choice = kind === 'iam' ? await this.#iam(target) : await this.#secret(where);
      if (!choice) return undefined;
      choices.keep(target.id, choice);
      return { kind, login: this.#source(where, choice) };
    }
    const login = kind === 'none' ? undefined : await this.#enter(target, kind, because);
    if (kind !== 'none' && !login) return undefined;
    choices.keep(target.id, { kind });
    return { kind, ...(login && { login }) };
  }

  /** The likeliest first, which is the one that Enter takes. */
  #kinds(target: TargetRef): readonly PickItem<LoginKind>[] {
    const { ui, choices } = this.#deps;
    const { l10n } = ui;
    const items: PickItem<LoginKind>[] = [
      { value: 'none', icon: 'circle-slash', label: l10n.t('No Login') },
      { value: 'password', icon: 'key', label: l10n.t('Password'), detail: l10n.t('The AUTH token of the cache, or the password of its default user') },
      { value: 'user', icon: 'person', label: l10n.t('User and Password'), detail: l10n.t('A user of the access control list') },
    ];
    if (iamCacheOf(target) && target.tls !== 'off') {
      items.push({ value: 'iam', icon: 'shield', label: l10n.t('IAM'), detail: l10n.t('A token for each connection, made with your AWS credentials') });
    }
    items.push({ value: 'secret', icon: 'lock', label: l10n.t('From Secrets Manager'), detail: l10n.t('Read from AWS at each connection, and never kept here') });
    const byAuth: LoginKind = target.auth === 'none' ? 'none' : target.auth === 'users' ? 'user' : 'password';
    const first = choices.of(target.id)?.kind ?? byAuth;
    return items.toSorted((a, b) => Number(b.value === first) - Number(a.value === first));
  }

  #enter(target: TargetRef, kind: 'password' | 'user', because: FaultData | undefined): Promise<SessionLogin | undefined> {
    return this.#deps.entered.ask({ ...target, auth: kind === 'user' ? 'users' : 'token' }, because);
  }

  async #iam(target: TargetRef): Promise<IamChoice | undefined> {
    const before = this.#deps.choices.of(target.id);
    const user = await this.#user(target, before?.kind === 'iam' ? before.user : '');
    return user === undefined ? undefined : { kind: 'iam', user: user.toLowerCase() };
  }

  async #user({ name }: TargetRef, value: string): Promise<string | undefined> {
    const { l10n } = this.#deps.ui;
    const user = await this.#deps.ui.input({
      title: l10n.t('Log in to {0}', name),
      prompt: l10n.t('Enter the user name.'),
      value,
      validate: (text) => (text.trim() === '' ? l10n.t('The user name is empty.') : undefined),
    });
    return user?.trim();
  }

  async #secret(where: LoginPlace): Promise<SecretChoice | undefined> {
    const { ui, aws, choices } = this.#deps;
    const { l10n } = ui;
    const { target } = where;
    const before = choices.of(target.id);
    const typed = await ui.input({
      title: l10n.t('Log in to {0}', target.name),
      prompt: l10n.t('Enter the name or the ARN of the secret.'),
      value: before?.kind === 'secret' ? before.secret : '',
      // The characters of names (Secrets Manager user guide), and the colons of ARNs.
      validate: (text) => (/^[\w/+=.@:-]{1,2048}$/.test(text.trim()) ? undefined : l10n.t('This is no name of a secret.')),
    });
    const secret = typed?.trim();
    if (secret === undefined) return undefined;
    const text = await ui.task(l10n.t('Reading secret {0}', secret), (signal) => aws.secret(secretPlace(where), secret, signal));
    const fields = secretFields(text);
    if (!fields) {
      const user = target.auth === 'users' ? await this.#user(target, 'default') : '';
      return user === undefined ? undefined : { kind: 'secret', secret, ...(user !== '' && { user }) };
    }
    if (fields.length === 0) throw fieldMissing(secret, undefined);
    const field = await ui.pick(likelyFirst(fields, /pass|token|secret/i), {
      title: l10n.t('Log in to {0}', target.name),
      placeholder: l10n.t('Which field of the secret is the password?'),
    });
    if (field === undefined) return undefined;
    const user = await this.#secretUser(target, fields.filter((name) => name !== field));
    return user && { kind: 'secret', secret, field, ...user };
  }

  async #secretUser(target: TargetRef, fields: readonly string[]): Promise<Pick<SecretChoice, 'userField' | 'user'> | undefined> {
    const { ui } = this.#deps;
    const { l10n } = ui;
    const named = likelyFirst(fields, /user/i).map((item): PickItem<string | null | true> => item);
    const none: PickItem<string | null | true> = { label: l10n.t('No User Name'), icon: 'circle-slash', value: null };
    const other: PickItem<string | null | true> = { label: l10n.t('Enter a User Name…'), icon: 'edit', value: true };
    const items = target.auth === 'token' ? [none, ...named, other] : [...named, other, none];
    const chosen = await ui.pick(items, {
      title: l10n.t('Log in to {0}', target.name),
      placeholder: l10n.t('Which field of the secret is the user name?'),
    });
    if (chosen === undefined) return undefined;
    if (chosen === null) return {};
    if (chosen !== true) return { userField: chosen };
    const user = await this.#user(target, 'default');
    return user === undefined ? undefined : { user };
  }

  #source(where: LoginPlace, choice: SecretChoice | IamChoice): LoginSource {
    const { aws } = this.#deps;
    const { target, place } = where;
    if (choice.kind === 'iam') {
      const { user } = choice;
      const cache = iamCacheOf(target);
      return {
        kind: 'iam',
        name: cache?.service === 'memorydb' ? 'memorydb:connect' : 'elasticache:Connect',
        fresh: async (signal) => {
          if (!cache) throw notIam(target);
          return { username: user, password: await aws.token(place, cache, user, signal) };
        },
      };
    }
    const { secret, field, userField, user } = choice;
    return {
      kind: 'secret',
      name: secret,
      fresh: async (signal) => {
        const text = await aws.secret(secretPlace(where), secret, signal);
        const username = userField === undefined ? user : part(text, secret, userField);
        return { ...(username !== undefined && { username }), password: part(text, secret, field) };
      },
    };
  }
}

function secretPlace({ target, place }: LoginPlace): Place {
  return { ...place, region: regionOf(target, place) };
}

function likelyFirst(fields: readonly string[], likely: RegExp): readonly PickItem<string>[] {
  const sorted = fields.toSorted((a, b) => Number(likely.test(b)) - Number(likely.test(a)));
  return sorted.map((name) => ({ label: name, icon: 'symbol-field', value: name }));
}

function part(text: string, secret: string, field: string | undefined): string {
  const value = secretField(text, field);
  if (value === undefined) throw fieldMissing(secret, field);
  return value;
}

function fieldMissing(secret: string, field: string | undefined): Fault {
  const what = field === undefined ? 'no text that could be a password' : `no text "${field}"`;
  return new Fault('secrets.fieldMissing', `Secret "${secret}" has ${what}.`, {
    remedy: { text: 'Put it back, or choose the login again.', action: 'changeLogin' },
  });
}

function notIam({ name }: TargetRef): Fault {
  return new Fault('redis.notIam', `"${name}" knows no IAM logins: neither a replication group, a serverless cache nor a MemoryDB cluster.`, {
    remedy: { text: 'Choose another login.', action: 'changeLogin' },
  });
}
