// What is public, as a person meets it: marked in the tree, connected to with one click and without a bastion.
import { writeFileSync } from 'node:fs';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

describe('a public cache in the window', function () {
  // Each step goes on where the one before it ended.
  this.bail(true);
  let window: Window;
  let workbench: Workbench;

  before(async () => {
    const awsConfig = (text: string): string => text.replace(/(\[profile dev\][^[]*region *= *)eu-central-1/, '$1eu-west-1');
    window = await openWindow({ release: 'newest', theme: 'dark', internet: true, awsConfig });
    ({ workbench } = window);
    await workbench.openContainer('Sallyport');
  });

  after(async () => {
    await window?.dispose();
  });

  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    const picture = await window?.workbench.picture('direct-failed');
    if (picture) writeFileSync(`${picture}.log`, window.serverLog());
  });

  it('is marked, and connected to with one click, without a bastion', async () => {
    await workbench.rowSays('Resources', /^Cache open-cache/, /public/);
    await workbench.rowAction('Resources', /^Cache open-cache/, 'Connect');
    await workbench.rowSays('Connections', /^Tunnel open-cache/, /127\.0\.0\.1:\d+ · [\d.]+ ms · directly/);
    await workbench.statusItem(/1 tunnel · [\d.]+ ms/).waitFor();
    await workbench.rowTooltip('Connections', /^Tunnel open-cache/, 'directly, without a bastion');
    await workbench.picture('direct', { hover: true });
  });

  it('offers the direct way first among all, and says why', async () => {
    await workbench.rowMenu('Resources', /^Cache open-cache/, 'Connect Through');
    const first = workbench.page.locator('.quick-input-list .monaco-list-row').first();
    await first.filter({ hasText: 'Directly' }).filter({ hasText: 'reachable without a bastion' }).waitFor();
    await workbench.dismissQuickInput();
  });
});
