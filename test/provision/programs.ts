// The system programs that tests and demo use, and how each package manager calls them. Pure: nothing is run here.

export type ProgramName = 'redis-server' | 'sshd' | 'chromium' | 'openssl' | 'postgres' | 'mariadbd' | 'memcached';
export type ManagerName = 'apt-get' | 'dnf' | 'apk' | 'pacman' | 'brew';

interface Program {
  /** File names under which it is found, best first. */
  readonly files: readonly string[];
  /** Full paths where it is found although the PATH does not say so. */
  readonly places: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>>;
  readonly packages: Readonly<Record<ManagerName, string>>;
  /** Units that Debian's packages start and enable; none of them may keep running because of a test. */
  readonly services: readonly string[];
}

/** Names another browser of the Chromium family (a full path). */
export const CHROMIUM_VARIABLE = 'CHROMIUM';

const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin'];
/** Debian keeps each release of PostgreSQL in a folder of its own. */
const POSTGRES_RELEASES = ['18', '17', '16', '15', '14', '13'];

export const PROGRAMS: Readonly<Record<ProgramName, Program>> = {
  'redis-server': {
    files: ['redis-server', 'valkey-server'],
    places: {},
    packages: { 'apt-get': 'redis-server', dnf: 'redis', apk: 'redis', pacman: 'redis', brew: 'redis' },
    services: ['redis-server'],
  },
  sshd: {
    files: ['sshd'],
    places: { linux: SYSTEM_FOLDERS.map((folder) => `${folder}/sshd`), darwin: ['/usr/sbin/sshd'] },
    packages: { 'apt-get': 'openssh-server', dnf: 'openssh-server', apk: 'openssh-server', pacman: 'openssh', brew: 'openssh' },
    services: ['ssh', 'ssh.socket'],
  },
  chromium: {
    files: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'],
    places: {
      darwin: [
        '/Applications/Chromium.app/Contents/MacOS/Chromium',
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      ],
      win32: [
        'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
        'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
      ],
    },
    packages: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', pacman: 'chromium', brew: '--cask chromium' },
    services: [],
  },
  openssl: {
    files: ['openssl'],
    places: {},
    packages: { 'apt-get': 'openssl', dnf: 'openssl', apk: 'openssl', pacman: 'openssl', brew: 'openssl' },
    services: [],
  },
  postgres: {
    files: ['postgres'],
    places: { linux: POSTGRES_RELEASES.map((release) => `/usr/lib/postgresql/${release}/bin/postgres`) },
    packages: { 'apt-get': 'postgresql', dnf: 'postgresql-server', apk: 'postgresql', pacman: 'postgresql', brew: 'postgresql' },
    services: ['postgresql'],
  },
  mariadbd: {
    files: ['mariadbd'],
    places: { linux: [...SYSTEM_FOLDERS, '/usr/libexec'].map((folder) => `${folder}/mariadbd`) },
    // Debian's package without a service.
    packages: { 'apt-get': 'mariadb-server-core', dnf: 'mariadb-server', apk: 'mariadb', pacman: 'mariadb', brew: 'mariadb' },
    services: [],
  },
  memcached: {
    files: ['memcached'],
    places: {},
    packages: { 'apt-get': 'memcached', dnf: 'memcached', apk: 'memcached', pacman: 'memcached', brew: 'memcached' },
    services: ['memcached'],
  },
};

/** Each manager's own way of installing without asking. The order is the order of detection. */
const INSTALL: Readonly<Record<ManagerName, readonly string[]>> = {
  'apt-get': ['apt-get', 'install', '-y', '--no-install-recommends'],
  dnf: ['dnf', 'install', '-y'],
  apk: ['apk', 'add'],
  pacman: ['pacman', '-S', '--noconfirm', '--needed'],
  brew: ['brew', 'install'],
};

export const MANAGERS = Object.keys(INSTALL) as readonly ManagerName[];

/** Where a program may be: the variable first, then the PATH, then the known places. */
export function candidates(name: ProgramName, platform: NodeJS.Platform, env: NodeJS.ProcessEnv): readonly string[] {
  const { files, places } = PROGRAMS[name];
  const windows = platform === 'win32';
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(windows ? ';' : ':').filter((folder) => folder !== '');
  const onPath = files.flatMap((file) =>
    folders.map((folder) => (windows ? `${folder}\\${file}.exe` : `${folder}/${file}`)),
  );
  const chosen = name === 'chromium' ? env[CHROMIUM_VARIABLE] : undefined;
  return [...(chosen ? [chosen] : []), ...onPath, ...(places[platform] ?? [])];
}

export interface InstallPlan {
  /** The command as a person would type it. */
  readonly shown: string;
  /** Commands in order, each a program and its arguments; every one needs the rights that `asRoot` says. */
  readonly steps: readonly (readonly string[])[];
  readonly asRoot: boolean;
}

/** How to install the programs with that manager; `elevated`: we are root already. */
export function installPlan(missing: readonly ProgramName[], manager: ManagerName, elevated: boolean): InstallPlan {
  const packages = [...new Set(missing.map((name) => PROGRAMS[name].packages[manager]))];
  const asRoot = manager !== 'brew';
  const prefix = asRoot && !elevated ? 'sudo ' : '';
  if (manager === 'brew') {
    // A cask and a formula cannot share one command.
    const steps = packages.map((name) => [...INSTALL.brew, ...name.split(' ')]);
    return { shown: steps.map((step) => step.join(' ')).join(' && '), steps, asRoot };
  }
  const install = [...INSTALL[manager], ...packages];
  if (manager !== 'apt-get') return { shown: `${prefix}${install.join(' ')}`, steps: [install], asRoot };
  return {
    shown: `${prefix}apt-get update && ${prefix}${install.join(' ')}`,
    steps: [['apt-get', 'update', '-q'], aptWithoutServices(install, missing.flatMap((name) => PROGRAMS[name].services))],
    asRoot,
  };
}

/**
 * Debian starts the services of what it installs: a redis-server on port 6379 and an SSH server would run from then on.
 * The policy file (Debian Policy 9.3.3) forbids that while we install; disabling them forbids it at the next boot.
 */
function aptWithoutServices(install: readonly string[], services: readonly string[]): readonly string[] {
  const script = [
    'set -e',
    'policy=/usr/sbin/policy-rc.d',
    String.raw`if [ ! -e "$policy" ]; then trap 'rm -f "$policy"' EXIT; printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod 755 "$policy"; fi`,
    'DEBIAN_FRONTEND=noninteractive "$@"',
    ...(services.length > 0
      ? [`if [ -d /run/systemd/system ]; then systemctl disable --quiet ${services.join(' ')} || true; fi`]
      : []),
  ].join('\n');
  return ['sh', '-c', script, 'sh', ...install];
}
