import { strict as assert } from 'node:assert';
import { Scope } from '../../../src/base/scope';

describe('Scope', () => {
  it('disposes in reverse order and waits for each', async () => {
    const order: string[] = [];
    const scope = new Scope();
    scope.defer(() => void order.push('first'));
    scope.defer(async () => {
      await Promise.resolve();
      order.push('second');
    });
    await scope.dispose();
    assert.deepEqual(order, ['second', 'first']);
  });

  it('goes on past a failure and then throws it', async () => {
    const scope = new Scope();
    let reached = false;
    scope.defer(() => void (reached = true));
    scope.defer(() => {
      throw new Error('cannot close');
    });
    await assert.rejects(scope.dispose(), /cannot close/);
    assert.ok(reached);
  });

  it('runs every clean-up once however often it is disposed', async () => {
    const scope = new Scope();
    let runs = 0;
    scope.defer(() => void runs++);
    await Promise.all([scope.dispose(), scope.dispose()]);
    await scope.dispose();
    assert.equal(runs, 1);
  });

  it('disposes at once what is added afterwards', async () => {
    const scope = new Scope();
    await scope.dispose();
    let disposed = false;
    scope.add({ dispose: () => void (disposed = true) });
    assert.ok(disposed);
  });
});
