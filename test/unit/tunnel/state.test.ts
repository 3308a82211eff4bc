import { strict as assert } from 'node:assert';
import { INITIAL_STATE, step, type TunnelEvent } from '../../../src/tunnel/state';
import type { TunnelState } from '../../../src/model/tunnel';

const cause = { code: 'ssm.sessionEnded', message: 'ended', retryable: true } as const;

describe('tunnel state', () => {
  const run = (...events: TunnelEvent[]): TunnelState => events.reduce(step, INITIAL_STATE);

  it('goes through a loss and back', () => {
    assert.deepEqual(run({ type: 'linkUp' }), { phase: 'open', streams: 0 });
    assert.deepEqual(run({ type: 'linkUp' }, { type: 'linkLost', cause, attempt: 1, retryAt: 5 }), { phase: 'waiting', attempt: 1, retryAt: 5, cause });
    assert.deepEqual(run({ type: 'linkUp' }, { type: 'linkLost', cause, attempt: 1, retryAt: 5 }, { type: 'dialling', attempt: 1 }, { type: 'linkUp' }), { phase: 'open', streams: 0 });
  });

  it('waits for a sign-in without a time', () => {
    const held = run({ type: 'linkUp' }, { type: 'held', cause, attempt: 1, needs: 'signIn' });
    assert.deepEqual(held, { phase: 'waiting', attempt: 1, needs: 'signIn', cause });
    assert.equal('retryAt' in held, false);
  });

  it('counts streams only while it is open', () => {
    assert.deepEqual(run({ type: 'linkUp' }, { type: 'streams', count: 3 }), { phase: 'open', streams: 3 });
    assert.equal(step(INITIAL_STATE, { type: 'streams', count: 3 }), INITIAL_STATE);
  });

  it('is the same object when nothing changes', () => {
    const open = run({ type: 'linkUp' });
    assert.equal(step(open, { type: 'linkUp' }), open);
    assert.equal(step(open, { type: 'streams', count: 0 }), open);
  });

  it('stays closed', () => {
    const closed = run({ type: 'stopped', cause });
    assert.deepEqual(closed, { phase: 'closed', cause });
    for (const event of [{ type: 'linkUp' }, { type: 'stopped' }, { type: 'dialling', attempt: 1 }] as const) assert.equal(step(closed, event), closed);
  });
});
