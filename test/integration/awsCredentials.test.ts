import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createAws } from '../../src/aws';
import type { Aws } from '../../src/aws';
import { nullLogger } from '../../src/base/log';
import type { Ask, Question } from '../../src/model/question';
import { awsBench, impatient } from './awsBench';
import type { AwsBench } from './awsBench';

const DEV = '111122223333';
const FRANKFURT = 'eu-central-1';

describe('each source of credentials, against STS and the metadata services', () => {
  let bench: AwsBench;
  let aws: Aws | undefined;
  const { signal } = new AbortController();

  beforeEach(async () => {
    bench = await awsBench();
  });

  afterEach(async () => {
    await aws?.dispose();
    aws = undefined;
    await bench.close();
  });

  const role = (name: string): string => `arn:aws:iam::${DEV}:role/${name}`;

  async function config(...lines: string[]): Promise<void> {
    await appendFile(join(bench.directory, 'config'), ['', ...lines, ''].join('\n'));
  }

  /** Who STS says that the profile is. */
  async function identity(profile: string, env: Record<string, string> = {}, ask?: Ask): Promise<string> {
    aws ??= createAws({ logger: nullLogger, clock: impatient, env: { ...bench.env, ...env }, ...(ask && { ask }) });
    for await (const part of aws.inventory.discover({ profile, region: FRANKFURT }, signal)) {
      assert.equal(part.kind, 'account');
      break;
    }
    return bench.sandbox.requests.of('sts', 'GetCallerIdentity').at(-1)?.principal ?? '';
  }

  const instanceMetadata = (): Record<string, string> => ({
    AWS_EC2_METADATA_DISABLED: 'false',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: bench.sandbox.endpoint,
  });

  const container = (): Record<string, string> => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${bench.sandbox.endpoint}${bench.sandbox.metadata.containerPath}`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: bench.sandbox.metadata.containerToken,
  });

  it('assumes a role with the keys of another profile and an external id', async () => {
    await config('[profile support]', 'role_arn = arn:aws:iam::444455556666:role/Support', 'source_profile = dev', 'external_id = sallyport-support', `endpoint_url = ${bench.sandbox.endpoint}`);
    assert.match(await identity('support'), /^arn:aws:sts::444455556666:assumed-role\/Support\/sallyport$/);
  });

  it('takes the role of the instance by the second version of its metadata service, a token first', async () => {
    const env = instanceMetadata();
    assert.equal(await identity('default', { ...env, AWS_ENDPOINT_URL: bench.sandbox.endpoint, AWS_REGION: FRANKFURT }), `arn:aws:sts::${DEV}:assumed-role/Machine/i-0machine`);
    assert.deepEqual(bench.sandbox.requests.of('imds').map(({ action }) => action), ['PutToken', 'GetRole', 'GetCredentials']);
  });

  it('speaks the first version where the second is refused, unless that is forbidden', async () => {
    const env = { ...instanceMetadata(), AWS_ENDPOINT_URL: bench.sandbox.endpoint, AWS_REGION: FRANKFURT };
    bench.sandbox.faults.add({ service: 'imds', action: 'PutToken', kind: 'accessDenied' });
    // This service has the second version alone, so the question without a token is refused; but it was asked.
    await assert.rejects(identity('default', env), { code: 'aws.noCredentials' });
    assert.equal(bench.sandbox.requests.of('imds', 'GetRole').at(-1)?.status, 401);
    await aws!.dispose();
    aws = undefined;
    await assert.rejects(identity('default', { ...env, AWS_EC2_METADATA_V1_DISABLED: 'true' }), { code: 'aws.noCredentials' });
    assert.equal(bench.sandbox.requests.of('imds', 'GetRole').length, 1);
  });

  it('takes the role of the container with its authorisation token', async () => {
    assert.equal(await identity('default', { ...container(), AWS_ENDPOINT_URL: bench.sandbox.endpoint }), `arn:aws:sts::${DEV}:assumed-role/Machine/task`);
  });

  it('reads the token of the container from a file that is renewed', async () => {
    const file = join(bench.directory, 'token');
    await writeFile(file, bench.sandbox.metadata.containerToken);
    const env = { ...container(), AWS_CONTAINER_AUTHORIZATION_TOKEN: 'stale', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file };
    assert.match(await identity('default', { ...env, AWS_ENDPOINT_URL: bench.sandbox.endpoint }), /Machine\/task$/);
  });

  for (const [name, more] of [
    ['Environment', () => bench.sandbox.env('dev')],
    ['Ec2InstanceMetadata', instanceMetadata],
    ['EcsContainer', container],
  ] as const) {
    it(`assumes a role from credential_source = ${name}`, async () => {
      await config('[profile source]', `role_arn = ${role('FromMachine')}`, `credential_source = ${name}`, `endpoint_url = ${bench.sandbox.endpoint}`);
      assert.equal(await identity('source', more()), `arn:aws:sts::${DEV}:assumed-role/FromMachine/sallyport`);
    });
  }

  it('exchanges the token file of a web identity, without a signature', async () => {
    const file = join(bench.directory, 'jwt');
    await writeFile(file, 'sandbox.web.identity\n');
    await config('[profile web]', `role_arn = ${role('Pipeline')}`, `web_identity_token_file = ${file}`, `endpoint_url = ${bench.sandbox.endpoint}`);
    assert.equal(await identity('web'), `arn:aws:sts::${DEV}:assumed-role/Pipeline/sallyport`);
    const [call] = bench.sandbox.requests.of('sts', 'AssumeRoleWithWebIdentity');
    assert.equal(call?.principal, undefined);
  });

  describe('a role that takes a code of a device', () => {
    const asked: Question[] = [];
    let codes: (string | undefined)[];
    const ask: Ask = async (question) => {
      asked.push(question);
      return codes.shift() as never;
    };

    beforeEach(async () => {
      asked.length = 0;
      await config('[profile admin]', `role_arn = ${role('Admin')}`, 'source_profile = dev', `mfa_serial = arn:aws:iam::${DEV}:mfa/dora`, `endpoint_url = ${bench.sandbox.endpoint}`);
    });

    it('is asked for once by all callers, and not again while the credentials last', async () => {
      codes = ['123456'];
      const principals = await Promise.all([identity('admin', {}, ask), identity('admin', {}, ask)]);
      assert.match(principals[0], /assumed-role\/Admin\/sallyport$/);
      // Neither another region nor a changed file is a reason to ask again.
      await config('# changed');
      for await (const part of aws!.inventory.discover({ profile: 'admin', region: 'us-east-1' }, signal)) if (part.kind === 'account') break;
      // A region that is not enabled knows no keys at all; these are good elsewhere.
      const notEnabled = aws!.inventory.discover({ profile: 'admin', region: 'af-south-1' }, signal);
      await assert.rejects(async () => {
        for await (const part of notEnabled) assert.fail(part.kind);
      }, { code: 'aws.regionNotEnabled' });
      assert.match(await identity('admin'), /Admin/);
      assert.deepEqual(asked, [{ kind: 'mfaCode', profile: 'admin', serial: `arn:aws:iam::${DEV}:mfa/dora`, again: false }]);
      const expiry = await aws!.signIn.expiry('admin');
      assert.ok(expiry !== undefined && Math.abs(expiry - Date.now() - 3_600_000) < 60_000);
    });

    it('is asked for again after a wrong one, three times in all', async () => {
      codes = ['000000', '123456'];
      assert.match(await identity('admin', {}, ask), /Admin/);
      assert.deepEqual(asked.map((question) => question.kind === 'mfaCode' && question.again), [false, true]);
      await aws!.dispose();
      aws = undefined;
      codes = ['1', '2', '3', '123456'];
      await assert.rejects(identity('admin', {}, ask), { code: 'aws.mfaRefused' });
      assert.equal(codes.length, 1);
    });

    it('says what it needs when there is nobody to ask, or the question is dismissed', async () => {
      codes = [undefined];
      await assert.rejects(identity('admin', {}, ask), { code: 'aws.mfaNeeded' });
      assert.equal(bench.sandbox.requests.of('sts', 'AssumeRole').length, 0);
    });
  });
});
