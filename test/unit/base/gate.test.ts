import assert from 'node:assert/strict';
import { isCancelled } from '../../../src/base/fault';
import { Gate } from '../../../src/base/gate';

describe('a gate', () => {
  const never = (): AbortSignal => new AbortController().signal;

  async function isIn(entering: Promise<unknown>): Promise<boolean> {
    let inside = false;
    void entering.then(
      () => (inside = true),
      () => {},
    );
    await new Promise((resolve) => setImmediate(resolve));
    return inside;
  }

  it('lets so many in at a time, the others in the order of their coming', async () => {
    const gate = new Gate(2);
    const [first, second] = await Promise.all([gate.enter(never()), gate.enter(never())]);
    const third = gate.enter(never());
    const fourth = gate.enter(never());
    assert.deepEqual([await isIn(third), await isIn(fourth)], [false, false]);
    first();
    first();
    assert.deepEqual([await isIn(third), await isIn(fourth)], [true, false]);
    second();
    assert.ok(await isIn(fourth));
  });

  it('forgets who gives up outside, and lets the next in for who is cancelled inside', async () => {
    const gate = new Gate(1);
    const inside = new AbortController();
    const leave = await gate.enter(inside.signal);
    const gone = new AbortController();
    const given = gate.enter(gone.signal);
    const next = gate.enter(never());
    gone.abort();
    await assert.rejects(given, isCancelled);
    assert.equal(await isIn(next), false);
    inside.abort();
    assert.ok(await isIn(next));
    leave();
    const last = gate.enter(never());
    assert.equal(await isIn(last), false, 'who was cancelled takes nobody else out');
    await assert.rejects(gate.enter(gone.signal), isCancelled);
    (await next)();
    assert.ok(await isIn(last));
  });
});
