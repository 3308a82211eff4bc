import assert from 'node:assert/strict';
import { isFault } from '../../../../src/base/fault';
import { browseKeys } from '../../../../src/redis/keys/browser';
import { parseView } from '../../../../src/webview/keys/parseValues';
import { FakeClock } from '../../../fixtures/fakeClock';
import { array, bulk, FakePort } from './fakePort';

const never = new AbortController().signal;
const NOPERM = (command: string): string => `-NOPERM User few has no permissions to run the '${command}' command\r\n`;

describe('The key browser', () => {
  it('knows that it sees one node of a cluster, which has one database', async () => {
    const answers: Record<string, string> = { DBSIZE: ':5\r\n', 'INFO keyspace': bulk('# Keyspace\r\ndb0:keys=5,expires=0\r\n'), 'INFO cluster': bulk('# Cluster\r\ncluster_enabled:1\r\n') };
    const overview = await browseKeys(new FakePort((command) => answers[command]), new FakeClock()).overview(never);
    assert.deepEqual(overview, { database: 0, total: 5, databases: [{ index: 0, keys: 5 }], denied: [], cluster: true });
  });

  it('does not ask again what a user may not ask, but for keys that are not this user’s', async () => {
    const port = new FakePort((command) => {
      if (command.startsWith('MEMORY')) return NOPERM('memory|usage');
      if (command === 'TYPE a') return '-NOPERM No permissions to access a key\r\n';
      return command.startsWith('TYPE') ? '+hash\r\n' : ':-1\r\n';
    });
    const browser = browseKeys(port, new FakeClock());
    const facts = await browser.facts(['a', 'b'], never);
    assert.deepEqual(facts.map(({ type, memory, ttl }) => [type, memory, ttl]), [[null, null, -1], ['hash', null, -1]]);
    port.sent.length = 0;
    await browser.facts(['b'], never);
    assert.deepEqual(port.sent, ['TYPE b', 'PTTL b']);
  });

  it('keeps to what can be shown, whatever a server answers', async () => {
    const hostile = '\u0000\u202E<b>'.repeat(200);
    const port = new FakePort((command) => {
      const [name = ''] = command.split(' ');
      switch (name) {
        case 'TYPE':
          return '+zset\r\n';
        case 'PTTL':
          return ':-7\r\n';
        case 'MEMORY':
          return ':9223372036854775807\r\n';
        case 'OBJECT':
          return bulk(hostile);
        case 'ZCARD':
          return ':-3\r\n';
        default:
          return array(bulk('m'), bulk(hostile), bulk('no partner'));
      }
    });
    const view = await browseKeys(port, new FakeClock()).open('k').read('first', never);
    assert.deepEqual([view.ttl, view.memory, view.length, view.elements.length], [null, null, null, 1]);
    assert.doesNotMatch(`${view.encoding}${view.elements[0]!.label}`, /[\p{Cc}\u202E]/u);
    assert.deepEqual(parseView(JSON.parse(JSON.stringify(view))), view, 'the page takes it');
  });

  it('shows a bounded part of an entry with very many fields, and nothing that has no proper id', async () => {
    const fields = Array.from({ length: 5000 }, (_, index) => bulk(String(index)));
    const port = new FakePort((command) => {
      if (command.startsWith('TYPE')) return '+stream\r\n';
      return command.startsWith('XREVRANGE') ? array(array(bulk('5-1'), array(...fields)), array(bulk('odd'), array(bulk('f'), bulk('v')))) : ':2\r\n';
    });
    const view = await browseKeys(port, new FakeClock()).open('k').read('first', never);
    assert.deepEqual(view.elements.map(({ label, pairs }) => [label, pairs.length, pairs.at(-1)![0].cut]), [['5-1', 1001, true]]);
    assert.deepEqual(parseView(JSON.parse(JSON.stringify(view))), view);
  });

  it('deletes by DEL where UNLINK is not allowed, and says how far it came', async () => {
    const port = new FakePort((command) => {
      if (command.startsWith('UNLINK')) return NOPERM('unlink');
      return command === 'DEL c' ? '-READONLY You can\'t write against a read only replica.\r\n' : ':1\r\n';
    });
    const { removed, fault } = await browseKeys(port, new FakeClock()).remove(['a', 'b', 'c', 'd'], never);
    assert.deepEqual([removed, fault?.code, fault?.message.includes('READONLY')], [['a', 'b', 'd'], 'redis.replied', true]);
  });

  it('refuses a name that no bytes look like', async () => {
    const browser = browseKeys(new FakePort(() => '+OK\r\n'), new FakeClock());
    assert.throws(() => browser.open('a\\'), (error) => isFault(error) && error.code === 'redis.badEscape');
  });
});
