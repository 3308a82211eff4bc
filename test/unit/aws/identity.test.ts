import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { SharedIdentity } from '../../../src/aws/identity';
import { isCancelled } from '../../../src/base/fault';

const CREDENTIALS = { accessKeyId: 'AKIA1', secretAccessKey: 's' };
const { signal } = new AbortController();

describe('the account of a profile', () => {
  it('is asked for once by all regions, and again for other credentials', async () => {
    const identity = new SharedIdentity();
    let asked = 0;
    const ask = async (): Promise<string> => `${++asked}`;
    assert.deepEqual(await Promise.all([identity.of(CREDENTIALS, ask, signal), identity.of(CREDENTIALS, ask, signal)]), ['1', '1']);
    assert.equal(await identity.of(CREDENTIALS, ask, signal), '1');
    assert.equal(identity.accountId, '1');
    assert.equal(await identity.of({ ...CREDENTIALS }, ask, signal), '2');
  });

  it('is asked for by each region itself where another one was refused', async () => {
    const identity = new SharedIdentity();
    const refused = identity.of(CREDENTIALS, () => Promise.reject(new Error('not enabled')), signal);
    const own = identity.of(CREDENTIALS, async () => '111122223333', signal);
    await assert.rejects(refused, /not enabled/);
    assert.equal(await own, '111122223333');
  });

  it('goes on being asked for when one of those who wait is cancelled', async () => {
    const identity = new SharedIdentity();
    const abort = new AbortController();
    let answer = (_accountId: string): void => {};
    const ask = (): Promise<string> => new Promise((resolve) => void (answer = resolve));
    const cancelled = identity.of(CREDENTIALS, ask, abort.signal);
    const other = identity.of(CREDENTIALS, ask, signal);
    abort.abort();
    await assert.rejects(cancelled, isCancelled);
    answer('111122223333');
    assert.equal(await other, '111122223333');
  });

  it('is no longer asked for once nobody waits, and anew by whoever comes then', async () => {
    const identity = new SharedIdentity();
    const abort = new AbortController();
    let asking: AbortSignal | undefined;
    const never = (until: AbortSignal): Promise<string> => {
      asking = until;
      return new Promise(() => {});
    };
    const waiting = [identity.of(CREDENTIALS, never, abort.signal), identity.of(CREDENTIALS, never, abort.signal)];
    abort.abort();
    for (const one of waiting) await assert.rejects(one, isCancelled);
    assert.equal(asking?.aborted, true);
    assert.equal(await identity.of(CREDENTIALS, async () => '111122223333', signal), '111122223333');
  });
});
