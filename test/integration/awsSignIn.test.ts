import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createAws } from '../../src/aws';
import type { Aws } from '../../src/aws';
import { Fault, isCancelled, isFault } from '../../src/base/fault';
import { formatLogLine, nullLogger } from '../../src/base/log';
import type { InventoryPart } from '../../src/model/inventory';
import type { Ask, DeviceSignInQuestion } from '../../src/model/question';
import type { CredentialsChange } from '../../src/model/signIn';
import { eventually } from '../fixtures/eventually';
import { awsBench, impatient } from './awsBench';
import type { AwsBench } from './awsBench';

const DEV = '111122223333';
const FRANKFURT = 'eu-central-1';
const START_URL = 'https://sandbox.awsapps.com/start';

interface TokenFile {
  accessToken: string;
  expiresAt: string;
  refreshToken?: string;
  clientId: string;
  clientSecret: string;
  registrationExpiresAt: string;
  region: string;
  startUrl: string;
}

describe('signing in through IAM Identity Center', () => {
  let bench: AwsBench;
  let aws: Aws;
  const { signal } = new AbortController();
  const asked: DeviceSignInQuestion[] = [];
  const lines: string[] = [];
  const changes: CredentialsChange[] = [];
  /** What the person does with the question. */
  let person: (question: DeviceSignInQuestion) => unknown;

  const ask: Ask = async (question) => {
    assert.equal(question.kind, 'deviceSignIn');
    asked.push(question);
    return (await person(question)) as never;
  };

  beforeEach(async () => {
    bench = await awsBench();
    for (const list of [asked, lines, changes]) list.length = 0;
    const endpoint = `endpoint_url = ${bench.sandbox.endpoint}`;
    const role = [`sso_account_id = ${DEV}`, 'sso_role_name = Developer', `region = ${FRANKFURT}`, endpoint];
    await appendFile(
      join(bench.directory, 'config'),
      [
        '',
        ...['[sso-session corp]', `sso_start_url = ${START_URL}`, `sso_region = ${FRANKFURT}`, 'sso_registration_scopes = sso:account:access'],
        ...['[profile sso]', 'sso_session = corp', ...role],
        ...['[profile sso-other]', 'sso_session = corp', ...role],
        ...['[profile through]', `role_arn = arn:aws:iam::${DEV}:role/FromMachine`, 'source_profile = sso', endpoint],
        ...['[profile legacy]', `sso_start_url = ${START_URL}`, `sso_region = ${FRANKFURT}`, ...role],
        '',
      ].join('\n'),
    );
    aws = createAws({
      logger: { log: (_level, event, fields) => void lines.push(formatLogLine(event, fields)) },
      clock: impatient,
      env: bench.env,
      ask,
    });
    aws.signIn.onDidChange((change) => void changes.push(change));
    person = ({ code }) => (code === undefined ? browse(asked.at(-1)!.url) : approve(code));
  });

  afterEach(async () => {
    await aws.dispose();
    const tokens = await Promise.all((await cached()).map(async (name) => (JSON.parse(await readFile(join(cache(), name), 'utf8')) as TokenFile)));
    await bench.close();
    const text = lines.join('\n');
    for (const { accessToken, refreshToken, clientSecret } of tokens) {
      for (const secret of [accessToken, refreshToken, clientSecret]) assert.ok(secret === undefined || !text.includes(secret), 'no secret in the log');
    }
  });

  const cache = (): string => join(bench.directory, '.aws', 'sso', 'cache');
  const cached = async (): Promise<string[]> => readdir(cache()).catch(() => []);
  const fileOf = (key: string): string => join(cache(), `${createHash('sha1').update(key).digest('hex')}.json`);
  const token = async (key = 'corp'): Promise<TokenFile> => JSON.parse(await readFile(fileOf(key), 'utf8')) as TokenFile;

  function approve(code: string): boolean {
    bench.sandbox.identityCenter.approve(code);
    return true;
  }

  /** Follows the page to the redirect, as a browser does. */
  async function browse(url: string): Promise<boolean> {
    const { status, location, text } = await get(url);
    assert.ok(status === 302 && location, `${status} ${text}`);
    assert.match((await get(location)).text, /return to your editor/);
    return true;
  }

  async function account(profile: string): Promise<InventoryPart> {
    for await (const part of aws.inventory.discover({ profile, region: FRANKFURT }, signal)) return part;
    return assert.fail('nothing came');
  }

  /** Writes a token as the AWS CLI does. */
  async function writeToken(key: string, change: Partial<TokenFile>): Promise<void> {
    await mkdir(cache(), { recursive: true });
    await writeFile(fileOf(key), JSON.stringify({ region: FRANKFURT, startUrl: START_URL, ...change }), { mode: 0o600 });
  }

  describe('in a browser that comes back', () => {
    it('gives credentials, and leaves the token where the AWS CLI looks for it', async () => {
      await assert.rejects(account('sso'), (error: Error) => isFault(error) && error.remedy?.action === 'signIn' && error.remedy.subject === 'sso');
      await aws.signIn.signIn('sso', 'browser', signal);
      assert.deepEqual(await account('sso'), { kind: 'account', accountId: DEV });
      assert.match(bench.sandbox.requests.of('sts').at(-1)!.principal!, /assumed-role\/AWSReservedSSO_Developer_\w+\/dora@example\.com$/);
      const kept = await token();
      assert.deepEqual(Object.keys(kept).toSorted(), ['accessToken', 'clientId', 'clientSecret', 'expiresAt', 'refreshToken', 'region', 'registrationExpiresAt', 'startUrl']);
      assert.deepEqual([kept.startUrl, kept.region], [START_URL, FRANKFURT]);
      for (const time of [kept.expiresAt, kept.registrationExpiresAt]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.deepEqual(await cached(), [`${createHash('sha1').update('corp').digest('hex')}.json`], 'no draft is left');
      if (process.platform !== 'win32') assert.equal((await stat(fileOf('corp'))).mode & 0o777, 0o600);
    });

    it('asks with a challenge, on 127.0.0.1, and closes the port', async () => {
      await aws.signIn.signIn('sso', 'browser', signal);
      const url = new URL(asked[0]!.url);
      assert.equal(asked[0]!.code, undefined);
      assert.match(url.searchParams.get('redirect_uri')!, /^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/);
      assert.match(url.searchParams.get('code_challenge')!, /^[\w-]{43}$/);
      await assert.rejects(get(url.searchParams.get('redirect_uri')!), { code: 'ECONNREFUSED' });
    });

    it('takes no answer but its own', async () => {
      person = async ({ url }) => {
        const redirect = new URL(new URL(url).searchParams.get('redirect_uri')!);
        const state = new URL(url).searchParams.get('state')!;
        const status = async (path: string, how: Parameters<typeof get>[1] = {}): Promise<number> => (await get(new URL(path, redirect), how)).status;
        assert.equal(await status('/oauth/callback?code=x&state=wrong'), 404);
        assert.equal(await status('/oauth/callback?code=x'), 404);
        assert.equal(await status(`/elsewhere?code=x&state=${state}`), 404);
        assert.equal(await status(`/oauth/callback?code=x&state=${state}`, { method: 'POST' }), 404);
        // A name that leads to 127.0.0.1 is not us.
        assert.equal(await status(`/oauth/callback?code=x&state=${state}`, { host: 'evil.example' }), 404);
        return browse(url);
      };
      await aws.signIn.signIn('sso', 'browser', signal);
      assert.equal((await account('sso')).kind, 'account');
    });

    it('says so when the person refuses', async () => {
      bench.sandbox.identityCenter.consents = false;
      await assert.rejects(aws.signIn.signIn('sso', 'browser', signal), { code: 'aws.signInDenied' });
      assert.deepEqual(await cached(), []);
    });

    it('gives up when the browser does not come back in time, and frees the port', async () => {
      person = () => true;
      // The bench's clock makes ten minutes an instant.
      await assert.rejects(aws.signIn.signIn('sso', 'browser', signal), { code: 'aws.signInExpired' });
      await assert.rejects(get(new URL(asked[0]!.url).searchParams.get('redirect_uri')!), { code: 'ECONNREFUSED' });
    });
  });

  describe('with a code', () => {
    it('waits until it is confirmed, and slows down when told to', async () => {
      bench.sandbox.identityCenter.slowDowns = 2;
      person = ({ code }) => {
        const answered = (): number => bench.sandbox.requests.of('sso-oidc', 'CreateToken').length;
        void eventually(() => answered() > 3).then(() => approve(code!));
        return true;
      };
      await aws.signIn.signIn('sso', 'device', signal);
      const answers = bench.sandbox.requests.of('sso-oidc', 'CreateToken').map(({ errorCode }) => errorCode);
      assert.deepEqual(answers.slice(0, 4), ['SlowDownException', 'SlowDownException', 'AuthorizationPendingException', 'AuthorizationPendingException']);
      assert.equal(answers.at(-1), undefined);
      assert.match(asked[0]!.code!, /^[A-Z]{4}-[A-Z]{4}$/);
      assert.equal(asked[0]!.url, `https://device.sso.eu-central-1.amazonaws.com/?user_code=${asked[0]!.code}`);
      assert.equal((await account('sso')).kind, 'account');
    });

    it('is what profiles of the older form get, whose token is named after the start URL and cannot be renewed', async () => {
      await aws.signIn.signIn('legacy', 'browser', signal);
      assert.equal((await account('legacy')).kind, 'account');
      assert.equal((await token(START_URL)).refreshToken, undefined);
      const expiry = await aws.signIn.expiry('legacy');
      assert.equal(expiry, Date.parse((await token(START_URL)).expiresAt));
      assert.equal(await aws.signIn.expiry('sso'), undefined);
    });

    it('ends when it is refused, and when the person does not go there', async () => {
      person = ({ code }) => {
        bench.sandbox.identityCenter.deny(code!);
        return true;
      };
      await assert.rejects(aws.signIn.signIn('sso', 'device', signal), { code: 'aws.signInDenied' });
      person = () => false;
      await assert.rejects(aws.signIn.signIn('sso', 'device', signal), isCancelled);
    });

    it('goes on through failures of the service while the person is at it', async () => {
      bench.sandbox.faults.add({ service: 'sso-oidc', action: 'CreateToken', kind: 'serverError', times: 2 });
      await aws.signIn.signIn('sso', 'device', signal);
      assert.equal((await account('sso')).kind, 'account');
    });

    it('leaves no port behind when it is cancelled while the person is asked', async () => {
      const abort = new AbortController();
      person = () => {
        setImmediate(() => abort.abort());
        return new Promise(() => {});
      };
      await assert.rejects(aws.signIn.signIn('sso', 'browser', abort.signal), isCancelled);
      const redirect = new URL(asked[0]!.url).searchParams.get('redirect_uri')!;
      await eventually(() => get(redirect).then(() => false, () => true));
    });

    it('ends at once when it is cancelled', async () => {
      const abort = new AbortController();
      person = () => {
        setImmediate(() => abort.abort());
        return true;
      };
      await assert.rejects(aws.signIn.signIn('sso', 'device', abort.signal), isCancelled);
      const count = bench.sandbox.requests.of('sso-oidc', 'CreateToken').length;
      await aws.signIn.signIn('legacy', 'device', AbortSignal.abort()).catch(() => {});
      assert.ok(bench.sandbox.requests.of('sso-oidc', 'CreateToken').length <= count + 1);
    });
  });

  describe('one for all', () => {
    it('asks once when several want the same sign-in, and goes on while one of them waits', async () => {
      const impatientOne = new AbortController();
      let go: () => void = () => {};
      person = async ({ code }) => {
        await new Promise<void>((resolve) => (go = resolve));
        return approve(code!);
      };
      const first = assert.rejects(aws.signIn.signIn('sso', 'device', impatientOne.signal), isCancelled);
      const second = aws.signIn.signIn('sso-other', 'device', signal);
      const third = aws.signIn.signIn('through', 'device', signal);
      await eventually(() => asked.length === 1);
      impatientOne.abort();
      await first;
      go();
      await Promise.all([second, third]);
      assert.equal(asked.length, 1);
      assert.deepEqual(changes, [{ kind: 'signedIn', profiles: ['sso', 'sso-other', 'through'] }]);
    });

    it('refuses what does not sign in', async () => {
      await assert.rejects(aws.signIn.signIn('dev', 'browser', signal), { code: 'aws.noSignIn' });
      await assert.rejects(aws.signIn.signIn('nobody', 'browser', signal), { code: 'aws.noProfile' });
      assert.equal(asked.length, 0);
    });

    it('does not send the person to a page that is not https', async () => {
      await bench.sandbox.close();
      await assert.rejects(aws.signIn.signIn('sso', 'device', signal), { code: 'aws.unreachable' });
    });
  });

  describe('afterwards', () => {
    beforeEach(async () => {
      await aws.signIn.signIn('sso', 'browser', signal);
      asked.length = 0;
    });

    it('renews the token before it expires, once for all who wait, and keeps what others wrote beside it', async () => {
      const before = await token();
      await writeToken('corp', { ...before, expiresAt: new Date(Date.now() + 60_000).toISOString(), ...{ note: 'mine' } });
      await Promise.all([account('sso'), account('sso-other')]);
      const after = (await token()) as TokenFile & { note?: string };
      assert.notEqual(after.accessToken, before.accessToken);
      assert.notEqual(after.refreshToken, before.refreshToken, 'a refresh token works once');
      assert.ok(Date.parse(after.expiresAt) > Date.now() + 50 * 60_000);
      assert.equal(after.note, 'mine');
      assert.equal(bench.sandbox.requests.of('sso-oidc', 'CreateToken').length, 2);
      assert.equal(asked.length, 0);
    });

    it('goes on with a token that could not be renewed until it expires', async () => {
      await writeToken('corp', { ...(await token()), expiresAt: new Date(Date.now() + 60_000).toISOString() });
      bench.sandbox.faults.add({ service: 'sso-oidc', kind: 'serverError' });
      assert.equal((await account('sso')).kind, 'account');
    });

    it('does not ask to sign in when it is only the network that keeps an expired token from being renewed', async () => {
      await writeToken('corp', { ...(await token()), expiresAt: new Date(Date.now() - 60_000).toISOString() });
      bench.sandbox.faults.add({ service: 'sso-oidc', kind: 'serverError', times: 1 });
      await assert.rejects(account('sso'), { code: 'aws.serviceError', retryable: true });
      assert.equal((await account('sso')).kind, 'account');
    });

    it('asks to sign in again when the service will not renew an expired token', async () => {
      await writeToken('corp', { ...(await token()), expiresAt: new Date(Date.now() - 60_000).toISOString(), refreshToken: 'spent' });
      await assert.rejects(account('sso'), { code: 'aws.expiredCredentials' });
    });

    it('asks to sign in again when the token has expired and cannot be renewed', async () => {
      const { refreshToken: _, ...rest } = await token();
      await writeToken('corp', { ...rest, expiresAt: new Date(Date.now() - 60_000).toISOString() });
      await assert.rejects(account('sso'), { code: 'aws.expiredCredentials' });
    });

    it('asks to sign in again when someone has ended the sign-in', async () => {
      bench.sandbox.identityCenter.revoke();
      await assert.rejects(account('sso'), { code: 'aws.expiredCredentials' });
      await aws.signIn.signIn('sso', 'browser', signal);
      assert.equal((await account('sso')).kind, 'account');
    });

    it('says that a role is not the person\'s to have', async () => {
      bench.sandbox.faults.add({ service: 'sso', kind: 'accessDenied' });
      await assert.rejects(account('sso'), { code: 'aws.accessDenied' });
    });

    it('takes new credentials when the old ones expire in the middle of a discovery', async () => {
      // From here on every key of the role is refused once; the discovery gets another one and goes on.
      bench.sandbox.identityCenter.roleSeconds = 900;
      let expired = 0;
      for await (const part of aws.inventory.discover({ profile: 'sso', region: FRANKFURT }, signal)) {
        // Once: the account is told of a second time with its alias.
        if (part.kind === 'account' && expired === 0) expired = bench.sandbox.expireIssued();
        assert.notEqual(part.kind, 'fault', JSON.stringify(part));
      }
      assert.ok(expired > 0);
      assert.ok(bench.sandbox.requests.all().some(({ errorCode }) => /Expired/.test(errorCode ?? '')), 'some were refused');
      assert.ok(bench.sandbox.requests.of('sso', 'GetRoleCredentials').length >= 2);
    });
  });

  describe('behind a proxy', () => {
    it('asks every service by way of it, and none when it is down', async () => {
      await aws.signIn.signIn('sso', 'device', signal);
      await aws.dispose();
      const down = new Fault('proxy.unreachable', 'The proxy proxy:3128 cannot be reached.', { retryable: true });
      aws = createAws({ logger: nullLogger, clock: impatient, env: bench.env, ask, viaProxy: () => Promise.reject(down) });
      bench.sandbox.requests.clear();
      // Signing in; the role of a token that is good; the renewal of one that is not.
      await assert.rejects(aws.signIn.signIn('sso', 'device', signal), { code: 'proxy.unreachable' });
      await assert.rejects(account('sso'), { code: 'proxy.unreachable' });
      await writeToken('corp', { ...(await token()), expiresAt: new Date(Date.now() - 1000).toISOString() });
      await assert.rejects(account('sso'), { code: 'proxy.unreachable' });
      assert.equal(bench.sandbox.requests.all().length, 0);
    });
  });

  describe('by another tool', () => {
    it('is seen without a reload: a token of the AWS CLI is used, and told of', async () => {
      await aws.signIn.signIn('sso', 'browser', signal);
      const good = await token();
      await rm(fileOf('corp'));
      await aws.dispose();
      changes.length = 0;
      aws = createAws({ logger: nullLogger, clock: impatient, env: bench.env, ask });
      aws.signIn.onDidChange((change) => void changes.push(change));
      await assert.rejects(account('sso'), { code: 'aws.expiredCredentials' });
      // The look at the files that begins with the first use may not have ended yet.
      await eventually(async () => {
        await writeToken('corp', good);
        return changes.length > 0;
      });
      assert.deepEqual(changes, [{ kind: 'signedIn', profiles: ['sso', 'sso-other', 'through'] }]);
      assert.equal((await account('sso')).kind, 'account');
    });

    it('a change behind a link is seen', async () => {
      const config = join(bench.directory, 'config');
      const elsewhere = join(bench.directory, 'dotfiles');
      await mkdir(elsewhere);
      await rename(config, join(elsewhere, 'aws'));
      await symlink(join(elsewhere, 'aws'), config);
      await aws.inventory.profiles();
      await eventually(async () => {
        await appendFile(join(elsewhere, 'aws'), '\n# more\n');
        return changes.length > 0;
      });
    });

    it('a changed profile is seen and told of', async () => {
      await aws.inventory.profiles();
      await eventually(async () => {
        await appendFile(join(bench.directory, 'config'), '\n# more\n');
        return changes.length > 0;
      });
      assert.equal(changes[0]?.kind, 'configuration');
      await appendFile(join(bench.directory, 'credentials'), '\n[fresh]\naws_access_key_id = A\naws_secret_access_key = S\n');
      assert.ok((await aws.inventory.profiles()).some(({ name }) => name === 'fresh'));
    });
  });
});

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

/** As a browser asks, but with no connection left behind; `host` in place of the address's own. */
async function get(url: URL | string, { method = 'GET', host }: { readonly method?: string; readonly host?: string } = {}): Promise<Page> {
  const sent = request(new URL(url), { method, agent: false, ...(host !== undefined && { headers: { host } }) });
  const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, location: response.headers.location, text };
}
