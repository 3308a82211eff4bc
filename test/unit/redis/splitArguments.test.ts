import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isFault } from '../../../src/base/fault';
import { splitArguments } from '../../../src/redis/splitArguments';

const split = (line: string): string[] => splitArguments(line).map((arg) => arg.toString('latin1'));

describe('splitArguments', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    [' \t\v ', []],
    ['GET key', ['GET', 'key']],
    ['  GET\tkey  ', ['GET', 'key']],
    ['SET k "a b"', ['SET', 'k', 'a b']],
    ['""', ['']],
    ["'' x", ['', 'x']],
    [String.raw`"\n\r\t\b\a"`, ['\n\r\t\b\x07']],
    [String.raw`"\x41\xfF\xZ1"`, ['A\xffxZ1']],
    [String.raw`"\"\\\q"`, ['"\\q']],
    [String.raw`'\n\x41\''`, [String.raw`\n\x41'`]],
    ['a"b c"', ['ab c']],
    ["a'b c'", ['ab c']],
    [String.raw`a\ b`, ['a\\', 'b']],
    ['a\vb', ['a\vb']],
    ['"a"\vb', ['a', 'b']],
    ['é', ['\xc3\xa9']],
  ];
  for (const [line, args] of cases) it(`splits ${JSON.stringify(line)}`, () => assert.deepEqual(split(line), args));

  for (const line of ['"', "'", 'GET "a', "GET 'a", '"a"b', "'a'b", '"a""b"', String.raw`"a\"`, String.raw`'a\'`]) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.throws(() => split(line), (error: unknown) => isFault(error) && error.code === 'redis.syntax' && error.remedy !== undefined);
    });
  }

  it('gives back any bytes that are written with escapes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }), (args) => {
        const line = args.map((arg) => `"${Array.from(arg, (byte) => String.raw`\x${byte.toString(16).padStart(2, '0')}`).join('')}"`);
        assert.deepEqual(
          splitArguments(line.join(' ')),
          args.map((arg) => Buffer.from(arg)),
        );
      }),
    );
  });
});
