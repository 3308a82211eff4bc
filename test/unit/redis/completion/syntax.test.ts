import assert from 'node:assert/strict';
import { bundledDocs } from '../../../../src/redis/completion/bundled';
import { after, expected, hintOf, type Syntax, syntaxOf } from '../../../../src/redis/completion/syntax';

function rest(line: string): Syntax | undefined {
  const [name = '', ...words] = line.split(' ');
  let syntax: Syntax | undefined = syntaxOf(bundledDocs().get(name)!.args);
  for (const word of words) syntax = syntax && after(syntax, word);
  return syntax;
}

/** The words typed, and what redis-cli would show behind them. */
const HINTS: readonly (readonly [string, string])[] = [
  ['get', 'key'],
  ['get a', ''],
  ['set', 'key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]'],
  ['set k v', '[NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]'],
  ['set k v nx', '[GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]'],
  ['set k v GET EX', 'seconds [NX|XX]'],
  ['set k v EX 5 XX GET', ''],
  ['set nx', 'value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]'],
  ['del', 'key [key ...]'],
  ['del a b', '[key ...]'],
  ['mset', 'key value [key value ...]'],
  ['mset a', 'value [key value ...]'],
  ['mset a 1', '[key value ...]'],
  ['zadd z', '[NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]'],
  ['zadd z XX 1', 'member [score member ...]'],
  ['zadd z 1 a', '[score member ...]'],
  ['zunion 2 a b WEIGHTS 1', '[weight ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]'],
  ['sort k GET a', '[GET pattern ...] [BY pattern] [LIMIT offset count] [ASC|DESC] [ALPHA] [STORE destination]'],
  ['xadd s MAXLEN ~ 10 *', 'field value [field value ...]'],
  ['config|get', 'parameter [parameter ...]'],
];

describe('The syntax of a command', () => {
  for (const [line, hint] of HINTS) {
    it(`goes on after "${line}" with "${hint}"`, () => assert.equal(hintOf(rest(line)!), hint));
  }

  it('ends where no word may follow', () => assert.equal(rest('get a b'), undefined));

  it('knows the keywords and the types that may come next', () => {
    assert.deepEqual(expected(rest('set')!), { tokens: [], types: new Set(['key']) });
    assert.deepEqual(expected(rest('set k v')!).tokens, ['NX', 'XX', 'GET', 'EX', 'PX', 'EXAT', 'PXAT', 'KEEPTTL']);
    assert.deepEqual(expected(rest('set k v EX')!), { tokens: [], types: new Set(['integer']) });
    assert.deepEqual(expected(rest('del a')!).types, new Set(['key']));
    assert.deepEqual(expected(rest('zunion 1 a')!), { tokens: ['WEIGHTS', 'AGGREGATE', 'WITHSCORES'], types: new Set(['key']) });
  });

  it('stays as small as it was, however many words were typed', () => {
    let syntax: Syntax | undefined = syntaxOf(bundledDocs().get('mset')!.args);
    for (let word = 0; word < 2000; word++) syntax = syntax && after(syntax, 'x');
    assert.equal(hintOf(syntax!), '[key value ...]');
    assert.ok(JSON.stringify(syntax).length < 500);
  });

  it('bounds a hint', () => {
    const args = Array.from({ length: 200 }, () => ({ name: 'a'.repeat(60), type: 'string', optional: false, multiple: true, multipleToken: false, children: [] }));
    assert.ok(hintOf(syntaxOf(args)).length <= 501);
  });
});
