import assert from 'node:assert/strict';
import type { ReadingView } from '../../../src/transport/ssm/readingHold';
import { GLANCE_BYTES, GLANCE_MS, LONE_HOLD_MS, nextReading, ReadingHold, SHARED_HOLD_MS } from '../../../src/transport/ssm/readingHold';
import { FakeClock } from '../../fixtures/fakeClock';

const view = (about: Partial<ReadingView> = {}): ReadingView => ({
  behind: true,
  arrived: 0,
  full: false,
  alone: false,
  neededUntil: -Infinity,
  ...about,
});

describe('the reading of a session of which a client is behind', () => {
  let clock: FakeClock;
  let hold: ReadingHold;
  let now: ReadingView;
  /** Bytes that come for the slow client in each ms of reading. */
  let flow: number;
  let wakes: number;

  beforeEach(() => {
    clock = new FakeClock();
    now = view();
    flow = 1000;
    wakes = 0;
    hold = new ReadingHold(clock, () => wakes++);
    hold.look(now);
  });

  afterEach(() => {
    hold.dispose();
    assert.equal(clock.pending, 0, 'timers left');
  });

  /** Looks each ms, as the turns of a busy session do. @returns how long reading was held, and the longest stretch, ms. */
  function run(ms: number): { readonly held: number; readonly longest: number } {
    let held = 0;
    let stretch = 0;
    let longest = 0;
    for (let step = 0; step < ms; step++) {
      stretch = hold.held ? stretch + 1 : 0;
      longest = Math.max(longest, stretch);
      if (hold.held) held++;
      else now = { ...now, arrived: now.arrived + flow };
      clock.advance(1);
      hold.look(now);
    }
    return { held, longest };
  }

  it('is held three quarters of the time among others that are quiet, never longer than that bound', () => {
    const { held, longest } = run(10_000);
    assert.ok(held >= 7000 && held <= 7600, `${held} ms`);
    assert.ok(longest <= SHARED_HOLD_MS);
  });

  it('is held twenty seconds at a stretch where there are no others', () => {
    now = view({ alone: true });
    const { held, longest } = run(60_000);
    assert.ok(held > 58_000, `${held} ms`);
    assert.equal(longest, LONE_HOLD_MS);
  });

  it('lets at most a mebibyte and what one turn brings through between two holds', () => {
    flow = 500_000;
    run(SHARED_HOLD_MS + 50);
    assert.ok(now.arrived >= GLANCE_BYTES && now.arrived <= GLANCE_BYTES + flow, `${now.arrived} bytes`);
  });

  it('goes on as long as another needs it, and is held again at once when it no longer does', () => {
    now = view({ neededUntil: 3000 });
    hold.look(now);
    assert.equal(run(3000).held, 0);
    assert.ok(run(100).held >= 99);
  });

  it('goes on the moment another needs it', () => {
    assert.equal(hold.held, true);
    hold.look({ ...now, neededUntil: 10 });
    assert.equal(hold.held, false);
  });

  it('goes on when nothing comes any more, until something does', () => {
    flow = 0;
    run(SHARED_HOLD_MS);
    assert.equal(run(60_000).held, 0);
    flow = 1;
    assert.ok(run(100).held >= 98);
  });

  it('goes on when the client has caught up', () => {
    hold.look(view({ behind: false }));
    assert.equal(hold.held, false);
    assert.equal(clock.pending, 0);
  });

  it('stops for good when there is no room for a client that is alone, until there is some', () => {
    now = view({ alone: true, full: true });
    assert.equal(run(3 * LONE_HOLD_MS).held, 3 * LONE_HOLD_MS);
    now = view({ alone: true });
    clock.advance(1);
    hold.look(now);
    assert.equal(hold.held, false);
  });

  it('wakes the session when a hold or a glance is over, without any traffic', () => {
    clock.advance(SHARED_HOLD_MS);
    assert.equal(wakes, 1);
    hold.look(now);
    assert.equal(hold.held, false);
    now = view({ arrived: 1 });
    hold.look(now);
    clock.advance(GLANCE_MS);
    assert.equal(wakes, 2);
    hold.look(now);
    assert.equal(hold.held, true);
  });

  it('is decided by what is seen alone', () => {
    const state = { phase: 'held', since: 0 } as const;
    assert.deepEqual(nextReading(state, view(), 100), { state, lookAt: SHARED_HOLD_MS });
    assert.deepEqual(nextReading({ phase: 'free' }, view({ behind: false }), 5), { state: { phase: 'free' }, lookAt: undefined });
  });
});
