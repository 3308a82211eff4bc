import { homedir, hostname, userInfo } from 'node:os';
import type { ConfigSource, ConfigSources } from './hostConfig';
import { pathOf } from './workspaceTrust';

/** This machine's sources: `~/.ssh/config` and the system's file, or only the one that the person's setting names. */
export function localSources(options: { readonly configFile: string; readonly workspaceFolders: readonly string[] }): ConfigSources {
  const { platform, env } = process;
  const home = homedir();
  return {
    files: options.configFile ? [{ path: options.configFile, kind: 'explicit' }] : usualFiles(home, platform, env),
    home,
    localUser: localUser(env),
    ...(process.getuid && { uid: process.getuid() }),
    localHostName: hostname(),
    env,
    platform,
    workspaceFolders: options.workspaceFolders,
  };
}

/** The person's file, then the system's. */
export function usualFiles(home: string, platform: NodeJS.Platform, env: ConfigSources['env']): ConfigSource[] {
  const paths = pathOf(platform);
  return [
    { path: paths.join(home, '.ssh', 'config'), kind: 'user' },
    { path: paths.join(systemFolder(platform, env), 'ssh_config'), kind: 'system' },
  ];
}

/** Where the system's configuration and known hosts are. */
export function systemFolder(platform: NodeJS.Platform, env: ConfigSources['env']): string {
  return platform === 'win32' ? pathOf(platform).join(env['ProgramData'] ?? 'C:\\ProgramData', 'ssh') : '/etc/ssh';
}

function localUser(env: ConfigSources['env']): string {
  try {
    return userInfo().username;
  } catch {
    // An account without an entry in the user database, as in some containers.
    return env['USER'] ?? env['USERNAME'] ?? '';
  }
}
