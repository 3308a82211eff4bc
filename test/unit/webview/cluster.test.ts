import assert from 'node:assert/strict';
import { Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import type { ClusterAccess, ClusterNode, ClusterTopology, NodeReading } from '../../../src/redis/types';
import { ASKED_AT_ONCE, ClusterController } from '../../../src/vscode/cluster/controller';
import { clusterPage, nodeKey } from '../../../src/vscode/cluster/page';
import { plainText } from '../../../src/vscode/localizer';
import { parseClusterToHost, parseClusterToPage } from '../../../src/webview/cluster/messages';
import { segmentsOf } from '../../../src/webview/cluster/slotBar';
import type { ClusterToPage } from '../../../src/webview/protocol';
import { eventually } from '../../fixtures/eventually';
import { FakeUi } from '../vscode/samples';
import { node, reading, topology } from './clusterWorld';
import { FakeSession, tunnel } from './consoleWorld';

class FakeCluster implements ClusterAccess {
  topology = topology();
  next: ClusterTopology | Fault = topology();
  readonly asked: string[] = [];
  answer: (node: ClusterNode) => Promise<NodeReading> = async () => reading();

  /** Hosts that are not dialled. */
  readonly refused = new Set<string>();

  check({ endpoint }: ClusterNode): void {
    if (this.refused.has(endpoint.host)) throw new Fault('redis.nodeRefused', `${endpoint.host} is not dialled.`);
  }

  refresh(): Promise<ClusterTopology> {
    if (this.next instanceof Fault) return Promise.reject(this.next);
    this.topology = this.next;
    return Promise.resolve(this.topology);
  }

  read(one: ClusterNode): Promise<NodeReading> {
    this.asked.push(one.endpoint.host.split('.')[0]!);
    return this.answer(one);
  }
}

class World {
  readonly posted: ClusterToPage[] = [];
  readonly consoles: string[] = [];
  readonly cluster = new FakeCluster();
  readonly sessions: FakeSession[] = [];
  refuse: Fault | undefined;
  isCluster = true;
  readonly controller: ClusterController;

  constructor() {
    this.controller = new ClusterController(tunnel('t1'), {
      services: {
        targetCa: async () => undefined,
        logger: nullLogger,
        openRedisSession: async () => {
          if (this.refuse) throw this.refuse;
          const session = new FakeSession();
          if (this.isCluster) Object.assign(session, { cluster: this.cluster });
          this.sessions.push(session);
          return session;
        },
      },
      logins: { known: async () => undefined, ask: async () => undefined, forget: async () => {} },
      ui: new FakeUi(),
      openConsole: ({ id }, { endpoint }) => this.consoles.push(`${id} ${endpoint.host}`),
      post: (message) => this.posted.push(structuredClone(message)),
    });
  }

  get last(): ClusterToPage {
    return this.posted.at(-1)!;
  }

  async open(): Promise<this> {
    this.controller.receive({ type: 'ready' });
    await eventually(() => this.last.status !== 'Connecting…' && !this.last.busy);
    return this;
  }
}

describe('The page of a cluster', () => {
  it('shows slots and nodes, and what each node tells as it comes', async () => {
    const world = await new World().open();
    const { last } = world;
    assert.equal(last.title, 'Cluster: orders');
    assert.equal(last.about, '3 shards · 6 nodes · 16384 of 16384 slots · 144633 keys');
    assert.deepEqual(last.shards.map(({ label, slots }) => `${label}: ${slots}`), ['Shard 1: 0–5461 (5462 slots)', 'Shard 2: 5462–10922 (5461 slots)', 'Shard 3: 10923–16383 (5461 slots)']);
    assert.equal(last.picture, 'Slots: Shard 1: 0–5461 (5462 slots); Shard 2: 5462–10922 (5461 slots); Shard 3: 10923–16383 (5461 slots)');
    const [primary, replica] = last.shards[0]!.nodes;
    assert.deepEqual([primary!.name, ...primary!.cells], ['orders-0001-001', 'primary', 'online', '48211', '6.4 MB', 'at 120000', '12 ms', 'Valkey 8.0.1']);
    assert.deepEqual([replica!.name, replica!.cells[4]], ['orders-0001-002', 'up to date']);
    assert.equal(world.cluster.asked.length, 6);
    assert.ok(world.posted.some(({ busy, shards }) => busy && shards.some(({ nodes }) => nodes.some(({ cells }) => cells[5] === '…'))), 'each one is shown while it is asked');
    for (const message of world.posted) assert.ok(parseClusterToPage(message), 'each message can be read');
  });

  it('says how far a replica is behind, and what is wrong with a node', async () => {
    const world = new World();
    world.cluster.topology = { shards: [{ slots: [[0, 16_383]], nodes: [node('o-0001-001'), node('o-0001-002'), node('o-0001-003', { health: 'failed' }), node('o-0001-004', { health: 'loading' })] }] };
    world.cluster.answer = async (one) => {
      if (one.endpoint.host.startsWith('o-0001-004')) throw new Fault('redis.unreachable', 'It did not answer.', { remedy: { text: 'Wait.' } });
      return reading(one.role === 'replica' ? { replicationOffset: 70_000 } : {});
    };
    await world.open();
    const [, behind, failed, lost] = world.last.shards[0]!.nodes;
    assert.equal(behind!.cells[4], '50 kB behind');
    assert.deepEqual([failed!.level, failed!.cells[1]], ['error', 'failed']);
    assert.deepEqual([lost!.level, lost!.cells[1], lost!.note], ['error', 'not reached', 'It did not answer. Wait.']);
    assert.ok(!world.cluster.asked.includes('o-0001-003'), 'a node that the cluster counts as failed is not asked');
    assert.deepEqual([world.last.level, world.last.status], ['warning', 'The cluster counts a node as failed.']);
  });

  it('says that slots are served by nobody', async () => {
    const world = new World();
    world.cluster.topology = { shards: topology().shards.slice(0, 2) };
    await world.open();
    assert.deepEqual([world.last.level, world.last.status], ['error', '5461 slots are served by nobody: commands for their keys fail.']);
    assert.match(world.last.picture, /5461 slots of nobody$/);
  });

  it('asks large clusters only when it is told to', async () => {
    const world = new World();
    world.cluster.topology = { shards: Array.from({ length: 10 }, (_, index) => ({ slots: [[index, index]], nodes: [node(`o-${1000 + index}-001`), node(`o-${1000 + index}-002`)] })) };
    await world.open();
    assert.ok(20 > ASKED_AT_ONCE);
    assert.deepEqual([world.cluster.asked.length, world.last.more], [0, true]);
    world.controller.receive({ type: 'ping', node: world.last.shards[0]!.nodes[0]!.key });
    await eventually(() => world.cluster.asked.length === 1 && !world.last.busy);
    world.controller.receive({ type: 'readAll' });
    await eventually(() => world.cluster.asked.length === 20 && !world.last.busy);
    assert.equal(world.last.more, false);
  });

  it('asks four nodes at a time', async () => {
    const world = new World();
    let running = 0;
    let most = 0;
    world.cluster.answer = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      running--;
      return reading();
    };
    await world.open();
    assert.equal(most, 4);
  });

  it('is asked again, and keeps what was known where that fails', async () => {
    const world = await new World().open();
    const [first] = topology().shards;
    world.cluster.next = { shards: [{ ...first!, slots: [[0, 16_383]] }] };
    world.controller.receive({ type: 'refresh' });
    await eventually(() => world.last.shards.length === 1 && !world.last.busy);
    world.cluster.next = new Fault('redis.unreachable', 'It did not answer.');
    world.controller.receive({ type: 'refresh' });
    await eventually(() => world.last.level === 'error');
    assert.deepEqual([world.last.status, world.last.shards.length, world.last.connectable], ['It did not answer.', 1, false]);
  });

  it('opens the console of a node, and of none that it does not know', async () => {
    const world = await new World().open();
    world.controller.receive({ type: 'console', node: world.last.shards[1]!.nodes[1]!.key });
    world.controller.receive({ type: 'console', node: 'evil.example:6379' });
    assert.deepEqual(world.consoles, [`t1 ${node('orders-0002-002').endpoint.host}`]);
  });

  it('opens no console where the cluster may not send us, and says why at the node', async () => {
    const world = new World();
    const evil = node('orders-0001-003', { endpoint: { host: '169.254.169.254', port: 80 } });
    world.cluster.topology = { shards: [{ slots: [[0, 16_383]], nodes: [node('orders-0001-001'), evil] }] };
    world.cluster.refused.add(evil.endpoint.host);
    await world.open();
    world.controller.receive({ type: 'console', node: nodeKey(evil) });
    assert.deepEqual(world.consoles, []);
    assert.equal(world.last.shards[0]!.nodes[1]!.note, '169.254.169.254 is not dialled.');
    world.controller.receive({ type: 'console', node: nodeKey(node('orders-0001-001')) });
    assert.equal(world.consoles.length, 1);
  });

  it('says that there is no cluster, and why there is no connection', async () => {
    const alone = new World();
    alone.isCluster = false;
    await alone.open();
    assert.match(alone.last.status, /^orders is not in cluster mode/);
    assert.ok(alone.sessions[0]!.disposed);
    const refused = new World();
    refused.refuse = new Fault('redis.iamRefused', 'It refused.');
    await refused.open();
    assert.deepEqual([refused.last.status, refused.last.connectable], ['It refused.', true]);
    refused.refuse = undefined;
    refused.controller.receive({ type: 'connect' });
    await eventually(() => refused.last.shards.length === 3);
  });

  it('ends with its tunnel, shows what was known, and goes on with the next one', async () => {
    const world = await new World().open();
    world.controller.tunnelChanged(tunnel('t2', { phase: 'closed' }));
    assert.equal(world.last.level, 'none');
    world.controller.tunnelChanged(tunnel('t1', { phase: 'closed' }));
    await eventually(() => world.sessions[0]!.disposed);
    assert.deepEqual([world.last.status, world.last.shards.length], ['The tunnel is closed. Connect it again to go on here.', 3]);
    await world.controller.moveTo(tunnel('t3'));
    await eventually(() => world.last.level === 'none' && !world.last.busy);
    assert.equal(world.sessions.length, 2);
    await world.controller.dispose();
    assert.ok(world.sessions[1]!.disposed);
  });

  it('shows hostile names as text of one line', () => {
    const evil = node('x', { endpoint: { host: 'a.b.c', port: 1 } });
    const page = clusterPage({ tunnel: tunnel('t1', undefined, 'a\u202Eb\nc'), phase: 'ready', topology: { shards: [{ slots: [[0, 1]], nodes: [evil] }] }, nodes: new Map([[nodeKey(evil), { phase: 'failed', fault: { code: 'x.y', message: '<b>\n\u0007no', retryable: false } }]]) }, plainText);
    assert.equal(page.title, 'Cluster: a b c');
    assert.equal(page.shards[0]!.nodes[0]!.note, '<b> no');
  });
});

describe('Messages of the cluster page', () => {
  it('are refused unless they are what they say', () => {
    assert.deepEqual(parseClusterToHost({ type: 'ping', node: 'a:1', more: 1 }), { type: 'ping', node: 'a:1' });
    assert.deepEqual(parseClusterToHost({ type: 'refresh' }), { type: 'refresh' });
    for (const value of [null, 1, {}, [], { type: 'ping' }, { type: 'ping', node: 1 }, { type: 'console', node: 'x'.repeat(301) }, { type: 'other' }]) assert.equal(parseClusterToHost(value), undefined);
    const page = clusterPage({ tunnel: tunnel('t1'), phase: 'ready', topology: topology(), nodes: new Map() }, plainText);
    assert.ok(parseClusterToPage(page));
    const [shard] = page.shards;
    const broken: object[] = [{ strings: {} }, { level: 'x' }, { busy: 1 }, { shards: {} }, { shards: [{ ...shard, ranges: [[0, 16_384]] }] }, { shards: [{ ...shard, ranges: [[5, 4]] }] }, { shards: [{ ...shard, nodes: [{}] }] }];
    for (const change of broken) assert.equal(parseClusterToPage({ ...page, ...change }), undefined, JSON.stringify(change).slice(0, 80));
  });
});

describe('The bar of slots', () => {
  it('has no gaps: what nobody serves is a part of it', () => {
    const segments = segmentsOf([{ ranges: [[0, 4095], [8192, 12_287]] }, { ranges: [[4096, 8191]] }]);
    assert.deepEqual(segments.map(({ shard, x, width }) => [shard, x, width]), [[0, 0, 25], [1, 25, 25], [0, 50, 25], [-1, 75, 25]]);
  });

  it('gives slots that two claim to the first', () => {
    assert.deepEqual(segmentsOf([{ ranges: [[0, 8191]] }, { ranges: [[0, 16_383]] }, { ranges: [[5, 6]] }]).map(({ shard, width }) => [shard, width]), [[0, 50], [1, 50]]);
    assert.deepEqual(segmentsOf([]), [{ shard: -1, x: 0, width: 100 }]);
  });
});
