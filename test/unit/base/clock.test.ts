import { strict as assert } from 'node:assert';
import { backoffDelay } from '../../../src/base/backoff';
import { everyInStep, inStep, sleep, systemClock } from '../../../src/base/clock';
import { isCancelled } from '../../../src/base/fault';
import { FakeClock } from '../../fixtures/fakeClock';

describe('sleep', () => {
  it('resolves at its time', async () => {
    const clock = new FakeClock();
    let woken = false;
    const sleeping = sleep(clock, 100, new AbortController().signal).then(() => (woken = true));
    clock.advance(99);
    await Promise.resolve();
    assert.ok(!woken);
    clock.advance(1);
    await sleeping;
    assert.ok(woken);
  });

  it('is cancelled by its signal and leaves no timer', async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const sleeping = sleep(clock, 100, abort.signal);
    abort.abort();
    await assert.rejects(sleeping, isCancelled);
    assert.equal(clock.pending, 0);
    await assert.rejects(sleep(clock, 1, abort.signal), isCancelled);
    assert.equal(clock.pending, 0);
  });
});

describe('what recurs and is in no hurry', () => {
  for (const [every, step] of [[2000, 1000], [4999, 1000], [5000, 5000], [30_000, 5000]] as const) {
    it(`falls on a multiple of ${step} ms when it recurs after ${every} ms, whenever it began, and never comes late`, () => {
      const clock = new FakeClock();
      for (const began of [0, 1, 250, 999, 1000, 4990, 12_345.678]) {
        clock.advance(began);
        const ms = inStep(clock, every);
        assert.ok(ms > every - step && ms <= every + 5, `${ms} ms`);
        const off = (clock.now() + ms) % step;
        assert.ok(Math.min(off, step - off) < 1e-6, `${clock.now()} + ${ms} ms`);
      }
    });
  }

  it('keeps its pace although its timer is a little early', () => {
    const clock = new FakeClock();
    clock.advance(4999);
    assert.equal(inStep(clock, 5000), 5001);
    assert.equal(inStep(clock, 2000), 2001);
  });

  it('is left alone where a second matters', () => {
    const clock = new FakeClock();
    clock.advance(123);
    assert.equal(inStep(clock, 1999), 1999);
    assert.equal(inStep(clock, 0), 0);
  });
});

describe('what recurs together', () => {
  it('shares one timer, which is there as long as anybody needs it', () => {
    const clock = new FakeClock();
    clock.advance(1234);
    const calls: string[] = [];
    const one = everyInStep(clock, 5000, () => calls.push('one'));
    const two = everyInStep(clock, 5000, () => calls.push('two'));
    assert.equal(clock.pending, 1);
    clock.advance(5000);
    assert.deepEqual(calls.splice(0), ['one', 'two']);
    one.dispose();
    one.dispose();
    clock.advance(10_000);
    assert.deepEqual(calls.splice(0), ['two', 'two']);
    two.dispose();
    assert.equal(clock.pending, 0);
    const again = everyInStep(clock, 5000, () => calls.push('again'));
    clock.advance(5000);
    assert.deepEqual(calls, ['again']);
    again.dispose();
    assert.equal(clock.pending, 0);
  });

  it('is not called any more once it was disposed by one before it, and one callback may be given twice', () => {
    const clock = new FakeClock();
    let calls = 0;
    const first = everyInStep(clock, 5000, () => second.dispose());
    const second = everyInStep(clock, 5000, () => calls++);
    const count = (): void => void calls++;
    const twice = [everyInStep(clock, 5000, count), everyInStep(clock, 5000, count)];
    clock.advance(5000);
    assert.equal(calls, 2);
    twice[0]!.dispose();
    clock.advance(5000);
    assert.equal(calls, 3);
    twice[1]!.dispose();
    first.dispose();
    assert.equal(clock.pending, 0);
  });
});

describe('backoffDelay', () => {
  it('doubles its bound up to the cap and spreads fully below it', () => {
    const clock = new FakeClock();
    const limits = { baseMs: 500, capMs: 30_000 };
    clock.randomValue = 0.999999;
    const highest = [0, 1, 2, 6, 7, 1000].map((attempt) => Math.round(backoffDelay(attempt, limits, clock)));
    assert.deepEqual(highest, [500, 1000, 2000, 30_000, 30_000, 30_000]);
    clock.randomValue = 0;
    assert.equal(backoffDelay(5, limits, clock), 0);
  });

  it('takes its randomness and time from the system by default', () => {
    const value = systemClock.random();
    assert.ok(value >= 0 && value < 1);
    assert.ok(Math.abs(systemClock.wall() - Date.now()) < 1000);
  });
});
