// The Resources view at its best and at its worst: grouped, filtered, partly denied, waiting for a sign-in, empty.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { Theme } from '../vscode/harness/settings';
import type { Window } from './window';
import { openWindow } from './window';
import type { Workbench } from './workbench';

const THEMES: readonly Theme[] = ['dark', 'light', 'highContrast'];

describe('the Resources view', () => {
  let window: Window | undefined;

  const open = async (env: NodeJS.ProcessEnv = {}, awsConfig: (text: string) => string = (text) => text): Promise<Workbench> => {
    window = await openWindow({ release: 'newest', theme: 'dark', env, awsConfig });
    await window.workbench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await window.workbench.openContainer('Sallyport');
    return window.workbench;
  };
  const pictures = async (workbench: Workbench, name: string): Promise<void> => {
    for (const theme of THEMES) {
      await workbench.setTheme(theme);
      await workbench.picture(name);
    }
    await workbench.setTheme('dark');
  };
  /** The palette's own box stands in the same place, and goes a moment later. */
  const openFilter = async (workbench: Workbench): Promise<void> => {
    await workbench.runCommand('Sallyport: Filter Resources…');
    await workbench.page.locator('.quick-input-message', { hasText: 'all words must occur' }).waitFor();
  };
  const copied = (workbench: Workbench): Promise<string> => workbench.page.evaluate<string>('navigator.clipboard.readText()');

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      const picture = await window?.workbench.picture('resources-failed');
      if (picture) writeFileSync(`${picture}.log`, window!.serverLog());
    }
    await window?.dispose();
    window = undefined;
  });

  it('groups by VPC, and filters while it is typed', async () => {
    const workbench = await open();
    await workbench.row('Resources', /^Cache orders-cache/);
    await pictures(workbench, 'by-type');
    await workbench.runCommand('Sallyport: Group Resources By…');
    await workbench.pick('What stands in one network');
    await workbench.row('Resources', /^shop \(\d+\), vpc-/);
    await pictures(workbench, 'grouped');

    await openFilter(workbench);
    await workbench.page.keyboard.type('ORDERS redis');
    await workbench.row('Resources', /^Cache orders-cache/);
    const rows = workbench.view('Resources').getByRole('treeitem', { name: /^(?:Cache|Database|Bastion) / });
    await workbench.until(async () => (await rows.count()) === 1, 'one resource is left');
    await workbench.picture('filtering');
    await workbench.page.keyboard.press('Enter');
    await workbench.view('Resources').getByText('filter: ORDERS redis').first().waitFor();
    await pictures(workbench, 'filtered');

    // Escape restores what was before.
    await openFilter(workbench);
    await workbench.quickInput.fill('no such thing');
    await workbench.view('Resources').getByText('None of').or(workbench.view('Resources').getByText('Nothing matches the filter')).first().waitFor();
    await workbench.picture('filtered-out');
    await workbench.dismissQuickInput();
    await workbench.until(async () => (await rows.count()) === 1, 'the filter before is back');
    await workbench.runCommand('Sallyport: Clear Filter');
    await workbench.until(async () => (await rows.count()) > 1, 'everything is back');

    // Made only when the mouse asks for it.
    await (await workbench.row('Resources', /^Cache orders-cache/)).hover();
    await workbench.page.locator('.workbench-hover', { hasText: 'Security groups: sg-' }).first().waitFor();
    await workbench.picture('tooltip', { hover: true });

    await workbench.rowMenu('Resources', /^Cache orders-cache/, 'Copy AWS CLI Command');
    await workbench.until(async () => (await copied(workbench)).includes('describe-replication-groups --replication-group-id orders-cache'), 'the command is copied');
    await (await workbench.row('Resources', /^Cache sessions-cache/)).click({ button: 'right' });
    await workbench.page.locator('.context-view .action-item', { hasText: 'Copy ARN or ID' }).waitFor();
    await workbench.picture('menu', { hover: true });
    await workbench.page.keyboard.press('Escape');
  });

  it('shows what is denied as one row for a service, and copies the policy that is missing', async () => {
    const workbench = await open({ AWS_PROFILE: 'partial' });
    await workbench.row('Resources', /No permission for elasticache:Describe/);
    await pictures(workbench, 'partial');
    await workbench.rowAction('Resources', /No permission for elasticache:Describe/, 'Copy Policy');
    await workbench.statusItem(/Copied a policy for \d+ actions/).waitFor();
    const policy = JSON.parse(await copied(workbench)) as { Statement: [{ Action: string[] }] };
    assert.ok(policy.Statement[0].Action.includes('elasticache:DescribeServerlessCaches'));
    assert.ok(policy.Statement[0].Action.includes('elasticache:DescribeCacheSubnetGroups'));
  });

  it('asks to sign in', async () => {
    const work = ['[profile work]', 'sso_session = company', 'sso_account_id = 111122223333', 'sso_role_name = Developer', 'region = eu-central-1'];
    const session = ['[sso-session company]', 'sso_start_url = https://sandbox.awsapps.com/start', 'sso_region = eu-central-1', 'sso_registration_scopes = sso:account:access'];
    const workbench = await open({ AWS_PROFILE: 'work' }, (text) => [text, ...work, ...session, ''].join('\n'));
    await workbench.view('Resources').getByRole('button', { name: 'Sign In…' }).waitFor();
    await workbench.view('Resources').getByText('work').first().waitFor();
    await pictures(workbench, 'sign-in-needed');
  });

  it('says that there is nothing, and where to look instead', async () => {
    const elsewhere = (text: string): string => text.replace(/(\[profile dev-second\]\s+region = )eu-central-1/, '$1us-east-1');
    const workbench = await open({ AWS_PROFILE: 'dev-second' }, elsewhere);
    await workbench.view('Resources').getByRole('button', { name: 'Select Another Region…' }).waitFor();
    await workbench.view('Resources').getByText('dev-second us-east-1').first().waitFor();
    await pictures(workbench, 'empty');
  });
});
