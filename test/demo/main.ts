// npm run demo: the sandbox, and a real VS Code with the extension in front of it. Ctrl+C ends everything.
//   --check   starts, verifies that the workbench answers, and ends
//   --server  uses the VS Code in the browser even where the desktop one is installed
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeFault, Fault, isFault } from '../../src/base/fault';
import { Scope } from '../../src/base/scope';
import { npm } from '../provision/npm';
import { provision } from '../provision/provision';
import { ensureVscode, serverRunsHere } from '../provision/vscodeServer';
import { endRequested } from '../run/ownedProcess';
import { packagedExtension } from '../ui/window';
import { createRunFolders } from '../vscode/harness/folders';
import type { RunFolders } from '../vscode/harness/folders';
import { startSandboxProcess } from '../vscode/harness/sandboxProcess';
import type { SandboxProcess } from '../vscode/harness/sandboxProcess';
import { installExtension, startServer } from '../vscode/harness/server';
import { writeSettings } from '../vscode/harness/settings';
import { findDesktop, startDesktop } from './desktopVscode';

const STEPS = [
  '  1. Open "Sallyport" in the activity bar (the gate on the left edge).',
  '  2. In Resources, open Caches and press the plug beside "orders-cache".',
  '  3. In Connections, press "Open Console" beside the tunnel and type PING.',
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, server: { type: 'boolean', default: false } },
  });
  const desktop = values.server || values.check ? undefined : findDesktop();
  if (!desktop && !serverRunsHere()) {
    throw new Fault('demo.noVscode', 'The demo needs VS Code: the command `code` is not on the PATH.', {
      remedy: { text: 'Run "Shell Command: Install \'code\' command in PATH" in VS Code, then start the demo again.' },
    });
  }
  const scope = new Scope();
  const ended = endRequested();
  try {
    await provision({ programs: ['redis-server', 'openssl'], vscode: false });
    // A test run has just packaged it.
    if (!values.check || !existsSync(packagedExtension())) await npm(['run', '--silent', desktop ? 'build' : 'package'], process.cwd());
    const configuration = mkdtempSync(join(tmpdir(), 'sallyport-aws-'));
    scope.defer(() => rmSync(configuration, { recursive: true, force: true }));
    const sandbox = await startSandboxProcess(configuration);
    scope.defer(sandbox.stop);
    const folders = scope.add(createRunFolders());
    if (desktop) {
      const window = startDesktop(desktop, { folders, sandbox, extension: process.cwd() });
      scope.defer(() => window.stop());
      console.log(['', 'VS Code opens now. In its window:', ...STEPS, '', 'Close the window or press Ctrl+C to end the demo.'].join('\n'));
      await Promise.race([ended, window.exited]);
      return;
    }
    const address = await startInBrowser(scope, folders, sandbox);
    if (values.check) {
      await checkWorkbench(address);
      console.log('The demo starts, and its workbench answers.');
      return;
    }
    console.log(['', `Open ${address}`, 'Then:', ...STEPS, '', 'Press Ctrl+C to end the demo.'].join('\n'));
    await ended;
  } finally {
    await scope.dispose();
  }
}

async function startInBrowser(scope: Scope, folders: RunFolders, sandbox: SandboxProcess): Promise<string> {
  const vscode = await ensureVscode('newest', (line) => console.log(line));
  writeSettings(folders, sandbox.settings);
  await installExtension(vscode, folders, packagedExtension());
  const server = await startServer({
    vscode,
    folders,
    env: sandbox.env,
    testSuite: false,
  });
  scope.defer(server.stop);
  return server.address(folders.workspace);
}

/** The page of the workbench is served to whoever has the token, and to nobody else. */
async function checkWorkbench(address: string): Promise<void> {
  const page = await fetchWithCookies(address);
  if (page.status !== 200 || !/vscode-workbench-web-configuration/.test(page.body)) {
    throw new Fault('demo.checkFailed', `The workbench answered with ${page.status}.`);
  }
  const stranger = new URL(address);
  stranger.searchParams.delete('tkn');
  const refused = await fetch(stranger, { redirect: 'manual' });
  await refused.arrayBuffer();
  if (refused.status !== 403) throw new Fault('demo.checkFailed', `Without the token the workbench answered with ${refused.status}.`);
}

/** The server answers the token with a cookie and a redirect. */
async function fetchWithCookies(address: string): Promise<{ readonly status: number; readonly body: string }> {
  const first = await fetch(address, { redirect: 'manual' });
  const body = await first.text();
  const location = first.headers.get('location');
  if (!location) return { status: first.status, body };
  const cookie = first.headers.getSetCookie().map((entry) => entry.split(';')[0]).join('; ');
  const second = await fetch(new URL(location, address), { headers: { cookie } });
  return { status: second.status, body: await second.text() };
}

void main().catch((error: unknown) => {
  console.error(isFault(error) ? describeFault(error) : error);
  process.exitCode = 1;
});
