// From a command typed in the console to its live pane, in the real workbench.
import { writeFileSync } from 'node:fs';
import type { FrameLocator } from 'playwright-core';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

describe('live panes', function () {
  this.bail(true);
  let window: Window;
  let workbench: Workbench;

  before(async () => {
    window = await openWindow({ release: 'newest', theme: 'dark' });
    ({ workbench } = window);
    await workbench.openContainer('Sallyport');
    await workbench.rowAction('Resources', /orders-cache/, 'Connect');
    await workbench.row('Connections', /orders-cache/);
    await workbench.statusItem(/1 tunnel/).waitFor();
  });
  after(() => window?.dispose());
  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    const picture = await window?.workbench.picture('live-failed');
    if (picture) writeFileSync(`${picture}.log`, window.serverLog());
  });

  /** The pages, in the order in which they were opened. */
  const page = (which: 'first' | 'last'): FrameLocator => workbench.page.frameLocator('iframe.webview.ready')[which]().frameLocator('iframe#active-frame');

  async function type(line: string, reply: string): Promise<void> {
    const input = page('first').locator('#line');
    await input.fill(line);
    await input.press('Enter');
    await page('first').locator('.log', { hasText: reply }).waitFor();
  }

  it('open beside the console for what waits there', async () => {
    await workbench.rowAction('Connections', /orders-cache/, 'Redis: Open Console');
    await workbench.tab(/Redis: orders-cache/).waitFor();
    await page('first').locator('#line').waitFor();
    await type('BLPOP jobs 0', 'It goes on in a pane of its own.');
    await workbench.tab(/BLPOP jobs 0/).waitFor();
    await page('last').getByRole('status').filter({ hasText: 'Waiting for what comes' }).waitFor();
    await type('RPUSH jobs job-4711', '(integer) 1');
    await page('last').getByRole('row', { name: /jobs .*4711/ }).waitFor();
    await page('last').getByRole('status').filter({ hasText: 'Done' }).waitFor();
    await workbench.picture('live-beside');
  });

  it('stream what is published', async () => {
    await type('PSUBSCRIBE orders.*', 'It goes on in a pane of its own.');
    await workbench.tab(/PSUBSCRIBE orders/).waitFor();
    await page('last').getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await type('PUBLISH orders.new hello', '(integer) 1');
    await page('last').getByRole('row', { name: /orders\.new .*hello/ }).waitFor();
    await page('last').getByRole('button', { name: 'Stop' }).click();
    await page('last').getByRole('status').filter({ hasText: 'Stopped' }).waitFor();
    await workbench.picture('live-stream');
  });
});
