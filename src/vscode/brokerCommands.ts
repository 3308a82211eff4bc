import type { BrokerClient } from '../broker/client';
import type { Attempts } from './attempts';
import type { CommandHandlers } from './contributions';
import type { TunnelBoard } from './tunnelBoard';
import type { Ui } from './ui';

export interface BrokerCommandDeps {
  readonly broker: Pick<BrokerClient, 'restart'>;
  readonly board: TunnelBoard;
  readonly ui: Ui;
  readonly attempts: Attempts;
}

/** Commands on the process behind the windows. */
export class BrokerCommands {
  readonly #deps: BrokerCommandDeps;

  constructor(deps: BrokerCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'restartBroker'> {
    return { restartBroker: () => this.#restart() };
  }

  async #restart(): Promise<void> {
    const { broker, board, ui, attempts } = this.#deps;
    const { l10n } = ui;
    const open = board.tunnels.length;
    const sure =
      open === 0 ||
      (await ui.confirm({
        message: l10n.t("Restart Sallyport's background process?"),
        detail: l10n.t('Open tunnels that close, in this window and in all others: {0}', open),
        button: l10n.t('Restart'),
      }));
    if (!sure) return;
    await attempts.run('restartBroker', () => ui.background(l10n.t('Restarting the background process'), () => broker.restart()));
  }
}
