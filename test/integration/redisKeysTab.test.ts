// The key browser's tab without its panel, against a real server.
import assert from 'node:assert/strict';
import { nullLogger } from '../../src/base/log';
import type { ProductionRules } from '../../src/model/production';
import type { TunnelInfo } from '../../src/model/tunnel';
import { engine, openRedisSession } from '../../src/redis/index';
import type { RedisSession } from '../../src/redis/types';
import { KeysController } from '../../src/vscode/keys/controller';
import { keysStrings } from '../../src/vscode/keys/strings';
import { plainText } from '../../src/vscode/localizer';
import type { KeysToPage } from '../../src/webview/protocol';
import { eventually } from '../fixtures/eventually';
import { FakeClock } from '../fixtures/fakeClock';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { FakeUi } from '../unit/vscode/samples';
import { FakeTunnel } from './redisTunnel';

const never = new AbortController().signal;
const RULES: ProductionRules = { tags: [], accounts: [], namePatterns: ['live'] };
const bytes = (text: string) => ({ text, form: 'text' }) as const;

type Message<T extends KeysToPage['type']> = Extract<KeysToPage, { type: T }>;

describe('The key browser’s tab', function () {
  this.timeout(30_000);
  let server: RedisServer;
  let way: FakeTunnel;
  let other: RedisSession;
  let controller: KeysController;
  let ui: FakeUi;
  let clock: FakeClock;
  let posted: KeysToPage[];

  before(async () => {
    server = await startRedis();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    way = await FakeTunnel.to(server.port);
    other = await openRedisSession({ local: { host: server.host, port: server.port }, endpoint: { host: server.host, port: server.port }, tls: 'off' }, never);
    await other.run('FLUSHALL', never);
    await other.run('SET greeting hello', never);
    await other.run('RPUSH queue a b c', never);
    posted = [];
    ui = new FakeUi();
    clock = new FakeClock();
  });
  afterEach(async () => {
    await controller.dispose();
    await other.dispose();
    await eventually(() => way.clients === 0, 'the tab’s connection is closed with it');
    await way.dispose();
  });

  function tunnelInfo(id: string, name: string): TunnelInfo {
    const route = { target: { id: 'arn', name, tls: 'off' }, endpoint: { host: 'cache.internal', port: 6379 } };
    return { id, route, local: way.local, state: { phase: 'open', streams: 0 } } as unknown as TunnelInfo;
  }

  /** A tab whose first search has ended. */
  async function open(name = 'orders'): Promise<void> {
    controller = new KeysController(tunnelInfo('t1', name), {
      services: { openRedisSession, targetCa: async () => undefined, loadRedis: async () => engine, logger: nullLogger },
      logins: { known: async () => undefined, ask: async () => undefined, forget: async () => {} },
      strings: keysStrings(plainText, 'Keys: orders'),
      ui,
      clock,
      productionRules: () => RULES,
      unlockMs: () => 15 * 60_000,
      post: (message) => posted.push(structuredClone(message)),
    });
    controller.receive({ type: 'ready' });
    await until('keys', ({ state }) => state === 'complete');
  }

  const all = <T extends KeysToPage['type']>(type: T): Message<T>[] => posted.filter((message): message is Message<T> => message.type === type);
  const until = <T extends KeysToPage['type']>(type: T, holds: (message: Message<T>) => boolean = () => true): Promise<Message<T>> =>
    eventually(() => all(type).find(holds), `${type} in ${JSON.stringify(posted).slice(0, 2000)}`);
  const names = (): string[] => all('keys').flatMap((message) => message.names).toSorted((one, next) => (one < next ? -1 : 1));
  const run = async (line: string): Promise<string> => (await other.run(line, never)).text;
  const look = async (name: string): Promise<Message<'view'>> => {
    posted.length = 0;
    controller.receive({ type: 'open', name });
    return until('view', ({ view }) => view.name === name);
  };

  it('finds keys, tells their facts and shows a value', async () => {
    await open();
    assert.deepEqual(names(), ['greeting', 'queue']);
    assert.equal((await until('overview')).overview.total, 2);
    controller.receive({ type: 'facts', names: ['queue'] });
    assert.equal((await until('facts')).facts[0]!.type, 'list');
    const { view } = await look('queue');
    assert.deepEqual(view.elements.map(({ value }) => value!.text), ['a', 'b', 'c']);
    posted.length = 0;
    controller.receive({ type: 'search', query: { pattern: 'g*', kind: null } });
    await until('keys', ({ state }) => state === 'complete');
    assert.deepEqual(names(), ['greeting']);
  });

  it('saves, and tells of a change of somebody else with what is there now', async () => {
    await open();
    const { view } = await look('greeting');
    await run('SET greeting theirs');
    controller.receive({ type: 'edit', name: 'greeting', version: view.version, edit: { type: 'setBody', value: bytes('mine') } });
    assert.equal((await until('edited')).outcome, 'changed');
    const now = all('view').at(-1)!.view;
    assert.equal(now.body!.text, 'theirs');
    posted.length = 0;
    controller.receive({ type: 'edit', name: 'greeting', version: now.version, edit: { type: 'setBody', value: bytes('mine') } });
    assert.equal((await until('edited')).outcome, 'done');
    assert.equal(await run('GET greeting'), '"mine"');
  });

  it('asks before it removes anything', async () => {
    await open();
    const { view } = await look('queue');
    controller.receive({ type: 'edit', name: 'queue', version: view.version, edit: { type: 'removeElement', element: 0 } });
    assert.equal((await until('edited')).outcome, 'failed');
    controller.receive({ type: 'remove', names: ['queue', 'greeting'] });
    await eventually(() => ui.confirmed.length === 2);
    assert.match(ui.confirmed[1]!.message, /Delete 2 keys from "orders"/);
    assert.match(ui.confirmed[1]!.detail, /queue\ngreeting/);
    assert.equal(await run('DBSIZE'), '(integer) 2');
    ui.agree = [true];
    controller.receive({ type: 'remove', names: ['queue', 'greeting'] });
    await until('notice', ({ text }) => text === '2 keys were deleted.');
    assert.deepEqual((await until('gone')).names, ['queue', 'greeting']);
    assert.equal(await run('DBSIZE'), '(integer) 0');
  });

  it('renames and sets the expiry with what the person enters', async () => {
    await open();
    await look('greeting');
    ui.type = ['hello:world'];
    controller.receive({ type: 'rename', name: 'greeting' });
    assert.deepEqual(await until('gone'), { type: 'gone', names: ['greeting'], renamed: 'hello:world' });
    await until('view', ({ view }) => view.name === 'hello:world');
    ui.type = ['90'];
    controller.receive({ type: 'expire', name: 'hello:world' });
    const { view } = await until('view', (message) => message.view.ttl !== null && message.view.ttl > 0);
    assert.ok(view.ttl! > 80_000 && view.ttl! <= 90_000);
    ui.type = [''];
    await until('notice');
    controller.receive({ type: 'expire', name: 'hello:world' });
    await eventually(async () => (await run('TTL hello:world')) === '(integer) -1');
    assert.match(ui.inputs.at(-1)!.value!, /^\d+$/);
    ui.type = ['queue'];
    controller.receive({ type: 'rename', name: 'hello:world' });
    await until('notice', ({ text, isError }) => isError && text.includes('already'));
  });

  it('is read-only on production, until it is unlocked, and has the name typed before many keys are deleted', async () => {
    await open('orders-live');
    assert.deepEqual(all('guard').map(({ production, minutesLeft }) => [production, minutesLeft]), [[true, 0]]);
    const { view } = await look('greeting');
    const edit = { type: 'edit', name: 'greeting', version: view.version, edit: { type: 'setBody', value: bytes('x') } } as const;
    controller.receive(edit);
    assert.match((await until('edited')).text, /production target/);
    controller.receive({ type: 'remove', names: ['greeting'] });
    await until('notice', ({ isError }) => isError);
    assert.deepEqual([ui.confirmed.length, await run('GET greeting')], [0, '"hello"']);
    ui.agree = [true];
    controller.receive({ type: 'unlockWrites' });
    await until('guard', ({ minutesLeft }) => minutesLeft === 15);
    ui.type = ['orders-live'];
    controller.receive({ type: 'remove', names: ['greeting', 'queue'] });
    await until('gone');
    assert.match(ui.inputs.at(-1)!.title, /on production/);
    clock.advance(16 * 60_000);
    await until('guard', ({ production, minutesLeft }) => production && minutesLeft === 0);
  });

  it('gives a page that comes back everything again, and the answer that it missed', async () => {
    await open();
    const { view } = await look('greeting');
    controller.pageHidden();
    posted.length = 0;
    controller.receive({ type: 'edit', name: 'greeting', version: view.version, edit: { type: 'setBody', value: bytes('x') } });
    await eventually(async () => (await run('GET greeting')) === '"x"');
    await run('PING');
    assert.deepEqual(posted, []);
    // The answer is there once the key was read again.
    await eventually(() => {
      posted.length = 0;
      controller.receive({ type: 'ready' });
      controller.pageHidden();
      return all('edited').length > 0;
    });
    assert.deepEqual(posted.map(({ type }) => type), ['setup', 'status', 'guard', 'overview', 'keys', 'view', 'edited']);
    assert.deepEqual(names(), ['greeting', 'queue']);
    assert.equal(all('view')[0]!.view.body!.text, 'x');
  });

  it('says that the connection is lost, and goes on with the next thing that is asked for', async () => {
    await open();
    await look('queue');
    way.cut();
    await until('status', ({ status }) => status === 'lost');
    controller.receive({ type: 'turn', turn: 'same' });
    await until('status', ({ status }) => status === 'ready');
    await until('view', ({ view }) => view.version === 2);
  });

  it('stays in its database where the other one cannot be had', async () => {
    await open();
    posted.length = 0;
    controller.receive({ type: 'database', index: 4000 });
    await until('notice', ({ isError }) => isError);
    assert.equal((await until('overview')).overview.database, 0);
    assert.deepEqual(names(), ['greeting', 'queue']);
  });

  it('goes on behind another tunnel to the same place, with the same database and key', async () => {
    await run('SELECT 3');
    await run('SET three 3');
    await open();
    controller.receive({ type: 'database', index: 3 });
    await until('overview', ({ overview }) => overview.database === 3);
    await until('closed');
    await look('three');
    controller.tunnelChanged({ ...tunnelInfo('t1', 'orders'), state: { phase: 'closed' } });
    await until('status', ({ status }) => status === 'tunnelClosed');
    controller.receive({ type: 'turn', turn: 'same' });
    await until('notice', ({ text }) => text.includes('not connected'));
    posted.length = 0;
    await controller.moveTo(tunnelInfo('t2', 'orders'));
    await until('view', ({ view }) => view.body?.text === '3');
    await until('keys', ({ state }) => state === 'complete');
    assert.deepEqual(names(), ['three']);
  });
});
