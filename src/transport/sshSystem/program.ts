import { posix, win32 } from 'node:path';
import { Fault } from '../../base/fault';
import { compareVersions } from '../../model/bastion';

/** The first release with `RemoteCommand`, which a configuration may set and we have to switch off. */
export const OLDEST = '7.6';

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the path is a file that may be executed. */
  readonly exists: (path: string) => boolean;
}

/**
 * Full path of `ssh`: the setting's, else the first of the PATH, else where Windows and Git keep theirs. Relative
 * entries of the PATH, the current directory among them, are no places for a program that is given passwords.
 * @throws Fault `ssh.programMissing`
 */
export function findSsh(setting: string, { platform, env, exists }: Surroundings): string {
  const windows = platform === 'win32';
  const paths = windows ? win32 : posix;
  // Without a drive a Windows path is one of the current drive.
  const isAbsolute = (path: string): boolean => (windows ? /^(?:[A-Za-z]:|\\\\[^\\]+)\\/.test(win32.normalize(path)) : posix.isAbsolute(path));
  if (setting !== '') {
    if (isAbsolute(setting) && exists(setting)) return setting;
    throw missing(`The SSH program ${JSON.stringify(setting)} of the settings is no absolute path of a program.`);
  }
  const path = variable(env, 'PATH', windows) ?? '';
  const folders = path.split(paths.delimiter).map((entry) => (windows ? entry.replace(/^"(.*)"$/, '$1') : entry));
  const candidates = folders
    .filter((folder) => isAbsolute(folder))
    .map((folder) => paths.join(folder, windows ? 'ssh.exe' : 'ssh'));
  const usual = windows ? windowsPlaces(env) : ['/usr/bin/ssh', '/usr/local/bin/ssh'];
  const found = [...candidates, ...usual].find((candidate) => exists(candidate));
  if (found !== undefined) return found;
  throw missing('No OpenSSH client is installed, or its folder is not on the PATH.');
}

function windowsPlaces(env: Surroundings['env']): string[] {
  const root = variable(env, 'SystemRoot', true) ?? 'C:\\Windows';
  const programs = variable(env, 'ProgramFiles', true) ?? 'C:\\Program Files';
  return [win32.join(root, 'System32', 'OpenSSH', 'ssh.exe'), win32.join(programs, 'Git', 'usr', 'bin', 'ssh.exe')];
}

/** Windows does not distinguish case in names of variables; a copy of its environment does. */
export function variable(env: Surroundings['env'], name: string, ignoreCase: boolean): string | undefined {
  if (!ignoreCase) return env[name];
  const key = Object.keys(env).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : env[key];
}

function missing(text: string): Fault {
  return new Fault('ssh.programMissing', text, {
    remedy: { text: 'Install OpenSSH, name its program in `sallyport.ssh.programPath`, or use the built-in client.' },
  });
}

/**
 * The version in what `ssh -V` prints, e.g. `9.2`.
 * @throws Fault `ssh.programTooOld`, and `ssh.notOpenSsh` for another client
 */
export function checkedVersion(output: string, program: string): string {
  const version = /OpenSSH_(?:for_Windows_)?(\d+\.\d+)/.exec(output)?.[1];
  const remedy = { text: 'Name another program in `sallyport.ssh.programPath`, or use the built-in client.' };
  if (version === undefined) throw new Fault('ssh.notOpenSsh', `${program} is not an OpenSSH client.`, { remedy });
  if (compareVersions(version, OLDEST) >= 0) return version;
  throw new Fault('ssh.programTooOld', `${program} is OpenSSH ${version}; ${OLDEST} or later is needed.`, { remedy });
}
