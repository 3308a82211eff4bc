import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { ReleaseName } from '../provision/vscodeServer';
import { RELEASES } from '../provision/vscodeServer';
import type { Theme } from '../vscode/harness/settings';
import type { Window } from './window';
import { openWindow } from './window';

const THEMES: readonly Theme[] = ['dark', 'light', 'highContrast'];

for (const release of ['newest', 'oldest'] as const satisfies readonly ReleaseName[]) {
  describe(`the packaged extension in VS Code ${RELEASES[release].version}`, () => {
    let window: Window;

    before(async () => {
      window = await openWindow({ release, theme: 'dark' });
    });

    after(async () => {
      await window?.dispose();
    });

    afterEach(async function () {
      if (this.currentTest?.state !== 'failed') return;
      const picture = await window?.workbench.picture('failed');
      if (picture) writeFileSync(`${picture}.log`, window.serverLog());
    });

    it('has its views behind one icon in the activity bar', async () => {
      const { workbench } = window;
      await workbench.openContainer('Sallyport');
      await workbench.view('Connections').waitFor();
      await workbench.view('Resources').waitFor();
    });

    it('offers its commands in the palette', async () => {
      const { workbench } = window;
      const row = await workbench.findCommand('Sallyport: Show Log');
      assert.match(await row.innerText(), /Show Log/);
      await workbench.dismissQuickInput();
    });

    it('lists what the account has, wherever it is in the tree', async () => {
      const { workbench } = window;
      // With its number: as long as it is loading, the tree is drawn anew and may close what was opened that moment.
      await workbench.expand('Resources', /^Bastions \(\d+\)/, /shop-bastion/);
      await workbench.rowSays('Resources', /orders-cache/, /Redis/);
    });

    it('shows no notification by itself', async () => {
      assert.deepEqual(await window.workbench.toasts(), []);
    });

    for (const theme of THEMES) {
      it(`is drawn in the ${theme} theme`, async () => {
        await window.workbench.setTheme(theme);
        await window.workbench.openContainer('Sallyport');
        await window.workbench.picture('views');
      });
    }
  });
}
