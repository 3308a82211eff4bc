// Runs the suite of test/vscode/ in one release of VS Code: node out/test/vscode/harness/main.js newest|oldest [--grep TEXT]
// The totals go to the file that REPORT_FILE names in the environment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Scope } from '../../../src/base/scope';
import type { ReleaseName } from '../../provision/vscodeServer';
import { ensureVscode, RELEASES, serverRunsHere } from '../../provision/vscodeServer';
import { REPORT_FILE } from '../../run/environment';
import type { SuiteReport } from '../../run/totals';
import { describeReport, formatTotals, isSuccess } from '../../run/totals';
import { runInDesktop } from './desktop';
import { runInExtensionHost } from './payloadRun';
import { startSandboxProcess } from './sandboxProcess';
import { SUITE_GREP } from './suiteVariables';

const LIMIT_MS = 5 * 60_000;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string' }, verbose: { type: 'boolean', default: false } },
  });
  const [release] = positionals;
  if (release !== 'newest' && release !== 'oldest') throw new Error('usage: main.js newest|oldest');
  const report = await run(release, values.grep ? { [SUITE_GREP]: values.grep } : {});
  for (const line of describeReport(report, values.verbose)) console.log(line);
  const target = process.env[REPORT_FILE];
  if (target) writeFileSync(target, JSON.stringify(report));
  else console.log(formatTotals(report));
  process.exitCode = isSuccess(report) ? 0 : 1;
}

async function run(release: ReleaseName, options: NodeJS.ProcessEnv): Promise<SuiteReport> {
  const scope = new Scope();
  try {
    const configuration = mkdtempSync(join(tmpdir(), 'sallyport-aws-'));
    scope.defer(() => rmSync(configuration, { recursive: true, force: true }));
    const sandbox = await startSandboxProcess(configuration);
    scope.defer(sandbox.stop);
    const common = {
      // The compiled tests are in out/test/vscode/harness/, wherever `out` is.
      extension: process.cwd(),
      suite: resolve(__dirname, '../index.js'),
      env: { ...sandbox.env, ...options },
      settings: sandbox.settings,
    };
    if (!serverRunsHere()) {
      const report = await runInDesktop({ release, ...common });
      if (!report) throw new Error('The suite did not come to its end: there is no report.');
      return report;
    }
    const vscode = await ensureVscode(release);
    const { exitCode, report, log } = await runInExtensionHost({ vscode, ...common, limitMs: LIMIT_MS });
    const name = `VS Code ${RELEASES[release].version}`;
    if (exitCode === 'timeout') throw new Error(`${name}: the suite did not end in ${LIMIT_MS / 1000} s.\n${log}`);
    if (!report) throw new Error(`${name} ended with ${exitCode}, but the suite did not report.\n${log}`);
    if ((exitCode === 0) !== isSuccess(report)) {
      throw new Error(`${name} ended with ${exitCode}, but the suite says ${formatTotals(report)}.\n${log}`);
    }
    return report;
  } finally {
    await scope.dispose();
  }
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
