import assert from 'node:assert/strict';
import { Pushes, pushText } from '../../../src/redis/pushes';
import { RespDecoder, type RespValue } from '../../../src/wire/resp';

const push = (wire: string): RespValue => new RespDecoder().push(Buffer.from(wire, 'latin1'))[0]!;
const invalidate = (...keys: string[]): RespValue => push(`>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('')}`);

describe('What a server says by itself', () => {
  it('reads as in redis-cli', () => {
    assert.equal(pushText(invalidate('k')), "-> invalidate: 'k'");
    assert.equal(pushText(invalidate('a', 'b')), "-> invalidate: 'a', 'b'");
    assert.equal(pushText(push('>2\r\n$10\r\ninvalidate\r\n_\r\n')), '1) "invalidate"\n2) (nil)');
    assert.equal(pushText(push('>2\r\n+message\r\n:1\r\n')), '1) message\n2) (integer) 1');
  });

  it('is bounded, and harmless', () => {
    assert.equal(pushText(invalidate('\u001b[31m\n')), String.raw`-> invalidate: '\x1b[31m\n'`);
    assert.ok(pushText(invalidate('k'.repeat(100_000))).length <= 2000);
    const pushes = new Pushes();
    for (let index = 0; index < 150; index++) pushes.add(invalidate(`k${index}`));
    const lines = pushes.take();
    assert.deepEqual([lines.length, lines[0], lines[1], lines.at(-1)], [101, '-> 50 earlier messages of the server are not shown', "-> invalidate: 'k50'", "-> invalidate: 'k149'"]);
    assert.deepEqual(pushes.take(), []);
  });
});
