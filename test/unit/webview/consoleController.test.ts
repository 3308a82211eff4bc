import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import { cancelled, Fault, isCancelled } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import type { ProductionRules } from '../../../src/model/production';
import type { TunnelInfo, TunnelState } from '../../../src/model/tunnel';
import type { GuardPorts, RedisLogin, RedisSession, RedisSessionOptions, RedisSessionState, RenderedReply, Verdict } from '../../../src/redis/types';
import { ConsoleController } from '../../../src/vscode/console/controller';
import { FakeClock } from '../../fixtures/fakeClock';
import { KeptHistory } from '../../../src/vscode/console/keptHistory';
import { FakeUi, MemoryState } from '../vscode/samples';
import { consoleStrings } from '../../../src/vscode/console/strings';
import { plainText } from '../../../src/vscode/localizer';
import type { ToPage } from '../../../src/webview/protocol';

/** By the name alone. */
const RULES: ProductionRules = { tags: [], accounts: [], namePatterns: ['live'] };

function tunnel(id: string, state: TunnelState = { phase: 'open', streams: 0 }, name = 'orders'): TunnelInfo {
  const endpoint = { host: 'cache.internal', port: 6379 };
  const route = { target: { id: 'arn', name, tls: 'required' }, endpoint };
  return { id, route, local: { host: '127.0.0.1', port: 16379 }, state } as unknown as TunnelInfo;
}

class FakeSession implements RedisSession {
  state: RedisSessionState = 'ready';
  prompt = 'cache.internal:6379';
  readonly #changes = new Emitter<RedisSessionState>();
  readonly onDidChangeState = this.#changes.event;
  disposed = false;
  runs: { line: string; answer: (text: string) => void; fail: (fault: Fault) => void }[] = [];
  pinging: () => Promise<number> = async () => 1.5;

  run(line: string, signal: AbortSignal): Promise<RenderedReply> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(cancelled()));
      this.runs.push({ line, answer: (text) => resolve({ kind: 'value', text, truncated: false, elapsedMs: 1 }), fail: reject });
    });
  }

  reviewing: (lines: readonly string[]) => Promise<void> = async () => {};

  review(lines: readonly string[]): Promise<void> {
    return this.reviewing(lines);
  }

  ping(): Promise<number> {
    return this.pinging();
  }

  change(state: RedisSessionState): void {
    this.state = state;
    this.#changes.fire(state);
  }

  dispose(): Promise<void> {
    this.disposed = true;
    return Promise.resolve();
  }
}

/** A controller with a page, a server and a person, all of them made up. */
class World {
  readonly posted: ToPage[] = [];
  readonly opened: RedisSessionOptions[] = [];
  readonly sessions: FakeSession[] = [];
  readonly asked: (string | undefined)[] = [];
  forgotten = 0;
  known: RedisLogin | undefined;
  /** What the person enters, in order; nothing more means Escape. */
  entered: RedisLogin[] = [];
  /** What the server says to an attempt; undefined lets it in. */
  refuse: (options: RedisSessionOptions) => Fault | undefined = () => undefined;
  readonly ui = new FakeUi();
  readonly clock = new FakeClock();
  readonly state = new MemoryState();
  readonly history = new KeptHistory(this.state, (error) => assert.fail(String(error)));
  rules = RULES;
  readonly controller: ConsoleController;

  constructor(name = 'orders') {
    this.controller = new ConsoleController(tunnel('t1', undefined, name), {
      services: {
        openRedisSession: async (options) => {
          this.opened.push(options);
          const fault = this.refuse(options);
          if (fault) throw fault;
          const session = new FakeSession();
          this.sessions.push(session);
          return session;
        },
        targetCa: async () => 'PEM',
        logger: nullLogger,
      },
      logins: {
        known: async () => this.known,
        ask: async (_, because) => {
          this.asked.push(because?.code);
          return this.entered.shift();
        },
        forget: async () => void this.forgotten++,
      },
      history: this.history,
      strings: consoleStrings(plainText, 'Redis: orders'),
      ui: this.ui,
      clock: this.clock,
      productionRules: () => this.rules,
      unlockMs: () => 15 * 60_000,
      post: (message) => this.posted.push(structuredClone(message)),
    });
  }

  get last(): ToPage | undefined {
    return this.posted.at(-1);
  }

  /** `ready`, or `failed: why`; undefined when the last message was another one. */
  status(): string | undefined {
    const { last } = this;
    if (last?.type !== 'status') return undefined;
    return last.detail === '' ? last.status : `${last.status}: ${last.detail}`;
  }

  get session(): FakeSession {
    return this.sessions.at(-1)!;
  }

  async start(): Promise<this> {
    this.controller.receive({ type: 'ready' });
    await settled();
    return this;
  }
}

/** Lets everything that needs no outside event happen. */
const settled = (): Promise<void> => new Promise((resolve) => {
  setImmediate(resolve);
});

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
    assert.deepEqual(world.last, { type: 'reply', id: 1, kind: 'value', text: '"x"', truncated: false, elapsedMs: 1, prompt: 'cache.internal:6379' });
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
    for (const line of ['GET a', 'AUTH me hunter2', 'GET b']) world.controller.receive({ type: 'run', id: 1, line, rest: [], judged: false });
    await settled();
    assert.ok(!JSON.stringify([...world.state.values]).includes('hunter2'));
    world.posted.length = 0;
    world.controller.receive({ type: 'ready' });
    assert.ok(world.posted[0]?.type === 'setup');
    assert.deepEqual(world.posted[0].history, ['GET a', 'GET b']);
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
      clock: world.clock,
      productionRules: () => RULES,
      unlockMs: () => 1,
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

describe('ConsoleController on a production target', () => {
  const guardOf = async (world: World): Promise<GuardPorts> => {
    await world.start();
    const guard = world.opened[0]?.guard;
    assert.ok(guard);
    return guard;
  };
  const flushall: Verdict = { command: 'FLUSHALL', class: 'dangerous', writes: true };
  const never = new AbortController().signal;
  const guards = (world: World): (readonly [production: boolean, minutesLeft: number])[] =>
    world.posted.flatMap((message) => (message.type === 'guard' ? [[message.production, message.minutesLeft] as const] : []));

  it('tells the page why, and that it is read-only', async () => {
    const world = new World('orders-live');
    const guard = await guardOf(world);
    assert.deepEqual(world.posted.find(({ type }) => type === 'guard'), { type: 'guard', production: true, reasons: 'It counts as production: its name contains "live".', minutesLeft: 0 });
    assert.equal(guard.production(), true);
    assert.equal(guard.writesAllowed(), false);
    world.rules = { ...RULES, namePatterns: [] };
    world.controller.guardChanged();
    assert.deepEqual(guards(world).at(-1), [false, 0]);
    assert.equal(guard.production(), false);
  });

  it('unlocks writes when the person says so, and locks them again by itself', async () => {
    const world = new World('orders-live');
    const guard = await guardOf(world);
    world.ui.agree = [false, true];
    world.controller.receive({ type: 'unlockWrites' });
    world.controller.receive({ type: 'unlockWrites' });
    await settled();
    assert.equal(world.ui.confirmed.length, 1, 'one question at a time');
    assert.match(world.ui.confirmed[0]!.message, /"orders-live" for 15 min/);
    assert.equal(guard.writesAllowed(), false);
    world.controller.receive({ type: 'unlockWrites' });
    await settled();
    assert.equal(guard.writesAllowed(), true);
    assert.deepEqual(guards(world).at(-1), [true, 15]);
    world.clock.advance(60_000);
    assert.deepEqual(guards(world).at(-1), [true, 14]);
    world.clock.advance(14 * 60_000 - 1);
    assert.equal(guard.writesAllowed(), true);
    world.clock.advance(1);
    assert.equal(guard.writesAllowed(), false);
    assert.deepEqual(guards(world).at(-1), [true, 0]);
    assert.equal(world.clock.pending, 0);
  });

  it('locks them on request, with the tunnel, and with the tab', async () => {
    for (const end of [
      (world: World) => world.controller.receive({ type: 'lockWrites' }),
      (world: World) => world.controller.tunnelChanged(tunnel('t1', { phase: 'closed' }, 'orders-live')),
      (world: World) => void world.controller.dispose(),
    ]) {
      const world = new World('orders-live');
      const guard = await guardOf(world);
      world.ui.agree = [true];
      await world.controller.unlockWrites();
      assert.equal(guard.writesAllowed(), true);
      end(world);
      assert.equal(guard.writesAllowed(), false);
      assert.equal(world.clock.pending, 0);
    }
  });

  it('asks for nothing where there is nothing to unlock', async () => {
    const world = await new World().start();
    await world.controller.unlockWrites();
    assert.equal(world.ui.confirmed.length, 0);
  });

  it('has the name typed, and nothing else will do', async () => {
    const world = new World('orders-live');
    const guard = await guardOf(world);
    world.ui.type = [' orders-live '];
    assert.equal(await guard.ask({ kind: 'name', verdicts: [flushall], lines: 1 }, never), true);
    const [box] = world.ui.inputs;
    assert.match(box!.title, /FLUSHALL/);
    assert.match(box!.prompt, /orders-live/);
    assert.ok(box!.validate?.('orders') && box!.validate('') && box!.validate('yes'));
    assert.equal(await guard.ask({ kind: 'name', verdicts: [flushall], lines: 1 }, never), false, 'dismissed');
  });

  it('asks for a yes, and says how much a slow command would read', async () => {
    const world = new World();
    const guard = await guardOf(world);
    world.ui.agree = [true];
    const slow: Verdict = { command: 'HGETALL', class: 'slow', writes: false };
    assert.equal(await guard.ask({ kind: 'confirm', verdicts: [slow], lines: 1, size: { count: 20_000, unit: 'elements' } }, never), true);
    assert.match(world.ui.confirmed[0]!.detail, /20000 elements/);
    assert.equal(await guard.ask({ kind: 'confirm', verdicts: [flushall, slow], lines: 7 }, never), false);
    assert.match(world.ui.confirmed[1]!.message, /FLUSHALL, HGETALL/);
    assert.match(world.ui.confirmed[1]!.detail, /7 lines/);
  });

  it('gives a question up when the command is cancelled', async () => {
    const world = new World();
    const guard = await guardOf(world);
    world.ui.confirm = () => new Promise(() => {});
    const abort = new AbortController();
    const asked = guard.ask({ kind: 'confirm', verdicts: [flushall], lines: 1 }, abort.signal);
    abort.abort();
    await assert.rejects(asked, (error) => isCancelled(error));
  });

  it('has a paste judged before its first line, and tells the page what is read-only', async () => {
    const world = await new World('orders-live').start();
    const reviews: (readonly string[])[] = [];
    world.session.reviewing = async (lines) => void reviews.push(lines);
    world.controller.receive({ type: 'run', id: 1, line: 'GET a', rest: ['GET b'], judged: false });
    await settled();
    world.session.runs[0]!.answer('x');
    await settled();
    world.controller.receive({ type: 'run', id: 2, line: 'GET b', rest: [], judged: true });
    await settled();
    world.session.runs[1]!.answer('x');
    await settled();
    assert.deepEqual(reviews, [['GET a', 'GET b']]);
    world.session.reviewing = async () => {
      throw new Fault('redis.readOnly', 'Read-only.');
    };
    world.controller.receive({ type: 'run', id: 3, line: 'SET a 1', rest: [], judged: false });
    await settled();
    assert.deepEqual(world.last, { type: 'fault', id: 3, text: 'Read-only.', cancelled: false, readOnly: true, prompt: 'cache.internal:6379' });
    assert.equal(world.session.runs.length, 2);
  });
});
