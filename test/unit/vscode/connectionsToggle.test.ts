import assert from 'node:assert/strict';
import { toggleItems } from '../../../src/vscode/connectionsToggle';
import type { ToggleActs } from '../../../src/vscode/connectionsToggle';
import { plainText } from '../../../src/vscode/localizer';
import { targetNodeId } from '../../../src/vscode/regionNodes';
import { TunnelCommands } from '../../../src/vscode/tunnelCommands';
import { eventually } from '../../fixtures/eventually';
import { ConnectionBench } from './connectionBench';
import { parts, target } from './samples';

const orders = { name: 'orders', target: { id: 'orders-cache' } };
const reader = { name: 'orders reader', target: { id: target().id }, endpoint: 'reader', group: 'backend' };

describe('the list of the status bar', () => {
  let bench: ConnectionBench;

  const pressed: string[] = [];
  const press = (what: string) => (): void => void pressed.push(what);
  const acts: ToggleActs = {
    start: ({ connection }) => void pressed.push(`start ${connection.name}`),
    stop: ({ id }) => void pressed.push(`stop ${id}`),
    copy: press('copy'),
    openConsole: press('console'),
    showDetails: press('details'),
    startAll: press('startAll'),
    stopAll: press('stopAll'),
    connectTo: press('connectTo'),
  };
  const items = (stopping: ReadonlySet<string> = new Set()): ReturnType<typeof toggleItems> =>
    toggleItems({ saved: bench.rows.rows, tunnels: bench.board.tunnels, recent: bench.commands.recent, stopping }, acts, plainText);

  beforeEach(() => {
    bench = new ConnectionBench();
    pressed.splice(0);
  });

  afterEach(() => bench.dispose());

  const start = (name: string): Promise<void> => bench.commands.handlers.startConnection(`saved:${name}`);

  it('has saved connections, other tunnels and recent ones, each with its state in words and as an icon', async () => {
    bench.inventory.answer = parts({ targets: [target(), target({ name: 'b' }), target({ name: 'c' })] });
    await bench.store.refresh();
    for (const name of ['b', 'c']) await bench.connecting.handlers.connect(targetNodeId(target({ name })));
    await bench.board.stop('t1');
    bench.settings.write('user', orders, reader, { name: 'third', target: { id: 'nope' } });
    await start('orders');
    await start('third');
    assert.deepEqual(
      items().map(({ section, label, icon, description = '' }) => [section, label, icon, description]),
      [
        ['Saved connections', 'orders', 'pass-filled', 'healthy · 2.1 ms · 127.0.0.1:53213'],
        ['Saved connections', 'orders reader', 'circle-outline', 'not connected · orders-cache · reader'],
        ['Saved connections', 'third', 'error', 'The profile "dev" shows no "nope" in eu-central-1. · nope'],
        ['Tunnels', 'c primary', 'pass-filled', 'healthy · 2.1 ms · 127.0.0.1:53212'],
        ['Recent', 'b primary', 'circle-outline', 'not connected · b · primary · dev · eu-central-1'],
        ['Actions', 'Connect…', 'plug', ''],
        ['Actions', 'Start All Saved Connections', 'run-all', ''],
        ['Actions', 'Stop All Tunnels', 'stop-circle', ''],
      ],
    );
    for (const item of items()) item.act();
    assert.deepEqual(pressed, ['stop t3', 'start orders reader', 'start third', 'stop t2', 'start b primary', 'connectTo', 'startAll', 'stopAll']);
    assert.equal(new Set(items().map(({ id }) => id)).size, 8);
    assert.deepEqual(items().filter(({ closes }) => closes).map(({ label }) => label), ['Connect…']);
    const [first] = items();
    assert.deepEqual(first!.buttons.map(({ label, closes }) => [label, closes]), [['Copy Address', false], ['Redis: Open Console', true], ['Show Details', true]]);
  });

  it('stops nothing twice', async () => {
    bench.settings.write('user', orders);
    await start('orders');
    const [item] = items(new Set(['t1']));
    item!.act();
    assert.deepEqual([item!.description, pressed], ['stopping… · 127.0.0.1:53211', []]);
  });

  it('starts and stops while it stays open', async () => {
    bench.settings.write('user', orders);
    const real = new TunnelCommands({
      board: bench.board,
      ui: bench.ui,
      attempts: bench.attempts,
      connectTo: () => Promise.resolve(),
      openConsole: () => Promise.resolve(),
      toggle: {
        saved: () => bench.rows.rows,
        recent: () => bench.commands.recent,
        start: (entry) => bench.starter.start(entry),
        startAll: () => Promise.resolve(),
        showDetails: () => Promise.resolve(),
        onDidChange: bench.saved.onDidChange,
      },
    });
    bench.ui.choose = ['orders'];
    await real.handlers.toggleTunnels(undefined);
    await eventually(() => bench.board.tunnels.length === 1, 'started');
    bench.ui.choose = ['orders'];
    await real.handlers.toggleTunnels(undefined);
    await eventually(() => bench.board.tunnels.length === 0, 'stopped');
    assert.equal(bench.ui.lives.length, 2);
  });
});
