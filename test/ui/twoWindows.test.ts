// Two windows of one person share their tunnels.
import { writeFileSync } from 'node:fs';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

describe('two windows of one person', function () {
  this.bail(true);
  let window: Window;
  let other: Workbench;

  before(async () => {
    window = await openWindow({ release: 'newest', theme: 'dark' });
    await window.workbench.openContainer('Sallyport');
    other = await window.another();
    await other.openContainer('Sallyport');
  });
  after(() => window?.dispose());
  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    const picture = await other?.picture('two-windows-failed');
    if (picture) writeFileSync(`${picture}.log`, window.serverLog());
  });

  it('show the same tunnel under the same address', async () => {
    await window.workbench.rowAction('Resources', /orders-cache/, 'Connect');
    const row = await window.workbench.row('Connections', /orders-cache/);
    await window.workbench.until(async () => /127\.0\.0\.1:\d+ · [\d.]+ ms/.test(await row.innerText()), 'address and latency');
    const address = /127\.0\.0\.1:\d+/.exec(await row.innerText())![0];
    const same = await other.row('Connections', /orders-cache/);
    await other.until(async () => (await same.innerText()).includes(address), 'the tunnel in the other window');
    await other.statusItem(/1 tunnel · [\d.]+ ms/).waitFor();
    await other.picture('two-windows');
  });

  it('open no second one for the same target, and both see it end', async () => {
    await other.rowAction('Resources', /orders-cache/, 'Connect');
    await other.statusItem(/1 tunnel · [\d.]+ ms/).waitFor();
    await other.rowAction('Connections', /orders-cache/, 'Stop');
    for (const one of [window.workbench, other]) await one.statusItem(/0 tunnels/).waitFor();
  });
});
