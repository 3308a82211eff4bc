import assert from 'node:assert/strict';
import { assertSound, fuzzChannel, fuzzSmux } from '../fixtures/wireFuzz';

const MILLION = 1_000_000;
const MB = 1024 * 1024;

// A small share of the same runs with the unit tests.
describe('a million mutated messages', function () {
  this.timeout(120_000);

  it('crash, block and fill no data channel, in whatever phase it is', () => {
    const before = process.memoryUsage().rss;
    assertSound(fuzzChannel(20_240_607, MILLION), MILLION);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 256 * MB, `${Math.round(grown / MB)} MB more than before`);
  });

  it('crash and fill no multiplexed connection', () => {
    const { refused, streamBytes } = fuzzSmux(20_240_608, MILLION);
    assert.ok(refused > MILLION / 10 && streamBytes > MILLION, `${refused} refused, ${streamBytes} bytes`);
  });
});
