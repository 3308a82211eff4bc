import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import type { FaultData } from '../../../src/base/fault';
import type { InventoryPart } from '../../../src/model/inventory';
import type { Target } from '../../../src/model/target';
import { ENGINE_PICTURES, engineIcon } from '../../../src/vscode/engineIcons';
import { emptyState, ResourceDisplay } from '../../../src/vscode/emptyStates';
import { faultProviders, missingActions } from '../../../src/vscode/faultNode';
import type { RegionInventory } from '../../../src/vscode/inventoryState';
import { emptyRegion, stepRegion } from '../../../src/vscode/inventoryState';
import { plainText } from '../../../src/vscode/localizer';
import { regionNode } from '../../../src/vscode/regionNodes';
import { bastionMark, targetMark } from '../../../src/vscode/rowMarks';
import { DEFAULT_TREE, filterWords, groupingText, matches, parseGrouping, tagKeys } from '../../../src/vscode/treeOptions';
import type { TreeOptions } from '../../../src/vscode/treeOptions';
import type { ViewNode } from '../../../src/vscode/viewNode';
import { bastion, parts, target } from './samples';
import { stopwatch } from '../../fixtures/stopwatch';

const scope = { profile: 'dev', region: 'eu-central-1' };

function inventoryOf(all: readonly InventoryPart[], done = true): RegionInventory {
  let inventory = stepRegion(emptyRegion(scope), { type: 'discovering' });
  for (const part of all) inventory = stepRegion(inventory, { type: 'part', part });
  if (done) inventory = stepRegion(inventory, { type: 'discovered' });
  return inventory;
}

function outline(nodes: readonly ViewNode[], depth = 0): string[] {
  return nodes.flatMap((node) => [`${'  '.repeat(depth)}${node.label}`, ...(node.words.includes('target') ? [] : outline(node.children ?? [], depth + 1))]);
}

function shown(inventory: RegionInventory, options: Partial<TreeOptions> & { readonly filter?: string } = {}): readonly ViewNode[] {
  const { grouping = { by: 'type' }, filter = '' } = options;
  return regionNode(inventory, plainText, { ...DEFAULT_TREE, ...options, grouping, words: filterWords(filter) }).children ?? [];
}

function allIds(nodes: readonly ViewNode[]): string[] {
  return nodes.flatMap(({ id, children = [] }) => [id, ...allIds(children)]);
}

const { vpcId: _, ...loose }: Target = target({ name: 'loose' });
const shop: Target[] = [
  target({ name: 'cart', vpcId: 'vpc-b', tags: [{ key: 'team', value: 'shop' }] }),
  target({ name: 'orders', vpcId: 'vpc-a', kind: 'rds.cluster', engine: 'aurora-postgresql', tags: [{ key: 'team', value: 'Étage 2' }, { key: 'env', value: 'prod' }] }),
  target({ name: 'untagged', vpcId: 'vpc-a', kind: 'rds.instance', engine: 'mysql', tags: [] }),
  loose,
];

const machines = [bastion({ tags: { team: 'shop' } }), bastion({ id: 'i-2', name: 'second', vpcId: 'vpc-b' })];
const known = inventoryOf(parts({ targets: shop, bastions: machines }));

describe('grouping', () => {
  it('puts what stands in one VPC together, with its bastions', () => {
    assert.deepEqual(outline(shown(known, { grouping: { by: 'vpc' } })), [
      'vpc-a (3)',
      '  Bastions (1)',
      '    bastion-a',
      '  orders',
      '  untagged',
      'vpc-b (2)',
      '  Bastions (1)',
      '    second',
      '  cart',
      'Outside of a VPC, or not known (1)',
      '  loose',
    ]);
  });

  it('calls a VPC by its name tag where that is known, of its own region', () => {
    const vpcNames = new Map([['dev/eu-central-1/vpc-b', 'Back office'], ['prod/eu-central-1/vpc-a', 'other account']]);
    const groups = shown(known, { grouping: { by: 'vpc' }, vpcNames });
    assert.deepEqual(groups.map(({ label, description }) => [label, description]), [
      ['Back office (2)', 'vpc-b'],
      ['vpc-a (3)', undefined],
      ['Outside of a VPC, or not known (1)', undefined],
    ]);
    assert.deepEqual(groups.map(({ id }) => id).toSorted(), shown(known, { grouping: { by: 'vpc' } }).map(({ id }) => id).toSorted());
  });

  it('has a group for each value of a tag, and at the end what has none', () => {
    assert.deepEqual(outline(shown(known, { grouping: { by: 'tag', key: 'team' } })), [
      'Étage 2 (1)',
      '  orders',
      'shop (2)',
      '  Bastions (1)',
      '    bastion-a',
      '  cart',
      'No tag "team" (2)',
      '  Bastions (1)',
      '    second',
      '  untagged',
      'Tags not known (1)',
      '  loose',
    ]);
  });

  it('keeps the ids of resources, and has each id once', () => {
    const resources = (ids: readonly string[]): string[] => ids.filter((id) => /^(?:target|endpoint|bastion):/.test(id)).toSorted();
    const all = (['type', 'vpc', 'tag:team'] as const).map((text) => allIds(shown(known, { grouping: parseGrouping(text) })));
    for (const ids of all) {
      assert.equal(new Set(ids).size, ids.length);
      assert.deepEqual(resources(ids), resources(all[0]!));
    }
  });

  it('has the region in the id of each row, where others look for it', () => {
    for (const text of ['type', 'vpc', 'tag:team']) {
      for (const filter of ['', 'a']) {
        const ids = allIds(shown(known, { grouping: parseGrouping(text), filter }));
        assert.deepEqual(ids.filter((id) => !/^(?:endpoint:|note:)?[A-Za-z]+:dev\/eu-central-1(?:\/|$)/.test(id)), []);
      }
    }
  });

  it('makes the row of a resource once, however it stands', () => {
    const rowOf = (nodes: readonly ViewNode[], label: string): ViewNode | undefined => nodes.flatMap(({ children = [] }) => children).find((node) => node.label === label);
    assert.equal(rowOf(shown(known), 'cart'), rowOf(shown(known, { grouping: { by: 'vpc' }, filter: 'cart' }), 'cart'));
  });

  it('is not misled by values that look like something else', () => {
    const odd = ['', '=', 'a=b', '__proto__', 'x?filtered', '$(bug)'].map((value, index) => target({ name: `t${index}`, tags: [{ key: 'k', value }] }));
    const ids = allIds(shown(inventoryOf(parts({ targets: odd, bastions: [bastion({ tags: { hasOwnProperty: 'x' } })] })), { grouping: { by: 'tag', key: 'k' } }));
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.filter((id) => id.startsWith('target:')).length, odd.length);
  });

  it('is written in the setting as it is read, and by type where that says nothing', () => {
    for (const text of ['type', 'vpc', 'tag:team', 'tag:a:b=c 😀']) assert.equal(groupingText(parseGrouping(text)), text);
    for (const text of ['', 'tag:', 'tag: ', 'region', 'tag:a\nb', `tag:${'x'.repeat(257)}`]) assert.equal(groupingText(parseGrouping(text)), 'type');
  });

  it('offers the keys of tags, the commonest first', () => {
    assert.deepEqual(tagKeys([...shop, ...machines]), ['team', 'env']);
  });
});

describe('the filter', () => {
  const found = (text: string): string[] => [...shop, ...machines].filter((one) => matches(one, filterWords(text))).map(({ name }) => name);

  it('looks at names, ids, engines, tags, VPCs and addresses, whatever the case', () => {
    assert.deepEqual(found('CART'), ['cart']);
    assert.deepEqual(found('i-0A1'), ['bastion-a']);
    assert.deepEqual(found('aurora postgresql'), ['orders']);
    assert.deepEqual(found('team=shop'), ['cart', 'bastion-a']);
    assert.deepEqual(found('vpc-b'), ['cart', 'second']);
    assert.deepEqual(found('cart-ro.example:6379'), ['cart']);
    assert.deepEqual(found('e\u0301tage'), ['orders']);
  });

  it('wants every word', () => {
    assert.deepEqual(found('vpc-a mysql'), ['untagged']);
    assert.deepEqual(found('vpc-a nothing'), []);
    assert.deepEqual(found('   ').length, 6);
  });

  it('finds nothing across two facts', () => {
    assert.deepEqual(found('team=shopenv'), []);
  });

  it('leaves the groups that have something, counts what it leaves, and opens them', () => {
    const rows = shown(known, { filter: 'team=shop' });
    assert.deepEqual(outline(rows), ['Bastions (1 of 2)', '  bastion-a', 'Caches (1 of 2)', '  cart']);
    assert.ok(rows.every(({ open }) => open));
    const unfiltered = new Set(shown(known).map(({ id }) => id));
    assert.deepEqual(rows.filter(({ id }) => unfiltered.has(id)), []);
    assert.deepEqual(outline(shown(known, { filter: 'second', grouping: { by: 'vpc' } })), ['vpc-b (1 of 2)', '  Bastions (1 of 1)', '    second']);
  });

  it('says in one row that it leaves nothing', () => {
    const [row, ...others] = shown(known, { filter: 'zzz' });
    assert.deepEqual(others, []);
    assert.equal(row!.label, 'None of 6 matches the filter');
    assert.deepEqual(row!.words, ['note', 'filtered']);
    // While parts still arrive nobody can say that.
    assert.deepEqual(outline(shown(inventoryOf(parts(), false), { filter: 'zzz' })), ['Loading…']);
  });

  it('is quick for ten thousand resources', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => target({ name: `cache-${index}`, tags: [{ key: 'n', value: String(index) }] }));
    assert.equal(many.filter((one) => matches(one, ['first'])).length, 0);
    // Of the processor and not of the clock: the machine may have other things to do.
    const ownTime = stopwatch();
    assert.equal(many.filter((one) => matches(one, filterWords('cache n=9999'))).length, 1);
    assert.ok(ownTime() < 200);
  });
});

describe('a view that has nothing to show', () => {
  const region = (children: readonly ViewNode[]): ViewNode => ({ id: 'r', label: 'r', words: ['region'], children });
  const leaf = (...words: ViewNode['words']): ViewNode => ({ id: words.join(' '), label: '', words });
  const cases: readonly [string, readonly ViewNode[], ReturnType<typeof emptyState>][] = [
    ['nothing at all', [], undefined],
    ['a region without anything', [region([leaf('note', 'nothing')])], 'nothing'],
    ['a filter that leaves nothing', [region([leaf('note', 'filtered')]), region([leaf('note', 'nothing')])], 'filtered'],
    ['a sign-in that is needed', [region([leaf('fault', 'signIn')])], 'signIn'],
    ['a sign-in beside a filter', [region([leaf('fault', 'signIn')]), region([leaf('note', 'filtered')])], undefined],
    ['a resource', [region([leaf('note', 'nothing')]), region([leaf('target')])], undefined],
    ['a region that nobody has asked yet', [region([leaf('note', 'nothing')]), region([])], undefined],
  ];
  for (const [name, roots, state] of cases) it(`is told from ${name}`, () => assert.equal(emptyState(roots), state));

  it('says which profile and region that is, unless there is a filter to be named', () => {
    const display = new ResourceDisplay({ filter: '' }, plainText);
    const roots: ViewNode[] = [{ id: 'p', label: 'dev', words: ['profile'], children: [{ ...region([leaf('note', 'nothing')]), label: 'us-east-1' }] }];
    assert.deepEqual([display.take(roots), display.empty, display.heading], [[], 'nothing', 'dev us-east-1']);
    const full = [region([leaf('target')])];
    assert.deepEqual([display.take(full), display.empty, display.heading], [full, undefined, undefined]);
    const filtered = new ResourceDisplay({ filter: 'a b' }, plainText);
    filtered.take(roots);
    assert.equal(filtered.heading, 'filter: a b');
  });

  it('is what a region says by itself', () => {
    const rows = (inventory: RegionInventory, filter = ''): ViewNode[] => [{ id: 'r', label: 'r', words: ['region'], children: shown(inventory, { filter }) }];
    assert.equal(emptyState(rows(inventoryOf(parts({ targets: [], bastions: [] })))), 'nothing');
    assert.equal(emptyState(rows(known, 'zzz')), 'filtered');
    assert.equal(emptyState(rows(known)), undefined);
  });
});

describe('what was denied', () => {
  const denial = (action: string): FaultData => ({
    code: 'aws.accessDenied',
    message: `No permission for ${action} with AWS profile "dev".`,
    retryable: false,
    remedy: { text: `Add ${action}.`, action: 'copyPolicy', subject: action },
  });
  const fault = (provider: string, action: string): InventoryPart => ({ kind: 'fault', provider, fault: denial(action) });
  const denied = inventoryOf([...parts(), fault('rds.databases', 'rds:DescribeDBInstances'), fault('memorydb.clusters', 'memorydb:DescribeClusters'), fault('rds.proxies', 'rds:DescribeDBProxies')]);

  it('is one row for each service, with all that it is about', () => {
    const rows = shown(denied).filter(({ words }) => words.includes('denied'));
    assert.deepEqual(rows.map(({ label }) => label), [
      'No permission for rds:DescribeDBInstances, DescribeDBProxies',
      'No permission for memorydb:DescribeClusters with AWS profile "dev".',
    ]);
    assert.deepEqual(rows.map(({ icon }) => icon?.id), ['lock', 'lock']);
    assert.ok(rows.every(({ spoken }) => spoken!.startsWith('Problem: No permission')));
    assert.deepEqual(faultProviders(denied, rows[0]!.id), ['rds.databases', 'rds.proxies']);
    assert.equal(faultProviders(denied, 'fault:other'), undefined);
  });

  it('is allowed by all that its providers call, not by the first call alone', () => {
    const rds = shown(denied).find(({ words }) => words.includes('denied'));
    assert.deepEqual([...new Set(missingActions(denied, rds!.id))].toSorted(), [
      'rds:DescribeDBClusters',
      'rds:DescribeDBInstances',
      'rds:DescribeDBProxies',
      'rds:DescribeDBProxyEndpoints',
      'rds:DescribeDBSubnetGroups',
    ]);
    assert.ok(missingActions(denied).includes('memorydb:DescribeSubnetGroups'));
    assert.deepEqual(missingActions(inventoryOf(parts())), []);
  });

  it('is told from other failures by words, icon and next step', () => {
    const other = (code: FaultData['code'], action?: 'retry' | 'selectRegion' | 'signIn'): ViewNode => {
      const data: FaultData = { code, message: code, retryable: true, ...(action && { remedy: { text: 'Do it.', action } }) };
      return shown(inventoryOf([...parts(), { kind: 'fault', provider: 'ecs.tasks', fault: data }])).at(-1)!;
    };
    const rows = [other('aws.throttled', 'retry'), other('aws.regionNotEnabled', 'selectRegion'), other('aws.expiredCredentials', 'signIn'), other('aws.unexpected')];
    assert.deepEqual(rows.map(({ words }) => words.join(' ')), ['fault', 'fault elsewhere', 'fault signIn', 'fault']);
    assert.equal(new Set(rows.map(({ icon }) => icon!.id)).size, rows.length);
  });
});

describe('marks of rows', () => {
  it('say what cannot be used now, and nothing of what can', () => {
    const marks = Object.fromEntries(
      ['available', 'backing-up', 'stopped', 'creating', 'create-failed', 'deleting', 'paused', 'rebooting', 'incompatible-network', 'something new'].map((status) => [status, targetMark({ status })]),
    );
    assert.deepEqual(marks, {
      available: undefined,
      'backing-up': undefined,
      stopped: 'stopped',
      creating: 'starting',
      'create-failed': 'failed',
      deleting: 'ending',
      paused: 'stopped',
      rebooting: 'starting',
      'incompatible-network': 'failed',
      'something new': undefined,
    });
    assert.equal(bastionMark(bastion()), undefined);
    assert.equal(bastionMark(bastion({ state: 'stopped' })), 'stopped');
    assert.equal(bastionMark(bastion({ state: 'pending' })), 'starting');
    assert.equal(bastionMark(bastion({ managed: 'ConnectionLost' })), 'unusable');
  });
});

describe('a tooltip', () => {
  it('stays readable however much there is to say', () => {
    const tags = Array.from({ length: 50 }, (_, index) => ({ key: `key-${index}`, value: '😀'.repeat(127) }));
    const endpoints = Array.from({ length: 90 }, (_, index) => ({ role: 'node' as const, host: `node-${index}.example`, port: 6379 }));
    const odd = target({ name: `🏰 ${'very long '.repeat(24)}`, tags, endpoints, subnetIds: Array.from({ length: 40 }, (_, index) => `subnet-${index}`) });
    const group = shown(inventoryOf(parts({ targets: [odd], bastions: [] }))).find(({ id }) => id.startsWith('caches'));
    const tooltip = group!.children![0]!.tooltip!.replaceAll('\\', '');
    assert.ok(tooltip.length < 4000, String(tooltip.length));
    assert.ok(tooltip.includes('and 38 more') && tooltip.includes('Endpoints: 78 more') && tooltip.includes('subnet-11 and 28 more'), tooltip);
    assert.ok(!/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/.test(tooltip));
    assert.ok(tooltip.split('\n').length < 30);
  });
});

describe('the icons of engines', () => {
  it('exist for both kinds of themes, as the script draws them, and none that nobody uses', () => {
    for (const name of ENGINE_PICTURES) for (const theme of ['light', 'dark']) assert.ok(existsSync(`media/engines/${name}-${theme}.svg`), `${name} ${theme}`);
    assert.equal(readdirSync('media/engines').filter((name) => name.endsWith('.svg')).length, ENGINE_PICTURES.length * 2);
    const { status, stderr } = spawnSync(process.execPath, ['media/engines/generate.mjs', '--check'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  it('tell every engine from the others', () => {
    const pictures = (['redis', 'valkey', 'memcached', 'postgres', 'aurora-postgresql', 'mysql', 'aurora', 'aurora-mysql', 'mariadb', 'oracle-ee', 'custom-sqlserver-se', 'db2-ae', 'docdb', 'neptune', 'new'] as const).map(
      (engine) => engineIcon({ kind: 'rds.instance', engine }).picture!.split('/')[1],
    );
    assert.deepEqual(pictures, ['redis', 'valkey', 'memcached', 'postgres', 'postgres', 'mysql', 'mysql', 'mysql', 'mariadb', 'oracle', 'sqlserver', 'db2', 'docdb', 'neptune', 'database']);
    assert.equal(engineIcon({ kind: 'elasticache.cluster', engine: 'new' }).picture, 'engines/cache');
    assert.equal(engineIcon({ kind: 'rds.proxy', engine: 'postgres' }).picture, 'engines/proxy');
  });
});
