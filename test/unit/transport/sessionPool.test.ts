import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Fault } from '../../../src/base/fault';
import type { LogFields } from '../../../src/base/log';
import type { PoolLimits } from '../../../src/transport/ssm/poolPlan';
import type { SessionLink } from '../../../src/transport/ssm/sessionLink';
import { DEFAULT_POOL_LIMITS, SessionPool } from '../../../src/transport/ssm/sessionPool';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeSession, saturate } from './fakeSessions';
import { faultCode } from './rig';

const to = { host: 'cache.internal', port: 6379 };
const never = new AbortController().signal;
const lost = new Fault('ssm.channelClosed', 'Closed.', { retryable: true });

/** Lets everything that promises have set off happen. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a pool of sessions', () => {
  let clock: FakeClock;
  let sessions: FakeSession[];
  let logged: { event: string; fields: LogFields | undefined }[];
  /** What the next starts come to, in turn; a session at once when there is none. */
  let outcomes: ((signal: AbortSignal) => Promise<SessionLink>)[];
  let pool: SessionPool;

  const make = (exclusive = false): FakeSession => {
    const session = new FakeSession(`s-${sessions.length}`, clock);
    session.exclusive = exclusive;
    sessions.push(session);
    return session;
  };
  const begin = (limits: Partial<PoolLimits> = {}, exclusive = false): void => {
    pool = new SessionPool(make(exclusive), {
      clock,
      logger: { log: (_level, event, fields) => void logged.push({ event, fields }) },
      limits: { ...DEFAULT_POOL_LIMITS, ...limits },
      start: (signal) => outcomes.shift()?.(signal) ?? Promise.resolve(make(exclusive)),
    });
  };
  const events = (): string[] => logged.map(({ event }) => event);
  const phases = (): string[] => pool.reading.sessions.map(({ phase }) => phase);

  beforeEach(() => {
    clock = new FakeClock();
    sessions = [];
    logged = [];
    outcomes = [];
  });

  afterEach(async () => {
    await pool.dispose();
    await settled();
    assert.equal(clock.pending, 0, 'timers left');
    for (const { id, disposed } of sessions) assert.equal(disposed, 1, `${id} disposed of once`);
  });

  it('begins with one session, and spreads streams over further ones once the agent is the limit', async () => {
    begin();
    for (let n = 0; n < 3; n++) await pool.open(to, never);
    assert.equal(sessions.length, 1);
    saturate(clock, [sessions[0]!]);
    await settled();
    assert.equal(sessions.length, 2);
    for (let n = 0; n < 3; n++) await pool.open(to, never);
    assert.deepEqual(sessions.map(({ streams }) => streams.length), [3, 3]);
  });

  it('adds one session to a burst of streams, which gives it back when no other stream comes', async () => {
    begin();
    await Promise.all(Array.from({ length: 12 }, () => pool.open(to, never)));
    await settled();
    assert.deepEqual(sessions.map(({ streams }) => streams.length), [12, 0]);
    clock.advance(10_001);
    await settled();
    assert.deepEqual(sessions.map(({ disposed }) => disposed), [0, 1]);
  });

  it('keeps no session for the sake of probes', async () => {
    begin();
    await Promise.all(Array.from({ length: 12 }, () => pool.open(to, never)));
    await settled();
    for (let probes = 0; probes < 4; probes++) {
      clock.advance(3000);
      (await pool.open(to, never)).destroy();
      await settled();
    }
    assert.ok(sessions[1]!.streams.length > 0, 'the probes went there');
    assert.deepEqual(sessions.map(({ disposed }) => disposed), [0, 1]);
  });

  it('adds none when as many streams come one after the other, or slowly', async () => {
    begin();
    for (let n = 0; n < 12; n++) {
      const stream = await pool.open(to, never);
      if (n < 6) clock.advance(400);
      else stream.destroy();
      await settled();
    }
    assert.equal(sessions.length, 1);
  });

  it('has a second session at hand while one carries a bulk transfer, for as long as that goes on', async () => {
    begin();
    await pool.open(to, never);
    saturate(clock, [sessions[0]!], 2.3);
    await settled();
    assert.equal(sessions.length, 2);
    saturate(clock, [sessions[0]!], 30);
    assert.equal(sessions[1]!.disposed, 0);
    await pool.open(to, never);
    assert.equal(sessions[1]!.streams.length, 1);
  });

  it('does not count streams that the far side has ended', async () => {
    begin();
    await pool.open(to, never);
    await pool.open(to, never);
    saturate(clock, [sessions[0]!]);
    await settled();
    for (const stream of sessions[0]!.streams) Object.assign(stream, { remoteEnded: true });
    await pool.open(to, never);
    await pool.open(to, never);
    assert.deepEqual(sessions.map(({ streams }) => streams.length), [3, 1]);
  });

  it('grows to its bound and no further', async () => {
    begin({ maxSessions: 3 });
    for (let round = 0; round < 6; round++) {
      for (let n = 0; n < 6; n++) await pool.open(to, never);
      saturate(clock, sessions);
      await settled();
    }
    assert.equal(sessions.length, 3);
  });

  it('says when the agent is the limit, and when it no longer is', async () => {
    begin();
    await pool.open(to, never);
    saturate(clock, [sessions[0]!]);
    assert.equal(pool.reading.agentLimited, true);
    assert.ok(pool.reading.sessions[0]!.load.receivedPerSecond > 600_000);
    assert.deepEqual(events(), ['ssm.agentLimited']);
    clock.advance(3000);
    assert.deepEqual(events(), ['ssm.agentLimited', 'ssm.agentLimitEnded']);
    assert.equal(pool.reading.agentLimited, false);
  });

  it('opens streams at once while a further session is being started', async () => {
    outcomes = [() => new Promise((_resolve, reject) => void setImmediate(() => reject(lost)))];
    begin();
    for (let n = 0; n < 3; n++) await pool.open(to, never);
    saturate(clock, [sessions[0]!]);
    await pool.open(to, never);
    assert.equal(sessions[0]!.streams.length, 4);
    await settled();
  });

  for (const [code, ms] of [['ssm.connectionFailed', 5000], ['aws.throttled', 60_000]] as const) {
    it(`tries no growth for ${ms / 1000} s after: ${code}`, async () => {
      let starts = 0;
      const fail = (): Promise<never> => {
        starts++;
        return Promise.reject(new Fault(code, 'No.', { retryable: true }));
      };
      outcomes = [fail, fail];
      clock.randomValue = 0;
      begin();
      const streams = [await pool.open(to, never), await pool.open(to, never)];
      saturate(clock, [sessions[0]!]);
      await settled();
      const failedAt = clock.now();
      assert.equal(starts, 1);
      assert.ok(events().includes('ssm.growthFailed'));
      saturate(clock, [sessions[0]!], (ms - 1000) / 1000);
      await settled();
      assert.equal(starts, 1, `again after ${clock.now() - failedAt} ms`);
      saturate(clock, [sessions[0]!], 1.1);
      await settled();
      assert.equal(starts, 2);
      assert.ok(streams.every(({ destroyed }) => !destroyed));
    });
  }

  it('gives a second session back after a minute without work, but not before its last stream has ended', async () => {
    begin();
    await pool.open(to, never);
    await pool.open(to, never);
    saturate(clock, [sessions[0]!]);
    await settled();
    const kept = await pool.open(to, never);
    assert.equal(sessions[1]!.streams.length, 1);
    saturate(clock, [sessions[0]!], 0.5);
    clock.advance(59_400);
    assert.deepEqual(phases(), ['open', 'open']);
    clock.advance(200);
    assert.deepEqual(phases(), ['open', 'idle']);
    await pool.open(to, never);
    assert.equal(sessions[1]!.streams.length, 1, 'a draining session takes no stream');
    assert.equal(sessions[1]!.disposed, 0);
    kept.destroy();
    await settled();
    assert.equal(sessions[1]!.disposed, 1);
    assert.equal(sessions[0]!.disposed, 0);
  });

  it('keeps streams away from one that is not read', async () => {
    begin();
    await pool.open(to, never);
    sessions[0]!.stalled = true;
    sessions[0]!.onTurn();
    await pool.open(to, never);
    await pool.open(to, never);
    assert.deepEqual(sessions.map(({ streams }) => streams.length), [1, 2]);
  });

  it('puts a stream next to one that is not read when no other session comes in time', async () => {
    outcomes = [(signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(lost), { once: true }))];
    begin();
    await pool.open(to, never);
    sessions[0]!.stalled = true;
    const opening = pool.open(to, never);
    await settled();
    assert.equal(sessions[0]!.streams.length, 1);
    clock.advance(5000);
    await opening;
    assert.equal(sessions[0]!.streams.length, 2);
  });

  it('gives each concurrent stream a session of its own where one carries one', async () => {
    begin({ maxSessions: 3 }, true);
    await Promise.all([pool.open(to, never), pool.open(to, never), pool.open(to, never)]);
    assert.deepEqual(sessions.map(({ streams }) => streams.length), [1, 1, 1]);
    await pool.open(to, never);
    assert.equal(sessions.length, 3, 'the fourth waits in the queue of one of them');
  });

  it('lets a waiting caller leave, and wakes the others when it is disposed of', async () => {
    const hang = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(lost), { once: true }));
    outcomes = [hang, hang];
    begin({}, true);
    await pool.open(to, never);
    const controller = new AbortController();
    const leaving = assert.rejects(pool.open(to, controller.signal), faultCode('operation.cancelled'));
    const staying = assert.rejects(pool.open(to, never), faultCode('ssm.linkClosed'));
    controller.abort();
    await leaving;
    await pool.dispose();
    await staying;
  });

  it('outlives the loss of a session: its streams break with its fault, the others and new ones do not', async () => {
    begin();
    const doomed = await pool.open(to, never);
    await pool.open(to, never);
    saturate(clock, [sessions[0]!]);
    await settled();
    const healthy = await pool.open(to, never);
    const broken = once(doomed, 'error');
    sessions[0]!.end(lost);
    const next = await pool.open(to, never);
    assert.equal(((await broken) as [unknown])[0], lost);
    assert.ok(!healthy.destroyed && !next.destroyed);
    assert.equal(sessions[1]!.streams.length, 2);
    let over = false;
    void pool.closed.then(() => (over = true));
    await settled();
    assert.equal(over, false);
    sessions[1]!.end(lost);
    assert.equal(await pool.closed, lost);
    await assert.rejects(pool.open(to, never), faultCode('ssm.linkClosed'));
  });

  it('goes on with a session that was being started when the last one was lost, and ends if that fails', async () => {
    for (const succeeds of [true, false]) {
      let finish = (): void => {};
      outcomes = [() => new Promise((resolve, reject) => (finish = () => (succeeds ? resolve(make()) : reject(new Error('no')))))];
      begin();
      await pool.open(to, never);
      sessions.at(-1)!.stalled = true;
      sessions.at(-1)!.onTurn();
      sessions.at(-1)!.end(lost);
      await settled();
      const opening = pool.open(to, never);
      finish();
      if (succeeds) assert.equal((await opening).destroyed, false);
      else {
        await assert.rejects(opening, faultCode('ssm.linkClosed'));
        assert.equal(await pool.closed, lost);
      }
      await pool.dispose();
    }
  });

  it('renews a session ahead of its time: new streams go to the fresh one, the old one ends with its last', async () => {
    begin({ maxSessionMs: 100_000 });
    const old = await pool.open(to, never);
    clock.advance(89_000);
    assert.equal(sessions.length, 1);
    clock.advance(1001);
    await settled();
    assert.deepEqual(phases(), ['renewed', 'open']);
    await pool.open(to, never);
    assert.deepEqual(sessions.map(({ streams }) => streams.length), [1, 1]);
    old.destroy();
    await settled();
    assert.deepEqual(sessions.map(({ disposed }) => disposed), [1, 0]);
  });

  it('disposes of a session that is established only after its own end', async () => {
    let finish = (): void => {};
    outcomes = [() => new Promise((resolve) => (finish = () => resolve(make())))];
    begin();
    await pool.open(to, never);
    sessions[0]!.stalled = true;
    sessions[0]!.onTurn();
    const disposing = pool.dispose();
    finish();
    await disposing;
    assert.equal(sessions[1]!.disposed, 1);
    assert.equal(await pool.closed, undefined);
  });
});
