// Runs mocha inside the current process: a plain Node process, or the extension host of a VS Code.
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Mocha from 'mocha';
import type { SuiteReport } from './totals';

const ENDING = '.test.js';

export interface SuiteOptions {
  readonly files: readonly string[];
  /** Where the SuiteReport goes; the file appears whole or not at all. */
  readonly report: string;
  /** Default limit of one test, ms. */
  readonly timeoutMs: number;
  /** `nothing` where the output leads nowhere: the report has it all. */
  readonly show: 'everything' | 'failures' | 'nothing';
  /** Only tests whose full title contains this text. */
  readonly grep?: string;
}

/**
 * Every `*.test.js` below a folder, in a stable order.
 * @param names only these, without folder and ending @throws Error when there is none of a name
 */
export function testFilesBelow(folder: string, names?: readonly string[]): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ENDING));
  const unknown = names?.filter((wanted) => !all.some((name) => basename(name, ENDING) === wanted)) ?? [];
  if (unknown.length > 0) throw new Error(`No test file is called ${unknown.join(', ')} below ${folder}.`);
  return all
    .filter((name) => !names || names.includes(basename(name, ENDING)))
    .toSorted()
    .map((name) => join(folder, name));
}

/** Resolves with the report, which has also been written; a failed test is no rejection. */
export async function runSuite(options: SuiteOptions): Promise<SuiteReport> {
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: options.timeoutMs,
    forbidOnly: true,
    color: false,
    reporter: { everything: 'spec' as const, failures: Quiet, nothing: Mocha.reporters.Base }[options.show],
    ...(options.grep && { fgrep: options.grep }),
  });
  for (const file of options.files) mocha.addFile(file);
  const failures: SuiteReport['failures'][number][] = [];
  const passes: SuiteReport['passes'][number][] = [];
  let skipped = 0;
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', (test) => passes.push({ title: test.fullTitle(), ms: test.duration ?? 0 }));
    runner.on('pending', () => skipped++);
    runner.on('fail', (test, error: Error) => {
      failures.push({ title: test.fullTitle(), error: error.stack ?? String(error) });
    });
  });
  const report: SuiteReport = {
    done: true,
    passed: passes.length,
    failed: failures.length,
    skipped,
    passes,
    failures,
  };
  writeFileSync(`${options.report}.part`, JSON.stringify(report, null, 1));
  renameSync(`${options.report}.part`, options.report);
  return report;
}

/** Silent but for what failed. */
class Quiet extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.once('end', () => this.epilogue());
  }
}
