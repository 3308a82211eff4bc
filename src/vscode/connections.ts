import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { Scope } from '../base/scope';
import type { Route } from '../model/route';
import type { TunnelInfo } from '../model/tunnel';
import type { Attempts } from './attempts';
import type { BastionAdvice } from './bastionAdvice';
import type { ConnectCommands } from './connectCommands';
import { tunnelNodeId } from './connectionNodes';
import { ConnectionCommands } from './connectionsCommands';
import { Consents } from './connectionsConsent';
import { ConnectionInventories } from './connectionsInventory';
import type { Outage } from './connectionsOutage';
import { OutageWatch } from './connectionsOutage';
import type { OutageAction } from './connectionsOutageNotice';
import { outageActionLabel, outageNotice } from './connectionsOutageNotice';
import { RecentTunnels } from './connectionsRecent';
import { connectionResolver } from './connectionsResolve';
import { savedRows } from './connectionsRows';
import { WindowConnectionSettings } from './connectionsSettings';
import { ConnectionStarter } from './connectionsStarter';
import { SavedConnections } from './connectionsStore';
import type { RedisConsoles } from './console/panel';
import type { InventoryStore } from './inventoryStore';
import type { Services } from './services';
import { chosenProfiles, readSetting } from './settings';
import type { SshHostStore } from './sshHostStore';
import type { TunnelBoard } from './tunnelBoard';
import type { ToggleParts, TunnelCommands } from './tunnelCommands';
import { routeLabel } from './wording';

export interface ConnectionPartsDeps {
  readonly context: vscode.ExtensionContext;
  readonly services: Services;
  readonly store: InventoryStore;
  readonly sshHosts: SshHostStore;
  readonly board: TunnelBoard;
  readonly advice: BastionAdvice;
  readonly attempts: Attempts;
  readonly preferredProfile: string | undefined;
  readonly connecting: () => ConnectCommands;
  readonly tunnels: () => TunnelCommands;
  /** Shows the tunnel's row, where the view can be seen anyway. */
  readonly reveal: (tunnel: TunnelInfo) => void;
}

export interface ConnectionParts {
  readonly saved: SavedConnections;
  readonly commands: ConnectionCommands;
  readonly toggle: ToggleParts;
  /** Starts what is to start by itself; does nothing, and loads nothing, where there is nothing of that kind. */
  startAutomatically(): Promise<void>;
}

/** Saved connections and recent tunnels of this window. Reads settings; touches no network and no file. */
export function addConnections(scope: Scope, deps: ConnectionPartsDeps): ConnectionParts {
  const { context, services, store, sshHosts, board, advice, attempts, preferredProfile, reveal } = deps;
  const { broker, ui, logger } = services;
  const kept = context.globalState;
  const onError = (error: unknown): void => logger.log('warn', 'memory.notKept', { error });
  const settings = new WindowConnectionSettings();
  const inventories = new ConnectionInventories({ store, inventory: broker.inventory, chosen: chosenProfiles, preferredProfile });
  scope.add(inventories);
  const resolve = connectionResolver({ inventories, sshHosts, advice });
  const saved = scope.add(new SavedConnections({ settings, board, resolve, kept, logger }));
  const trusted = (): boolean => vscode.workspace.isTrusted;
  const consents = new Consents({ ui, kept, workspaceId, trusted, onError });
  const starter = new ConnectionStarter({ saved, consents, settings, ui, attempts, trusted, reveal, refresh: () => store.refresh() });
  const recent = new RecentTunnels(kept, onError);
  const nameOf = (route: Route): string => routeLabel(route, ui.l10n);
  scope.add(board.onDidStart(({ route }) => recent.add(route, nameOf(route))));
  const commands = new ConnectionCommands({
    saved,
    starter,
    settings,
    recent,
    board,
    ui,
    attempts,
    destination: (argument) => deps.connecting().destination(argument),
    chooseTunnel: () => deps.tunnels().choose(undefined),
  });
  const startAutomatically = async (): Promise<void> => {
    if (saved.entries.some(({ connection }) => connection.autoStart)) await starter.startAutomatically();
  };
  scope.add(vscode.workspace.onDidGrantWorkspaceTrust(() => void startAutomatically()));
  const toggle: ToggleParts = {
    saved: () => savedRows(saved).rows,
    recent: () => commands.recent,
    start: (entry) => starter.start(entry),
    startAll: () => starter.startAll(saved.entries, ui.l10n.t('Starting saved connections')),
    showDetails: async (tunnel) => ui.run('showTunnel', tunnelNodeId(tunnel)),
    onDidChange: saved.onDidChange,
  };
  return { saved, commands, toggle, startAutomatically };
}

/** The same each time this workspace is opened; empty without one. */
function workspaceId(): string {
  const { workspaceFile, workspaceFolders } = vscode.workspace;
  return String(workspaceFile ?? workspaceFolders?.[0]?.uri ?? '');
}

/** Tells of tunnels that are used and stay down, and of nothing else. */
export function addOutageNotices(scope: Scope, { services, board, connecting, redis }: Pick<ConnectionPartsDeps, 'services' | 'board' | 'connecting'> & { readonly redis: RedisConsoles }): void {
  const { ui, logger } = services;
  const { l10n } = ui;
  const boundMs = (): number => Math.max(1, readSetting('downSeconds')) * 1000;
  const act = async (action: OutageAction, outages: readonly Outage[], profile: string | undefined): Promise<void> => {
    if (action === 'signIn') ui.run('signIn', profile);
    else if (action === 'showLog') ui.run('showLog');
    else if (action === 'stop') await Promise.all(outages.map(({ tunnel }) => board.stop(tunnel.id)));
    else await Promise.all(outages.filter(({ ended }) => ended).map(({ tunnel }) => connecting().reopen(tunnel)));
  };
  const notify = (outages: readonly Outage[]): void => {
    const { text, actions, profile } = outageNotice(outages, Math.round(boundMs() / 1000), l10n);
    const failed = (error: unknown): void => logger.log('error', 'outage.noticeFailed', { error });
    logger.log('warn', 'outage', { tunnels: outages.map(({ tunnel }) => tunnel.id) });
    ui.error(text, actions.map((one) => outageActionLabel(one, l10n)))
      .then((label) => {
        const action = actions.find((one) => outageActionLabel(one, l10n) === label);
        return action && act(action, outages, profile);
      })
      .catch(failed);
  };
  scope.add(new OutageWatch({ board, clock: systemClock, boundMs, hasConsole: (tunnel) => redis.has(tunnel), notify }));
}
