import assert from 'node:assert/strict';
import { assertSound, fuzzChannel, fuzzSmux } from '../../fixtures/wireFuzz';

describe('mutated messages', () => {
  it('are taken, passed over or end the channel with a fault, in each of its phases', function () {
    this.timeout(20_000);
    assertSound(fuzzChannel(1, 30_000), 30_000);
  });

  it('on the multiplexed streams are taken or refused', () => {
    const { refused, streamBytes } = fuzzSmux(2, 30_000);
    assert.ok(refused > 1000 && streamBytes > 30_000, `${refused} refused, ${streamBytes} bytes`);
  });
});
