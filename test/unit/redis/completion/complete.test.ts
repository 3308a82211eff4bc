import assert from 'node:assert/strict';
import { bundledDocs } from '../../../../src/redis/completion/bundled';
import { complete } from '../../../../src/redis/completion/complete';
import { helpText, isHelp } from '../../../../src/redis/completion/help';
import { isOffered, prefixPattern, quotedKey } from '../../../../src/redis/completion/keyNames';
import { typedLine } from '../../../../src/redis/completion/line';
import { splitArguments } from '../../../../src/redis/splitArguments';

const docs = bundledDocs();
const at = (line: string, cursor = line.length): ReturnType<typeof complete> => complete(line, cursor, docs);
const texts = (line: string): string[] => at(line).candidates.map(({ text }) => text);

describe('Completing a line', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['getd', ['getdel']],
    ['GETD', ['GETDEL']],
    ['HEL', ['HELLO', 'HELP']],
    ['5 getd', ['getdel']],
    ['nonsense', []],
    ['config r', ['resetstat', 'rewrite']],
    ['CONFIG R', ['RESETSTAT', 'REWRITE']],
    ['config get', []],
    ['SET k v n', ['nx']],
    ['set k v ', ['ex', 'exat', 'get', 'keepttl', 'nx', 'px', 'pxat', 'xx']],
    ['SET k v NX E', ['EX', 'EXAT']],
    ['SET k v EX ', []],
    ['SET k ', []],
    ['SET "k', []],
    ['SET k" ', []],
    ['HELP xrang', ['xrange']],
    ['HELP @hy', ['@hyperloglog']],
    ['help config g', ['get']],
  ];
  for (const [line, wanted] of table) it(`offers ${JSON.stringify(wanted)} for ${JSON.stringify(line)}`, () => assert.deepEqual(texts(line), wanted));

  const hints: readonly (readonly [string, string])[] = [
    ['get', ' key'],
    ['GET ', 'key'],
    ['GET a', ''],
    ['MSET a', ' value [key value ...]'],
    ['MSET a ', 'value [key value ...]'],
    ['config', ' subcommand [arg ...]'],
    ['config get', ' parameter [parameter ...]'],
    ['config get ', 'parameter [parameter ...]'],
    ['ge', ''],
    ['GET a b c', ''],
    ['5 GET ', 'key'],
    ['GET "a b" ', ''],
  ];
  for (const [line, hint] of hints) it(`shows ${JSON.stringify(hint)} behind ${JSON.stringify(line)}`, () => assert.equal(at(line).hint, hint));

  it('says where the word begins, and whether it is a key', () => {
    assert.equal(at('config g').from, 7);
    assert.deepEqual(at('GET "us er').key, { prefix: Buffer.from('us er'), quoted: true });
    assert.equal(at('GET "us er').from, 4);
    assert.deepEqual(at("DEL a '\\x4").key, { prefix: Buffer.from('\\x4'), quoted: true });
    assert.deepEqual(at('DEL a \u00fc').key?.prefix, Buffer.from('\u00fc'));
    assert.equal(at('SET k v').key, undefined);
    assert.equal(at('SORT k BY w').key, undefined, 'a pattern is no key');
  });

  it('completes before the cursor only, and nothing inside a word', () => {
    assert.deepEqual(at('getd foo', 4).candidates.map(({ text }) => text), ['getdel']);
    assert.equal(at('getd foo', 4).hint, '');
    assert.deepEqual(at('getdel foo', 4).candidates, []);
    assert.equal(typedLine('GET "a\\', 7), undefined);
  });

  it('tells about the command at the cursor', () => {
    assert.equal(at('get').about?.summary, 'Get the value of a key');
    assert.equal(at('GETSET a').about?.deprecated, '`SET` with the `!GET` argument');
    assert.equal(at('config get x').about?.command, 'CONFIG GET');
    assert.equal(at('config ').about?.command, 'CONFIG');
    assert.equal(at('foo bar').about, undefined);
  });
});

describe('Names of keys', () => {
  it('are searched for by their beginning, whatever it means in a pattern', () => {
    assert.equal(prefixPattern(Buffer.from('a*[b]?\\')).toString(), 'a\\*\\[b\\]\\?\\\\*');
    assert.equal(prefixPattern(Buffer.alloc(0)).toString(), '*');
  });

  it('are offered only if they are what was asked for', () => {
    assert.ok(isOffered(Buffer.from('abc'), Buffer.from('ab')));
    assert.ok(!isOffered(Buffer.from('xbc'), Buffer.from('ab')));
    assert.ok(!isOffered(Buffer.alloc(513, 0x61), Buffer.from('a')));
  });

  it('come back as the same bytes when they are typed', () => {
    const samples = ['plain', 'with space', '"', "it's", 'back\\slash', 'tab\there', 'line\nend', '\u00fcber', '\u202egnp', 'no\u00a0break', '\x00\x01', '\u{1f600}'];
    const keys = [...samples.map((each) => Buffer.from(each)), Buffer.from([0xff, 0xfe, 0x22]), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))];
    for (const key of keys) {
      for (const quote of [false, true]) {
        const typed = quotedKey(key, quote);
        assert.deepEqual(splitArguments(`GET ${typed}`)[1], key, typed);
        assert.ok(!/[\p{C}\u00a0]/u.test(typed), typed);
      }
    }
    assert.equal(quotedKey(Buffer.from('plain'), false), 'plain');
    assert.equal(quotedKey(Buffer.from('with space'), false), '"with space"');
    assert.equal(quotedKey(Buffer.from([0x61, 0xff]), false), '"a\\xff"');
  });
});

describe('HELP', () => {
  const help = (line: string): string => helpText(splitArguments(line), docs);

  it('is what asks for it', () => {
    assert.ok(isHelp(splitArguments('help')) && isHelp(splitArguments('? set')));
    assert.ok(!isHelp(splitArguments('config help')));
  });

  it('explains a command, a container with all below it, and a group', () => {
    assert.equal(help('help GET'), '  GET key\n  summary: Get the value of a key\n  since: 1.0.0\n  group: string\n  complexity: O(1)\n');
    assert.match(help('HELP getset'), /deprecated: `SET`/);
    assert.match(help('HELP config'), / {2}CONFIG GET parameter[^]* {2}CONFIG SET parameter value/);
    assert.match(help('HELP config get'), /^ {2}CONFIG GET/);
    assert.match(help('HELP @hyperloglog'), /PFADD[^]*PFCOUNT/);
  });

  it('says what there is no help on, and introduces itself', () => {
    assert.equal(help('HELP nonsense'), 'There is no help on "nonsense".');
    assert.match(help('HELP @nonsense'), /no group[^]*@string/);
    assert.match(help('HELP'), /HELP <command>[^]*@sorted-set/);
  });
});
