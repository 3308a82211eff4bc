import { readFileSync } from 'node:fs';
import { join, win32 } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { thisMachine } from '../provision/systemPrograms';
import { testEnvironment } from '../run/environment';
import type { OwnedProcess } from '../run/ownedProcess';
import { startProcess } from '../run/ownedProcess';
import { STATE_VARIABLE } from '../../src/broker/places';
import { endBroker } from '../vscode/harness/brokerEnd';
import type { RunFolders } from '../vscode/harness/folders';
import type { SandboxProcess } from '../vscode/harness/sandboxProcess';
import { writeSettings } from '../vscode/harness/settings';

const END_MS = 8000;

/**
 * The `code` command of a desktop VS Code. In a terminal of a remote window the same name is a stub that opens
 * things in that window and cannot load an extension: it is told by its socket.
 */
export function findDesktop(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
  isProgram: (path: string) => boolean = thisMachine.isProgram,
): string | undefined {
  if (env['VSCODE_IPC_HOOK_CLI']) return undefined;
  const windows = platform === 'win32';
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(windows ? ';' : ':').filter((folder) => folder !== '');
  return folders.map((folder) => (windows ? `${folder}\\code.cmd` : `${folder}/code`)).find(isProgram);
}

/**
 * The command that opens one window with nothing of the person's own VS Code, and lives as long as the window.
 * On Windows `code` is a batch file, whose arguments would go through the command interpreter: the program beside it is started instead.
 */
export function desktopCommand(code: string, folders: RunFolders, extension: string, platform: NodeJS.Platform): readonly [string, ...string[]] {
  const args = [
    '--new-window',
    `--extensionDevelopmentPath=${extension}`,
    `--user-data-dir=${folders.userData}`,
    `--extensions-dir=${folders.extensions}`,
    '--disable-workspace-trust',
    '--disable-telemetry',
    '--disable-updates',
    folders.workspace,
  ];
  return platform === 'win32' ? [win32.join(win32.dirname(code), '..', 'Code.exe'), ...args] : [code, '--wait', ...args];
}

/** Opens the window; `exited` resolves when it is closed, `stop` closes it. */
export function startDesktop(
  code: string,
  options: { readonly folders: RunFolders; readonly sandbox: SandboxProcess; readonly extension: string },
): Pick<OwnedProcess, 'exited' | 'stop'> {
  const { folders, sandbox, extension } = options;
  writeSettings(folders, sandbox.settings);
  const [command, ...args] = desktopCommand(code, folders, extension, process.platform);
  // Not the broker of the person's own windows.
  const broker = { [STATE_VARIABLE]: join(folders.root, 'state') };
  const running = startProcess(command, args, { env: testEnvironment(process.env, { ...sandbox.env, ...broker }), output: 'collect' });
  return {
    exited: running.exited,
    stop: async () => {
      // The window belongs to a process that is no child of the command; its lock file names it.
      const main = readPid(join(folders.userData, 'code.lock'));
      if (main !== undefined) await endProcess(main);
      await running.stop();
      await endBroker(broker);
    },
  };
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Asks the process to end and waits for it; VS Code takes a moment to write its state. */
async function endProcess(pid: number): Promise<void> {
  const deadline = performance.now() + END_MS;
  try {
    process.kill(pid, 'SIGTERM');
    while (performance.now() < deadline) {
      process.kill(pid, 0);
      await delay(50);
    }
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
