import type {
  Answers,
  Ask,
  DeviceSignInQuestion,
  HostKeyQuestion,
  MfaCodeQuestion,
  PromptsQuestion,
  Question,
  WorkspaceFileQuestion,
} from '../model/question';
import type { KeptSecrets } from './keptSecrets';
import type { Ui } from './ui';

interface SecretQuestion {
  readonly key: string;
  readonly title: string;
  readonly prompt: string;
  readonly placeholder: string;
  readonly again: boolean;
}

/**
 * Puts the core's questions to the person, one at a time, and keeps the secrets that they want kept. What a server says
 * in them is shown as plain text.
 */
export class Questions {
  readonly #ui: Ui;
  readonly #secrets: KeptSecrets;
  /** What was allowed in this window, by question. */
  readonly #allowed = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(ui: Ui, secrets: KeptSecrets) {
    this.#ui = ui;
    this.#secrets = secrets;
  }

  readonly ask: Ask = (question, signal) => {
    // Two boxes at once would take each other's place.
    const answer = this.#last.then(() => (signal.aborted ? undefined : this.#put(question, signal)));
    this.#last = answer.catch(() => {});
    return answer as ReturnType<typeof this.ask<typeof question>>;
  };

  #put(question: Question, signal: AbortSignal): Promise<Answers[Question['kind']] | undefined> {
    const { l10n } = this.#ui;
    switch (question.kind) {
      case 'hostKey':
        return this.#hostKey(question);
      case 'workspaceFile':
        return this.#workspaceFile(question);
      case 'mfaCode':
        return this.#mfaCode(question, signal);
      case 'deviceSignIn':
        return this.#deviceSignIn(question, signal);
      case 'prompts':
        return this.#prompts(question, signal);
      case 'passphrase': {
        const title = l10n.t('SSH key {0}', question.keyFile);
        const prompt = question.again ? l10n.t('That was not its passphrase. Enter it again.') : l10n.t('Enter its passphrase.');
        const placeholder = l10n.t('May the passphrase be remembered?');
        return this.#secret({ key: `sallyport.sshPassphrase:${question.keyFile}`, title, prompt, placeholder, again: question.again }, signal);
      }
      case 'password': {
        const { user, host, again } = question;
        const title = l10n.t('Log in to {0} as {1}', host, user);
        const prompt = again ? l10n.t('The password was refused. Enter it again.') : l10n.t('Enter the password.');
        const placeholder = l10n.t('May the password be remembered?');
        return this.#secret({ key: `sallyport.sshPassword:${user}@${host}`, title, prompt, placeholder, again }, signal);
      }
    }
  }

  #hostKey({ host, algorithm, fingerprint, console }: HostKeyQuestion): Promise<boolean> {
    const { l10n } = this.#ui;
    const consoleText = {
      matches: l10n.t('The console output of the EC2 instance shows the same fingerprint.'),
      differs: l10n.t('The console output of the EC2 instance shows ANOTHER fingerprint: this may not be the server that you mean.'),
      unknown: l10n.t('Accept it only if you know this fingerprint, for example from the administrator.'),
    }[console ?? 'unknown'];
    return this.#ui.confirm({
      message: l10n.t('The SSH server {0} is not known yet.', host),
      detail: `${algorithm}\n${fingerprint}\n\n${consoleText}\n${l10n.t('An accepted key is saved in known_hosts.')}`,
      button: l10n.t('Accept Key'),
    });
  }

  async #workspaceFile(question: WorkspaceFileQuestion): Promise<boolean> {
    const { l10n } = this.#ui;
    const { host, file, what } = question;
    const key = JSON.stringify([host, file, what]);
    if (this.#allowed.has(key)) return true;
    const yes = await this.#ui.confirm({
      message: l10n.t('A file of this workspace decides how {0} is reached.', host),
      detail: `${file}\n${l10n.t('It names:')}\n${what}\n\n${l10n.t('Allow this only if you trust whoever wrote it: it can run programs on this machine.')}`,
      button: l10n.t('Allow'),
    });
    if (yes) this.#allowed.add(key);
    return yes;
  }

  async #prompts({ user, host, name, instruction, prompts }: PromptsQuestion, signal: AbortSignal): Promise<string[] | undefined> {
    const { l10n } = this.#ui;
    const title = l10n.t('Log in to {0} as {1}', host, user);
    const intro = [name, instruction].filter((text) => text !== '').join(' ');
    const answers: string[] = [];
    for (const { text, echo } of prompts) {
      const prompt = intro === '' ? text : `${intro} ${text}`;
      const answer = await this.#ui.input({ title, prompt, password: !echo, signal });
      if (answer === undefined) return undefined;
      answers.push(answer);
    }
    return answers;
  }

  #mfaCode({ profile, serial, again }: MfaCodeQuestion, signal: AbortSignal): Promise<string | undefined> {
    const { l10n } = this.#ui;
    return this.#ui.input({
      title: l10n.t('AWS profile {0}', profile),
      prompt: again
        ? l10n.t('That code was refused. Enter the next code of {0}.', serial)
        : l10n.t('Enter the code of the multi-factor device {0}.', serial),
      // It is spent with its first use, and is typed from another screen.
      password: false,
      validate: (text) => (/^\s*\d{6}\s*$/.test(text) ? undefined : l10n.t('A code has six digits.')),
      signal,
    });
  }

  async #deviceSignIn({ session, url, code }: DeviceSignInQuestion, signal: AbortSignal): Promise<boolean> {
    const { l10n } = this.#ui;
    if (code !== undefined) {
      const goes = await this.#ui.confirm({
        message: l10n.t('Sign in to AWS ({0}) with the code {1}', session, code),
        detail: l10n.t('Continue only if the page in the browser shows the same code. It is copied, in case that the page asks for it.'),
        button: l10n.t('Copy Code and Open Browser'),
      });
      if (!goes || signal.aborted) return false;
      await this.#ui.copy(code);
    }
    // The answer of VS Code's own question does not count: whoever copies the address there opens it by themselves.
    await this.#ui.open(url);
    return true;
  }

  async #secret({ key, title, prompt, placeholder, again }: SecretQuestion, signal: AbortSignal): Promise<string | undefined> {
    // A remembered one that was wrong is worse than none.
    if (again) await this.#secrets.forget(key);
    const known = await this.#secrets.known(key);
    if (known !== undefined || signal.aborted) return signal.aborted ? undefined : known;
    const secret = await this.#ui.input({ title, prompt, password: true, signal });
    if (secret !== undefined) await this.#secrets.keep(key, secret, { title, placeholder });
    return secret;
  }
}
