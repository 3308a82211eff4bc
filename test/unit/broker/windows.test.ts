import assert from 'node:assert/strict';
import { systemClock } from '../../../src/base/clock';
import { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import { KnownTunnels } from '../../../src/broker/knownTunnels';
import { LogRing } from '../../../src/broker/logRing';
import { relevantVariables, withVariables } from '../../../src/broker/protocol';
import { type Answer, type Asked, QuestionDesk } from '../../../src/broker/questionDesk';
import { UNKNOWN_HEALTH } from '../../../src/model/health';
import type { Question } from '../../../src/model/question';
import type { TunnelInfo } from '../../../src/model/tunnel';
import { testRoute } from '../../fixtures/fakeTransport';

const never = (): AbortSignal => new AbortController().signal;
const question: Question = { kind: 'passphrase', keyFile: '~/.ssh/id', again: false };

/** A window that answers when the test says so. */
class FakeWindow implements Asked {
  readonly asked: Question[] = [];
  settle: (answer: Answer | null) => void = () => {};
  goAway: () => void = () => {};

  ask(asked: Question): Promise<Answer | null> {
    this.asked.push(asked);
    return new Promise((resolve, reject) => {
      this.settle = resolve;
      this.goAway = () => reject(new Fault('broker.lost', 'Gone.'));
    });
  }
}

describe('questions of the broker', () => {
  const desk = (): QuestionDesk => new QuestionDesk({ clock: systemClock, logger: nullLogger });

  it('go to one window, once, for all who ask the same', async () => {
    const [first, second] = [new FakeWindow(), new FakeWindow()];
    const one = desk();
    const answers = [one.ask(question, () => [first, second], never()), one.ask({ ...question }, () => [second, first], never())];
    first.settle('secret');
    assert.deepEqual(await Promise.all(answers), ['secret', 'secret']);
    assert.deepEqual([first.asked.length, second.asked.length], [1, 0]);
  });

  it('ask for a code each time: it is good for one use', async () => {
    const window = new FakeWindow();
    const one = desk();
    const code: Question = { kind: 'mfaCode', profile: 'dev', serial: 'x', again: false };
    void one.ask(code, () => [window], never());
    void one.ask(code, () => [window], never());
    assert.equal(window.asked.length, 2);
    window.settle(null);
  });

  it('go to another window when theirs goes away in the middle', async () => {
    const [first, second] = [new FakeWindow(), new FakeWindow()];
    let windows = [first, second];
    const answer = desk().ask(question, () => windows, never());
    windows = [second];
    first.goAway();
    await new Promise(setImmediate);
    second.settle('from the second');
    assert.equal(await answer, 'from the second');
  });

  it('wait for a window that comes back', async () => {
    const window = new FakeWindow();
    let windows: FakeWindow[] = [];
    const one = desk();
    const answer = one.ask(question, () => windows, never());
    await new Promise(setImmediate);
    windows = [window];
    one.windowJoined();
    await new Promise(setImmediate);
    window.settle('here');
    assert.equal(await answer, 'here');
  });

  it('end with those who asked, and take no answer of another kind', async () => {
    const window = new FakeWindow();
    const abort = new AbortController();
    const one = desk();
    const given = one.ask(question, () => [window], abort.signal);
    abort.abort();
    assert.equal(await given, undefined);
    const wrong = one.ask({ ...question, again: true }, () => [window], never());
    window.settle(true);
    assert.equal(await wrong, undefined);
  });
});

describe('the tunnels as a window knows them', () => {
  const info = (id: string, more: Partial<TunnelInfo> = {}): TunnelInfo => ({
    id,
    route: testRoute,
    local: { host: '127.0.0.1', port: 5000 },
    state: { phase: 'open', streams: 0 },
    health: UNKNOWN_HEALTH,
    since: 0,
    bytes: { up: 0, down: 0 },
    rate: { up: 0, down: 0 },
    reconnects: 0,
    ...more,
  });
  const cause = { code: 'broker.lost', message: 'Gone.', retryable: true } as const;

  it('stay the same ones when a new broker opens them again', () => {
    const known = new KnownTunnels();
    known.heard(info('old', { spokenFor: true }));
    const [waiting] = known.lose(cause, 1);
    assert.equal(waiting?.state.phase, 'waiting');
    assert.equal(waiting.spokenFor, undefined, 'whose broker is gone has no speaker');
    assert.ok(known.isLost('old'));
    assert.equal(known.heard(info('new')).id, 'old');
    assert.ok(!known.isLost('old'));
    assert.equal(known.brokerId('old'), 'new');
    assert.equal(known.heard(info('new', { state: { phase: 'closed' } })).id, 'old');
    assert.deepEqual(known.all, []);
    assert.equal(known.brokerId('old'), 'old');
  });

  it('are spoken for by the windows that asked for them while there is no broker to say who does', () => {
    const known = new KnownTunnels((id) => id === 'ours');
    const other = { ...testRoute, endpoint: { host: 'other', port: 1 } };
    for (const one of [info('ours', { spokenFor: true }), info('theirs', { route: other })]) known.heard(one);
    assert.deepEqual(known.lose(cause, 1).map(({ spokenFor }) => spokenFor), [undefined, true]);
    assert.deepEqual(['ours', 'theirs'].map((id) => known.close(id, cause)?.spokenFor), [undefined, true]);
    known.heard(info('later', { route: other }));
    assert.equal(known.close('later', cause)?.spokenFor, true, 'a broker that is given up at once');
  });

  it('stay the same ones even when that happens twice', () => {
    const known = new KnownTunnels();
    known.heard(info('1'));
    known.lose(cause, 1);
    known.heard(info('2'));
    known.lose(cause, 2);
    assert.equal(known.heard(info('3')).id, '1');
    assert.equal(known.brokerId('1'), '3');
  });

  it('end with their broker where they were opened for a trial', () => {
    const known = new KnownTunnels();
    known.heard(info('one', { trial: true }));
    known.heard(info('two', { route: { ...testRoute, endpoint: { host: 'other', port: 1 } } }));
    assert.deepEqual(known.closeTrials().map(({ id, state }) => [id, state.phase]), [['one', 'closed']]);
    assert.deepEqual(known.all.map(({ id }) => id), ['two']);
  });

  it('stay closed although an older answer still has them', () => {
    const known = new KnownTunnels();
    known.heard(info('one', { state: { phase: 'closed' } }));
    assert.equal(known.heard(info('one')).state.phase, 'closed');
    assert.deepEqual(known.all, []);
  });

  it('are closed when the broker does not list them, unless they wait to be opened again', () => {
    const known = new KnownTunnels();
    known.heard(info('lost'));
    known.lose(cause, 1);
    const other = { ...testRoute, endpoint: { host: 'other', port: 1 } };
    known.heard(info('gone', { route: other }));
    assert.deepEqual(known.closeAllBut(new Set()).map(({ id, state }) => [id, state.phase]), [['gone', 'closed']]);
    assert.deepEqual(known.all.map(({ id }) => id), ['lost']);
  });
});

describe('variables', () => {
  it('of a window are those that decide about access, proxies and programs', () => {
    const env = { AWS_PROFILE: 'dev', https_proxy: 'http://p', SSH_AUTH_SOCK: '/s', PATH: '/bin', EDITOR: 'vi', VSCODE_PID: '1', HOME: '/h' };
    assert.deepEqual(Object.keys(relevantVariables(env)), ['AWS_PROFILE', 'HOME', 'PATH', 'SSH_AUTH_SOCK', 'https_proxy']);
  });

  it("take the place of the broker's own, also where the window has none", () => {
    const merged = withVariables({ AWS_PROFILE: 'own', LANG: 'C', PATH: '/own' }, { PATH: '/window', LD_PRELOAD: '/evil' });
    assert.deepEqual(merged, { LANG: 'C', PATH: '/window' });
  });
});

describe("the broker's log", () => {
  it('keeps the last thousand, without secrets', () => {
    const ring = new LogRing();
    const heard: string[] = [];
    ring.onDidAdd(({ event }) => void heard.push(event));
    for (let index = 0; index < 2500; index++) ring.log('info', `event.${index}`, { token: 'secret', index });
    assert.equal(ring.entries.length, 1000);
    assert.equal(ring.entries.at(-1)?.event, 'event.2499');
    assert.deepEqual(ring.entries.at(-1)?.fields, { token: '[redacted]', index: 2499 });
    assert.equal(heard.length, 2500);
  });

  it('cuts what is too long for a message', () => {
    const ring = new LogRing();
    ring.log('info', 'long', Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key${index}`, index])));
    assert.deepEqual(ring.entries.at(-1)?.fields, { cut: true });
  });
});
