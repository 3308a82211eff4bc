import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { assembleAlgorithms } from '../../../src/ssh/algorithms';
import { matchWords, readLine, splitArguments } from '../../../src/ssh/configLine';
import { parsePort, parseTime } from '../../../src/ssh/configValues';
import { globElements } from '../../../src/ssh/fileGlob';
import { matchElements } from '../../../src/ssh/wildcard';
import { parseJump } from '../../../src/ssh/jump';
import { optionSpec } from '../../../src/ssh/keywords';
import { canonicalAddress, isSafeHost, isSafeUser } from '../../../src/ssh/names';
import { matchPattern, matchPatternList } from '../../../src/ssh/patterns';
import { expand, expandHome } from '../../../src/ssh/tokens';
import { stopwatch } from '../../fixtures/stopwatch';

describe('the grammar of OpenSSH files', () => {
  it('splits arguments by quotes, backslashes and comments', () => {
    const table: [string, string[] | undefined][] = [
      ['a b\tc', ['a', 'b', 'c']],
      ['"a b" \'c d\'', ['a b', 'c d']],
      ['a"b c"d', ['ab cd']],
      ['"it\'s" \'"\'', ["it's", '"']],
      ['a\\ b "c\\ d" e\\\\ \\"', ['a b', 'c\\ d', 'e\\', '"']],
      ['a\\nb', ['a\\nb']],
      ['a # b', ['a']],
      ['a#b "#"', ['a#b', '#']],
      ['""', ['']],
      ['"a', undefined],
      ["a 'b", undefined],
      ['a\\', ['a\\']],
    ];
    for (const [text, expected] of table) assert.deepEqual(splitArguments(text), expected, text);
  });

  it('finds keywords before white space, a quote or one equals sign', () => {
    for (const line of ['Port 7', 'port=7', ' PORT = 7', '\tPort\t=\t7 \r', '"Port" 7', 'Port 7\f', 'Port 7\0 8']) {
      const reading = readLine(line);
      assert.ok(reading.kind === 'directive', line);
      assert.deepEqual([reading.directive.keyword, reading.directive.args], ['port', ['7']], line);
    }
    for (const line of ['', '   ', '#', ' # Port 7', '\0Port 7', '\r']) assert.equal(readLine(line).kind, 'blank', JSON.stringify(line));
    for (const line of ['Port', 'Port =', 'User "a', 'User \'']) assert.equal(readLine(line).kind, 'bad', line);
  });

  it('takes Match lines apart by other rules', () => {
    assert.deepEqual(matchWords('host="a b" user x'), ['host', 'a b', 'user', 'x']);
    assert.deepEqual(matchWords('host a # b'), ['host', 'a']);
    assert.equal(matchWords('host "a'), undefined);
  });

  it('never throws or hangs on any line', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "'", '\\', ' ', '=', '#', 'a', '\t', '\0', '\r'), maxLength: 60 }), (line) => {
        readLine(line);
        matchWords(line);
      }),
    );
    const ownTime = stopwatch();
    for (const part of ['a"b\\ c\' ', ' ', '"', '\\', '= ', '#']) {
      const long = `User ${part.repeat(1_000_000 / part.length)}x`;
      readLine(long);
      matchWords(long);
    }
    assert.ok(ownTime() < 3000, 'a megabyte of anything takes no time to speak of');
  });

  it('matches patterns in bounded time', () => {
    assert.ok(matchPattern('web1', 'w?b*') && matchPattern('', '*') && !matchPattern('', '?') && !matchPattern('Web', 'web'));
    assert.equal(matchPatternList('a', '*,!a'), 'forbidden');
    assert.equal(matchPatternList('a', 'b,!c'), 'none');
    const text = 'a'.repeat(255);
    const ownTime = stopwatch();
    assert.equal(matchPattern(text, '*a'.repeat(100) + 'b'), false);
    assert.equal(matchElements(text, globElements('*a'.repeat(100) + 'b')), false);
    assert.ok(ownTime() < 200);
  });

  it('matches file names as glob does', () => {
    const table: [string, string, boolean][] = [
      ['*.conf', 'a.conf', true], ['?.conf', 'ab.conf', false], ['[a-c]x', 'bx', true], ['[!a-c]x', 'bx', false],
      ['[]]x', ']x', true], ['\\*', '*', true], ['\\*', 'a', false], ['[', '[', true], ['[a-]', '-', true],
    ];
    for (const [pattern, name, expected] of table) assert.equal(matchElements(name, globElements(pattern)), expected, `${pattern} ${name}`);
  });

  it('reads times and ports, and nothing beyond their ranges', () => {
    assert.deepEqual(['90', '1m30', '2H', '1w', '0'].map(parseTime), [90, 90, 7200, 604_800, 0]);
    assert.deepEqual(['', 'x', '-1', '1.5', '5 s', '99999999999', '9999999w', `${'1'.repeat(1e5)}x`].map(parseTime), Array(8).fill(undefined));
    assert.deepEqual(['1', '65535', '022', 'ssh'].map(parsePort), [1, 65535, 22, 22]);
    assert.deepEqual(['0', '65536', '-1', '2x', ''].map(parsePort), Array(5).fill(undefined));
  });

  it('reads chains of jumps', () => {
    assert.deepEqual(parseJump('u@a:1, b ,ssh://x%40y;fingerprint=z@[::1]:22/'), [
      { host: 'a', user: 'u', port: 1 }, { host: 'b' }, { host: '::1', user: 'x@y', port: 22 },
    ]);
    assert.equal(parseJump('NONE'), undefined);
    for (const bad of ['', ',', 'a,', '@b', 'a:0', 'a:x', '::1', 'ssh://a/b', 'ssh://%zz@a', '[]']) assert.equal(parseJump(bad), 'invalid', bad);
  });

  it('knows names that are safe in a command line', () => {
    for (const good of ['a', 'A-b.c', '10.0.0.1', 'fe80::1%eth0', 'x_y']) assert.ok(isSafeHost(good), good);
    for (const bad of ['', '-a', 'a b', 'a;b', '$(x)', 'a`b', "a'b", 'a\nb', 'a,b', 'a{b', 'a\\b']) assert.ok(!isSafeHost(bad), bad);
    for (const good of ['u', 'a b', 'DOMAIN\\u', 'u@x', '$u']) assert.ok(isSafeUser(good), good);
    for (const bad of ['', '-u', 'a -b', 'a;b', 'a\\', 'a`b', 'a\tb', 'a{b']) assert.ok(!isSafeUser(bad), bad);
  });

  it('writes addresses in one way', () => {
    assert.deepEqual(['FE80::0:1', '10.0.0.1', '::1%lo', 'name', '10.1%x'].map(canonicalAddress), ['fe80::1', '10.0.0.1', '::1%lo', undefined, undefined]);
  });

  it('replaces tokens and variables once, and refuses those that stand for nothing', () => {
    assert.equal(expand('%h-%%h-${A}', { h: 'x%h' }, undefined, { A: '%h${B}' }), 'x%h-%h-%h${B}');
    assert.equal(expand('${A}', {}, undefined), '${A}');
    for (const bad of ['%x', '%', '${B}', '${A', '%toString']) {
      assert.throws(() => expand(bad, {}, { file: '/f', line: 3 }, { A: '' }), { code: 'ssh.config.expansion' }, bad);
    }
    const who = { home: '/h', localUser: 'me', platform: 'linux' } as const;
    const homes = ['~', '~/a', '~me/b', '/~'].map((path) => expandHome(path, who, undefined));
    assert.deepEqual(homes, ['/h', '/h/a', '/h/b', '/~']);
    assert.equal(expandHome('~\\.ssh\\k', { ...who, home: 'C:\\Users\\me', platform: 'win32' }, undefined), 'C:\\Users\\me\\.ssh\\k');
    assert.throws(() => expandHome('~you/a', who, undefined), { code: 'ssh.config.expansion' });
  });

  it('applies signs of algorithm lists to the defaults of the client', () => {
    const defaults = ['aes128-gcm@openssh.com', 'aes256-ctr'];
    assert.deepEqual(assembleAlgorithms('+aes128-cbc,aes256-ctr', 'ciphers', defaults), [...defaults, 'aes128-cbc']);
    assert.deepEqual(assembleAlgorithms('^aes256-ctr', 'ciphers', defaults), ['aes256-ctr', 'aes128-gcm@openssh.com']);
    assert.deepEqual(assembleAlgorithms('-*gcm*', 'ciphers', defaults), ['aes256-ctr']);
    assert.deepEqual(assembleAlgorithms('new-cipher@x', 'ciphers', defaults), ['new-cipher@x']);
  });

  it('knows the keyword of Apple on macOS alone', () => {
    assert.equal(optionSpec('usekeychain', 'darwin')?.name, 'UseKeychain');
    assert.equal(optionSpec('usekeychain', 'linux'), undefined);
    assert.equal(optionSpec('constructor', 'linux'), undefined);
  });
});
