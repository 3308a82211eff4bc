import assert from 'node:assert/strict';
import { Attempts } from '../../../src/vscode/attempts';
import { InventoryStore } from '../../../src/vscode/inventoryStore';
import { plainText } from '../../../src/vscode/localizer';
import { endpointNodeId, targetNodeId } from '../../../src/vscode/regionNodes';
import { resourceNodes } from '../../../src/vscode/resourceNodes';
import { ScopeCommands } from '../../../src/vscode/scopeCommands';
import type { ChosenProfile } from '../../../src/vscode/selection';
import { SshHostStore } from '../../../src/vscode/sshHostStore';
import { NodeTree } from '../../../src/vscode/viewNode';
import { denied, FakeInventory, FakeUi, MemoryLogger, parts, target } from './samples';

/** The commands over fakes: what a window has, without the window. */
class Bench {
  readonly inventory = new FakeInventory();
  readonly ui = new FakeUi();
  readonly logger = new MemoryLogger();
  chosen: readonly ChosenProfile[] = [];
  readonly store = new InventoryStore({ inventory: this.inventory, chosen: () => this.chosen, preferredProfile: undefined, logger: this.logger });
  readonly scopes = new ScopeCommands({
    store: this.store,
    sshHosts: new SshHostStore(this.inventory, this.logger),
    ui: this.ui,
    attempts: new Attempts(this.ui, this.logger),
    chosen: () => this.chosen,
    choose: (chosen) => Promise.resolve(void (this.chosen = chosen)),
    below: (row) => {
      const tree = new NodeTree(resourceNodes(this.store.state, { hosts: [], faults: [] }, plainText));
      // As a window does that shows it all.
      const ask = (ids: readonly string[]): void => ids.forEach((id) => ask(tree.children(id)));
      ask(tree.roots);
      return tree.below(row);
    },
    showLog: () => void this.ui.shown.push('log'),
  });
}

describe('profiles and regions', () => {
  let bench: Bench;
  const use = async (): Promise<Bench> => {
    bench = new Bench();
    bench.inventory.answer = parts();
    await bench.store.refresh();
    return bench;
  };
  afterEach(() => bench.store.dispose());

  const PROFILES = [{ name: 'dev', region: 'eu-central-1' }, { name: 'prod', region: 'eu-west-1' }, { name: 'bare' }];

  it('are any of those that the configuration has, and keep the regions that were chosen for them', async () => {
    const { scopes, ui, inventory } = await use();
    inventory.profileList = PROFILES;
    bench.chosen = [{ profile: 'dev', regions: ['us-east-1'] }, { profile: 'gone', regions: [] }];
    ui.chooseMany = [['dev', 'prod']];
    await scopes.handlers.selectProfile(undefined);
    assert.deepEqual(bench.chosen, [{ profile: 'dev', regions: ['us-east-1'] }, { profile: 'prod', regions: [] }]);
    assert.deepEqual(ui.picks[0]!.items.map(({ label, description, picked }) => [label, description, picked]), [
      ['dev', '111122223333 · eu-central-1', true],
      ['prod', 'eu-west-1', false],
      ['bare', '', false],
      ['gone', '', true],
    ]);
    await scopes.handlers.selectProfile(undefined);
    assert.equal(bench.chosen.length, 2, 'a dismissed question changes nothing');
    ui.chooseMany = [[]];
    await scopes.handlers.selectProfile(undefined);
    assert.deepEqual(bench.chosen, []);
  });

  it('take regions from the list and typed ones, or the profile’s own', async () => {
    const { scopes, ui, inventory } = await use();
    inventory.profileList = PROFILES;
    ui.chooseMany = [['eu-central-1', 'sa-east-1']];
    ui.type = ['xx-north-1', 'evil.example'];
    await scopes.handlers.selectRegion('profile:dev');
    assert.deepEqual(bench.chosen, [{ profile: 'dev', regions: ['xx-north-1', 'eu-central-1', 'sa-east-1'] }]);
    ui.chooseMany = [['eu-central-1']];
    await scopes.handlers.selectRegion('region:dev/eu-central-1');
    assert.deepEqual(bench.chosen, [{ profile: 'dev', regions: [] }], 'its own alone is no choice');
    assert.deepEqual(ui.picks[1]!.items.slice(0, 3).map(({ label, picked }) => [label, picked]), [['xx-north-1', true], ['eu-central-1', true], ['sa-east-1', true]]);
  });

  it('are asked for by profile where several are shown', async () => {
    const { scopes, ui, inventory, store } = await use();
    inventory.profileList = PROFILES;
    bench.chosen = [{ profile: 'dev', regions: [] }, { profile: 'prod', regions: [] }];
    await store.refresh();
    ui.choose = ['prod'];
    ui.chooseMany = [['us-east-1']];
    await scopes.handlers.selectRegion(undefined);
    assert.deepEqual(bench.chosen, [{ profile: 'dev', regions: [] }, { profile: 'prod', regions: ['us-east-1'] }]);
  });

  it('are asked for anew by Refresh', async () => {
    const { scopes, inventory } = await use();
    await scopes.handlers.refresh(undefined);
    assert.equal(inventory.discoveries.length, 2);
  });

  it('are refreshed by the row: a region, a provider for its resources, a profile', async () => {
    const { scopes, inventory, store } = await use();
    inventory.profileList = PROFILES;
    bench.chosen = [{ profile: 'dev', regions: ['eu-central-1', 'us-east-1'] }, { profile: 'prod', regions: [] }];
    inventory.answerFor = ({ profile, region }) => (profile === 'dev' && region === 'eu-central-1' ? [...parts(), { kind: 'fault', provider: 'rds.databases', fault: denied }] : parts({ targets: [], bastions: [] }));
    await store.refresh();
    const asked = async (row: string): Promise<string[]> => {
      inventory.discoveries.length = 0;
      await scopes.handlers.refresh(row);
      return inventory.discoveries.map(({ scope, only }) => `${scope.profile}/${scope.region} ${only?.join() ?? 'all'}`);
    };
    assert.deepEqual(await asked('region:dev/us-east-1'), ['dev/us-east-1 all']);
    assert.deepEqual(await asked(targetNodeId(target())), ['dev/eu-central-1 elasticache.replicationGroups,resource.tags']);
    assert.deepEqual(await asked(endpointNodeId(target(), target().endpoints[0]!)), ['dev/eu-central-1 elasticache.replicationGroups,resource.tags']);
    assert.deepEqual(await asked('bastions:dev/eu-central-1'), ['dev/eu-central-1 ec2.bastions']);
    assert.deepEqual(await asked('fault:dev/eu-central-1/rds.databases'), ['dev/eu-central-1 rds.databases']);
    assert.deepEqual(await asked('caches:dev/us-east-1'), ['dev/us-east-1 all'], 'an empty group says nothing of who would fill it');
    assert.deepEqual(await asked('profile:dev'), ['dev/eu-central-1 all', 'dev/us-east-1 all']);
    assert.equal((await asked('sshHosts')).length, 3);
  });
});
