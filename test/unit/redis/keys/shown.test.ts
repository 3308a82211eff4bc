import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import { nameBytes, nameText, shownBytes, typedBytes, wholeCharacters } from '../../../../src/redis/keys/shown';

const SAMPLES: readonly Buffer[] = [
  '', 'user:1', 'a\\b', 'tab\tnew\nline\r', 'größe', '日本', '👩‍👩‍👧', '\u202Eabc', '\uFEFFmark', '\uFFFD', 'a\u0000b', '\u2028', '\\x00', '\ufffd\\',
].map((text) => Buffer.from(text, 'utf8')).concat([
  Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xe2, 0x82]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xf0, 0x9f, 0x98]),
  Buffer.from([0xc0, 0x80]), Buffer.from([0xf5, 0x80, 0x80, 0x80]), Buffer.from([0x41, 0xef, 0xbf, 0xbd, 0xff]), Buffer.from([0xef, 0xbf]),
]);

/** The same at each run. */
function bytesAtRandom(count: number): Buffer[] {
  let state = 12345;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31);
  return Array.from({ length: count }, () => Buffer.from(Array.from({ length: next() % 12 }, () => (next() >> 8) % 256)));
}

describe('Bytes as a person sees and types them', () => {
  it('are the same bytes again, whatever they are', () => {
    for (const bytes of [...SAMPLES, ...bytesAtRandom(2000)]) {
      assert.deepEqual(nameBytes(nameText(bytes)), bytes, bytes.toString('hex'));
      assert.deepEqual(typedBytes(shownBytes(bytes, 1000)), bytes, bytes.toString('hex'));
    }
  });

  it('give different names different texts', () => {
    const names = [...SAMPLES, ...bytesAtRandom(2000)];
    assert.equal(new Set(names.map(nameText)).size, new Set(names.map((name) => name.toString('hex'))).size);
  });

  it('never contain a control character, or one that reorders the text', () => {
    for (const bytes of [...SAMPLES, ...bytesAtRandom(2000)]) {
      assert.doesNotMatch(nameText(bytes), /[\p{Cc}\u202A-\u202E\u2066-\u2069\u2028\u2029]/u);
      assert.doesNotMatch(shownBytes(bytes, 1000).text, /[^\P{Cc}\n\t]|[\u202A-\u202E\u2066-\u2069]/u);
    }
  });

  it('stay readable where they are text', () => {
    assert.equal(nameText(Buffer.from('größe:日本👩‍👩‍👧')), 'größe:日本👩‍👩‍👧');
    assert.equal(nameText(Buffer.from('a\\b\n')), 'a\\\\b\\n');
    assert.equal(nameText(Buffer.from([0x61, 0xff, 0xc3, 0xbc])), 'a\\xffü');
    assert.deepEqual(shownBytes(Buffer.from('two\nlines \\ {"a":1}'), 100), { text: 'two\nlines \\ {"a":1}', form: 'text', cut: false });
    // A text field makes \r\n a \n, which would be other bytes.
    assert.deepEqual(shownBytes(Buffer.from('a\r\nb'), 100), { text: 'a\\r\\nb', form: 'escaped', cut: false });
    assert.deepEqual(shownBytes(Buffer.from([0, 1]), 100), { text: '\\x00\\x01', form: 'escaped', cut: false });
  });

  it('are cut between characters, and say so', () => {
    assert.deepEqual(shownBytes(Buffer.from('aü'), 2), { text: 'a', form: 'text', cut: true });
    assert.deepEqual(shownBytes(Buffer.from('ab'), 2, 7), { text: 'ab', form: 'text', cut: true });
    assert.equal(wholeCharacters(Buffer.from('👩x'), 3), 3, 'a character that would leave nothing is cut');
    assert.equal(wholeCharacters(Buffer.from('x👩'), 3), 1);
    assert.equal(wholeCharacters(Buffer.alloc(10, 0x80), 5), 5);
  });

  it('refuse what is no escape', () => {
    for (const text of ['\\', '\\q', '\\x', '\\x1', '\\xzz', 'a\\']) {
      assert.throws(() => nameBytes(text), (error) => isFault(error) && error.code === 'redis.badEscape', text);
    }
    assert.deepEqual(typedBytes({ text: 'a\\b', form: 'text' }), Buffer.from('a\\b'));
  });
});
