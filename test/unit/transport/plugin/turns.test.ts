import assert from 'node:assert/strict';
import { linkClosed } from '../../../../src/transport/ssm/faults';
import { Turns } from '../../../../src/transport/plugin/turns';
import { FakeClock } from '../../../fixtures/fakeClock';

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('turns of connections', () => {
  let clock: FakeClock;
  let turns: Turns;
  let admitted: number[];
  const take = (number: number, signal = never): Promise<void> => turns.take(signal).then(() => void admitted.push(number));

  beforeEach(() => {
    clock = new FakeClock();
    turns = new Turns(clock);
    admitted = [];
  });

  afterEach(() => assert.equal(clock.pending, 0, 'no timer is left'));

  it('come one by one, in order, and after a pause', async () => {
    const all = [take(1), take(2), take(3)];
    await settled();
    assert.deepEqual([admitted, turns.waiting], [[1], 2]);
    turns.leave();
    await settled();
    assert.deepEqual(admitted, [1], 'what is late may still arrive');
    clock.advance(300);
    await settled();
    assert.deepEqual(admitted, [1, 2]);
    turns.leave();
    clock.advance(300);
    await Promise.all(all);
    turns.leave();
    clock.advance(300);
    await take(4);
    assert.deepEqual(admitted, [1, 2, 3, 4]);
    turns.close(linkClosed());
  });

  it('pass over whoever has given up', async () => {
    const abort = new AbortController();
    await take(1);
    const second = take(2, abort.signal);
    const third = take(3);
    abort.abort();
    await assert.rejects(second, { code: 'operation.cancelled' });
    await assert.rejects(take(4, abort.signal), { code: 'operation.cancelled' });
    turns.leave();
    clock.advance(300);
    await third;
    assert.deepEqual(admitted, [1, 3]);
  });

  it('are over for all at once when connections do not disturb each other', async () => {
    const all = [take(1), take(2), take(3)];
    turns.setFree();
    await Promise.all([...all, take(4)]);
    turns.leave();
    assert.equal(turns.waiting, 0);
  });

  it('are refused to everyone when the link is closed', async () => {
    await take(1);
    const waiting = take(2);
    turns.leave();
    turns.close(linkClosed());
    await assert.rejects(waiting, { code: 'ssm.linkClosed' });
    await assert.rejects(take(3), { code: 'ssm.linkClosed' });
  });
});
