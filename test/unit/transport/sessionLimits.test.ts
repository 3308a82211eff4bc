import assert from 'node:assert/strict';
import { cancelled, Fault } from '../../../src/base/fault';
import type { SsmSessionLimits } from '../../../src/model/ssmSession';
import { channelClosed } from '../../../src/transport/ssm/faults';
import { SessionLimits } from '../../../src/transport/ssm/sessionLimits';

const dev = { profile: 'dev', region: 'eu-central-1' };
const never = new AbortController().signal;
const MINUTE = 60_000;
const expired = channelClosed('Your session reached its maximum duration and has been terminated.');

describe('what is known of the limits of sessions', () => {
  let answers: (() => Promise<SsmSessionLimits>)[];
  let asked: number;
  let changes: number;
  let levels: string[];
  let limits: SessionLimits;

  beforeEach(() => {
    answers = [];
    asked = 0;
    changes = 0;
    levels = [];
    const api = {
      limits: (): Promise<SsmSessionLimits> => {
        asked++;
        return answers.shift()!();
      },
    };
    limits = new SessionLimits({ api, logger: { log: (level) => void levels.push(level) } });
    limits.onDidChange(() => changes++);
  });

  it('is asked once per profile and region, also while the answer is on its way', async () => {
    answers = [() => Promise.resolve({ maxSessionMs: 60 * MINUTE, idleMs: 20 * MINUTE }), () => Promise.resolve({})];
    await Promise.all([limits.ask(dev, never), limits.ask(dev, never)]);
    await limits.ask(dev, never);
    assert.equal(asked, 1);
    assert.deepEqual(limits.known(dev), { maxSessionMs: 60 * MINUTE, idleMs: 20 * MINUTE });
    assert.equal(changes, 1);
    const other = { ...dev, region: 'us-east-1' };
    assert.deepEqual(limits.known(other), {});
    await limits.ask(other, never);
    assert.equal(asked, 2);
  });

  it('is nothing where it may not be asked, which is not asked again and no more than a debug message', async () => {
    answers = [() => Promise.reject(new Fault('aws.accessDenied', 'No.'))];
    await limits.ask(dev, never);
    await limits.ask(dev, never);
    assert.deepEqual([asked, limits.known(dev), changes, levels], [1, {}, 0, ['debug']]);
  });

  it('is asked again after a cancellation and after a failure that passes', async () => {
    const busy = new Fault('aws.throttled', 'Busy.', { retryable: true });
    answers = [() => Promise.reject(cancelled()), () => Promise.reject(busy), () => Promise.resolve({ maxSessionMs: MINUTE })];
    for (let round = 0; round < 4; round++) await limits.ask(dev, never);
    assert.deepEqual([asked, limits.known(dev)], [3, { maxSessionMs: MINUTE }]);
  });

  it('is learned from sessions that ended for their duration, and the lowest age counts', async () => {
    answers = [() => Promise.resolve({ maxSessionMs: 50 * MINUTE, idleMs: 20 * MINUTE })];
    limits.ended(dev, expired, 60 * MINUTE);
    assert.deepEqual(limits.known(dev), { maxSessionMs: 60 * MINUTE });
    await limits.ask(dev, never);
    assert.deepEqual(limits.known(dev), { maxSessionMs: 50 * MINUTE, idleMs: 20 * MINUTE });
    limits.ended(dev, expired, 30 * MINUTE);
    limits.ended(dev, expired, 31 * MINUTE);
    assert.equal(limits.known(dev).maxSessionMs, 30 * MINUTE);
    assert.equal(changes, 3);
  });

  it('learns nothing from other endings, nor from one that came too early to be true', () => {
    for (const fault of [undefined, channelClosed(''), channelClosed('Your session timed out due to inactivity and has been terminated.')]) {
      limits.ended(dev, fault, 60 * MINUTE);
    }
    limits.ended(dev, expired, MINUTE - 1);
    assert.deepEqual([limits.known(dev), changes], [{}, 0]);
  });
});
