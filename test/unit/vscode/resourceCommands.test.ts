import assert from 'node:assert/strict';
import type { FaultData } from '../../../src/base/fault';
import { discoveryPolicy } from '../../../src/model/discoveryActions';
import type { InventoryPart } from '../../../src/model/inventory';
import { Attempts } from '../../../src/vscode/attempts';
import { CopyCommands } from '../../../src/vscode/copyCommands';
import type { RegionInventory } from '../../../src/vscode/inventoryState';
import { emptyRegion, stepRegion } from '../../../src/vscode/inventoryState';
import { endpointNodeId, targetNodeId } from '../../../src/vscode/regionNodes';
import { bastionNodeId } from '../../../src/vscode/resourceRows';
import { TreeCommands, TreeState } from '../../../src/vscode/treeCommands';
import { groupingText, parseGrouping } from '../../../src/vscode/treeOptions';
import { VpcNames } from '../../../src/vscode/vpcNames';
import { bastion, FakeInventory, FakeUi, MemoryLogger, parts, target } from './samples';

const scope = { profile: 'dev', region: 'eu-central-1' };
const orders = target();
const shop = target({ name: 'shop', kind: 'rds.cluster', engine: 'aurora-mysql', endpoints: [], tags: [{ key: 'team', value: 'shop' }] });
const [primary, reader] = orders.endpoints;

function inventoryOf(all: readonly InventoryPart[]): RegionInventory {
  let inventory = stepRegion(emptyRegion(scope), { type: 'discovering' });
  for (const part of all) inventory = stepRegion(inventory, { type: 'part', part });
  inventory = stepRegion(inventory, { type: 'discovered' });
  return inventory;
}

class Bench {
  readonly ui = new FakeUi();
  readonly logger = new MemoryLogger();
  readonly attempts = new Attempts(this.ui, this.logger);
  readonly tree = new TreeState({ by: 'type' }, this.logger);
  readonly saved: string[] = [];
  inventories: RegionInventory[] = [inventoryOf(parts({ targets: [orders, shop] }))];
  picked: ReturnType<typeof target> | undefined;
  readonly copying = new CopyCommands({
    inventories: () => this.inventories,
    pick: () => Promise.resolve(this.picked && { target: this.picked }),
    advice: { atHand: () => ({}) },
    shell: 'posix',
    ui: this.ui,
    attempts: this.attempts,
  });
  readonly trees = new TreeCommands({
    tree: this.tree,
    inventories: () => this.inventories,
    ui: this.ui,
    attempts: this.attempts,
    saveGrouping: (text) => Promise.resolve(void this.saved.push(text)),
    show: () => Promise.resolve(void this.ui.shown.push('view')),
  });
}

describe('copying from the tree', () => {
  it('takes the endpoint of the row, the one for writes of a target, and the address of a bastion', async () => {
    const { copying, ui } = new Bench();
    const copied: (string | undefined)[] = [];
    for (const id of [endpointNodeId(orders, reader!), targetNodeId(orders)]) {
      await copying.handlers.copyEndpoint(id);
      copied.push(ui.copied);
    }
    assert.deepEqual(copied, ['orders-cache-ro.example:6379', 'orders-cache.example:6379']);
    assert.deepEqual(ui.shown.at(-1), 'Copied: orders-cache.example:6379');
  });

  it('takes every selected row, and leaves out what has nothing of the kind', async () => {
    const { copying, ui } = new Bench();
    const rows = [targetNodeId(orders), targetNodeId(shop), bastionNodeId(bastion())];
    await copying.handlers.copyArn(rows[0], rows);
    assert.equal(ui.copied, [orders.id, shop.id, 'i-0a1'].join('\n'));
    await copying.handlers.copyEndpoint(rows[0], rows);
    assert.equal(ui.copied, 'orders-cache.example:6379');
    await copying.handlers.copyCli(rows[0], rows);
    assert.equal(ui.copied.split('\n').length, 3);
    assert.deepEqual(ui.errors, []);
  });

  it('says so where there is nothing, and where the row is gone', async () => {
    const { copying, ui } = new Bench();
    await copying.handlers.copyEndpoint(targetNodeId(shop));
    await copying.handlers.copyEndpoint('target:gone');
    assert.equal(ui.copied, undefined);
    assert.match(ui.errors[0]!.text, /nothing of the kind/);
    assert.match(ui.errors[1]!.text, /no longer listed/);
  });

  it('asks which resource where there is no row, and copies nothing when that is dismissed', async () => {
    const bench = new Bench();
    await bench.copying.handlers.copyArn(undefined);
    assert.equal(bench.ui.copied, undefined);
    bench.picked = shop;
    await bench.copying.handlers.copyArn(undefined);
    assert.equal(bench.ui.copied, shop.id);
  });

  it('makes the forwarding through the bastion that a connection would take', async () => {
    const { copying, ui } = new Bench();
    await copying.handlers.copySession(endpointNodeId(orders, primary!));
    assert.match(ui.copied!, /^aws ssm start-session --target i-0a1 .*host=orders-cache\.example,portNumber=6379/);
    await copying.handlers.copySession(bastionNodeId(bastion()));
    assert.equal(ui.copied, 'aws ssm start-session --target i-0a1 --profile dev --region eu-central-1');
  });

  it('says that there is no bastion instead of a command that cannot work', async () => {
    const bench = new Bench();
    bench.inventories = [inventoryOf(parts({ bastions: [] }))];
    await bench.copying.handlers.copySession(targetNodeId(orders));
    assert.equal(bench.ui.copied, undefined);
    assert.match(bench.ui.errors[0]!.text, /There is no bastion/);
  });

  it('opens the pages of the console, a bounded number of them', async () => {
    const bench = new Bench();
    const many = Array.from({ length: 30 }, (_, index) => target({ name: `t${index}` }));
    bench.inventories = [inventoryOf(parts({ targets: many }))];
    await bench.copying.handlers.openInAws(undefined, many.map((one) => targetNodeId(one)));
    assert.equal(bench.ui.opened.length, 10);
    assert.equal(bench.ui.opened[0], 'https://eu-central-1.console.aws.amazon.com/elasticache/home?region=eu-central-1#/redis/t0');
  });
});

describe('the policy that is copied', () => {
  const denied = (action: string): FaultData => ({ code: 'aws.accessDenied', message: action, retryable: false, remedy: { text: '', action: 'copyPolicy', subject: action } });
  const actionsOf = (text: string | undefined): string[] => (JSON.parse(text ?? '{}') as { Statement: [{ Action: string[] }] }).Statement[0].Action;

  it('is that of the row, of the one action that a notification names, or of all that was denied', async () => {
    const bench = new Bench();
    const faults = [
      { kind: 'fault', provider: 'rds.proxies', fault: denied('rds:DescribeDBProxies') },
      { kind: 'fault', provider: 'memorydb.clusters', fault: denied('memorydb:DescribeClusters') },
    ] as const;
    bench.inventories = [inventoryOf([...parts(), ...faults])];
    const { copyPolicy } = bench.copying.handlers;
    await copyPolicy('fault:dev/eu-central-1/rds.proxies');
    assert.deepEqual(actionsOf(bench.ui.copied), ['rds:DescribeDBProxies', 'rds:DescribeDBProxyEndpoints']);
    await copyPolicy('ec2:DescribeInstances');
    assert.equal(bench.ui.copied, discoveryPolicy(['ec2:DescribeInstances']));
    await copyPolicy(undefined);
    assert.equal(actionsOf(bench.ui.copied).length, 4);
  });

  it('is that of everything that is listed, where nothing was denied', async () => {
    const { copying, ui } = new Bench();
    await copying.handlers.copyPolicy(undefined);
    assert.ok(actionsOf(ui.copied).length > 10);
  });

  it('is none for a row that is gone, or an action that is no listing', async () => {
    const { copying, ui } = new Bench();
    for (const wrong of ['fault:gone', 'ssm:StartSession', '*']) await copying.handlers.copyPolicy(wrong);
    assert.equal(ui.copied, undefined);
    assert.equal(ui.errors.length, 3);
  });
});

describe('the order and the filter of the tree', () => {
  it('offers type, VPC and the tags that there are, says which it is, and takes any other key', async () => {
    const { trees, ui, saved, tree } = new Bench();
    tree.setGrouping(parseGrouping('vpc'));
    ui.choose = ['team'];
    await trees.handlers.groupBy(undefined);
    assert.deepEqual(saved, ['tag:team']);
    assert.deepEqual(ui.picks[0]!.items.map(({ label, description }) => [label, description]), [['Type', undefined], ['VPC', 'selected'], ['team', undefined]]);
    ui.type = ['Cost Centre'];
    await trees.handlers.groupBy(undefined);
    assert.equal(saved.at(-1), 'tag:Cost Centre');
    await trees.handlers.groupBy(undefined);
    assert.equal(saved.length, 2);
  });

  it('filters while it is typed, keeps it with Enter and restores the one before with Escape', async () => {
    const { trees, ui, tree } = new Bench();
    const seen: string[] = [];
    tree.onDidChange(({ words }) => seen.push(words.join('+')));
    ui.type = ['ab c'];
    await trees.handlers.filterResources(undefined);
    assert.deepEqual(seen, ['a', 'ab', 'ab+c']);
    assert.equal(tree.filter, 'ab c');
    ui.type = ['x'];
    ui.escape = true;
    await trees.handlers.filterResources(undefined);
    assert.equal(tree.filter, 'ab c');
    await trees.handlers.clearFilter(undefined);
    assert.deepEqual([tree.filter, tree.options.words], ['', []]);
    assert.deepEqual(ui.shown, ['view', 'view']);
  });

  it('is the same value as long as nothing changes', () => {
    const { tree } = new Bench();
    const { options } = tree;
    tree.setFilter('  ');
    tree.setGrouping({ by: 'type' });
    assert.equal(tree.options, options);
    tree.setGrouping(parseGrouping('tag:a'));
    assert.equal(groupingText(tree.options.grouping), 'tag:a');
  });
});

describe('the names of VPCs', () => {
  const start = (bench: Bench, inventory: FakeInventory): VpcNames =>
    new VpcNames({ inventory, tree: bench.tree, inventories: () => bench.inventories, logger: bench.logger });

  it('are asked for once, and only while they are shown', async () => {
    const [bench, inventory] = [new Bench(), new FakeInventory()];
    inventory.vpcNameTags = { 'vpc-a': 'shop' };
    const names = start(bench, inventory);
    await names.look();
    assert.deepEqual(inventory.vpcsAsked, []);
    bench.tree.setGrouping({ by: 'vpc' });
    await Promise.all([names.look(), names.look()]);
    assert.deepEqual(inventory.vpcsAsked, [['vpc-a']]);
    assert.deepEqual([...bench.tree.options.vpcNames], [['dev/eu-central-1/vpc-a', 'shop']]);
    bench.inventories = [inventoryOf(parts({ targets: [target({ name: 'new', vpcId: 'vpc-new' })] }))];
    await names.look();
    assert.deepEqual(inventory.vpcsAsked, [['vpc-a'], ['vpc-new']]);
  });

  it('are done without where they cannot be had, and after the end', async () => {
    const [bench, inventory] = [new Bench(), new FakeInventory()];
    inventory.vpcNameTags = new Error('denied');
    bench.tree.setGrouping({ by: 'vpc' });
    const names = start(bench, inventory);
    await names.look();
    await names.look();
    assert.equal(inventory.vpcsAsked.length, 1);
    assert.equal(bench.tree.options.vpcNames.size, 0);
    names.dispose();
    bench.inventories = [inventoryOf(parts({ targets: [target({ name: 'new', vpcId: 'vpc-new' })] }))];
    await names.look();
    assert.equal(inventory.vpcsAsked.length, 1);
  });
});
