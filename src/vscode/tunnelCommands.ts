import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { ConnectionEntry, SavedConnection } from '../model/connection';
import { formatEndpoint } from '../model/endpoint';
import type { TunnelInfo } from '../model/tunnel';
import type { Attempts } from './attempts';
import { moodIcon, resolveTunnel } from './connectionNodes';
import type { SavedRow } from './connectionsRows';
import type { ToggleActs, ToggleModel } from './connectionsToggle';
import { toggleItems } from './connectionsToggle';
import type { CommandHandlers } from './contributions';
import { goneFault } from './inventoryStore';
import type { TunnelBoard } from './tunnelBoard';
import type { PickItem, Ui } from './ui';
import { healthText, joined, routeLabel, tunnelMood } from './wording';

export interface TunnelCommandDeps {
  readonly board: TunnelBoard;
  readonly ui: Ui;
  readonly attempts: Attempts;
  /** "Connect…", "Redis: Open Console" as the quick pick of the status bar offers them. */
  readonly connectTo: () => Promise<void>;
  readonly openConsole: (tunnel: TunnelInfo) => Promise<void>;
  readonly toggle: ToggleParts;
}

/** What the list of the status bar shows besides the tunnels. */
export interface ToggleParts {
  readonly saved: () => readonly SavedRow[];
  readonly recent: () => readonly SavedConnection[];
  readonly start: (entry: ConnectionEntry) => Promise<unknown>;
  readonly startAll: () => Promise<void>;
  readonly showDetails: (tunnel: TunnelInfo) => Promise<void>;
  readonly onDidChange: Event<void>;
}

/** Commands on tunnels that are open. */
export class TunnelCommands {
  readonly #deps: TunnelCommandDeps;
  /** Ids of the tunnels that are being stopped. */
  readonly #stopping = new Set<string>();
  readonly #stops = new Emitter<void>();

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
    const { ui, attempts } = this.#deps;
    const [first] = tunnels;
    if (!first) return;
    const { l10n } = ui;
    const title =
      tunnels.length === 1 ? l10n.t('Stopping {0}', routeLabel(first.route, l10n)) : l10n.t('Stopping {0} tunnels', tunnels.length);
    await attempts.run('stop', () =>
      ui.background(title, async () => {
        // One that fails must not keep the others open.
        const results = await Promise.allSettled(tunnels.map(({ id }) => this.#stopOne(id)));
        const failed = results.find(({ status }) => status === 'rejected');
        if (failed?.status === 'rejected') throw failed.reason;
      }),
    );
  }

  async #stopOne(id: string): Promise<void> {
    this.#stopping.add(id);
    this.#stops.fire();
    try {
      await this.#deps.board.stop(id);
    } finally {
      this.#stopping.delete(id);
      this.#stops.fire();
    }
  }

  async #copy(tunnel: TunnelInfo): Promise<void> {
    const { ui } = this.#deps;
    const address = formatEndpoint(tunnel.local);
    await ui.copy(address);
    ui.brief(ui.l10n.t('Copied {0}', address));
  }

  /** The list of the status bar; straight to "Connect…" where there would be nothing in it. */
  async #toggle(): Promise<void> {
    const { board, ui, connectTo, toggle } = this.#deps;
    const { l10n } = ui;
    const model = (): ToggleModel => ({ saved: toggle.saved(), tunnels: board.tunnels, recent: toggle.recent(), stopping: this.#stopping });
    const { saved, tunnels, recent } = model();
    if (saved.length + tunnels.length + recent.length === 0) {
      await connectTo();
      return;
    }
    const acts = this.#toggleActs();
    await ui.live({
      title: l10n.t('Tunnels'),
      placeholder: l10n.t('Press Enter to start or stop'),
      items: () => toggleItems(model(), acts, l10n),
      onDidChange: (listener) => {
        const both = [toggle.onDidChange(() => listener(undefined)), this.#stops.event(() => listener(undefined))];
        return { dispose: () => both.forEach((one) => one.dispose()) };
      },
    });
  }

  #toggleActs(): ToggleActs {
    const { board, connectTo, openConsole, toggle, attempts } = this.#deps;
    const run = (work: () => Promise<unknown>): void => void attempts.run('tunnels', work);
    return {
      start: (entry) => run(() => toggle.start(entry)),
      startAll: () => run(() => toggle.startAll()),
      stop: (tunnel) => void this.#stop([tunnel]),
      stopAll: () => void this.#stop(board.tunnels),
      connectTo: () => void connectTo(),
      copy: (tunnel) => run(() => this.#copy(tunnel)),
      openConsole: (tunnel) => void openConsole(tunnel),
      showDetails: (tunnel) => run(() => toggle.showDetails(tunnel)),
    };
  }
}
