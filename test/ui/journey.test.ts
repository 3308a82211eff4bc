// A person's way through the packaged extension: find, connect, ping, talk, log in, be told what is wrong, stop.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { ReleaseName } from '../provision/vscodeServer';
import { RELEASES } from '../provision/vscodeServer';
import type { Theme } from '../vscode/harness/settings';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

const OTHER_THEMES: readonly Theme[] = ['light', 'highContrast', 'dark'];

function reaches(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host!, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The local address that a row of the Connections view shows. */
async function addressOf(workbench: Workbench, name: RegExp): Promise<string> {
  const text = await (await workbench.row('Connections', name)).innerText();
  const address = /127\.0\.0\.1:\d+/.exec(text)?.[0];
  assert.ok(address, text);
  return address;
}

/** Types a line into the console's prompt and waits for its reply. */
async function ask(workbench: Workbench, line: string, reply: string): Promise<void> {
  const input = workbench.webview.locator('#line');
  await input.fill(line);
  await input.press('Enter');
  await workbench.webview.locator('.log', { hasText: reply }).waitFor();
}

for (const release of ['newest', 'oldest'] as const satisfies readonly ReleaseName[]) {
  describe(`from a click to PONG in VS Code ${RELEASES[release].version}`, function () {
    // Each step goes on where the one before it ended.
    this.bail(true);
    let window: Window;
    let workbench: Workbench;
    let ordersAddress: string;

    before(async () => {
      window = await openWindow({ release, theme: 'dark' });
      ({ workbench } = window);
      await workbench.openContainer('Sallyport');
    });

    after(async () => {
      await window?.dispose();
    });

    afterEach(async function () {
      if (this.currentTest?.state !== 'failed') return;
      const picture = await window?.workbench.picture('journey-failed');
      if (picture) writeFileSync(`${picture}.log`, window.serverLog());
    });

    it('opens a tunnel with the plug beside a cache, and shows its address and latency', async () => {
      await workbench.rowAction('Resources', /orders-cache/, 'Connect');
      const row = await workbench.row('Connections', /orders-cache/);
      await workbench.until(async () => /127\.0\.0\.1:\d+ · [\d.]+ ms/.test(await row.innerText()), 'address and latency');
      ordersAddress = await addressOf(workbench, /orders-cache/);
      assert.ok(await reaches(ordersAddress));
      await workbench.statusItem(/1 tunnel · [\d.]+ ms/).waitFor();
      await workbench.picture('connected');
    });

    it('answers a ping from the palette', async () => {
      await workbench.runCommand('Sallyport: Redis: Ping');
      await workbench.pick('orders-cache');
      await workbench.toast(/PONG from orders-cache in [\d.]+ ms/);
      await workbench.picture('pong');
      await workbench.clearToasts();
    });

    it('runs commands in the console, and has a history', async () => {
      await workbench.rowAction('Connections', /orders-cache/, 'Redis: Open Console');
      await workbench.tab(/orders-cache/).waitFor();
      await ask(workbench, 'PING', 'PONG');
      await ask(workbench, 'SET greeting "good morning"', 'OK');
      await ask(workbench, 'GET greeting', '"good morning"');
      await ask(workbench, 'RPUSH planets Mercury Venus Earth', '(integer) 3');
      await ask(workbench, 'LRANGE planets 0 -1', '3) "Earth"');
      await ask(workbench, 'GET absent', '(nil)');
      await ask(workbench, 'HGET greeting field', '(error) WRONGTYPE');
      await workbench.webview.getByRole('button', { name: 'Ping' }).click();
      await workbench.webview.locator('.latency', { hasText: / ms$/ }).waitFor();
      const input = workbench.webview.locator('#line');
      await input.press('ArrowUp');
      await input.press('ArrowUp');
      assert.equal(await input.inputValue(), 'GET absent');
      await input.fill('');
      await input.press('Control+r');
      await workbench.webview.getByText('Search the history.').waitFor();
      await input.fill('rpush');
      await workbench.webview.locator('.found', { hasText: 'RPUSH planets' }).waitFor();
      await input.press('Escape');
      await ask(workbench, 'DEL planets greeting', '(integer) 2');
      await workbench.picture('console');
    });

    it('shows a reply as a table, and opens it as JSON in an editor', async () => {
      await ask(workbench, 'HSET ship name Beagle masts 3', '(integer) 2');
      await ask(workbench, 'HGETALL ship', '4) "3"');
      const { webview } = workbench;
      await webview.getByText('4) "3"').hover();
      const actions = webview.getByRole('toolbar', { name: 'Actions for the reply to HGETALL ship' });
      await actions.getByRole('button', { name: 'Table' }).click();
      await webview.getByRole('gridcell', { name: 'Beagle' }).waitFor();
      await workbench.picture('console-table');
      await actions.getByRole('button', { name: 'JSON' }).click();
      await webview.locator('pre', { hasText: '"name": "Beagle"' }).waitFor();
      await actions.getByRole('button', { name: 'Open in Editor' }).click();
      await workbench.tab(/Untitled/).waitFor();
      await workbench.page.locator('.view-line', { hasText: 'Beagle' }).waitFor();
      await workbench.runCommand('View: Revert and Close Editor');
      await ask(workbench, 'DEL ship', '(integer) 1');
    });

    for (const theme of OTHER_THEMES) {
      it(`is readable in the ${theme} theme`, async () => {
        await workbench.setTheme(theme);
        await workbench.picture('console');
      });
    }

    it('diagnoses a cache that answers, down to a round trip', async () => {
      await workbench.rowMenu('Connections', /orders-cache/, 'Diagnose');
      await workbench.tab(/Diagnosis: orders-cache/).waitFor();
      await workbench.webview.getByRole('status').getByText(/orders-cache.* answers\.$/).waitFor();
      assert.equal(await workbench.webview.locator('.mark[data-verdict="fail"]').count(), 0);
      // The style sheet that pages share has been loaded, too, under the page's policy.
      assert.equal((await workbench.webview.locator('button.primary').boundingBox())?.height, 28);
      await workbench.picture('diagnosis');
      await workbench.runCommand('View: Close Editor');
      await workbench.tab(/Diagnosis: orders-cache/).waitFor({ state: 'detached' });
    });

    it('measures a cache through its tunnel', async () => {
      await workbench.rowMenu('Connections', /orders-cache/, 'Redis: Benchmark…');
      await workbench.tab(/Benchmark: orders-cache/).waitFor();
      await workbench.webview.getByRole('spinbutton', { name: 'Requests' }).fill('200');
      await workbench.webview.getByRole('button', { name: 'Start' }).click();
      await workbench.webview.getByRole('status').getByText('Done.').waitFor();
      await workbench.webview.getByRole('row', { name: /^GET tunnel/ }).waitFor();
      await workbench.picture('benchmark');
      await workbench.runCommand('View: Close Editor');
      await workbench.tab(/Benchmark: orders-cache/).waitFor({ state: 'detached' });
    });

    it('asks for the password of a cache that needs one, says that it was wrong, and talks TLS', async () => {
      await workbench.rowAction('Resources', /sessions-cache/, 'Connect');
      await workbench.row('Connections', /sessions-cache/);
      await workbench.statusItem(/2 tunnels/).waitFor();
      await workbench.rowAction('Connections', /sessions-cache/, 'Redis: Open Console');
      await workbench.quickInput.waitFor();
      assert.equal(await workbench.quickInput.getAttribute('type'), 'password');
      await workbench.picture('password');
      await workbench.answer('Enter the password', 'not-the-password');
      await workbench.pick('Keep until this window closes');
      await workbench.page.locator('.quick-input-message', { hasText: 'refused' }).waitFor();
      await workbench.picture('password-refused');
      await workbench.answer('refused the user name or the password', 'sandbox-auth-token-0001');
      await workbench.pick('Keep until this window closes');
      await ask(workbench, 'ECHO secure', '"secure"');
      const page = await workbench.webview.locator('body').innerText();
      assert.ok(!page.includes('sandbox-auth-token'), 'the password is not in the page');
      await workbench.picture('console-tls');
    });

    const refusals: readonly [string, RegExp, RegExp][] = [
      ['no bastion', /partner-cache/, /There is no bastion in VPC/],
      ['a stopped bastion', /billing-cache/, /Bastion "billing-bastion" .* is stopped\. Start it with/],
      ['an agent that is offline', /reports-cache/, /"reporting-bastion" .* is running but its Systems Manager agent is offline/],
      ['a closed port', /closed-cache/, /could not connect to closed-cache.*refused at once.*Check host and port/],
      ['a certificate for another name', /legacy-cache/, /certificate is not for master\.legacy-cache/],
    ];
    for (const [name, cache, sentence] of refusals) {
      it(`says in one sentence what is wrong: ${name}`, async () => {
        await workbench.rowAction('Resources', cache, 'Connect');
        await workbench.toast(sentence);
        await workbench.picture('refused');
        await workbench.clearToasts();
        assert.equal(await workbench.view('Connections').getByRole('treeitem').count(), 2, 'no tunnel was left');
      });
    }

    it('says that a port is taken and offers another', async () => {
      await workbench.runCommand('Sallyport: Connect on Local Port…');
      await workbench.pick('catalog-cluster');
      await workbench.pick('clustercfg');
      await workbench.answer('Local port on 127.0.0.1', ordersAddress.split(':')[1]!);
      await workbench.page.locator('.quick-input-title', { hasText: /Port \d+ on 127\.0\.0\.1 is in use by your tunnel to orders-cache/ }).waitFor();
      await workbench.picture('port-taken');
      await workbench.pick('and Remember');
      await workbench.row('Connections', /catalog-cluster/);
      await workbench.statusItem(/3 tunnels/).waitFor();
    });

    it('lists the tunnels at a click on the status bar, and stops the one that is chosen', async () => {
      await workbench.statusItem(/3 tunnels/).click();
      await workbench.quickPickRow('orders-cache').first().waitFor();
      await workbench.picture('toggle');
      await workbench.dismissQuickInput();
      await workbench.rowAction('Connections', /catalog-cluster/, 'Stop');
      await workbench.statusItem(/2 tunnels/).waitFor();
    });

    it('tells everything about a tunnel under the mouse', async () => {
      await workbench.rowTooltip('Connections', /orders-cache/, 'shop-bastion');
      await workbench.picture('tooltip', { hover: true });
    });

    it('stops everything and frees the ports', async () => {
      await workbench.runCommand('Sallyport: Stop All Tunnels');
      await workbench.statusItem(/0 tunnels/).waitFor();
      await workbench.until(async () => !(await reaches(ordersAddress)), 'the port is free');
      await workbench.webview.locator('.banner', { hasText: 'The tunnel is closed' }).waitFor();
      await workbench.picture('stopped');
    });
  });
}

describe('what the Resources view says when something is missing', () => {
  let window: Window | undefined;

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await window?.workbench.picture('missing-failed');
    await window?.dispose();
    window = undefined;
  });

  const cases: readonly [string, string, RegExp][] = [
    ['expired credentials', 'expired', /Credentials have expired for AWS profile "expired"/],
    ['no region', 'noregion', /The profile "noregion" has no region/],
    ['access denied', 'partial', /No permission for elasticache:Describe/],
  ];
  for (const [name, profile, sentence] of cases) {
    it(name, async () => {
      window = await openWindow({ release: 'newest', theme: 'dark', env: { AWS_PROFILE: profile } });
      const { workbench } = window;
      await workbench.openContainer('Sallyport');
      await workbench.row('Resources', sentence);
      await workbench.picture(name.replaceAll(' ', '-'));
    });
  }

  it('no credentials, in the view and in the log', async () => {
    const bare = { AWS_PROFILE: '', AWS_REGION: 'eu-central-1', AWS_CONFIG_FILE: '/nowhere/config', AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials' };
    window = await openWindow({ release: 'newest', theme: 'dark', env: bare });
    const { workbench } = window;
    await workbench.openContainer('Sallyport');
    await workbench.row('Resources', /No usable credentials for AWS profile "default"/);
    await workbench.runCommand('Sallyport: Show Log');
    await workbench.page.locator('.part.panel .view-lines', { hasText: 'aws.noCredentials' }).waitFor();
    await workbench.picture('no-credentials');
  });

  it('no AWS configuration at all', async () => {
    const none = { AWS_PROFILE: '', AWS_CONFIG_FILE: '/nowhere/config', AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials' };
    window = await openWindow({ release: 'newest', theme: 'dark', env: none });
    const { workbench } = window;
    await workbench.openContainer('Sallyport');
    await workbench.view('Resources').getByText('No AWS profile was found').waitFor();
    await workbench.picture('no-profile');
  });
});
