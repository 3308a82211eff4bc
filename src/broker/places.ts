import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { posix, win32 } from 'node:path';

/** What decides where the broker's files are. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Folder for temporary files. */
  readonly temporary: string;
  /** What this machine is known by: a home folder may be shared by several, and by containers. */
  readonly host: string;
  /** Number of the user; absent on Windows. */
  readonly uid?: number;
}

/** Where the broker of one user on one machine keeps what others find it by. */
export interface Places {
  /** Files that outlive the broker; only the user may look into it. */
  readonly stateFolder: string;
  /** Who the broker is, and where it listens. */
  readonly lockFile: string;
  /** What a window proves with that it belongs to the user. */
  readonly tokenFile: string;
  /** What has to be ended should the broker not end it itself. */
  readonly journalFile: string;
  /** Folders for the socket, the first that can be used; none on Windows, where pipes have no folder. */
  readonly runtimeFolders: readonly string[];
  /** Where a broker listens: a path of at most 103 bytes, or a pipe. `nonce` tells one broker from the next. */
  readonly address: (runtimeFolder: string | undefined, nonce: string) => string;
}

/** Names another folder for the broker's files, and with it another broker: for tests and the demo. */
export const STATE_VARIABLE = 'SALLYPORT_STATE_HOME';
/** Longest path of a socket on macOS (sun_path has 104 bytes there, 108 on Linux), without the final zero. */
const MAX_SOCKET_PATH = 103;
/** Characters that the nonce adds to the path of a socket, with `b-` and `.sock`. */
const NONCE_LENGTH = 16;

/** This process's machine as `env` describes it. */
export function thisMachine(env: NodeJS.ProcessEnv): Machine {
  const { platform } = process;
  const home = (platform === 'win32' ? env['USERPROFILE'] : env['HOME']) || homedir();
  const temporary = (platform === 'win32' ? (env['TEMP'] ?? env['TMP']) : env['TMPDIR']) || tmpdir();
  return { platform, env, home, temporary, host: machineName(platform), ...(process.getuid && { uid: process.getuid() }) };
}

export function placesOf(machine: Machine): Places {
  const paths = machine.platform === 'win32' ? win32 : posix;
  const stateFolder = stateFolderOf(machine);
  const own = shortHash(machine.host);
  return {
    stateFolder,
    lockFile: paths.join(stateFolder, `broker-${own}.lock`),
    tokenFile: paths.join(stateFolder, `broker-${own}.token`),
    journalFile: paths.join(stateFolder, `broker-${own}.journal`),
    runtimeFolders: runtimeFoldersOf(machine),
    address: (folder, nonce) =>
      folder === undefined ? `\\\\.\\pipe\\sallyport-${shortHash(userName(machine))}-${nonce}` : posix.join(folder, `b-${nonce}.sock`),
  };
}

/**
 * Only Linux shares homes between machines in practice. Elsewhere the name of the machine may change with the network, and
 * with it the broker would be lost. A number of a process means something in its own namespace alone (pid_namespaces(7)).
 */
function machineName(platform: NodeJS.Platform): string {
  if (platform !== 'linux') return 'local';
  return `${read(() => readFileSync('/etc/machine-id', 'utf8').trim()) || hostname()} ${read(() => readlinkSync('/proc/self/ns/pid'))}`;
}

function read(from: () => string): string {
  try {
    return from();
  } catch {
    return '';
  }
}

function stateFolderOf({ platform, env, home }: Machine): string {
  const paths = platform === 'win32' ? win32 : posix;
  const own = env[STATE_VARIABLE];
  if (own && paths.isAbsolute(own)) return own;
  if (platform === 'win32') return win32.join(env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local'), 'Sallyport');
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'Sallyport');
  // What is not absolute is to be ignored (XDG Base Directory Specification).
  const configured = env['XDG_STATE_HOME'];
  return posix.join(configured?.startsWith('/') ? configured : posix.join(home, '.local', 'state'), 'sallyport');
}

function runtimeFoldersOf({ platform, env, temporary, uid }: Machine): readonly string[] {
  if (platform === 'win32') return [];
  const runtime = env['XDG_RUNTIME_DIR'];
  const own = `sallyport-${uid ?? 0}`;
  const all = [...(runtime?.startsWith('/') ? [posix.join(runtime, 'sallyport')] : []), posix.join(temporary, own), posix.join('/tmp', own)];
  const longest = MAX_SOCKET_PATH - '/b-.sock'.length - NONCE_LENGTH;
  return [...new Set(all)].filter((folder) => Buffer.byteLength(folder) <= longest);
}

function userName({ env, home }: Machine): string {
  try {
    return userInfo().username;
  } catch {
    // An account without an entry in the user database.
    return env['USERNAME'] ?? env['USER'] ?? home;
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
