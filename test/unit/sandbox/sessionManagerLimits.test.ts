import assert from 'node:assert/strict';
import { eventually } from '../../fixtures/eventually';
import type { Cut } from '../../sandbox/sessionManager/clientSocket';
import { DURATION_OUTPUT, IDLE_OUTPUT, LimitTimers } from '../../sandbox/sessionManager/limits';
import { CallGate } from '../../sandbox/sessionManager/throttle';
import { ServiceError, SessionManagerService } from '../../sandbox/sessionManager/service';

const PLACE = { region: 'eu-central-1', accountId: '111122223333' };

async function passing(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await eventually(() => performance.now() > end, 'time to pass');
}

describe('sandbox session limits', () => {
  let cuts: Cut[];
  let endings: string[];
  let timers: LimitTimers;

  beforeEach(() => {
    cuts = [];
    endings = [];
    timers = new LimitTimers({ cut: (how) => void cuts.push(how), end: (output) => void endings.push(output) });
  });
  afterEach(() => timers.close());

  it('cut each socket once, in turn in the ways asked for, and none that is not there', async () => {
    timers.apply({ cuts: { everyMs: 5, ways: ['close1000', 'rst'] } });
    for (const way of ['close1000', 'rst', 'close1000'] as const) {
      timers.attached();
      const before = cuts.length;
      await eventually(() => cuts.length > before, 'a cut');
      assert.equal(cuts.at(-1), way);
      timers.detached();
    }
    timers.attached();
    timers.detached();
    timers.apply({ cuts: { everyMs: 1, ways: ['rst'] }, maxSessionMs: 20 });
    await eventually(() => endings.length > 0, 'the end');
    assert.equal(cuts.length, 3);
  });

  it('end an idle session with its reason, and not one that is active', async () => {
    // Far more than this process may stand still for on a busy machine.
    timers.apply({ idleMs: 500 });
    const began = performance.now();
    let last = began;
    while (performance.now() - began < 700) {
      last = performance.now();
      timers.active();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(endings, []);
    await eventually(() => endings.length > 0, 'the end');
    assert.deepEqual(endings, [IDLE_OUTPUT]);
    assert.ok(performance.now() - last >= 498);
  });

  it('end a session at its age, however active it is', async () => {
    timers.apply({ maxSessionMs: 30, idleMs: 10_000 });
    await eventually(() => {
      timers.active();
      return endings.length > 0;
    }, 'the end');
    assert.deepEqual(endings, [DURATION_OUTPUT]);
  });

  it('count what has passed already when they come later, and nothing once the session is over', async () => {
    await passing(20);
    const applied = performance.now();
    timers.apply({ maxSessionMs: 5000 });
    timers.apply({ maxSessionMs: 10 });
    await eventually(() => endings.length > 0, 'the end');
    assert.ok(performance.now() - applied < 2000);
    timers.close();
    timers.apply({ maxSessionMs: 1, idleMs: 1, cuts: { everyMs: 1, ways: ['rst'] } });
    timers.attached();
    await passing(20);
    assert.deepEqual([endings.length, cuts.length], [1, 0]);
  });
});

describe('sandbox throttling', () => {
  const refused = (error: unknown): boolean => error instanceof ServiceError && error.code === 'ThrottlingException' && error.status === 400;

  it('refuses so many calls of one kind, and counts them', () => {
    const gate = new CallGate();
    gate.throttle('resume', { calls: 2 });
    gate.admit('start');
    assert.throws(() => gate.admit('resume'), refused);
    assert.throws(() => gate.admit('resume'), refused);
    gate.admit('resume');
    assert.deepEqual([gate.times('start').length, gate.times('resume').length, gate.times('terminate').length], [1, 3, 0]);
  });

  it('refuses calls for so long', async () => {
    const gate = new CallGate();
    gate.throttle('start', { ms: 500 });
    assert.throws(() => gate.admit('start'), refused);
    await eventually(() => {
      gate.admit('start');
      return true;
    }, 'an admitted call');
    assert.ok(gate.times('start').at(-1)! - gate.times('start')[0]! >= 499);
  });

  it('stands before every call of the service', () => {
    const service = new SessionManagerService({
      baseUrl: () => 'ws://127.0.0.1:1',
      findInstance: (id) => ({ id, agentVersion: '3.3.1142.0', online: true, ...PLACE }),
      resolve: () => 'refused',
    });
    const start = () =>
      service.start({ target: 'i-0', documentName: 'AWS-StartPortForwardingSession', parameters: { portNumber: ['22'] }, ...PLACE });
    service.throttle('start', { calls: 1 });
    assert.throws(start, refused);
    assert.deepEqual(service.activeSessions(), []);
    const { SessionId } = start();
    service.throttle('resume', { calls: 1 });
    service.throttle('terminate', { calls: 1 });
    assert.throws(() => service.resume(SessionId), refused);
    assert.throws(() => service.terminate(SessionId), refused);
    assert.equal(service.activeSessions().length, 1);
    service.terminate(SessionId);
    assert.deepEqual([service.callTimes('start').length, service.callTimes('terminate').length], [2, 2]);
  });
});
