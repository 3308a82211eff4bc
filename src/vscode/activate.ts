import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { Logger } from '../base/log';
import type { Scope } from '../base/scope';
import type { SignInWay } from '../model/signIn';
import { Attempts } from './attempts';
import { BastionAdvice } from './bastionAdvice';
import { KeptBastionMemory } from './bastionMemory';
import { ConnectCommands } from './connectCommands';
import { connectionNodes, tunnelNodeId } from './connectionNodes';
import { RedisConsoles } from './console/panel';
import { setContext } from './contextKeys';
import type { CommandHandlers, CommandName } from './contributions';
import { COMMANDS, commandId } from './contributions';
import { FileInventoryCache } from './inventoryCache';
import { InventoryStore } from './inventoryStore';
import { KeptSelection } from './lastSelection';
import type { LogChannel } from './logChannel';
import { SecretLogins } from './logins';
import { NodeView } from './nodeView';
import { showNotices } from './notices';
import { RedisCommands } from './redisCommands';
import type { Projected } from './resourceNodes';
import { ResourcesView } from './resourcesView';
import { ScopeCommands } from './scopeCommands';
import type { Services } from './services';
import { chooseProfiles, chosenProfiles, onDidChangeSettings, readSetting } from './settings';
import { retryAfterSignIn, SignInCommands } from './signIn';
import { SshHostStore } from './sshHostStore';
import { StatusItem } from './statusItem';
import { TunnelBoard } from './tunnelBoard';
import { TunnelCommands } from './tunnelCommands';

/**
 * Composes views, commands and the status bar over the services. Touches no
 * network and no file. Everything goes into `scope`, whose disposal stops every
 * tunnel and waits for it.
 */
export function activateSallyport(scope: Scope, context: vscode.ExtensionContext, services: Services, log: LogChannel): void {
  const { broker, ui, secrets, logger } = services;
  scope.add(broker);
  const store = addStore(scope, context, services);
  const sshHosts = scope.add(new SshHostStore(broker.inventory, logger));
  const board = scope.add(new TunnelBoard(broker.tunnels, logger));
  const attempts = new Attempts(ui, logger);
  const logins = new SecretLogins(secrets, ui);
  const redis = scope.add(new RedisConsoles(services, logins, context.extensionUri));

  const memory = new KeptBastionMemory(context.globalState, (error) => logger.log('warn', 'memory.notKept', { error }));
  const advice = new BastionAdvice({ inventory: broker.inventory, memory, tag: () => readSetting('bastionTag'), logger });

  const resources = scope.add(new ResourcesView({ store, sshHosts, signIn: broker.signIn, l10n: ui.l10n, clock: systemClock, logger }));
  const reveal = addConnections(scope, board, logger);
  const connecting = new ConnectCommands({
    store,
    sshHosts,
    advice,
    board,
    ui,
    attempts,
    reveal: (tunnel) => reveal(tunnelNodeId(tunnel)),
  });
  scope.add(board.onDidLose((lost) => connecting.lost(lost)));
  const tunnels = new TunnelCommands({
    board,
    ui,
    attempts,
    connectTo: () => connecting.handlers.connectTo(undefined),
    openConsole: (tunnel) => redisCommands.open(tunnel),
  });
  const redisCommands = new RedisCommands({ redis, board, ui, attempts, connecting, tunnels });
  const scopes = new ScopeCommands({
    store,
    sshHosts,
    ui,
    attempts,
    chosen: chosenProfiles,
    choose: chooseProfiles,
    below: (row) => resources.below(row),
    showLog: () => log.show(),
  });
  const way = (): SignInWay => (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop ? 'browser' : 'device');
  const signIns = new SignInCommands({ service: broker.signIn, store, ui, attempts, way });
  scope.add(retryAfterSignIn(broker.signIn, store, attempts));
  scope.add(showNotices(broker.onDidNotice, ui));
  scope.add(onDidChangeSettings(['profiles'], () => store.selectionChanged()));
  register(scope, attempts, { ...connecting.handlers, ...tunnels.handlers, ...redisCommands.handlers, ...scopes.handlers, ...signIns.handlers });
  void attempts.run('tunnels', () => board.load());
  logger.log('info', 'extension.activated', { version: String((context.extension.packageJSON as { version?: unknown }).version) });
}

/** What is known of the selected profiles and regions, and what was known when the last window closed. */
function addStore(scope: Scope, context: vscode.ExtensionContext, { broker, logger }: Services): InventoryStore {
  const version = String((context.extension.packageJSON as { version?: unknown }).version);
  const folder = vscode.Uri.joinPath(context.globalStorageUri, 'inventory').fsPath;
  const cache = scope.add(new FileInventoryCache({ folder, version, clock: systemClock, logger }));
  const lastSelection = new KeptSelection(context.globalState, (error) => logger.log('warn', 'selection.notKept', { error }));
  const preferredProfile = process.env['AWS_PROFILE'] || undefined;
  return scope.add(new InventoryStore({ inventory: broker.inventory, chosen: chosenProfiles, preferredProfile, logger, cache, lastSelection }));
}

/** The view of the tunnels and the status bar item, kept up to date; returns how to reveal a tunnel's row. */
function addConnections(scope: Scope, board: TunnelBoard, logger: Logger): (id: string) => void {
  const { l10n } = vscode;
  const dateText = (ms: number): string => new Date(ms).toLocaleString(vscode.env.language);
  const project = (): Projected => ({ rows: connectionNodes(board.tunnels, l10n, dateText), complete: true });
  const connections = scope.add(new NodeView('connections', { project, logger }));
  const status = scope.add(new StatusItem());
  const show = (): void => {
    setContext('hasTunnels', board.tunnels.length > 0);
    status.update(board.tunnels, readSetting('hideStatusWhenUnused'));
    connections.update();
  };
  scope.add(board.onDidChange(show));
  scope.add(onDidChangeSettings(['hideStatusWhenUnused'], show));
  show();
  return (id) => connections.reveal(id);
}

function register(scope: Scope, attempts: Attempts, handlers: CommandHandlers): void {
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    // What a handler did not foresee still reaches the person as one sentence.
    const run = (argument?: unknown): Promise<void> => attempts.run(name, () => handlers[name](argument)).then(() => {});
    scope.add(vscode.commands.registerCommand(commandId(name), run));
  }
}
