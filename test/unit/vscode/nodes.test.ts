import assert from 'node:assert/strict';
import type { DiscoveryScope, InventoryPart } from '../../../src/model/inventory';
import type { RegionEvent, RegionInventory } from '../../../src/vscode/inventoryState';
import { emptyRegion, scopeKey, stepRegion, targetsOf } from '../../../src/vscode/inventoryState';
import type { SshHosts } from '../../../src/model/ssh';
import { plainText } from '../../../src/vscode/localizer';
import { resolveTarget, targetNodeId } from '../../../src/vscode/regionNodes';
import { ageText, ResourceProjection, resourceNodes, resourcesContext } from '../../../src/vscode/resourceNodes';
import type { ResourcesState, ShownProfiles } from '../../../src/vscode/resourcesState';
import type { ViewNode } from '../../../src/vscode/viewNode';
import { NodeTree } from '../../../src/vscode/viewNode';
import { bastion, denied, parts, place, target } from './samples';
import { FakeClock } from '../../fixtures/fakeClock';

const scope = { profile: 'dev', region: 'eu-central-1' };

function shown(all: readonly InventoryPart[], done = true): ShownProfiles {
  return profilesState([discovered(scope, all, done)]);
}

function discovered(where: DiscoveryScope, all: readonly InventoryPart[], done = true): RegionInventory {
  const events: RegionEvent[] = [{ type: 'discovering' }, ...all.map((part) => ({ type: 'part', part }) as const), ...(done ? [{ type: 'discovered' } as const] : [])];
  return events.reduce(stepRegion, emptyRegion(where));
}

/** All of them open. */
function profilesState(inventories: readonly RegionInventory[]): ShownProfiles {
  const names = [...new Set(inventories.map((one) => one.scope.profile))];
  const profiles = names.map((name) => ({ name, regions: inventories.flatMap((one) => (one.scope.profile === name ? [one.scope.region] : [])), faults: [] }));
  const regions = new Map(inventories.map((one) => [scopeKey(one.scope), one]));
  return { phase: 'profiles', profiles, regions, open: new Set(regions.keys()) };
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
      '      shop-aurora | Aurora PostgreSQL 16.4 · public · TLS preferred · IAM',
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
    assert.equal(row.spoken, 'Database shop-aurora, available, Aurora PostgreSQL 16.4, public, TLS preferred, IAM');
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
    const state = profilesState([stepRegion(discovered(scope, [], false), { type: 'failed', fault: denied })]);
    assert.deepEqual(outline(resourceNodes(state, NO_SSH, plainText)), ['dev', '  eu-central-1', `    ${denied.message}`]);
    const noRegion: ResourcesState = { phase: 'profiles', profiles: [{ name: 'dev', regions: [], faults: [denied] }], regions: new Map(), open: new Set() };
    assert.deepEqual(outline(resourceNodes(noRegion, NO_SSH, plainText)), ['dev', `  ${denied.message}`]);
  });

  it('stand by profile and region; a region that nobody has opened says nothing of itself', () => {
    const west = { profile: 'dev', region: 'us-west-2' };
    const prod = { profile: 'prod', region: 'eu-west-1' };
    const account = { kind: 'account', accountId: '444455556666', alias: 'shop-prod' } as const;
    const known = profilesState([discovered(scope, parts({ targets: [], bastions: [] })), discovered(prod, [account])]);
    const state = { ...known, profiles: [{ ...known.profiles[0]!, regions: [scope.region, west.region] }, known.profiles[1]!], open: new Set(['dev/eu-central-1']) };
    const roots = resourceNodes(state, NO_SSH, plainText);
    assert.deepEqual(roots.map(({ label, description }) => [label, description]), [['dev', '111122223333'], ['prod', 'shop-prod · 444455556666']]);
    const [first, unopened] = roots[0]!.children!;
    assert.deepEqual([first!.open, unopened!.open], [true, false]);
    assert.deepEqual(outline([unopened!]), ['us-west-2', '  Loading…']);
    assert.deepEqual(resourceNodes({ ...state, open: new Set(['dev/us-west-2']) }, NO_SSH, plainText)[0]!.children!.map(({ open }) => open), [false, true]);
  });

  it('say how old is what was kept, as long as AWS has not answered', () => {
    const kept = { accountId: place.accountId, at: 1_000_000, providers: [{ id: 'elasticache.replicationGroups', bastions: [], targets: [target()] }] };
    const first = stepRegion(emptyRegion(scope), { type: 'kept', kept });
    const then = stepRegion(first, { type: 'discovering' });
    const region = (inventory: RegionInventory, now: number): ViewNode => resourceNodes(profilesState([inventory]), NO_SSH, plainText, new Map(), now)[0]!.children![0]!;
    assert.equal(region(first, 1_000_000 + 3 * 3_600_000).description, 'as of 3 h ago');
    assert.equal(region(then, 1_000_000 + 120_000).description, 'as of 2 min ago · loading…');
    find(region(then, 0).children!, 'orders-cache');
    assert.equal(region(stepRegion(then, { type: 'discovered' }), 5_000_000).description, undefined);
    const texts = [0, -5, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600, 100 * 86_400].map((seconds) => ageText(seconds * 1000, plainText));
    assert.deepEqual(texts, ['just now', 'just now', 'just now', '1 min ago', '59 min ago', '1 h ago', '47 h ago', '2 days ago', '100 days ago'].map((text) => `as of ${text}`));
  });

  it('say of a region that the account does not use just that', () => {
    const fault = { code: 'aws.regionNotEnabled', message: 'Region af-south-1 is not enabled.', retryable: false } as const;
    const state = profilesState([stepRegion(discovered(scope, [], false), { type: 'failed', fault })]);
    assert.deepEqual(outline(resourceNodes(state, NO_SSH, plainText)), ['dev', '  eu-central-1', '    Not enabled for this account']);
  });

  it('are made anew for the region that changed, and for no other; what there is no time for stays as it is', () => {
    const clock = new FakeClock();
    const made: string[] = [];
    const projection = new ResourceProjection(
      plainText,
      (inventory) => {
        made.push(inventory.scope.region);
        clock.advance(10);
        return { id: `region:${scopeKey(inventory.scope)}`, label: `${inventory.scope.region} ${targetsOf(inventory).length}`, words: ['region'], children: [] };
      },
      clock,
    );
    const regions = ['a-b-1', 'a-b-2', 'a-b-3'].map((region) => ({ profile: 'dev', region }));
    const labels = (inventories: readonly RegionInventory[], budgetMs?: number): [string[], boolean] => {
      const { rows, complete } = projection.project({ state: profilesState(inventories), ssh: NO_SSH, left: new Map(), now: 0 }, budgetMs);
      return [rows[0]!.children!.map(({ label }) => label), complete];
    };
    const empty = regions.map((where) => discovered(where, []));
    assert.deepEqual(labels(empty), [['a-b-1 0', 'a-b-2 0', 'a-b-3 0'], true]);
    made.length = 0;
    const one = stepRegion(empty[1]!, { type: 'part', part: parts()[2]! });
    const second = [empty[0]!, one, empty[2]!];
    assert.deepEqual(labels(second), [['a-b-1 0', 'a-b-2 1', 'a-b-3 0'], true]);
    assert.deepEqual(made, ['a-b-2']);
    made.length = 0;
    const all = second.map((inventory) => stepRegion(inventory, { type: 'part', part: parts({ targets: [target({ name: 'x' }), target({ name: 'y' })] })[2]! }));
    assert.deepEqual(labels(all, 5), [['a-b-1 2', 'a-b-2 1', 'a-b-3 0'], false]);
    assert.deepEqual(labels(all, 5), [['a-b-1 2', 'a-b-2 3', 'a-b-3 0'], false]);
    assert.deepEqual(labels(all, 5), [['a-b-1 2', 'a-b-2 3', 'a-b-3 2'], true]);
    assert.deepEqual(made, ['a-b-1', 'a-b-2', 'a-b-3']);
  });

  it('of a closed region are made when somebody looks into it', () => {
    let made = 0;
    const projection = new ResourceProjection(plainText, ({ scope: { region } }) => (made++, { id: 'x', label: region, words: ['region'], children: [{ id: 'y', label: 'y', words: [] }] }));
    const state = { ...profilesState([discovered(scope, parts(), false)]), open: new Set<string>() };
    const project = (): ViewNode => projection.project({ state, ssh: NO_SSH, left: new Map(), now: 0 }).rows[0]!.children![0]!;
    const row = project();
    assert.deepEqual([row.id, row.description, row.open, made], ['region:dev/eu-central-1', 'loading…', false, 0]);
    assert.equal(project(), row);
    assert.deepEqual([row.children!.map(({ id }) => id), row.children!.length, made], [['y'], 1, 1]);
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
    const elsewhere = { ...target().place, profile: 'prod' };
    const other = profilesState([discovered({ ...scope, profile: 'prod' }, parts({ targets: [target({ place: elsewhere })], bastions: [bastion({ place: elsewhere })] }))]);
    assert.deepEqual(ids(other).filter((id) => first.includes(id)), []);
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
    const roots = resourceNodes(state, NO_SSH, plainText);
    const inventory = state.regions.get('dev/eu-central-1')!;
    assert.deepEqual(resolveTarget(inventory, targetNodeId(target())), { target: target() });
    assert.equal(resolveTarget(inventory, find(roots, 'reader').id)?.endpoint?.role, 'reader');
    for (const wrong of [undefined, null, 5, {}, '', 'target:x', find(roots, 'bastion-a').id]) {
      assert.equal(resolveTarget(inventory, wrong), undefined);
    }
    assert.equal(resolveTarget(undefined, targetNodeId(target())), undefined);
  });
});

describe('a redraw', () => {
  const leaf = (id: string, label = id): ViewNode => ({ id, label, words: [] });
  const parent = (id: string, children: readonly ViewNode[], label = id): ViewNode => ({ id, label, words: [], children });

  /** A tree all of whose rows were asked for. */
  const seen = (roots: readonly ViewNode[]): NodeTree => {
    const tree = new NodeTree(roots);
    const ask = (ids: readonly string[]): void => ids.forEach((id) => ask(tree.children(id)));
    ask(tree.roots);
    return tree;
  };
  const changedRows = (before: readonly ViewNode[], after: readonly ViewNode[]): readonly string[] | undefined => seen(before).update(after);

  it('is of nothing when nothing changed', () => {
    const make = (): ViewNode[] => [parent('a', [leaf('b')])];
    assert.deepEqual(changedRows(make(), make()), []);
  });

  it('forgets the rows that have gone, and keeps those that have moved', () => {
    const moved = parent('m', [leaf('x')]);
    const tree = seen([parent('a', [moved, leaf('gone')]), parent('b', [leaf('y')])]);
    assert.deepEqual(tree.update([parent('a', [leaf('z')]), parent('b', [moved])]), ['a', 'b']);
    assert.deepEqual([tree.children('b'), tree.children('m')], [['m'], ['x']]);
    assert.deepEqual([tree.parent('m'), tree.parent('x'), tree.get('gone'), tree.parent('gone')], ['b', 'm', undefined, undefined]);
    assert.deepEqual(tree.update([parent('a', [moved]), parent('b', [leaf('y')])]), ['a', 'b']);
    assert.deepEqual([tree.parent('m'), tree.get('x')?.id, tree.below('a')], ['a', 'x', ['m', 'x']]);
    assert.deepEqual(tree.update([parent('b', [leaf('y')])]), undefined);
    assert.deepEqual([tree.get('a'), tree.get('m'), tree.get('x')], [undefined, undefined, undefined]);
  });

  it('is of nothing below a row that nobody has looked into', () => {
    const tree = new NodeTree([parent('a', [parent('b', [leaf('c')])])]);
    assert.deepEqual(tree.update([parent('a', [parent('b', []), leaf('new')])]), []);
    assert.equal(tree.get('b'), undefined);
    assert.deepEqual(tree.children('a'), ['b', 'new']);
    assert.deepEqual(tree.update([parent('a', [parent('b', [leaf('c')], 'label'), leaf('new')])]), ['b']);
    assert.deepEqual(tree.update([parent('a', [])]), ['a']);
    assert.deepEqual(tree.children('a'), []);
    assert.deepEqual(tree.update([leaf('a')]), ['a']);
  });

  it('does not look below what is the same object as before', () => {
    let looks = 0;
    const below = [leaf('t')];
    const region = Object.defineProperty(parent('r', []), 'children', { get: () => (looks++, below) });
    const tree = seen([parent('p', [region])]);
    const before = looks;
    assert.deepEqual(tree.update([parent('p', [region], 'other label')]), ['p']);
    assert.equal(looks, before);
    assert.deepEqual(tree.children('r'), ['t']);
  });

  it('is of the one row that changed', () => {
    const before = [parent('a', [leaf('b'), leaf('c')]), parent('d', [leaf('e')])];
    const after = [parent('a', [leaf('b'), leaf('c', 'new')]), parent('d', [leaf('e')])];
    assert.deepEqual(changedRows(before, after), ['c']);
  });

  it('is of a row of which only the tooltip changed, though that was never made', () => {
    const row = (facts: unknown): readonly ViewNode[] => [
      {
        ...leaf('a'),
        facts,
        get tooltip(): string {
          throw new Error('nobody asked for it');
        },
      },
    ];
    assert.deepEqual(changedRows(row({ tags: ['x'] }), row({ tags: ['x'] })), []);
    assert.deepEqual(changedRows(row({ tags: ['x'] }), row({ tags: ['y'] })), ['a']);
  });

  it('is of the parent when its children come, go or change places', () => {
    const before = [parent('a', [leaf('b')]), parent('d', [leaf('e'), leaf('f')])];
    const after = [parent('a', [leaf('b'), leaf('c')]), parent('d', [leaf('f'), leaf('e', 'new')])];
    assert.deepEqual(changedRows(before, after), ['a', 'd']);
  });

  it('is of everything when the roots change', () => {
    assert.equal(changedRows([leaf('a')], [leaf('b')]), undefined);
  });

  it('finds parents for reveal', () => {
    const tree = seen([parent('a', [parent('b', [leaf('c')])])]);
    assert.deepEqual([tree.parent('c'), tree.parent('b'), tree.parent('a'), tree.parent('x')], ['b', 'a', undefined, undefined]);
    assert.deepEqual(tree.children('x'), []);
  });
});
