import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { systemClock } from '../../../src/base/clock';
import type { Fault } from '../../../src/base/fault';
import type { Credentials } from '../../../src/aws/clients/settings';
import type { StsApi } from '../../../src/aws/clients/sts';
import { readSharedConfig } from '../../../src/aws/configFiles';
import { CachedCredentials, loadCredentials } from '../../../src/aws/credentials';
import { MfaRoles } from '../../../src/aws/mfaRoles';
import { profileSettings } from '../../../src/aws/profiles';
import { SsoTokens } from '../../../src/aws/ssoTokens';
import { nullLogger } from '../../../src/base/log';

const MINUTE = 60_000;

describe('cached credentials', () => {
  let now: number;
  let loads: number;
  let next: () => Promise<Credentials>;
  let cache: CachedCredentials;

  const lasting = (ms?: number): Credentials => ({
    accessKeyId: `key-${loads}`,
    secretAccessKey: 's',
    ...(ms !== undefined && { expiration: new Date(now + ms) }),
  });

  beforeEach(() => {
    now = 1_000_000;
    loads = 0;
    next = async () => lasting(60 * MINUTE);
    cache = new CachedCredentials({ ...systemClock, wall: () => now });
  });

  const get = (): Promise<Credentials> =>
    cache.get(() => {
      loads++;
      return next();
    });

  it('are loaded once, also for callers at the same time', async () => {
    const [a, b] = await Promise.all([get(), get()]);
    assert.equal(a, b);
    now += 54 * MINUTE;
    assert.equal(await get(), a);
    assert.equal(loads, 1);
  });

  it('are renewed five minutes before they expire', async () => {
    await get();
    now += 56 * MINUTE;
    assert.equal((await get()).accessKeyId, 'key-2');
  });

  it('stay in use when an early renewal fails, until they really expire', async () => {
    const first = await get();
    now += 56 * MINUTE;
    next = async () => {
      throw new Error('offline');
    };
    assert.equal(await get(), first);
    now += 4 * MINUTE;
    await assert.rejects(get(), /offline/);
    next = async () => lasting(60 * MINUTE);
    assert.equal((await get()).accessKeyId, 'key-4');
  });

  it('without an end are kept until someone forgets them', async () => {
    next = async () => lasting();
    const first = await get();
    now += 10_000 * MINUTE;
    assert.equal(await get(), first);
    cache.forget();
    assert.notEqual(await get(), first);
  });

  it('do not come back when they were forgotten while they were being loaded', async () => {
    let finish: (credentials: Credentials) => void = () => {};
    next = () => new Promise((resolve) => (finish = resolve));
    const old = get();
    cache.forget();
    next = async () => lasting(60 * MINUTE);
    const fresh = await get();
    finish(lasting(60 * MINUTE));
    await old;
    assert.equal(await get(), fresh);
  });

  it('are told of when AWS says that they have ended', async () => {
    const refused: Credentials[] = [];
    const told = new CachedCredentials(systemClock, (one) => void refused.push(one));
    const load = async (): Promise<Credentials> => lasting();
    const held = await told.get(load);
    told.refuse(held, true);
    const next = await told.get(load);
    // A call that was under way with the old ones comes to the same end later.
    told.refuse(held, true);
    assert.equal(await told.get(load), next);
    // Refused in one region is no end.
    told.refuse(next, false);
    assert.notEqual(await told.get(load), next);
    assert.deepEqual(refused, [held]);
  });

  it('may be loaded by whoever asks, in a way of their own', async () => {
    next = async () => {
      throw new Error('this region is not enabled');
    };
    await assert.rejects(get(), /not enabled/);
    const elsewhere = await cache.get(async () => lasting());
    assert.equal(await get(), elsewhere);
  });

  it('do not remember a failure', async () => {
    next = async () => {
      throw new Error('sign in first');
    };
    await assert.rejects(get(), /sign in first/);
    next = async () => lasting(60 * MINUTE);
    assert.equal((await get()).accessKeyId, 'key-2');
  });
});

describe('credential sources', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  const agents = { http: new HttpAgent(), https: new HttpsAgent() };
  const lifetime = new AbortController().signal;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-aws-'));
    env = {
      AWS_CONFIG_FILE: join(directory, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const calls: unknown[] = [];
  beforeEach(() => void (calls.length = 0));

  async function load(profile: string, variables: NodeJS.ProcessEnv = {}): Promise<Credentials> {
    const environment = { ...env, ...variables };
    const shared = await readSharedConfig(environment);
    const Issued = { AccessKeyId: 'ASIA', SecretAccessKey: 'issued', SessionToken: 'token', Expiration: new Date(5) };
    const sts = (source: Credentials): StsApi => ({
      getCallerIdentity: () => assert.fail('not asked'),
      assumeRole: async (input) => {
        calls.push({ by: source.accessKeyId, ...input });
        return { Credentials: Issued, $metadata: {} };
      },
      assumeRoleWithWebIdentity: async (input) => {
        calls.push(input);
        return { Credentials: Issued, $metadata: {} };
      },
    });
    return loadCredentials({
      settings: profileSettings(shared, profile, environment),
      shared,
      paths: shared.paths,
      env: environment,
      agents,
      lifetime,
      tokens: new SsoTokens({ home: directory, clock: systemClock, logger: nullLogger }),
      mfa: new MfaRoles(async () => undefined, systemClock, lifetime),
      sts,
      oidc: () => assert.fail('not asked'),
      portal: () => assert.fail('not asked'),
    });
  }

  const ISSUED: Credentials = { accessKeyId: 'ASIA', secretAccessKey: 'issued', sessionToken: 'token', expiration: new Date(5) };

  it('read keys of the profile that was asked for, whatever the environment holds', async () => {
    await writeFile(join(directory, 'credentials'), '[dev]\naws_access_key_id = A\naws_secret_access_key = S\naws_session_token = T\n');
    const { accessKeyId, secretAccessKey, sessionToken } = await load('dev', { AWS_ACCESS_KEY_ID: 'X', AWS_SECRET_ACCESS_KEY: 'Y' });
    assert.deepEqual({ accessKeyId, secretAccessKey, sessionToken }, { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' });
  });

  it('read the environment as a profile of its own', async () => {
    assert.deepEqual(
      await load('environment', {
        AWS_ACCESS_KEY_ID: 'X',
        AWS_SECRET_ACCESS_KEY: 'Y',
        AWS_SESSION_TOKEN: 'Z',
        AWS_CREDENTIAL_EXPIRATION: '2030-01-01T00:00:00Z',
      }),
      { accessKeyId: 'X', secretAccessKey: 'Y', sessionToken: 'Z', expiration: new Date('2030-01-01T00:00:00Z'), actBy: new Date('2030-01-01T00:00:00Z') },
    );
  });

  it('assume a role with the credentials of its source profile', async () => {
    await writeFile(join(directory, 'config'), '[profile support]\nrole_arn = arn:role\nsource_profile = base\nexternal_id = e\nrole_session_name = me\n');
    await writeFile(join(directory, 'credentials'), '[base]\naws_access_key_id = A\naws_secret_access_key = S\n');
    const { accessKeyId, sessionToken, expiration } = await load('support');
    assert.deepEqual({ accessKeyId, sessionToken, expiration }, { accessKeyId: 'ASIA', sessionToken: 'token', expiration: new Date(5) });
    assert.deepEqual(calls, [{ by: 'A', RoleArn: 'arn:role', RoleSessionName: 'me', ExternalId: 'e', DurationSeconds: 3600 }]);
  });

  it('exchange the token file of a web identity, from the profile or from the environment', async () => {
    const tokenFile = join(directory, 'token');
    await writeFile(tokenFile, 'jwt\n');
    assert.deepEqual(await load('environment', { AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ROLE_ARN: 'arn:role' }), ISSUED);
    assert.deepEqual(calls, [{ RoleArn: 'arn:role', RoleSessionName: 'sallyport', WebIdentityToken: 'jwt' }]);
    await writeFile(join(directory, 'config'), `[profile web]\nrole_arn = arn:other\nweb_identity_token_file = ${tokenFile}\nrole_session_name = me\n`);
    assert.equal((await load('web')).accessKeyId, 'ASIA');
    assert.equal(calls.length, 2);
  });

  it('run a credential process', async () => {
    const answer = JSON.stringify({ Version: 1, AccessKeyId: 'P', SecretAccessKey: 'S', SessionToken: 'T' });
    const script = join(directory, 'process.js');
    await writeFile(script, `console.log(${JSON.stringify(answer)})`);
    await writeFile(join(directory, 'config'), `[profile process]\ncredential_process = "${process.execPath}" "${script}"\n`);
    assert.equal((await load('process')).accessKeyId, 'P');
  });

  it('take the source of a role from the environment that was given', async () => {
    await writeFile(join(directory, 'config'), '[profile role]\nrole_arn = arn:role\ncredential_source = Environment\n[profile odd]\nrole_arn = arn:role\ncredential_source = Elsewhere\n');
    assert.equal((await load('role', { AWS_ACCESS_KEY_ID: 'X', AWS_SECRET_ACCESS_KEY: 'Y' })).accessKeyId, 'ASIA');
    assert.equal((calls[0] as { by: string }).by, 'X');
    await assert.rejects(load('role'), { code: 'aws.noCredentials' });
    await assert.rejects(load('odd'), { code: 'aws.noCredentials' });
  });

  it('may take the keys of a role from its own profile, but go round no circle', async () => {
    const own = '[own]\nrole_arn = arn:role\nsource_profile = own\naws_access_key_id = A\naws_secret_access_key = S\n';
    const circle = '[one]\nrole_arn = arn:1\nsource_profile = two\n[two]\nrole_arn = arn:2\nsource_profile = one\n';
    await writeFile(join(directory, 'credentials'), own + circle);
    assert.equal((await load('own')).accessKeyId, 'ASIA');
    await assert.rejects(load('one'), { code: 'aws.noCredentials' });
  });

  it('chain roles from the first source to the last', async () => {
    await writeFile(join(directory, 'config'), '[profile last]\nrole_arn = arn:last\nsource_profile = middle\nduration_seconds = 900\n[profile middle]\nrole_arn = arn:middle\nsource_profile = base\n');
    await writeFile(join(directory, 'credentials'), '[base]\naws_access_key_id = A\naws_secret_access_key = S\n');
    await load('last');
    assert.deepEqual(calls.map((call) => (call as { by: string; RoleArn: string; DurationSeconds: number })).map((call) => [call.by, call.RoleArn, call.DurationSeconds]), [
      ['A', 'arn:middle', 3600],
      ['ASIA', 'arn:last', 900],
    ]);
  });

  it('say what a sign-in lacks, and ask to sign in where there is no token', async () => {
    const session = '[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n';
    const role = 'sso_account_id = 1\nsso_role_name = R\n';
    await writeFile(join(directory, 'config'), `${session}[profile sso]\nsso_session = corp\n${role}[profile lost]\nsso_session = gone\n${role}[profile half]\nsso_session = corp\n`);
    await assert.rejects(load('sso'), (error: Fault) => error.code === 'aws.expiredCredentials' && error.remedy?.action === 'signIn' && error.remedy.subject === 'sso');
    await assert.rejects(load('lost'), { code: 'aws.badSignIn' });
    await assert.rejects(load('half'), { code: 'aws.badSignIn' });
  });

  it('have nothing to give where there is nothing, without asking the network when that is switched off', async () => {
    await writeFile(join(directory, 'config'), '[profile bare]\nregion = eu-central-1\n');
    await assert.rejects(load('bare', { AWS_ACCESS_KEY_ID: 'X', AWS_SECRET_ACCESS_KEY: 'Y' }), { code: 'aws.noCredentials' });
    await assert.rejects(load('default'), { code: 'aws.noCredentials' });
  });
});
