import * as vscode from 'vscode';
import { asFault, describeFault } from '../base/fault';
import { Scope } from '../base/scope';
import { listOf, places } from './connectionsPlaces';
import { setContext } from './contextKeys';
import type { CommandName } from './contributions';
import { COMMANDS, commandId, SETTINGS } from './contributions';
import { Door } from './door';
import type { LogChannel } from './logChannel';
import { statusAtRest } from './statusAtRest';
import { StatusItem } from './statusItem';
import { ViewPlace } from './viewPlace';

/** What VS Code knows from the start, and the window's bundle fills. */
export interface Entrance {
  readonly connections: ViewPlace;
  readonly resources: ViewPlace;
  readonly status: StatusItem;
  /** Whether connections were to start by themselves when the window opened: later is no time for that. */
  readonly startsConnections: boolean;
}

/** Runs a command; what fails has been shown. The row that it was called on, and all that are selected with it, may be anything. */
export type RunCommand = (name: CommandName, row: unknown, rows: unknown) => Promise<void>;

/** Views and commands at work, with all that is behind them. */
export interface OpenWindow {
  readonly run: RunCommand;
  dispose(): Promise<void>;
}

export interface DoorwayDeps {
  readonly log: LogChannel;
  /** Loads and composes the rest. */
  readonly open: (entrance: Entrance) => Promise<OpenWindow>;
  /** Whether tunnels may be open already, for the status bar to tell of. */
  readonly brokerIsHere: () => Promise<boolean>;
}

/**
 * All that a window pays for before anybody asks for something: the names of the commands, two views without rows and the
 * status bar item. The rest is opened by the first command, by the first look at a view, and at once where something is to
 * start by itself or to be shown.
 */
export function addDoorway(scope: Scope, { log, open, brokerIsHere }: DoorwayDeps): void {
  const fetch = (): Promise<unknown> => door.enter();
  const entrance: Entrance = {
    connections: scope.add(new ViewPlace('connections', fetch)),
    resources: scope.add(new ViewPlace('resources', fetch)),
    status: scope.add(new StatusItem()),
    startsConnections: savedConnections().some(startsByItself),
  };
  const resting = scope.add(new Scope());
  const enter = async (): Promise<OpenWindow> => {
    const opened = await open(entrance);
    await resting.dispose();
    say(entrance, '');
    return opened;
  };
  // After what it uses, and so disposed before it.
  const door = scope.add(
    new Door(enter, (error) => {
      say(entrance, showStartFailure(error, log));
      // Not "loading" any longer.
      setContext('resources', 'shown');
    }),
  );
  setContext('resources', 'loading');
  showAtRest(resting, entrance.status);
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    const run = async (row?: unknown, rows?: unknown): Promise<void> => (await door.enter())?.run(name, row, rows);
    scope.add(vscode.commands.registerCommand(commandId(name), run));
  }
  const look = async (): Promise<void> => {
    if (entrance.startsConnections || (await brokerIsHere())) await door.enter();
  };
  look().catch((error: unknown) => log.log('warn', 'extension.lookFailed', { error }));
}

/** Tells that the extension, or the rest of it, could not start: VS Code would stay silent. @returns the sentence that is shown */
export function showStartFailure(error: unknown, log: LogChannel): string {
  log.log('error', 'extension.activationFailed', { error, stack: error instanceof Error ? error.stack : undefined });
  const sentence = vscode.l10n.t('Sallyport could not start: {0}', describeFault(asFault(error)));
  void offerLog(sentence, log);
  return sentence;
}

async function offerLog(sentence: string, log: LogChannel): Promise<void> {
  const showLog = vscode.l10n.t('Show Log');
  if ((await vscode.window.showErrorMessage(sentence, showLog)) === showLog) log.show();
}

/** Keeps what can be seen up to date until the rest does so. */
function showAtRest(scope: Scope, status: StatusItem): void {
  const { connections, hideStatusWhenUnused } = SETTINGS;
  const show = (): void => {
    setContext('hasConnections', savedConnections().length > 0);
    if (vscode.workspace.getConfiguration().get(hideStatusWhenUnused.key) === true) status.hide();
    else status.show(statusAtRest(vscode.l10n));
  };
  scope.add(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(connections.key) || event.affectsConfiguration(hideStatusWhenUnused.key)) show();
    }),
  );
  show();
}

/** In the place of rows. */
function say({ connections, resources }: Entrance, sentence: string): void {
  for (const { view } of [connections, resources]) if ((view.message ?? '') !== sentence) view.message = sentence;
}

/** What stands in the settings; whether it makes sense is found out later. */
function savedConnections(): readonly unknown[] {
  return places().flatMap(({ value }) => listOf(value));
}

function startsByItself(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && 'autoStart' in entry && entry.autoStart === true;
}
