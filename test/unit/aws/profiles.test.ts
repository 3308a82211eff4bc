import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isFault } from '../../../src/base/fault';
import type { Sections, SharedConfig } from '../../../src/aws/configFiles';
import { ENVIRONMENT_PROFILE, listProfiles, profileSettings, quoted } from '../../../src/aws/profiles';

function shared(config: Sections, credentials: Sections = {}): SharedConfig {
  return { paths: { config: '/aws/config', credentials: '/aws/credentials' }, config, credentials, fingerprint: 'f' };
}

const KEYS = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'B' };
const names = (config: SharedConfig, env: NodeJS.ProcessEnv = {}): string[] => listProfiles(config, env).map(({ name }) => name);

describe('AWS profiles', () => {
  describe('list', () => {
    it('merges both files and leaves out sections that are no profiles', () => {
      const files = shared(
        { dev: { region: 'eu-central-1' }, 'sso-session.corp': { sso_region: 'x' }, 'services.local': { 'ec2.endpoint_url': 'x' } },
        { default: { aws_access_key_id: 'A' }, ci: { aws_access_key_id: 'A' }, 'profile.odd': { aws_access_key_id: 'A' } },
      );
      assert.deepEqual(listProfiles(files, {}), [{ name: 'default' }, { name: 'ci' }, { name: 'dev', region: 'eu-central-1' }]);
    });

    it('puts first what the standard precedence takes: environment, AWS_PROFILE, default', () => {
      const files = shared({ alpha: {}, default: {}, zulu: {} });
      assert.deepEqual(names(files, { ...KEYS, AWS_PROFILE: 'zulu' }), [ENVIRONMENT_PROFILE, 'zulu', 'default', 'alpha']);
    });

    it('lists the environment only with a complete identity, and not over a profile of that name', () => {
      assert.deepEqual(names(shared({ a: {} }), { AWS_ACCESS_KEY_ID: 'A' }), ['a']);
      assert.deepEqual(names(shared({ a: {} }), { AWS_WEB_IDENTITY_TOKEN_FILE: '/t', AWS_ROLE_ARN: 'arn' }), [ENVIRONMENT_PROFILE, 'a']);
      const own = shared({ environment: { role_arn: 'r', source_profile: 'a' }, a: {} });
      assert.equal(profileSettings(own, 'environment', KEYS).source, 'files');
    });

    it('keeps a missing profile that AWS_PROFILE names, so that choosing it explains itself', () => {
      assert.deepEqual(names(shared({ a: {} }), { AWS_PROFILE: 'typo' }), ['typo', 'a']);
    });

    it('offers nothing when nothing at all is configured', () => {
      assert.deepEqual(listProfiles(shared({}), {}), []);
    });

    it('offers default where the environment shows a trace of AWS: the machine itself may have a role', () => {
      assert.deepEqual(names(shared({}), { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1/x' }), ['default']);
      assert.deepEqual(listProfiles(shared({}), { AWS_REGION: 'eu-west-1' }), [{ name: 'default', region: 'eu-west-1' }]);
    });

    it('takes the region of the profile, else of the environment', () => {
      const files = shared({ a: { region: 'eu-central-1' }, b: { output: 'json' } });
      assert.deepEqual(listProfiles(files, { AWS_DEFAULT_REGION: 'us-west-2' }), [
        { name: 'a', region: 'eu-central-1' },
        { name: 'b', region: 'us-west-2' },
      ]);
      assert.equal(profileSettings(files, 'b', { AWS_REGION: 'r1', AWS_DEFAULT_REGION: 'r2' }).region, 'r1');
    });
  });

  describe('digest', () => {
    const digest = (config: SharedConfig, env: NodeJS.ProcessEnv = {}): string | undefined => listProfiles(config, env).find(({ name }) => name === 'dev')?.settings;
    const role = { role_arn: 'arn:aws:iam::1:role/a', source_profile: 'base' };
    const base = { sso_session: 'corp', sso_account_id: '1' };
    const files = shared({ dev: role, base, 'sso-session.corp': { sso_region: 'eu-west-1', sso_start_url: 'u' } });

    it('changes with whatever leads to another account, along the whole chain', () => {
      const others = [
        shared({ ...files.config, dev: { ...role, role_arn: 'arn:aws:iam::2:role/a' } }),
        shared({ ...files.config, base: { ...base, sso_account_id: '2' } }),
        shared({ ...files.config, 'sso-session.corp': { sso_region: 'eu-west-1', sso_start_url: 'other' } }),
      ];
      const digests = [files, ...others].map((one) => digest(one));
      digests.push(digest(files, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }));
      assert.equal(new Set(digests).size, digests.length);
    });

    it('stays with keys that are renewed, and is not made of them', () => {
      const config = { dev: { ...role, region: 'a' }, base: {} };
      const keys = (aws_access_key_id: string): SharedConfig => shared(config, { base: { aws_access_key_id, aws_secret_access_key: aws_access_key_id, aws_session_token: 'x' } });
      assert.equal(digest(keys('A')), digest(keys('B')));
      assert.equal(digest(shared({}, { dev: { aws_access_key_id: 'A', aws_secret_access_key: 'B' } })), undefined);
    });

    it('comes to an end where profiles name each other', () => {
      assert.match(digest(shared({ dev: { source_profile: 'other' }, other: { source_profile: 'dev' } }))!, /^[0-9a-f]{32}$/);
    });
  });

  describe('settings', () => {
    it('refuses a profile that neither file has, naming both', () => {
      assert.throws(
        () => profileSettings(shared({ a: {} }), 'typo', {}),
        (error: unknown) => isFault(error) && error.code === 'aws.noProfile' && /\/aws\/config or \/aws\/credentials/.test(error.message),
      );
      assert.throws(() => profileSettings(shared({}), '__proto__', {}), { code: 'aws.noProfile' });
      assert.throws(() => profileSettings(shared({}), 'constructor', {}), { code: 'aws.noProfile' });
    });

    it('tells where the credentials come from', () => {
      const files = shared({ plain: { region: 'x' }, role: { role_arn: 'r', credential_source: 'Ec2InstanceMetadata' } }, { keys: { aws_access_key_id: 'A' } });
      const source = (name: string, env: NodeJS.ProcessEnv = {}): string => profileSettings(files, name, env).source;
      assert.equal(source('keys', KEYS), 'files');
      assert.equal(source('role'), 'files');
      assert.equal(source('plain', KEYS), 'ambient');
      assert.equal(source('default'), 'ambient');
      assert.equal(source(ENVIRONMENT_PROFILE, KEYS), 'environment');
    });

    it('lends the environment the settings of the profile that the tools would use', () => {
      const files = shared({ default: { region: 'eu-west-1' }, zulu: { region: 'eu-west-3', endpoint_url: 'http://127.0.0.1:1' } });
      assert.equal(profileSettings(files, ENVIRONMENT_PROFILE, KEYS).region, 'eu-west-1');
      const settings = profileSettings(files, ENVIRONMENT_PROFILE, { ...KEYS, AWS_PROFILE: 'zulu' });
      assert.equal(settings.region, 'eu-west-3');
      assert.equal(settings.endpointUrl('ec2'), 'http://127.0.0.1:1');
    });

    it('finds the sign-in through source profiles, and survives a cycle', () => {
      const files = shared({
        role: { role_arn: 'r', source_profile: 'base' },
        base: { sso_session: 'corp' },
        login: { login_session: 'arn' },
        a: { source_profile: 'b' },
        b: { source_profile: 'a' },
      });
      assert.deepEqual(profileSettings(files, 'role', {}).signIn, { command: 'aws sso login', profile: 'base' });
      assert.deepEqual(profileSettings(files, 'login', {}).signIn, { command: 'aws login', profile: 'login' });
      assert.equal(profileSettings(files, 'a', {}).signIn, undefined);
    });

    it('reads FIPS, dual-stack and the CA bundle, variables before the profile', () => {
      const files = shared({ a: { use_fips_endpoint: 'true', use_dualstack_endpoint: 'TRUE', ca_bundle: '/profile.pem' } });
      const { useFips, useDualstack, caBundle } = profileSettings(files, 'a', { AWS_USE_FIPS_ENDPOINT: 'false', AWS_CA_BUNDLE: '/env.pem' });
      assert.deepEqual({ useFips, useDualstack, caBundle }, { useFips: false, useDualstack: true, caBundle: '/env.pem' });
      assert.equal(profileSettings(files, 'a', {}).caBundle, '/profile.pem');
    });
  });

  describe('endpoints', () => {
    const files = shared({
      a: { endpoint_url: 'http://127.0.0.1:4' },
      b: { services: 'local', endpoint_url: 'http://127.0.0.1:4' },
      'services.local': { 'ec2.endpoint_url': 'http://127.0.0.1:3' },
      c: {},
      off: { endpoint_url: 'http://127.0.0.1:4', ignore_configured_endpoint_urls: 'true' },
      bad: { endpoint_url: 'ftp://127.0.0.1' },
    });
    const url = (name: string, service: string, env: NodeJS.ProcessEnv = {}): string | undefined =>
      profileSettings(files, name, env).endpointUrl(service);

    it('follow the standard precedence', () => {
      const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:2' };
      assert.equal(url('b', 'ec2', { ...env, AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:1' }), 'http://127.0.0.1:1');
      assert.equal(url('b', 'ssm', { ...env, AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:1' }), 'http://127.0.0.1:2');
      assert.equal(url('b', 'ec2'), 'http://127.0.0.1:3');
      assert.equal(url('b', 'ssm'), 'http://127.0.0.1:4');
      assert.equal(url('a', 'elasticache'), 'http://127.0.0.1:4');
      assert.equal(url('c', 'ec2'), undefined);
    });

    it('can be switched off', () => {
      assert.equal(url('off', 'ec2'), undefined);
      assert.equal(url('a', 'ec2', { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }), undefined);
    });

    it('must be http or https', () => {
      assert.throws(() => url('bad', 'ec2'), { code: 'aws.badEndpoint' });
      assert.throws(() => url('c', 'ec2', { AWS_ENDPOINT_URL: 'localhost:4566' }), { code: 'aws.badEndpoint' });
    });
  });

  it('quotes names for a shell', () => {
    assert.equal(quoted('dev-1.eu@corp'), 'dev-1.eu@corp');
    assert.equal(quoted("a b'; rm -rf ~"), "'a b; rm -rf ~'");
  });
});
