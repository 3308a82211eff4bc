import assert from 'node:assert/strict';
import { provisionsOf, roundsOf, selectStages, STAGE_NAMES, STAGES } from '../../run/stages';

describe('the stages of a test run', () => {
  it('are all selected when none is named', () => {
    assert.deepEqual(selectStages([]), STAGE_NAMES);
  });

  it('run in their own order, whatever the order of the request', () => {
    assert.deepEqual(selectStages(['integration', 'unit']), ['unit', 'integration']);
  });

  it('bring what they need', () => {
    assert.deepEqual(selectStages(['ui']), ['package', 'ui']);
    assert.deepEqual(selectStages(['vscode', 'unit']), ['build', 'unit', 'vscode']);
  });

  it('run once, or as often as is asked for', () => {
    assert.deepEqual(['1', '20'].map(roundsOf), [1, 20]);
    for (const text of ['0', '-1', '1.5', 'many', '', '1001']) assert.throws(() => roundsOf(text), /from 1 to 1000/, text);
  });

  it('come after what they need', () => {
    for (const name of STAGE_NAMES) {
      for (const needed of STAGES[name].needs) {
        assert.ok(STAGE_NAMES.indexOf(needed) < STAGE_NAMES.indexOf(name), `${needed} comes before ${name}`);
      }
    }
  });

  it('are bounded in time and have something to do', () => {
    for (const name of STAGE_NAMES) {
      const steps = STAGES[name].steps('/out');
      assert.notEqual(steps.length, 0);
      for (const { limitMs } of steps) assert.ok(limitMs > 0 && limitMs <= 15 * 60_000);
    }
  });

  it('need no system program for unit tests', () => {
    assert.deepEqual(provisionsOf(['unit']), { programs: [], vscode: false });
  });

  it('name each program once', () => {
    const { programs, vscode } = provisionsOf(STAGE_NAMES);
    assert.deepEqual([...programs].toSorted(), ['chromium', 'mariadbd', 'memcached', 'openssl', 'postgres', 'redis-server', 'sshd']);
    assert.equal(vscode, true);
  });

  it('run the oldest supported VS Code and the newest', () => {
    assert.deepEqual(
      STAGES.vscode.steps('/out').map(({ title }) => title),
      ['vscode newest', 'vscode oldest'],
    );
  });
});
