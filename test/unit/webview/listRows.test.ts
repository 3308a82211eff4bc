import assert from 'node:assert/strict';
import { ListGeometry } from '../../../src/webview/console/listGeometry';
import { BLOCK_ROWS, RowCache } from '../../../src/webview/console/rowCache';

function geometry(rows: number): ListGeometry {
  return Object.assign(new ListGeometry(), { rows, rowHeight: 20, viewport: 500 });
}

describe('ListGeometry', () => {
  it('is exact where a browser can make the list as high as it is', () => {
    const list = geometry(1000);
    assert.deepEqual([list.height, list.scaled, list.lastTop], [20_000, false, 975]);
    assert.deepEqual([list.topAt(0), list.topAt(200), list.topAt(19_500)], [0, 10, 975]);
    assert.equal(list.scrollAt(10), 200);
  });

  it('reaches the first and the last row of a list that is higher than a browser can make one', () => {
    const list = geometry(50_000_000);
    assert.equal(list.scaled, true);
    assert.ok(list.height < 33_000_000);
    assert.deepEqual([list.topAt(0), list.topAt(list.height - list.viewport)], [0, list.lastTop]);
    assert.equal(Math.round(list.topAt(list.scrollAt(12_345_678))), 12_345_678);
  });

  it('has nothing to scroll where all is seen', () => {
    const list = geometry(3);
    assert.deepEqual([list.topAt(50), list.scrollAt(2), list.lastTop], [0, 0, 0]);
  });

  it('moves no further than it has to, to show a row', () => {
    const list = geometry(1000);
    assert.deepEqual([list.topToShow(5, 10), list.topToShow(20, 10), list.topToShow(40, 10), list.topToShow(999, 10)], [5, 10, 16, 975]);
  });
});

describe('RowCache', () => {
  const block = (from: number, count = BLOCK_ROWS): string[] => Array.from({ length: count }, (_, index) => `row ${from + index}`);

  it('asks for every block once', () => {
    const cache = new RowCache();
    cache.setRows(1000);
    assert.deepEqual(cache.missing(150, 450), [0, 200, 400]);
    assert.deepEqual(cache.missing(150, 450), []);
    cache.put(200, block(200));
    assert.deepEqual([cache.at(250), cache.at(150)], ['row 250', undefined]);
    assert.deepEqual(cache.missing(990, 1200), [800]);
  });

  it('asks again for a block that was the end of a list that has grown', () => {
    const cache = new RowCache();
    cache.setRows(250);
    assert.deepEqual(cache.missing(200, 250), [200]);
    cache.put(200, block(200, 50));
    cache.setRows(300);
    assert.deepEqual(cache.missing(200, 250), [200]);
    cache.put(200, block(200, 70));
    assert.deepEqual(cache.missing(200, 250), [200], 'it had grown on the way');
    cache.put(200, block(200, 100));
    assert.deepEqual(cache.missing(200, 300), []);
  });

  it('keeps what was seen last, and no more', () => {
    const cache = new RowCache();
    cache.setRows(1_000_000);
    for (let from = 0; from < 100 * BLOCK_ROWS; from += BLOCK_ROWS) {
      cache.missing(from, from + 1);
      cache.put(from, block(from));
    }
    assert.deepEqual([cache.at(0), cache.at(99 * BLOCK_ROWS)], [undefined, `row ${99 * BLOCK_ROWS}`]);
    assert.deepEqual(cache.missing(0, 1), [0], 'it can be had again');
  });
});
