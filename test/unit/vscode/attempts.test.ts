import assert from 'node:assert/strict';
import type { FaultData } from '../../../src/base/fault';
import { Attempts, faultButtons } from '../../../src/vscode/attempts';
import { plainText } from '../../../src/vscode/localizer';
import { eventually } from '../../fixtures/eventually';
import { FakeUi, MemoryLogger } from './samples';

describe('the buttons of a failure', () => {
  const fault = (action?: NonNullable<FaultData['remedy']>['action']): FaultData => ({
    code: 'x.y',
    message: 'No.',
    retryable: false,
    ...(action && { remedy: { text: 'Do.', action } }),
  });
  const labels = (...args: Parameters<typeof faultButtons> extends [infer F, infer R, unknown] ? [F, R] : never): string[] =>
    faultButtons(args[0], args[1], plainText).map(({ label }) => label);

  it('are the remedy where it can be offered here, then the log', () => {
    assert.deepEqual(labels(fault(), {}), ['Show Log']);
    assert.deepEqual(labels(fault('selectProfile'), {}), ['Select Profile', 'Show Log']);
    assert.deepEqual(labels(fault('retry'), {}), ['Show Log']);
    assert.deepEqual(labels(fault('retry'), { retry: () => {} }), ['Try Again', 'Show Log']);
    assert.deepEqual(labels(fault('signIn'), { retry: () => {} }), ['Sign In', 'Show Log']);
    assert.deepEqual(labels(fault('showLog'), {}), ['Show Log']);
  });

  it('run their command', async () => {
    const ui = new FakeUi();
    ui.press = ['Select Region'];
    new Attempts(ui, new MemoryLogger()).report('x', fault('selectRegion'));
    await eventually(() => ui.ran.length > 0);
    assert.deepEqual(ui.ran, ['selectRegion']);
  });

  it('turn even a defect into a sentence', async () => {
    const ui = new FakeUi();
    const result = await new Attempts(ui, new MemoryLogger()).run('x', () => Promise.reject(new TypeError('a is not b')));
    assert.equal(result, undefined);
    assert.equal(ui.errors[0]!.text, 'a is not b');
  });
});
