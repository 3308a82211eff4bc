import assert from 'node:assert/strict';
import { pulseSummary } from '../../../src/webview/console/pulse';
import { parseToPage } from '../../../src/webview/protocol';

describe('The strip of latencies', () => {
  it('has the percentiles of what was answered, and a line with gaps', () => {
    const summary = pulseSummary([1, 2, null, 4, 3]);
    assert.deepEqual([summary?.count, summary?.p50Ms, summary?.p99Ms], [4, 2, 4]);
    assert.equal(summary?.path, 'M0 11.5L22.5 8M67.5 1L90 4.5');
  });

  it('says nothing of a single ping', () => {
    assert.equal(pulseSummary([]), undefined);
    assert.equal(pulseSummary([1, null, null]), undefined);
  });

  it('draws no line outside of its place for zeros', () => {
    assert.equal(pulseSummary([0, 0])?.path, 'M0 15L90 15');
  });

  it('comes as numbers and gaps, bounded', () => {
    assert.deepEqual(parseToPage({ type: 'pulse', latencies: [1.5, null] }), { type: 'pulse', latencies: [1.5, null] });
    for (const latencies of [undefined, ['1'], [Number.NaN], [-1], Array.from({ length: 1001 }, () => 1)]) {
      assert.equal(parseToPage({ type: 'pulse', latencies }), undefined);
    }
  });
});
