import { strict as assert } from 'node:assert';
import type { Health } from '../../../src/model/health';
import { latencyNoted, NO_TREND, withLatency, withTrend, type LatencyTrend } from '../../../src/tunnel/probe/latencyTrend';

const after = (...latencies: number[]): LatencyTrend => latencies.reduce(withLatency, NO_TREND);
const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

describe('the latency of a tunnel', () => {
  it('has risen at the second round trip in a row over three times the median', () => {
    assert.equal(after(...times(10, 40), 130).risenFrom, undefined);
    assert.equal(after(...times(10, 40), 130, 121).risenFrom, 40);
  });

  it('has not risen at exactly three times, nor up to 100 ms', () => {
    assert.equal(after(...times(10, 40), 120, 120).risenFrom, undefined);
    assert.equal(after(...times(10, 2), 100, 100).risenFrom, undefined);
    assert.equal(after(...times(10, 2), 101, 101).risenFrom, 2);
  });

  it('has not risen when a usual round trip lies between two slow ones', () => {
    assert.equal(after(...times(10, 40), 500, 40, 500).risenFrom, undefined);
  });

  it('is well again after one usual round trip', () => {
    assert.equal(after(...times(10, 40), 500, 500, 41).risenFrom, undefined);
  });

  it('is not judged before five round trips', () => {
    assert.equal(after(...times(4, 10), 900).slow, 0);
    assert.equal(after(...times(5, 10), 900).slow, 1);
  });

  it('is compared with the last 20 alone, and settles on a path that stays slow', () => {
    assert.equal(after(...times(50, 10), ...times(20, 300)).recent.length, 20);
    assert.notEqual(after(...times(20, 10), ...times(9, 300)).risenFrom, undefined);
    assert.equal(after(...times(20, 10), ...times(12, 300)).risenFrom, undefined);
  });

  it('degrades a passed probe, and neither a degraded one nor one without a latency', () => {
    const risen = after(...times(10, 40.4), 500, 500);
    const health = (level: Health['level']): Health => ({ level, latencyMs: 500, checkedAt: 1, detail: 'first' });
    assert.deepEqual(withTrend(health('ok'), risen), { level: 'degraded', latencyMs: 500, checkedAt: 1, detail: 'The latency has risen: 500 ms, where 40 ms were usual.' });
    assert.equal(withTrend(health('degraded'), risen).detail, 'first');
    const connected: Health = { level: 'ok', checkedAt: 1 };
    assert.equal(withTrend(connected, risen), connected);
    assert.equal(latencyNoted(risen, connected), risen);
  });
});
