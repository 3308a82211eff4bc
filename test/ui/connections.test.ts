// Saved connections in the packaged extension: the view, the list of the status bar, a port that is taken, a workspace's word.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import type { Theme } from '../vscode/harness/settings';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

const THEMES: readonly Theme[] = ['light', 'highContrast', 'dark'];

/** A port that this process holds. */
async function heldPort(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as { port: number }).port, server };
}

describe('saved connections in the window', function () {
  // Each step goes on where the one before it ended.
  this.bail(true);
  let window: Window;
  let workbench: Workbench;
  let held: Awaited<ReturnType<typeof heldPort>>;

  before(async () => {
    held = await heldPort();
    window = await openWindow({
      release: 'newest',
      theme: 'dark',
      settings: {
        'sallyport.connections': [
          { name: 'orders', target: { id: 'orders-cache' } },
          { name: 'catalog', target: { id: 'catalog-cluster' }, localPort: held.port },
          { name: 'orders for reports', target: { id: 'orders-cache' }, endpoint: 'reader', group: 'Reports' },
          { name: 'sessions', target: { id: 'sessions-cache' }, group: 'Reports' },
          { name: 'gone', target: { id: 'no-such-cache' }, group: 'Reports' },
          { name: 'wrong', target: { id: 'a' }, localport: 1 },
        ],
      },
      workspaceSettings: {
        'sallyport.connections': [{ name: "the team's database", target: { host: 'db.internal', port: 5432, engine: 'postgres' }, bastion: 'shop-bastion' }],
      },
    });
    ({ workbench } = window);
    await workbench.openContainer('Sallyport');
  });

  after(async () => {
    held?.server.close();
    await window?.dispose();
  });

  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    const picture = await window?.workbench.picture('connections-failed');
    if (picture) writeFileSync(`${picture}.log`, window.serverLog());
  });

  it('are listed by group, also those of the workspace, with what is wrong in the settings', async () => {
    for (const name of [/^Saved connection orders,/, /^Saved connection the team's database,.*workspace/, /Reports/, /^Problem: Saved connection 6 \("wrong"\) of your settings cannot be used: localport/]) {
      await workbench.row('Connections', name);
    }
    await workbench.picture('saved');
  });

  it('start with a button on their row, which then is the tunnel’s', async () => {
    await workbench.rowAction('Connections', /Saved connection orders,/, 'Start Connection');
    const row = await workbench.row('Connections', /^Tunnel orders,/);
    await workbench.until(async () => /127\.0\.0\.1:\d+ · [\d.]+ ms/.test(await row.innerText()), 'address and latency');
    await workbench.statusItem(/1 tunnel · [\d.]+ ms/).waitFor();
  });

  it('say who holds their port, and take another one', async () => {
    await workbench.rowAction('Connections', /Saved connection catalog,/, 'Start Connection');
    const title = workbench.page.locator('.quick-input-title', { hasText: `Port ${held.port} on 127.0.0.1 is in use by` });
    await title.waitFor();
    assert.match(await title.innerText(), new RegExp(`\\(process ${process.pid}\\)`));
    await workbench.picture('port-taken');
    await workbench.pick('Once');
    await workbench.row('Connections', /^Tunnel catalog,/);
    await workbench.statusItem(/2 tunnels/).waitFor();
  });

  it('start as a group; what fails says so on its row and once beside it', async () => {
    await workbench.rowAction('Connections', /^Reports/, 'Start Group');
    await workbench.toast(/shows no "no-such-cache"/);
    await workbench.row('Connections', /^Tunnel sessions,/);
    await workbench.row('Connections', /^Saved connection gone, The profile "dev" shows no/);
    await workbench.statusItem(/4 tunnels/).waitFor();
    await workbench.clearToasts();
    await workbench.picture('open');
  });

  for (const theme of THEMES) {
    it(`are readable in the ${theme} theme`, async () => {
      await workbench.setTheme(theme);
      await workbench.openContainer('Sallyport');
      await workbench.picture('connections');
      await workbench.statusItem(/4 tunnels/).click();
      await workbench.quickPickRow('sessions').first().waitFor();
      await workbench.picture('toggle');
      await workbench.dismissQuickInput();
    });
  }

  it('stop and start in the list of the status bar, which stays open and up to date', async () => {
    await workbench.statusItem(/4 tunnels/).click();
    const sessions = workbench.quickPickRow('sessions').first();
    await sessions.filter({ hasText: /healthy/ }).click();
    await sessions.filter({ hasText: /not connected/ }).waitFor();
    await workbench.statusItem(/3 tunnels/).waitFor();
    await sessions.click();
    await sessions.filter({ hasText: /healthy/ }).waitFor();
    await workbench.statusItem(/4 tunnels/).waitFor();
    await workbench.quickPickRow('Stop All Tunnels').first().click();
    await workbench.statusItem(/0 tunnels/).waitFor();
    await sessions.filter({ hasText: /not connected/ }).waitFor();
    await workbench.picture('toggle-stopped');
    await workbench.dismissQuickInput();
  });

  it('of a workspace lead to its hosts only after a question', async () => {
    await workbench.rowAction('Connections', /Saved connection the team's database,/, 'Start Connection');
    await workbench.dialog(/Start "the team's database" as this workspace describes it\?/);
    await workbench.picture('workspace-host');
    await workbench.answerDialog(/It leads to db\.internal, port 5432/, 'Cancel');
    await workbench.statusItem(/0 tunnels/).waitFor();
  });

  it('are offered again beside what is found, and saved from a tunnel', async () => {
    await workbench.rowAction('Resources', /billing-db|orders-cache/, 'Connect');
    await workbench.statusItem(/1 tunnel/).waitFor();
    await workbench.runCommand('Sallyport: Save Connection…');
    await workbench.answer('Name of the connection', 'kept');
    await workbench.pick('Your settings');
    await workbench.until(async () => (await workbench.toasts()).length === 0, 'nothing has failed');
    await workbench.rowMenu('Connections', /^Tunnel kept,/, 'Edit Saved Connections');
    // The settings file is opened at the entry, which is at its end.
    await workbench.page.locator('.view-lines', { hasText: '"kept"' }).waitFor();
    await workbench.picture('settings');
  });
});

describe('saved connections of a window that has just started', () => {
  let window: Window;

  before(async () => {
    window = await openWindow({
      release: 'newest',
      theme: 'dark',
      settings: {
        'sallyport.connections': [
          { name: 'orders', target: { id: 'orders-cache' }, autoStart: true },
          { name: 'shared', target: { id: 'sessions-cache' }, bindAddress: '0.0.0.0', autoStart: true },
        ],
      },
    });
  });

  after(async () => {
    await window?.dispose();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await window?.workbench.picture('autostart-failed');
  });

  it('start by themselves before any view was opened, but none that others could reach', async () => {
    const { workbench } = window;
    await workbench.statusItem(/1 tunnel · [\d.]+ ms/).waitFor();
    await workbench.openContainer('Sallyport');
    await workbench.row('Connections', /^Tunnel orders,/);
    await workbench.row('Connections', /^Saved connection shared, "shared" needs your confirmation/);
  });

  it('are opened to others once the address was typed, and warn from then on', async () => {
    const { workbench } = window;
    await workbench.rowAction('Connections', /Saved connection shared,/, 'Start Connection');
    await workbench.page.locator('.quick-input-title', { hasText: 'Open "shared" to other machines?' }).waitFor();
    await workbench.picture('bind-address');
    await workbench.answer('Type 0.0.0.0 to go on', '0.0.0.0');
    await workbench.row('Connections', /^Tunnel shared,.*Warning: open to others on 0\.0\.0\.0/);
    await workbench.picture('exposed');
  });
});
