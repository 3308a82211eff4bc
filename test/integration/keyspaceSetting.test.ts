import assert from 'node:assert/strict';
import { isFault } from '../../src/base/fault';
import { nullLogger } from '../../src/base/log';
import { keyspaceWatch } from '../../src/model/keyspaceEvents';
import { engine } from '../../src/redis/index';
import type { RedisSession } from '../../src/redis/types';
import { ConsoleGuard } from '../../src/vscode/console/consoleGuard';
import { prepareKeyspaceEvents } from '../../src/vscode/live/keyspaceSetting';
import type { LivePreparation } from '../../src/vscode/live/liveController';
import { FakeClock } from '../fixtures/fakeClock';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { FakeUi } from '../unit/vscode/samples';
import { RULES, tunnel } from '../unit/webview/consoleWorld';

const never = new AbortController().signal;
const ALL = keyspaceWatch('*');

describe('The setting of keyspace events', function () {
  this.timeout(30_000);
  let server: RedisServer;
  let session: RedisSession;
  let ui: FakeUi;
  let guard: ConsoleGuard;
  let port: number;
  const open: RedisSession[] = [];

  const openSession = async (_: unknown, guarded: ConsoleGuard | object | undefined, signal: AbortSignal): Promise<RedisSession> => {
    const options = { local: { host: '127.0.0.1', port }, endpoint: { host: 'cache', port: 6379 }, tls: 'off' as const };
    const made = await engine.openRedisSession({ ...options, ...(guarded && { guard: guarded as ConsoleGuard }) }, signal);
    open.push(made);
    return made;
  };
  const prepare = (name = 'orders'): Promise<LivePreparation> => {
    guard = new ConsoleGuard({ ui, clock: new FakeClock(), logger: nullLogger, rules: () => RULES, unlockMs: () => 60_000, target: () => tunnel('t1', undefined, name).route.target, onChange: () => {} });
    return prepareKeyspaceEvents(tunnel('t1', undefined, name), ALL, guard, { ui, logger: nullLogger, openSession }, never);
  };
  const set = async (value: string): Promise<unknown> => session.call(['CONFIG', 'SET', 'notify-keyspace-events', value], never);
  const flags = async (): Promise<string> => (await session.run('CONFIG GET notify-keyspace-events', never)).text.replace(/^[^]*2\) /, '');

  before(async () => {
    server = await startRedis();
    ({ port } = server);
    session = await openSession(undefined, undefined, never);
  });
  after(async () => {
    await session?.dispose();
    await server?.stop();
  });
  beforeEach(async () => {
    ui = new FakeUi();
    port = server.port;
    await set('');
  });
  afterEach(() => {
    guard.dispose();
    assert.ok(open.every((one) => one === session || one.state === 'closed'), 'no connection is left');
  });

  it('is turned on when the person says so, by one question, and put back', async () => {
    ui.agree = [true];
    const { note, restore } = await prepare();
    assert.equal(ui.confirmed.length, 1);
    assert.equal(await flags(), '"AE"');
    assert.match(note, /is "AE" until this pane/);
    await restore();
    assert.equal(await flags(), '""');
  });

  it('stays as it is without a yes, and says that nothing will come', async () => {
    const { note, restore } = await prepare();
    assert.match(note, /are off/);
    await restore();
    assert.equal(await flags(), '""');
  });

  it('is left alone where it is on already', async () => {
    await set('AKE');
    assert.equal((await prepare()).note, '');
    await set('Ex');
    assert.match((await prepare()).note, /"xE": only those/);
    assert.equal(ui.confirmed.length, 0);
  });

  it('is not put back over what somebody else has set meanwhile', async () => {
    ui.agree = [true];
    const { restore } = await prepare();
    await set('AKE');
    await restore();
    assert.equal(await flags(), '"AKE"');
  });

  it('needs writes unlocked and the name on production', async () => {
    ui.agree = [true, false];
    assert.match((await prepare('live orders')).note, /are off/);
    ui.agree = [true, true];
    ui.type = ['live orders'];
    const { restore } = await prepare('live orders');
    assert.equal(ui.inputs.length, 1);
    assert.equal(await flags(), '"AE"');
    await restore();
    assert.equal(await flags(), '""');
    ui.agree = [true, true];
    assert.match((await prepare('live orders')).note, /are off/, 'the name was not typed');
  });

  it('is said to be in the parameter group where clients may not see it', async () => {
    const managed = await startRedis({ renamed: { CONFIG: '""' } });
    try {
      ({ port } = managed);
      assert.match((await prepare()).note, /parameter group/);
      const cache = tunnel('t1');
      const target = { ...cache.route.target, id: 'arn:aws:elasticache:eu-central-1:111122223333:serverlesscache:burst' };
      const { note } = await prepareKeyspaceEvents({ ...cache, route: { ...cache.route, target } }, ALL, guard, { ui, logger: nullLogger, openSession }, never);
      assert.match(note, /^A serverless cache has fixed parameters/);
    } finally {
      await managed.stop();
    }
  });

  it('is told to the person where it could not be put back', async () => {
    const mortal = await startRedis();
    ({ port } = mortal);
    ui.agree = [true];
    const { restore } = await prepare();
    await mortal.stop();
    await restore();
    assert.match(ui.errors[0]?.text ?? '', /of "orders" is still "AE": set it back to "" yourself/);
    await assert.rejects(prepare(), (error) => isFault(error) && error.code === 'redis.unreachable');
  });
});
