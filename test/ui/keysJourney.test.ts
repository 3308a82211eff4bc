// The key browser in the real workbench: from the console to a value that is changed, and a key that is deleted.
import { writeFileSync } from 'node:fs';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

describe('the keys of a cache', function () {
  // Each step goes on where the one before it ended.
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
    const picture = await window?.workbench.picture('keys-failed');
    if (picture) writeFileSync(`${picture}.log`, window.serverLog());
  });

  it('open from the title of its console', async () => {
    await workbench.rowAction('Connections', /orders-cache/, 'Redis: Open Console');
    await workbench.tab(/Redis: orders-cache/).waitFor();
    const input = workbench.webview.locator('#line');
    for (const [line, reply] of [['HSET user:1 name Ada born 1815', '2'], ['SET user:1:visits 7 EX 3600', 'OK'], ['RPUSH queue:mail a b c', '3']] as const) {
      await input.fill(line);
      await input.press('Enter');
      await workbench.webview.locator('.reply', { hasText: reply }).last().waitFor();
    }
    await workbench.page.getByRole('button', { name: 'Redis: Browse Keys' }).first().click();
    await workbench.tab(/Keys: orders-cache/).waitFor();
    await workbench.webview.getByRole('treeitem', { name: /^user, 2 keys/ }).waitFor();
  });

  it('are opened and changed', async () => {
    const { webview } = workbench;
    await webview.getByRole('treeitem', { name: /^user, 2 keys/ }).click();
    await webview.getByRole('treeitem', { name: /^1, hash/ }).click();
    await webview.getByRole('button', { name: 'Edit: name' }).click();
    await webview.getByRole('textbox', { name: 'Value' }).fill('Grace');
    await webview.getByRole('button', { name: 'Save' }).click();
    await webview.locator('td', { hasText: 'Grace' }).waitFor();
    await workbench.picture('keys');
  });

  it('are deleted after a question', async () => {
    const { webview } = workbench;
    await webview.getByRole('button', { name: 'Delete…' }).click();
    await workbench.answerDialog(/Delete the key "user:1"/, 'Delete');
    await webview.getByRole('status').getByText('1 key was deleted.').waitFor();
    await webview.getByText('This key is not there any more.').waitFor();
  });
});
