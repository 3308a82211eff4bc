import { strict as assert } from 'node:assert';
import { MAX_PROBE_POINTS } from '../../../src/model/tunnel';
import { ProbeHistory } from '../../../src/tunnel/probeHistory';

describe('the history of a tunnel\'s probes', () => {
  it('says what each measured, and what was relayed since the one before', () => {
    const history = new ProbeHistory();
    history.add({ at: 1, latencyMs: 12, failed: false }, { up: 100, down: 1000 });
    history.add({ at: 2, failed: true }, { up: 150, down: 1000 });
    assert.deepEqual(history.details.history, [
      { at: 1, latencyMs: 12, failed: false, up: 100, down: 1000 },
      { at: 2, failed: true, up: 50, down: 0 },
    ]);
  });

  it('knows the lowest, the middle and the highest latency, where there is one', () => {
    const history = new ProbeHistory();
    history.add({ at: 1, failed: true }, { up: 0, down: 0 });
    assert.equal(history.details.latency, undefined);
    for (const latencyMs of [40, 10, 20]) history.add({ at: 2, latencyMs, failed: false }, { up: 0, down: 0 });
    assert.deepEqual(history.details.latency, { lowestMs: 10, medianMs: 20, highestMs: 40 });
  });

  it('keeps the newest only', () => {
    const history = new ProbeHistory();
    for (let at = 0; at < 1000; at++) history.add({ at, latencyMs: at, failed: false }, { up: 0, down: 0 });
    const { history: points } = history.details;
    assert.deepEqual([points.length, points[0]!.at, points.at(-1)!.at], [MAX_PROBE_POINTS, 1000 - MAX_PROBE_POINTS, 999]);
  });
});
