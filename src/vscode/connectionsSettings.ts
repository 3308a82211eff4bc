import * as vscode from 'vscode';
import { systemClock } from '../base/clock';
import type { Event } from '../base/event';
import { Fault } from '../base/fault';
import { Scope } from '../base/scope';
import type { ConnectionOrigin, ConnectionSource } from '../model/connection';
import { isFields } from '../model/connectionFields';
import type { Place } from './connectionsPlaces';
import { listOf, places } from './connectionsPlaces';
import type { ConnectionSettings } from './connectionsStore';
import { SETTINGS } from './contributions';

const { key } = SETTINGS.connections;
/** Longer than this no file takes to open. */
const OPENED_MS = 2000;

/**
 * `sallyport.connections` in settings.json. VS Code would let a workspace's list replace the person's; here they are read
 * one by one and joined.
 */
export class WindowConnectionSettings implements ConnectionSettings {
  readonly onDidChange: Event<void> = (listener) =>
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(key)) listener();
    });

  get hasWorkspace(): boolean {
    return (vscode.workspace.workspaceFolders ?? []).length > 0;
  }

  read(): readonly ConnectionSource[] {
    return places().map(({ origin, value }) => ({ origin, value }));
  }

  async add(origin: ConnectionOrigin, entry: Readonly<Record<string, unknown>>): Promise<void> {
    const target = origin === 'user' ? vscode.ConfigurationTarget.Global : vscode.ConfigurationTarget.Workspace;
    const place = places().find((one) => one.target === target);
    await write({ origin, target, value: [...listOf(place?.value), entry] });
  }

  async change(origin: ConnectionOrigin, name: string, change: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    const place = places().find((one) => one.origin === origin && listOf(one.value).some((entry) => isNamed(entry, name)));
    if (!place) throw notWritten();
    const list = listOf(place.value).flatMap((entry) => {
      if (!isNamed(entry, name)) return [entry];
      return change && isFields(entry) ? [{ ...entry, ...change }] : [];
    });
    await write({ ...place, value: list.length > 0 ? list : undefined });
  }

  async edit(entry?: { readonly origin: ConnectionOrigin; readonly name: string }): Promise<void> {
    const place = entry && places().find((one) => one.origin === entry.origin && listOf(one.value).some((value) => isNamed(value, entry.name)));
    await openFile(place);
    if (!entry || (await revealName(entry.name)) || entry.origin !== 'user') return;
    // In a remote window the person has two settings files, and VS Code does not say which one a value is from.
    const other = vscode.window.activeTextEditor?.document;
    await vscode.commands.executeCommand('workbench.action.openRemoteSettingsFile');
    await revealName(entry.name, other);
  }
}

function isNamed(entry: unknown, name: string): boolean {
  return isFields(entry) && typeof entry['name'] === 'string' && entry['name'].trim() === name;
}

async function write({ target, value, folder }: Place): Promise<void> {
  try {
    await vscode.workspace.getConfiguration(undefined, folder?.uri).update(key, value, target);
  } catch (error) {
    throw notWritten(error);
  }
}

function notWritten(cause?: unknown): Fault {
  return new Fault('settings.notWritten', `The setting ${key} could not be saved.`, {
    remedy: { text: 'Check that your settings.json has no errors, then try again.', action: 'retry' },
    ...(cause !== undefined && { cause }),
  });
}

async function openFile(place: Place | undefined): Promise<void> {
  if (place?.folder) {
    await vscode.window.showTextDocument(vscode.Uri.joinPath(place.folder.uri, '.vscode', 'settings.json'));
    return;
  }
  const workspace = place?.target === vscode.ConfigurationTarget.Workspace;
  const command = workspace ? 'workbench.action.openWorkspaceSettingsFile' : 'workbench.action.openSettingsJson';
  // A list is begun where there is none; else nothing is written. The entry itself is found afterwards.
  const edit = places().every(({ value }) => listOf(value).length === 0);
  await vscode.commands.executeCommand(command, ...(place ? [] : [{ revealSetting: { key, edit } }]));
}

/**
 * Selects the entry's name in the settings file that was just opened; false where it is not in there.
 * @param before what was open and is not meant
 */
async function revealName(name: string, before?: vscode.TextDocument): Promise<boolean> {
  const editor = await openedSettings(before);
  if (!editor) return false;
  const text = editor.document.getText();
  const list = text.indexOf(JSON.stringify(key));
  const at = list < 0 ? -1 : text.indexOf(JSON.stringify(name), list);
  if (at < 0) return false;
  const start = editor.document.positionAt(at + 1);
  editor.selection = new vscode.Selection(start, start);
  editor.revealRange(new vscode.Range(start, start), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return true;
}

/** The editor of the settings file, which the command that opened it does not wait for. */
async function openedSettings(before: vscode.TextDocument | undefined): Promise<vscode.TextEditor | undefined> {
  const scope = new Scope();
  const isSettings = (editor: vscode.TextEditor | undefined): boolean =>
    editor !== undefined && editor.document !== before && editor.document.fileName.endsWith('settings.json');
  try {
    return await new Promise((resolve) => {
      const look = (): void => {
        if (isSettings(vscode.window.activeTextEditor)) resolve(vscode.window.activeTextEditor);
      };
      scope.add(vscode.window.onDidChangeActiveTextEditor(look));
      scope.add(systemClock.schedule(OPENED_MS, () => resolve(undefined)));
      look();
    });
  } finally {
    await scope.dispose();
  }
}
