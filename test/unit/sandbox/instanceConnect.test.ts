import assert from 'node:assert/strict';
import { PushedKeys } from '../../sandbox/instanceConnect';

describe("the sandbox's keys of EC2 Instance Connect", () => {
  it('are accepted for a minute', () => {
    let now = 0;
    const keys = new PushedKeys(() => now);
    void keys.push({ instanceId: 'i-1', osUser: 'ubuntu', publicKey: 'a' });
    now = 59_999;
    void keys.push({ instanceId: 'i-1', osUser: 'ubuntu', publicKey: 'b' });
    assert.deepEqual(keys.accepted('i-1', 'ubuntu'), ['a', 'b']);
    now = 60_000;
    assert.deepEqual(keys.accepted('i-1', 'ubuntu'), ['b']);
  });
});
