/** An unknown host key; its fingerprint is as `ssh-keygen -lf` prints it: `SHA256:` and unpadded base64. */
export interface HostKeyQuestion {
  readonly kind: 'hostKey';
  /** As it will stand in known_hosts: `host`, or `[host]:port`. */
  readonly host: string;
  /** E.g. `ssh-ed25519`. */
  readonly algorithm: string;
  readonly fingerprint: string;
  /** What the EC2 console output says of it; absent where nothing is known. */
  readonly console?: 'matches' | 'differs';
}

/** The passphrase of a private key. */
export interface PassphraseQuestion {
  readonly kind: 'passphrase';
  readonly keyFile: string;
  /** The last answer was wrong: one that was remembered is to be forgotten. */
  readonly again: boolean;
}

export interface PasswordQuestion {
  readonly kind: 'password';
  readonly user: string;
  readonly host: string;
  readonly again: boolean;
}

/** What the server asks by keyboard-interactive, e.g. a one-time code. All texts are the server's: plain, never markup. */
export interface PromptsQuestion {
  readonly kind: 'prompts';
  readonly user: string;
  readonly host: string;
  readonly name: string;
  readonly instruction: string;
  readonly prompts: readonly { readonly text: string; readonly echo: boolean }[];
}

/** A program that an SSH configuration file of the workspace wants to run, or a key file that it wants to use. */
export interface WorkspaceFileQuestion {
  readonly kind: 'workspaceFile';
  readonly host: string;
  /** The configuration file that says so. */
  readonly file: string;
  /** The command line, or the key file's path. */
  readonly what: string;
}

/** The code that a device of multi-factor authentication shows: six digits. */
export interface MfaCodeQuestion {
  readonly kind: 'mfaCode';
  /** The AWS profile that needs it. */
  readonly profile: string;
  /** Of the device: an ARN, or a hardware device's number. */
  readonly serial: string;
  /** The last code was wrong. */
  readonly again: boolean;
}

/** A sign-in that goes on in a browser. Answered with true as soon as the person goes there. */
export interface DeviceSignInQuestion {
  readonly kind: 'deviceSignIn';
  /** What is signed in to: the name of an `sso-session`, or a start URL. */
  readonly session: string;
  /** Where to; `isWebAddress` holds for it. */
  readonly url: string;
  /** What the page has to show; absent where the browser comes back to this machine, which proves as much. */
  readonly code?: string;
}

/** Whether a browser may be sent there: https, or http on this very machine, as in tests. */
export function isWebAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  return (protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1')) && username === '' && password === '';
}

/** What only the person can answer; asked by the core, answered in a window. */
export type Question =
  | HostKeyQuestion
  | PassphraseQuestion
  | PasswordQuestion
  | PromptsQuestion
  | WorkspaceFileQuestion
  | MfaCodeQuestion
  | DeviceSignInQuestion;

/** By kind of question. Secrets: never logged, never kept but by the window's SecretStorage when the person asks for it. */
export interface Answers {
  readonly hostKey: boolean;
  readonly passphrase: string;
  readonly password: string;
  /** As many as there were prompts. */
  readonly prompts: readonly string[];
  readonly workspaceFile: boolean;
  readonly mfaCode: string;
  readonly deviceSignIn: boolean;
}

/** Asks the person; undefined when they dismiss it, or when there is nobody to ask. @throws Fault `operation.cancelled` */
export type Ask = <Q extends Question>(question: Q, signal: AbortSignal) => Promise<Answers[Q['kind']] | undefined>;
