import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../../src/base/fault';
import type { VscodeServer } from '../../provision/vscodeServer';
import { testEnvironment } from '../../run/environment';
import { startProcess } from '../../run/ownedProcess';
import { endBroker } from './brokerEnd';
import type { RunFolders } from './folders';

export interface ServerOptions {
  readonly vscode: VscodeServer;
  readonly folders: RunFolders;
  /** Reaches the extension host. */
  readonly env: NodeJS.ProcessEnv;
  /** Lets the address name a test suite; such a workbench shows no notifications. */
  readonly testSuite: boolean;
}

export interface RunningServer {
  readonly port: number;
  /** The address of the workbench with a folder opened. */
  address(folder: string, payload?: readonly (readonly [string, string])[]): string;
  /** What it logged. */
  output(): string;
  stop(): Promise<void>;
}

const READY_MS = 60_000;
/** How long an extension host may take to deactivate, ms. */
const STOP_MS = 8000;

/** Starts the server on 127.0.0.1 on a port of its own choice and waits until it answers. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { vscode, folders } = options;
  // A workbench has a terminal: without a token everybody on this machine could open it and be us.
  const connectionToken = randomBytes(24).toString('base64url');
  const tokenFile = join(folders.serverData, 'connection-token');
  // In a file: what is in the arguments is seen by everybody on the machine.
  writeFileSync(tokenFile, connectionToken, { mode: 0o600 });
  const environment = serverEnvironment(folders, options.env);
  const running = startProcess(
    vscode.node,
    [
      vscode.main,
      ...['--host', '127.0.0.1', '--port', '0'],
      ...['--connection-token-file', tokenFile],
      ...(options.testSuite && vscode.driverFlag ? ['--enable-smoke-test-driver'] : []),
      '--disable-workspace-trust',
      '--disable-getting-started-override',
      '--disable-update-check',
      '--force-disable-user-env',
      ...folderArguments(folders),
    ],
    { cwd: folders.workspace, env: environment, output: 'collect' },
  );
  try {
    const port = await listeningPort(running);
    await untilAnswering(running, port);
    return {
      port,
      address: (folder, payload) => workbenchAddress(port, connectionToken, folder, payload),
      output: running.output,
      stop: async () => {
        await running.stop(STOP_MS);
        // It outlives its windows for a while, and ends its sessions as long as there is somebody to end them at.
        await endBroker(environment);
      },
    };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** Installs a packaged extension for the server that will be started on the same folders. */
export async function installExtension(vscode: VscodeServer, folders: RunFolders, vsix: string): Promise<void> {
  const running = startProcess(vscode.node, [vscode.main, '--install-extension', vsix, ...folderArguments(folders)], {
    cwd: folders.workspace,
    env: serverEnvironment(folders, {}),
    output: 'collect',
  });
  const status = await running.exited;
  // It also ends with 0 when the package was refused.
  if (status.code === 0 && /successfully installed/i.test(running.output())) return;
  throw new Fault('harness.installFailed', `VS Code ${vscode.version} did not install ${vsix}: ${running.output().slice(-2000)}`);
}

/** `vscode-remote://` names the server by the host and port of the page. */
export function workbenchAddress(
  port: number,
  connectionToken: string,
  folder: string,
  payload: readonly (readonly [string, string])[] = [],
): string {
  const address = new URL(`http://127.0.0.1:${port}/`);
  address.searchParams.set('tkn', connectionToken);
  address.searchParams.set('folder', folder);
  if (payload.length > 0) address.searchParams.set('payload', JSON.stringify(payload));
  return address.href;
}

function folderArguments(folders: RunFolders): string[] {
  return [
    '--accept-server-license-terms',
    '--disable-telemetry',
    ...['--server-data-dir', folders.serverData],
    ...['--user-data-dir', folders.userData],
    ...['--extensions-dir', folders.extensions],
  ];
}

function serverEnvironment(folders: RunFolders, additions: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return testEnvironment(process.env, {
    HOME: folders.home,
    TMPDIR: folders.temporary,
    XDG_CONFIG_HOME: undefined,
    XDG_DATA_HOME: undefined,
    XDG_STATE_HOME: undefined,
    XDG_RUNTIME_DIR: undefined,
    // No marketplace: nothing is looked up.
    EXTENSIONS_GALLERY: '{}',
    ...additions,
  });
}

async function listeningPort(running: ReturnType<typeof startProcess>): Promise<number> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const found = /Extension host agent listening on (\d+)/.exec(running.output());
    if (found) return Number(found[1]);
    if (running.status() || performance.now() > deadline) throw notStarted(running.output());
    await delay(50);
  }
}

async function untilAnswering(running: ReturnType<typeof startProcess>, port: number): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      const reply = await fetch(`http://127.0.0.1:${port}/version`, { signal: AbortSignal.timeout(2000) });
      await reply.arrayBuffer();
      if (reply.ok) return;
    } catch {
      // Not yet.
    }
    if (running.status() || performance.now() > deadline) throw notStarted(running.output());
    await delay(50);
  }
}

function notStarted(output: string): Fault {
  return new Fault('harness.serverFailed', `The VS Code server did not start: ${output.slice(-2000)}`);
}
