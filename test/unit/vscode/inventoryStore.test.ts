import assert from 'node:assert/strict';
import { Fault, isCancelled } from '../../../src/base/fault';
import type { DiscoveryScope, InventoryPart } from '../../../src/model/inventory';
import type { InventoryCache } from '../../../src/vscode/inventoryCache';
import type { KeptInventory, RegionInventory } from '../../../src/vscode/inventoryState';
import { scopeKey, targetsOf } from '../../../src/vscode/inventoryState';
import { InventoryStore } from '../../../src/vscode/inventoryStore';
import { KeptSelection } from '../../../src/vscode/lastSelection';
import { accountOf, inventoryAt } from '../../../src/vscode/resourcesState';
import type { ChosenProfile } from '../../../src/vscode/selection';
import { eventually } from '../../fixtures/eventually';
import type { Discovery } from './samples';
import { denied, FakeInventory, MemoryLogger, MemoryState, parts, place, target } from './samples';

const scope = { profile: 'dev', region: 'eu-central-1' };
const east = { profile: 'dev', region: 'us-east-1' };
const prod = { profile: 'prod', region: 'eu-west-1' };
const PROFILES = [{ name: 'dev', region: 'eu-central-1' }, { name: 'prod', region: 'eu-west-1' }];

function names(inventory: RegionInventory | undefined): string[] {
  return inventory ? targetsOf(inventory).map(({ name }) => name) : [];
}

/** A complete answer of a place: one cache that is named after it. */
function answer({ profile, region }: DiscoveryScope, accountId = place.accountId): InventoryPart[] {
  const found = target({ name: `${profile}-${region}`, place: { profile, region, accountId } });
  return [{ kind: 'account', accountId }, ...parts({ targets: [found], bastions: [] }).slice(1)];
}

class MemoryCache implements InventoryCache {
  readonly kept = new Map<string, { readonly settings: string | undefined; readonly kept: KeptInventory }>();
  reads: string[] = [];

  read(where: DiscoveryScope, settings: string | undefined): Promise<KeptInventory | undefined> {
    this.reads.push(scopeKey(where));
    const found = this.kept.get(scopeKey(where));
    return Promise.resolve(found?.settings === settings ? found?.kept : undefined);
  }

  write(where: DiscoveryScope, settings: string | undefined, kept: KeptInventory): Promise<void> {
    this.kept.set(scopeKey(where), { settings, kept });
    return Promise.resolve();
  }

  put(where: DiscoveryScope, name: string, accountId = place.accountId): void {
    const found = target({ name, place: { ...where, accountId } });
    this.kept.set(scopeKey(where), { settings: undefined, kept: { accountId, at: 5, providers: [{ id: 'elasticache.replicationGroups', bastions: [], targets: [found] }] } });
  }
}

describe('the store of the resources', () => {
  let inventory: FakeInventory;
  let cache: MemoryCache;
  let memory: MemoryState;
  let store: InventoryStore;
  let chosen: readonly ChosenProfile[];
  const make = (): InventoryStore => {
    const lastSelection = new KeptSelection(memory, (error) => assert.ifError(error));
    return new InventoryStore({ inventory, chosen: () => chosen, preferredProfile: undefined, logger: new MemoryLogger(), cache, lastSelection });
  };
  const at = (where: DiscoveryScope): RegionInventory | undefined => inventoryAt(store.state, where);
  const asked = (): string[] => inventory.discoveries.map((one) => scopeKey(one.scope));
  const nth = async (index: number): Promise<Discovery> => {
    await eventually(() => inventory.discoveries.length > index, `discovery ${index}`);
    return inventory.discoveries[index]!;
  };
  const signal = (): AbortSignal => new AbortController().signal;

  beforeEach(() => {
    inventory = new FakeInventory();
    cache = new MemoryCache();
    memory = new MemoryState();
    chosen = [];
    store = make();
  });
  afterEach(async () => {
    for (const discovery of inventory.discoveries) discovery.end();
    await store.dispose();
  });

  it('asks nobody before it is started, not even when the choice changes', () => {
    store.selectionChanged();
    assert.equal(inventory.profileReads, 0);
    assert.equal(store.state.phase, 'idle');
  });

  it('starts once', async () => {
    inventory.answer = parts();
    store.start();
    store.start();
    await store.settled();
    store.start();
    assert.deepEqual(inventory.discoveries.map((one) => [one.scope, one.only]), [[scope, undefined]]);
  });

  it('shows parts as they come', async () => {
    store.start();
    const discovery = await nth(0);
    discovery.push(parts()[2]!);
    await eventually(() => names(at(scope)).length === 1);
    assert.ok(at(scope)!.loading && store.busy && !store.complete);
    discovery.end();
    await store.settled();
    assert.ok(!at(scope)!.loading && !store.busy && store.complete);
  });

  it('turns a failure into a state, and another try mends it', async () => {
    inventory.failure = new Fault('aws.expiredCredentials', 'The sign-in has expired.', { remedy: { text: 'Sign in.', action: 'signIn' } });
    await store.refresh();
    assert.equal(at(scope)?.fault?.code, 'aws.expiredCredentials');
    await assert.rejects(store.loaded(signal()), /expired/);
    await assert.rejects(store.usable(scope, signal()), /expired/);
    inventory.failure = undefined;
    inventory.answer = parts();
    await store.refresh();
    assert.equal(at(scope)?.fault, undefined);
    assert.deepEqual(names(at(scope)), ['orders-cache']);
  });

  it('says what is missing to whoever waits for an inventory that cannot be had', async () => {
    inventory.profileList = [];
    await assert.rejects(store.loaded(signal()), /No AWS profile/);
    assert.equal(store.state.phase, 'noProfiles');
    inventory.profileList = [{ name: 'dev' }];
    await store.refresh();
    await assert.rejects(store.loaded(signal()), /no region/);
    await assert.rejects(store.usable(scope, signal()), /no longer listed/);
    inventory.profiles = () => Promise.reject(new Fault('aws.configMalformed', 'The file is malformed.'));
    await store.refresh();
    await assert.rejects(store.loaded(signal()), /malformed/);
  });

  it('ends its discoveries with itself and is silent afterwards', async () => {
    let changes = 0;
    store.onDidChange(() => changes++);
    store.start();
    const discovery = await nth(0);
    const before = changes;
    const disposal = store.dispose();
    assert.ok(discovery.signal.aborted);
    discovery.push(parts()[2]!);
    discovery.end();
    await disposal;
    assert.equal(changes, before);
  });

  describe('of many profiles and regions', () => {
    beforeEach(() => {
      inventory.profileList = PROFILES;
      chosen = [{ profile: 'dev', regions: ['eu-central-1', 'us-east-1'] }, { profile: 'prod', regions: [] }];
    });

    it('asks for each, and a part of one changes only that one', async () => {
      store.start();
      await nth(2);
      assert.deepEqual(asked(), ['dev/eu-central-1', 'dev/us-east-1', 'prod/eu-west-1']);
      const before = at(prod);
      inventory.discoveries[0]!.push(answer(scope)[2]!);
      await eventually(() => names(at(scope)).length === 1);
      assert.equal(at(prod), before);
      assert.deepEqual(names(at(east)), []);
    });

    it('asks only for what is open, and for the rest once it is opened', async () => {
      inventory.answerFor = answer;
      const regions = ['eu-central-1', 'us-east-1', 'us-west-2', 'eu-west-1', 'eu-west-2'];
      chosen = [{ profile: 'dev', regions }];
      await store.refresh();
      assert.deepEqual(asked(), [], 'of many, none is open at first');
      assert.ok(store.state.phase === 'profiles' && store.state.profiles[0]!.regions.length === 5 && store.state.regions.size === 0);
      store.setOpen(east, true);
      await store.settled();
      store.setOpen(east, false);
      store.setOpen(east, true);
      await store.settled();
      assert.deepEqual(asked(), ['dev/us-east-1'], 'and once');
      store.setOpen(scope, true);
      await store.settled();
      store.setOpen(east, false);
      await store.refresh();
      assert.deepEqual(asked().slice(2), ['dev/eu-central-1'], 'what is closed is not refreshed');
      store.setProfileOpen('dev', false);
      await store.refresh();
      assert.equal(inventory.discoveries.length, 3);
      assert.equal(store.state.phase === 'profiles' && store.state.open.has('dev/eu-central-1'), true);
    });

    it('leaves open what was open when more is chosen: so does the view', async () => {
      inventory.answerFor = answer;
      await store.refresh();
      chosen = [{ profile: 'dev', regions: ['eu-central-1', 'us-east-1', 'us-west-2', 'eu-west-1', 'eu-west-2'] }];
      store.selectionChanged();
      await store.settled();
      assert.deepEqual([...(store.state.phase === 'profiles' ? store.state.open : [])], ['dev/eu-central-1', 'dev/us-east-1']);
      assert.equal(inventory.discoveries.length, 3);
    });

    it('asks for a few places at a time', async () => {
      chosen = [{ profile: 'dev', regions: ['aa-b-1', 'aa-b-2', 'aa-b-3', 'aa-b-4', 'aa-b-5', 'aa-b-6'] }];
      void store.loaded(signal()).catch(() => {});
      await nth(3);
      assert.equal(inventory.discoveries.length, 4);
      inventory.discoveries[1]!.end();
      await nth(4);
      assert.equal(inventory.discoveries.length, 5);
    });

    it('lets what is chosen no longer vanish at once, in the middle of its discovery', async () => {
      store.start();
      await nth(2);
      const [, , old] = inventory.discoveries;
      old!.push(answer(prod)[2]!);
      await eventually(() => names(at(prod)).length === 1);
      chosen = [{ profile: 'dev', regions: ['us-east-1'] }];
      store.selectionChanged();
      assert.deepEqual([...(store.state.phase === 'profiles' ? store.state.regions.keys() : [])], ['dev/us-east-1']);
      assert.deepEqual(store.profileNames, ['dev']);
      assert.ok(old!.signal.aborted && inventory.discoveries[0]!.signal.aborted && !inventory.discoveries[1]!.signal.aborted);
      old!.push({ kind: 'targets', provider: 'elasticache.serverless', targets: [target({ name: 'late' })] });
      old!.fail(new Error('late'));
      inventory.discoveries[1]!.end();
      await store.settled();
      assert.deepEqual(store.inventories.map((one) => scopeKey(one.scope)), ['dev/us-east-1']);
      assert.equal(inventory.discoveries.length, 3, 'what stays chosen is not asked for again');
      chosen = [{ profile: 'prod', regions: [] }];
      store.selectionChanged();
      assert.equal(store.state.phase, 'reading');
    });

    it('asks for nothing of a choice that was overtaken while the configuration was read', async () => {
      inventory.answerFor = answer;
      const { profiles } = inventory;
      const gates: (() => void)[] = [];
      inventory.profiles = () => new Promise<void>((resolve) => gates.push(resolve)).then(() => profiles.call(inventory));
      const refreshed = store.refresh();
      chosen = [{ profile: 'prod', regions: [] }];
      store.selectionChanged();
      for (const go of gates) go();
      await refreshed;
      await store.settled();
      assert.deepEqual([...new Set(asked())], ['prod/eu-west-1']);
    });

    it('shows two profiles of one account apart', async () => {
      inventory.answerFor = (where) => answer(where);
      await store.refresh();
      assert.deepEqual(store.inventories.map((one) => [names(one), one.accountId]), [[['dev-eu-central-1'], place.accountId], [['dev-us-east-1'], place.accountId], [['prod-eu-west-1'], place.accountId]]);
    });

    it('drops what is of another account as soon as any region says so, and asks anew', async () => {
      inventory.answerFor = (where) => answer(where);
      await store.refresh();
      inventory.answerFor = undefined;
      const refreshed = store.refresh({ scopes: [scope] });
      const discovery = await nth(3);
      discovery.push({ kind: 'account', accountId: '999900001111' });
      await eventually(() => at(east)?.accountId === undefined);
      assert.deepEqual([names(at(scope)), names(at(east)), names(at(prod))], [[], [], ['prod-eu-west-1']]);
      assert.equal(scopeKey((await nth(4)).scope), 'dev/us-east-1');
      assert.deepEqual(accountOf(store.state, 'dev'), { id: '999900001111' });
      inventory.discoveries[3]!.end();
      await refreshed;
    });

    it('asks only the given providers of one place', async () => {
      inventory.answerFor = (where) => answer(where);
      await store.refresh();
      const before = at(prod);
      inventory.answerFor = undefined;
      inventory.answer = [{ kind: 'targets', provider: 'elasticache.replicationGroups', targets: [] }];
      await store.refresh({ scopes: [scope], providers: ['elasticache.replicationGroups'] });
      assert.deepEqual(inventory.discoveries.slice(3).map((one) => [one.scope, one.only]), [[scope, ['elasticache.replicationGroups', 'resource.tags']]]);
      assert.deepEqual(names(at(scope)), []);
      assert.equal(at(prod), before);
    });

    it('joins a discovery of everything, and puts two of some providers together', async () => {
      chosen = [{ profile: 'dev', regions: [] }];
      store.start();
      const all = await nth(0);
      const joined = store.refresh({ scopes: [scope], providers: ['a'] });
      assert.ok(!all.signal.aborted);
      all.end();
      await joined;
      assert.equal(inventory.discoveries.length, 1);
      void store.refresh({ scopes: [scope], providers: ['a'] });
      const one = await nth(1);
      const both = store.refresh({ scopes: [scope], providers: ['b'] });
      assert.ok(one.signal.aborted);
      one.end();
      const two = await nth(2);
      assert.deepEqual(two.only, ['a', 'b']);
      two.end();
      await both;
    });

    it('gives all of them to whoever waits, those of closed rows too', async () => {
      chosen = [{ profile: 'dev', regions: ['eu-central-1', 'us-east-1', 'aa-b-1', 'aa-b-2', 'aa-b-3'] }];
      inventory.answerFor = (where) => (where.region === 'aa-b-1' ? undefined : answer(where));
      inventory.failure = new Error('aa-b-1 fails');
      assert.deepEqual((await store.loaded(signal())).map((one) => one.scope.region), ['eu-central-1', 'us-east-1', 'aa-b-2', 'aa-b-3']);
    });

    it('lets a waiter give up without ending the discovery', async () => {
      for (const wait of [(until: AbortSignal) => store.loaded(until), (until: AbortSignal) => store.usable(scope, until)]) {
        const abort = new AbortController();
        const waiting = wait(abort.signal);
        const discovery = await nth(0);
        abort.abort();
        await assert.rejects(waiting, isCancelled);
        assert.ok(!discovery.signal.aborted);
      }
    });

    it('tells a waiter that the place is selected no longer', async () => {
      const waiting = store.usable(prod, signal());
      await nth(2);
      chosen = [{ profile: 'dev', regions: [] }];
      store.selectionChanged();
      await assert.rejects(waiting, /no longer listed/);
    });
  });

  describe('with what was kept', () => {
    it('shows it before the configuration is read, then asks AWS', async () => {
      inventory.answer = parts();
      await store.refresh();
      await store.dispose();
      assert.equal(cache.kept.size, 1);
      let go = (): void => {};
      const read = new Promise<void>((resolve) => (go = resolve));
      const { profiles } = inventory;
      inventory.profiles = () => read.then(() => profiles.call(inventory));
      inventory.answer = undefined;
      store = make();
      store.start();
      await eventually(() => names(at(scope)).length === 1);
      assert.deepEqual([names(at(scope)), at(scope)!.loading, typeof at(scope)!.asOf], [['orders-cache'], false, 'number']);
      assert.equal(inventory.discoveries.length, 1, 'nobody was asked yet');
      go();
      const discovery = await nth(1);
      assert.ok(at(scope)!.loading);
      for (const part of answer(scope)) discovery.push(part);
      discovery.end();
      await store.settled();
      assert.deepEqual([names(at(scope)), at(scope)!.asOf], [['dev-eu-central-1'], undefined]);
      assert.equal(cache.kept.get('dev/eu-central-1')!.kept.providers.find(({ id }) => id.startsWith('elasticache'))!.targets[0]!.name, 'dev-eu-central-1');
    });

    it('does not show it once the configuration says something else', async () => {
      inventory.answer = parts();
      await store.refresh();
      await store.dispose();
      inventory.profileList = [{ name: 'dev', region: 'eu-central-1', settings: 'another role' }];
      inventory.answer = undefined;
      store = make();
      store.start();
      await nth(1);
      assert.deepEqual(names(at(scope)), []);
    });

    it('does not show what is of another account than the profile has now', async () => {
      cache.put(scope, 'old', '999900001111');
      inventory.answer = [parts()[0]!];
      await store.refresh();
      assert.deepEqual(names(at(scope)), []);
      cache.put(east, 'old', '999900001111');
      chosen = [{ profile: 'dev', regions: ['eu-central-1', 'us-east-1'] }];
      inventory.answer = undefined;
      store.selectionChanged();
      await nth(1);
      await eventually(() => cache.reads.includes('dev/us-east-1'));
      assert.deepEqual(names(at(east)), []);
    });

    it('reads it only for what is open', async () => {
      chosen = [{ profile: 'dev', regions: ['eu-central-1', 'us-east-1', 'aa-b-1', 'aa-b-2', 'aa-b-3'] }];
      for (const where of [scope, east]) cache.put(where, where.region);
      await store.refresh();
      assert.deepEqual(cache.reads, []);
      store.setOpen(east, true);
      await eventually(() => names(at(east)).length === 1);
      assert.deepEqual(cache.reads, ['dev/us-east-1']);
    });

    it('connects with it once the account is known to be the same, and lists targets at once', async () => {
      cache.put(scope, 'kept');
      const [listed] = await store.loaded(signal());
      assert.deepEqual(names(listed), ['kept']);
      const using = store.usable(scope, signal());
      let isUsable = false;
      void using.then(() => (isUsable = true));
      const discovery = await nth(0);
      assert.ok(!isUsable);
      discovery.push(parts()[0]!);
      assert.deepEqual(names(await using), ['kept']);
    });

    it('stays, with its age, when AWS cannot be asked', async () => {
      cache.put(scope, 'kept');
      inventory.failure = new Fault('aws.offline', 'There is no network.');
      await store.refresh();
      assert.deepEqual([names(at(scope)), at(scope)!.asOf, at(scope)!.fault?.code], [['kept'], 5, 'aws.offline']);
      assert.deepEqual(names((await store.loaded(signal()))[0]), ['kept']);
    });

    it('is not replaced by what a failed or a fenced discovery told', async () => {
      cache.put(scope, 'kept');
      store.start();
      const discovery = await nth(0);
      discovery.push({ kind: 'fault', provider: 'elasticache.replicationGroups', fault: denied });
      discovery.fail(new Error('cut'));
      await store.settled();
      const kept = cache.kept.get('dev/eu-central-1')!.kept;
      assert.deepEqual([kept.at, kept.providers.length], [5, 1]);
    });
  });
});
