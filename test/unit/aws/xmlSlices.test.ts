import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { xmlSlices } from '../../../src/aws/clients/xmlSlices';

const LISTS = [{ list: 'set', item: 'item' }];

function slices(text: string, bytes = 1): string[] {
  return xmlSlices(Buffer.from(text), LISTS, bytes).map((slice) => slice.toString());
}

describe('slices of an XML answer', () => {
  it('hold an item each, and all that stands around the list', () => {
    assert.deepEqual(slices('<a><marker>m</marker><set><item>1</item><item>é</item></set><next>n</next></a>'), [
      '<a><marker>m</marker><set><item>1</item></set><next>n</next></a>',
      '<a><marker>m</marker><set><item>é</item></set><next>n</next></a>',
    ]);
  });

  it('hold as many items as make up the length', () => {
    const items = ['<item>1</item>', '<item>2</item>', '<item>3</item>'];
    assert.deepEqual(slices(`<set>${items.join('')}</set>`, 20), ['<set><item>1</item><item>2</item></set>', '<set><item>3</item></set>']);
  });

  it('never cut an item that has items of its own', () => {
    const item = (name: string): string => `<item><name>${name}</name><tags><item>x</item><item><item>y</item></item></tags></item>`;
    assert.deepEqual(slices(`<set>\n  ${item('a')}\n  ${item('b')}\n</set>`), [
      `<set>\n  ${item('a')}\n</set>`,
      `<set>\n  ${item('b')}\n</set>`,
    ]);
  });

  for (const [name, text] of [
    ['there is no such list', '<a><other><item>1</item></other></a>'],
    ['the list is empty', '<a><set></set></a>'],
    ['the list is an empty element', '<a><set/></a>'],
    ['something else stands between items', '<set><item>1</item>text<item>2</item></set>'],
    ['something else stands behind the items', '<set><item>1</item><more/></set>'],
    ['an item does not end', '<set><item>1</item><item>2</set>'],
    ['items have attributes', '<set><item n="1">1</item><item>2</item></set>'],
    ['there is nothing', ''],
  ] as const) {
    it(`are the answer itself where ${name}`, () => assert.deepEqual(slices(text), [text]));
  }
});
