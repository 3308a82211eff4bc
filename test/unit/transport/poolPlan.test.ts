import assert from 'node:assert/strict';
import type { MemberView, PoolLimits, PoolView, Step } from '../../../src/transport/ssm/poolPlan';
import { place, plan } from '../../../src/transport/ssm/poolPlan';

const LIMITS: PoolLimits = { maxSessions: 4, idleMs: 60_000, maxSessionMs: undefined };
const NOW = 1_000_000;

function member(id: number, about: Partial<MemberView> = {}): MemberView {
  return {
    id,
    phase: 'open',
    bornAt: NOW - 10_000 + id,
    workedAt: NOW,
    streams: 0,
    active: 0,
    fresh: 0,
    used: true,
    exclusive: false,
    stalled: false,
    saturated: false,
    bulky: false,
    ...about,
  };
}

function view(members: readonly MemberView[], about: Partial<PoolView> = {}): PoolView {
  return { members, starting: 0, waiting: 0, blockedUntil: -Infinity, ...about };
}

const steps = (pool: PoolView, limits: Partial<PoolLimits> = {}, now = NOW) => plan(pool, now, { ...LIMITS, ...limits }).steps;

/** What the pool does with a step, on plain data. */
function carryOut(pool: PoolView, step: Step): PoolView {
  if (step.kind === 'start') return { ...pool, starting: pool.starting + 1 };
  const members = pool.members
    .filter(({ id }) => step.kind !== 'end' || id !== step.id)
    .map((one) => (one.id === step.id ? Object.assign(one, { phase: step.kind === 'drain' ? step.phase : 'open', workedAt: NOW }) : one));
  return { ...pool, members, waiting: step.kind === 'recall' ? 0 : pool.waiting };
}

const START_GROWTH = [{ kind: 'start', why: 'growth' }];

describe('where a new stream goes', () => {
  const cases: readonly (readonly [string, PoolView, boolean, ReturnType<typeof place>])[] = [
    ['to the session with the fewest streams that do something', view([member(0, { streams: 3, active: 2 }), member(1, { streams: 9, active: 1 })]), true, { kind: 'member', id: 1 }],
    ['to one whose agent has time left', view([member(0, { streams: 1, active: 1, saturated: true }), member(1, { streams: 5, active: 1 })]), true, { kind: 'member', id: 1 }],
    ['past a bulk transfer to one with more streams', view([member(0, { streams: 1, active: 1, bulky: true }), member(1, { streams: 9, active: 4 })]), true, { kind: 'member', id: 1 }],
    ['next to a bulk transfer rather than to a crowd', view([member(0, { streams: 1, active: 1, bulky: true }), member(1, { streams: 9, active: 9 })]), true, { kind: 'member', id: 0 }],
    ['next to a bulk transfer at once, not to a session that may come', view([member(0, { streams: 1, active: 1, bulky: true })], { starting: 1 }), true, { kind: 'member', id: 0 }],
    ['next to a bulk transfer rather than to a stream that is not read', view([member(0, { streams: 1, stalled: true }), member(1, { streams: 1, bulky: true })]), true, { kind: 'member', id: 1 }],
    ['to the oldest of equals', view([member(0), member(1)]), true, { kind: 'member', id: 0 }],
    ['past one whose client does not read', view([member(0, { streams: 1, stalled: true }), member(1, { streams: 9, active: 9 })]), true, { kind: 'member', id: 1 }],
    ['not to one that drains', view([member(0, { streams: 4, active: 4 }), member(1, { phase: 'idle' })]), true, { kind: 'member', id: 0 }],
    ['to one that drains rather than nowhere', view([member(0, { streams: 1, stalled: true }), member(1, { phase: 'renewed' })]), true, { kind: 'member', id: 1 }],
    ['next to a busy one at once, not to one that may come', view([member(0, { streams: 5, active: 5, saturated: true })], { starting: 1 }), true, { kind: 'member', id: 0 }],
    ['to a session of its own, where the only one stands still', view([member(0, { streams: 1, stalled: true })]), true, { kind: 'wait' }],
    ['next to a stream that is not read, when it has waited enough', view([member(0, { streams: 1, stalled: true })], { starting: 1 }), false, { kind: 'member', id: 0 }],
    ['next to a stream that is not read, when no session can be had', view([member(0, { streams: 1, stalled: true })], { blockedUntil: NOW + 1 }), true, { kind: 'member', id: 0 }],
    ['to a session of its own, where one carries one stream', view([member(0, { streams: 1, exclusive: true })]), true, { kind: 'wait' }],
    ['into the shortest queue, when there may be no more sessions', view([0, 1, 2, 3].map((id) => member(id, { streams: 3 - (id % 3), exclusive: true }))), true, { kind: 'member', id: 2 }],
    ['to the session that is being started, however long it takes, when there is no other', view([], { starting: 1 }), false, { kind: 'wait' }],
    ['nowhere, when there is none', view([]), true, { kind: 'nowhere' }],
  ];
  for (const [name, pool, patient, expected] of cases) {
    it(name, () => assert.deepEqual(place(pool, patient, NOW, LIMITS), expected));
  }
});

describe('the growth of a pool', () => {
  it('comes with the second stream that competes for a saturated agent', () => {
    assert.deepEqual(steps(view([member(0, { streams: 2, active: 2, saturated: true })])), START_GROWTH);
  });

  it('does not come for idle streams, however many, nor for a single one, however busy', () => {
    assert.deepEqual(steps(view([member(0, { streams: 1000, active: 3 })])), []);
    assert.deepEqual(steps(view([member(0, { streams: 1000, active: 1, saturated: true })])), []);
  });

  it('does not come while one session has room, or one is being started', () => {
    const busy = { streams: 2, active: 2, saturated: true };
    assert.deepEqual(steps(view([member(0, busy), member(1)])), []);
    assert.deepEqual(steps(view([member(0, busy)], { starting: 1 })), []);
  });

  it('is bounded', () => {
    const busy = { streams: 2, active: 2, saturated: true };
    assert.deepEqual(steps(view([0, 1, 2].map((id) => member(id, busy)))), START_GROWTH);
    assert.deepEqual(steps(view([0, 1, 2, 3].map((id) => member(id, busy)))), []);
    assert.deepEqual(steps(view([member(0, busy)]), { maxSessions: 1 }), []);
  });

  it('waits after a failure, and knows until when', () => {
    const pool = view([member(0, { streams: 2, active: 2, saturated: true })], { blockedUntil: NOW + 7000 });
    assert.deepEqual(plan(pool, NOW, LIMITS), { steps: [], lookAt: NOW + 7000 });
    assert.deepEqual(steps(pool, {}, NOW + 7000), START_GROWTH);
  });

  it('comes ahead of the next stream when the only session has one that is not read', () => {
    assert.deepEqual(steps(view([member(0, { streams: 1, active: 0, stalled: true })])), START_GROWTH);
  });

  it('comes ahead of the next stream when a bulk transfer has the only session, and not again for the next', () => {
    const bulk = member(0, { streams: 1, active: 1, bulky: true });
    assert.deepEqual(steps(view([bulk])), START_GROWTH);
    assert.deepEqual(steps(view([bulk, member(1)])), []);
    assert.deepEqual(steps(view([bulk, member(1, { streams: 9, active: 9 })])), []);
  });

  it('comes with a burst of new streams on the only session, once', () => {
    const burst = { streams: 4, active: 4, fresh: 4 };
    assert.deepEqual(steps(view([member(0, { ...burst, fresh: 3 })])), []);
    assert.deepEqual(steps(view([member(0, burst)])), START_GROWTH);
    assert.deepEqual(steps(view([member(0, burst)], { starting: 1 })), []);
    assert.deepEqual(steps(view([member(0, burst), member(1)])), []);
    assert.deepEqual(steps(view([member(0, burst), member(1, burst)])), []);
    assert.deepEqual(steps(view([member(0, burst)], { blockedUntil: NOW + 1 })), []);
    assert.deepEqual(steps(view([member(0, burst)]), { maxSessions: 1 }), []);
  });

  it('gives all waiting streams one session, where one carries many', () => {
    const only = [member(0, { streams: 1, stalled: true })];
    assert.deepEqual(steps(view(only, { waiting: 9 })), START_GROWTH);
    assert.deepEqual(steps(view(only, { waiting: 9, starting: 1 })), []);
  });

  it('gives each waiting stream a session, where one carries one, and no more', () => {
    const only = [member(0, { streams: 1, exclusive: true })];
    assert.deepEqual(steps(view(only, { waiting: 2, starting: 1 })), START_GROWTH);
    assert.deepEqual(steps(view(only, { waiting: 2, starting: 2 })), []);
  });

  it('calls a draining session back before it starts one', () => {
    const pool = view([member(0, { streams: 2, active: 2, saturated: true }), member(1, { phase: 'idle', streams: 1 })]);
    assert.deepEqual(steps(pool), [{ kind: 'recall', id: 1 }]);
  });

  it('calls a draining session back instead of ending it with its last stream', () => {
    const pool = view([member(0, { streams: 2, active: 2, saturated: true }), member(1, { phase: 'idle' })]);
    assert.deepEqual(steps(pool), [{ kind: 'recall', id: 1 }]);
  });

  it('comes to rest, and never asks for a session twice, whatever the state', function () {
    this.timeout(20_000);
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const phases = ['open', 'idle', 'renewed'] as const;
    for (let round = 0; round < 20_000; round++) {
      const exclusive = random(2) === 0;
      const limits = { ...LIMITS, maxSessions: 1 + random(4), maxSessionMs: random(2) ? 100_000 : undefined };
      let pool = view(
        Array.from({ length: 1 + random(5) }, (_, id) => {
          const streams = random(6);
          const fresh = Math.min(streams, random(6));
          const about = { streams, fresh, used: streams > 0 || random(2) === 0, bulky: random(3) === 0, active: Math.min(streams, random(4)), stalled: !exclusive && streams > 0 && random(3) === 0, saturated: random(2) === 0 };
          return member(id, { ...about, exclusive, phase: phases[random(3)]!, bornAt: NOW - random(120_000), workedAt: NOW - random(120_000) });
        }),
        { starting: random(3), waiting: random(4), blockedUntil: NOW - 10 + random(20) },
      );
      let turns = 0;
      for (let next = plan(pool, NOW, limits); next.steps.length > 0; next = plan(pool, NOW, limits)) {
        assert.ok(++turns < 30, JSON.stringify(pool));
        const ids = next.steps.flatMap((step) => (step.kind === 'start' ? [] : [step.id]));
        assert.equal(new Set(ids).size, ids.length, JSON.stringify(next.steps));
        pool = next.steps.reduce(carryOut, pool);
        assert.ok(pool.members.some(({ phase }) => phase === 'open') || pool.starting > 0 || NOW < pool.blockedUntil || pool.members.length >= limits.maxSessions, JSON.stringify(pool));
      }
    }
  });
});

describe('the shrinking of a pool', () => {
  const old = NOW - 60_000;

  it('drains what has not worked for a minute, the emptiest and youngest first, and keeps one', () => {
    const idle = { workedAt: old };
    assert.deepEqual(steps(view([member(0, idle), member(1, idle), member(2, { ...idle, streams: 1 })])), [{ kind: 'drain', id: 1, phase: 'idle' }]);
    assert.deepEqual(steps(view([member(0, idle)])), []);
    assert.equal(plan(view([member(0), member(1)]), NOW, LIMITS).lookAt, NOW + 60_000);
  });

  it('gives a session back after ten seconds that no stream has ever used, unless a bulk transfer has the other', () => {
    const unused = member(1, { used: false, workedAt: NOW - 10_000 });
    assert.deepEqual(steps(view([member(0, { streams: 12 }), unused])), [{ kind: 'drain', id: 1, phase: 'idle' }]);
    assert.equal(plan(view([member(0, { streams: 12 }), unused]), NOW - 1, LIMITS).lookAt, NOW);
    assert.deepEqual(steps(view([member(0, { streams: 1, bulky: true }), unused])), []);
  });

  it('drains an empty session rather than one with streams that has been idle for longer', () => {
    const pool = view([member(0, { streams: 12, workedAt: old }), member(1, { workedAt: NOW - 59_000 })]);
    assert.deepEqual(plan(pool, NOW, LIMITS), { steps: [], lookAt: NOW + 1000 });
    assert.deepEqual(steps(pool, {}, NOW + 1000), [{ kind: 'drain', id: 1, phase: 'idle' }]);
  });

  it('ends a draining session with its last stream', () => {
    assert.deepEqual(steps(view([member(0), member(1, { phase: 'idle', streams: 1 })])), []);
    assert.deepEqual(steps(view([member(0), member(1, { phase: 'idle' })])), [{ kind: 'end', id: 1 }]);
  });

  it('spares a session that would have to be started again at once', () => {
    const busy = member(0, { streams: 2, active: 2, saturated: true });
    assert.deepEqual(steps(view([busy, member(1, { workedAt: old })])), []);
  });

  it('does not leave the next stream with one that is not read', () => {
    assert.deepEqual(steps(view([member(0, { streams: 1, stalled: true }), member(1, { workedAt: old })])), []);
  });
});

describe('the renewal of a session', () => {
  const HOUR = 3_600_000;
  const limits = { maxSessionMs: HOUR };
  const due = { bornAt: NOW - HOUR + 300_000 };

  it('starts a fresh one five minutes ahead, or a tenth of a short life', () => {
    const [before] = [{ bornAt: due.bornAt + 1 }];
    assert.deepEqual(plan(view([member(0, before)]), NOW, { ...LIMITS, ...limits }), { steps: [], lookAt: NOW + 1 });
    assert.deepEqual(steps(view([member(0, due)]), limits), [{ kind: 'start', why: 'renewal' }]);
    assert.deepEqual(steps(view([member(0, { bornAt: NOW - 9000 })]), { maxSessionMs: 10_000 }), [{ kind: 'start', why: 'renewal' }]);
  });

  it('is not held up by the bound, but by a failure', () => {
    assert.deepEqual(steps(view([member(0, due)]), { ...limits, maxSessions: 1 }), [{ kind: 'start', why: 'renewal' }]);
    assert.deepEqual(steps(view([member(0, due)], { blockedUntil: NOW + 1 }), limits), []);
    assert.deepEqual(steps(view([member(0, due)], { starting: 1 }), limits), []);
  });

  it('drains the old one when the fresh one is there, and ends it with its last stream', () => {
    assert.deepEqual(steps(view([member(0, { ...due, streams: 1 }), member(1)]), limits), [{ kind: 'drain', id: 0, phase: 'renewed' }]);
    assert.deepEqual(steps(view([member(0, { ...due, phase: 'renewed', streams: 1 }), member(1)]), limits), []);
    assert.deepEqual(steps(view([member(0, { ...due, phase: 'renewed' }), member(1)]), limits), [{ kind: 'end', id: 0 }]);
  });

  it('leaves room for growth', () => {
    const busy = { streams: 2, active: 2, saturated: true };
    assert.deepEqual(steps(view([member(0, { ...due, phase: 'renewed', streams: 3 }), member(1, busy)]), { ...limits, maxSessions: 2 }), START_GROWTH);
  });
});
