import { posix, win32 } from 'node:path';
import { badPluginPath, pluginNotFound } from './faults';

const NAME = 'session-manager-plugin';

/** Where AWS's installers and the package managers put it; the PATH of a program that was not started by a shell lacks them. */
const USUAL_FOLDERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['/usr/local/sessionmanagerplugin/bin', '/opt/homebrew/bin', '/usr/local/bin'],
  linux: ['/usr/local/sessionmanagerplugin/bin', '/usr/bin', '/usr/local/bin', '/snap/bin'],
};

/** Kinds of program that start without a shell; a batch file would need one, which reads arguments its own way. */
const WINDOWS_KINDS: ReadonlySet<string> = new Set(['.exe', '.com']);

export interface PluginSearch {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** The setting's absolute path; empty: it is looked for. */
  readonly configured: string;
  /** Absolute path of the current folder, which is never searched itself. */
  readonly current: string;
  /** Absolute paths of folders that others may have written, workspaces above all: nothing in them is taken for the plugin. */
  readonly untrusted: readonly string[];
}

/**
 * Path of session-manager-plugin: the setting's, else the first of PATH, else the first of the usual places. A folder
 * that is not absolute is passed over.
 * @param exists whether the path is a program that could be run
 * @throws Fault `plugin.badPath`, `plugin.notFound`
 */
export function findPlugin(search: PluginSearch, exists: (path: string) => boolean): string {
  const { configured, platform } = search;
  if (configured !== '') {
    if (!isAbsolute(configured, platform)) throw badPluginPath(configured, 'relative');
    if (!exists(configured)) throw badPluginPath(configured, 'missing');
    return configured;
  }
  const found = candidates(search).find((path) => exists(path));
  if (found === undefined) throw pluginNotFound();
  return found;
}

function candidates({ platform, env, current, untrusted }: PluginSearch): string[] {
  const path = platform === 'win32' ? win32 : posix;
  const listed = (variable(env, 'PATH', platform) ?? '').split(path.delimiter);
  const folders = [...listed.map((entry) => entry.replaceAll('"', '')), ...usualFolders(platform, env)];
  const names = platform === 'win32' ? windowsKinds(env).map((kind) => `${NAME}${kind}`) : [NAME];
  return folders
    .filter((folder) => isAbsolute(folder, platform) && path.relative(current, folder) !== '')
    .filter((folder) => !untrusted.some((root) => isWithin(folder, root, platform)))
    .flatMap((folder) => names.map((name) => path.join(folder, name)));
}

function usualFolders(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): readonly string[] {
  if (platform !== 'win32') return USUAL_FOLDERS[platform] ?? [];
  const programs = variable(env, 'ProgramFiles', platform) || 'C:\\Program Files';
  return [win32.join(programs, 'Amazon', 'SessionManagerPlugin', 'bin')];
}

function windowsKinds(env: NodeJS.ProcessEnv): readonly string[] {
  const listed = (variable(env, 'PATHEXT', 'win32') ?? '').toLowerCase().split(';');
  const known = listed.filter((kind) => WINDOWS_KINDS.has(kind));
  return known.length > 0 ? known : ['.exe'];
}

/** A path that means the same whatever the current folder and drive are. */
function isAbsolute(path: string, platform: NodeJS.Platform): boolean {
  return platform === 'win32' ? /^(?:[a-z]:[\\/]|\\\\[^\\/?.])/i.test(path) : posix.isAbsolute(path);
}

function isWithin(folder: string, root: string, platform: NodeJS.Platform): boolean {
  if (root === '' || !isAbsolute(root, platform)) return false;
  const path = platform === 'win32' ? win32 : posix;
  // Names on macOS have no case either, of which only the Windows rules know.
  const plain = (name: string): string => (platform === 'darwin' ? name.toLowerCase() : name);
  const way = path.relative(plain(root), plain(folder));
  return way === '' || (way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way));
}

/** A variable by the platform's own rule: on Windows the case of a name does not matter. */
export function variable(env: NodeJS.ProcessEnv, name: string, platform: NodeJS.Platform): string | undefined {
  if (platform !== 'win32') return env[name];
  const key = Object.keys(env).find((one) => one.toUpperCase() === name.toUpperCase());
  return key === undefined ? undefined : env[key];
}
