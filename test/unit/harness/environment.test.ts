import assert from 'node:assert/strict';
import { npmEnvironment, privateEnvironment, testEnvironment } from '../../run/environment';

describe('the environment of a test', () => {
  it('has nothing of the account, the editor or the agent of the person who runs it', () => {
    const base = {
      PATH: '/bin',
      AWS_PROFILE: 'production',
      aws_session_token: 'x',
      VSCODE_PID: '1',
      ELECTRON_RUN_AS_NODE: '1',
      SSH_AUTH_SOCK: '/tmp/agent',
      REDISCLI_AUTH: 'x',
      npm_lifecycle_event: 'test',
    };
    assert.deepEqual(testEnvironment(base), { PATH: '/bin', AWS_EC2_METADATA_DISABLED: 'true' });
  });

  it('takes additions last', () => {
    assert.equal(testEnvironment({ AWS_REGION: 'a' }, { AWS_REGION: 'b' })['AWS_REGION'], 'b');
  });

  it('has a home and a folder for temporary files under the names that each platform uses', () => {
    const base = { HOME: '/home/me', USERPROFILE: 'C:\\me', XDG_CONFIG_HOME: '/home/me/.config', TMPDIR: '/tmp', TEMP: 'C:\\t' };
    const env = testEnvironment(base, privateEnvironment('/h', '/t'));
    assert.deepEqual([env['HOME'], env['USERPROFILE'], env['XDG_CONFIG_HOME']], ['/h', '/h', undefined]);
    assert.deepEqual([env['TMPDIR'], env['TEMP'], env['TMP']], ['/t', '/t', '/t']);
  });
});

describe('the environment of a nested npm', () => {
  it('keeps how the registry is reached and forgets the package around it', () => {
    const base = {
      npm_config_registry: 'r',
      https_proxy: 'p',
      npm_package_name: 'sallyport',
      npm_config_local_prefix: '/repo',
      INIT_CWD: '/repo',
    };
    assert.deepEqual(npmEnvironment(base), { npm_config_registry: 'r', https_proxy: 'p' });
  });
});
