import assert from 'node:assert/strict';
import { isFault } from '../../../src/base/fault';
import { splitRepetition } from '../../../src/redis/repetition';
import { splitArguments } from '../../../src/redis/splitArguments';

function of(line: string): readonly [times: number, command: string] {
  const { times, args } = splitRepetition(splitArguments(line));
  return [times, args.map(String).join(' ')];
}

describe('splitRepetition', () => {
  it('takes the number in front of a command', () => {
    assert.deepEqual(of('5 INCR a'), [5, 'INCR a']);
    assert.deepEqual(of('+2 PING'), [2, 'PING']);
    assert.deepEqual(of('" 3" PING'), [3, 'PING']);
    assert.deepEqual(of('"2\\x00z" PING'), [2, 'PING']);
    assert.deepEqual(of('2 3 PING'), [2, '3 PING']);
  });

  it('takes nothing else for one', () => {
    assert.deepEqual(of('5'), [1, '5']);
    assert.deepEqual(of('5x PING'), [1, '5x PING']);
    assert.deepEqual(of('0x5 PING'), [1, '0x5 PING']);
    assert.deepEqual(of('GET 5'), [1, 'GET 5']);
    assert.deepEqual(of(''), [1, '']);
  });

  for (const line of ['0 PING', '-1 PING', '99999999999999999999 PING', '"" PING']) {
    it(`refuses ${line}`, () => assert.throws(() => of(line), (error) => isFault(error) && error.code === 'redis.syntax'));
  }
});
