import assert from 'node:assert/strict';
import type { DiagnosisCheck, DiagnosisToHost, DiagnosisToPage } from '../../src/webview/protocol';
import { usePage } from './pageRig';

const check = (verdict: DiagnosisCheck['verdict'], mark: string, title: string, detail: string, remedy = ''): DiagnosisCheck => ({ verdict, mark, title, detail, remedy });

const FAILED: DiagnosisToPage = {
  type: 'show',
  title: 'Diagnosis: orders',
  summary: 'Security groups: No rule of sg-0cache lets bastion-a reach port 6379.',
  verdict: 'fail',
  running: false,
  strings: { again: 'Diagnose Again', copy: 'Copy Report', checks: 'Checks' },
  checks: [
    check('pass', 'pass', 'Sign-in and account', 'Profile dev, region eu-central-1, account 111122223333 (shop-dev).'),
    check('warn', 'warning', 'Status of the target', '"orders" is modifying.', 'It may be away for a moment; try again when this is over.'),
    check('pass', 'pass', 'Endpoint', 'master.orders.abc123.euc1.cache.amazonaws.com:6379 · primary · TLS'),
    check('unknown', 'unknown', 'Bastions could be listed', 'The call ecs:ListClusters is not allowed.'),
    check('pass', 'pass', 'Bastion', 'bastion-a (i-0a1b2c3d) · same VPC · online · agent 3.3.1142.0'),
    check(
      'fail',
      'fail',
      'Security groups',
      'No rule of sg-0cache lets bastion-a reach port 6379.',
      'Add one, for instance: aws ec2 authorize-security-group-ingress --group-id sg-0cache --protocol tcp --port 6379 --source-group sg-0bastion --region eu-central-1',
    ),
    check('skip', 'skipped', 'Round trip through a tunnel', 'Not tried: it cannot work before the above is mended. <b>really</b>'),
  ],
};

describe('the page of a diagnosis in a real browser', function () {
  this.timeout(60_000);
  const rig = usePage('diagnosis', ({ say }) => say(FAILED));

  it('says the one thing to mend first, then each check with its verdict as a word', async () => {
    await rig.page.getByRole('status').getByText('Security groups: No rule of sg-0cache').waitFor();
    assert.deepEqual(await rig.page.getByRole('list', { name: 'Checks' }).locator('.mark').allTextContents(), ['pass', 'warning', 'pass', 'unknown', 'pass', 'fail', 'skipped']);
    assert.equal(await rig.page.locator('b').count(), 0);
    await rig.pictures('diagnosis');
    await rig.page.setViewportSize({ width: 380, height: 900 });
    assert.equal(await rig.page.evaluate('document.documentElement.scrollWidth'), 380);
  });

  it('runs again and is copied, but not while it runs', async () => {
    await rig.page.getByRole('button', { name: 'Copy Report' }).click();
    await rig.page.getByRole('button', { name: 'Diagnose Again' }).click();
    assert.deepEqual(await rig.sent<DiagnosisToHost>(), [{ type: 'copy' }, { type: 'again' }]);
    await rig.say({ ...FAILED, summary: 'Looking…', verdict: 'running', running: true, checks: FAILED.checks.slice(0, 2) });
    await rig.page.getByRole('status').getByText('Looking…').waitFor();
    assert.ok(await rig.page.getByRole('button', { name: 'Diagnose Again' }).isDisabled());
  });
});
