import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createAws } from '../../src/aws';
import { createAgents } from '../../src/aws/agents';
import { exchangeBytes } from '../../src/aws/clients/jsonProtocol';
import { nullLogger } from '../../src/base/log';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { impatient } from './awsBench';

const IDENTITY =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
  '<Arn>arn:aws:iam::111122223333:user/dora</Arn><UserId>AIDA</UserId><Account>111122223333</Account>' +
  '</GetCallerIdentityResult></GetCallerIdentityResponse>';

const failure = (code: string, message: string): string =>
  `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

/** Requests that no sandbox plays, against servers made for one test. */
describe('AWS endpoints', () => {
  let directory: string;
  let server: Server | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-aws-'));
  });

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server?.listening ? void server.close(() => resolve()) : resolve()));
    server = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  async function listen(made: Server): Promise<number> {
    server = made;
    await new Promise<void>((resolve) => void made.listen(0, '127.0.0.1', resolve));
    return (made.address() as AddressInfo).port;
  }

  /** The first part of a discovery: the account, or the fault instead of it. */
  async function account(config: readonly string[], env: Record<string, string> = {}): Promise<string> {
    await writeFile(join(directory, 'config'), ['[profile dev]', 'region = eu-central-1', ...config, ''].join('\n'));
    await writeFile(join(directory, 'credentials'), '[dev]\naws_access_key_id = AKIA\naws_secret_access_key = S\n');
    const files = { AWS_CONFIG_FILE: join(directory, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials') };
    const aws = createAws({ logger: nullLogger, clock: impatient, env: { ...files, ...env } });
    try {
      for await (const part of aws.inventory.discover({ profile: 'dev', region: '' }, new AbortController().signal)) {
        return part.kind === 'account' ? part.accountId : part.kind;
      }
      return 'nothing';
    } finally {
      await aws.dispose();
    }
  }

  /** A data key from the server that listens, with no more around it than a session needs. */
  async function dataKey(port: number): Promise<Uint8Array> {
    await writeFile(join(directory, 'config'), '[profile dev]\nregion = eu-central-1\n');
    await writeFile(join(directory, 'credentials'), '[dev]\naws_access_key_id = AKIA\naws_secret_access_key = S\naws_session_token = T\n');
    const env = {
      AWS_CONFIG_FILE: join(directory, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials'),
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${port}`,
    };
    const aws = createAws({ logger: nullLogger, clock: impatient, env });
    try {
      const place = { profile: 'dev', region: '' };
      return (await aws.sessions.dataKey(place, { keyId: 'key', context: {} }, new AbortController().signal)).plaintext;
    } finally {
      await aws.dispose();
    }
  }

  /** When the request was signed, ms since the epoch. */
  function signedAt({ headers }: IncomingMessage): number {
    const [, y, m, d, h, min, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'])) ?? [];
    return Date.UTC(Number(y), Number(m) - 1, Number(d), Number(h), Number(min), Number(s));
  }

  it('survive a local clock that is an hour behind: the second request carries the right time', async () => {
    const ahead = 3_600_000;
    const offsets: number[] = [];
    const port = await listen(
      createHttpServer((request, response) => {
        const now = Date.now() + ahead;
        const offset = now - signedAt(request);
        offsets.push(offset);
        response.setHeader('date', new Date(now).toUTCString());
        response.statusCode = Math.abs(offset) > 300_000 ? 403 : 200;
        response.end(response.statusCode === 200 ? IDENTITY : failure('SignatureDoesNotMatch', 'Signature expired: A is now earlier than B'));
      }),
    );
    assert.equal(await account([`endpoint_url = http://127.0.0.1:${port}`]), '111122223333');
    assert.equal(offsets.length, 2);
  });

  it('that go on refusing the time are not asked for ever', async () => {
    let requests = 0;
    const port = await listen(
      createHttpServer((_request, response) => {
        requests++;
        response.statusCode = 403;
        response.end(failure('RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.'));
      }),
    );
    await assert.rejects(account([`endpoint_url = http://127.0.0.1:${port}`]), { code: 'aws.clockSkew' });
    assert.equal(requests, 2);
  });

  it('see who we are in the user agent', async () => {
    let agent: string | undefined;
    const port = await listen(
      createHttpServer((request, response) => {
        agent = request.headers['user-agent'];
        response.end(IDENTITY);
      }),
    );
    await account([`endpoint_url = http://127.0.0.1:${port}`]);
    assert.match(agent ?? '', /\bsallyport\/\d+\.\d+\.\d+/);
  });

  it('may be redirected by a variable, which wins over the profile', async () => {
    const port = await listen(createHttpServer((_request, response) => void response.end(IDENTITY)));
    const env = { AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}` };
    assert.equal(await account(['endpoint_url = http://127.0.0.1:9'], env), '111122223333');
  });

  it('whose certificate is not trusted are refused; a CA bundle of the profile or the environment makes it trusted', async () => {
    const authority = await CertificateAuthority.create(directory);
    const { certFile, keyFile } = await authority.issue(['localhost'], ['127.0.0.1']);
    const answer: RequestListener = (_request, response) => void response.end(IDENTITY);
    const port = await listen(createHttpsServer({ cert: await readFile(certFile), key: await readFile(keyFile) }, answer));
    const endpoint = `endpoint_url = https://127.0.0.1:${port}`;
    await assert.rejects(account([endpoint]), { code: 'aws.untrustedCertificate' });
    assert.equal(await account([endpoint, `ca_bundle = ${authority.caFile}`]), '111122223333');
    assert.equal(await account([endpoint], { AWS_CA_BUNDLE: authority.caFile }), '111122223333');
    await assert.rejects(account([endpoint, 'ca_bundle = /nowhere/ca.pem']), { code: 'aws.badCaBundle' });
    await assert.rejects(account([endpoint, `ca_bundle = ${join(directory, 'credentials')}`]), { code: 'aws.badCaBundle' });
  });

  it('of KMS are asked again with the right time when the local clock is wrong', async () => {
    const ahead = 3_600_000;
    const seen: (readonly [unknown, unknown, boolean])[] = [];
    const port = await listen(
      createHttpServer((request, response) => {
        const now = Date.now() + ahead;
        const { headers } = request;
        const right = Math.abs(now - signedAt(request)) < 300_000;
        seen.push([headers['x-amz-target'], headers['x-amz-security-token'], right]);
        response.setHeader('date', new Date(now).toUTCString());
        response.statusCode = right ? 200 : 400;
        const answer = { Plaintext: Buffer.alloc(64, 5).toString('base64'), CiphertextBlob: 'AAAA' };
        response.end(JSON.stringify(right ? answer : { __type: 'com.amazon.coral#InvalidSignatureException', message: 'Signature expired: A is now earlier than B' }));
      }),
    );
    assert.deepEqual(await dataKey(port), Buffer.alloc(64, 5));
    const target = 'TrentService.GenerateDataKey';
    assert.deepEqual(seen, [
      [target, 'T', false],
      [target, 'T', true],
    ]);
  });

  it('of KMS whose answers are of no use fail as what they are', async () => {
    const answers: readonly (readonly [number, string, string])[] = [
      [200, '{}', 'aws.unexpected'],
      [200, 'x'.repeat(100_000), 'aws.unexpected'],
      [503, '<html>', 'aws.serviceError'],
      [400, '{"__type":"DisabledException","message":"no"}', 'ssm.keyUnusable'],
      [400, '[]', 'aws.unexpected'],
    ];
    let next = 0;
    const port = await listen(
      createHttpServer((_request, response) => {
        response.statusCode = answers[next]![0];
        response.end(answers[next]![1]);
      }),
    );
    for (; next < answers.length; next++) await assert.rejects(dataKey(port), { code: answers[next]![2] }, answers[next]![1].slice(0, 50));
  });

  it('are silent for no longer than the service is worth', async () => {
    const port = await listen(createHttpServer(() => {}));
    const agents = createAgents(undefined, undefined);
    const before = performance.now();
    try {
      const asked = { method: 'GET', headers: {}, timeoutMs: 50 } as const;
      await assert.rejects(exchangeBytes(new URL(`http://127.0.0.1:${port}/`), asked, agents, new AbortController().signal), { name: 'TimeoutError' });
    } finally {
      agents.http.destroy();
      agents.https.destroy();
    }
    assert.ok(performance.now() - before < 5_000);
  });
});
