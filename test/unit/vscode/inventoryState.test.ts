import assert from 'node:assert/strict';
import type { InventoryPart } from '../../../src/model/inventory';
import type { Target } from '../../../src/model/target';
import { bastionsOf, emptyRegion, faultsOf, listingFaultsOf, stepRegion, targetsOf } from '../../../src/vscode/inventoryState';
import type { KeptInventory, RegionEvent, RegionInventory } from '../../../src/vscode/inventoryState';
import { mergeSorted, uniqueSorted } from '../../../src/vscode/nameOrder';
import { sameData } from '../../../src/vscode/sameData';
import { bastion, denied, parts, place, target } from './samples';

const scope = { profile: 'dev', region: 'eu-central-1' };
const CACHES = 'elasticache.replicationGroups';

function after(inventory: RegionInventory, ...events: RegionEvent[]): RegionInventory {
  return events.reduce(stepRegion, inventory);
}

function told(...more: InventoryPart[]): RegionEvent[] {
  return more.map((part) => ({ type: 'part', part }));
}

function caches(...names: string[]): InventoryPart {
  return { kind: 'targets', provider: CACHES, targets: names.map((name) => target({ name })) };
}

function names(inventory: RegionInventory): string[] {
  return targetsOf(inventory).map(({ name }) => name);
}

const begun = after(emptyRegion(scope), { type: 'discovering' });
const first = after(begun, ...told(...parts()), { type: 'discovered' });
const kept: KeptInventory = { accountId: place.accountId, at: 5, providers: [{ id: CACHES, bastions: [], targets: [target({ name: 'kept' })] }] };

describe('what is known of a region', () => {
  it('gathers parts in whatever order they come, each resource once, ordered by name', () => {
    const inventory = after(
      begun,
      ...told(
        caches('cache-10', 'cache-9'),
        { kind: 'bastions', provider: 'ec2.bastions', bastions: [bastion()] },
        { kind: 'targets', provider: CACHES, targets: [target({ name: 'cache-9', status: 'modifying' })] },
        { kind: 'targets', provider: 'elasticache.serverless', targets: [target({ name: 'a' })] },
      ),
    );
    assert.ok(inventory.loading);
    assert.deepEqual(names(inventory), ['a', 'cache-9', 'cache-10']);
    assert.equal(targetsOf(inventory)[1]!.status, 'modifying');
    assert.equal(bastionsOf(inventory).length, 1);
  });

  it('is put in order once for as long as nothing comes or goes', () => {
    assert.equal(targetsOf(first), targetsOf({ ...first, loading: true }));
  });

  it('keeps the rest when one provider fails', () => {
    const inventory = after(begun, ...told(...parts(), { kind: 'fault', provider: 'elasticache.serverless', fault: denied }), { type: 'discovered' });
    assert.deepEqual(names(inventory), ['orders-cache']);
    assert.deepEqual(faultsOf(inventory), [{ provider: 'elasticache.serverless', fault: denied }]);
  });

  it('stays until all new answers are there, page by page', () => {
    const again = after(first, { type: 'discovering' });
    assert.deepEqual(names(again), ['orders-cache']);
    const partly = after(again, ...told(caches('new')));
    assert.deepEqual(names(partly), ['new', 'orders-cache'], 'it may be on the next page');
    const more = after(partly, ...told(caches('newer')), { type: 'discovered' });
    assert.deepEqual(names(more), ['new', 'newer']);
    // The bastions of before did not come again: they are gone when the discovery has ended.
    assert.equal(bastionsOf(more).length, 0);
  });

  it('is the same object where it did not change', () => {
    const changed = caches('orders-cache', 'other');
    const again = after(first, { type: 'discovering' }, ...told(...parts(), changed), { type: 'discovered' });
    assert.equal(targetsOf(again)[0], targetsOf(first)[0]);
    assert.equal(bastionsOf(again)[0], bastionsOf(first)[0]);
    const renamed = after(first, { type: 'discovering' }, ...told({ kind: 'targets', provider: CACHES, targets: [{ ...target(), name: 'a' }] }), { type: 'discovered' });
    assert.deepEqual(names(renamed), ['a']);
    const throttled = after(first, { type: 'discovering' }, ...told(caches('new'), { kind: 'fault', provider: CACHES, fault: denied }), { type: 'discovered' });
    assert.deepEqual(names(throttled), ['new', 'orders-cache'], 'what a provider could not tell is not gone');
  });

  describe('of the tags that are told after their resource', () => {
    const tags = [{ key: 'env', value: 'prod' }];
    const known = after(first, ...told({ kind: 'targets', provider: CACHES, targets: [target({ tags })] }), { type: 'discovered' });
    const [tagged] = targetsOf(known);

    it('stays until they are told again, and the same object where they say the same', () => {
      assert.deepEqual(tagged!.tags, tags);
      const again = after(known, { type: 'discovering' }, ...told(...parts()));
      assert.equal(targetsOf(again)[0], tagged, 'not told yet');
      const same = after(again, ...told({ kind: 'targets', provider: CACHES, targets: [target({ tags: [...tags] })] }), { type: 'discovered' });
      assert.equal(targetsOf(same)[0], tagged);
    });

    it('takes what has changed beside them, and their removal', () => {
      const changed = after(known, { type: 'discovering' }, ...told({ kind: 'targets', provider: CACHES, targets: [target({ status: 'modifying' })] }));
      assert.deepEqual([targetsOf(changed)[0]!.status, targetsOf(changed)[0]!.tags], ['modifying', tags]);
      const removed = after(changed, ...told({ kind: 'targets', provider: CACHES, targets: [target({ tags: [] })] }), { type: 'discovered' });
      assert.deepEqual(targetsOf(removed)[0]!.tags, []);
    });

    it('keeps those that were known while they cannot be read, and misses no resource then', () => {
      const fault: InventoryPart = { kind: 'fault', provider: 'resource.tags', fault: denied };
      const failed = after(known, { type: 'discovering' }, ...told(...parts({ targets: [target(), target({ name: 'new' })] }), fault), { type: 'discovered' });
      assert.deepEqual(targetsOf(failed).map((one) => one.tags), [undefined, tags]);
      assert.deepEqual([faultsOf(failed).length, listingFaultsOf(failed).length], [1, 0]);
      const well = after(failed, { type: 'discovering' }, ...told(...parts()), { type: 'discovered' });
      assert.deepEqual(faultsOf(well), [], 'it is over');
    });

    it('waits for none of a database, whose own call tells them', () => {
      const databases = (change: Partial<Target>): InventoryPart => ({ kind: 'targets', provider: 'rds.databases', targets: [target({ kind: 'rds.instance', ...change })] });
      const inventory = after(begun, ...told(databases({ tags })), { type: 'discovered' });
      assert.equal(targetsOf(after(inventory, { type: 'discovering' }, ...told(databases({}))))[0]!.tags, undefined);
    });
  });

  it('is not emptied by a provider that fails this time', () => {
    const throttled = after(first, { type: 'discovering' }, ...told({ kind: 'fault', provider: CACHES, fault: denied }), { type: 'discovered' });
    assert.deepEqual(names(throttled), ['orders-cache']);
    assert.equal(faultsOf(throttled).length, 1);
    // And the fault goes when the provider answers again.
    assert.deepEqual(faultsOf(after(throttled, { type: 'discovering' }, ...told(...parts()), { type: 'discovered' })), []);
  });

  it('is kept when a refresh fails as a whole, and a part of it can then be asked for', () => {
    const failed = after(first, { type: 'discovering' }, { type: 'failed', fault: denied });
    assert.ok(!failed.loading);
    assert.equal(failed.fault, denied);
    assert.deepEqual(names(failed), ['orders-cache']);
    const only = [CACHES];
    const partly = after(failed, { type: 'discovering', only }, ...told(caches('new')), { type: 'discovered', only });
    assert.deepEqual([names(partly), bastionsOf(partly).length, partly.fault], [['new'], 1, undefined]);
  });

  it('changes only where it was asked for', () => {
    const only = ['ec2.bastions'];
    const none = after(first, { type: 'discovering', only }, { type: 'discovered', only });
    assert.deepEqual([names(none), bastionsOf(none).length], [['orders-cache'], 0]);
  });

  it('is never of two accounts', () => {
    const other = after(first, { type: 'discovering' }, ...told({ kind: 'account', accountId: '999900001111' }));
    assert.deepEqual([names(other), bastionsOf(other).length, other.accountId, other.loading], [[], 0, '999900001111', true]);
    const alias = after(first, ...told({ kind: 'account', accountId: place.accountId, alias: 'shop' }));
    assert.deepEqual([names(alias), alias.accountAlias], [['orders-cache'], 'shop']);
  });

  describe('as it was kept', () => {
    it('is shown with its age until AWS has answered', () => {
      const shown = after(emptyRegion(scope), { type: 'kept', kept }, { type: 'discovering' });
      assert.deepEqual([names(shown), shown.asOf, shown.accountId, shown.accountUnconfirmed], [['kept'], 5, place.accountId, true]);
      const confirmed = after(shown, ...told(parts()[0]!));
      assert.deepEqual([names(confirmed), confirmed.accountUnconfirmed], [['kept'], undefined]);
      const done = after(confirmed, ...told(caches('new')), { type: 'discovered' });
      assert.deepEqual([names(done), done.asOf], [['new'], undefined]);
    });

    it('comes after what AWS has said already, and is of no other account', () => {
      const late = after(begun, ...told(caches('new')), { type: 'kept', kept: { ...kept, providers: [...kept.providers, { id: 'ec2.bastions', bastions: [bastion()], targets: [] }] } });
      assert.deepEqual([names(late), bastionsOf(late).length], [['new'], 1]);
      assert.equal(bastionsOf(after(late, { type: 'discovered' })).length, 0);
      const other = after(begun, ...told({ kind: 'account', accountId: '999900001111' }), { type: 'kept', kept });
      assert.deepEqual(names(other), []);
    });

    it('vanishes when the account is another', () => {
      const shown = after(emptyRegion(scope), { type: 'kept', kept }, { type: 'discovering' }, ...told({ kind: 'account', accountId: '999900001111' }));
      assert.deepEqual([names(shown), shown.asOf, shown.accountUnconfirmed], [[], undefined, undefined]);
    });

    it('keeps its age when only a part of it was asked for, or nothing could be', () => {
      const only = ['ec2.bastions'];
      const shown = after(emptyRegion(scope), { type: 'kept', kept });
      assert.equal(after(shown, { type: 'discovering', only }, { type: 'discovered', only }).asOf, 5);
      assert.equal(after(shown, { type: 'discovering' }, { type: 'failed', fault: denied }).asOf, 5);
    });
  });
});

describe('the order by name', () => {
  const named = (...all: string[]): Target[] => all.map((name) => target({ name }));
  const renewed = (...all: string[]): Target[] => all.map((name) => target({ name, status: 'new' }));
  const shown = (items: readonly Target[]): string[] => items.map(({ name, status }) => (status === 'available' ? name : `${name}!`));

  it('is that of numbers and of the locale', () => {
    assert.deepEqual(shown(uniqueSorted(named('b', 'a10', 'a9', 'ä1', 'A2'))), ['ä1', 'A2', 'a9', 'a10', 'b']);
  });

  it('puts lists together as if they were sorted as one, the later of two of one id winning', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 200; round++) {
      const known = uniqueSorted(named(...Array.from({ length: random(20) }, () => `n${random(30)}`)));
      const more = uniqueSorted(renewed(...Array.from({ length: random(20) }, () => `n${random(30)}`)));
      const expected = uniqueSorted([...known, ...more]);
      assert.deepEqual(shown(mergeSorted(known, more)), shown(expected));
    }
  });
});

describe('plain data', () => {
  it('is the same when it says the same', () => {
    const same: readonly [unknown, unknown][] = [
      [1, 1],
      [{ a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] }],
      [{ a: 1, b: undefined }, { a: 1 }],
      [{ a: 1, b: 2 }, { b: 2, a: 1 }],
      [null, null],
    ];
    const different: readonly [unknown, unknown][] = [
      [1, '1'],
      [{ a: 1 }, { a: 1, b: 2 }],
      [{ a: 1, b: 2 }, { a: 1, c: 2 }],
      [[1, 2], [1]],
      [[], {}],
      [null, {}],
      [{ a: { b: 1 } }, { a: { b: 2 } }],
    ];
    for (const [a, b] of same) assert.ok(sameData(a, b) && sameData(b, a), JSON.stringify([a, b]));
    for (const [a, b] of different) assert.ok(!sameData(a, b) && !sameData(b, a), JSON.stringify([a, b]));
  });
});
