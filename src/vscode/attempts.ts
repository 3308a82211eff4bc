import type { FaultData, RemedyAction } from '../base/fault';
import { asFault, describeFault, faultData, isCancelled } from '../base/fault';
import type { Logger } from '../base/log';
import type { CommandName } from './contributions';
import type { Localizer } from './localizer';
import type { Ui } from './ui';

/** What the buttons of a failure's notification do; an action without an entry has no button. */
export type Recovery = Partial<Readonly<Record<RemedyAction, (subject?: string) => void>>> & {
  /** What it is that failed, so that a second failure of the same takes the place of the first. */
  readonly about?: string;
};

/** Something to repeat after a sign-in. */
interface Waiting {
  /** Undefined: whoever has signed in. */
  readonly profile: string | undefined;
  readonly retry: () => void;
}

/** More than this nobody waits for; the oldest go. */
const MAX_WAITING = 20;

// Actions that every failure can offer, as commands.
const COMMAND_OF: Partial<Readonly<Record<RemedyAction, CommandName>>> = {
  selectProfile: 'selectProfile',
  selectRegion: 'selectRegion',
  copyPolicy: 'copyPolicy',
  signIn: 'signIn',
  restartBroker: 'restartBroker',
  editConnection: 'editConnections',
  changeLogin: 'changeLogin',
  showLog: 'showLog',
};

/** Runs what can fail: a failure becomes one notification with its next step, and one line in the log. */
export class Attempts {
  readonly #ui: Ui;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, Waiting>();

  constructor(ui: Ui, logger: Logger) {
    this.#ui = ui;
    this.#logger = logger;
  }

  /** The work's result; undefined when it failed (and that was shown) or was cancelled. `event` is the log's name for it. */
  async run<T>(event: string, work: () => Promise<T>, recovery: Recovery = {}): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isCancelled(error)) this.report(event, faultData(asFault(error)), recovery);
      return undefined;
    }
  }

  /** Shows and logs a failure; does not wait for the person. */
  report(event: string, fault: FaultData, recovery: Recovery = {}): void {
    this.#logger.log('error', `${event}.failed`, { code: fault.code, message: fault.message, remedy: fault.remedy?.text });
    this.awaitSignIn(event, fault, recovery);
    const buttons = faultButtons(fault, recovery, this.#ui.l10n);
    void this.#ui
      .error(
        describeFault(fault),
        buttons.map(({ label }) => label),
      )
      .then((label) => {
        const action = buttons.find((button) => button.label === label)?.action;
        if (!action) return;
        const recover = recovery[action];
        const command = COMMAND_OF[action];
        if (recover) recover(fault.remedy?.action === action ? fault.remedy.subject : undefined);
        else if (command) this.#ui.run(command, fault.remedy?.action === action ? fault.remedy.subject : undefined);
      })
      .catch((error: unknown) => this.#logger.log('error', 'notification.failed', { error }));
  }

  /** Repeats, once, what failed for want of a sign-in of one of these profiles. */
  signedIn(profiles: readonly string[]): void {
    for (const [key, { profile, retry }] of [...this.#waiting]) {
      if (profile !== undefined && !profiles.includes(profile)) continue;
      this.#waiting.delete(key);
      retry();
    }
  }

  /** Repeats it after a sign-in, where that is what it failed for; shows nothing. */
  awaitSignIn(event: string, { remedy }: FaultData, { retry, about = '' }: Recovery): void {
    if (remedy?.action !== 'signIn' || !retry) return;
    const key = JSON.stringify([event, remedy.subject, about]);
    this.#waiting.delete(key);
    this.#waiting.set(key, { profile: remedy.subject, retry });
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
  }
}

/** The remedy's button where it can be offered, then the log. */
export function faultButtons(
  fault: FaultData,
  recovery: Recovery,
  l10n: Localizer,
): readonly { readonly action: RemedyAction; readonly label: string }[] {
  const wanted = fault.remedy?.action;
  // Where nothing may be started from here, somebody else may have done it.
  const action = wanted === 'startBastion' && !recovery.startBastion ? 'retry' : wanted;
  const actions: RemedyAction[] = [];
  if (action && action !== 'showLog' && (recovery[action] || COMMAND_OF[action])) actions.push(action);
  actions.push('showLog');
  return actions.map((one) => ({ action: one, label: actionLabel(one, l10n, one === action ? fault.remedy?.subject : undefined) }));
}

export function actionLabel(action: RemedyAction, l10n: Localizer, subject = ''): string {
  switch (action) {
    case 'startBastion':
      return l10n.t('Start {0} and Connect', subject);
    case 'signIn':
      return l10n.t('Sign In');
    case 'selectProfile':
      return l10n.t('Select Profile');
    case 'selectRegion':
      return l10n.t('Select Region');
    case 'copyPolicy':
      return l10n.t('Copy Policy');
    case 'chooseAnotherPort':
      return l10n.t('Use Another Port');
    case 'editConnection':
      return l10n.t('Edit Connection');
    case 'enterPassword':
      return l10n.t('Enter Password');
    case 'changeLogin':
      return l10n.t('Change Login');
    case 'restartBroker':
      return l10n.t('Restart Background Process');
    case 'retry':
      return l10n.t('Try Again');
    case 'showLog':
      return l10n.t('Show Log');
  }
}
