// Entry of the suite inside the extension host; VS Code calls run().
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { REPORT_FILE } from '../run/environment';
import { runSuite } from '../run/suite';
import { SUITE_GREP } from './harness/suiteVariables';

/** A rejection makes VS Code end with another code than 0. */
export async function run(): Promise<void> {
  const report = process.env[REPORT_FILE];
  if (!report) throw new Error(`${REPORT_FILE} is not set.`);
  const grep = process.env[SUITE_GREP];
  const { failed, passed } = await runSuite({
    files: readdirSync(__dirname)
      .filter((name) => name.endsWith('.test.js'))
      .toSorted()
      .map((name) => join(__dirname, name)),
    report,
    timeoutMs: 60_000,
    show: 'nothing',
    ...(grep && { grep }),
  });
  if (failed > 0 || passed === 0) throw new Error(`${failed} failed, ${passed} passed`);
}
