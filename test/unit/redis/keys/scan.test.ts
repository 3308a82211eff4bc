import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import { KeyScan } from '../../../../src/redis/keys/scan';
import { FakeClock } from '../../../fixtures/fakeClock';
import { array, bulk, FakePort } from './fakePort';

const never = new AbortController().signal;
const page = (next: string, ...names: string[]): string => array(bulk(next), array(...names.map(bulk)));
const scanOf = (port: FakePort, pattern = '*', kind: 'hash' | null = null, clock = new FakeClock()): KeyScan => new KeyScan(port, clock, { pattern, kind });

describe('A search for keys', () => {
  it('uses SCAN alone, follows its cursor and finds a name once', async () => {
    const port = new FakePort((command) => (command.startsWith('SCAN 0 ') ? page('7', 'a', 'b') : page('0', 'b', 'c')));
    const scan = scanOf(port, 'x*');
    assert.deepEqual(await scan.more(never, never), { names: ['a', 'b', 'c'], complete: true, full: false, unseen: 0 });
    assert.deepEqual(port.sent, ['SCAN 0 MATCH x* COUNT 1000', 'SCAN 7 MATCH x* COUNT 1000']);
    assert.deepEqual(await scan.more(never, never), { names: [], complete: true, full: false, unseen: 0 });
  });

  it('is bounded in time, and goes on where it was', async () => {
    const clock = new FakeClock();
    const port = new FakePort(() => {
      clock.advance(600);
      return page('5', `key${port.sent.length}`);
    });
    const scan = scanOf(port, '*', null, clock);
    assert.deepEqual((await scan.more(never, never)).names, ['key1', 'key2']);
    assert.equal((await scan.more(never, never)).complete, false);
    assert.equal(port.sent.length, 4);
  });

  it('is bounded in number', async () => {
    const port = new FakePort(() => page('5', ...Array.from({ length: 1000 }, (_, index) => `${port.sent.length}:${index}`)));
    const scan = scanOf(port);
    assert.equal((await scan.more(never, never)).names.length, 10_000);
    for (let step = 1; step < 20; step++) await scan.more(never, never);
    const { full, complete, names } = await scan.more(never, never);
    assert.deepEqual([full, complete, names.length, scan.names.size], [true, false, 0, 200_000]);
  });

  it('ends between two calls when it is cancelled, and keeps what it has found', async () => {
    const until = new AbortController();
    const port = new FakePort(() => {
      until.abort();
      return page('5', 'a');
    });
    assert.deepEqual((await scanOf(port).more(until.signal, never)).names, ['a']);
    assert.equal(port.sent.length, 1);
  });

  it('looks a single name up instead of looking at all', async () => {
    const port = new FakePort((command) => (command === 'TYPE user:1' ? '+hash\r\n' : '+none\r\n'));
    assert.deepEqual((await scanOf(port, 'user:1').more(never, never)).names, ['user:1']);
    assert.deepEqual((await scanOf(port, 'user:1', 'hash').more(never, never)).names, ['user:1']);
    assert.deepEqual((await scanOf(port, 'user:2').more(never, never)).names, []);
    assert.deepEqual(port.sent, ['TYPE user:1', 'TYPE user:1', 'TYPE user:2']);
    port.answer = () => "-NOPERM this user has no permissions to run the 'type' command\r\n";
    assert.deepEqual((await scanOf(port, 'user:3').more(never, never)).names, ['user:3']);
  });

  it('filters by type itself where SCAN cannot', async () => {
    const port = new FakePort((command) => {
      if (command.endsWith('TYPE hash')) return '-ERR syntax error\r\n';
      return command.startsWith('SCAN') ? page('0', 'h', 's') : command === 'TYPE h' ? '+hash\r\n' : '+string\r\n';
    });
    assert.deepEqual((await scanOf(port, '*', 'hash').more(never, never)).names, ['h']);
  });

  it('says that SCAN is denied', async () => {
    const port = new FakePort(() => "-NOPERM this user has no permissions to run the 'scan' command\r\n");
    await assert.rejects(scanOf(port).more(never, never), (error) => isFault(error) && error.code === 'redis.noPermission' && error.message.includes('SCAN'));
  });

  it('counts names that are too long to be shown', async () => {
    const port = new FakePort(() => page('0', 'a'.repeat(1025), 'b'));
    assert.deepEqual(await scanOf(port).more(never, never), { names: ['b'], complete: true, full: false, unseen: 1 });
  });

  it('shows a name that is no text by its escapes', async () => {
    const port = new FakePort(() => array(bulk('0'), array('$2\r\na\xff\r\n')));
    assert.deepEqual((await scanOf(port).more(never, never)).names, ['a\\xff']);
  });
});
