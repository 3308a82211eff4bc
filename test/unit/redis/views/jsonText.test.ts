import assert from 'node:assert/strict';
import { indentedJson } from '../../../../src/redis/views/jsonText';

const ROOM = 1024 * 1024;

describe('A text of JSON in lines', () => {
  it('is what it was, token by token', () => {
    assert.equal(indentedJson('{"a":1.10,"a":[],"b":[12345678901234567890,{"c d":"x\\",:{"}],"e":{ }}', ROOM), [
      '{', '  "a": 1.10,', '  "a": [],', '  "b": [', '    12345678901234567890,', '    {', String.raw`      "c d": "x\",:{"`, '    }', '  ],', '  "e": {}', '}',
    ].join('\n'));
  });

  it('is made of objects and arrays alone', () => {
    for (const text of ['', '12', '"a"', '{a:1}', '[1']) assert.equal(indentedJson(text, ROOM), undefined, text);
  });

  it('is never longer than it may be, however deep and long it is', () => {
    const deep = `${'['.repeat(100)}${'1,'.repeat(2 * 1024 * 1024)}1${']'.repeat(100)}`;
    const text = indentedJson(deep, ROOM);
    assert.equal(text?.length, ROOM);
    assert.match(text.slice(-1000), /\n {200}1,\n/);
    assert.equal(indentedJson(`["${String.raw`\"`.repeat(3 * 1024 * 1024)}"]`, ROOM)?.length, ROOM);
  });
});
