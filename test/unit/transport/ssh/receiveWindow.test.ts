import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FIRST_WINDOW, MAX_WINDOW, MAX_WINDOWS, MIN_WINDOW, ReceiveWindow, WindowBudget, windowFor } from '../../../../src/transport/ssh/receiveWindow';

describe('the window of an SSH stream', () => {
  it('grows with the round trip, within its limits', () => {
    assert.equal(windowFor(0), MIN_WINDOW);
    assert.equal(windowFor(20), 8_000_000);
    assert.equal(windowFor(1000), MAX_WINDOW);
  });

  it('takes what was granted and not a byte more', () => {
    const window = new ReceiveWindow();
    assert.ok(window.receive(FIRST_WINDOW));
    assert.ok(!window.receive(1));
  });

  it('gives credit for consumed bytes alone, so that what is unread and on the way never exceeds it', () => {
    const window = new ReceiveWindow();
    assert.ok(window.receive(100_000));
    assert.equal(window.credit(100_000, () => MIN_WINDOW), 0, 'nothing is consumed yet');
    const first = window.credit(40_000, () => MIN_WINDOW);
    assert.equal(first, 60_000 + MIN_WINDOW - FIRST_WINDOW);
    assert.equal(window.credit(40_000, () => MIN_WINDOW), 0);
    assert.ok(window.receive(FIRST_WINDOW + first - 100_000), 'exactly what is granted');
    assert.ok(!window.receive(1));
  });

  it('gives credit in steps', () => {
    const window = new ReceiveWindow();
    window.receive(1);
    window.credit(0, () => MIN_WINDOW);
    window.receive(MIN_WINDOW / 8 - 1);
    assert.equal(window.credit(0, () => MIN_WINDOW), 0);
    window.receive(1);
    assert.equal(window.credit(0, () => MIN_WINDOW), MIN_WINDOW / 8);
  });
});

describe('the windows of all streams of an SSH connection', () => {
  it('are as large as wanted while there are few', () => {
    const budget = new WindowBudget();
    const streams = Array.from({ length: 16 }, () => ({}));
    for (const stream of streams) assert.equal(budget.sizeFor(stream, MAX_WINDOW, FIRST_WINDOW), MAX_WINDOW);
  });

  it('are shared when there are many, and come back when others have gone', () => {
    const budget = new WindowBudget();
    const streams = Array.from({ length: 100 }, () => ({}));
    const sizes = streams.map((stream) => budget.sizeFor(stream, MAX_WINDOW, FIRST_WINDOW));
    assert.ok(sizes.reduce((sum, size) => sum + size - FIRST_WINDOW, 0) <= MAX_WINDOWS);
    const [last] = streams.splice(-1);
    for (const stream of streams) budget.drop(stream);
    assert.equal(budget.sizeFor(last!, MAX_WINDOW, FIRST_WINDOW), MAX_WINDOW);
  });

  it('never let more than the bound be unread and on the way, whoever stops reading when', () => {
    const step = fc.record({ stream: fc.nat(40), consumed: fc.nat(100), wanted: fc.integer({ min: MIN_WINDOW, max: MAX_WINDOW }), closes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const budget = new WindowBudget();
        const outstanding = new Map<number, number>();
        const keys = Array.from({ length: 41 }, () => ({}));
        for (const { stream, consumed, wanted, closes } of steps) {
          if (closes && consumed > 90) {
            budget.drop(keys[stream]!);
            outstanding.delete(stream);
            continue;
          }
          // The consumer has read a part of what there was, and gets credit up to the size of now.
          const left = Math.round(((outstanding.get(stream) ?? FIRST_WINDOW) * (100 - consumed)) / 100);
          const size = budget.sizeFor(keys[stream]!, wanted, left);
          assert.ok(size >= FIRST_WINDOW && size <= MAX_WINDOW);
          outstanding.set(stream, Math.max(left, size));
          const beyond = [...outstanding.values()].reduce((sum, bytes) => sum + Math.max(0, bytes - FIRST_WINDOW), 0);
          assert.ok(beyond <= MAX_WINDOWS, `${beyond}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});
