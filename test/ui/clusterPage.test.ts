import assert from 'node:assert/strict';
import { clusterPage, type ClusterPageState, nodeKey, type NodeState } from '../../src/vscode/cluster/page';
import { plainText } from '../../src/vscode/localizer';
import type { ClusterToHost } from '../../src/webview/protocol';
import { node, reading, topology } from '../unit/webview/clusterWorld';
import { tunnel } from '../unit/webview/consoleWorld';
import { usePage } from './pageRig';

const read = (more: Parameters<typeof reading>[0] = {}): NodeState => ({ phase: 'read', reading: reading(more) });
const NODES = new Map<string, NodeState>(
  topology().shards.flatMap(({ nodes }, index) =>
    nodes.map((one, number) => [nodeKey(one), read({ keys: 48_211 - index * 977, latencyMs: 11 + 7 * index + number, replicationOffset: 1_204_117 - number * index * 8200 })] as const),
  ),
);
const READY: ClusterPageState = { tunnel: tunnel('t1'), phase: 'ready', topology: topology(), nodes: NODES };

describe('the page of a cluster in a real browser', function () {
  this.timeout(60_000);
  const rig = usePage('cluster', ({ say }) => say(clusterPage(READY, plainText)));
  const show = (state: Partial<ClusterPageState>): Promise<void> => rig.say(clusterPage({ ...READY, ...state }, plainText));

  it('shows slots and nodes, and does by keyboard what its buttons do', async () => {
    await rig.page.getByRole('img', { name: /^Slots: Shard 1: 0–5461 \(5462 slots\); Shard 2/ }).waitFor();
    const row = rig.page.getByRole('row', { name: /^orders-0002-002/ });
    assert.deepEqual((await row.getByRole('cell').allTextContents()).slice(0, 5), ['replica', 'online', '47234', '6.4 MB', '8.2 kB behind']);
    await rig.pictures('cluster');
    await rig.page.getByRole('button', { name: 'Ping orders-0002-002' }).press('Enter');
    // What comes meanwhile takes the keyboard away from nobody.
    await show({ nodes: new Map([...NODES, [nodeKey(node('orders-0001-001')), read({ keys: 1 })]]) });
    await rig.page.keyboard.press('Tab');
    await rig.page.keyboard.press('Enter');
    await rig.page.getByRole('button', { name: 'Refresh' }).click();
    const key = nodeKey(node('orders-0002-002'));
    assert.deepEqual(await rig.sent<ClusterToHost>(), [{ type: 'ping', node: key }, { type: 'console', node: key }, { type: 'refresh' }]);
  });

  it('shows what is wrong, and fits a narrow tab', async () => {
    await rig.page.setViewportSize({ width: 420, height: 800 });
    const [first, second, third] = topology().shards;
    const shards = [
      { slots: [[0, 2000], [2002, 5461]] as const, nodes: [...first!.nodes, node('orders-0001-003', { health: 'loading' })] },
      { ...second!, nodes: [node('orders-0002-001', { health: 'failed' }), second!.nodes[1]!] },
      { slots: [], nodes: third!.nodes },
    ];
    const fault = { code: 'redis.nodeRefused', message: 'The cluster announces a node at 169.254.169.254:80, which is not dialled: <b>no</b>.', retryable: false } as const;
    await show({ topology: { shards }, nodes: new Map([...NODES, [nodeKey(node('orders-0003-002')), { phase: 'failed', fault }]]) });
    await rig.page.getByRole('status').getByText('5462 slots are served by nobody').waitFor();
    await rig.page.getByText('which is not dialled: <b>no</b>.').waitFor();
    assert.equal(await rig.page.evaluate(`document.querySelectorAll('.nobody').length`), 2);
    await rig.pictures('cluster-failed');
    assert.equal(await rig.page.evaluate('document.documentElement.scrollWidth'), 420, 'the table scrolls, not the page');
  });

  it('waits, and offers to connect', async () => {
    const { topology: _, ...without } = READY;
    await rig.say(clusterPage({ ...without, phase: 'connecting', nodes: new Map() }, plainText));
    await rig.page.getByText('Connecting…').waitFor();
    assert.ok(await rig.page.getByRole('button', { name: 'Refresh' }).isDisabled());
    await rig.say(clusterPage({ ...without, phase: 'failed', nodes: new Map(), fault: { code: 'redis.unreachable', message: 'It did not answer.', retryable: true } }, plainText));
    await rig.page.getByRole('button', { name: 'Connect' }).click();
    assert.deepEqual(await rig.sent(), [{ type: 'connect' }]);
  });
});
