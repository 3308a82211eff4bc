// A window is reloaded, and its tunnels are still there.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import type { Window } from './window';
import { openWindow } from './window';

describe('a window that is reloaded', function () {
  let window: Window;
  let client: Socket | undefined;

  before(async () => {
    window = await openWindow({ release: 'newest', theme: 'dark' });
    await window.workbench.openContainer('Sallyport');
  });
  after(async () => {
    client?.destroy();
    await window?.dispose();
  });

  it('shows the tunnel that it had, whose clients have noticed nothing', async () => {
    const { workbench } = window;
    await workbench.rowAction('Resources', /orders-cache/, 'Connect');
    const before = await workbench.row('Connections', /orders-cache/);
    await workbench.until(async () => /127\.0\.0\.1:\d+ · [\d.]+ ms/.test(await before.innerText()), 'address and latency');
    const address = /127\.0\.0\.1:(\d+)/.exec(await before.innerText());
    assert.ok(address);
    client = connect({ host: '127.0.0.1', port: Number(address[1]) });
    let [closed, heard] = [false, ''];
    client.on('error', () => {}).once('close', () => (closed = true));
    client.on('data', (chunk) => (heard += String(chunk)));
    client.write('PING\r\n');
    await workbench.until(async () => heard === '+PONG\r\n', 'an answer before');

    await window.reload();
    const row = await workbench.row('Connections', /orders-cache/);
    await workbench.until(async () => (await row.innerText()).includes(address[0]), 'the tunnel under its address');
    await workbench.statusItem(/1 tunnel · [\d.]+ ms/).waitFor();
    client.write('PING\r\n');
    await workbench.until(async () => heard === '+PONG\r\n+PONG\r\n', 'an answer after');
    assert.ok(!closed);
  });
});
