import type { FaultData, RemedyAction } from '../base/fault';
import { asFault, describeFault, faultData, isCancelled } from '../base/fault';
import type { Logger } from '../base/log';
import type { CommandName } from './contributions';
import type { Localizer } from './localizer';
import type { Ui } from './ui';

/** What the buttons of a failure's notification do; an action without an entry has no button. */
export type Recovery = Partial<Readonly<Record<RemedyAction, () => void>>>;

// Actions that every failure can offer, as commands.
const COMMAND_OF: Partial<Readonly<Record<RemedyAction, CommandName>>> = {
  selectProfile: 'selectProfile',
  selectRegion: 'selectRegion',
  showLog: 'showLog',
};

/** Runs what can fail: a failure becomes one notification with its next step, and one line in the log. */
export class Attempts {
  readonly #ui: Ui;
  readonly #logger: Logger;

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
        if (recover) recover();
        else if (command) this.#ui.run(command);
      })
      .catch((error: unknown) => this.#logger.log('error', 'notification.failed', { error }));
  }
}

/** The remedy's button where it can be offered, then the log. */
export function faultButtons(
  fault: FaultData,
  recovery: Recovery,
  l10n: Localizer,
): readonly { readonly action: RemedyAction; readonly label: string }[] {
  const wanted = fault.remedy?.action;
  // Signing in happens outside in a terminal, as the remedy says; what follows it is another try.
  const action = wanted === 'signIn' && !recovery.signIn ? 'retry' : wanted;
  const actions: RemedyAction[] = [];
  if (action && action !== 'showLog' && (recovery[action] || COMMAND_OF[action])) actions.push(action);
  actions.push('showLog');
  return actions.map((one) => ({ action: one, label: actionLabel(one, l10n) }));
}

export function actionLabel(action: RemedyAction, l10n: Localizer): string {
  switch (action) {
    case 'signIn':
      return l10n.t('Sign In');
    case 'selectProfile':
      return l10n.t('Select Profile');
    case 'selectRegion':
      return l10n.t('Select Region');
    case 'chooseAnotherPort':
      return l10n.t('Use Another Port');
    case 'enterPassword':
      return l10n.t('Enter Password');
    case 'retry':
      return l10n.t('Try Again');
    case 'showLog':
      return l10n.t('Show Log');
  }
}
