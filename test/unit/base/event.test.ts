import { strict as assert } from 'node:assert';
import { Emitter } from '../../../src/base/event';

describe('Emitter', () => {
  it('goes on to the other listeners when one throws, and reports the error', () => {
    const errors: unknown[] = [];
    const emitter = new Emitter<number>((error) => errors.push(error));
    const seen: number[] = [];
    emitter.event(() => {
      throw new Error('broken listener');
    });
    emitter.event((value) => seen.push(value));
    emitter.fire(7);
    assert.deepEqual(seen, [7]);
    assert.equal(errors.length, 1);
  });

  it('counts the same function subscribed twice as two subscriptions', () => {
    const emitter = new Emitter<number>();
    let calls = 0;
    const listener = (): void => void calls++;
    const first = emitter.event(listener);
    emitter.event(listener);
    first.dispose();
    first.dispose();
    emitter.fire(1);
    assert.equal(calls, 1);
  });

  it('does not call a listener that was removed by an earlier one of the same event', () => {
    const emitter = new Emitter<number>();
    const seen: string[] = [];
    const subscription = { dispose: (): void => {} };
    emitter.event(() => subscription.dispose());
    subscription.dispose = emitter.event(() => seen.push('removed')).dispose;
    emitter.fire(1);
    assert.deepEqual(seen, []);
  });

  it('keeps no listener after its disposal', () => {
    const emitter = new Emitter<number>();
    emitter.event(() => {});
    emitter.dispose();
    emitter.event(() => assert.fail('called after disposal'));
    emitter.fire(1);
    assert.equal(emitter.listenerCount, 0);
  });
});
