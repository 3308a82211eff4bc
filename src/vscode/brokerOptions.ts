import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Event } from '../base/event';
import type { Logger } from '../base/log';
import { DEFAULT_LINGER_SECONDS, MAX_LINGER_SECONDS } from '../broker/client';
import type { BrokerOptions, WindowSettings } from '../broker/client';
import type { Ask } from '../model/question';
import { readCustomTargets, readProxy, readSetting, readSshSettings, readSsmSettings, workspaceFolders } from './settings';

/** What this window brings along to the broker. */
export function brokerOptions({ extension, extensionPath }: vscode.ExtensionContext, logger: Logger, ask: Ask): BrokerOptions {
  return {
    logger,
    version: String((extension.packageJSON as { version?: unknown }).version),
    program: join(extensionPath, 'dist', 'broker.js'),
    companion: join(extensionPath, 'dist', 'ssh-companion.js'),
    settings: readBrokerSettings,
    onDidChangeSettings,
    onDidFocus,
    ask,
  };
}

function readBrokerSettings(): WindowSettings {
  const seconds = Math.round(readSetting('brokerLinger'));
  return {
    ssm: readSsmSettings(),
    ssh: readSshSettings(),
    proxy: readProxy(),
    workspaceFolders: workspaceFolders(),
    caFile: readSetting('caFile').trim(),
    customTargets: readCustomTargets() ?? null,
    lingerSeconds: Number.isFinite(seconds) ? Math.min(MAX_LINGER_SECONDS, Math.max(0, seconds)) : DEFAULT_LINGER_SECONDS,
  };
}

const onDidChangeSettings: Event<undefined> = (listener) => {
  const configuration = vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration('sallyport') || event.affectsConfiguration('http')) listener(undefined);
  });
  const folders = vscode.workspace.onDidChangeWorkspaceFolders(() => listener(undefined));
  return vscode.Disposable.from(configuration, folders);
};

const onDidFocus: Event<undefined> = (listener) =>
  vscode.window.onDidChangeWindowState(({ focused }) => {
    if (focused) listener(undefined);
  });
