import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import type { Bastion } from '../../../src/model/bastion';
import { customTargetId } from '../../../src/model/connectionEntry';
import { makeSshRoute, type Route } from '../../../src/model/route';
import type { Target } from '../../../src/model/target';
import type { TunnelInfo } from '../../../src/model/tunnel';
import { BastionAdvice } from '../../../src/vscode/bastionAdvice';
import { KeptBastionMemory } from '../../../src/vscode/bastionMemory';
import { Diagnosis, type DiagnosisSubject } from '../../../src/vscode/diagnosis/diagnosis';
import { findSubject } from '../../../src/vscode/diagnosis/subject';
import { InventoryStore } from '../../../src/vscode/inventoryStore';
import { bastionNodeId } from '../../../src/vscode/resourceRows';
import { TunnelBoard } from '../../../src/vscode/tunnelBoard';
import type { DiagnosisToPage } from '../../../src/webview/protocol';
import { parseDiagnosisToHost, parseDiagnosisToPage } from '../../../src/webview/diagnosis/messages';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { bastion, denied, disposeAll, FakeInventory, FakeTunnels, FakeUi, MemoryLogger, MemoryState, parts, target, tunnel } from './samples';

const SUBJECT: DiagnosisSubject = { kind: 'target', target: target() };
const ALL = { protocol: '-1', cidrs: ['0.0.0.0/0'], groupIds: [], prefixListIds: [] };

class World {
  readonly inventory = new FakeInventory();
  readonly service = new FakeTunnels();
  readonly ui = new FakeUi();
  readonly logger = new MemoryLogger();
  readonly clock = new FakeClock();
  readonly store = new InventoryStore({ inventory: this.inventory, chosen: () => [], preferredProfile: undefined, logger: this.logger });
  readonly board = new TunnelBoard(this.service, this.logger);
  readonly memory = new KeptBastionMemory(new MemoryState(), (error) => assert.ifError(error));
  readonly advice = new BastionAdvice({ inventory: this.inventory, memory: this.memory, tag: () => 'sallyport=bastion', logger: this.logger });
  readonly posted: DiagnosisToPage[] = [];

  constructor(found: { targets?: Target[]; bastions?: Bastion[] } = {}) {
    this.inventory.answer = parts(found);
  }

  async begin(): Promise<this> {
    await this.store.refresh();
    await this.board.load();
    return this;
  }

  diagnosis(subject: DiagnosisSubject = SUBJECT): Diagnosis {
    const { store, advice, board, service: tunnels, ui, clock, logger } = this;
    return new Diagnosis(subject, { store, advice, board, tunnels, ui, clock, logger, post: (page) => this.posted.push(structuredClone(page)) });
  }

  async run(subject: DiagnosisSubject = SUBJECT): Promise<DiagnosisToPage> {
    await this.diagnosis(subject).run();
    return this.last;
  }

  get last(): DiagnosisToPage {
    return this.posted.at(-1)!;
  }

  dispose(): Promise<unknown> {
    return disposeAll([this.store, this.board]);
  }
}

const marks = ({ checks }: DiagnosisToPage): string[] => checks.map(({ title, mark }) => `${title}: ${mark}`);
const detail = ({ checks }: DiagnosisToPage, title: string): string => {
  const { detail: found = '', remedy = '' } = checks.find((check) => check.title === title) ?? {};
  return `${found}\n${remedy}`;
};

describe('A diagnosis', () => {
  let world: World;
  afterEach(() => world.dispose());

  it('goes from the sign-in to a round trip, over a tunnel that is gone afterwards', async () => {
    world = await new World().begin();
    const page = await world.run();
    assert.deepEqual(marks(page), [
      'Sign-in and account: pass',
      'Status of the target: pass',
      'Endpoint: pass',
      'Bastions could be listed: pass',
      'Bastion: pass',
      'Network: pass',
      'Security groups: unknown',
      'Round trip through a tunnel: pass',
    ]);
    assert.deepEqual([page.summary, page.verdict, page.running], ['orders-cache answers.', 'pass', false]);
    assert.deepEqual([world.service.started.length, world.service.infos.length], [1, 0]);
    assert.ok(world.posted.every((one) => parseDiagnosisToPage(one) !== undefined));
    assert.deepEqual(world.posted[0]!.summary, 'Looking…');
  });

  it('leaves a tunnel open that someone else has asked for meanwhile', async () => {
    world = await new World().begin();
    world.service.keepsTrials = true;
    const page = await world.run();
    assert.equal(page.verdict, 'pass');
    assert.match(detail(page, 'Round trip through a tunnel'), /^The tunnel at 127\.0\.0\.1:53211 is open: healthy/);
    assert.deepEqual(world.service.started.map(({ options }) => options), [{ trial: true }]);
    assert.deepEqual([world.service.infos.length, world.service.stopped], [1, []]);
  });

  it('opens what is no tunnel to be shown or used before someone asks for it', async () => {
    world = new World();
    world.service.infos = [tunnel({ trial: true })];
    await world.begin();
    assert.deepEqual(world.board.tunnels, []);
    world.service.changes.fire(tunnel());
    assert.equal(world.board.tunnels.length, 1);
  });

  it('names the one thing to mend, and tries nothing that cannot work', async () => {
    world = await new World({ targets: [target({ status: 'creating', endpoints: [] })], bastions: [] }).begin();
    const page = await world.run();
    assert.equal(page.verdict, 'fail');
    assert.match(page.summary, /^Status of the target: "orders-cache" is creating\. Wait until it is available/);
    assert.deepEqual(marks(page).slice(1), ['Status of the target: fail', 'Endpoint: fail', 'Bastions could be listed: pass', 'Bastion: fail', 'Round trip through a tunnel: skipped']);
    assert.equal(world.service.started.length, 0);
  });

  it('says of each bastion why it cannot be used', async () => {
    world = await new World({ bastions: [bastion({ state: 'stopped' }), bastion({ id: 'i-0b', name: 'old', agentVersion: '2.0.0.0' })] }).begin();
    const page = await world.run();
    const said = page.checks.filter(({ title }) => title === 'Bastion').map(({ detail: text, remedy }) => `${text} ${remedy}`);
    assert.equal(said.length, 2);
    assert.match(said.join('\n'), /too old to forward[^\n]*AWS-UpdateSSMAgent/);
    assert.equal(world.service.started.length, 0);
  });

  it('calls what was denied unknown, with the missing permission, and never failed', async () => {
    world = new World();
    world.inventory.answer = [
      { kind: 'account', accountId: '111122223333' },
      { kind: 'targets', provider: 'elasticache.replicationGroups', targets: [target()] },
      { kind: 'fault', provider: 'ec2.bastions', fault: denied },
    ];
    await world.begin();
    const page = await world.run();
    const bastions = page.checks.filter(({ title }) => title.startsWith('Bastion'));
    assert.deepEqual(bastions.map(({ verdict }) => verdict), ['unknown', 'unknown']);
    assert.ok(bastions.every(({ detail: text }) => text === denied.message));
  });

  it('gives the command for security groups that block the way, and tries it all the same', async () => {
    world = await new World({ bastions: [bastion({ securityGroupIds: ['sg-b'], privateAddresses: ['10.0.0.4'] })] }).begin();
    world.inventory.networkFacts = { groups: [{ id: 'sg-1', ingress: [], egress: [] }, { id: 'sg-b', ingress: [], egress: [ALL] }] };
    const page = await world.run();
    assert.match(detail(page, 'Security groups'), /No rule of sg-1 lets bastion-a reach port 6379\.\n.*authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 6379 --source-group sg-b --region eu-central-1/);
    assert.equal(world.service.started.length, 1);
    // Evidence beats rules as they were read.
    assert.equal(page.verdict, 'warn');
    assert.match(page.summary, /^It may work, but look at this first\. Security groups: /);
  });

  it('reports why a tunnel could not be opened', async () => {
    world = await new World().begin();
    world.service.failures = [new Fault('ssm.targetNotConnected', 'The agent of bastion-a is not connected.', { remedy: { text: 'Restart it.' } })];
    const page = await world.run();
    assert.deepEqual([page.verdict, page.summary], ['fail', 'Round trip through a tunnel: The agent of bastion-a is not connected. Restart it.']);
  });

  it('probes the tunnel that is open instead of opening another one, and leaves it open', async () => {
    world = new World();
    const open = tunnel({ id: 't9' });
    world.service.infos = [open];
    await world.begin();
    const running = world.diagnosis({ kind: 'tunnel', tunnel: open }).run();
    await eventually(() => world.service.retried.length === 1);
    const probed = { ...open, health: { level: 'down', checkedAt: open.health.checkedAt + 1, detail: 'No answer within 5 s.' } } as const;
    world.service.changes.fire(probed);
    await running;
    assert.equal(world.last.verdict, 'fail');
    assert.match(detail(world.last, 'Round trip through a tunnel'), /is open: .*No answer within 5 s\./);
    assert.deepEqual([world.service.started.length, world.service.stopped.length], [0, 0]);
  });

  describe('of a tunnel', () => {
    const answered = async (open: TunnelInfo): Promise<DiagnosisToPage> => {
      world.service.infos = [open];
      await world.begin();
      const running = world.diagnosis({ kind: 'tunnel', tunnel: open }).run();
      await eventually(() => world.service.retried.length === 1);
      world.service.changes.fire({ ...open, health: { ...open.health, checkedAt: open.health.checkedAt + 1 } });
      await running;
      return world.last;
    };
    const bySsh = makeSshRoute(target(), target().endpoints[0]!, { id: 'ssh:jump', name: 'jump' }, { host: 'jump', via: 'direct', instanceConnect: false });
    const host: Route = { ...bySsh, target: { ...bySsh.target, id: customTargetId(bySsh.endpoint.host, bySsh.endpoint.port) }, place: { profile: '', region: '', accountId: '' } };

    it('needs no inventory for a host that is none of AWS’s', async () => {
      world = new World();
      const page = await answered(tunnel({ route: host }));
      assert.deepEqual(marks(page), ['Bastion: pass', 'Round trip through a tunnel: pass']);
      assert.equal(detail(page, 'Bastion').trim(), 'SSH · jump');
      assert.equal(page.verdict, 'pass');
    });

    it('does not miss such a host among what AWS has told', async () => {
      world = new World();
      const page = await answered(tunnel({ route: { ...host, place: bySsh.place } }));
      assert.deepEqual(marks(page), ['Sign-in and account: pass', 'Bastion: pass', 'Round trip through a tunnel: pass']);
    });

    it('says that its region is not listed in this window, and probes it all the same', async () => {
      world = new World();
      const page = await answered(tunnel({ route: { ...bySsh, place: { ...bySsh.place, region: 'us-east-1' } } }));
      assert.deepEqual(marks(page), ['Sign-in and account: unknown', 'Bastion: pass', 'Round trip through a tunnel: pass']);
      assert.equal(page.verdict, 'pass');
    });

    it('names what it goes through, not the bastions that AWS does not have', async () => {
      world = new World({ bastions: [] });
      const page = await answered(tunnel({ route: bySsh }));
      assert.deepEqual(marks(page).slice(-2), ['Bastion: pass', 'Round trip through a tunnel: pass']);
      assert.equal(page.verdict, 'pass');
    });

    it('tries the way again that it took', async () => {
      world = await new World({ bastions: [] }).begin();
      const page = await world.run({ kind: 'tunnel', tunnel: tunnel({ route: bySsh }) });
      assert.deepEqual(world.service.started.map(({ route }) => route), [bySsh]);
      assert.equal(page.verdict, 'pass');
    });

    it('takes nothing for an answer when it is closed meanwhile', async () => {
      world = new World();
      world.service.infos = [tunnel()];
      await world.begin();
      const running = world.diagnosis({ kind: 'tunnel', tunnel: tunnel() }).run();
      await eventually(() => world.service.retried.length === 1);
      await world.service.stop('t1');
      await running;
      assert.equal(marks(world.last).at(-1), 'Round trip through a tunnel: unknown');
    });

    it('does not try what is closed and not listed', async () => {
      world = await new World().begin();
      const page = await world.run({ kind: 'tunnel', tunnel: tunnel({ route: host }) });
      assert.deepEqual([marks(page).at(-1), world.service.started.length], ['Round trip through a tunnel: unknown', 0]);
    });
  });

  it('calls what is missing unknown where the call that would tell it is denied', async () => {
    world = await new World({ targets: [], bastions: [] }).begin();
    assert.match((await world.run()).summary, /^Status of the target: AWS knows "orders-cache" no longer\.$/);
    const [account] = parts();
    world.inventory.answer = [
      account!,
      { kind: 'fault', provider: 'elasticache.replicationGroups', fault: denied },
      { kind: 'fault', provider: 'ec2.bastions', fault: { ...denied, message: 'The call ec2:DescribeInstances is not allowed.' } },
    ];
    const page = await world.run();
    assert.equal(page.verdict, 'unknown');
    assert.equal(detail(page, 'Status of the target').split('\n')[0], denied.message);
    const other = await world.run({ kind: 'bastion', bastion: bastion() });
    assert.deepEqual(marks(other).slice(1), ['The machine runs: unknown']);
    assert.match(detail(other, 'The machine runs'), /ec2:DescribeInstances/);
    const database = await world.run({ kind: 'target', target: target({ kind: 'rds.instance', id: 'gone' }) });
    assert.deepEqual(marks(database).slice(1), ['Status of the target: fail'], 'what is denied for others explains nothing');
  });

  it('ends with its tab, whatever AWS does', async () => {
    world = await new World().begin();
    world.inventory.answer = undefined;
    const diagnosis = world.diagnosis();
    const running = diagnosis.run();
    await eventually(() => world.inventory.discoveries.some(({ ended }) => !ended));
    diagnosis.dispose();
    await running;
    for (const discovery of world.inventory.discoveries) discovery.end();
    assert.equal(world.service.started.length, 0);
  });

  it('does not wait forever for a probe', async () => {
    world = new World();
    const open = tunnel({ id: 't9' });
    world.service.infos = [open];
    await world.begin();
    const running = world.diagnosis({ kind: 'tunnel', tunnel: open }).run();
    await eventually(() => world.service.retried.length === 1);
    world.clock.advance(15_000);
    await running;
    assert.equal(world.last.running, false);
    // What it has measured before proves nothing.
    assert.equal(marks(world.last).at(-1), 'Round trip through a tunnel: unknown');
    assert.match(detail(world.last, 'Round trip through a tunnel'), /no answer within 15 s/);
    assert.deepEqual([world.last.verdict, world.last.summary], ['unknown', 'Nothing speaks against it, but not everything could be seen.']);
    assert.equal(world.clock.pending, 0);
  });

  it('says what is wrong with the sign-in before all else', async () => {
    world = await new World().begin();
    world.inventory.answer = undefined;
    world.inventory.failure = new Fault('aws.expired', 'The sign-in of profile "dev" has ended.', { remedy: { text: 'Sign in again.', action: 'signIn' } });
    const page = await world.run();
    assert.equal(page.checks[0]!.verdict, 'fail');
    assert.match(page.summary, /^Sign-in and account: The sign-in of profile "dev" has ended\. Sign in again\.$/);
    assert.equal(world.service.started.length, 0);
  });

  it('looks at a bastion by itself', async () => {
    world = await new World({ bastions: [bastion({ managed: 'ConnectionLost' })] }).begin();
    const page = await world.run({ kind: 'bastion', bastion: bastion() });
    assert.deepEqual(marks(page).slice(1), ['The machine runs: pass', 'Session Manager reaches its agent: fail', 'The agent is new enough: skipped']);
    assert.match(detail(page, 'Session Manager reaches its agent'), /AmazonSSMManagedInstanceCore.*eu-central-1/s);
    world.inventory.answer = parts({ bastions: [bastion()] });
    const mended = await world.run({ kind: 'bastion', bastion: bastion() });
    assert.deepEqual([mended.verdict, mended.summary], ['pass', 'bastion-a can carry tunnels.']);
    world.inventory.answer = parts({ bastions: [] });
    assert.match((await world.run({ kind: 'bastion', bastion: bastion() })).summary, /AWS knows "bastion-a" no longer/);
  });

  it('can be copied, and shows itself again to a page that comes back', async () => {
    world = await new World().begin();
    const diagnosis = world.diagnosis();
    diagnosis.receive({ type: 'ready' });
    await eventually(() => world.last.verdict === 'pass');
    const { length } = world.posted;
    diagnosis.receive({ type: 'ready' });
    assert.equal(world.posted.length, length + 1);
    diagnosis.receive({ type: 'copy' });
    await eventually(() => world.ui.copied);
    assert.match(world.ui.copied!, /^Diagnosis: orders-cache\norders-cache answers\.\n\n\[pass\] Sign-in and account\n {4}Profile dev/);
    diagnosis.receive({ type: 'again' });
    await eventually(() => world.service.started.length === 2 && !world.last.running);
    diagnosis.dispose();
    diagnosis.receive({ type: 'again' });
    assert.equal(world.service.started.length, 2);
  });

  it('takes its subject from the row', async () => {
    world = new World();
    world.service.infos = [tunnel({ id: 't9' })];
    await world.begin();
    const ports = { store: world.store, board: world.board, connecting: { destination: async () => ({ target: target() }) } };
    assert.equal((await findSubject('tunnel:t9', ports))?.kind, 'tunnel');
    assert.equal((await findSubject(bastionNodeId(bastion()), ports))?.kind, 'bastion');
    assert.equal((await findSubject('target', ports))?.kind, 'target');
  });

  it('passes its own messages, and nothing else', () => {
    world = new World();
    assert.deepEqual(parseDiagnosisToHost({ type: 'again', more: 1 }), { type: 'again' });
    assert.equal(parseDiagnosisToHost({ type: 'run' }), undefined);
    const page = world.diagnosis().page;
    for (const wrong of [{ ...page, checks: [{}] }, { ...page, verdict: 'x' }, { ...page, strings: {} }, { ...page, summary: 1 }, null]) assert.equal(parseDiagnosisToPage(wrong), undefined);
  });
});
