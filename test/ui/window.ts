import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { Scope } from '../../src/base/scope';
import type { ReleaseName } from '../provision/vscodeServer';
import { ensureVscode } from '../provision/vscodeServer';
import { startBrowser } from '../vscode/harness/browser';
import { createRunFolders } from '../vscode/harness/folders';
import { startSandboxProcess } from '../vscode/harness/sandboxProcess';
import { installExtension, startServer } from '../vscode/harness/server';
import type { Settings, Theme } from '../vscode/harness/settings';
import { themeSettings, writeSettings } from '../vscode/harness/settings';
import { Workbench } from './workbench';

/** A VS Code window with the packaged extension, in front of the sandbox. */
export interface Window {
  readonly workbench: Workbench;
  /** As "Developer: Reload Window" does; resolves when the workbench is ready again. */
  reload(): Promise<void>;
  /** Another window of the same person, with an extension host of its own. */
  another(): Promise<Workbench>;
  /** What the VS Code server logged. */
  serverLog(): string;
  dispose(): Promise<void>;
}

export interface WindowOptions {
  readonly release: ReleaseName;
  readonly theme: Theme;
  /** Besides those of the theme and the sandbox. */
  readonly settings?: Settings;
  /** Those of the folder that is opened. */
  readonly workspaceSettings?: Settings;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether what is public in the sandbox's world can be reached: through a proxy, which stands for the internet. */
  readonly internet?: boolean;
  /** Content of the OpenSSH configuration; empty unless told. */
  readonly sshConfig?: string;
  /** Makes another AWS configuration of the one that the sandbox has written. */
  readonly awsConfig?: (text: string) => string;
}

/** Every wait of the driver, ms. */
const WAIT_MS = 30_000;
const VIEWPORT = { width: 1280, height: 800 };

/** The package under test: the file that `npm run package` makes. */
export function packagedExtension(): string {
  return process.env['SALLYPORT_VSIX'] ?? resolve('sallyport.vsix');
}

/** Opens the window; `dispose` ends browser, server and sandbox and removes every file. */
export async function openWindow(options: WindowOptions): Promise<Window> {
  const scope = new Scope();
  try {
    const vscode = await ensureVscode(options.release);
    const folders = scope.add(createRunFolders());
    const configuration = mkdtempSync(join(tmpdir(), 'sallyport-aws-'));
    scope.defer(() => rmSync(configuration, { recursive: true, force: true }));
    // Never the configuration of whoever runs this.
    const sshConfig = join(configuration, 'ssh_config');
    writeFileSync(sshConfig, options.sshConfig ?? '');
    const sandbox = await startSandboxProcess(configuration);
    scope.defer(sandbox.stop);
    const awsConfig = sandbox.env['AWS_CONFIG_FILE'];
    if (options.awsConfig && awsConfig) writeFileSync(awsConfig, options.awsConfig(readFileSync(awsConfig, 'utf8')));
    await installExtension(vscode, folders, packagedExtension());
    writeSettings(folders, { ...sandbox.settings, 'sallyport.ssh.configFile': sshConfig, ...options.settings, ...themeSettings(options.theme, options.release) });
    if (options.workspaceSettings) {
      mkdirSync(join(folders.workspace, '.vscode'), { recursive: true });
      writeFileSync(join(folders.workspace, '.vscode', 'settings.json'), JSON.stringify(options.workspaceSettings, null, 2));
    }
    const server = await startServer({ vscode, folders, env: { ...sandbox.env, ...(options.internet && { HTTPS_PROXY: sandbox.internet }), ...options.env }, testSuite: false });
    scope.defer(server.stop);
    const browser = await startBrowser();
    scope.defer(() => browser.close());
    const out = process.env['SALLYPORT_OUT'] ?? resolve('out');
    const pictures = join(out, 'screenshots', vscode.version);
    const open = async (): Promise<{ readonly page: Page; readonly workbench: Workbench }> => {
      const page = await browser.newPage({ viewport: VIEWPORT });
      page.setDefaultTimeout(WAIT_MS);
      await page.goto(server.address(folders.workspace));
      const workbench = new Workbench({ page, pictures, theme: options.theme });
      await workbench.ready();
      return { page, workbench };
    };
    const { page, workbench } = await open();
    const reload = async (): Promise<void> => {
      await page.reload();
      await workbench.ready();
    };
    const another = async (): Promise<Workbench> => (await open()).workbench;
    return { workbench, reload, another, serverLog: server.output, dispose: () => scope.dispose() };
  } catch (error) {
    await scope.dispose();
    throw error;
  }
}
