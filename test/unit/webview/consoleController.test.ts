import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import { ConsoleController } from '../../../src/vscode/console/controller';
import { consoleStrings } from '../../../src/vscode/console/strings';
import { plainText } from '../../../src/vscode/localizer';
import { FakeSession, RULES, settled, tunnel, World } from './consoleWorld';

const needsPassword = new Fault('redis.passwordNeeded', 'Password needed.');
const wrongPassword = new Fault('redis.wrongPassword', 'Wrong password.');

describe('ConsoleController', () => {
  it('connects when the page is ready, through the tunnel and under the real name', async () => {
    const world = await new World().start();
    assert.ok(world.opened[0]?.guard);
    assert.deepEqual(world.opened.map((options) => ({ ...options, guard: undefined })), [
      { guard: undefined, label: 'orders', local: { host: '127.0.0.1', port: 16379 }, endpoint: { host: 'cache.internal', port: 6379 }, tls: 'required', ca: 'PEM' },
    ]);
    assert.deepEqual(world.posted.map(({ type }) => type), ['setup', 'guard', 'status', 'status']);
    assert.deepEqual(world.last, { type: 'status', status: 'ready', prompt: 'cache.internal:6379', detail: '' });
  });

  it('asks for a login until it is right, and never shows it to the page', async () => {
    const world = new World();
    world.refuse = ({ login }) => (login === undefined ? needsPassword : login.password === 'hunter2' ? undefined : wrongPassword);
    world.entered = [{ password: 'guess-1' }, { username: 'me', password: 'hunter2' }];
    await world.start();
    assert.deepEqual(world.asked, ['redis.passwordNeeded', 'redis.wrongPassword']);
    assert.equal(world.sessions.length, 1);
    assert.ok(!/hunter2|guess-1/.test(JSON.stringify(world.posted)));
  });

  it('uses the remembered login, and forgets one that is refused', async () => {
    const world = new World();
    world.known = { password: 'old' };
    world.refuse = ({ login }) => (login?.password === 'new' ? undefined : wrongPassword);
    world.entered = [{ password: 'new' }];
    await world.start();
    assert.equal(world.forgotten, 1);
    assert.deepEqual(world.opened.map(({ login }) => login?.password), ['old', 'new']);
  });

  it('shows the fault when the person gives up, and tries again on request', async () => {
    const world = new World();
    world.refuse = ({ login }) => (login ? undefined : needsPassword);
    await world.start();
    assert.equal(world.status(), 'failed: Password needed.');
    world.entered = [{ password: 'x' }];
    world.controller.receive({ type: 'connect' });
    await settled();
    assert.equal(world.status(), 'ready');
  });

  it('runs, cancels and pings', async () => {
    const world = await new World().start();
    world.controller.receive({ type: 'run', id: 1, line: 'GET a', rest: [], judged: false });
    await settled();
    world.session.runs[0]!.answer('"x"');
    await settled();
    assert.deepEqual(world.last, { type: 'reply', id: 1, kind: 'value', text: '"x"', rows: 0, views: [], truncated: false, ending: 'whole', elapsedMs: 1, prompt: 'cache.internal:6379' });
    world.controller.receive({ type: 'run', id: 2, line: 'BLPOP q 0', rest: [], judged: false });
    world.controller.receive({ type: 'cancel', id: 1 });
    await settled();
    assert.equal(world.posted.filter(({ type }) => type === 'fault').length, 0, 'an old id cancels nothing');
    world.controller.receive({ type: 'cancel', id: 2 });
    await settled();
    assert.deepEqual(world.last, { type: 'fault', id: 2, text: 'The operation was cancelled.', cancelled: true, readOnly: false, prompt: 'cache.internal:6379' });
    world.controller.receive({ type: 'ping' });
    await settled();
    assert.deepEqual(world.last, { type: 'pong', latencyMs: 1.5 });
    world.session.pinging = () => Promise.reject(wrongPassword);
    world.controller.receive({ type: 'ping' });
    await settled();
    assert.deepEqual(world.last, { type: 'pingFailed', text: 'Wrong password.' });
  });

  it('refuses a second command at the same time, and any before it is connected', async () => {
    const world = new World();
    world.controller.receive({ type: 'run', id: 0, line: 'PING', rest: [], judged: false });
    await world.start();
    world.controller.receive({ type: 'run', id: 1, line: 'BLPOP q 0', rest: [], judged: false });
    world.controller.receive({ type: 'run', id: 2, line: 'PING', rest: [], judged: false });
    await settled();
    assert.ok(world.last?.type === 'fault' && world.last.id === 2);
    assert.equal(world.session.runs.length, 1);
  });

  it('gives a page what was typed on this connection before, without secrets', async () => {
    const world = await new World().start();
    const run = async (line: string): Promise<void> => {
      world.controller.receive({ type: 'run', id: 1, line, rest: [], judged: false });
      await settled();
      world.session.runs.at(-1)?.answer('OK');
      await settled();
    };
    const guard = world.opened[0]!.guard!;
    world.session.reviewing = async ([line = '']) => {
      if (line.startsWith('sesame')) guard.onUnknown?.('sesame', 'auth');
      if (line.startsWith('mystery')) guard.onUnknown?.('mystery', undefined);
      if (line.startsWith('lost')) throw new Fault('redis.connectionLost', 'The connection was lost.');
      if (line.startsWith('SET')) throw new Fault('redis.readOnly', 'SET was not run.');
    };
    for (const line of ['GET a', 'AUTH me hunter2', 'sesame hunter2', 'SESAME hunter2', 'mystery hunter2', 'lost hunter2', 'SET a 1', 'GET b']) await run(line);
    assert.ok(!JSON.stringify([...world.state.values]).includes('hunter2'));
    world.posted.length = 0;
    world.controller.receive({ type: 'ready' });
    assert.ok(world.posted[0]?.type === 'setup');
    assert.deepEqual(world.posted[0].history, ['GET a', 'SET a 1', 'GET b']);
    assert.deepEqual(world.posted.find(({ type }) => type === 'renames'), { type: 'renames', names: [['sesame', 'auth'], ['mystery', 'auth']] });
  });

  it('keeps the reply for a page that was hidden meanwhile', async () => {
    const world = await new World().start();
    world.controller.receive({ type: 'run', id: 7, line: 'GET a', rest: [], judged: false });
    await settled();
    world.controller.pageHidden();
    const before = world.posted.length;
    world.session.runs[0]!.answer('"x"');
    await settled();
    assert.equal(world.posted.length, before);
    await world.start();
    assert.deepEqual(world.posted.slice(before).map(({ type }) => type), ['setup', 'guard', 'reply']);
    assert.ok(world.posted[before]?.type === 'setup' && world.posted[before].running === 7);
    assert.equal(world.opened.length, 1, 'the session is the same');
    await world.start();
    assert.equal(world.posted.filter(({ type }) => type === 'reply').length, 1, 'it is told once');
  });

  it('tells a new page what is still running', async () => {
    const world = await new World().start();
    world.controller.receive({ type: 'run', id: 7, line: 'BLPOP q 0', rest: [], judged: false });
    world.controller.pageHidden();
    await world.start();
    const setup = world.posted.findLast(({ type }) => type === 'setup');
    assert.ok(setup?.type === 'setup' && setup.running === 7);
  });

  it('says when the connection is lost and when it is back', async () => {
    const world = await new World().start();
    world.session.change('lost');
    assert.equal(world.status(), 'lost');
    world.session.pinging = async () => {
      world.session.change('ready');
      return 1;
    };
    world.controller.receive({ type: 'connect' });
    await settled();
    assert.equal(world.status(), 'ready');
    assert.equal(world.sessions.length, 1);
  });

  it('asks anew when a lost session is refused because the password has changed', async () => {
    const world = await new World().start();
    const [old] = world.sessions;
    old!.change('lost');
    world.refuse = ({ login }) => (login?.password === 'new' ? undefined : needsPassword);
    world.entered = [{ password: 'new' }];
    world.controller.receive({ type: 'run', id: 1, line: 'PING', rest: [], judged: false });
    await settled();
    old!.runs[0]!.fail(wrongPassword);
    await settled();
    assert.equal(old!.disposed, true);
    assert.equal(world.sessions.length, 2);
    assert.equal(world.status(), 'ready');
  });

  it('begins anew, when asked, where the login of a lost session was refused: another one may have been chosen', async () => {
    const world = new World();
    const source = (kind: 'iam' | 'secret') => ({ kind, name: kind, fresh: async () => ({ password: kind }) });
    world.known = source('iam');
    await world.start();
    const [old] = world.sessions;
    old!.change('lost');
    world.controller.receive({ type: 'run', id: 1, line: 'PING', rest: [], judged: false });
    await settled();
    old!.runs[0]!.fail(new Fault('redis.iamRefused', 'The token was refused.'));
    await settled();
    assert.equal(old!.disposed, true);
    assert.equal(world.status(), 'failed: The token was refused.');
    assert.deepEqual(world.asked, []);
    world.known = source('secret');
    world.controller.receive({ type: 'connect' });
    await settled();
    assert.equal(world.status(), 'ready');
    assert.deepEqual(world.opened.map(({ loginSource, login }) => [loginSource?.kind, login]), [['iam', undefined], ['secret', undefined]]);
  });

  it('ends the session with its tunnel, and goes on with the next one', async () => {
    const world = await new World().start();
    const [first] = world.sessions;
    world.controller.tunnelChanged(tunnel('other', { phase: 'closed' }));
    assert.equal(first!.disposed, false);
    world.controller.tunnelChanged(tunnel('t1', { phase: 'closed', cause: { code: 'link.lost', message: 'The bastion went away.', retryable: true } }));
    await settled();
    assert.equal(first!.disposed, true);
    assert.equal(world.status(), 'tunnelClosed: The bastion went away.');
    world.controller.receive({ type: 'connect' });
    await settled();
    assert.equal(world.sessions.length, 1, 'there is nothing to connect through');
    await world.controller.moveTo(tunnel('t2'));
    assert.equal(world.sessions.length, 2);
    assert.equal(world.controller.tunnel.id, 't2');
    assert.equal(world.status(), 'ready');
  });

  it('opens a pane beside for what streams or waits, and says so', async () => {
    const world = await new World().start();
    const request = { args: ['BLPOP', 'q', '0'], times: 1, database: 2 };
    world.session.panes.set('BLPOP q 0', request);
    world.session.reviewing = async (lines) => assert.deepEqual(lines, ['BLPOP q 0']);
    world.controller.receive({ type: 'run', id: 4, line: 'BLPOP q 0', rest: [], judged: false });
    await settled();
    assert.deepEqual(world.live, [request]);
    assert.deepEqual(world.session.runs, []);
    assert.deepEqual(world.last, { type: 'reply', id: 4, kind: 'value', text: 'It goes on in a pane of its own.', rows: 0, views: [], ending: 'whole', truncated: false, elapsedMs: 0, prompt: 'cache.internal:6379' });
  });

  describe('the strip of latencies', () => {
    const pulses = (world: World): unknown[] => world.posted.flatMap((message) => (message.type === 'pulse' ? [message.latencies] : []));

    it('is fed while the page is there, and not when it is hidden', async () => {
      const world = new World();
      world.pulseMs = 2000;
      await world.start();
      world.clock.advance(2000);
      await settled();
      world.clock.advance(2000);
      await settled();
      assert.deepEqual(pulses(world).at(-1), [1.5, 1.5]);
      world.controller.pageHidden();
      const { length } = world.posted;
      world.clock.advance(60_000);
      await settled();
      assert.equal(world.posted.length, length);
      world.controller.receive({ type: 'ready' });
      assert.deepEqual(pulses(world).at(-1), [1.5, 1.5], 'what was measured is still there');
    });

    it('asks nothing on a connection that is busy, lost, or in a transaction, nor where it is switched off', async () => {
      const world = new World();
      world.pulseMs = 2000;
      await world.start();
      const { session } = world;
      let asked = 0;
      session.pinging = () => {
        asked++;
        return Promise.reject(new Fault('redis.busy', 'A transaction is open.'));
      };
      world.clock.advance(2000);
      await settled();
      assert.deepEqual([asked, pulses(world).length], [1, 0]);
      world.controller.receive({ type: 'run', id: 0, line: 'BLPOP q 0', rest: [], judged: false });
      await settled();
      world.clock.advance(2000);
      await settled();
      session.runs[0]!.answer('nil');
      session.change('lost');
      await settled();
      world.clock.advance(2000);
      await settled();
      session.change('ready');
      world.pulseMs = 0;
      world.clock.advance(60_000);
      await settled();
      assert.equal(asked, 1);
    });

    it('has one gap for pings that were not answered', async () => {
      const world = new World();
      world.pulseMs = 2000;
      await world.start();
      const { session } = world;
      world.clock.advance(2000);
      await settled();
      session.pinging = () => Promise.reject(new Fault('redis.connectionLost', 'Gone.'));
      for (let time = 0; time < 3; time++) {
        world.clock.advance(2000);
        await settled();
      }
      session.pinging = async () => 3;
      world.clock.advance(2000);
      await settled();
      assert.deepEqual(pulses(world).at(-1), [1.5, null, 3]);
    });
  });

  it('disposes a session that is opened after the tab was closed', async () => {
    const world = new World();
    let letIn = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    const slow = new FakeSession();
    const controller = new ConsoleController(tunnel('t1'), {
      services: { openRedisSession: async () => gate.then(() => slow), targetCa: async () => undefined, logger: nullLogger },
      logins: { known: async () => undefined, ask: async () => undefined, forget: async () => {} },
      history: world.history,
      strings: consoleStrings(plainText, 'x'),
      ui: world.ui,
      openDocument: async () => {},
      clock: world.clock,
      productionRules: () => RULES,
      unlockMs: () => 1,
      openLive: async () => {},
      pulseMs: () => 0,
      post: (message) => world.posted.push(message),
    });
    controller.receive({ type: 'ready' });
    await settled();
    const disposal = controller.dispose();
    const before = world.posted.length;
    letIn();
    await disposal;
    assert.equal(slow.disposed, true);
    assert.equal(world.posted.length, before);
  });
});
