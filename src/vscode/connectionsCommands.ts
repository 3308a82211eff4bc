import { Fault } from '../base/fault';
import type { ConnectionEntry, ConnectionOrigin, SavedConnection } from '../model/connection';
import { connectionTo, formatConnection, selectorKey } from '../model/connectionEntry';
import type { TunnelInfo } from '../model/tunnel';
import type { Attempts } from './attempts';
import type { Destination } from './connectCommands';
import { resolveTunnel } from './connectionNodes';
import type { RecentTunnels } from './connectionsRecent';
import { groupName, savedName, statusIcon, statusText, summary } from './connectionsRows';
import type { ConnectionStarter } from './connectionsStarter';
import type { ConnectionSettings, SavedConnections } from './connectionsStore';
import type { CommandHandlers } from './contributions';
import { goneFault } from './inventoryStore';
import type { TunnelBoard } from './tunnelBoard';
import type { PickItem, Ui } from './ui';
import { joined, roleText, routeLabel } from './wording';

export interface ConnectionCommandDeps {
  readonly saved: SavedConnections;
  readonly starter: ConnectionStarter;
  readonly settings: ConnectionSettings;
  readonly recent: RecentTunnels;
  readonly board: TunnelBoard;
  readonly ui: Ui;
  readonly attempts: Attempts;
  /** The destination of a row of Resources, or the one that the person picks. @throws Fault */
  readonly destination: (argument: unknown) => Promise<Destination | undefined>;
  /** The tunnel that the person picks, where there is one. */
  readonly chooseTunnel: () => Promise<TunnelInfo | undefined>;
}

type Handlers = Pick<CommandHandlers, 'saveConnection' | 'startConnection' | 'startGroup' | 'editConnections' | 'forgetConnection'>;

/** Commands on saved connections. */
export class ConnectionCommands {
  readonly #deps: ConnectionCommandDeps;

  constructor(deps: ConnectionCommandDeps) {
    this.#deps = deps;
  }

  get handlers(): Handlers {
    const run = (work: (argument: unknown) => Promise<void>) => async (argument: unknown): Promise<void> => {
      await this.#deps.attempts.run('connections', () => work(argument));
    };
    return {
      saveConnection: run((argument) => this.#save(argument)),
      startConnection: run(async (argument) => {
        const entry = await this.#choose(argument, ({ connection }) => !this.#deps.saved.tunnelOf(connection));
        if (entry) await this.#deps.starter.start(entry);
      }),
      startGroup: run((argument) => this.#startGroup(argument)),
      editConnections: run((argument) => this.#edit(argument)),
      forgetConnection: run((argument) => this.#forget(argument)),
    };
  }

  /** Tunnels that were open lately and are not now, and that no saved connection leads to. */
  get recent(): readonly SavedConnection[] {
    const { recent, saved } = this.#deps;
    const known = new Set(saved.entries.map(({ connection }) => selectorKey(connection)));
    return recent.list.filter((one) => !known.has(selectorKey(one)) && !saved.tunnelOf(one));
  }

  /** The same as lines of a quick pick. */
  recentItems(): PickItem<() => Promise<void>>[] {
    const { starter, ui } = this.#deps;
    return this.recent.map((connection) => {
      const entry: ConnectionEntry = { connection, origin: 'user' };
      return {
        label: connection.name,
        icon: 'history',
        description: joined([ui.l10n.t('recent'), summary(entry, ui.l10n)]),
        value: async () => void (await starter.start(entry)),
      };
    });
  }

  /**
   * The entry of a row or of that name; else the one that the person picks.
   * @throws Fault `inventory.gone`, `connections.none`
   */
  async #choose(argument: unknown, fits: (entry: ConnectionEntry) => boolean): Promise<ConnectionEntry | undefined> {
    const { saved, ui } = this.#deps;
    const { l10n } = ui;
    if (typeof argument === 'string') {
      const entry = saved.entry(savedName(argument) ?? argument);
      if (!entry) throw goneFault('This connection');
      return entry;
    }
    const entries = saved.entries.filter(fits);
    if (entries.length === 0) throw none(saved.entries.length > 0);
    const items = entries.map((entry): PickItem<ConnectionEntry> => {
      const status = saved.status(entry.connection);
      const failure = status.phase === 'failed' ? statusText(status, l10n) : undefined;
      return {
        label: entry.connection.name,
        icon: statusIcon(status).id,
        description: joined([entry.connection.group, summary(entry, l10n), failure]),
        value: entry,
      };
    });
    return ui.pick(items, { title: l10n.t('Saved connections'), placeholder: l10n.t('Which connection?') });
  }

  async #startGroup(argument: unknown): Promise<void> {
    const { saved, starter, ui } = this.#deps;
    const { l10n } = ui;
    const group = typeof argument === 'string' ? (groupName(argument) ?? argument) : await this.#pickGroup();
    if (group === undefined) return;
    const entries = saved.entries.filter(({ connection }) => connection.group === group);
    if (entries.length === 0) throw goneFault('This group');
    await starter.startAll(entries, l10n.t('Starting {0}', group));
  }

  async #pickGroup(): Promise<string | undefined> {
    const { saved, ui } = this.#deps;
    const { groups } = saved;
    if (groups.length === 0) {
      throw new Fault('connections.noGroup', 'No saved connection has a group.', {
        remedy: { text: 'Give some of them the same "group" in the settings.', action: 'editConnection' },
      });
    }
    const items = groups.map((group): PickItem<string> => ({ label: group, icon: 'folder', value: group }));
    return ui.pick(items, { title: ui.l10n.t('Groups'), placeholder: ui.l10n.t('Which group?') });
  }

  async #edit(argument: unknown): Promise<void> {
    const { saved, settings } = this.#deps;
    const entry = typeof argument === 'string' ? saved.entry(savedName(argument) ?? argument) : undefined;
    await settings.edit(entry && { origin: entry.origin, name: entry.connection.name });
  }

  async #forget(argument: unknown): Promise<void> {
    const { settings, ui } = this.#deps;
    const { l10n } = ui;
    const entry = await this.#choose(argument, () => true);
    if (!entry) return;
    const { name } = entry.connection;
    const where = entry.origin === 'user' ? l10n.t('your settings') : l10n.t("the workspace's settings");
    const yes = await ui.confirm({
      message: l10n.t('Forget the saved connection "{0}"?', name),
      detail: l10n.t('Its entry is taken out of {0}. A tunnel that is open stays open.', where),
      button: l10n.t('Forget'),
    });
    if (!yes) return;
    await settings.change(entry.origin, name, undefined);
    ui.brief(l10n.t('Forgotten: {0}', name));
  }

  async #save(argument: unknown): Promise<void> {
    const { settings, ui } = this.#deps;
    const { l10n } = ui;
    const found = await this.#recipe(argument);
    if (!found) return;
    const name = await this.#askName(found.name);
    if (name === undefined) return;
    const origin = await this.#askOrigin();
    if (!origin) return;
    await settings.add(origin, formatConnection({ ...found, name }));
    ui.brief(l10n.t('Saved: {0}', name));
  }

  /** What would be saved, under the name that is proposed for it. */
  async #recipe(argument: unknown): Promise<SavedConnection | undefined> {
    const { board, ui, destination, chooseTunnel } = this.#deps;
    const fromTunnel = argument === undefined && board.tunnels.length > 0 ? await chooseTunnel() : resolveTunnel(board.tunnels, argument);
    if (fromTunnel) {
      const { route, exposedOn } = fromTunnel;
      return { ...connectionTo(route, routeLabel(route, ui.l10n)), ...(exposedOn !== undefined && { bindAddress: exposedOn }) };
    }
    if (argument === undefined && board.tunnels.length > 0) return undefined;
    const found = await destination(argument);
    if (!found) return undefined;
    const { target, endpoint } = found;
    return {
      name: endpoint ? `${target.name} ${roleText(endpoint.role, ui.l10n)}` : target.name,
      target: { by: 'id', id: target.id },
      ...(endpoint && { endpoint: endpoint.role }),
      profile: target.place.profile,
      region: target.place.region,
      autoStart: false,
      env: {},
    };
  }

  async #askName(proposed: string): Promise<string | undefined> {
    const { saved, ui } = this.#deps;
    const { l10n } = ui;
    const text = await ui.input({
      title: l10n.t('Save Connection'),
      prompt: l10n.t('Name of the connection.'),
      value: proposed,
      validate: (value) => {
        const name = value.trim();
        if (name === '') return l10n.t('Enter a name.');
        if (name.length > 80) return l10n.t('Enter at most 80 characters.');
        return saved.entry(name) ? l10n.t('There is a connection of this name already.') : undefined;
      },
    });
    return text?.trim();
  }

  async #askOrigin(): Promise<ConnectionOrigin | undefined> {
    const { settings, ui } = this.#deps;
    const { l10n } = ui;
    if (!settings.hasWorkspace) return 'user';
    const items: PickItem<ConnectionOrigin>[] = [
      { label: l10n.t('Your settings'), icon: 'account', description: l10n.t('for you, in every window'), value: 'user' },
      { label: l10n.t('This workspace'), icon: 'root-folder', description: l10n.t('in .vscode/settings.json, for everyone who works on it'), value: 'workspace' },
    ];
    return ui.pick(items, { title: l10n.t('Save Connection'), placeholder: l10n.t('Where?') });
  }
}

function none(allOpen: boolean): Fault {
  if (allOpen) return new Fault('connections.none', 'Every saved connection is open already.', { remedy: { text: 'Stop one first.' } });
  return new Fault('connections.none', 'No connection is saved yet.', {
    remedy: { text: 'Open a tunnel and choose "Save Connection…" on its row.', action: 'editConnection' },
  });
}
