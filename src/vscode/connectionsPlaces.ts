import * as vscode from 'vscode';
import type { ConnectionOrigin } from '../model/connection';
import { SETTINGS } from './contributions';

const { key } = SETTINGS.connections;

/** One of the settings files, with the saved connections that stand there. */
export interface Place {
  readonly origin: ConnectionOrigin;
  readonly target: vscode.ConfigurationTarget;
  readonly value: unknown;
  /** Of a folder's own settings. */
  readonly folder?: vscode.WorkspaceFolder;
}

/** Where the setting is written now, the person's own first. */
export function places(): readonly Place[] {
  const { ConfigurationTarget, workspace } = vscode;
  const found = workspace.getConfiguration().inspect<unknown>(key);
  const folders = (workspace.workspaceFolders ?? []).flatMap((folder): Place[] => {
    const value: unknown = workspace.getConfiguration(undefined, folder.uri).inspect(key)?.workspaceFolderValue;
    return [{ origin: 'workspace', target: ConfigurationTarget.WorkspaceFolder, value, folder }];
  });
  // In a window with one folder its settings are the workspace's: the same list must not be read twice.
  const own = workspace.workspaceFile ? folders : [];
  return [
    { origin: 'user', target: ConfigurationTarget.Global, value: found?.globalValue },
    { origin: 'workspace', target: ConfigurationTarget.Workspace, value: found?.workspaceValue },
    ...own,
  ];
}

/** The entries; whatever else was written there has none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
