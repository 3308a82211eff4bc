import assert from 'node:assert/strict';
import { complete } from '../../../../src/redis/completion/complete';
import { parseCommandDocs } from '../../../../src/redis/completion/docs';
import type { RespValue } from '../../../../src/wire/resp';

const bulk = (text: string): RespValue => ({ type: 'bulk', bytes: Buffer.from(text), omitted: 0 });
const list = (...items: readonly RespValue[]): RespValue => ({ type: 'array', items, omitted: 0 });
/** RESP2's shape of a map, and RESP3's. */
const flat = (fields: Readonly<Record<string, RespValue>>): RespValue => list(...Object.entries(fields).flatMap(([name, value]) => [bulk(name), value]));
const map = (fields: Readonly<Record<string, RespValue>>): RespValue => ({ type: 'map', entries: Object.entries(fields).map(([name, value]) => [bulk(name), value]), omitted: 0 });

function sample(shape: typeof flat): RespValue {
  const key = shape({ name: bulk('key'), type: bulk('key'), flags: list({ type: 'status', text: 'multiple' }) });
  const sub = shape({ summary: bulk('Below'), group: bulk('own') });
  return shape({
    MINE: shape({
      summary: bulk('Does\n\u001b[31m\u202ethings'), since: bulk('9.0'), group: bulk('own'), complexity: bulk('O(1)'),
      doc_flags: list({ type: 'status', text: 'deprecated' }), deprecated_since: bulk('9.1'), arguments: list(key),
    }),
    box: shape({ summary: bulk('Holds'), subcommands: shape({ 'box|open': sub }) }),
  });
}

describe('The reply to COMMAND DOCS', () => {
  for (const [name, shape] of [['RESP2', flat], ['RESP3', map]] as const) {
    it(`is read in ${name}, without control characters`, () => {
      const docs = parseCommandDocs(sample(shape));
      assert.deepEqual([...docs.keys()], ['mine', 'box', 'box|open']);
      const { summary, deprecated, args } = docs.get('mine')!;
      assert.deepEqual({ summary, deprecated }, { summary: 'Does [31m things', deprecated: '9.1' });
      assert.deepEqual(args, [{ name: 'key', type: 'key', optional: false, multiple: true, multipleToken: false, children: [] }]);
      assert.equal(complete('mine ', 5, docs).hint, 'key [key ...]');
    });
  }

  it('may be anything at all', () => {
    const odd: RespValue[] = [{ type: 'null' }, { type: 'error', text: 'NOPERM' }, bulk('x'), list(bulk('a')), list(list(), list()), flat({ a: list(bulk('arguments'), bulk('x')) })];
    for (const reply of odd) assert.ok(parseCommandDocs(reply).size <= 1);
  });

  it('is bounded in lengths, depth and numbers', () => {
    let arg = flat({ name: bulk('x'), type: bulk('string') });
    for (let depth = 0; depth < 50; depth++) arg = flat({ name: bulk('x'), type: bulk('block'), arguments: list(arg) });
    const many = Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [`c${index}`, flat({ summary: bulk('s'.repeat(1000)) })]));
    const docs = parseCommandDocs(flat({ deep: flat({ arguments: list(arg) }), wide: flat({ arguments: list(...Array.from({ length: 1000 }, () => arg)) }), ...many }));
    assert.equal(docs.size, 5000);
    assert.equal(docs.get('c1')!.summary.length, 300);
    assert.equal(docs.get('wide')!.args.length < 500, true);
    assert.ok(JSON.stringify(docs.get('deep')!.args).length < 2000);
    assert.ok(complete('deep x ', 7, docs).hint.length < 600);
  });
});
