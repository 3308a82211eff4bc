import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ROW_BYTES, TextStore } from '../../../../src/redis/replies/textStore';

function storeOf(parts: readonly string[], maxChars = 1e9): TextStore {
  const store = new TextStore({ maxChars });
  for (const part of parts) store.add(part);
  return store;
}

describe('TextStore', () => {
  it('gives back any text, however it came and however it is cut into rows', () => {
    const piece = fc.oneof(fc.constantFrom('\n', '\r\n', 'é', '\u{1f600}', '', 'a'), fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat(5000).map((length) => 'é'.repeat(length)));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 40_000 }), (parts, filler) => {
        const all = [...parts, 'x\n'.repeat(filler), ...parts];
        const text = all.join('');
        const store = storeOf(all);
        assert.ok(store.text === text);
        const { rows } = store;
        assert.ok(store.slice(0, rows - 1, Infinity).text === text);
        const whole = store.rowsAt(0, Infinity);
        assert.equal(whole.length, rows);
        for (const at of [0, 1, Math.floor(rows / 2), rows - 1]) {
          assert.deepEqual(store.rowsAt(at, 3), whole.slice(at, at + 3));
        }
        assert.ok(whole.every((row) => !row.includes('\n') && Buffer.byteLength(row) <= ROW_BYTES));
        const lines = text.split('\n');
        if (lines.every((line) => Buffer.byteLength(line) <= ROW_BYTES)) assert.deepEqual(whole, lines);
      }),
      { numRuns: 60 },
    );
  });

  it('copies rows without the line end after the last one, and no half characters', () => {
    const store = storeOf(['ab\ncé\nd']);
    assert.deepEqual(store.slice(0, 1, 100), { text: 'ab\ncé', cut: false });
    assert.deepEqual(store.slice(1, 2, 100), { text: 'cé\nd', cut: false });
    assert.deepEqual(store.slice(0, 2, 5), { text: 'ab\nc', cut: true });
    assert.deepEqual(store.slice(2, 1, 5), { text: '', cut: false });
  });

  it('finds rows in both directions, whatever the case, piece by piece', () => {
    const store = storeOf(Array.from({ length: 20_000 }, (_, index) => `${index > 0 ? '\n' : ''}row ${index} ${index % 7000 === 3 ? 'Needle' : 'hay'}`));
    const find = (from: number, backwards: boolean): number | undefined => {
      let at: ReturnType<TextStore['findFrom']> = { next: from };
      while (at.next !== undefined) at = store.findFrom('nEEdle', at.next, backwards);
      return at.found;
    };
    assert.deepEqual([find(0, false), find(4, false), find(14_004, false)], [3, 7003, undefined]);
    assert.deepEqual([find(19_999, true), find(14_002, true), find(2, true)], [14_003, 7003, undefined]);
    assert.ok(store.findFrom('nothing', 0, false).next! < 20_000, 'it looks at a part only');
  });

  it('stops at its bound, and at what it may take', () => {
    const store = storeOf(['abc', 'def'], 4);
    assert.deepEqual([store.text, store.truncated, store.full], ['abcd', true, true]);
    const refused = new TextStore({ maxChars: 1e9, take: (bytes) => bytes < 1000 });
    refused.add('first\n');
    assert.equal(refused.rows, 2);
    refused.add('x'.repeat(1000));
    assert.deepEqual([refused.text, refused.truncated, refused.full], ['first\n', true, true]);
  });

  it('holds few objects, however small the parts are that are looked at', () => {
    const store = new TextStore({ maxChars: 1e9 });
    for (let index = 0; index < 20_000; index++) {
      store.add('a\n');
      assert.equal(store.rows, index + 2);
    }
    assert.equal(store.bytes, 40_000);
  });
});
