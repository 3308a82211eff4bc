import assert from 'node:assert/strict';
import { targetNodeId } from '../../../src/vscode/regionNodes';
import { ConnectionBench } from './connectionBench';
import { parts, target, tunnel } from './samples';

describe('connections of late', () => {
  let bench: ConnectionBench;

  beforeEach(() => {
    bench = new ConnectionBench();
  });

  afterEach(() => bench.dispose());

  it('are offered again, the latest first, without those that are open or saved', async () => {
    bench.inventory.answer = parts({ targets: ['a', 'b', 'c'].map((name) => target({ name })) });
    await bench.store.refresh();
    for (const name of ['a', 'b', 'c']) await bench.connecting.handlers.connect(targetNodeId(target({ name })));
    assert.deepEqual(bench.commands.recent, []);
    await bench.board.stop('t1');
    await bench.board.stop('t2');
    assert.deepEqual(bench.commands.recent.map(({ name }) => name), ['b primary', 'a primary']);
    const [item] = bench.commands.recentItems();
    await item!.value();
    assert.equal(bench.destinations.at(-1), 'b.example via i-0a1');
    bench.settings.write('user', { name: 'saved', target: { id: target({ name: 'a' }).id }, endpoint: 'primary', profile: 'dev', region: 'eu-central-1' });
    assert.deepEqual(bench.commands.recent, []);
  });

  it('are ten at most, and nonsense in the store is none', async () => {
    for (let count = 0; count < 15; count++) bench.recent.add(tunnel({ route: { ...tunnel().route, target: { ...tunnel().route.target, id: `arn:${count}` } } }).route, `n${count}`);
    assert.deepEqual([bench.recent.list.length, bench.recent.list[0]!.name], [10, 'n14']);
    await bench.kept.update('recentTunnels', [5, { name: 'x' }, 'y']);
    assert.deepEqual(bench.recent.list, []);
  });
});
