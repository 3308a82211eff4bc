import assert from 'node:assert/strict';
import { Fault, isCancelled } from '../../../src/base/fault';
import type { InventoryPart } from '../../../src/model/inventory';
import { bastionsOf, faultsOf, step, targetsOf } from '../../../src/vscode/inventoryState';
import type { ResourcesState } from '../../../src/vscode/inventoryState';
import { InventoryStore } from '../../../src/vscode/inventoryStore';
import { isRegionCode } from '../../../src/model/region';
import { resolveSelection } from '../../../src/vscode/selection';
import { bastion, denied, FakeInventory, MemoryLogger, parts, target } from './samples';
import { eventually } from '../../fixtures/eventually';

const scope = { profile: 'dev', region: 'eu-central-1' };
const begun = step({ phase: 'idle' }, { type: 'discovering', scope });

function after(state: ResourcesState, ...more: InventoryPart[]): ResourcesState {
  return more.reduce((now, part) => step(now, { type: 'part', part }), state);
}

function names(state: ResourcesState): string[] {
  return state.phase === 'region' ? targetsOf(state.inventory).map(({ name }) => name) : [];
}

describe('the state of the resources', () => {
  it('gathers parts in whatever order they come, each resource once, ordered by name', () => {
    const provider = 'elasticache.replicationGroups';
    const state = after(
      begun,
      { kind: 'targets', provider, targets: [target({ name: 'cache-10' }), target({ name: 'cache-9' })] },
      { kind: 'bastions', provider: 'ec2.bastions', bastions: [bastion()] },
      { kind: 'targets', provider, targets: [target({ name: 'cache-9', status: 'modifying' })] },
      { kind: 'targets', provider: 'elasticache.serverless', targets: [target({ name: 'a' })] },
    );
    assert.ok(state.phase === 'region' && state.inventory.loading);
    assert.deepEqual(names(state), ['a', 'cache-9', 'cache-10']);
    assert.equal(targetsOf(state.inventory)[1]!.status, 'modifying');
    assert.equal(bastionsOf(state.inventory).length, 1);
  });

  it('keeps the rest when one provider fails', () => {
    const state = step(after(begun, ...parts(), { kind: 'fault', provider: 'elasticache.serverless', fault: denied }), { type: 'discovered' });
    assert.deepEqual(names(state), ['orders-cache']);
    assert.ok(state.phase === 'region');
    assert.deepEqual(faultsOf(state.inventory), [{ provider: 'elasticache.serverless', fault: denied }]);
  });

  it('shows the old answers of a region until the new ones replace them', () => {
    const first = step(after(begun, ...parts()), { type: 'discovered' });
    const again = step(first, { type: 'discovering', scope });
    assert.deepEqual(names(again), ['orders-cache']);
    const partly = after(again, { kind: 'targets', provider: 'elasticache.replicationGroups', targets: [target({ name: 'new' })] });
    assert.deepEqual(names(partly), ['new']);
    // The bastions of before did not come again: they are gone when the discovery has ended.
    const done = step(partly, { type: 'discovered' });
    assert.ok(done.phase === 'region');
    assert.equal(bastionsOf(done.inventory).length, 0);
  });

  it('does not empty what a provider told before when it fails this time', () => {
    const first = step(after(begun, ...parts()), { type: 'discovered' });
    const throttled = after(step(first, { type: 'discovering', scope }), { kind: 'fault', provider: 'elasticache.replicationGroups', fault: denied });
    const done = step(throttled, { type: 'discovered' });
    assert.deepEqual(names(done), ['orders-cache']);
    assert.ok(done.phase === 'region');
    assert.equal(faultsOf(done.inventory).length, 1);
    // And the fault goes when the provider answers again.
    const well = step(after(step(done, { type: 'discovering', scope }), ...parts()), { type: 'discovered' });
    assert.ok(well.phase === 'region');
    assert.deepEqual(faultsOf(well.inventory), []);
  });

  it('shows nothing of one region under another', () => {
    const first = step(after(begun, ...parts()), { type: 'discovered' });
    assert.deepEqual(names(step(first, { type: 'discovering', scope: { ...scope, region: 'us-east-1' } })), []);
    assert.deepEqual(names(step(first, { type: 'discovering', scope: { ...scope, profile: 'prod' } })), []);
    assert.deepEqual(step(first, { type: 'deselected' }), { phase: 'reading' });
  });

  it('keeps what it knows when a refresh fails as a whole', () => {
    const first = step(after(begun, ...parts()), { type: 'discovered' });
    const failed = step(step(first, { type: 'discovering', scope }), { type: 'discoveryFailed', fault: denied });
    assert.ok(failed.phase === 'region' && !failed.inventory.loading);
    assert.equal(failed.inventory.fault, denied);
    assert.deepEqual(names(failed), ['orders-cache']);
  });
});

describe('the choice of profile and region', () => {
  const profiles = [{ name: 'dev', region: 'eu-central-1' }, { name: 'prod' }];
  const none = { profile: '', region: '' };

  it('is what the person chose, else what AWS_PROFILE names, else default, else the only one', () => {
    const profileOf = (...args: Parameters<typeof resolveSelection>): string | undefined => {
      const selection = resolveSelection(...args);
      return selection.kind === 'scope' ? selection.scope.profile : undefined;
    };
    const withDefault = [...profiles, { name: 'default', region: 'us-east-1' }];
    assert.equal(profileOf(withDefault, { profile: 'dev', region: '' }, 'default'), 'dev');
    assert.equal(profileOf(withDefault, none, 'dev'), 'dev');
    assert.equal(profileOf(withDefault, none, undefined), 'default');
    assert.equal(profileOf([{ name: 'environment', region: 'us-east-1' }, ...withDefault], none, undefined), 'environment');
    assert.equal(profileOf([profiles[0]!], none, undefined), 'dev');
  });

  it('is left to the person where it would be a guess', () => {
    const selection = resolveSelection(profiles, none, undefined);
    assert.ok(selection.kind === 'unavailable');
    assert.equal(selection.fault.remedy?.action, 'selectProfile');
  });

  it('says what is missing', () => {
    const code = (chosen: { profile: string; region: string }): string | undefined => {
      const selection = resolveSelection(profiles, chosen, undefined);
      return selection.kind === 'unavailable' ? selection.fault.code : undefined;
    };
    assert.equal(code({ profile: 'gone', region: '' }), 'selection.unknownProfile');
    assert.equal(code({ profile: 'prod', region: '' }), 'aws.noRegion');
    assert.equal(code({ profile: 'prod', region: 'evil.example/' }), 'selection.badRegion');
    assert.equal(code({ profile: 'prod', region: 'us-east-1' }), undefined);
    assert.equal(resolveSelection([], none, undefined).kind, 'noProfiles');
  });

  it('takes only what has the form of a region code', () => {
    assert.ok(['eu-central-1', 'us-gov-west-1', 'cn-northwest-1', 'us-isob-east-1', 'ap-southeast-11'].every(isRegionCode));
    assert.ok(!['', 'eu', 'EU-central-1', 'eu-central-1.evil', 'eu-central-1\n', '-eu-central-1'].some(isRegionCode));
  });
});

describe('the store of the resources', () => {
  let inventory: FakeInventory;
  let store: InventoryStore;
  let chosen = { profile: '', region: '' };

  beforeEach(() => {
    inventory = new FakeInventory();
    chosen = { profile: '', region: '' };
    store = new InventoryStore({ inventory, chosen: () => chosen, preferredProfile: undefined, logger: new MemoryLogger() });
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
    assert.equal(inventory.discoveries.length, 1);
    assert.deepEqual(inventory.discoveries[0]!.scope, scope);
  });

  it('shows parts as they come', async () => {
    store.start();
    await eventually(() => inventory.discoveries.length === 1);
    inventory.discoveries[0]!.push(parts()[2]!);
    await eventually(() => names(store.state).length === 1);
    assert.ok(store.inventory!.loading && store.busy);
    inventory.discoveries[0]!.end();
    await store.settled();
    assert.ok(!store.inventory!.loading && !store.busy);
  });

  it('lets parts of an old choice change nothing, and cancels their discovery', async () => {
    inventory.profileList = [{ name: 'dev', region: 'eu-central-1' }, { name: 'prod', region: 'eu-west-1' }];
    chosen = { profile: 'dev', region: '' };
    store.start();
    await eventually(() => inventory.discoveries.length === 1);
    const [old] = inventory.discoveries;
    old!.push(parts()[2]!);
    await eventually(() => names(store.state).length === 1);
    chosen = { profile: 'prod', region: '' };
    store.selectionChanged();
    assert.equal(store.state.phase, 'reading');
    assert.ok(old!.signal.aborted);
    old!.push({ kind: 'targets', provider: 'elasticache.serverless', targets: [target({ name: 'late' })] });
    await eventually(() => inventory.discoveries.length === 2);
    old!.fail(new Error('late'));
    inventory.discoveries[1]!.end();
    await store.settled();
    assert.deepEqual(names(store.state), []);
    assert.equal(store.inventory?.scope.profile, 'prod');
    assert.equal(store.inventory?.fault, undefined);
  });

  it('turns a failure into a state, and another try mends it', async () => {
    inventory.failure = new Fault('aws.expiredCredentials', 'The sign-in has expired.', { remedy: { text: 'Sign in.', action: 'signIn' } });
    await store.refresh();
    assert.equal(store.inventory?.fault?.code, 'aws.expiredCredentials');
    await assert.rejects(store.loaded(new AbortController().signal), /expired/);
    inventory.failure = undefined;
    inventory.answer = parts();
    await store.refresh();
    assert.equal(store.inventory?.fault, undefined);
    assert.deepEqual(names(store.state), ['orders-cache']);
  });

  it('gives the whole inventory to whoever waits for it', async () => {
    const waiting = store.loaded(new AbortController().signal);
    await eventually(() => inventory.discoveries.length === 1);
    for (const part of parts()) inventory.discoveries[0]!.push(part);
    inventory.discoveries[0]!.end();
    assert.equal(targetsOf(await waiting).length, 1);
  });

  it('lets a waiter give up without ending the discovery', async () => {
    const abort = new AbortController();
    const waiting = store.loaded(abort.signal);
    await eventually(() => inventory.discoveries.length === 1);
    abort.abort();
    await assert.rejects(waiting, isCancelled);
    assert.ok(!inventory.discoveries[0]!.signal.aborted);
  });

  it('says what is missing to whoever waits for an inventory that cannot be had', async () => {
    inventory.profileList = [];
    await assert.rejects(store.loaded(new AbortController().signal), /No AWS profile/);
    inventory.profileList = [{ name: 'dev' }];
    await store.refresh();
    await assert.rejects(store.loaded(new AbortController().signal), /no region/);
  });

  it('ends its discoveries with itself and is silent afterwards', async () => {
    let changes = 0;
    store.onDidChange(() => changes++);
    store.start();
    await eventually(() => inventory.discoveries.length === 1);
    const before = changes;
    const disposal = store.dispose();
    assert.ok(inventory.discoveries[0]!.signal.aborted);
    inventory.discoveries[0]!.push(parts()[2]!);
    inventory.discoveries[0]!.end();
    await disposal;
    assert.equal(changes, before);
  });
});
