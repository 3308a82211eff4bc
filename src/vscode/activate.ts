import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { Logger } from '../base/log';
import type { Scope } from '../base/scope';
import type { Endpoint } from '../model/endpoint';
import type { SignInWay } from '../model/signIn';
import type { TunnelInfo } from '../model/tunnel';
import { Attempts } from './attempts';
import { BastionAdvice } from './bastionAdvice';
import { KeptBastionMemory } from './bastionMemory';
import { BastionStarter } from './bastionStarter';
import { Benchmarks } from './benchmark/benchmarks';
import { BrokerCommands } from './brokerCommands';
import { ChosenLogins } from './chosenLogins';
import { Clusters } from './cluster/clusters';
import type { ClusterPagePorts } from './cluster/controller';
import { NodeTunnels } from './cluster/nodeTunnels';
import { ConnectCommands } from './connectCommands';
import { addConnections, addOutageNotices } from './connections';
import { asTunnelRow, connectionsView, onTunnelRows, rowIdOf, savedRows } from './connectionsRows';
import type { SavedConnections } from './connectionsStore';
import { KeptHistory } from './console/keptHistory';
import { RedisConsoles } from './console/panel';
import { setContext } from './contextKeys';
import type { CommandHandlers } from './contributions';
import { Diagnoses } from './diagnosis/diagnoses';
import type { Entrance, RunCommand } from './doorway';
import { FileInventoryCache } from './inventoryCache';
import { targetsOf } from './inventoryState';
import { InventoryStore } from './inventoryStore';
import { KeptSelection } from './lastSelection';
import { LivePanes } from './live/livePanes';
import type { LogChannel } from './logChannel';
import { KeyBrowsers } from './keys/keyBrowsers';
import { KeptLoginChoices } from './loginChoices';
import { SecretLogins } from './logins';
import { NodeView } from './nodeView';
import { showNotices } from './notices';
import { type RedisCommandDeps, RedisCommands } from './redisCommands';
import { resourceCommands } from './resourceCommands';
import type { Projected } from './resourceNodes';
import { ResourcesView } from './resourcesView';
import { decorateRows } from './rowDecorations';
import { ScopeCommands } from './scopeCommands';
import type { Services } from './services';
import { chooseProfiles, chosenProfiles, onDidChangeSettings, readSetting, readStartOptions, readStartPolicy } from './settings';
import { retryAfterSignIn, SignInCommands } from './signIn';
import { SshHostStore } from './sshHostStore';
import { statusText } from './statusText';
import { TreeState } from './treeCommands';
import { parseGrouping } from './treeOptions';
import { TunnelBoard } from './tunnelBoard';
import { TunnelCommands } from './tunnelCommands';
import { TunnelPages } from './tunnelDetails';
import { TunnelNews } from './tunnelNews';
import { VpcNames } from './vpcNames';
import { nodeText } from './wording';

/**
 * Composes views, commands and the status bar over the services, in the places of the doorway. Touches no network, and no
 * file but to see whether a broker is running. Everything goes into `scope`, whose disposal leaves the broker.
 */
export function activateSallyport(scope: Scope, context: vscode.ExtensionContext, given: Services, log: LogChannel, entrance: Entrance): RunCommand {
  const { broker, ui, logger } = given;
  scope.add(broker);
  const store = addStore(scope, context, given);
  const { services, nodeTunnels } = followClusters(scope, given, store);
  const sshHosts = scope.add(new SshHostStore(broker.inventory, logger));
  const board = scope.add(new TunnelBoard(broker.tunnels, logger, readStartOptions));
  const attempts = new Attempts(ui, logger);
  const starter = new BastionStarter({ power: broker.power, policy: readStartPolicy, clock: systemClock, ui, attempts });
  scope.add(new TunnelNews({ board, ui, attempts, starter, logger, retry: (id) => broker.tunnels.retry(id) }));
  const logins = redisLogins(context, services);
  const panes = redisPanes(scope, context, services, logins, nodeConsoles({ board, ui, attempts, nodeTunnels, openConsole: (tunnel) => redisCommands.open(tunnel) }));
  const advice = bastionAdvice(context, services);
  const tree = scope.add(new TreeState(parseGrouping(readSetting('groupBy')), logger));
  const shared = { store, sshHosts, advice, board, ui, attempts };
  const media = vscode.Uri.joinPath(context.extensionUri, 'media');
  const resources = scope.add(
    new ResourcesView({ place: entrance.resources, store, sshHosts, tree, signIn: broker.signIn, l10n: ui.l10n, clock: systemClock, logger, media }),
  );
  scope.add(decorateRows());
  const connections = addConnections(scope, {
    context,
    services,
    store,
    sshHosts,
    board,
    advice,
    attempts,
    preferredProfile: preferredProfile(),
    connecting: () => connecting,
    tunnels: () => tunnels,
    reveal: (tunnel) => reveal(rowIdOf(tunnel, connections.saved)),
  });
  const reveal = addConnectionsView(scope, { entrance, board, saved: connections.saved, media, logger });
  const connecting: ConnectCommands = new ConnectCommands({
    ...shared,
    starter,
    reveal: (tunnel) => reveal(rowIdOf(tunnel, connections.saved)),
    recent: () => connections.commands.recentItems(),
  });
  addOutageNotices(scope, { services, board, connecting: () => connecting, redis: panes.redis });
  scope.add(board.onDidLose((lost) => connecting.lost(lost)));
  const tunnels: TunnelCommands = new TunnelCommands({
    board,
    ui,
    attempts,
    connectTo: () => connecting.handlers.connectTo(undefined),
    openConsole: (tunnel) => redisCommands.open(tunnel),
    toggle: connections.toggle,
  });
  const pages = scope.add(new TunnelPages({ service: broker.tunnels, extensionUri: context.extensionUri, clock: systemClock, logger, choose: (row) => tunnels.choose(row) }));
  const diagnoses = scope.add(new Diagnoses({ store, advice, board, connecting, tunnels: broker.tunnels, ui, clock: systemClock, logger, extensionUri: context.extensionUri }));
  const redisCommands: RedisCommands = new RedisCommands({ ...panes, changeLogin: (where) => logins.change(where), board, ui, attempts, connecting, tunnels });
  const others = accountHandlers(scope, { services, store, sshHosts, board, attempts, below: (row) => resources.below(row), log });
  followChanges(scope, services, store, tree);
  const onTunnels = onTunnelRows({ ...tunnels.handlers, ...redisCommands.handlers, ...pages.handlers, ...diagnoses.handlers }, (row) => asTunnelRow(row, board.tunnels, connections.saved));
  const handlers: CommandHandlers = {
    ...connecting.handlers,
    ...connections.commands.handlers,
    ...onTunnels,
    ...others,
    ...resourceCommands({ tree, inventories: () => store.inventories, advice, connecting, ui, attempts }),
  };
  void attempts.run('tunnels', () => board.load()).then(() => (entrance.startsConnections ? connections.startAutomatically() : undefined));
  logger.log('info', 'extension.activated', { version: String((context.extension.packageJSON as { version?: unknown }).version) });
  // What a handler did not foresee still reaches the person as one sentence.
  return (name, row, rows) => attempts.run(name, () => handlers[name](row, rows));
}

interface AccountDeps {
  readonly services: Services;
  readonly store: InventoryStore;
  readonly sshHosts: SshHostStore;
  readonly board: TunnelBoard;
  readonly attempts: Attempts;
  /** Ids of all rows below a row of the Resources view. */
  readonly below: (row: string) => readonly string[];
  readonly log: LogChannel;
}

type AccountHandlers = ScopeCommands['handlers'] & SignInCommands['handlers'] & BrokerCommands['handlers'];

/** Where to look, as whom, and through which process. */
function accountHandlers(scope: Scope, { services, store, sshHosts, board, attempts, below, log }: AccountDeps): AccountHandlers {
  const { broker, ui } = services;
  const choices = { chosen: chosenProfiles, choose: chooseProfiles };
  const scopes = new ScopeCommands({ store, sshHosts, ui, attempts, ...choices, below, showLog: () => log.show() });
  const brokerCommands = new BrokerCommands({ broker, board, ui, attempts });
  const signIns = new SignInCommands({ service: broker.signIn, store, ui, attempts, way: signInWay });
  scope.add(retryAfterSignIn(broker.signIn, store, attempts));
  scope.add(showNotices(broker.onDidNotice, ui));
  return { ...scopes.handlers, ...signIns.handlers, ...brokerCommands.handlers };
}

function redisLogins(context: vscode.ExtensionContext, { ui, secrets, broker, logger }: Services): ChosenLogins {
  const choices = new KeptLoginChoices(context.globalState, (error) => logger.log('warn', 'login.notKept', { error }));
  return new ChosenLogins({ entered: new SecretLogins(secrets, ui), choices, aws: broker.cacheLogins, ui });
}

/** The tabs with which a person works on a cache. */
function redisPanes(scope: Scope, { globalState, extensionUri }: vscode.ExtensionContext, services: Services, logins: ChosenLogins, openNode: ClusterPagePorts['openConsole']): Pick<RedisCommandDeps, 'benchmarks' | 'clusters' | 'keys' | 'live'> & { readonly redis: RedisConsoles } {
  const history = new KeptHistory(globalState, (error) => services.logger.log('warn', 'history.notKept', { error }));
  const live = scope.add(new LivePanes(services, logins, extensionUri));
  return {
    live,
    redis: scope.add(new RedisConsoles(services, logins, history, extensionUri, (tunnel, request) => live.open(tunnel, request))),
    keys: scope.add(new KeyBrowsers(services, logins, extensionUri)),
    benchmarks: scope.add(new Benchmarks(services, logins, extensionUri)),
    clusters: scope.add(new Clusters(services, logins, extensionUri, openNode)),
  };
}

/** Lets every session with a cluster reach its nodes. */
function followClusters(scope: Scope, given: Services, store: InventoryStore): { readonly services: Services; readonly nodeTunnels: NodeTunnels } {
  const { broker, loadRedis, logger } = given;
  const endpointsOf = (id: string): readonly Endpoint[] => store.inventories.flatMap((inventory) => targetsOf(inventory).find((target) => target.id === id)?.endpoints ?? []);
  const nodeTunnels = scope.add(new NodeTunnels({ service: broker.tunnels, options: readStartOptions, endpointsOf, loadRedis, logger }));
  return { services: { ...given, clusterPorts: (tunnel) => nodeTunnels.portsFor(tunnel) }, nodeTunnels };
}

interface NodeConsoleDeps {
  readonly board: TunnelBoard;
  readonly ui: Services['ui'];
  readonly attempts: Attempts;
  readonly nodeTunnels: NodeTunnels;
  readonly openConsole: (tunnel: TunnelInfo) => Promise<void>;
}

/** A console on one node of a cluster, over a tunnel that is the person's from then on. */
function nodeConsoles({ board, ui, attempts, nodeTunnels, openConsole }: NodeConsoleDeps): ClusterPagePorts['openConsole'] {
  return (tunnel, { endpoint }) =>
    void attempts.run('console', async () => {
      const route = await nodeTunnels.routeTo(board.get(tunnel.id) ?? tunnel, endpoint);
      const opened = await ui.task(ui.l10n.t('Connecting to {0}', nodeText(endpoint)), (signal) => board.start(route, {}, signal));
      nodeTunnels.adopt(opened);
      await openConsole(opened);
    });
}

function bastionAdvice(context: vscode.ExtensionContext, { broker, logger }: Services): BastionAdvice {
  const memory = new KeptBastionMemory(context.globalState, (error) => logger.log('warn', 'memory.notKept', { error }));
  return new BastionAdvice({ inventory: broker.inventory, memory, tag: () => readSetting('bastionTag'), logger });
}

/** A browser can come back only to a window on the same machine. */
function signInWay(): SignInWay {
  return vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop ? 'browser' : 'device';
}

/** The profile that the environment names. */
function preferredProfile(): string | undefined {
  return process.env['AWS_PROFILE'] || undefined;
}

/** What is known of the selected profiles and regions, and what was known when the last window closed. */
function addStore(scope: Scope, context: vscode.ExtensionContext, { broker, logger }: Services): InventoryStore {
  const version = String((context.extension.packageJSON as { version?: unknown }).version);
  const folder = vscode.Uri.joinPath(context.globalStorageUri, 'inventory').fsPath;
  const cache = scope.add(new FileInventoryCache({ folder, version, clock: systemClock, logger }));
  const lastSelection = new KeptSelection(context.globalState, (error) => logger.log('warn', 'selection.notKept', { error }));
  const chosen = { chosen: chosenProfiles, preferredProfile: preferredProfile() };
  return scope.add(new InventoryStore({ inventory: broker.inventory, ...chosen, logger, cache, lastSelection }));
}

function followChanges(scope: Scope, services: Services, store: InventoryStore, tree: TreeState): void {
  followNames(scope, services, store, tree);
  followSettings(scope, store, tree);
}

function followNames(scope: Scope, { broker, logger }: Services, store: InventoryStore, tree: TreeState): void {
  const names = scope.add(new VpcNames({ inventory: broker.inventory, tree, inventories: () => store.inventories, logger }));
  scope.add(store.onDidChange(() => void names.look()));
  scope.add(tree.onDidChange(() => void names.look()));
}

function followSettings(scope: Scope, store: InventoryStore, tree: TreeState): void {
  scope.add(onDidChangeSettings(['profiles'], () => store.selectionChanged()));
  scope.add(onDidChangeSettings(['groupBy'], () => tree.setGrouping(parseGrouping(readSetting('groupBy')))));
  const readTargetsAgain = (): void => {
    if (store.state.phase !== 'idle') void store.refresh();
  };
  scope.add(onDidChangeSettings(['targets'], readTargetsAgain));
}

interface ConnectionsViewDeps {
  readonly entrance: Entrance;
  readonly board: TunnelBoard;
  readonly saved: SavedConnections;
  readonly media: vscode.Uri;
  readonly logger: Logger;
}

/** The view of the tunnels and the status bar item, kept up to date; returns how to reveal a tunnel's row. */
function addConnectionsView(scope: Scope, { entrance, board, saved, media, logger }: ConnectionsViewDeps): (id: string) => void {
  const { l10n } = vscode;
  // Before a window is connected it hears nothing of the tunnels that others open.
  const onShown = (): void => void board.load().catch((error: unknown) => logger.log('warn', 'tunnels.notListed', { error }));
  const dateText = (ms: number): string => new Date(ms).toLocaleString(vscode.env.language);
  const project = (): Projected => ({ rows: connectionsView(savedRows(saved), board.tunnels, l10n, dateText), complete: true });
  const connections = scope.add(new NodeView(entrance.connections, { project, onShown, logger, media }));
  const show = (): void => {
    setContext('hasTunnels', board.tunnels.length > 0);
    setContext('hasConnections', saved.entries.length > 0);
    if (board.tunnels.length === 0 && readSetting('hideStatusWhenUnused')) entrance.status.hide();
    else entrance.status.show(statusText(board.tunnels, l10n));
    connections.update();
  };
  // It also tells of every change of the tunnels.
  scope.add(saved.onDidChange(show));
  scope.add(onDidChangeSettings(['hideStatusWhenUnused'], show));
  show();
  return (id) => connections.reveal(id);
}
