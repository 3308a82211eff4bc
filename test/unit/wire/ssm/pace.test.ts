import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Pace } from '../../../../src/wire/ssm/pace';

const rates = fc.integer({ min: 500, max: 10_000_000 });

describe('a pace', () => {
  it('lets everything pass when there is no limit', () => {
    const pace = new Pace(0);
    pace.spend(10 ** 9, 5);
    assert.deepEqual([pace.room(5), pace.opensAt(5)], [Infinity, 5]);
  });

  it('lets a message pass whole, and the next once its debt is paid', () => {
    const pace = new Pace(1000);
    assert.equal(pace.room(0), 50);
    pace.spend(1050, 0);
    assert.equal(pace.room(0), -1000);
    assert.equal(pace.opensAt(0), 1001);
    assert.ok(pace.room(999) < 0 && pace.room(1001) === 1);
  });

  it('saves up no more than 50 milliseconds of rest', () => {
    const pace = new Pace(100_000);
    assert.equal(pace.room(3_600_000), 5000);
  });

  it('keeps a small message waiting for no longer than the bytes before it take', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 65_536 }), (rate, before) => {
        const pace = new Pace(rate);
        pace.spend(before, 0);
        const wait = pace.opensAt(0);
        assert.ok(wait <= ((before + 1) / rate) * 1000, `${wait} ms after ${before} bytes`);
        assert.ok(pace.room(wait + 0.001) > 0);
      }),
    );
  });

  it('holds its rate over every span of time, and reaches it', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2048 }), { minLength: 20, maxLength: 200 });
    const rests = fc.infiniteStream(fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(rates, sizes, rests, (rate, messages, late) => {
        const pace = new Pace(rate);
        const sent: { readonly at: number; readonly bytes: number }[] = [];
        let now = 0;
        for (const bytes of messages) {
          // A timer fires when it is due or later.
          while (pace.room(now) <= 0) now = pace.opensAt(now) + (late.next().value as number);
          pace.spend(bytes, now);
          sent.push({ at: now, bytes });
        }
        for (let from = 0; from < sent.length; from += 7) {
          let sum = 0;
          for (const { at, bytes } of sent.slice(from)) {
            sum += bytes;
            const most = (rate * (at - sent[from]!.at + 50)) / 1000 + 1 + 2048;
            assert.ok(sum <= most + 0.01, `${sum} bytes where ${most} are allowed`);
          }
        }
        const total = messages.reduce((sum, bytes) => sum + bytes, 0);
        // What a late timer misses is saved up; a byte per message goes to waiting for a whole one.
        assert.ok(now <= ((total + messages.length) / rate) * 1000 + 21, `took ${now} ms`);
      }),
    );
  });
});
