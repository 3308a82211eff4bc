import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isFault } from '../../../../src/base/fault';
import { encodeValue, RespDecoder, type RespLimits, type RespValue } from '../../../../src/wire/resp';
import { heldBytes } from '../../../fixtures/heldMemory';

const bulk = (text: string): RespValue => ({ type: 'bulk', bytes: Buffer.from(text), omitted: 0 });
const status = (text: string): RespValue => ({ type: 'status', text });
const integer = (value: bigint): RespValue => ({ type: 'integer', value });
const list = (...items: RespValue[]): RespValue => ({ type: 'array', items, omitted: 0 });

const REPLIES: readonly (readonly [wire: string, value: RespValue])[] = [
  ['+PONG\r\n', { type: 'status', text: 'PONG' }],
  ['-NOAUTH Authentication required.\r\n', { type: 'error', text: 'NOAUTH Authentication required.' }],
  ['!9\r\nERR a\r\nbc\r\n', { type: 'error', text: 'ERR a\r\nbc' }],
  [':9223372036854775807\r\n', integer(9223372036854775807n)],
  [':-1\r\n', integer(-1n)],
  [':+7\r\n', integer(7n)],
  ['$0\r\n\r\n', bulk('')],
  ['$6\r\na\r\nb\r\n\r\n', bulk('a\r\nb\r\n')],
  ['$-1\r\n', { type: 'null' }],
  ['*-1\r\n', { type: 'null' }],
  ['_\r\n', { type: 'null' }],
  ['#t\r\n', { type: 'boolean', value: true }],
  ['#f\r\n', { type: 'boolean', value: false }],
  [',3.10\r\n', { type: 'double', text: '3.10' }],
  [',-inf\r\n', { type: 'double', text: '-inf' }],
  ['(3492890328409238509324850943850943825024385\r\n', { type: 'bigNumber', text: '3492890328409238509324850943850943825024385' }],
  ['=8\r\ntxt:Some\r\n', { type: 'verbatim', format: 'txt', bytes: Buffer.from('Some'), omitted: 0 }],
  ['*0\r\n', list()],
  ['*2\r\n*1\r\n:1\r\n$1\r\nx\r\n', list(list(integer(1n)), bulk('x'))],
  ['~1\r\n+a\r\n', { type: 'set', items: [{ type: 'status', text: 'a' }], omitted: 0 }],
  ['>1\r\n+a\r\n', { type: 'push', items: [{ type: 'status', text: 'a' }], omitted: 0 }],
  [
    '%2\r\n+k\r\n:1\r\n+k\r\n:2\r\n',
    {
      type: 'map',
      entries: [
        [{ type: 'status', text: 'k' }, integer(1n)],
        [{ type: 'status', text: 'k' }, integer(2n)],
      ],
      omitted: 0,
    },
  ],
  ['%0\r\n', { type: 'map', entries: [], omitted: 0 }],
  ['|1\r\n+ttl\r\n*1\r\n:1\r\n:5\r\n', { ...integer(5n), attributes: [[status('ttl'), list(integer(1n))]] }],
  ['*2\r\n|1\r\n+ttl\r\n$2\r\nxx\r\n:5\r\n:6\r\n', list({ ...integer(5n), attributes: [[status('ttl'), bulk('xx')]] }, integer(6n))],
  ['|1\r\n+a\r\n:1\r\n|1\r\n+b\r\n:2\r\n*1\r\n_\r\n', { ...list({ type: 'null' }), attributes: [[status('a'), integer(1n)], [status('b'), integer(2n)]] }],
  ['%1\r\n|1\r\n+a\r\n:1\r\n+k\r\n+v\r\n', { type: 'map', entries: [[{ ...status('k'), attributes: [[status('a'), integer(1n)]] }, status('v')]], omitted: 0 }],
  [',1e+20\r\n', { type: 'double', text: '1e+20' }],
  [',nan\r\n', { type: 'double', text: 'nan' }],
  [',-nan\r\n', { type: 'double', text: '-nan' }],
  [',inf\r\n', { type: 'double', text: 'inf' }],
  [',10\r\n', { type: 'double', text: '10' }],
  ['*2\r\n-ERR a\r\n!5\r\nERR b\r\n', list({ type: 'error', text: 'ERR a' }, { type: 'error', text: 'ERR b' })],
  ['$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;1\r\nd\r\n;0\r\n', bulk('Hello word')],
  ['$?\r\n;0\r\n', bulk('')],
  ['*?\r\n:1\r\n*?\r\n.\r\n$?\r\n;1\r\nx\r\n;0\r\n.\r\n', list(integer(1n), list(), bulk('x'))],
  ['~?\r\n+a\r\n.\r\n', { type: 'set', items: [status('a')], omitted: 0 }],
  ['%?\r\n+k\r\n:1\r\n.\r\n', { type: 'map', entries: [[status('k'), integer(1n)]], omitted: 0 }],
  ['|0\r\n+x\r\n', { type: 'status', text: 'x' }],
];

function decode(wire: Buffer, cuts: readonly number[], limits: Partial<RespLimits> = {}): RespValue[] {
  const decoder = new RespDecoder(limits);
  const ends = [...cuts, wire.length];
  let from = 0;
  return ends.flatMap((end) => {
    const values = decoder.push(wire.subarray(from, end));
    from = end;
    return values;
  });
}

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(isFault(error), String(error));
    return error.code;
  }
  return 'no fault';
}

describe('RespDecoder', () => {
  for (const [wire, value] of REPLIES) {
    it(`decodes ${JSON.stringify(wire)} cut at every point`, () => {
      const bytes = Buffer.from(wire);
      for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(decode(bytes, [cut]), [value], `cut at ${cut}`);
      assert.deepEqual(decode(bytes, [...bytes.keys()]), [value], 'byte by byte');
    });
  }

  it('decodes any sequence of replies cut at any points', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(REPLIES.length - 1), { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 12 }), (picks, cuts) => {
        const wire = Buffer.from(picks.map((pick) => REPLIES[pick]![0]).join(''));
        const sorted = cuts.map((cut) => Math.min(cut, wire.length)).toSorted((a, b) => a - b);
        assert.deepEqual(decode(wire, sorted), picks.map((pick) => REPLIES[pick]![1]));
      }),
    );
  });

  it('gives each reply in the call that completes it', () => {
    const decoder = new RespDecoder();
    assert.deepEqual(decoder.push(Buffer.from('+OK\r')), []);
    assert.deepEqual(decoder.push(Buffer.from('\n:1\r\n:2')), [{ type: 'status', text: 'OK' }, integer(1n)]);
    assert.deepEqual(decoder.push(Buffer.from('\r\n')), [integer(2n)]);
  });

  it('keeps bytes that are not UTF-8', () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0xfe]);
    const [value] = decode(Buffer.concat([Buffer.from('$5\r\n'), bytes, Buffer.from('\r\n')]), [6]);
    assert.deepEqual(value, { type: 'bulk', bytes, omitted: 0 });
  });

  for (const wire of ['hello\r\n', '\r\n', '+no line end\n', ':abc\r\n', ':1.5\r\n', ':\r\n', '$x\r\n', '$-2\r\n', '*-2\r\n', '%-1\r\n', '=-1\r\n', '#x\r\n', '(1.5\r\n', '=2\r\nab\r\n', '$1\r\nabc', '|?\r\n', '>?\r\n', '!?\r\n', '=?\r\n', '.\r\n', '*1\r\n.\r\n', '*?\r\n.x\r\n', '%?\r\n+k\r\n.\r\n', '*?\r\n|1\r\n+a\r\n+b\r\n.\r\n', '$?\r\n:1\r\n', '$?\r\n;-1\r\n', ';1\r\n', ',x\r\n', ',1.5.2\r\n', ',\r\n', ',infinity\r\n']) {
    it(`refuses ${JSON.stringify(wire)}`, () => {
      for (let cut = 0; cut <= wire.length; cut++) assert.equal(code(() => decode(Buffer.from(wire), [cut])), 'resp.protocol');
    });
  }

  it('refuses a claim above a ceiling before allocating for it', () => {
    const limits = { maxBulkBytes: 10, maxElements: 3, maxDepth: 2, maxLineBytes: 16 };
    const refused = (wire: string): string => code(() => decode(Buffer.from(wire), [], limits));
    assert.equal(refused('$11\r\n'), 'resp.tooLarge');
    assert.equal(code(() => decode(Buffer.from('$9223372036854775807\r\n'), [])), 'resp.tooLarge');
    assert.equal(refused('*4\r\n'), 'resp.tooLarge');
    assert.equal(refused('%4\r\n'), 'resp.tooLarge');
    assert.equal(refused('*1\r\n*1\r\n*1\r\n'), 'resp.tooLarge');
    assert.equal(refused('*?\r\n*?\r\n*?\r\n'), 'resp.tooLarge');
    assert.equal(refused('*?\r\n:1\r\n:1\r\n:1\r\n:1\r\n'), 'resp.tooLarge');
    assert.equal(refused('%?\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n.\r\n'), 'no fault');
    assert.equal(refused('$?\r\n;6\r\n012345\r\n;5\r\n'), 'resp.tooLarge');
    assert.equal(refused(`+${'x'.repeat(20)}`), 'resp.tooLarge', 'without waiting for the line end');
    assert.equal(refused('$10\r\n0123456789\r\n*3\r\n*1\r\n:1\r\n'), 'no fault');
    assert.equal(code(() => decode(Buffer.from('*4611686018427387904\r\n'), [])), 'resp.tooLarge');
  });

  it('stays broken after a fault', () => {
    const decoder = new RespDecoder();
    assert.equal(code(() => decoder.push(Buffer.from('?'.repeat(3) + '\r\n'))), 'resp.protocol');
    assert.equal(code(() => decoder.push(Buffer.from('+OK\r\n'))), 'resp.protocol');
  });

  it('keeps the beginning of a reply that is too large, counts the rest, and is in step again afterwards', () => {
    const many = `*1000\r\n${'$5\r\nhello\r\n'.repeat(1000)}`;
    const [value, next] = decode(Buffer.from(`${many}:7\r\n`), [500], { keepBytes: 100 });
    assert.ok(value?.type === 'array');
    assert.ok(value.items.length >= 5 && value.items.length < 40, String(value.items.length));
    assert.equal(value.items.length + value.omitted, 1000);
    assert.deepEqual(next, integer(7n));
  });

  it('keeps the beginning of a string that is too large', () => {
    const [value, next] = decode(Buffer.from(`$1000\r\n${'x'.repeat(1000)}\r\n+OK\r\n`), [300, 700], { keepBytes: 103 });
    assert.deepEqual(value, { type: 'bulk', bytes: Buffer.from('x'.repeat(100)), omitted: 900 });
    assert.deepEqual(next, { type: 'status', text: 'OK' });
  });

  it('keeps the beginning of a string that comes in parts, and of attributes', () => {
    const parts = `$?\r\n${';1\r\nx\r\n'.repeat(5000)};0\r\n+OK\r\n`;
    const [value, next] = decode(Buffer.from(parts), [1000], { keepBytes: 2003 });
    assert.deepEqual(value, { type: 'bulk', bytes: Buffer.from('x'.repeat(2000)), omitted: 3000 });
    assert.deepEqual(next, status('OK'));
    const [described] = decode(Buffer.from(`${'|1\r\n+a\r\n+b\r\n'.repeat(100_000)}:1\r\n`), [], { keepBytes: 1000 });
    assert.ok(described?.type === 'integer' && described.attributes!.length < 200);
  });

  it('reads a million elements in bounded memory, and keeps their beginning', async () => {
    const decoder = new RespDecoder({ keepBytes: 1024 * 1024 });
    const piece = Buffer.from('$9\r\nsome text\r\n'.repeat(4000));
    assert.deepEqual(decoder.push(Buffer.from('*1000000\r\n')), []);
    const before = await heldBytes();
    let values: RespValue[] = [];
    for (let sent = 0; sent < 1_000_000; sent += 4000) values = decoder.push(Buffer.from(piece));
    const grown = (await heldBytes()) - before;
    const [value] = values;
    assert.ok(value?.type === 'array' && value.items.length > 80_000);
    assert.equal(value.items.length + value.omitted, 1_000_000);
    assert.ok(grown < 24 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MB`);
  });

  it('drops what follows in nested aggregates once nothing more is kept', () => {
    const wire = `*3\r\n$40\r\n${'a'.repeat(40)}\r\n*2\r\n:1\r\n%1\r\n+k\r\n+v\r\n+end\r\n`;
    const [value] = decode(Buffer.from(wire), [], { keepBytes: 20 });
    assert.ok(value?.type === 'array');
    assert.equal(value.items.length, 1);
    assert.equal(value.omitted, 2);
    assert.ok(value.items[0]?.type === 'bulk' && value.items[0].omitted > 0);
  });

  it('holds values that are not kept to the same grammar', () => {
    assert.equal(code(() => decode(Buffer.from('*3\r\n$9\r\nxxxxxxxxx\r\n:1\r\n:x\r\n'), [], { keepBytes: 8 })), 'resp.protocol');
  });

  it('gives the beginning of a reply that is cut anywhere', () => {
    for (const [wire, whole] of REPLIES) {
      const bytes = Buffer.from(wire);
      for (let cut = 0; cut < bytes.length; cut++) {
        const decoder = new RespDecoder();
        assert.deepEqual(decoder.push(bytes.subarray(0, cut)), []);
        const value = decoder.beginning();
        // An attribute alone is the beginning of nothing, and a scalar begins with its line.
        if (value && !wire.startsWith('|')) assert.equal(value.type, whole.type, `${JSON.stringify(wire)} cut at ${cut}`);
        assert.equal(code(() => decoder.push(Buffer.from('+OK\r\n'))), 'resp.protocol', 'nothing may follow');
      }
    }
    const decoder = new RespDecoder();
    decoder.push(Buffer.from('%3\r\n+a\r\n:1\r\n+b\r\n*2\r\n$5\r\nhe'));
    const inner: RespValue = { type: 'array', items: [{ type: 'bulk', bytes: Buffer.from('he'), omitted: 3 }], omitted: 1 };
    assert.deepEqual(decoder.beginning(), { type: 'map', entries: [[status('a'), integer(1n)], [status('b'), inner]], omitted: 1 });
  });

  it('lends each reader the bytes of its own reply, however they arrive', () => {
    const sent = ['*2\r\n$3\r\nabc\r\n:1\r\n', '>1\r\n+push\r\n', '|1\r\n+a\r\n:1\r\n+OK\r\n', '=7\r\ntxt:xyz\r\n'];
    const expected = [sent[0], sent[2], sent[3]];
    const bytes = Buffer.from(sent.join(''));
    for (let size = 1; size <= bytes.length; size++) {
      const lent: string[] = [];
      const told: string[] = [];
      const decoder = new RespDecoder({}, () => {
        const index = lent.push('') - 1;
        return {
          keepBytes: 1000,
          wire: (piece) => void (lent[index] += piece.toString()),
          open: (kind, count) => void told.push(`${kind} ${count}`),
          close: () => void told.push('close'),
          scalar: ({ type }) => void told.push(type),
          beginString: (kind) => void told.push(`${kind}:`),
          piece: (part) => void (told[told.length - 1] += part.toString()),
          endString: () => void told.push('end'),
          missing: () => void told.push('missing'),
        };
      });
      for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
      assert.deepEqual(lent, expected, `in pieces of ${size}`);
      assert.deepEqual(told, ['array 2', 'bulk:abc', 'end', 'integer', 'close', 'status', 'verbatim:xyz', 'end']);
    }
  });
});

describe('encodeValue', () => {
  it('writes what decodes to the same', () => {
    for (const [wire, value] of REPLIES) {
      assert.deepEqual(new RespDecoder().push(encodeValue(value)), [value], wire);
    }
  });

  it('writes as much as is there of what was not kept whole', () => {
    const cut: RespValue = { type: 'array', items: [{ type: 'bulk', bytes: Buffer.from('ab'), omitted: 98 }], omitted: 5 };
    assert.deepEqual(new RespDecoder().push(encodeValue(cut)), [list(bulk('ab'))]);
  });
});
