import type { KeptState } from './bastionMemory';

/** How the person logs in to a cache: everything but the secret itself. */
export type LoginChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'password' }
  | { readonly kind: 'user' }
  | IamChoice
  | SecretChoice;

export interface IamChoice {
  readonly kind: 'iam';
  /** Its id, which is its name too; lower case. */
  readonly user: string;
}

/** `secret`: ARN or name. Without `field` its whole text is the password; `userField` and `user` are two ways to say the user. */
export interface SecretChoice {
  readonly kind: 'secret';
  readonly secret: string;
  readonly field?: string;
  readonly userField?: string;
  readonly user?: string;
}

export type LoginKind = LoginChoice['kind'];

const KEY = 'chosenLogins';
/** Targets that are remembered; the one that was chosen for longest ago is forgotten first. */
const MAX_TARGETS = 500;

/** The choices by target, shared by all windows of the person. */
export class KeptLoginChoices {
  readonly #state: KeptState;
  readonly #onError: (error: unknown) => void;

  constructor(state: KeptState, onError: (error: unknown) => void) {
    this.#state = state;
    this.#onError = onError;
  }

  of(targetId: string): LoginChoice | undefined {
    const found = this.#read().find(([id]) => id === targetId);
    return found && parseChoice(found[1]);
  }

  keep(targetId: string, choice: LoginChoice): void {
    const others = this.#read().filter(([id]) => id !== targetId);
    this.#state.update(KEY, [...others, [targetId, choice]].slice(-MAX_TARGETS)).then(undefined, this.#onError);
  }

  /** Read anew each time: another window may have written. */
  #read(): (readonly [string, unknown])[] {
    const value = this.#state.get(KEY);
    return Array.isArray(value) ? value.filter((entry): entry is [string, unknown] => Array.isArray(entry) && typeof entry[0] === 'string') : [];
  }
}

function parseChoice(value: unknown): LoginChoice | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, ...rest } = value as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => (typeof rest[name] === 'string' && rest[name] !== '' ? rest[name] : undefined);
  if (kind === 'none' || kind === 'password' || kind === 'user') return { kind };
  const [user, secret, field, userField] = ['user', 'secret', 'field', 'userField'].map((name) => text(name));
  if (kind === 'iam' && user !== undefined) return { kind, user };
  if (kind !== 'secret' || secret === undefined) return undefined;
  return { kind, secret, ...(field !== undefined && { field }), ...(userField !== undefined && { userField }), ...(user !== undefined && { user }) };
}
