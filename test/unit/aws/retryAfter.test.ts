import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { retryAfterMs } from '../../../src/aws/retryAfter';

const NOW = Date.UTC(2026, 0, 1);
const after = (headers: Record<string, unknown>): number => retryAfterMs({ $response: { headers } }, NOW);

describe('how long a service asks to be left alone', () => {
  it('is told in seconds, as a date or in milliseconds', () => {
    assert.equal(after({ 'retry-after': '3' }), 3_000);
    assert.equal(after({ 'retry-after': new Date(NOW + 5_000).toUTCString() }), 5_000);
    assert.equal(after({ 'x-amz-retry-after': '1500' }), 1_500);
  });

  it('is nothing where it is not told, has passed or makes no sense', () => {
    for (const headers of [{}, { 'retry-after': 'soon' }, { 'retry-after': new Date(NOW - 5_000).toUTCString() }, { 'retry-after': '-1' }]) {
      assert.equal(after(headers), 0);
    }
    for (const error of [undefined, null, new Error('no answer'), { $response: {} }]) assert.equal(retryAfterMs(error, NOW), 0);
  });

  it('is bounded', () => {
    assert.equal(after({ 'retry-after': '86400' }), 20_000);
  });
});
