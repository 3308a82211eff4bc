import { formatEndpoint } from '../model/endpoint';
import type { TunnelInfo } from '../model/tunnel';
import type { Attempts } from './attempts';
import { moodIcon, resolveTunnel } from './connectionNodes';
import type { CommandHandlers } from './contributions';
import { goneFault } from './inventoryStore';
import type { TunnelBoard } from './tunnelBoard';
import type { PickItem, Ui } from './ui';
import { healthText, joined, routeLabel, speaksRedis, tunnelMood } from './wording';

export interface TunnelCommandDeps {
  readonly board: TunnelBoard;
  readonly ui: Ui;
  readonly attempts: Attempts;
  /** "Connect…", "Redis: Open Console" as the quick pick of the status bar offers them. */
  readonly connectTo: () => Promise<void>;
  readonly openConsole: (tunnel: TunnelInfo) => Promise<void>;
}

/** Commands on tunnels that are open. */
export class TunnelCommands {
  readonly #deps: TunnelCommandDeps;

  constructor(deps: TunnelCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): Pick<CommandHandlers, 'stop' | 'stopAll' | 'copyAddress' | 'toggleTunnels'> {
    const { attempts } = this.#deps;
    return {
      stop: (argument) => this.#on(argument, (tunnel) => this.#stop([tunnel])),
      stopAll: () => this.#stop(this.#deps.board.tunnels),
      copyAddress: (argument) => this.#on(argument, (tunnel) => this.#copy(tunnel)),
      toggleTunnels: async () => {
        await attempts.run('tunnels', () => this.#toggle());
      },
    };
  }

  /**
   * The tunnel of a row; without one the only tunnel, or the one that the person picks.
   * @throws Fault `inventory.gone` for a row whose tunnel has ended.
   */
  async choose(argument: unknown): Promise<TunnelInfo | undefined> {
    const { board, ui } = this.#deps;
    const found = resolveTunnel(board.tunnels, argument);
    if (found) return found;
    if (typeof argument === 'string') throw goneFault('This tunnel');
    const [first, second] = board.tunnels;
    if (!first || !second) return first;
    const items = board.tunnels.map((tunnel) => this.item(tunnel, tunnel));
    return ui.pick(items, { title: ui.l10n.t('Tunnels'), placeholder: ui.l10n.t('Which tunnel?') });
  }

  /** How a tunnel looks in any quick pick. */
  item<T>(tunnel: TunnelInfo, value: T): PickItem<T> {
    const { l10n } = this.#deps.ui;
    const mood = tunnelMood(tunnel);
    return {
      label: routeLabel(tunnel.route, l10n),
      icon: moodIcon(mood).id,
      description: joined([formatEndpoint(tunnel.local), healthText(mood, tunnel.health, l10n)]),
      value,
    };
  }

  async #on(argument: unknown, act: (tunnel: TunnelInfo) => Promise<void>): Promise<void> {
    await this.#deps.attempts.run('tunnels', async () => {
      const tunnel = await this.choose(argument);
      if (tunnel) await act(tunnel);
    });
  }

  async #stop(tunnels: readonly TunnelInfo[]): Promise<void> {
    const { board, ui, attempts } = this.#deps;
    const [first] = tunnels;
    if (!first) return;
    const { l10n } = ui;
    const title =
      tunnels.length === 1 ? l10n.t('Stopping {0}', routeLabel(first.route, l10n)) : l10n.t('Stopping {0} tunnels', tunnels.length);
    await attempts.run('stop', () =>
      ui.background(title, async () => {
        // One that fails must not keep the others open.
        const results = await Promise.allSettled(tunnels.map(({ id }) => board.stop(id)));
        const failed = results.find(({ status }) => status === 'rejected');
        if (failed?.status === 'rejected') throw failed.reason;
      }),
    );
  }

  async #copy(tunnel: TunnelInfo): Promise<void> {
    const { ui } = this.#deps;
    const address = formatEndpoint(tunnel.local);
    await ui.copy(address);
    ui.brief(ui.l10n.t('Copied {0}', address));
  }

  async #toggle(): Promise<void> {
    const { board, ui, connectTo } = this.#deps;
    const { l10n } = ui;
    const { tunnels } = board;
    if (tunnels.length === 0) {
      await connectTo();
      return;
    }
    const items: PickItem<() => Promise<void>>[] = tunnels.map((tunnel) => this.#toggleItem(tunnel));
    items.push({ label: l10n.t('Connect…'), icon: 'plug', value: connectTo });
    if (tunnels.length > 1) items.push({ label: l10n.t('Stop All Tunnels'), icon: 'stop-circle', value: () => this.#stop(board.tunnels) });
    const act = await ui.pick(items, { title: l10n.t('Tunnels'), placeholder: l10n.t('Choose a tunnel to stop it') });
    await act?.();
  }

  #toggleItem(tunnel: TunnelInfo): PickItem<() => Promise<void>> {
    const { ui, openConsole } = this.#deps;
    const { l10n } = ui;
    const copy = { icon: 'copy', label: l10n.t('Copy Address'), value: () => this.#copy(tunnel) };
    const console = { icon: 'terminal', label: l10n.t('Redis: Open Console'), value: () => openConsole(tunnel) };
    return {
      ...this.item(tunnel, () => this.#stop([tunnel])),
      buttons: speaksRedis(tunnel.route.target) ? [copy, console] : [copy],
    };
  }
}
