import type { Question } from '../../model/question';

/** What an askpass program is called with. */
export interface AskpassCall {
  /** Its argument: what OpenSSH would have written to the terminal. */
  readonly prompt: string;
  /** SSH_ASKPASS_PROMPT: `confirm` asks for yes or no, `none` only tells something; else a secret is wanted. */
  readonly hint: string;
}

export type Prompt =
  /** To be answered; `reply` turns the person's answer into what OpenSSH is told, undefined into a refusal. */
  | { readonly kind: 'question'; readonly question: Question; readonly asked: string }
  /** OpenSSH waits for something that happens elsewhere: a touch of the security key. */
  | { readonly kind: 'notice'; readonly text: string }
  /** Another word for "no": the person's answer to the same question did not do. */
  | { readonly kind: 'refuse' };

const HOST_KEY = /authenticity of host '(.+?)(?: \(.*\))?' can't be established[\s\S]*?\b(\S+) key fingerprint is:? (SHA256:[A-Za-z0-9+/]{43})/;
const PASSPHRASE = /^(?:Enter passphrase for|Bad passphrase, try again for) (?:key )?'?(.+?)'?\s*:\s*$/;
const PASSWORD = /^(?:\(.*?\) )?(.+)@(.+?)'s password:\s*$/;
/** Since OpenSSH 8.4 a prompt of the server begins with whose it is. */
const INTERACTIVE = /^\((.+)@(.+?)\) ([\s\S]*)$/;

const ALGORITHMS: Readonly<Record<string, string>> = {
  ED25519: 'ssh-ed25519',
  'ED25519-SK': 'sk-ssh-ed25519@openssh.com',
  RSA: 'ssh-rsa',
  // The prompt does not tell the curve.
  ECDSA: 'ecdsa-sha2',
  'ECDSA-SK': 'sk-ecdsa-sha2-nistp256@openssh.com',
};

/**
 * What OpenSSH wants to know, by the texts of its prompts (7.6 to 10).
 * @param before the prompts that were answered in the same attempt: one that comes again was answered wrongly
 */
export function classify({ prompt, hint }: AskpassCall, before: ReadonlySet<string>, user: string, host: string): Prompt {
  const again = before.has(prompt);
  if (hint === 'none') return { kind: 'notice', text: prompt.trim() };
  const [, keyHost, type, fingerprint] = HOST_KEY.exec(prompt) ?? [];
  if (keyHost !== undefined) {
    const algorithm = ALGORITHMS[type!] ?? type!;
    return { kind: 'question', asked: `its host key`, question: { kind: 'hostKey', host: keyHost, algorithm, fingerprint: fingerprint! } };
  }
  if (prompt.startsWith("Please type 'yes', 'no'")) return { kind: 'refuse' };
  if (hint === '') {
    const keyFile = PASSPHRASE.exec(prompt)?.[1];
    if (keyFile !== undefined) {
      return { kind: 'question', asked: `the passphrase of ${keyFile}`, question: { kind: 'passphrase', keyFile, again } };
    }
    const [, passwordUser, passwordHost] = PASSWORD.exec(prompt) ?? [];
    if (passwordUser !== undefined) {
      const question = { kind: 'password', user: passwordUser, host: passwordHost!, again } as const;
      return { kind: 'question', asked: `the password of ${passwordUser}@${passwordHost}`, question };
    }
  }
  const [, promptUser = user, promptHost = host, text = prompt] = INTERACTIVE.exec(prompt) ?? [];
  const prompts = [{ text: hint === 'confirm' ? `${text.trim()} (yes/no)` : text, echo: hint === 'confirm' }];
  const question = { kind: 'prompts', user: promptUser, host: promptHost, name: '', instruction: '', prompts } as const;
  return { kind: 'question', asked: JSON.stringify(text.trim().slice(0, 80)), question };
}

/** The person's answer as OpenSSH wants it; undefined refuses. */
export function replyTo(question: Question, hint: string, answer: unknown): string | undefined {
  if (question.kind === 'hostKey') return answer === true ? 'yes' : 'no';
  const text: unknown = question.kind === 'prompts' ? (answer as readonly unknown[])[0] : answer;
  if (typeof text !== 'string') return undefined;
  if (hint === 'confirm') return /^y(?:es)?$/i.test(text.trim()) ? 'yes' : undefined;
  return text;
}
