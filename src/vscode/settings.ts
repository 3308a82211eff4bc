import * as vscode from 'vscode';
import type { Disposable } from '../base/event';
import { Fault } from '../base/fault';
import type { ProductionRules } from '../model/production';
import type { SshSettings } from '../model/ssh';
import { ssmSettings } from '../model/ssmSettings';
import type { SsmSettings } from '../model/ssmSettings';
import type { ProxySetting } from '../base/proxy';
import type { StartOptions } from '../model/tunnel';
import type { StartPolicy } from './bastionStarter';
import { START_POLICIES } from './bastionStarter';
import type { SettingName, SettingValue } from './contributions';
import { SETTINGS } from './contributions';
import { chosenSetting, parseChosen } from './selection';
import type { ChosenProfile } from './selection';
import { parsePem } from '../model/caFile';

/** The setting's value; its default where settings.json holds something of another type. */
export function readSetting<N extends SettingName>(name: N): SettingValue<N> {
  const { key, type, default: fallback } = SETTINGS[name];
  const value: unknown = vscode.workspace.getConfiguration().get(key);
  const fits = type === 'array' ? Array.isArray(value) : typeof value === type;
  return (fits ? value : fallback) as SettingValue<N>;
}

/** By what a target counts as production, as the settings say now. */
export function readProductionRules(): ProductionRules {
  return { tags: words('productionTags'), accounts: words('productionAccounts'), namePatterns: words('productionNames') };
}

/** A working day: what is open for longer is open for good. */
const MAX_UNLOCK_MINUTES = 480;

/** For how long writes to a production target are unlocked, ms. */
export function readUnlockMs(): number {
  return Math.min(Math.max(readSetting('productionUnlockMinutes'), 1), MAX_UNLOCK_MINUTES) * 60_000;
}

/** The entries of a list of words; whatever else was written there is none. */
function words(name: 'productionTags' | 'productionAccounts' | 'productionNames'): readonly string[] {
  return readSetting(name).filter((entry): entry is string => typeof entry === 'string');
}

/** Writes the person's own settings unless told; undefined takes the entry out. */
export async function writeSetting<N extends SettingName>(
  name: N,
  value: SettingValue<N> | undefined,
  target: vscode.ConfigurationTarget = vscode.ConfigurationTarget.Global,
): Promise<void> {
  try {
    await vscode.workspace.getConfiguration().update(SETTINGS[name].key, value, target);
  } catch (error) {
    throw new Fault('settings.notWritten', `The setting ${SETTINGS[name].key} could not be saved.`, {
      remedy: { text: 'Check that your settings.json has no errors, then try again.', action: 'retry' },
      cause: error,
    });
  }
}

/** Writes a setting where it is set now: a workspace's own value would otherwise go on hiding the person's. @throws Fault `settings.notWritten` */
export async function writeWhereSet<N extends SettingName>(name: N, value: SettingValue<N>): Promise<void> {
  const inWorkspace = vscode.workspace.getConfiguration().inspect(SETTINGS[name].key)?.workspaceValue !== undefined;
  await writeSetting(name, value, inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global);
}

export function onDidChangeSettings(names: readonly SettingName[], listener: () => void): Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (names.some((name) => event.affectsConfiguration(SETTINGS[name].key))) listener();
  });
}

export function chosenProfiles(): readonly ChosenProfile[] {
  return parseChosen(readSetting('profiles'));
}

export async function chooseProfiles(chosen: readonly ChosenProfile[]): Promise<void> {
  await writeSetting('profiles', chosen.length > 0 ? chosenSetting(chosen) : undefined);
}

/** How tunnels through Session Manager are made, as the settings say now. */
export function readSsmSettings(): SsmSettings {
  return ssmSettings({
    client: readSetting('ssmClient') === 'plugin' ? 'plugin' : 'native',
    pluginPath: readSetting('ssmPluginPath').trim(),
    document: readSetting('ssmDocument').trim(),
    payloadBytes: readSetting('ssmPayloadBytes'),
    paceBytesPerSecond: readSetting('ssmPace') * 1000,
    maxSessions: readSetting('ssmMaxSessions'),
    keepAlive: readSetting('ssmKeepAlive'),
    maxSessionMs: readSetting('ssmMaxMinutes') * 60_000,
  });
}

/** The custom targets as they stand there: whoever uses them looks at each, and says what is wrong. */
export function readCustomTargets(): unknown {
  return vscode.workspace.getConfiguration().get(SETTINGS.targets.key);
}

/** What every tunnel is started with, as the settings say now. */
export function readStartOptions(): StartOptions {
  return {
    holdMs: milliseconds(readSetting('holdSeconds'), 0, MAX_HOLD_SECONDS),
    probeEveryMs: milliseconds(readSetting('probeSeconds'), MIN_PROBE_SECONDS, MAX_PROBE_SECONDS),
  };
}

function milliseconds(seconds: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(seconds, least), most) * 1000);
}

/** A client that waits longer has given up. */
const MAX_HOLD_SECONDS = 300;
/** More often would be load on the target. */
const MIN_PROBE_SECONDS = 5;
const MAX_PROBE_SECONDS = 3600;

export function readStartPolicy(): StartPolicy {
  const wanted = readSetting('startStopped');
  return START_POLICIES.find((one) => one === wanted) ?? 'ask';
}

/** Paths of the folders that are open and lie on this machine. */
export function workspaceFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
}

/** How SSH is spoken, as the settings say now. */
export function readSshSettings(): SshSettings {
  return {
    client: readSetting('sshClient') === 'system' ? 'system' : 'builtin',
    configFile: readSetting('sshConfigFile').trim(),
    programPath: readSetting('sshProgramPath').trim(),
  };
}

/** The certificates of `sallyport.tls.caFile`, read anew at each call. @throws Fault `settings.caFile`. */
export async function readTargetCa(): Promise<string | undefined> {
  const path = readSetting('caFile').trim();
  return path === '' ? undefined : parsePem(path, (file) => vscode.workspace.fs.readFile(vscode.Uri.file(file)));
}

/**
 * The proxy of VS Code's own settings, none of which a workspace can set before it is trusted. With `http.proxySupport`
 * "off" they are not for extensions. What only the system knows (PAC files, system-wide proxies) an extension cannot ask for.
 */
export function readProxy(): ProxySetting {
  const http = vscode.workspace.getConfiguration('http');
  if (http.get('proxySupport') === 'off') return {};
  const url: unknown = http.get('proxy');
  const noProxy: unknown = http.get('noProxy');
  return {
    ...(typeof url === 'string' && { url }),
    ...(Array.isArray(noProxy) && { noProxy: noProxy.filter((entry) => typeof entry === 'string') }),
  };
}
