import assert from 'node:assert/strict';
import type { InventoryPart } from '../../../src/model/inventory';
import { connectionNodes, moodIcon, resolveTunnel, tunnelNodeId } from '../../../src/vscode/connectionNodes';
import type { ResourcesState } from '../../../src/vscode/inventoryState';
import { step } from '../../../src/vscode/inventoryState';
import type { SshHosts } from '../../../src/model/ssh';
import { plainText } from '../../../src/vscode/localizer';
import { resolveTarget, targetNodeId } from '../../../src/vscode/regionNodes';
import { resourceNodes, resourcesContext } from '../../../src/vscode/resourceNodes';
import type { ViewNode } from '../../../src/vscode/viewNode';
import { changedRows, NodeTree } from '../../../src/vscode/viewNode';
import { bastion, denied, parts, target, tunnel } from './samples';

const scope = { profile: 'dev', region: 'eu-central-1' };

function shown(all: readonly InventoryPart[], done = true): ResourcesState {
  let state = step({ phase: 'idle' }, { type: 'discovering', scope });
  for (const part of all) state = step(state, { type: 'part', part });
  return done ? step(state, { type: 'discovered' }) : state;
}

function outline(nodes: readonly ViewNode[], depth = 0): string[] {
  return nodes.flatMap((node) => [
    `${'  '.repeat(depth)}${node.label}${node.description ? ` | ${node.description}` : ''}`,
    ...outline(node.children ?? [], depth + 1),
  ]);
}

function find(nodes: readonly ViewNode[], label: string): ViewNode {
  const all = (some: readonly ViewNode[]): ViewNode[] => some.flatMap((node) => [node, ...all(node.children ?? [])]);
  const found = all(nodes).find((node) => node.label === label);
  assert.ok(found, `there is no row ${label}`);
  return found;
}

const NO_SSH: SshHosts = { hosts: [], faults: [] };

describe('the rows of Resources', () => {
  it('lead from the profile over the region to bastions and targets', () => {
    const creating = target({ name: 'soon', status: 'creating', endpoints: [] });
    const secure = target({ name: 'secure', engine: 'valkey', engineVersion: '8.0', tls: 'required', auth: 'users', clusterMode: true });
    const stopped = bastion({ id: 'i-2', name: 'old', state: 'stopped' });
    const state = shown(parts({ targets: [target(), creating, secure], bastions: [bastion(), stopped] }));
    assert.deepEqual(outline(resourceNodes(state, NO_SSH, plainText)), [
      'dev | 111122223333',
      '  eu-central-1',
      '    Bastions (2)',
      '      bastion-a | online · i-0a1',
      '      old | stopped · i-2',
      '    Caches (3)',
      '      orders-cache | Redis 7.1',
      '        primary | orders-cache.example:6379',
      '        reader | orders-cache-ro.example:6379',
      '      secure | Valkey 8.0 · cluster · TLS · users',
      '        primary | secure.example:6379',
      '        reader | secure-ro.example:6379',
      '      soon | creating · Redis 7.1',
      '    Databases (0)',
      '      No database in eu-central-1',
    ]);
  });

  it('show databases beside the caches, with their engines, roles and public endpoints', () => {
    const cluster = target({
      name: 'shop-aurora',
      kind: 'rds.cluster',
      engine: 'aurora-postgresql',
      engineVersion: '16.4',
      tls: 'preferred',
      auth: 'passwordOrIam',
      tags: [
        { key: 'team', value: 'shop 🛒' },
        { key: 'empty', value: '' },
      ],
      endpoints: [
        { role: 'writer', host: 'w.example', port: 5432 },
        { role: 'reader', host: 'r.example', port: 5432 },
        { role: 'custom', name: 'reports', host: 'c.example', port: 5432 },
        { role: 'instance', name: 'one', host: 'one.example', port: 5432, public: true },
        { role: 'instance', name: 'two', host: 'two.example', port: 5432 },
      ],
    });
    const proxy = target({ name: 'shop-proxy', kind: 'rds.proxy', engine: 'postgres', tls: 'required', auth: 'iam', endpoints: [{ role: 'proxy', host: 'p.example', port: 5432 }] });
    const memory = target({ name: 'carts', kind: 'memorydb.cluster', engine: 'valkey', endpoints: [{ role: 'configuration', host: 'm.example', port: 6379 }] });
    const roots = resourceNodes(shown(parts({ targets: [cluster, proxy, memory], bastions: [] })), NO_SSH, plainText);
    assert.deepEqual(outline(roots).slice(4), [
      '    Caches (1)',
      '      carts | Valkey 7.1',
      '        configuration | m.example:6379',
      '    Databases (2)',
      '      shop-aurora | Aurora PostgreSQL 16.4 · TLS preferred · IAM · public',
      '        writer | w.example:5432',
      '        reader | r.example:5432',
      '        custom reports | c.example:5432',
      '        instance one | one.example:5432 · public',
      '        instance two | two.example:5432',
      '      shop-proxy | PostgreSQL 7.1 · proxy · TLS · IAM',
      '        proxy | p.example:5432',
    ]);
    const row = find(roots, 'shop-aurora');
    assert.deepEqual(row.words, ['target', 'connectable', 'aws']);
    assert.equal(row.spoken, 'Database shop-aurora, available, Aurora PostgreSQL 16.4, TLS preferred, IAM, public');
    const tooltip = row.tooltip!.replaceAll('\\', '');
    for (const part of [
      'Kind: RDS or Aurora cluster',
      'Authentication: user and password, or IAM',
      'Endpoint (custom reports): c.example:5432',
      'Public endpoints: instance one',
      'Tags: team=shop 🛒, empty',
    ]) {
      assert.ok(tooltip.includes(part), `${part} in ${tooltip}`);
    }
    assert.ok(!tooltip.includes('Cluster mode'), tooltip);
    assert.match(find(row.children!, 'instance one').spoken!, /instance one endpoint of shop-aurora, .*, public$/);
    assert.deepEqual(find(roots, 'carts').words, ['target', 'connectable', 'redis', 'aws']);
    const icons = [cluster, proxy, memory].map(({ name }) => find(roots, name).icon!.id);
    assert.equal(new Set(icons).size, icons.length);
  });

  it('say what kind of bastion it is, and what makes it usable or not', () => {
    const ecs = { cluster: 'shop', group: 'service:tools', taskId: '1', container: 'tools' };
    const bastions = [
      bastion({ platform: 'Amazon Linux 2023', tags: { sallyport: 'bastion', flag: '' } }),
      bastion({ id: 'mi-1', kind: 'hybrid', name: 'office', managed: 'ConnectionLost' }),
      bastion({ id: 'ecs:shop_1_2', kind: 'ecs', name: 'tools/tools', platform: 'Fargate 1.4.0 (Linux)', ecs }),
      bastion({ id: 'ecs:shop_1_3', kind: 'ecs', name: 'tools/web', managed: 'unmanaged', ecs }),
    ];
    const rows = resourceNodes(shown(parts({ bastions })), NO_SSH, plainText);
    assert.deepEqual(outline(rows).slice(3, 7), [
      '      bastion-a | online · Amazon Linux 2023 · i-0a1',
      '      office | agent offline · hybrid node · mi-1',
      '      tools/tools | online · ECS task · Fargate 1.4.0 (Linux) · shop',
      '      tools/web | no exec agent · ECS task · shop',
    ]);
    assert.match(find(rows, 'bastion-a').tooltip!, /sallyport\\=bastion\\, flag/);
    assert.match(find(rows, 'tools/tools').tooltip!, /Cluster: shop/);
    assert.deepEqual(find(rows, 'tools/web').icon, { id: 'package' });
    assert.match(find(rows, 'office').spoken!, /office, agent offline, hybrid node/);
  });

  it('say that they are loading, and count only what is complete', () => {
    const lines = outline(resourceNodes(shown([], false), NO_SSH, plainText));
    assert.deepEqual(lines, ['dev', '  eu-central-1 | loading…', '    Bastions', '      Loading…', '    Caches', '      Loading…', '    Databases', '      Loading…']);
    const partly = outline(resourceNodes(shown(parts(), false), NO_SSH, plainText));
    assert.ok(partly.includes('    Caches | 1') && !partly.some((line) => line.includes('(1)')));
  });

  it('say in a sentence that there is nothing', () => {
    const lines = outline(resourceNodes(shown(parts({ targets: [], bastions: [] })), NO_SSH, plainText));
    assert.deepEqual(lines.slice(2), ['    No bastion, cache or database in eu-central-1']);
  });

  it('count what is complete although something else could not be read', () => {
    const denial = (provider: string): string[] => outline(resourceNodes(shown([...parts({ targets: [], bastions: [] }), { kind: 'fault', provider, fault: denied }]), NO_SSH, plainText));
    assert.deepEqual(denial('ecs.tasks').slice(2, 6), ['    Bastions', '      Nothing is known: see the message below', '    Caches (0)', '      No cache in eu-central-1']);
    assert.deepEqual(denial('elasticache.serverless').slice(2, 4), ['    Bastions (0)', '      No bastion in eu-central-1']);
  });

  it('show a failure beside what did arrive, with its next step', () => {
    const state = shown([...parts({ targets: [] }), { kind: 'fault', provider: 'elasticache.serverless', fault: denied }]);
    const roots = resourceNodes(state, NO_SSH, plainText);
    const fault = find(roots, denied.message);
    assert.deepEqual(fault.words, ['fault']);
    assert.ok(fault.tooltip!.includes('Ask for that permission'));
    assert.ok(fault.spoken!.includes('Ask for that permission'));
    find(roots, 'bastion-a');
    // "No cache" would be a claim that nobody can make now.
    find(roots, 'Nothing is known: see the message below');
  });

  it('show a failure alone where nothing could be asked', () => {
    const state = step(shown([], false), { type: 'discoveryFailed', fault: denied });
    assert.deepEqual(outline(resourceNodes(state, NO_SSH, plainText)), ['dev', '  eu-central-1', `    ${denied.message}`]);
    const noRegion = step({ phase: 'idle' }, { type: 'unavailable', profile: 'dev', fault: denied });
    assert.deepEqual(outline(resourceNodes(noRegion, NO_SSH, plainText)), ['dev', `  ${denied.message}`]);
  });

  it('leave the view empty exactly where welcome content stands instead', () => {
    const states: ResourcesState[] = [
      { phase: 'idle' },
      { phase: 'reading' },
      { phase: 'noProfiles' },
      { phase: 'unavailable', fault: denied },
      shown(parts()),
    ];
    for (const state of states) assert.equal(resourceNodes(state, NO_SSH, plainText).length === 0, resourcesContext(state) !== 'shown', state.phase);
  });

  it('show the hosts of the OpenSSH configuration beside the profile, and what is wrong with it', () => {
    const ssh: SshHosts = {
      hosts: [
        { alias: 'bastion', hostName: 'bastion.example', user: 'dev', port: 22, file: '/home/dev/.ssh/config', line: 3 },
        { alias: 'six', hostName: '2001:db8::1', user: '', port: 2222, file: '/home/dev/.ssh/config', line: 9 },
      ],
      faults: [{ code: 'ssh.config.syntax', message: 'Line 12 is no option.', retryable: false }],
    };
    const roots = resourceNodes(shown(parts()), ssh, plainText);
    assert.deepEqual(outline(roots.slice(1)), ['SSH hosts (2)', '  bastion | dev@bastion.example', '  six | [2001:db8::1]:2222', '  Line 12 is no option.']);
    assert.match(roots[1]!.children![0]!.tooltip!, /line 3/);
    assert.deepEqual(outline(resourceNodes({ phase: 'reading' }, ssh, plainText)), []);
  });

  it('have ids that are unique and stay across refreshes, and differ between profiles', () => {
    const ids = (state: ResourcesState): string[] => {
      const collect = (nodes: readonly ViewNode[]): string[] => nodes.flatMap((node) => [node.id, ...collect(node.children ?? [])]);
      return collect(resourceNodes(state, NO_SSH, plainText));
    };
    const first = ids(shown(parts()));
    assert.equal(new Set(first).size, first.length);
    assert.deepEqual(ids(shown(parts())), first);
    let other = step({ phase: 'idle' }, { type: 'discovering', scope: { ...scope, profile: 'prod' } });
    const elsewhere = { ...target().place, profile: 'prod' };
    for (const part of parts({ targets: [target({ place: elsewhere })], bastions: [bastion({ place: elsewhere })] })) other = step(other, { type: 'part', part });
    assert.deepEqual(ids(step(other, { type: 'discovered' })).filter((id) => first.includes(id)), []);
    // AWS lists an endpoint twice: VS Code must not see one id twice.
    const [endpoint] = target().endpoints;
    const doubled = ids(shown(parts({ targets: [target({ endpoints: [endpoint!, endpoint!] })] })));
    assert.equal(new Set(doubled).size, doubled.length);
  });

  it('say which commands fit', () => {
    const memcached = target({ name: 'mc', engine: 'memcached' });
    const roots = resourceNodes(shown(parts({ targets: [target(), memcached, target({ name: 'soon', endpoints: [] })] })), NO_SSH, plainText);
    assert.deepEqual(find(roots, 'orders-cache').words, ['target', 'connectable', 'redis', 'aws']);
    assert.deepEqual(find(find(roots, 'orders-cache').children!, 'primary').words, ['endpoint', 'connectable', 'redis', 'aws']);
    assert.deepEqual(find(roots, 'mc').words, ['target', 'connectable', 'aws']);
    assert.deepEqual(find(roots, 'soon').words, ['target', 'redis', 'aws']);
  });

  it('escape what comes from AWS', () => {
    const roots = resourceNodes(shown(parts({ bastions: [bastion({ name: '[x](command:y)\n😀' })] })), NO_SSH, plainText);
    const row = find(roots, '[x](command:y) 😀');
    assert.ok(row.tooltip!.startsWith(String.raw`**\[x\]\(command\:y\) 😀**`), row.tooltip);
  });

  it('lead back to the target and the endpoint, and nothing else does', () => {
    const state = shown(parts());
    assert.ok(state.phase === 'region');
    const roots = resourceNodes(state, NO_SSH, plainText);
    const { inventory } = state;
    assert.deepEqual(resolveTarget(inventory, targetNodeId(target())), { target: target() });
    assert.equal(resolveTarget(inventory, find(roots, 'reader').id)?.endpoint?.role, 'reader');
    for (const wrong of [undefined, null, 5, {}, '', 'target:x', find(roots, 'bastion-a').id]) {
      assert.equal(resolveTarget(inventory, wrong), undefined);
    }
    assert.equal(resolveTarget(undefined, targetNodeId(target())), undefined);
  });
});

describe('the rows of Connections', () => {
  const rows = (...tunnels: Parameters<typeof connectionNodes>[0]): readonly ViewNode[] => connectionNodes(tunnels, plainText, (ms) => `at ${ms}`);

  it('show where a tunnel is and how it is', () => {
    const [row] = rows(tunnel());
    assert.equal(row!.label, 'orders-cache primary');
    assert.equal(row!.description, '127.0.0.1:53211 · 2.1 ms');
    assert.equal(row!.spoken, 'Tunnel orders-cache primary, healthy, 2.1 ms, 127.0.0.1 port 53211');
    assert.deepEqual(row!.words, ['tunnel', 'redis']);
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

  it('say why a tunnel waits', () => {
    const cause = { code: 'ssm.closed', message: 'The session ended.', retryable: true, remedy: { text: 'Wait.' } } as const;
    const [row] = rows(tunnel({ state: { phase: 'waiting', attempt: 2, retryAt: 1, cause } }));
    assert.equal(row!.description, '127.0.0.1:53211 · reconnecting…');
    assert.ok(row!.tooltip!.includes('The session ended\\. Wait\\.'));
  });

  it('differ in shape for every mood, not in colour alone', () => {
    const moods = ['ok', 'checking', 'connecting', 'degraded', 'waiting', 'down', 'closed'] as const;
    assert.equal(new Set(moods.map((mood) => moodIcon(mood).id)).size, moods.length);
  });

  it('lead back to their tunnel, and nothing else does', () => {
    const tunnels = [tunnel()];
    assert.equal(resolveTunnel(tunnels, tunnelNodeId(tunnels[0]!)), tunnels[0]);
    for (const wrong of [undefined, null, 't1', {}, 'tunnel:other']) assert.equal(resolveTunnel(tunnels, wrong), undefined);
  });
});

describe('a redraw', () => {
  const leaf = (id: string, label = id): ViewNode => ({ id, label, words: [] });
  const parent = (id: string, children: readonly ViewNode[], label = id): ViewNode => ({ id, label, words: [], children });

  it('is of nothing when nothing changed', () => {
    const make = (): NodeTree => new NodeTree([parent('a', [leaf('b')])]);
    assert.deepEqual(changedRows(make(), make()), []);
  });

  it('is of the one row that changed', () => {
    const before = new NodeTree([parent('a', [leaf('b'), leaf('c')]), parent('d', [leaf('e')])]);
    const after = new NodeTree([parent('a', [leaf('b'), leaf('c', 'new')]), parent('d', [leaf('e')])]);
    assert.deepEqual(changedRows(before, after), ['c']);
  });

  it('is of a row of which only the tooltip changed, though that was never made', () => {
    const row = (facts: unknown): NodeTree =>
      new NodeTree([
        {
          ...leaf('a'),
          facts,
          get tooltip(): string {
            throw new Error('nobody asked for it');
          },
        },
      ]);
    assert.deepEqual(changedRows(row({ tags: ['x'] }), row({ tags: ['x'] })), []);
    assert.deepEqual(changedRows(row({ tags: ['x'] }), row({ tags: ['y'] })), ['a']);
  });

  it('is of the parent when its children come, go or change places', () => {
    const before = new NodeTree([parent('a', [leaf('b')]), parent('d', [leaf('e'), leaf('f')])]);
    const after = new NodeTree([parent('a', [leaf('b'), leaf('c')]), parent('d', [leaf('f'), leaf('e', 'new')])]);
    assert.deepEqual(changedRows(before, after), ['a', 'd']);
  });

  it('is of everything when the roots change', () => {
    assert.equal(changedRows(new NodeTree([leaf('a')]), new NodeTree([leaf('b')])), undefined);
  });

  it('finds parents for reveal', () => {
    const tree = new NodeTree([parent('a', [parent('b', [leaf('c')])])]);
    assert.deepEqual([tree.parent('c'), tree.parent('b'), tree.parent('a'), tree.parent('x')], ['b', 'a', undefined, undefined]);
    assert.deepEqual(tree.children('x'), []);
  });
});
