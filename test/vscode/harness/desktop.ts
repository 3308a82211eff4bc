// The same suite in the desktop VS Code, for platforms where the server packages do not run.
import { runTests } from '@vscode/test-electron';
import { join } from 'node:path';
import { RELEASES } from '../../provision/vscodeServer';
import type { ReleaseName } from '../../provision/vscodeServer';
import { REPORT_FILE, testEnvironment } from '../../run/environment';
import type { SuiteReport } from '../../run/totals';
import { readReport } from '../../run/totals';
import { STATE_VARIABLE } from '../../../src/broker/places';
import { endBroker } from './brokerEnd';
import { createRunFolders } from './folders';
import type { Settings } from './settings';
import { writeSettings } from './settings';

/** Downloads that VS Code (once, into `.vscode-test/`) and runs the suite in it. Needs a display on Linux. */
export async function runInDesktop(options: {
  readonly release: ReleaseName;
  readonly extension: string;
  readonly suite: string;
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
}): Promise<SuiteReport | undefined> {
  const folders = createRunFolders();
  const broker = { [STATE_VARIABLE]: join(folders.root, 'state') };
  try {
    writeSettings(folders, options.settings);
    const reportFile = join(folders.root, 'report.json');
    const env = testEnvironment(process.env, {
      HOME: folders.home,
      USERPROFILE: folders.home,
      ...broker,
      ...options.env,
      [REPORT_FILE]: reportFile,
    });
    // It rejects for a failed test, too; the report says more.
    const ending = runTests({
      version: RELEASES[options.release].version,
      extensionDevelopmentPath: options.extension,
      extensionTestsPath: options.suite,
      extensionTestsEnv: env,
      launchArgs: [
        folders.workspace,
        `--user-data-dir=${folders.userData}`,
        `--extensions-dir=${folders.extensions}`,
        '--disable-workspace-trust',
        '--disable-telemetry',
        '--skip-welcome',
        '--skip-release-notes',
      ],
    });
    await ending.catch((error: unknown) => console.error(error));
    return readReport(reportFile);
  } finally {
    await endBroker(broker);
    folders.dispose();
  }
}
