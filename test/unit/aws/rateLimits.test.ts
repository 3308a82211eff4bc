import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { beforeEach, describe, it } from 'mocha';
import { AdaptiveRate } from '../../../src/aws/adaptiveRate';
import { MAX_AT_ONCE, MAX_PER_SERVICE, PATIENCE_MS, RateLimits } from '../../../src/aws/rateLimits';
import type { Allowance, Turn } from '../../../src/aws/rateLimits';
import { isCancelled } from '../../../src/base/fault';
import { FakeClock } from '../../fixtures/fakeClock';

const EC2: Allowance = { owner: '111122223333', region: 'eu-central-1', service: 'ec2' };
const RDS: Allowance = { ...EC2, service: 'rds' };

describe('limits of the calls to AWS', () => {
  let clock: FakeClock;
  let limits: RateLimits;
  const { signal } = new AbortController();
  setMaxListeners(0, signal);

  beforeEach(() => {
    clock = new FakeClock();
    limits = new RateLimits(clock);
  });

  /** Asks for `count` turns; those that were given so far stand in the list. */
  async function ask(count: number, allowance = EC2): Promise<Turn[]> {
    const given: Turn[] = [];
    for (let index = 0; index < count; index++) void limits.enter(allowance, signal).then((turn) => given.push(turn), () => {});
    await settled();
    return given;
  }

  /** Whoever has been admitted has heard of it. */
  async function settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }

  async function refuse(times: number, allowance = EC2): Promise<void> {
    for (let index = 0; index < times; index++) limits.pass(allowance).end('refused');
    await settled();
  }

  it('let few calls of one service be under way at once, in the order of their coming', async () => {
    const given = await ask(MAX_PER_SERVICE + 2);
    assert.equal(given.length, MAX_PER_SERVICE);
    given[0]!.end('answered');
    await settled();
    assert.equal(given.length, MAX_PER_SERVICE + 1);
    assert.equal((await ask(1, RDS)).length, 1, 'another service has an allowance of its own');
  });

  it('count two profiles of one account as one, and another region by itself', async () => {
    await ask(MAX_PER_SERVICE);
    assert.equal((await ask(1, { ...EC2 })).length, 0);
    assert.equal((await ask(1, { ...EC2, region: 'us-east-1' })).length, 1);
    assert.equal((await ask(1, { ...EC2, owner: '444455556666' })).length, 1);
  });

  it('bound what is under way in all', async () => {
    const given = (await Promise.all(Array.from({ length: 20 }, (_, index) => ask(3, { ...EC2, region: `region-${index}` })))).flat();
    assert.equal(given.length, MAX_AT_ONCE);
    assert.equal(limits.waiting, 60 - MAX_AT_ONCE);
    for (let ended = 0; ended < 60; ended++) {
      const turn = given[ended];
      if (turn) turn.end('answered');
      await settled();
    }
    assert.equal(limits.waiting, 0);
    assert.equal(clock.pending, 0);
  });

  it('never let a person wait behind discovery', async () => {
    await ask(50);
    await refuse(10);
    let made = 0;
    for (let call = 0; call < 10; call++) {
      limits.pass(EC2).end('answered');
      made++;
    }
    assert.equal(made, 10);
  });

  it('keep to a rate once the first calls are made', async () => {
    const made = await callFor(10_000);
    assert.ok(made > 100 && made <= 125, `${made} calls`);
  });

  /** Whether the service refuses, at a time. */
  async function callFor(ms: number, refuses: (now: number) => boolean = () => false): Promise<number> {
    let made = 0;
    const end = clock.now() + ms;
    const abort = new AbortController();
    const work = async (): Promise<void> => {
      while (!abort.signal.aborted) {
        const turn = await limits.enter(EC2, abort.signal);
        if (clock.now() < end) made++;
        turn.end(refuses(clock.now()) ? 'refused' : 'answered');
      }
    };
    const workers = [work(), work()].map((worker) => worker.catch((error: unknown) => assert.ok(isCancelled(error), String(error))));
    while (clock.now() < end) {
      await settled();
      clock.advance(Math.min(end - clock.now(), Math.max(1, clock.nextIn ?? 1)));
    }
    abort.abort();
    await Promise.all(workers);
    return made;
  }

  it('make few calls while a service refuses them, and are back at the old rate soon after', async () => {
    assert.ok((await callFor(5_000)) > 50);
    const inVain = await callFor(10_000, () => true);
    assert.ok(inVain >= 5 && inVain < 40, `${inVain} calls in vain`);
    await callFor(10_000);
    const after = await callFor(5_000);
    assert.ok(after >= 45, `${after} calls afterwards`);
    assert.equal(limits.waiting, 0);
    assert.equal(clock.pending, 0);
  });

  it('leave a service alone for as long as it asks', async () => {
    const [turn] = await ask(1);
    turn!.end('refused', 7_000);
    const given = await ask(1);
    clock.advance(6_999);
    await settled();
    assert.equal(given.length, 0);
    clock.advance(1);
    await settled();
    assert.equal(given.length, 1);
  });

  it('give up a service that refuses everything, for everybody, and ask it again after a rest', async () => {
    await refuse(1);
    const failed: string[] = [];
    for (let index = 0; index < 30; index++) limits.enter(EC2, signal).catch((error: Error) => failed.push(error.name));
    await settled();
    assert.equal(limits.givesUp(EC2), false);
    clock.advance(PATIENCE_MS);
    await refuse(1);
    const waiting = limits.waiting;
    assert.ok(waiting > 0);
    assert.equal(limits.givesUp(EC2), true);
    await settled();
    assert.equal(failed.length, waiting);
    assert.deepEqual([...new Set(failed)], ['ThrottlingException']);
    assert.equal(limits.givesUp(RDS), false);
    await assert.rejects(limits.enter(EC2, signal), { name: 'ThrottlingException' });
    clock.advance(10_000);
    assert.equal(limits.givesUp(EC2), false);
  });

  it('have patience anew after each answer', async () => {
    await refuse(1);
    clock.advance(PATIENCE_MS - 1);
    limits.pass(EC2).end('answered');
    await refuse(1);
    clock.advance(1_000);
    assert.equal(limits.givesUp(EC2), false);
  });

  it('forget a waiter that was cancelled, with its timer', async () => {
    await refuse(20);
    const abort = new AbortController();
    const waiting = limits.enter(EC2, abort.signal);
    assert.equal(limits.waiting, 1);
    assert.equal(clock.pending, 1);
    abort.abort();
    await assert.rejects(waiting, isCancelled);
    assert.equal(limits.waiting, 0);
    assert.equal(clock.pending, 0);
    await assert.rejects(limits.enter(EC2, abort.signal), isCancelled);
  });
});

describe('an adaptive rate', () => {
  it('is cut by each refusal, to no less than one call in two seconds', () => {
    const rate = new AdaptiveRate(0);
    for (let call = 0; call < 8; call++) rate.take(0);
    rate.refused(0);
    assert.ok(Math.abs(rate.rate - 5.6) < 0.1, `${rate.rate}: seven tenths of the eight calls made`);
    for (let call = 0; call < 20; call++) rate.refused(0);
    assert.equal(rate.rate, 0.5);
    assert.ok(rate.wait(0) >= 2_000);
  });

  it('grows slowly near the rate that was too much, and faster beyond', () => {
    const rate = new AdaptiveRate(0);
    for (let call = 0; call < 4; call++) rate.take(0);
    rate.refused(0);
    const at = (ms: number): number => {
      rate.answered(ms);
      return rate.rate;
    };
    const [soon, near, later] = [at(500), at(1_500), at(4_000)];
    assert.ok(soon > 2.8 && soon < 4, `${soon}`);
    assert.ok(near > 3.9 && near < 4.2, `${near}`);
    assert.ok(later > 5 && later <= 10, `${later}`);
    assert.equal(at(60_000), 10);
  });
});
