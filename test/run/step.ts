import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npmProgram } from '../provision/npm';
import { privateEnvironment, REPORT_FILE, RUN_MARK } from './environment';
import type { ExitStatus, OwnedProcess } from './ownedProcess';
import { startProcess } from './ownedProcess';
import type { StageStep } from './stages';
import { collectStragglers } from './stragglers';
import type { SuiteReport, Totals } from './totals';
import { NOTHING, readReport, stageTotals } from './totals';

export interface StepResult {
  readonly totals: Totals;
  /** Why it failed, where the step's own output does not say it. */
  readonly remarks: readonly string[];
  /** The tests that failed, of a suite that reported. */
  readonly failures: SuiteReport['failures'];
}

export interface StepOptions {
  /** The folder that it runs in. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Further arguments of suites. */
  readonly options: readonly string[];
  /** A suite that has reported must end within this time, ms, or it has left something open. */
  readonly exitGraceMs?: number;
  /** For how long a process may outlive the step, ms: the helpers of a browser do by a moment. */
  readonly stragglerGraceMs?: number;
  /** Ends the step early; it has failed then. */
  readonly signal: AbortSignal;
}

/** Runs one step to its end, or to the end of its time, and leaves nothing of it running. */
export async function runStep(step: StageStep, options: StepOptions): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
  const [home, temporary] = [join(folder, 'home'), join(folder, 't')];
  for (const path of [home, temporary]) mkdirSync(path);
  const reportFile = join(folder, 'report.json');
  const mark = randomUUID();
  const [program, ...args] = step.command;
  const npm = npmProgram();
  const started = startProcess(
    program === 'npm' ? npm.command : process.execPath,
    program === 'npm' ? [...npm.args, ...args] : [...args, ...(step.kind === 'suite' ? options.options : [])],
    {
      cwd: options.root,
      env: {
        ...options.env,
        ...(step.home === 'empty' && privateEnvironment(home, temporary)),
        [RUN_MARK]: mark,
        [REPORT_FILE]: reportFile,
      },
      output: 'inherit',
    },
  );
  try {
    const end = await waitBounded(started, { step, reportFile, exitGraceMs: options.exitGraceMs ?? 10_000, signal: options.signal });
    const remarks = end.remark ? [end.remark] : [];
    const left = started.pid === undefined ? [] : await collectStragglers(started.pid, mark, options.stragglerGraceMs ?? 10_000);
    if (left.length > 0) remarks.push(`left running: ${left.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`);
    const well = end.status?.code === 0 && remarks.length === 0;
    if (step.kind === 'command') return { totals: { ...NOTHING, [well ? 'passed' : 'failed']: 1 }, remarks, failures: [] };
    const report = readReport(reportFile);
    if (!report && remarks.length === 0) remarks.push('ended without a report of its tests');
    return { totals: stageTotals(report, well ? 'well' : 'badly'), remarks, failures: report?.failures ?? [] };
  } finally {
    await started.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function waitBounded(
  started: OwnedProcess,
  {
    step,
    reportFile,
    exitGraceMs,
    signal,
  }: { readonly step: StageStep; readonly reportFile: string; readonly exitGraceMs: number; readonly signal: AbortSignal },
): Promise<{ readonly status?: ExitStatus; readonly remark?: string }> {
  const begin = performance.now();
  let reportedAt: number | undefined;
  for (;;) {
    const status = started.status();
    if (status?.error) return { status, remark: `could not be started: ${status.error.message}` };
    if (status?.signal) return { status, remark: `ended by ${status.signal}` };
    if (status) return { status };
    const now = performance.now();
    if (step.kind === 'suite' && readReport(reportFile)) reportedAt ??= now;
    const remark = signal.aborted
      ? 'interrupted'
      : now - begin > step.limitMs
        ? `did not end within ${step.limitMs / 1000} s`
        : reportedAt !== undefined && now - reportedAt > exitGraceMs
          ? 'its tests are done but the process does not end: something was left open'
          : undefined;
    if (remark) {
      await started.stop();
      return { remark };
    }
    await Promise.race([started.exited, new Promise((wake) => setTimeout(wake, 200))]);
  }
}
