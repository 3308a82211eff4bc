import assert from 'node:assert/strict';
import { Throughput } from '../../../src/tunnel/throughput';
import { FakeClock } from '../../fixtures/fakeClock';

describe('the throughput of a tunnel', () => {
  let clock: FakeClock;
  let rates: { up: number; down: number }[];
  let throughput: Throughput;

  beforeEach(() => {
    clock = new FakeClock();
    rates = [];
    throughput = new Throughput(clock, () => rates.push({ ...throughput.rate }));
  });

  it('is measured once a second while bytes move, and comes to rest', () => {
    throughput.count('down', 600_000);
    clock.advance(500);
    throughput.count('down', 400_000);
    throughput.count('up', 5000);
    clock.advance(500);
    assert.deepEqual(rates, [{ up: 5000, down: 1_000_000 }]);
    throughput.count('up', 250);
    clock.advance(1000);
    clock.advance(1000);
    assert.deepEqual(rates.slice(1), [{ up: 250, down: 0 }, { up: 0, down: 0 }]);
    clock.advance(60_000);
    assert.equal(rates.length, 3);
    assert.deepEqual(throughput.bytes, { up: 5250, down: 1_000_000 });
  });

  it('needs no timer at rest', () => {
    assert.equal(clock.pending, 0);
    throughput.count('up', 1);
    assert.equal(clock.pending, 1);
    clock.advance(5000);
    assert.equal(clock.pending, 0);
  });

  it('is silent once disposed, and still counts', () => {
    throughput.count('up', 1);
    throughput.dispose();
    throughput.count('up', 2);
    assert.equal(clock.pending, 0);
    assert.deepEqual([throughput.bytes, rates], [{ up: 3, down: 0 }, []]);
  });
});
