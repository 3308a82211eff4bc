import assert from 'node:assert/strict';
import type { StageStep } from '../../run/stages';
import type { StepResult } from '../../run/step';
import { runStep } from '../../run/step';

const REPORT = { done: true, passed: 3, failed: 0, skipped: 0, passes: [], failures: [] };
const writeReport = `require("fs").writeFileSync(process.env.SALLYPORT_TEST_REPORT, ${JSON.stringify(JSON.stringify(REPORT))});`;

/** `graceMs` is generous where nothing is to be missed: a process may take a while to end on a busy machine. */
function run(script: string, step: Partial<StageStep> = {}, signal = new AbortController().signal, graceMs = 20_000): Promise<StepResult> {
  const whole: StageStep = {
    title: 'test',
    command: ['node', '-e', script],
    kind: 'suite',
    limitMs: 20_000,
    home: 'empty',
    ...step,
  };
  return runStep(whole, { root: '.', env: process.env, options: [], exitGraceMs: graceMs, stragglerGraceMs: 300, signal });
}

describe('a step of a test run', () => {
  it('counts what its suite reports', async () => {
    assert.deepEqual(await run(writeReport), { totals: { passed: 3, failed: 0, skipped: 0 }, remarks: [], failures: [] });
  });

  it('hands on which of its tests failed, and why', async () => {
    const failures = [{ title: 'a test', error: 'Error: why' }];
    const report = JSON.stringify({ ...REPORT, failed: 1, failures });
    const result = await run(`require("fs").writeFileSync(process.env.SALLYPORT_TEST_REPORT, ${JSON.stringify(report)}); process.exitCode = 1;`);
    assert.deepEqual(result, { totals: { passed: 3, failed: 1, skipped: 0 }, remarks: [], failures });
  });

  it('counts once when it is a command', async () => {
    assert.deepEqual((await run('', { kind: 'command' })).totals, { passed: 1, failed: 0, skipped: 0 });
    assert.deepEqual((await run('process.exit(2)', { kind: 'command' })).totals, { passed: 0, failed: 1, skipped: 0 });
  });

  it('fails without a report although it ended with 0', async () => {
    const { totals, remarks } = await run('');
    assert.equal(totals.failed, 1);
    assert.deepEqual(remarks, ['ended without a report of its tests']);
  });

  it('fails when it is killed after its report', async () => {
    const { totals, remarks } = await run(`${writeReport} process.kill(process.pid, "SIGKILL")`);
    assert.equal(totals.failed, 1);
    assert.equal(remarks.length, 1);
  });

  it('fails when it takes too long, and is ended', async () => {
    const { totals, remarks } = await run('setInterval(() => {}, 1000)', { limitMs: 300 });
    assert.equal(totals.failed, 1);
    assert.deepEqual(remarks, ['did not end within 0.3 s']);
  });

  it('fails when it is interrupted, and is ended', async () => {
    const { totals, remarks } = await run('setInterval(() => {}, 1000)', {}, AbortSignal.timeout(200));
    assert.equal(totals.failed, 1);
    assert.deepEqual(remarks, ['interrupted']);
  });

  it('fails when its tests are done but it does not end', async () => {
    const { totals, remarks } = await run(`${writeReport} setInterval(() => {}, 1000)`, {}, undefined, 300);
    assert.equal(totals.failed, 1);
    assert.match(remarks[0] ?? '', /something was left open/);
  });

  it('fails when it leaves a process running, even one in a session of its own', async function () {
    // Found by its environment in /proc, which only Linux has.
    if (process.platform !== 'linux') this.skip();
    const { totals, remarks } = await run(
      `${writeReport} require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" }).unref()`,
    );
    assert.equal(totals.failed, 1);
    assert.match(remarks[0] ?? '', /left running: \S+ \(\d+\)/);
  });

  it('sees an empty home', async () => {
    const script = `if (require("fs").readdirSync(require("os").homedir()).length === 0) { ${writeReport} }`;
    assert.equal((await run(script)).totals.passed, 3);
  });
});
