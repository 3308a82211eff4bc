import assert from 'node:assert/strict';
import type { PluginGrant } from '../../../../src/model/pluginAccess';
import { bareEnvironment, pluginArguments, sessionEnvironment, temporaryParent } from '../../../../src/transport/plugin/pluginCall';

const session = { sessionId: 'me-0123456789abcdef0', tokenValue: 'T0KEN', streamUrl: 'wss://stream.example/x' };
const access: PluginGrant = {
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'S3CRET',
  sessionToken: 'SESSION',
  region: 'eu-central-1',
  endpoint: 'https://ssm.eu-central-1.amazonaws.com/',
  caBundle: '/etc/bundle.pem',
};
const env = {
  HOME: '/home/me',
  AWS_PROFILE: 'prod',
  AWS_SECRET_ACCESS_KEY: 'another',
  GITHUB_TOKEN: 'ghp',
  HTTPS_PROXY: 'http://proxy:8080',
  no_proxy: 'localhost',
  SystemRoot: 'C:\\Windows',
};

describe('a call of session-manager-plugin', () => {
  it('has the arguments of the AWS CLI, in its order and without a secret', () => {
    const request = { place: { profile: 'prod', region: '' }, bastionId: 'i-0abc', to: { host: 'cache.internal', port: 6379 } };
    const args = pluginArguments(request, access);
    assert.deepEqual(args, [
      'AWS_SSM_START_SESSION_RESPONSE',
      'eu-central-1',
      'StartSession',
      '',
      '{"Target":"i-0abc","DocumentName":"AWS-StartPortForwardingSessionToRemoteHost","Parameters":{"host":["cache.internal"],"portNumber":["6379"],"localPortNumber":["0"]}}',
      'https://ssm.eu-central-1.amazonaws.com/',
    ]);
    const own = pluginArguments({ ...request, documentName: 'Our-Document' }, access);
    assert.match(own[4]!, /"DocumentName":"Our-Document"/);
  });

  it('gets the session and the keys in its environment, the way out, and nothing else of ours', () => {
    assert.deepEqual(sessionEnvironment({ platform: 'linux', env, directory: '/tmp/sp-1' }, session, access), {
      AWS_SSM_START_SESSION_RESPONSE: '{"SessionId":"me-0123456789abcdef0","TokenValue":"T0KEN","StreamUrl":"wss://stream.example/x"}',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'S3CRET',
      AWS_SESSION_TOKEN: 'SESSION',
      AWS_REGION: 'eu-central-1',
      AWS_CA_BUNDLE: '/etc/bundle.pem',
      AWS_CONFIG_FILE: '/tmp/sp-1/config',
      AWS_SHARED_CREDENTIALS_FILE: '/tmp/sp-1/credentials',
      SSM_PLUGIN_LOCAL_HOST: '127.0.0.1',
      HTTPS_PROXY: 'http://proxy:8080',
      no_proxy: 'localhost',
      TMPDIR: '/tmp/sp-1',
    });
  });

  it('gets what a program needs on Windows, whatever the case of its name', () => {
    const given = { ...env, systemdrive: 'C:', Path: 'C:\\tools' };
    assert.deepEqual(bareEnvironment({ platform: 'win32', env: given, directory: 'C:\\Temp\\sp-1' }), {
      SystemRoot: 'C:\\Windows',
      SystemDrive: 'C:',
      HTTPS_PROXY: 'http://proxy:8080',
      NO_PROXY: 'localhost',
      TEMP: 'C:\\Temp\\sp-1',
      TMP: 'C:\\Temp\\sp-1',
    });
    const full = sessionEnvironment({ platform: 'win32', env: given, directory: 'C:\\Temp\\sp-1' }, session, access);
    assert.equal(full['AWS_CONFIG_FILE'], 'C:\\Temp\\sp-1\\config');
  });

  it('has a folder whose name leaves room for the plugin’s socket', () => {
    const long = `/var/folders/${'z'.repeat(60)}/T`;
    assert.equal(temporaryParent('darwin', long), '/tmp');
    assert.equal(temporaryParent('darwin', '/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T'), '/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T');
    assert.equal(temporaryParent('win32', `C:\\${'z'.repeat(60)}`), `C:\\${'z'.repeat(60)}`);
  });
});
