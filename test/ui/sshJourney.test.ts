// A person's way over SSH: hosts of their configuration, a host key to accept, and what the server says.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireProgram } from '../provision/systemPrograms';
import { startSshd, type SshServer } from '../sandbox/servers/sshd';
import type { Theme } from '../vscode/harness/settings';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

const OTHER_THEMES: readonly Theme[] = ['light', 'highContrast', 'dark'];

describe('SSH, as a person meets it', function () {
  // Each step goes on where the one before it ended.
  this.bail(true);
  let folder: string;
  let knownHosts: string;
  let sshd: SshServer;
  let window: Window;
  let workbench: Workbench;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-sshui-'));
    knownHosts = join(folder, 'known_hosts');
    sshd = await startSshd(requireProgram('sshd'));
    const sshConfig = [
      'Host jump.example',
      '  HostName 127.0.0.1',
      `  Port ${sshd.port}`,
      `  User ${sshd.username}`,
      `  IdentityFile ${sshd.privateKeyFile}`,
      `  UserKnownHostsFile ${knownHosts}`,
      '  IdentityAgent none',
      'Host nobody.example',
      '  HostName 127.0.0.1',
      '  Port 1',
      '',
    ].join('\n');
    window = await openWindow({ release: 'newest', theme: 'dark', sshConfig });
    ({ workbench } = window);
    await workbench.openContainer('Sallyport');
  });

  after(async () => {
    await window?.dispose();
    await sshd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    const picture = await window?.workbench.picture('ssh-failed');
    if (picture) writeFileSync(`${picture}.log`, window.serverLog());
  });

  const connectThrough = async (way: string): Promise<void> => {
    await workbench.rowMenu('Resources', /orders-cache/, 'Connect Through');
    await workbench.pick('primary');
    await workbench.pick(way);
  };

  it('shows the hosts of the configuration in the tree', async () => {
    await workbench.expand('Resources', /^SSH hosts \(2\)/, /jump\.example/);
    await workbench.rowSays('Resources', /jump\.example/, /@127\.0\.0\.1:\d+/);
    await workbench.picture('ssh-hosts');
  });

  it('offers every way to a cache', async () => {
    await workbench.rowMenu('Resources', /orders-cache/, 'Connect Through');
    await workbench.pick('primary');
    await workbench.quickPickRow('jump.example').first().waitFor();
    await workbench.quickPickRow('SSH over Session Manager').first().waitFor();
    await workbench.picture('ways');
    await workbench.dismissQuickInput();
  });

  it('asks before it trusts an unknown host, and connects to none that is not accepted', async () => {
    await connectThrough('jump.example');
    const dialog = await workbench.dialog('is not known yet');
    assert.match(await dialog.innerText(), /SHA256:[A-Za-z0-9+/]{43}/);
    await workbench.picture('host-key');
    await workbench.answerDialog('is not known yet', 'Cancel');
    await workbench.toast(/host key/i);
    await workbench.picture('host-key-refused');
    await workbench.clearToasts();
  });

  for (const theme of OTHER_THEMES) {
    it(`asks readably in the ${theme} theme`, async () => {
      await workbench.setTheme(theme);
      await connectThrough('jump.example');
      await workbench.dialog('is not known yet');
      await workbench.picture('host-key');
      await workbench.answerDialog('is not known yet', 'Cancel');
      await workbench.toast(/host key/i);
      await workbench.clearToasts();
    });
  }

  it('remembers an accepted key in known_hosts, and says what the server answers', async () => {
    await connectThrough('jump.example');
    await workbench.answerDialog('is not known yet', 'Accept Key');
    // The cache's name resolves in its VPC alone, and this server is not in it.
    await workbench.toast(/The name "orders-cache.*" does not resolve on the bastion/);
    assert.ok(readFileSync(knownHosts, 'utf8').includes(sshd.hostKey.split(' ')[1]!));
    await workbench.picture('far-side');
    await workbench.clearToasts();
  });

  it('says in one sentence that nothing listens', async () => {
    await connectThrough('nobody.example');
    await workbench.toast(/refused/i);
    await workbench.picture('ssh-refused');
    await workbench.clearToasts();
    assert.equal(await workbench.view('Connections').getByRole('treeitem').count(), 0);
  });
});
