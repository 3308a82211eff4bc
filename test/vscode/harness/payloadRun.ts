import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Scope } from '../../../src/base/scope';
import type { VscodeServer } from '../../provision/vscodeServer';
import { REPORT_FILE } from '../../run/environment';
import type { SuiteReport } from '../../run/totals';
import { readReport } from '../../run/totals';
import { startBrowser } from './browser';
import { createRunFolders } from './folders';
import { startServer } from './server';
import type { Settings } from './settings';
import { writeSettings } from './settings';

export interface PayloadRunOptions {
  readonly vscode: VscodeServer;
  /** Folder of the extension (with package.json), which is loaded as under development. */
  readonly extension: string;
  /** The suite's entry, a module that exports `run()`. */
  readonly suite: string;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
  readonly limitMs: number;
}

export interface PayloadResult {
  /** What the workbench said; 0 also when its extension host was killed, so the report decides. */
  readonly exitCode: number | 'timeout';
  /** Undefined when the suite did not come to its end. */
  readonly report: SuiteReport | undefined;
  /** The end of what the workbench, the suite and the server logged, for the case that there is no report. */
  readonly log: string;
}

/** Runs a suite inside the real extension host of a VS Code server, whose workbench runs in a headless browser. */
export async function runInExtensionHost(options: PayloadRunOptions): Promise<PayloadResult> {
  const scope = new Scope();
  try {
    const folders = scope.add(createRunFolders());
    writeSettings(folders, options.settings);
    const reportFile = join(folders.root, 'report.json');
    const server = await startServer({
      vscode: options.vscode,
      folders,
      env: { ...options.env, [REPORT_FILE]: reportFile },
      testSuite: true,
    });
    scope.defer(server.stop);
    const browser = await startBrowser();
    scope.defer(() => browser.close());
    const page = await browser.newPage();
    let end: (code: number) => void = () => {};
    const ended = new Promise<number>((resolve) => {
      end = resolve;
    });
    // The workbench calls these two by itself when its address names a suite.
    const lines: string[] = [];
    await page.exposeFunction('codeAutomationLog', (_type: string, values: readonly unknown[]) => {
      lines.push(values.map(String).join(' '));
    });
    await page.exposeFunction('codeAutomationExit', (code: number) => end(code));
    const remote = (path: string): string => `vscode-remote://127.0.0.1:${server.port}${path}`;
    await page.goto(
      server.address(folders.workspace, [
        ['extensionDevelopmentPath', remote(options.extension)],
        ['extensionTestsPath', remote(options.suite)],
      ]),
      // The run has a limit of its own.
      { timeout: options.limitMs },
    );
    const timeout = new AbortController();
    scope.defer(() => timeout.abort());
    const late = delay(options.limitMs, 'timeout' as const, { signal: timeout.signal }).catch(() => 'timeout' as const);
    const exitCode = await Promise.race([ended, late]);
    return {
      exitCode,
      report: readReport(reportFile),
      log: [...lines.slice(-100), server.output().slice(-4000)].join('\n'),
    };
  } finally {
    await scope.dispose();
  }
}
