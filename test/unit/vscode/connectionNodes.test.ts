import assert from 'node:assert/strict';
import { connectionNodes, moodIcon, resolveTunnel, tunnelNodeId } from '../../../src/vscode/connectionNodes';
import { plainText } from '../../../src/vscode/localizer';
import type { ViewNode } from '../../../src/vscode/viewNode';
import { makeDirectRoute } from '../../../src/model/route';
import { target, tunnel } from './samples';

describe('the rows of Connections', () => {
  const rows = (...tunnels: Parameters<typeof connectionNodes>[0]): readonly ViewNode[] => connectionNodes(tunnels, plainText, (ms) => `at ${ms}`);

  it('show where a tunnel is and how it is', () => {
    const [row] = rows(tunnel());
    assert.equal(row!.label, 'orders-cache primary');
    assert.equal(row!.description, '127.0.0.1:53211 · 2.1 ms');
    assert.equal(row!.spoken, 'Tunnel orders-cache primary, healthy, 2.1 ms, 127.0.0.1 port 53211');
    assert.deepEqual(row!.words, ['tunnel', 'unsaved', 'redis']);
    for (const part of ['bastion\\-a', 'orders\\-cache\\.example\\:6379', '812 B', '1\\.2 MB', 'healthy', 'at 1700000000000']) {
      assert.ok(row!.tooltip!.includes(part), `${part} in ${row!.tooltip}`);
    }
  });

  it('show what flows through a tunnel, and say when the agent is what limits it', () => {
    const sessions = ['a', 'b'].map((sessionId) => ({ sessionId, streams: 1 }));
    const [row] = rows(tunnel({ rate: { up: 80_000, down: 1_400_000 }, link: { sessions, agentLimited: true } }));
    assert.equal(row!.description, '127.0.0.1:53211 · 2.1 ms · ↓ 1.4 MB/s ↑ 80 kB/s');
    for (const part of ['Throughput: ↓ 1\\.4 MB\\/s', 'Limited by: the Systems Manager agent', 'Sessions: 2']) {
      assert.ok(row!.tooltip!.includes(part), `${part} in ${row!.tooltip}`);
    }
    const [calm] = rows(tunnel({ rate: { up: 300, down: 9000 }, link: { sessions, agentLimited: false } }));
    assert.equal(calm!.description, '127.0.0.1:53211 · 2.1 ms');
    assert.ok(!/Throughput|Limited/.test(calm!.tooltip!), calm!.tooltip);
  });

  it('say that there is no bastion, and what that means where there is no TLS either', () => {
    const [plain] = rows(tunnel({ route: makeDirectRoute(target(), target().endpoints[0]!) }));
    assert.equal(plain!.description, '127.0.0.1:53211 · 2.1 ms · directly');
    assert.equal(plain!.spoken, 'Tunnel orders-cache primary, healthy, 2.1 ms, directly, 127.0.0.1 port 53211');
    assert.match(plain!.tooltip!, /Through: directly\\, without a bastion/);
    assert.match(plain!.tooltip!, /Not encrypted: no bastion and no TLS/);
    assert.ok(!/Bastion:/.test(plain!.tooltip!), plain!.tooltip);
    const [secure] = rows(tunnel({ route: makeDirectRoute(target({ tls: 'required' }), target().endpoints[0]!) }));
    const [local] = rows(tunnel({ route: makeDirectRoute(target(), { role: 'endpoint', host: '127.0.0.1', port: 6379 }) }));
    for (const row of [secure, local]) assert.ok(!/Not encrypted/.test(row!.tooltip!), row!.tooltip);
  });

  it('say why a tunnel waits', () => {
    const cause = { code: 'ssm.closed', message: 'The session ended.', retryable: true, remedy: { text: 'Wait.' } } as const;
    const [row] = rows(tunnel({ state: { phase: 'waiting', attempt: 2, retryAt: 1, cause } }));
    assert.equal(row!.description, '127.0.0.1:53211 · reconnecting…');
    assert.ok(row!.tooltip!.includes('The session ended\\. Wait\\.'));
  });

  it('say that a tunnel waits for the person, and that nothing is tried meanwhile', () => {
    const cause = { code: 'aws.expiredCredentials', message: 'Sign-in has expired.', retryable: false } as const;
    const [row] = rows(tunnel({ state: { phase: 'waiting', attempt: 1, needs: 'signIn', cause } }));
    assert.equal(row!.description, '127.0.0.1:53211 · waits for you to sign in');
    assert.ok(!row!.icon!.id.includes('spin'));
  });

  it('tell in the tooltip how often a tunnel has reconnected, and what went wrong last', () => {
    const fault = { code: 'ssm.sessionEnded', message: 'The session is over.', retryable: true } as const;
    const [row] = rows(tunnel({ reconnects: 3, lastFault: { fault, at: 1_700_000_000_000 } }));
    assert.match(row!.tooltip!, /Reconnects.*3[\s\S]*Last fault.*The session is over/);
    const [calm] = rows(tunnel());
    assert.ok(!/Reconnects|Last fault/.test(calm!.tooltip!));
  });

  it('differ in shape for every mood, not in colour alone', () => {
    const moods = ['ok', 'checking', 'connecting', 'degraded', 'waiting', 'signIn', 'down', 'closed'] as const;
    assert.equal(new Set(moods.map((mood) => moodIcon(mood).id)).size, moods.length);
  });

  it('lead back to their tunnel, and nothing else does', () => {
    const tunnels = [tunnel()];
    assert.equal(resolveTunnel(tunnels, tunnelNodeId(tunnels[0]!)), tunnels[0]);
    for (const wrong of [undefined, null, 't1', {}, 'tunnel:other']) assert.equal(resolveTunnel(tunnels, wrong), undefined);
  });
});
