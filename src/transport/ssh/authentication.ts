import type { AnyAuthMethod, Prompt } from 'ssh2';
import type { Fault } from '../../base/fault';
import { isFault } from '../../base/fault';
import type { Ask } from '../../model/question';
import type { HostConfig } from '../../ssh/hostConfig';
import { OneKeyAgent, type SigningKey } from './agent';
import { answerNeeded, permissionDenied, tooManyAuthFailures } from './faults';
import type { Identities } from './identities';

/** OpenSSH's order, without what the built-in client lacks (gssapi-with-mic, hostbased). */
const DEFAULT_ORDER = ['publickey', 'keyboard-interactive', 'password'];
/** Servers give up at their sixth failure (MaxAuthTries): with a fifth refused key, one try is left for the other methods. */
const MAX_OFFERED_KEYS = 5;

export interface AuthenticationDeps {
  readonly config: HostConfig;
  /** Finds the keys when the server first takes one; asked at most once. */
  readonly identities: (signal: AbortSignal) => Promise<Identities>;
  /** Time stands still while it runs. */
  readonly ask: Ask;
  /** Nothing will succeed any more. */
  readonly onGivenUp: (fault: Fault) => void;
}

type Answer = (responses: string[]) => void;

/** Decides what is tried next in one login, as `ssh` does; RFC 4252. */
export class Authentication {
  readonly #deps: AuthenticationDeps;
  readonly #signal: AbortSignal;
  readonly #order: readonly string[];
  #identities: Identities | undefined;
  #keys: SigningKey[] = [];
  #offered = 0;
  #interactive = 0;
  #passwords = 0;
  #begun = false;
  #over = false;
  #allowed: readonly string[] = [];
  /** Why a key that the server would have taken could not sign. */
  #signingFault: Fault | undefined;

  constructor(deps: AuthenticationDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    this.#order = enabledMethods(deps.config);
  }

  /** `user@host`, for people. */
  get who(): string {
    const { user, host } = this.#deps.config;
    return `${user}@${host}`;
  }

  /** The server refused an attempt; `partial`: it was one step of several. */
  refused(methods: readonly string[], partial: boolean): void {
    this.#allowed = methods;
    if (!partial) return;
    // A step further: what was asked for before does not count against this one.
    this.#interactive = 0;
    this.#passwords = 0;
  }

  /** What to try next; undefined once nothing is left, which has been told then. */
  async next(): Promise<AnyAuthMethod | undefined> {
    const username = this.#deps.config.user;
    if (!this.#begun) {
      // Asks the server what it takes, as OpenSSH does.
      this.#begun = true;
      return { type: 'none', username };
    }
    for (const method of this.#order) {
      if (!this.#allowed.includes(method)) continue;
      const attempt = await this.#attempt(method, username);
      if (this.#over || this.#signal.aborted) return undefined;
      if (attempt) return attempt;
    }
    this.#giveUp(this.denied());
    return undefined;
  }

  /** What the person is told when no attempt succeeded. */
  denied(): Fault {
    if (this.#signingFault) return this.#signingFault;
    const [unusable] = this.#identities?.faults ?? [];
    const hint = unusable && [unusable.message, unusable.remedy?.text].filter(Boolean).join(' ');
    return permissionDenied(this.who, this.#tried, this.#allowed, hint);
  }

  tooManyFailures(): Fault {
    return this.#offered > 1 ? tooManyAuthFailures(this.who, this.#offered) : this.denied();
  }

  #giveUp(fault: Fault): void {
    this.#over = true;
    this.#deps.onGivenUp(fault);
  }

  get #tried(): string[] {
    return [
      ...(this.#offered > 0 ? [`publickey (${this.#offered} ${this.#offered === 1 ? 'key' : 'keys'})`] : []),
      ...(this.#interactive > 0 ? ['keyboard-interactive'] : []),
      ...(this.#passwords > 0 ? ['password'] : []),
    ];
  }

  async #attempt(method: string, username: string): Promise<AnyAuthMethod | undefined> {
    switch (method) {
      case 'publickey':
        return this.#offerKey(username);
      case 'keyboard-interactive':
        return this.#promptNext(username);
      case 'password':
        return this.#askPassword(username);
      default:
        return undefined;
    }
  }

  async #offerKey(username: string): Promise<AnyAuthMethod | undefined> {
    if (!this.#identities) {
      this.#identities = await this.#deps.identities(this.#signal);
      this.#keys = [...this.#identities.keys];
    }
    const others = this.#order.some((method) => method !== 'publickey' && this.#allowed.includes(method));
    if (others && this.#offered >= MAX_OFFERED_KEYS) return undefined;
    const key = this.#keys.shift();
    if (!key) return undefined;
    this.#offered++;
    const agent = new OneKeyAgent(key, this.#signal, (error) => {
      if (isFault(error)) this.#signingFault ??= error;
    });
    return { type: 'agent', username, agent };
  }

  #promptNext(username: string): AnyAuthMethod | undefined {
    if (this.#deps.config.batchMode || this.#interactive >= this.#deps.config.numberOfPasswordPrompts) return undefined;
    this.#interactive++;
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (name: string, instruction: string, _language: string, prompts: Prompt[], answer: Answer) => {
        void this.#answer(name, instruction, prompts, answer);
      },
    };
  }

  async #answer(name: string, instruction: string, prompts: readonly Prompt[], answer: Answer): Promise<void> {
    const { user, host } = this.#deps.config;
    const asked = prompts.map(({ prompt, echo }) => ({ text: prompt, echo: echo ?? false }));
    try {
      const question = { kind: 'prompts', user, host, name, instruction, prompts: asked } as const;
      const answers = await this.#deps.ask(question, this.#signal);
      if (answers) answer([...answers]);
      else this.#giveUp(answerNeeded(this.who, 'an answer'));
    } catch (error) {
      this.#giveUp(isFault(error) ? error : answerNeeded(this.who, 'an answer'));
    }
  }

  async #askPassword(username: string): Promise<AnyAuthMethod | undefined> {
    const { batchMode, numberOfPasswordPrompts, host } = this.#deps.config;
    if (batchMode || this.#passwords >= numberOfPasswordPrompts) return undefined;
    const question = { kind: 'password', user: username, host, again: this.#passwords > 0 } as const;
    const password = await this.#deps.ask(question, this.#signal);
    if (password === undefined) {
      this.#giveUp(answerNeeded(this.who, 'a password'));
      return undefined;
    }
    this.#passwords++;
    return { type: 'password', username, password };
  }
}

function enabledMethods(config: HostConfig): string[] {
  const enabled: Readonly<Record<string, boolean>> = {
    publickey: config.pubkeyAuthentication,
    'keyboard-interactive': config.kbdInteractiveAuthentication,
    password: config.passwordAuthentication,
  };
  return (config.preferredAuthentications ?? DEFAULT_ORDER).filter((method) => enabled[method] === true);
}
