import assert from 'node:assert/strict';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { OpenView, ReplyView } from '../../../../src/redis/types';
import { lookAt, viewsOf } from '../../../../src/redis/views/look';
import { shapeOf } from '../../../../src/redis/views/shapes';
import { stopwatch } from '../../../fixtures/stopwatch';

const never = new AbortController().signal;
const bulk = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
};
const list = (...items: readonly (string | Buffer)[]): Buffer => Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items.map((item) => (typeof item === 'string' ? bulk(item) : item))]);
const map = (...items: readonly (string | Buffer)[]): Buffer => Buffer.concat([Buffer.from(`%${items.length / 2}\r\n`), ...items.map((item) => (typeof item === 'string' ? bulk(item) : item))]);
const wire = (text: string): Buffer => Buffer.from(text, 'latin1');
const args = (line: string): Buffer[] => line.split(' ').map((part) => Buffer.from(part));
const viewsFor = (line: string, sent: Buffer): readonly ReplyView[] => viewsOf([sent], shapeOf(args(line)));

async function look(view: Exclude<ReplyView, 'text'>, line: string, sent: Buffer, complete = true): Promise<OpenView> {
  const opened = await lookAt(view, { pieces: [sent], complete }, shapeOf(args(line)), never);
  assert.ok(opened);
  return opened;
}
const textOf = ({ source }: OpenView): string => source.slice(0, Infinity, Infinity).text;
const tableOf = async (line: string, sent: Buffer): Promise<readonly (readonly string[])[]> => {
  const { columns, source } = await look('table', line, sent);
  return [columns!.map(({ name }) => name), ...(source.rowsAt(0, 1000) as readonly (readonly string[])[])];
};
const jsonOf = async (line: string, sent: Buffer): Promise<unknown> => JSON.parse(textOf(await look('json', line, sent)));
const decodedOf = async (value: string | Buffer): Promise<[steps: string, text: string]> => {
  const view = await look('decoded', 'GET a', bulk(value));
  return [view.steps.join(' → '), textOf(view)];
};

describe('views of a reply', () => {
  it('offers what fits the value', () => {
    assert.deepEqual(viewsFor('PING', wire('+PONG\r\n')), []);
    assert.deepEqual(viewsFor('INCR a', wire(':1\r\n')), []);
    assert.deepEqual(viewsFor('GET a', wire('$-1\r\n')), []);
    assert.deepEqual(viewsFor('GET a', wire('-ERR no\r\n')), []);
    assert.deepEqual(viewsFor('GET a', bulk('plain')), ['hex']);
    assert.deepEqual(viewsFor('GET a', bulk('{"a": 1}')), ['json', 'hex', 'decoded']);
    assert.deepEqual(viewsFor('GET a', bulk(Buffer.from([0xff, 0]))), ['hex', 'decoded']);
    assert.deepEqual(viewsFor('HGETALL h', list('a', '1')), ['json', 'table']);
    assert.deepEqual(viewsFor('LRANGE l 0 -1', list('a', 'b')), ['json']);
    assert.deepEqual(viewsFor('LRANGE l 0 -1', list('a', bulk(gzipSync('b')))), ['json', 'hex', 'decoded']);
    assert.deepEqual(viewsFor('INFO', bulk('# Server\r\nredis_version:7.0.15\r\n')), ['json', 'table']);
    assert.deepEqual(viewsOf([], shapeOf([])), []);
    for (const name of ['constructor', 'toString', '__proto__']) assert.deepEqual(shapeOf(args(name)), { kind: 'other' }, name);
  });

  it('offers views of a reply of which only the beginning is there', async () => {
    const sent = list(...Array.from({ length: 5000 }, (_, index) => `field${index}`)).subarray(0, 40_000);
    assert.deepEqual(viewsFor('HGETALL h', sent), ['json', 'table']);
    const table = await look('table', 'HGETALL h', sent, false);
    assert.equal(table.source.truncated, true);
    assert.ok(table.source.rows > 1000 && table.source.rows < 2500);
    const json = await look('json', 'HGETALL h', sent, false);
    assert.equal(json.source.truncated, true);
    assert.equal((JSON.parse(textOf(json)) as { field0: string }).field0, 'field1');
  });

  it('shows in JSON what the server says about values besides', async () => {
    const ttl = (sent: Buffer): Buffer => Buffer.concat([wire('|1\r\n+ttl\r\n:3600\r\n'), sent]);
    assert.deepEqual(viewsFor('INCR a', ttl(wire(':7\r\n'))), ['json']);
    assert.deepEqual(await jsonOf('INCR a', ttl(wire(':7\r\n'))), { attributes: { ttl: 3600 }, value: 7 });
    assert.deepEqual(await jsonOf('GET a', ttl(bulk('{"a": 1}'))), { attributes: { ttl: 3600 }, value: '{"a": 1}' });
    assert.deepEqual(await jsonOf('HGETALL h', ttl(list('a', '1'))), { attributes: { ttl: 3600 }, value: { a: '1' } });
    assert.deepEqual(await jsonOf('LRANGE l 0 -1', list('a', ttl(bulk('b')))), ['a', { attributes: { ttl: 3600 }, value: 'b' }]);
    assert.deepEqual(await jsonOf('HGETALL h', map(ttl(bulk('a')), '1')), [[{ attributes: { ttl: 3600 }, value: 'a' }, '1']]);
    assert.deepEqual(await tableOf('HGETALL h', ttl(list('a', '1'))), [['field', 'value'], ['a', '1']]);
  });

  it('makes tables of hashes, in RESP2 and RESP3', async () => {
    const expected = [['field', 'value'], ['name', 'é'], ['bytes', String.raw`\xff\x00`]];
    const fields = ['name', 'é', 'bytes', bulk(Buffer.from([0xff, 0]))];
    assert.deepEqual(await tableOf('HGETALL h', list(...fields)), expected);
    assert.deepEqual(await tableOf('HGETALL h', map(...fields)), expected);
    assert.deepEqual(await tableOf('config get max*', list('maxmemory', '0')), [['parameter', 'value'], ['maxmemory', '0']]);
  });

  it('makes tables of scores, in RESP2 and RESP3', async () => {
    assert.deepEqual(await tableOf('ZRANGE z 0 -1 WITHSCORES', list('a', '1', 'b', '2.5')), [['member', 'score'], ['a', '1'], ['b', '2.5']]);
    assert.deepEqual(await tableOf('zrange z 0 -1 withscores', list(list('a', wire(',1.5\r\n')))), [['member', 'score'], ['a', '1.5']]);
    assert.deepEqual(viewsFor('ZRANGE z 0 -1', list('a', 'b')), ['json']);
  });

  it('makes tables of streams', async () => {
    const entries = list(list('1-0', list('a', '1', 'b', '2')), list('2-0', list('b', '3', 'b', '4')));
    assert.deepEqual(await tableOf('XRANGE s - +', entries), [['id', 'a', 'b'], ['1-0', '1', '2'], ['2-0', '', '3, 4']]);
    const read = [['stream', 'id', 'a', 'b'], ['s', '1-0', '1', '2'], ['s', '2-0', '', '3, 4']];
    assert.deepEqual(await tableOf('XREAD STREAMS s 0', list(list('s', entries))), read);
    assert.deepEqual(await tableOf('XREAD STREAMS s 0', map('s', entries)), read);
    assert.deepEqual(await jsonOf('XREAD STREAMS s 0', map('s', entries)), { s: [{ id: '1-0', fields: { a: '1', b: '2' } }, { id: '2-0', fields: [['b', '3'], ['b', '4']] }] });
  });

  it('makes tables of reports', async () => {
    const info = '# Server\r\nredis_version:7.0.15\r\n\r\n# Clients\r\nconnected:1\r\n';
    assert.deepEqual(await tableOf('info', bulk(info)), [['section', 'name', 'value'], ['Server', 'redis_version', '7.0.15'], ['Clients', 'connected', '1']]);
    assert.deepEqual(await jsonOf('info', bulk(info)), { Server: { redis_version: '7.0.15' }, Clients: { connected: '1' } });
    const clients = 'id=1 addr=127.0.0.1:1 name=\nid=2 addr=127.0.0.1:2 name=x\n';
    assert.deepEqual(await tableOf('CLIENT LIST', bulk(clients)), [['id', 'addr', 'name'], ['1', '127.0.0.1:1', ''], ['2', '127.0.0.1:2', 'x']]);
    const slow = list(list(wire(':7\r\n'), wire(':1700000000\r\n'), wire(':15\r\n'), list('GET', 'a b'), '127.0.0.1:1', 'me'));
    assert.deepEqual((await tableOf('SLOWLOG GET', slow))[1], ['7', '2023-11-14T22:13:20.000Z', '15', 'GET a b', '127.0.0.1:1', 'me']);
    assert.deepEqual((await tableOf('CLUSTER NODES', bulk('abc 127.0.0.1:1@2 myself,master - 0 0 1 connected 0-5460 5462-5463\n')))[1]?.at(-1), '0-5460 5462-5463');
  });

  it('makes tables of whatever consists of rows that are alike', async () => {
    const groups = list(list('name', 'g1', 'consumers', wire(':1\r\n')), list('name', 'g2', 'consumers', wire(':2\r\n')));
    assert.deepEqual(await tableOf('XINFO GROUPS s', groups), [['name', 'consumers'], ['g1', '1'], ['g2', '2']]);
    const maps = list(map('name', 'g1', 'consumers', wire(':1\r\n')), map('name', 'g2', 'consumers', wire(':2\r\n')));
    assert.deepEqual(await tableOf('XINFO GROUPS s', maps), [['name', 'consumers'], ['g1', '1'], ['g2', '2']]);
    assert.deepEqual(await tableOf('LATENCY LATEST', list(list('a', wire(':1\r\n')), list('b', list('x', wire(':2\r\n'))))), [['1', '2'], ['a', '1'], ['b', '["x", 2]']]);
    assert.deepEqual(await tableOf('X', map('k1', map('a', wire(':1\r\n')), 'k2', map('a', wire(':2\r\n')))), [['key', 'a'], ['k1', '1'], ['k2', '2']]);
    assert.deepEqual(viewsFor('X', list(list('a', 'b'), list('c'))), ['json']);
  });

  it('writes JSON that says exactly what the reply says', async () => {
    const value = list('a"\n', wire(':9223372036854775807\r\n'), wire(',1.5\r\n'), wire(',inf\r\n'), wire('#t\r\n'), wire('_\r\n'), bulk(Buffer.from([0xff])), wire('-ERR x\r\n'), wire('(12345678901234567890\r\n'), map('k', 'v', wire(':1\r\n'), list()));
    assert.equal(textOf(await look('json', 'EVAL x 0', value)), [
      '[',
      String.raw`  "a\"\n",`,
      '  9223372036854775807,',
      '  1.5,',
      '  "inf",',
      '  true,',
      '  null,',
      '  {',
      '    "base64": "/w=="',
      '  },',
      '  {',
      '    "error": "ERR x"',
      '  },',
      '  12345678901234567890,',
      '  {',
      '    "k": "v",',
      '    "1": []',
      '  }',
      ']',
    ].join('\n'));
    assert.deepEqual(await jsonOf('HGETALL h', map('a', '1', 'a', '2')), [['a', '1'], ['a', '2']]);
    assert.equal(textOf(await look('json', 'GET a', bulk('{"b":[1,{}],"a":12345678901234567890,"s":"x\\"y: {"}'))), '{\n  "b": [\n    1,\n    {}\n  ],\n  "a": 12345678901234567890,\n  "s": "x\\"y: {"\n}');
    assert.equal(textOf(await look('json', 'LRANGE l 0 -1', list('\u202eabc'))), '[\n  "\\u202eabc"\n]', 'nothing turns the text round');
  });

  it('dumps bytes as hexdump does', async () => {
    assert.equal(textOf(await look('hex', 'GET a', bulk(Buffer.from('0123456789abcdefXY\u001b')))), [
      '00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|',
      '00000010  58 59 1b                                          |XY.|',
    ].join('\n'));
    assert.match(textOf(await look('hex', 'LRANGE l 0 -1', list('a', list('b')))), /^1\)\n0{8} {2}61 .*\n\n2\.1\)\n0{8} {2}62 /);
  });

  it('undoes what it recognises, one layer after the other', async () => {
    const json = '{"a":[1,2]}';
    const shown = '{\n  "a": [\n    1,\n    2\n  ]\n}';
    assert.deepEqual(await decodedOf(json), ['JSON', shown]);
    assert.deepEqual(await decodedOf(gzipSync(json)), ['gzip → JSON', shown]);
    assert.deepEqual(await decodedOf(deflateSync(json)), ['deflate → JSON', shown]);
    assert.deepEqual(await decodedOf(gzipSync(json).toString('base64')), ['base64 → gzip → JSON', shown]);
    assert.deepEqual(await decodedOf(Buffer.from(json).toString('base64url')), ['base64 → JSON', shown]);
    assert.deepEqual(await decodedOf('grüße\n'), ['UTF-8', 'grüße\n']);
    assert.deepEqual(await decodedOf('a\u001b[31mb\u202e'), ['UTF-8', String.raw`a\x1b[31mb\u202e`]);
    assert.deepEqual((await decodedOf(deflateRawSync(json)))[0], 'binary');
    const msgpack = Buffer.from([0x82, 0xa1, 0x61, 0x93, 0x01, 0xff, 0xc0, 0x05, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(await decodedOf(msgpack), ['MessagePack', '{\n  "a": [\n    1,\n    -1,\n    null\n  ],\n  "5": 1.5\n}']);
  });

  it('does not take words for base64', async () => {
    for (const word of ['correcthorsebatterystaple', 'UserAccountService', 'deadbeefdeadbeef', '1234567890123456']) {
      assert.deepEqual(viewsFor('GET a', bulk(word)), ['hex'], word);
    }
  });

  it('names what it found in each string of a list', async () => {
    const both = await look('decoded', 'LRANGE l 0 -1', list('plain', bulk(gzipSync('[1]'))));
    assert.equal(textOf(both), '1)\nplain\n\n2)\ngzip → JSON\n[\n  1\n]');
  });

  it('is not harmed by bombs and by lies', async function () {
    this.timeout(60_000);
    const bomb = await look('decoded', 'GET a', bulk(gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x61))));
    assert.equal(bomb.source.truncated, true);
    assert.ok(bomb.source.bytes <= 4 * 1024 * 1024);
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    assert.ok((await look('decoded', 'GET a', bulk(deep))).source.bytes <= 4 * 1024 * 1024);
    const lie = Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 1, 2]);
    assert.deepEqual((await decodedOf(lie))[0], 'binary');
    assert.deepEqual((await decodedOf(Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(20, 7)])))[0], 'binary');
    const deepPack = Buffer.alloc(100_000, 0x91);
    assert.deepEqual((await decodedOf(deepPack))[0], 'binary');
    const wide = list(...Array.from({ length: 3000 }, () => bulk(Buffer.from([0xff]))));
    assert.equal((await look('hex', 'LRANGE l 0 -1', wide)).source.truncated, true);
  });

  it('inflates so much for a whole view and no more, however many bombs lie in a list', async function () {
    this.timeout(60_000);
    // Each is shown in two characters, so that the text is never full.
    const bomb = bulk(gzipSync(`[${' '.repeat(6 * 1024 * 1024)}]`));
    const view = await look('decoded', 'LRANGE l 0 -1', list(...Array.from({ length: 20 }, () => bomb), 'plain'));
    const text = textOf(view);
    assert.equal(text.match(/gzip → JSON\n\[\]/g)?.length, 5);
    assert.equal(text.match(/\d\)\nbinary\n0{8} {2}1f 8b 08 /g)?.length, 14, 'the others stay as they are');
    assert.match(text, /\n21\)\nplain$/);
    assert.equal(view.source.truncated, true);
  });

  it('knows soon that something is no base64, whatever it looks like for long', async function () {
    this.timeout(60_000);
    const ownTime = stopwatch();
    for (const part of [' ', '\n', 'A', 'A\n', 'A \n', 'A=', '=', '\r\n']) {
      const text = `A${part.repeat(400_000 / part.length)}`;
      for (const end of ['!', ' !', '=!', '\n']) assert.notEqual((await decodedOf(text + end))[0], 'base64', JSON.stringify(part));
      assert.ok(viewsFor('GET a', bulk(`${text}!`)).includes('hex'));
    }
    assert.ok(ownTime() < 10_000);
    const long = Buffer.from('text '.repeat(100_000));
    assert.equal((await decodedOf(`${long.toString('base64')}\r\n`))[0], 'base64 → UTF-8');
    assert.equal((await decodedOf(Buffer.concat([long, long]).toString('base64')))[0], 'UTF-8', 'nobody waits for what is too long');
  });

  it('makes no more of a list of clients than it can show', async function () {
    this.timeout(60_000);
    const many = Array.from({ length: 20_000 }, (_, index) => `id=${index} fact${index}=${'v'.repeat(20)}`).join('\n');
    assert.deepEqual(viewsFor('CLIENT LIST', bulk(many)), ['json', 'table']);
    assert.deepEqual(viewsFor('CLIENT LIST', bulk('none\n')), []);
    const { columns, source } = await look('table', 'CLIENT LIST', bulk(many));
    assert.deepEqual([columns?.length, source.rows, source.truncated], [64, 20_000, true]);
    const short = bulk('a=\n'.repeat(4 * 1024 * 1024));
    const ownTime = stopwatch();
    const table = await look('table', 'CLIENT LIST', short);
    assert.deepEqual([table.columns?.length, table.source.rows, table.source.truncated], [1, 100_000, true]);
    const json = await look('json', 'CLIENT LIST', short);
    assert.equal(json.source.truncated, true);
    assert.ok(ownTime() < 10_000);
  });

  const randomValue = fc.letrec<{ value: Buffer }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 60 }).map((bytes) => bulk(Buffer.from(bytes))),
      fc.constantFrom(...['id', '1-0', 'a', '{"a":[]}', 'H4sIAAAAAAAAA6tWAgBDv6ajAgAAAA=='].map((text) => bulk(text)), ...[':1\r\n', '_\r\n', ',nan\r\n', '-ERR\r\n', '#f\r\n'].map(wire)),
      fc.array(tie('value'), { maxLength: 6 }).map((items) => list(...items)),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => map(...items, ...items)),
    ),
  })).value;
  const lines = fc.constantFrom('GET a', 'HGETALL h', 'XRANGE s - +', 'XREAD STREAMS s 0', 'SLOWLOG GET', 'INFO', 'CLIENT LIST', 'CLUSTER NODES', 'ZRANGE z 0 -1 WITHSCORES', 'EVAL x 0');

  it('has something to show of any reply, whole or cut anywhere, for any command', async () => {
    await fc.assert(
      fc.asyncProperty(randomValue, lines, fc.double({ min: 0, max: 1, noNaN: true }), async (sent, line, part) => {
        for (const piece of [sent, sent.subarray(0, Math.floor(sent.length * part))]) {
          for (const view of viewsFor(line, piece)) {
            const opened = await look(view as Exclude<ReplyView, 'text'>, line, piece, piece === sent);
            const text = textOf(opened);
            assert.equal(opened.source.rowsAt(0, 1e6).length, opened.source.rows);
            if (view === 'json' && piece === sent) JSON.parse(text);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('can be given up', async () => {
    const abort = new AbortController();
    const looking = lookAt('decoded', { pieces: [bulk(gzipSync('a'.repeat(1000)))], complete: true }, shapeOf(args('GET a')), abort.signal);
    abort.abort();
    await assert.rejects(looking, { code: 'operation.cancelled' });
  });
});
