import { readFileSync } from 'node:fs';

/** What a stage or a mocha run came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Written by every mocha run, in whichever process it runs, as the very last thing it does. */
export interface SuiteReport extends Totals {
  /** Guards against a file that somebody else wrote. */
  readonly done: true;
  readonly passes: readonly { readonly title: string; readonly ms: number }[];
  readonly failures: readonly { readonly title: string; readonly error: string }[];
}

export const NOTHING: Totals = { passed: 0, failed: 0, skipped: 0 };

export function addTotals(a: Totals, b: Totals): Totals {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The one line by which a run is judged, e.g. `12 passed, 0 failed, 1 skipped`. */
export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A run without a single passed test proves nothing. */
export function isSuccess({ passed, failed }: Totals): boolean {
  return failed === 0 && passed > 0;
}

/** One step of a run that was not green. */
export interface FailedStep {
  readonly title: string;
  readonly totals: Totals;
  readonly remarks: readonly string[];
  readonly failures: SuiteReport['failures'];
}

/** At most so many tests of a step are told again at the end of a run. */
const TOLD_AGAIN = 20;

/**
 * All that went wrong in a run, for its end: a log that was cut to its last lines still says what failed and why.
 * No lines for a run in which nothing did.
 */
export function describeFailures(steps: readonly FailedStep[]): string[] {
  return steps.flatMap(({ title, totals, remarks, failures }) => [
    `── what failed in ${title} (${totals.failed})`,
    ...remarks.map((remark) => `  ${remark}`),
    ...failures.slice(0, TOLD_AGAIN).map(describeFailure),
    ...(failures.length > TOLD_AGAIN ? [`  … and ${failures.length - TOLD_AGAIN} more`] : []),
  ]);
}

function describeFailure({ title, error }: SuiteReport['failures'][number]): string {
  return `  ✖ ${title}\n${error.replaceAll(/^/gm, '      ')}`;
}

/** For a suite whose own output is lost: what failed, and with `passes` also what did not. */
export function describeReport(report: SuiteReport, passes: boolean): string[] {
  return [
    ...(passes ? report.passes.map(({ title, ms }) => `  ✔ ${title} (${ms} ms)`) : []),
    ...report.failures.map(describeFailure),
  ];
}

/** The report of a run that ended properly; undefined when the file is absent, cut short or of another shape. */
export function readReport(path: string): SuiteReport | undefined {
  try {
    return parseReport(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

export function parseReport(text: string): SuiteReport | undefined {
  let value: Partial<SuiteReport> | null;
  try {
    value = JSON.parse(text) as Partial<SuiteReport> | null;
  } catch {
    return undefined;
  }
  const whole =
    value?.done === true &&
    [value.passed, value.failed, value.skipped].every((count) => Number.isSafeInteger(count)) &&
    Array.isArray(value.passes) &&
    Array.isArray(value.failures);
  return whole ? (value as SuiteReport) : undefined;
}

/**
 * What a mocha stage counts for. A process that failed, was killed or reported nothing adds one failure,
 * whatever it claims: an extension host that is killed also exits with 0.
 */
export function stageTotals(report: SuiteReport | undefined, ended: 'well' | 'badly'): Totals {
  if (!report) return { ...NOTHING, failed: 1 };
  const empty = report.passed === 0 && report.failed === 0;
  const unexplained = (ended === 'badly' && report.failed === 0) || empty;
  return { passed: report.passed, failed: report.failed + (unexplained ? 1 : 0), skipped: report.skipped };
}
