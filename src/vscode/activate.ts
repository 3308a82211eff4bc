import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { Scope } from '../base/scope';
import type { SignInWay } from '../model/signIn';
import { Attempts } from './attempts';
import { BastionAdvice } from './bastionAdvice';
import { BrokerCommands } from './brokerCommands';
import { KeptBastionMemory } from './bastionMemory';
import { ConnectCommands } from './connectCommands';
import { connectionNodes, tunnelNodeId } from './connectionNodes';
import { RedisConsoles } from './console/panel';
import type { CommandHandlers, CommandName, ContextKeyName } from './contributions';
import { COMMANDS, commandId, CONTEXT_KEYS, VIEWS } from './contributions';
import { ExpiryWatch } from './expiryWatch';
import { InventoryStore } from './inventoryStore';
import type { LogChannel } from './logChannel';
import { SecretLogins } from './logins';
import { NodeView } from './nodeView';
import { showNotices } from './notices';
import { RedisCommands } from './redisCommands';
import { resourceNodes, resourcesContext } from './resourceNodes';
import { ScopeCommands } from './scopeCommands';
import type { Services } from './services';
import { chooseScope, chosenScope, onDidChangeSettings, readSetting } from './settings';
import { retryAfterSignIn, SignInCommands } from './signIn';
import { SshHostStore } from './sshHostStore';
import { StatusItem } from './statusItem';
import { TunnelBoard } from './tunnelBoard';
import { TunnelCommands } from './tunnelCommands';
import type { ViewNode } from './viewNode';

/**
 * Composes views, commands and the status bar over the services. Touches no network, and no file but to see whether a broker
 * is running. Everything goes into `scope`, whose disposal leaves the broker.
 */
export function activateSallyport(scope: Scope, context: vscode.ExtensionContext, services: Services, log: LogChannel): void {
  const { broker, ui, secrets, logger } = services;
  scope.add(broker);
  const preferredProfile = process.env['AWS_PROFILE'] || undefined;
  const store = scope.add(new InventoryStore({ inventory: broker.inventory, chosen: chosenScope, preferredProfile, logger }));
  const sshHosts = scope.add(new SshHostStore(broker.inventory, logger));
  const board = scope.add(new TunnelBoard(broker.tunnels, logger));
  const attempts = new Attempts(ui, logger);
  const logins = new SecretLogins(secrets, ui);
  const redis = scope.add(new RedisConsoles(services, logins, context.extensionUri));

  const memory = new KeptBastionMemory(context.globalState, (error) => logger.log('warn', 'memory.notKept', { error }));
  const advice = new BastionAdvice({ inventory: broker.inventory, memory, tag: () => readSetting('bastionTag'), logger });

  const reveal = addViews(scope, store, sshHosts, board, services);
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
    chosen: chosenScope,
    preferredProfile,
    choose: chooseScope,
    showLog: () => log.show(),
  });
  const brokerCommands = new BrokerCommands({ broker, board, ui, attempts });
  const way = (): SignInWay => (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop ? 'browser' : 'device');
  const signIns = new SignInCommands({ service: broker.signIn, store, ui, attempts, way });
  scope.add(retryAfterSignIn(broker.signIn, store, attempts));
  scope.add(showNotices(broker.onDidNotice, ui));
  scope.add(onDidChangeSettings(['profile', 'region'], () => store.selectionChanged()));
  register(scope, attempts, { ...connecting.handlers, ...tunnels.handlers, ...redisCommands.handlers, ...scopes.handlers, ...signIns.handlers, ...brokerCommands.handlers });
  void attempts.run('tunnels', () => board.load());
  logger.log('info', 'extension.activated', { version: String((context.extension.packageJSON as { version?: unknown }).version) });
}

/** The two views, the status bar item and the context keys, kept up to date; returns how to reveal a tunnel's row. */
function addViews(scope: Scope, store: InventoryStore, sshHosts: SshHostStore, board: TunnelBoard, { broker, logger }: Services): (id: string) => void {
  const { l10n } = vscode;
  const profile = (): string | undefined => store.inventory?.scope.profile;
  const expiry = scope.add(new ExpiryWatch({ service: broker.signIn, clock: systemClock, logger, profile, onChange: () => resources.update() }));
  const onShown = (): void => {
    store.start();
    sshHosts.start();
    expiry.show();
  };
  const project = (): readonly ViewNode[] => resourceNodes(store.state, sshHosts.state, l10n, expiry.left);
  const resources = scope.add(new NodeView('resources', { project, onShown, onHidden: () => expiry.hide(), logger }));
  // Before a window is connected it hears nothing of the tunnels that others open.
  const loadTunnels = (): void => void board.load().catch((error: unknown) => logger.log('warn', 'tunnels.notListed', { error }));
  const dateText = (ms: number): string => new Date(ms).toLocaleString(vscode.env.language);
  const connections = scope.add(
    new NodeView('connections', { project: () => connectionNodes(board.tunnels, l10n, dateText), onShown: loadTunnels, logger }),
  );
  const status = scope.add(new StatusItem());
  const showTunnels = (): void => {
    setContext('hasTunnels', board.tunnels.length > 0);
    status.update(board.tunnels, readSetting('hideStatusWhenUnused'));
    connections.update();
  };
  let progress: Promise<void> | undefined;
  const showResources = (): void => {
    setContext('resources', resourcesContext(store.state));
    resources.update();
    if (!store.busy) expiry.look();
    // The bar at the top of the view runs as long as the store is busy.
    if (store.busy) progress ??= showProgress(store).finally(() => (progress = undefined));
  };
  scope.add(board.onDidChange(showTunnels));
  scope.add(store.onDidChange(showResources));
  scope.add(sshHosts.onDidChange(showResources));
  scope.add(onDidChangeSettings(['hideStatusWhenUnused'], showTunnels));
  showTunnels();
  showResources();
  return (id) => connections.reveal(id);
}

async function showProgress(store: InventoryStore): Promise<void> {
  await vscode.window.withProgress({ location: { viewId: VIEWS.resources } }, () => store.settled());
}

function setContext(name: ContextKeyName, value: string | boolean): void {
  void vscode.commands.executeCommand('setContext', CONTEXT_KEYS[name], value);
}

function register(scope: Scope, attempts: Attempts, handlers: CommandHandlers): void {
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    // What a handler did not foresee still reaches the person as one sentence.
    const run = (argument?: unknown): Promise<void> => attempts.run(name, () => handlers[name](argument)).then(() => {});
    scope.add(vscode.commands.registerCommand(commandId(name), run));
  }
}
