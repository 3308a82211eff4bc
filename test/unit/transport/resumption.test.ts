import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import { Resumption } from '../../../src/transport/ssm/resumption';
import { FakeClock } from '../../fixtures/fakeClock';

const MINUTE = 60_000;

describe('the tries to resume a session', () => {
  let clock: FakeClock;
  let resumption: Resumption;
  let idleLimit: number | undefined;

  beforeEach(() => {
    clock = new FakeClock();
    idleLimit = undefined;
    resumption = new Resumption(clock, () => idleLimit);
  });

  /** Loses the socket and lets every try fail. @returns when the tries were made, ms after the loss. */
  const exhaust = (failure?: unknown, tryMs = 0): number[] => {
    const lostAt = clock.now();
    resumption.lost(10_000, true);
    const times: number[] = [];
    for (let pause = resumption.next(undefined); pause !== undefined; pause = resumption.next(failure)) {
      clock.advance(pause);
      times.push(clock.now() - lostAt);
      clock.advance(tryMs);
    }
    return times;
  };

  it('begin at once, come ever more slowly, and go on for five minutes', () => {
    const times = exhaust();
    const pauses = times.slice(1).map((at, index) => at - times[index]!);
    assert.equal(times[0], 0);
    for (const [index, least] of [100, 200, 400, 800, 1600, 3200, 6400, 7500, 7500].entries()) {
      assert.ok(pauses[index]! >= least && pauses[index]! < least * 2, `pause ${index}: ${pauses[index]}`);
    }
    assert.ok(times.at(-1)! >= 5 * MINUTE && times.at(-1)! < 5 * MINUTE + 15_000);
    assert.ok(times.length < 60, `${times.length} tries`);
  });

  it('are spread further while the service throttles', () => {
    const times = exhaust(new Fault('aws.throttled', 'Busy.', { retryable: true }));
    for (const [index, at] of times.entries()) if (index > 0) assert.ok(at - times[index - 1]! >= 2000);
    assert.ok(times.at(-1)! >= 5 * MINUTE);
  });

  it('end with the idle time-out of the account where it is shorter, but not before six', () => {
    idleLimit = MINUTE;
    assert.ok(exhaust().at(-1)! < MINUTE + 15_000);
    assert.equal(exhaust(undefined, 20_000).length, 6);
  });

  it('start afresh after a socket that lived, go on after one that did not, and never spin', () => {
    resumption.lost(10_000, false);
    assert.equal(resumption.next(undefined), 0);
    const lostAt = clock.now();
    let tries = 0;
    for (let pause = 0; ; tries++) {
      clock.advance(pause);
      resumption.lost(0, false);
      const next = resumption.next(undefined);
      if (next === undefined) break;
      assert.ok(next >= 100);
      pause = next;
    }
    assert.ok(clock.now() - lostAt >= 5 * MINUTE && tries < 60);
    resumption.lost(0, true);
    assert.ok(resumption.next(undefined)! >= 100);
    resumption.lost(1000, false);
    assert.equal(resumption.next(undefined), 0);
  });
});
