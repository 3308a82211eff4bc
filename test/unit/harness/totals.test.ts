import assert from 'node:assert/strict';
import type { SuiteReport } from '../../run/totals';
import { addTotals, describeFailures, describeReport, formatTotals, isSuccess, NOTHING, parseReport, stageTotals } from '../../run/totals';

const good: SuiteReport = { done: true, passed: 2, failed: 0, skipped: 0, passes: [], failures: [] };

describe('totals of a test run', () => {
  it('end in one line, which names skipped tests only when there are any', () => {
    assert.equal(formatTotals({ passed: 12, failed: 0, skipped: 0 }), '12 passed, 0 failed');
    assert.equal(formatTotals({ passed: 12, failed: 3, skipped: 1 }), '12 passed, 3 failed, 1 skipped');
  });

  it('add up', () => {
    assert.deepEqual(addTotals({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 }), {
      passed: 11,
      failed: 22,
      skipped: 33,
    });
  });

  it('are no success without a single passed test', () => {
    assert.equal(isSuccess(NOTHING), false);
    assert.equal(isSuccess({ passed: 0, failed: 0, skipped: 5 }), false);
    assert.equal(isSuccess({ passed: 1, failed: 1, skipped: 0 }), false);
    assert.equal(isSuccess({ passed: 1, failed: 0, skipped: 0 }), true);
  });
});

describe('the totals of one stage', () => {
  it('are those of its report when the process ended well', () => {
    assert.deepEqual(stageTotals(good, 'well'), { passed: 2, failed: 0, skipped: 0 });
  });

  it('are one failure without a report', () => {
    assert.deepEqual(stageTotals(undefined, 'well'), { passed: 0, failed: 1, skipped: 0 });
  });

  it('count a process that ended badly after its tests had passed', () => {
    assert.equal(stageTotals(good, 'badly').failed, 1);
  });

  it('do not count a failed test twice', () => {
    assert.equal(stageTotals({ ...good, failed: 3 }, 'badly').failed, 3);
  });

  it('count a run without any test as a failure', () => {
    assert.equal(stageTotals({ ...good, passed: 0, skipped: 4 }, 'well').failed, 1);
  });
});

describe('what failed in a run', () => {
  const totals = { passed: 5, failed: 1, skipped: 0 };
  const failure = { title: 'a tunnel closes', error: 'AssertionError: 1 !== 2\n    at here' };

  it('is told again at its end, by step, with what each test and the step itself had to say', () => {
    const lines = describeFailures([
      { title: 'unit', totals, remarks: [], failures: [failure] },
      { title: 'demo', totals, remarks: ['did not end within 180 s'], failures: [] },
    ]);
    assert.deepEqual(lines, [
      '── what failed in unit (1)',
      '  ✖ a tunnel closes\n      AssertionError: 1 !== 2\n          at here',
      '── what failed in demo (1)',
      '  did not end within 180 s',
    ]);
  });

  it('is bounded where everything failed', () => {
    const failures = Array.from({ length: 25 }, () => failure);
    const lines = describeFailures([{ title: 'ui', totals: { ...totals, failed: 25 }, remarks: [], failures }]);
    assert.equal(lines.length, 22);
    assert.equal(lines.at(-1), '  … and 5 more');
  });

  it('is nothing in a green run', () => {
    assert.deepEqual(describeFailures([]), []);
  });
});

describe('the report of a suite', () => {
  it('is read back as it was written', () => {
    assert.deepEqual(parseReport(JSON.stringify(good)), good);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['cut short', JSON.stringify(good).slice(0, -3)],
    ['empty', ''],
    ['null', 'null'],
    ['without its mark of completion', JSON.stringify({ ...good, done: false })],
    ['without numbers', JSON.stringify({ ...good, passed: '2' })],
    ['without failures', JSON.stringify({ ...good, failures: undefined })],
  ];
  for (const [name, text] of broken) {
    it(`counts for nothing when it is ${name}`, () => assert.equal(parseReport(text), undefined));
  }

  it('is shown with its failures, and with what passed on request', () => {
    const report: SuiteReport = { ...good, passes: [{ title: 'a b', ms: 3 }], failures: [{ title: 'c d', error: 'Error: x\n  at y' }] };
    assert.deepEqual(describeReport(report, false), ['  ✖ c d\n      Error: x\n        at y']);
    assert.deepEqual(describeReport(report, true)[0], '  ✔ a b (3 ms)');
  });
});
