import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isFault } from '../../../src/base/fault';
import { configPaths, homeDirectory, iniProblem, readSharedConfig } from '../../../src/aws/configFiles';

describe('AWS configuration files', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-aws-'));
    env = { AWS_CONFIG_FILE: join(directory, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials') };
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const write = (name: string, text: string | Buffer): Promise<void> => writeFile(join(directory, name), text);

  describe('where they are', () => {
    it('is ~/.aws unless the variables say otherwise', () => {
      assert.deepEqual(configPaths({ HOME: '/home/dora' }), {
        config: join('/home/dora', '.aws', 'config'),
        credentials: join('/home/dora', '.aws', 'credentials'),
      });
      assert.equal(configPaths({ HOME: '/home/dora', AWS_CONFIG_FILE: '/etc/aws' }).config, '/etc/aws');
    });

    it('expands a leading ~ with either separator', () => {
      assert.equal(configPaths({ HOME: '/home/dora', AWS_CONFIG_FILE: '~/a' }).config, join('/home/dora', 'a'));
      assert.equal(configPaths({ USERPROFILE: 'C:\\Users\\dora', AWS_CONFIG_FILE: '~\\a' }).config, join('C:\\Users\\dora', 'a'));
    });

    it('finds the home directory of Windows when HOME is not set', () => {
      assert.equal(homeDirectory({ USERPROFILE: 'C:\\Users\\dora' }), 'C:\\Users\\dora');
      assert.equal(homeDirectory({ HOMEPATH: '\\Users\\dora' }), 'C:\\\\Users\\dora');
      assert.equal(homeDirectory({ HOMEDRIVE: 'D:', HOMEPATH: '\\Users\\dora' }), 'D:\\Users\\dora');
      assert.equal(
        homeDirectory({}, () => '/from/the/system'),
        '/from/the/system',
      );
    });
  });

  it('takes absent files for empty ones', async () => {
    const shared = await readSharedConfig(env);
    assert.deepEqual([shared.config, shared.credentials], [{}, {}]);
  });

  it('reads carriage returns, a byte order mark, comments and nested settings', async () => {
    await write(
      'config',
      '\uFEFF[default]\r\nregion = eu-central-1 ; Frankfurt\r\n\r\n# comment\r\n[profile dev]\r\nregion=us-east-1\r\ns3 =\r\n  max_queue_size = 10\r\n' +
        'ca_bundle = C:\\certs\\corp ca.pem\r\n[sso-session corp]\r\nsso_region = eu-west-1\r\n',
    );
    const { config } = await readSharedConfig(env);
    assert.equal(config['default']?.['region'], 'eu-central-1');
    assert.equal(config['dev']?.['region'], 'us-east-1');
    assert.equal(config['dev']?.['ca_bundle'], 'C:\\certs\\corp ca.pem');
    assert.equal(config['sso-session.corp']?.['sso_region'], 'eu-west-1');
  });

  it('sees a change at once, and its fingerprint tells', async () => {
    await write('credentials', '[dev]\naws_access_key_id = A\naws_secret_access_key = B\n');
    const before = await readSharedConfig(env);
    const same = await readSharedConfig({ ...env, EDITOR: 'vi' });
    assert.equal(same.fingerprint, before.fingerprint);
    await write('credentials', '[dev]\naws_access_key_id = C\naws_secret_access_key = D\n');
    const after = await readSharedConfig(env);
    assert.equal(after.credentials['dev']?.['aws_access_key_id'], 'C');
    assert.notEqual(after.fingerprint, before.fingerprint);
    assert.notEqual((await readSharedConfig({ ...env, AWS_REGION: 'x' })).fingerprint, after.fingerprint);
  });

  it('names the malformed file and the line, and never quotes it', async () => {
    await write('credentials', '[dev]\naws_access_key_id = A\nSECRETWITHOUTANAME\n');
    await assert.rejects(readSharedConfig(env), (error: unknown) => {
      assert.ok(isFault(error));
      assert.equal(error.code, 'aws.configMalformed');
      assert.ok(error.message.includes(join(directory, 'credentials')));
      assert.match(error.message, /line 3/);
      assert.doesNotMatch(error.message, /SECRET/);
      return true;
    });
  });

  it('names a file that cannot be read', async () => {
    await mkdir(join(directory, 'config'));
    await assert.rejects(readSharedConfig(env), (error: unknown) => {
      assert.ok(isFault(error) && error.code === 'aws.configUnreadable');
      assert.ok(error.message.includes(join(directory, 'config')));
      return true;
    });
  });

  it('recognises what the AWS CLI would refuse', () => {
    assert.match(iniProblem('region = eu-central-1\n') ?? '', /before the first section/);
    assert.match(iniProblem('[default\nregion = x\n') ?? '', /not closed/);
    assert.match(iniProblem('[profile __proto__]\n') ?? '', /not allowed/);
    assert.match(iniProblem('[default]\nregion\n') ?? '', /neither/);
    assert.match(iniProblem('[default]\n= x\n') ?? '', /neither/);
    assert.match(iniProblem(Buffer.from('[default]\nregion = x\n', 'utf16le').toString('utf8')) ?? '', /not UTF-8/);
    assert.equal(iniProblem('\n; nothing\n  # here\n[a] # comment\nb = c\nd: e\nnested =\n  anything\n'), undefined);
    assert.equal(iniProblem(''), undefined);
  });
});
