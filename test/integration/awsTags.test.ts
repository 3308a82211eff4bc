import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { discoveryPolicy } from '../../src/model/discoveryActions';
import type { DiscoveryScope } from '../../src/model/inventory';
import { withTags } from '../../src/model/inventory';
import { isProduction } from '../../src/model/production';
import type { Target } from '../../src/model/target';
import { missingActions, regionFaultNodes } from '../../src/vscode/faultNode';
import { bastionsOf, emptyRegion, stepRegion, targetsOf } from '../../src/vscode/inventoryState';
import type { RegionInventory } from '../../src/vscode/inventoryState';
import { plainText } from '../../src/vscode/localizer';
import { regionNode } from '../../src/vscode/regionNodes';
import { DEFAULT_TREE } from '../../src/vscode/treeOptions';
import { eventually } from '../fixtures/eventually';
import { arrival, awsBench } from './awsBench';
import type { AwsBench } from './awsBench';

const HERE = { profile: 'dev', region: 'eu-central-1' };
const ODD = { profile: 'awkward', region: 'eu-central-1' };
const MANY = { profile: 'awkward', region: 'us-east-1' };

describe('tags of caches, proxies and domains', () => {
  let bench: AwsBench;
  let now: () => number;
  const { signal } = new AbortController();

  beforeEach(async () => {
    now = Date.now;
    bench = await awsBench({ now: () => now() });
  });
  afterEach(() => bench.close());

  async function discover(scope: DiscoveryScope, before = emptyRegion(scope), only?: readonly string[]): Promise<RegionInventory> {
    let inventory = stepRegion(before, { type: 'discovering', ...(only && { only }) });
    for await (const part of bench.aws.inventory.discover(scope, signal, only)) inventory = stepRegion(inventory, { type: 'part', part });
    return stepRegion(inventory, { type: 'discovered', ...(only && { only }) });
  }

  const tagsOf = (inventory: RegionInventory): Record<string, string> =>
    Object.fromEntries(targetsOf(inventory).map(({ name, tags }) => [name, tags?.map(({ key, value }) => `${key}=${value}`).join(' ') ?? 'not told']));
  const calls = (): number => bench.sandbox.requests.of('tagging').length;

  it('are told of every kind, and nothing is told of what has none', async () => {
    const here = tagsOf(await discover(HERE));
    assert.equal(here['orders-cache'], 'team=orders');
    assert.match(here['sessions-cache']!, /^team=identity ✨ note=x{256}$/);
    assert.deepEqual(
      ['events-serverless', 'carts-memorydb', 'shop-proxy', 'shop-aurora', 'closed-cache', 'lonely-redis', 'scratch-memorydb', 'fresh-proxy', 'fresh-db'].map((name) => here[name]?.slice(0, 14)),
      ['team=events', 'env=prod', 'team=shop 🛒', 'team=shop 🛒 n', '', '', '', '', ''],
    );
    assert.deepEqual(Object.entries(here).filter(([, tags]) => tags === 'not told'), []);
    const data = tagsOf(await discover({ profile: 'dev', region: 'eu-west-1' }));
    assert.deepEqual([data['adhoc'], data['adhoc-analysts'], data['products'], data['logs']], ['team=analytics 📈', 'team=analytics 📈', 'team=web', '']);
  });

  it('are of the account and region, and not of what is gone or had them once', async () => {
    const odd = tagsOf(await discover(ODD));
    assert.equal(odd['clusterless'], '');
    assert.ok(!Object.hasOwn(odd, 'deleted-cache'));
    assert.match(odd['headless']!, /^note=🦄 .* 🔑 schlüssel=$/u);
    assert.equal(tagsOf(await discover({ profile: 'dev-second', region: 'eu-central-1' }))['payments-cache'], '');
  });

  it('take one call for each page, and none where nothing needs them', async () => {
    const many = tagsOf(await discover(MANY));
    assert.deepEqual([many['memory-1'], many['memory-9'], many['cache-9']], ['number=1', 'number=9', '']);
    assert.equal(calls(), 5);
    const [first] = bench.sandbox.requests.of('tagging');
    assert.equal(first!.params['ResourcesPerPage'], 100);
    await discover({ profile: 'awkward', region: 'eu-west-1' });
    assert.equal(calls(), 5, 'a region without anything');
    await discover(MANY, undefined, withTags(['rds.databases', 'ec2.bastions']));
    assert.equal(calls(), 5, 'databases tell theirs');
    await discover(MANY, undefined, withTags(['elasticache.replicationGroups']));
    assert.equal(calls(), 6);
    assert.deepEqual(bench.sandbox.requests.of('tagging').at(-1)!.params['ResourceTypeFilters'], ['elasticache:replicationgroup', 'elasticache:cluster']);
  });

  it('hold up nothing: all resources are there while they are still waited for', async () => {
    const deny = bench.sandbox.faults.add({ service: 'tagging', kind: 'accessDenied' });
    const missing = new Set(targetsOf(await discover(HERE)).map(({ id }) => id));
    deny();
    const asked = arrival(bench.sandbox, { service: 'tagging', kind: 'latency', latencyMs: 60_000 });
    const controller = new AbortController();
    const reading = (async () => {
      for await (const part of bench.aws.inventory.discover(HERE, controller.signal)) {
        if (part.kind === 'targets') for (const { id } of part.targets) missing.delete(id);
      }
    })();
    const ended = assert.rejects(reading, { code: 'operation.cancelled' });
    await asked;
    await eventually(() => missing.size === 0, 'everything is found');
    controller.abort();
    await ended;
  });

  it('are one row with its policy where they are denied, beside everything else', async () => {
    bench.sandbox.faults.add({ service: 'tagging', kind: 'accessDenied' });
    const inventory = await discover(HERE);
    assert.deepEqual(regionFaultNodes(inventory, plainText).map(({ label, words }) => [label, words]), [
      ['No permission for tag:GetResources on * with AWS profile "dev".', ['fault', 'denied']],
    ]);
    assert.deepEqual(JSON.parse(discoveryPolicy(missingActions(inventory))).Statement[0].Action, ['tag:GetResources']);
    const tags = tagsOf(inventory);
    assert.deepEqual([tags['orders-cache'], tags['orders-db']], ['not told', 'team=orders']);
    assert.ok(bastionsOf(inventory).length > 0);
    bench.sandbox.faults.clear();
    const again = await discover(HERE, inventory, withTags(['resource.tags']));
    assert.deepEqual([tagsOf(again)['orders-cache'], regionFaultNodes(again, plainText)], ['team=orders', []]);
    assert.equal(targetsOf(again).length, targetsOf(inventory).length);
  });

  it('are given up when they are throttled for long, and keep what was known', async () => {
    const before = await discover(HERE);
    const restore = bench.sandbox.faults.add({ service: 'tagging', kind: 'throttle' });
    const after = await discover(HERE, before);
    assert.deepEqual(regionFaultNodes(after, plainText).map(({ label }) => label), ['AWS is limiting the rate of tag:GetResources calls in this account.']);
    assert.deepEqual(tagsOf(after), tagsOf(before));
    assert.deepEqual(targetsOf(after).filter((target, index) => target !== targetsOf(before)[index]), [], 'the same objects');
    restore();
    bench.sandbox.faults.add({ service: 'tagging', kind: 'throttle', times: 2 });
    assert.deepEqual(regionFaultNodes(await discover(HERE, after), plainText), [], 'twice is not for long');
    assert.deepEqual(bench.sandbox.requests.of('tagging').find(({ status }) => status !== 200)!.errorCode, 'ThrottledException');
  });

  it('are listed anew when the computer has slept between two pages', async () => {
    const { requests } = bench.sandbox;
    now = () => Date.now() + (requests.of('tagging').length > 1 ? 16 * 60_000 : 0);
    const inventory = await discover(MANY);
    assert.deepEqual(regionFaultNodes(inventory, plainText), []);
    assert.equal(tagsOf(inventory)['memory-9'], 'number=9');
    assert.ok(requests.of('tagging').some(({ errorCode }) => errorCode === 'PaginationTokenExpiredException'));
  });

  it('are told of the other services where one cannot be asked for, and are not known of that one', async () => {
    bench.sandbox.world.untaggable = ['memorydb', 'es'];
    const inventory = await discover(HERE);
    const tags = tagsOf(inventory);
    assert.deepEqual(regionFaultNodes(inventory, plainText), []);
    assert.deepEqual([tags['orders-cache'], tags['closed-cache'], tags['carts-memorydb']], ['team=orders', '', 'not told']);
  });

  it('group caches, and say which of them are production', async () => {
    const inventory = await discover(HERE);
    const { children = [] } = regionNode(inventory, plainText, { ...DEFAULT_TREE, grouping: { by: 'tag', key: 'team' } });
    assert.deepEqual(children.map(({ label }) => label.replace(/ \(\d+\)$/, '')).filter((label) => /team|orders|events|not known/.test(label)), ['events', 'orders', 'No tag "team"']);
    const rules = { tags: ['env=prod*'], accounts: [], namePatterns: [] };
    const production = targetsOf(inventory).filter((target: Target) => isProduction(target, rules));
    assert.deepEqual(production.map(({ name }) => name), ['carts-memorydb']);
  });
});
