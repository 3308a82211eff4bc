import assert from 'node:assert/strict';
import { FakeClock } from '../../fixtures/fakeClock';
import { eventually } from '../../fixtures/eventually';
import { Attempts } from '../../../src/vscode/attempts';
import { BastionAdvice } from '../../../src/vscode/bastionAdvice';
import { KeptBastionMemory } from '../../../src/vscode/bastionMemory';
import { BastionStarter, type StartPolicy } from '../../../src/vscode/bastionStarter';
import { ConnectCommands } from '../../../src/vscode/connectCommands';
import { InventoryStore } from '../../../src/vscode/inventoryStore';
import { endpointNodeId } from '../../../src/vscode/regionNodes';
import { SshHostStore } from '../../../src/vscode/sshHostStore';
import { TunnelBoard } from '../../../src/vscode/tunnelBoard';
import { bastion, disposeAll, FakeInventory, FakePower, FakeTunnels, FakeUi, MemoryLogger, MemoryState, parts, target } from './samples';

class Bench {
  readonly inventory = new FakeInventory();
  readonly service = new FakeTunnels();
  readonly ui = new FakeUi();
  readonly logger = new MemoryLogger();
  readonly store = new InventoryStore({ inventory: this.inventory, chosen: () => [], preferredProfile: undefined, logger: this.logger });
  readonly sshHosts = new SshHostStore(this.inventory, this.logger);
  readonly board = new TunnelBoard(this.service, this.logger);
  readonly memory = new KeptBastionMemory(new MemoryState(), (error) => assert.ifError(error));
  readonly attempts = new Attempts(this.ui, this.logger);
  readonly power = new FakePower();
  policy: StartPolicy = 'ask';
  readonly connecting = new ConnectCommands({
    store: this.store,
    sshHosts: this.sshHosts,
    advice: new BastionAdvice({ inventory: this.inventory, memory: this.memory, tag: () => 'sallyport=bastion', logger: this.logger }),
    board: this.board,
    ui: this.ui,
    attempts: this.attempts,
    starter: new BastionStarter({ power: this.power, policy: () => this.policy, clock: new FakeClock(), ui: this.ui, attempts: this.attempts }),
    reveal: () => {},
    recent: () => [],
  });
}

describe('a bastion that is stopped when somebody connects', () => {
  let bench: Bench;
  const row = endpointNodeId(target(), target().endpoints[0]!);

  beforeEach(async () => {
    bench = new Bench();
    bench.inventory.answer = parts({ bastions: [bastion({ id: 'i-0f', state: 'stopped', managed: 'ConnectionLost' })] });
    await bench.store.refresh();
    bench.power.conditions = [{ instance: 'running', agent: 'Online' }];
    bench.inventory.answer = parts();
  });

  afterEach(() => disposeAll([bench.store]));

  it('is offered to be started, and used when it is online', async () => {
    bench.ui.press = ['Start i-0f and Connect'];
    await bench.connecting.handlers.connect(row);
    await eventually(() => bench.service.started.length === 1, 'connected');
    assert.deepEqual(bench.ui.errors[0]!.buttons, ['Start i-0f and Connect', 'Show Log']);
    assert.ok(bench.ui.tasks.includes('Starting bastion i-0f'));
  });

  it('is started without asking where that is set', async () => {
    bench.policy = 'always';
    await bench.connecting.handlers.connect(row);
    assert.equal(bench.service.started.length, 1);
    assert.equal(bench.ui.errors.length, 0);
  });

  it('is left alone where that is set', async () => {
    bench.policy = 'never';
    await bench.connecting.handlers.connect(row);
    assert.deepEqual(bench.ui.errors[0]!.buttons, ['Try Again', 'Show Log']);
    assert.equal(bench.power.looks, 0);
  });
});

describe('the choice between bastions', () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(() => disposeAll([bench.store]));

  it('hands the other ones over for when the best is gone, those that may be taken without asking', async () => {
    const others = [
      bastion({ id: 'i-b', name: 'b' }),
      bastion({ id: 'i-off', name: 'off', managed: 'ConnectionLost' }),
      bastion({ id: 'i-else', name: 'else', vpcId: 'vpc-other', tags: { sallyport: 'bastion' } }),
    ];
    bench.inventory.answer = parts({ bastions: [bastion({ name: 'a' }), ...others] });
    await bench.store.refresh();
    await bench.connecting.handlers.connect(endpointNodeId(target(), target().endpoints[0]!));
    const [{ route, options }] = bench.service.started as [(typeof bench.service.started)[0]];
    assert.equal(route.bastion?.name, 'a');
    assert.deepEqual(options.alternates?.map((one) => [one.bastion?.id, one.endpoint]), [['i-b', route.endpoint]]);
  });

  it('takes the best of several bastions, and the one that was chosen from then on', async () => {
    bench.inventory.answer = parts({ bastions: [bastion(), bastion({ id: 'i-tagged', name: 'z', tags: { sallyport: 'bastion' } }), bastion({ id: 'i-off', name: 'off', managed: 'ConnectionLost' })] });
    await bench.store.refresh();
    const row = endpointNodeId(target(), target().endpoints[0]!);
    await bench.connecting.handlers.connect(row);
    bench.ui.choose = ['bastion-a'];
    await bench.connecting.handlers.connectThrough(row);
    const [choice] = bench.ui.picks;
    assert.deepEqual(choice!.items.map(({ label, description }) => `${label} | ${description}`).filter((line) => !/Connect/.test(line)), [
      'z | Session Manager',
      'bastion-a | Session Manager',
      'off | ',
    ]);
    // What was chosen is taken, and nothing else in its place.
    assert.equal(bench.service.started.at(-1)!.options.alternates, undefined);
    assert.match(choice!.items[0]!.detail!, /^tagged as bastion · same VPC · .*online · agent 3\.3\.1142\.0 · i-tagged$/);
    for (const { id } of bench.board.tunnels) await bench.board.stop(id);
    await bench.connecting.handlers.connect(row);
    assert.deepEqual(bench.service.started.map(({ route }) => route.bastion?.id), ['i-tagged', 'i-0a1', 'i-0a1']);
  });

  it('takes the one whose role may do less of two that are equal in all else, and says so where one chooses', async () => {
    bench.inventory.answer = parts({ bastions: [bastion({ identityArn: 'arn:admin' }), bastion({ id: 'i-least', name: 'z', identityArn: 'arn:least' })] });
    bench.inventory.policies = {
      'arn:admin': { attached: ['arn:aws:iam::aws:policy/AdministratorAccess'], inline: [] },
      'arn:least': { attached: ['arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'], inline: [] },
    };
    await bench.store.refresh();
    const row = endpointNodeId(target(), target().endpoints[0]!);
    await bench.connecting.handlers.connect(row);
    assert.deepEqual(bench.service.started.map(({ route, options }) => [route.bastion?.id, options.alternates?.map((one) => one.bastion?.id)]), [['i-least', ['i-0a1']]]);
    await bench.connecting.handlers.connectThrough(row);
    const details = bench.ui.picks[0]!.items.slice(0, 2).flatMap(({ detail = '' }) => detail.match(/its role [^·]*/) ?? []);
    assert.deepEqual(details.map((text) => text.trim()), ['its role can do no more than Session Manager needs', 'its role has AdministratorAccess']);
  });

  it('says what is wrong with a bastion that was chosen although it cannot be used', async () => {
    bench.inventory.answer = parts({ bastions: [bastion(), bastion({ id: 'i-off', name: 'off', managed: 'ConnectionLost' })] });
    await bench.store.refresh();
    bench.ui.choose = ['off'];
    await bench.connecting.handlers.connectThrough(endpointNodeId(target(), target().endpoints[0]!));
    assert.match(bench.ui.errors.at(-1)!.text, /"off" \(i-off\) is running but its Systems Manager agent is offline/);
    assert.deepEqual(bench.service.started, []);
    assert.equal(bench.memory.chosenFor(target().id), undefined);
  });

  it('puts an SSH host first that was chosen before, and says so', async () => {
    bench.inventory.answer = parts();
    bench.inventory.sshConfig = { hosts: ['near', 'jump'].map((alias) => ({ alias, hostName: 'h', user: 'dev', port: 22, file: '/c', line: 1 })), faults: [] };
    await bench.store.refresh();
    const row = endpointNodeId(target(), target().endpoints[0]!);
    bench.ui.choose = ['jump'];
    await bench.connecting.handlers.connectThrough(row);
    await bench.connecting.handlers.connectThrough(row);
    assert.deepEqual(bench.ui.picks[1]!.items.slice(0, 3).map(({ label }) => label), ['jump', 'bastion-a', 'near']);
    assert.match(bench.ui.picks[1]!.items[0]!.detail!, /^chosen before · /);
  });

  it('offers containers and hybrid nodes by Session Manager only', async () => {
    const ecs = { cluster: 'shop', group: 'service:tools', taskId: '1', container: 'tools' };
    bench.inventory.answer = parts({ bastions: [bastion({ id: 'ecs:shop_1_2', kind: 'ecs', name: 'tools', ecs }), bastion({ id: 'mi-1', kind: 'hybrid', name: 'office' })] });
    await bench.store.refresh();
    bench.ui.choose = ['tools'];
    await bench.connecting.handlers.connectThrough(endpointNodeId(target(), target().endpoints[0]!));
    assert.deepEqual(bench.ui.picks[0]!.items.map(({ label, description }) => `${label} | ${description}`), [
      'office | Session Manager · hybrid node',
      'tools | Session Manager · ECS task',
    ]);
    assert.equal(bench.memory.chosenFor(target().id), 'ecs:shop/service:tools/tools');
  });
});

describe('a target that may be reached without a bastion', () => {
  let bench: Bench;
  const [primary, reader] = target().endpoints;
  const open = target({ endpoints: [{ ...primary!, public: true }, reader!] });
  const row = endpointNodeId(open, open.endpoints[0]!);

  beforeEach(async () => {
    bench = new Bench();
    bench.inventory.answer = parts({ targets: [open], bastions: [bastion(), bastion({ id: 'i-b', name: 'b' })] });
    await bench.store.refresh();
  });

  afterEach(() => disposeAll([bench.store]));

  const started = (): unknown[] => bench.service.started.map(({ route, options }) => [route.method, route.bastion?.id, options.alternates?.map((one) => one.bastion?.id)]);
  const stopAll = async (): Promise<void> => {
    for (const { id } of bench.board.tunnels) await bench.board.stop(id);
  };
  const ways = (): string[] => bench.ui.picks.at(-1)!.items.map(({ label, description }) => `${label} | ${description}`).filter((line) => !/Connect/.test(line));

  it('is connected to directly, with the bastions of its VPC for when that fails; its private endpoint through one of them', async () => {
    await bench.connecting.handlers.connect(row);
    await bench.connecting.handlers.connect(endpointNodeId(open, open.endpoints[1]!));
    assert.deepEqual(started(), [
      ['direct', undefined, ['i-b', 'i-0a1']],
      ['ssm', 'i-b', ['i-0a1']],
    ]);
    assert.deepEqual(bench.ui.errors, []);
  });

  it('is offered directly before all bastions, with the reason; what was chosen is taken from then on', async () => {
    bench.ui.choose = ['bastion-a'];
    await bench.connecting.handlers.connectThrough(row);
    assert.deepEqual(ways(), ['Directly | without a bastion', 'b | Session Manager', 'bastion-a | Session Manager']);
    assert.match(bench.ui.picks[0]!.items[0]!.detail!, /^public: reachable without a bastion/);
    await stopAll();
    await bench.connecting.handlers.connect(row);
    await stopAll();
    bench.ui.choose = ['Directly'];
    await bench.connecting.handlers.connectThrough(row);
    assert.deepEqual(ways(), ['bastion-a | Session Manager', 'b | Session Manager', 'Directly | without a bastion']);
    await stopAll();
    await bench.connecting.handlers.connect(row);
    assert.deepEqual(started(), [
      ['ssm', 'i-0a1', undefined],
      ['ssm', 'i-0a1', ['i-b']],
      ['direct', undefined, undefined],
      ['direct', undefined, ['i-b', 'i-0a1']],
    ]);
  });

  it('is connected to directly where it is a custom target without a VPC, bastions or not', async () => {
    const { vpcId: _none, ...custom } = target({ id: 'custom:own@db.example:5432', kind: 'custom', engine: 'postgres', endpoints: [{ role: 'endpoint', host: 'db.example', port: 5432 }] });
    bench.inventory.answer = parts({ targets: [custom], bastions: [] });
    await bench.store.refresh();
    await bench.connecting.handlers.connect(endpointNodeId(custom, custom.endpoints[0]!));
    assert.deepEqual(started(), [['direct', undefined, undefined]]);
    bench.ui.choose = ['Directly'];
    await bench.connecting.handlers.connectThrough(endpointNodeId(custom, custom.endpoints[0]!));
    assert.equal(bench.ui.picks.at(-1)!.items[0]!.detail, 'no VPC is known for it');
  });

  it('is offered directly after the bastions where it is a custom target in a VPC', async () => {
    const custom = target({ id: 'custom:own@db.example:5432', kind: 'custom', endpoints: [{ role: 'endpoint', host: 'db.example', port: 5432 }] });
    bench.inventory.answer = parts({ targets: [custom] });
    await bench.store.refresh();
    await bench.connecting.handlers.connectThrough(endpointNodeId(custom, custom.endpoints[0]!));
    assert.deepEqual(ways(), ['bastion-a | Session Manager', 'Directly | without a bastion']);
  });
});
