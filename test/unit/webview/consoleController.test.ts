import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import { cancelled, Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import type { TunnelInfo, TunnelState } from '../../../src/model/tunnel';
import type { RedisLogin, RedisSession, RedisSessionOptions, RedisSessionState, RenderedReply } from '../../../src/redis/types';
import { ConsoleController } from '../../../src/vscode/console/controller';
import { consoleHtml } from '../../../src/vscode/console/html';
import { consoleStrings } from '../../../src/vscode/console/strings';
import { plainText } from '../../../src/vscode/localizer';
import type { ToPage } from '../../../src/webview/protocol';

function tunnel(id: string, state: TunnelState = { phase: 'open', streams: 0 }): TunnelInfo {
  const endpoint = { host: 'cache.internal', port: 6379 };
  const route = { target: { id: 'arn', name: 'orders', tls: 'required' }, endpoint };
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
  readonly controller: ConsoleController;

  constructor() {
    this.controller = new ConsoleController(tunnel('t1'), {
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
      strings: consoleStrings(plainText, 'Redis: orders'),
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
    assert.deepEqual(world.opened, [
      { label: 'orders', local: { host: '127.0.0.1', port: 16379 }, endpoint: { host: 'cache.internal', port: 6379 }, tls: 'required', ca: 'PEM' },
    ]);
    assert.deepEqual(world.posted.map(({ type }) => type), ['setup', 'status', 'status']);
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
    world.controller.receive({ type: 'run', id: 1, line: 'GET a' });
    world.session.runs[0]!.answer('"x"');
    await settled();
    assert.deepEqual(world.last, { type: 'reply', id: 1, kind: 'value', text: '"x"', truncated: false, elapsedMs: 1, prompt: 'cache.internal:6379' });
    world.controller.receive({ type: 'run', id: 2, line: 'BLPOP q 0' });
    world.controller.receive({ type: 'cancel', id: 1 });
    await settled();
    assert.equal(world.posted.filter(({ type }) => type === 'fault').length, 0, 'an old id cancels nothing');
    world.controller.receive({ type: 'cancel', id: 2 });
    await settled();
    assert.deepEqual(world.last, { type: 'fault', id: 2, text: 'The operation was cancelled.', cancelled: true, prompt: 'cache.internal:6379' });
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
    world.controller.receive({ type: 'run', id: 0, line: 'PING' });
    await world.start();
    world.controller.receive({ type: 'run', id: 1, line: 'BLPOP q 0' });
    world.controller.receive({ type: 'run', id: 2, line: 'PING' });
    await settled();
    assert.ok(world.last?.type === 'fault' && world.last.id === 2);
    assert.equal(world.session.runs.length, 1);
  });

  it('keeps the reply for a page that was hidden meanwhile', async () => {
    const world = await new World().start();
    world.controller.receive({ type: 'run', id: 7, line: 'GET a' });
    world.controller.pageHidden();
    const before = world.posted.length;
    world.session.runs[0]!.answer('"x"');
    await settled();
    assert.equal(world.posted.length, before);
    await world.start();
    assert.deepEqual(world.posted.slice(before).map(({ type }) => type), ['setup', 'reply']);
    assert.ok(world.posted[before]?.type === 'setup' && world.posted[before].running === 7);
    assert.equal(world.opened.length, 1, 'the session is the same');
    await world.start();
    assert.equal(world.last?.type, 'setup', 'it is told once');
  });

  it('tells a new page what is still running', async () => {
    const world = await new World().start();
    world.controller.receive({ type: 'run', id: 7, line: 'BLPOP q 0' });
    world.controller.pageHidden();
    await world.start();
    assert.ok(world.last?.type === 'setup' && world.last.running === 7);
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
    world.controller.receive({ type: 'run', id: 1, line: 'PING' });
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
      strings: consoleStrings(plainText, 'x'),
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

describe('consoleHtml', () => {
  const html = consoleHtml({ nonce: 'bm9uY2U=', cspSource: 'https://csp', scriptUri: 'https://x/console.js', styleUri: 'https://x/console.css', language: 'en', title: '"><script>alert(1)</script>' });

  it('allows nothing but our own script and style sheet', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    assert.equal(policy, "default-src 'none'; script-src 'nonce-bm9uY2U='; style-src https://csp");
  });

  it('takes nothing as markup', () => {
    assert.equal(html.match(/<script/g)?.length, 1);
    assert.ok(!html.includes('style='));
  });
});
