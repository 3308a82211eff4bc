// The page with the details of a tunnel, in the real workbench.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { MAX_PROBE_POINTS, type ProbePoint } from '../../src/model/tunnel';
import { plainText } from '../../src/vscode/localizer';
import { tunnelPage } from '../../src/vscode/tunnelPage';
import { tunnel } from '../unit/vscode/samples';
import type { Theme } from '../vscode/harness/settings';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

const THEMES: readonly Theme[] = ['light', 'highContrast', 'dark'];

/** An hour of a tunnel that had its ups and downs. */
function hour(): readonly ProbePoint[] {
  return Array.from({ length: MAX_PROBE_POINTS }, (_, index) => {
    const at = Date.UTC(2026, 0, 15, 8, 0, index * 30);
    const failed = index === 70 || index === 71;
    const busy = index > 30 && index < 60 ? 20_000_000 * Math.abs(Math.sin(index / 5)) : 2000;
    return { at, failed, ...(!failed && { latencyMs: 12 + 6 * Math.sin(index / 7) + (index % 13 === 0 ? 30 : 0) }), up: busy / 4, down: busy };
  });
}

describe('the details of a tunnel', function () {
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
    const picture = await window?.workbench.picture('details-failed');
    if (picture) writeFileSync(`${picture}.log`, window.serverLog());
  });

  it('open from its row, and say what is known', async () => {
    await workbench.rowAction('Connections', /orders-cache/, 'Show Tunnel Details');
    await workbench.tab(/orders-cache/).waitFor();
    const { webview } = workbench;
    await webview.getByRole('heading', { name: /orders-cache/ }).waitFor();
    await webview.getByRole('status').filter({ hasText: /127\.0\.0\.1:\d+ · healthy/ }).waitFor();
    await webview.getByRole('img', { name: /^Latency: lowest [\d.]+ ms/ }).waitFor();
    await webview.locator('dd', { hasText: 'shop-bastion' }).waitFor();
    await workbench.picture('details');
  });

  it('are there as a table, too, with the keyboard alone', async () => {
    const { webview } = workbench;
    const summary = webview.locator('summary');
    await summary.focus();
    await summary.press('Enter');
    await webview.getByRole('columnheader', { name: 'Latency' }).waitFor();
    await webview.getByRole('cell', { name: / ms$/ }).first().waitFor();
    await summary.press('Enter');
  });

  it('follow the tunnel to its end', async () => {
    await workbench.rowAction('Connections', /orders-cache/, 'Stop Tunnel');
    await workbench.webview.getByRole('status').filter({ hasText: 'closed' }).waitFor();
  });

  for (const theme of THEMES) {
    it(`are readable in the ${theme} theme`, async () => {
      await workbench.setTheme(theme);
      const times = { date: (ms: number) => new Date(ms).toISOString(), time: (ms: number) => new Date(ms).toISOString().slice(11, 19) };
      const history = hour();
      const page = tunnelPage({ info: tunnel({ reconnects: 1 }), history, latency: { lowestMs: 6, medianMs: 12.4, highestMs: 47 } }, plainText, times);
      await workbench.webview.locator('body').evaluate(`window.dispatchEvent(new MessageEvent('message', { data: ${JSON.stringify(page)} }))`);
      await workbench.webview.getByRole('img', { name: 'Latency: lowest 6.0 ms, median 12 ms, highest 47 ms' }).waitFor();
      assert.equal(await workbench.webview.locator('path.failed').count(), 2);
      await workbench.picture('details-hour');
    });
  }
});
