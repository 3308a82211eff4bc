import assert from 'node:assert/strict';
import { RingLog } from '../../../../src/redis/live/log';
import { RateMeter } from '../../../../src/redis/live/rate';
import type { LiveEntry } from '../../../../src/redis/types';
import { FakeClock } from '../../../fixtures/fakeClock';

const textOf = (entry: LiveEntry): string => (entry.mark === undefined ? entry.text : `--${entry.mark}`);

function world(bounds = { entries: 4, bytes: 100_000, labels: 3 }): { log: RingLog; clock: FakeClock; add: (text: string, label?: string) => void; all: () => string[] } {
  const clock = new FakeClock();
  const log = new RingLog(clock, bounds);
  return {
    log,
    clock,
    add: (text, label = 'c') => log.add({ label, origin: '', text, bytes: text.length, cut: false }),
    all: () => log.from(0, '', 1000).entries.map((entry) => textOf(entry)),
  };
}

describe('The log of a live pane', () => {
  it('keeps the newest, with their numbers, and counts what it dropped', () => {
    const { log, add, all } = world();
    for (let n = 0; n < 10; n++) add(String(n));
    assert.deepEqual(all(), ['6', '7', '8', '9']);
    assert.deepEqual([log.first, log.next], [6, 10]);
    assert.deepEqual([log.get(5), textOf(log.get(6)!), log.get(10)], [undefined, '6', undefined]);
    const { received, kept, dropped } = log.stats();
    assert.deepEqual([received, kept, dropped], [10, 4, 6]);
  });

  it('keeps to its bytes, and one entry however large it is', () => {
    const { log, add, all } = world({ entries: 100, bytes: 700, labels: 3 });
    for (let n = 0; n < 10; n++) add(String(n).repeat(100));
    assert.deepEqual(all(), ['8', '9'].map((n) => n.repeat(100)));
    add('x'.repeat(5000));
    assert.deepEqual(all(), ['x'.repeat(5000)]);
    add('y');
    assert.deepEqual(all(), ['y']);
    assert.equal(log.stats().dropped, 11);
  });

  it('tells where to go on', () => {
    const { log, add } = world();
    for (let n = 0; n < 4; n++) add(String(n));
    const part = log.from(0, '', 3);
    assert.deepEqual([part.entries.map((entry) => textOf(entry)), part.next], [['0', '1', '2'], 3]);
    assert.deepEqual(log.from(part.next, '', 3).entries.map((entry) => textOf(entry)), ['3']);
    for (let n = 4; n < 9; n++) add(String(n));
    assert.deepEqual(log.from(part.next, '', 2).entries.map((entry) => textOf(entry)), ['5', '6']);
  });

  it('filters by what is in the label, the origin or the text, whatever the case and whatever it means to a pattern', () => {
    const { log, add } = world();
    add('Hello (World', 'news');
    add('nothing', 'sports.HELLO');
    log.mark('lost');
    add('else');
    const found = (filter: string): string[] => log.from(0, filter, 10).entries.map((entry) => textOf(entry));
    assert.deepEqual(found('hello'), ['Hello (World', 'nothing', '--lost']);
    assert.deepEqual(found('(w'), ['Hello (World', '--lost']);
    assert.deepEqual(log.from(0, 'none', 10).next, 4);
  });

  it('counts labels, and the rest of them together', () => {
    const { log, add } = world();
    for (const label of ['a', 'b', 'b', 'c', 'd', 'e', 'b']) add('x', label);
    assert.deepEqual(log.stats().labels, [['b', 3], ['a', 1], ['c', 1]]);
    assert.equal(log.stats().otherLabels, 2);
  });

  it('forgets what it is told to, but not its numbers', () => {
    const { log, add, all } = world();
    add('a');
    add('b');
    const { epoch } = log;
    log.clear();
    assert.deepEqual([log.epoch > epoch, log.first, log.next, all()], [true, 2, 2, []]);
    add('c');
    assert.deepEqual([log.get(1), textOf(log.get(2)!)], [undefined, 'c']);
    assert.equal(log.stats().received, 1);
  });

  it('takes the time of the server where it tells', () => {
    const { log, clock } = world();
    log.add({ at: 5, label: 'a', origin: '', text: '', bytes: 0, cut: false });
    log.add({ label: 'a', origin: '', text: '', bytes: 0, cut: false });
    assert.deepEqual([log.get(0)?.at, log.get(1)?.at], [5, clock.wall()]);
  });
});

describe('The rate of a live pane', () => {
  it('is an average over the last five seconds', () => {
    const rate = new RateMeter();
    for (let now = 100_000; now < 110_000; now += 10) rate.add(now, 50);
    const { count, bytes } = rate.read(109_999);
    assert.ok(Math.abs(count - 100) < 1, String(count));
    assert.ok(Math.abs(bytes - 5000) < 50, String(bytes));
    assert.deepEqual(rate.read(120_000), { count: 0, bytes: 0 });
  });

  it('does not exaggerate the first messages', () => {
    const rate = new RateMeter();
    rate.add(1000, 10);
    rate.add(1001, 10);
    assert.deepEqual(rate.read(1001), { count: 2, bytes: 20 });
    assert.deepEqual(new RateMeter().read(7), { count: 0, bytes: 0 });
  });
});
