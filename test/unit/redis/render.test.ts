import assert from 'node:assert/strict';
import fc from 'fast-check';
import { renderReply, type RenderOptions, type ReplyStyle } from '../../../src/redis/render';
import { ReplyRecord } from '../../../src/redis/replies/replyRecord';
import { ReplyShelf } from '../../../src/redis/replies/replyShelf';
import { RespDecoder } from '../../../src/wire/resp';
import { stopwatch } from '../../fixtures/stopwatch';

function render(wire: string, options: Partial<RenderOptions> = {}, keepBytes = 1e6): { text: string; truncated: boolean } {
  const [value] = new RespDecoder({ keepBytes }).push(Buffer.from(wire, 'latin1'));
  assert.ok(value);
  return renderReply(value, { maxChars: 10_000, ...options });
}

describe('renderReply', () => {
  const texts: readonly (readonly [string, string])[] = [
    ['+OK\r\n', 'OK'],
    ['-ERR no\r\n', '(error) ERR no'],
    [':-3\r\n', '(integer) -3'],
    [':9223372036854775807\r\n', '(integer) 9223372036854775807'],
    ['$-1\r\n', '(nil)'],
    ['$7\r\na"\\\n\xff\x00\x1b\r\n', String.raw`"a\"\\\n\xff\x00\x1b"`],
    ['$4\r\n\r\t\x07\x08\r\n', String.raw`"\r\t\a\b"`],
    ['*0\r\n', '(empty array)'],
    ['*2\r\n:1\r\n*2\r\n+a\r\n$-1\r\n', '1) (integer) 1\n2) 1) a\n   2) (nil)'],
    [`*10\r\n${':1\r\n'.repeat(9)}*1\r\n*1\r\n:2\r\n`, `${Array.from({ length: 9 }, (_, i) => ` ${i + 1}) (integer) 1\n`).join('')}10) 1) 1) (integer) 2`],
    ['%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*2\r\n:2\r\n:3\r\n', '1# a => (integer) 1\n2# "b" => \n   1) (integer) 2\n   2) (integer) 3'],
    ['%1\r\n+a\r\n*1\r\n%1\r\n+b\r\n:1\r\n', '1# a => 1) 1# b => (integer) 1'],
    ['%1\r\n+a\r\n*0\r\n', '1# a => (empty array)'],
    ['%0\r\n', '(empty hash)'],
    ['~1\r\n#t\r\n', '1~ (true)'],
    ['~0\r\n', '(empty set)'],
    [',3.10\r\n', '(double) 3.10'],
    ['(-3492890328409238509324850943850943825024385\r\n', '(big number) -3492890328409238509324850943850943825024385'],
    ['_\r\n', '(nil)'],
    ['=8\r\ntxt:a\nb!\r\n', 'a\nb!'],
  ];
  for (const [wire, text] of texts) it(`shows ${JSON.stringify(wire.slice(0, 40))}`, () => assert.deepEqual(render(wire), { text, truncated: false }));

  it('shows reports as they are', () => {
    assert.equal(render('$7\r\na:1\r\nb\n\r\n', { style: 'report' }).text, 'a:1\r\nb');
    assert.equal(render('-ERR no\r\n', { style: 'report' }).text, 'ERR no');
    assert.equal(render('-ERR no\r\n', { style: 'raw' }).text, 'ERR no\n', 'the line end comes on top');
    assert.equal(render('$2\r\na\n\r\n', { style: 'raw' }).text, 'a\n');
    assert.equal(render('*3\r\n:1\r\n$1\r\nx\r\n$-1\r\n', { style: 'report' }).text, '1\nx');
    assert.equal(render('%1\r\n+a\r\n:1\r\n', { style: 'report' }).text, 'a 1');
  });

  it('cuts the text at its bound and says so', () => {
    assert.deepEqual(render(`$100\r\n${'x'.repeat(100)}\r\n`, { maxChars: 10 }), { text: `"${'x'.repeat(9)}`, truncated: true });
    assert.deepEqual(render('*3\r\n:1\r\n:2\r\n:3\r\n', { maxChars: 15 }), { text: '1) (integer) 1', truncated: true });
    assert.equal(render(`$100\r\n${'x'.repeat(100)}\r\n`, { maxChars: 10, style: 'report' }).truncated, true);
  });

  it('does not call a text cut that fits exactly', () => {
    const { text } = render('*2\r\n:1\r\n:2\r\n');
    assert.deepEqual(render('*2\r\n:1\r\n:2\r\n', { maxChars: text.length + 1 }), { text, truncated: false });
    assert.deepEqual(render(`$5000\r\n${'x'.repeat(5000)}\r\n`, { maxChars: 5003 }).truncated, false);
  });

  it('says cut when the decoder has kept only a beginning, and numbers as if all were there', () => {
    const { text, truncated } = render(`*1000\r\n${':1\r\n'.repeat(1000)}`, {}, 40);
    assert.equal(truncated, true);
    assert.ok(text.startsWith('   1) (integer) 1\n   2) '), text.slice(0, 40));
  });

  it('escapes everything that a terminal would obey', () => {
    const hostile = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
    assert.match(render(`$256\r\n${hostile}\r\n`).text, /^[\x20-\x7e]*$/);
  });

  it('takes time in proportion to its bound, not to the reply', () => {
    const ownTime = stopwatch();
    render(`$50000000\r\n${'\x01'.repeat(50_000_000)}\r\n`, { maxChars: 1000 }, 1e9);
    assert.ok(ownTime() < 2000);
  });

  const scalar = fc.constantFrom('+OK\r\n', '-ERR no\r\n', ':7\r\n', '_\r\n', '#t\r\n', ',1.5\r\n', '(12\r\n', '$-1\r\n', '$3\r\na\nb\r\n', '$0\r\n\r\n', '=6\r\ntxt:x\n\r\n', '$?\r\n;2\r\nab\r\n;1\r\n\xff\r\n;0\r\n', '!5\r\nERR a\r\n');
  const sized = (mark: string, items: readonly string[], size = items.length): string => `${mark}${size}\r\n${items.join('')}`;
  const { value: anyReply } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      scalar,
      fc.tuple(fc.constantFrom('*', '~'), fc.array(tie('value'), { maxLength: 3 })).map(([mark, items]) => sized(mark, items)),
      fc.array(fc.tuple(scalar, tie('value')), { maxLength: 2 }).map((pairs) => sized('%', pairs.flat(), pairs.length)),
      tie('value').map((item) => `|1\r\n+a\r\n*1\r\n:1\r\n${item}`),
      fc.array(tie('value'), { maxLength: 2 }).map((items) => `*?\r\n${items.join('')}.\r\n`),
    ),
  }));

  it('prints the same while a reply arrives, cut at any points, as when it is there', () => {
    fc.assert(
      fc.property(anyReply, fc.array(fc.nat(300), { maxLength: 8 }), fc.constantFrom<ReplyStyle>('typed', 'raw', 'report'), (sent, cuts, style) => {
        const bytes = Buffer.from(sent, 'latin1');
        const [value] = new RespDecoder().push(bytes);
        assert.ok(value);
        const record = new ReplyRecord({ shape: { kind: 'other' }, style, maxChars: 1e6, shelf: new ReplyShelf() });
        const decoder = new RespDecoder({}, () => record.reader());
        let from = 0;
        for (const cut of [...cuts.map((at) => Math.min(at, bytes.length)).toSorted((a, b) => a - b), bytes.length]) {
          decoder.push(bytes.subarray(from, cut));
          from = cut;
        }
        record.settle(true);
        assert.equal(record.text, renderReply(value, { maxChars: 1e6, style }).text);
      }),
      { numRuns: 500 },
    );
  });

  it('puts the replies of a repeated command one below the other', () => {
    const record = new ReplyRecord({ shape: { kind: 'other' }, style: 'typed', maxChars: 1e6, shelf: new ReplyShelf() });
    const decoder = new RespDecoder({}, () => record.reader());
    for (const sent of ['*2\r\n:1\r\n:2\r\n', '-ERR no\r\n', '%1\r\n+a\r\n*1\r\n:1\r\n']) decoder.push(Buffer.from(sent));
    record.settle(true);
    assert.equal(record.text, '1) (integer) 1\n2) (integer) 2\n(error) ERR no\n1# a => 1) (integer) 1');
  });
});
