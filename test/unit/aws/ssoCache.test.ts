import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { readSsoToken, ssoTokenFile, writeSsoToken } from '../../../src/aws/ssoCache';
import { ssoSessionOf } from '../../../src/aws/ssoConfig';
import { systemClock } from '../../../src/base/clock';
import { isWebAddress } from '../../../src/model/question';

describe('the token cache of the AWS CLI', () => {
  let home: string;
  let file: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'sallyport-sso-'));
    file = ssoTokenFile(home, 'https://d-92671207e4.awsapps.com/start');
    await mkdir(dirname(file), { recursive: true });
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  it('names files after the SHA-1 of the session or the start URL', () => {
    assert.equal(ssoTokenFile('/home/dora', 'my-sso'), join('/home/dora', '.aws', 'sso', 'cache', '0ad374308c5a4e22f723adf10145eafad7c4031c.json'));
  });

  it('reads what the first version wrote', async () => {
    await writeFile(file, '{"startUrl":"u","region":"r","accessToken":"a","expiresAt":"2026-01-02T03:04:05UTC"}');
    assert.deepEqual(await readSsoToken(file), { accessToken: 'a', expiresAt: Date.UTC(2026, 0, 2, 3, 4, 5) });
  });

  it('reads what is needed to renew a token, and does without its end', async () => {
    await writeFile(file, '{"accessToken":"a","expiresAt":"2026-01-02T03:04:05Z","refreshToken":"r","clientId":"i","clientSecret":"s"}');
    assert.deepEqual((await readSsoToken(file))?.renewal, { refreshToken: 'r', clientId: 'i', clientSecret: 's' });
  });

  for (const [what, text] of [
    ['is no JSON', '{"accessToken":'],
    ['is no object', 'null'],
    ['has no token', '{"expiresAt":"2026-01-02T03:04:05Z"}'],
    ['has a token of another kind', '{"accessToken":1,"expiresAt":"2026-01-02T03:04:05Z"}'],
    ['has no end', '{"accessToken":"a","expiresAt":"soon"}'],
  ] as const) {
    it(`takes a file that ${what} for no token`, async () => {
      await writeFile(file, text);
      assert.equal(await readSsoToken(file), undefined);
    });
  }

  it('leaves the old token when the new one cannot be written', async () => {
    const folder = join(home, 'file');
    await writeFile(folder, '');
    const token = { accessToken: 'a', expiresAt: 1, clientId: 'i', clientSecret: 's', registrationExpiresAt: 2, region: 'r', startUrl: 'u' };
    await assert.rejects(writeSsoToken(join(folder, 'token.json'), token, systemClock));
    await writeSsoToken(file, token, systemClock);
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
      startUrl: 'u',
      region: 'r',
      accessToken: 'a',
      expiresAt: '1970-01-01T00:00:00Z',
      clientId: 'i',
      clientSecret: 's',
      registrationExpiresAt: '1970-01-01T00:00:00Z',
    });
  });
});

describe('a sign-in of the configuration', () => {
  const url = 'https://corp.awsapps.com/start';

  it('is shared by its name, with the scopes that it names', () => {
    assert.deepEqual(ssoSessionOf({ sso_session: 'corp' }, { sso_start_url: url, sso_region: 'eu-central-1', sso_registration_scopes: 'a, b,' }), {
      key: 'corp',
      name: 'corp',
      startUrl: url,
      region: 'eu-central-1',
      scopes: ['a', 'b'],
    });
    assert.deepEqual(ssoSessionOf({ sso_session: 'corp' }, { sso_start_url: url, sso_region: 'eu-central-1' })?.scopes, ['sso:account:access']);
  });

  it('is its start URL in the older form', () => {
    assert.deepEqual(ssoSessionOf({ sso_start_url: url, sso_region: 'us-east-1' }, undefined), { key: url, startUrl: url, region: 'us-east-1', scopes: [] });
  });

  it('is nothing without a region that can be a part of a host name, or without a URL', () => {
    assert.equal(ssoSessionOf({ sso_start_url: url, sso_region: 'evil.example/' }, undefined), undefined);
    assert.equal(ssoSessionOf({ sso_start_url: 'corp', sso_region: 'us-east-1' }, undefined), undefined);
    assert.equal(ssoSessionOf({ sso_session: 'gone' }, undefined), undefined);
  });
});

describe('a page to open', () => {
  it('is https, or on this very machine', () => {
    for (const address of ['https://device.sso.eu-central-1.amazonaws.com/?user_code=A', 'http://127.0.0.1:8080/authorize']) assert.ok(isWebAddress(address), address);
    const wrong = ['http://example.com', 'http://127.0.0.1.example.com', 'file:///etc/passwd', 'command:x', 'vscode://x', 'https://user@example.com', 'javascript:1', ''];
    assert.deepEqual(wrong.filter(isWebAddress), []);
  });
});
