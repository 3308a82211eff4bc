import { strict as assert } from 'node:assert';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeReplicationGroupsCommand } from '@aws-sdk/client-elasticache';
import { DescribeInstanceInformationCommand, StartSessionCommand } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startSandbox } from '../sandbox/sandbox';
import type { Sandbox } from '../sandbox/sandbox';
import { signatureOf } from '../sandbox/sigv4';
import { clientsOf, credentialsOf, destroy, failure } from './sandboxClients';
import type { ClientOptions, Clients } from './sandboxClients';

type Row = readonly [service: string, code: string, status: number | undefined];

describe("the sandbox's credentials and signatures", () => {
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await startSandbox({ servers: false });
  });
  after(() => sandbox.close());

  /** How one harmless call to each service fails. */
  async function failures(profile: string, options: ClientOptions = {}): Promise<Row[]> {
    const clients = clientsOf(sandbox, profile, options);
    const rows = await failuresOf(clients);
    destroy(clients);
    return rows;
  }

  async function failuresOf(clients: Clients): Promise<Row[]> {
    const calls = {
      ec2: clients.ec2.send(new DescribeVpcsCommand({})),
      elasticache: clients.elastiCache.send(new DescribeReplicationGroupsCommand({})),
      ssm: clients.ssm.send(new DescribeInstanceInformationCommand({})),
      sts: clients.sts.send(new GetCallerIdentityCommand({})),
    };
    return Promise.all(
      Object.entries(calls).map(async ([service, call]): Promise<Row> => {
        const { name, status } = await failure(call);
        return [service, name, status];
      }),
    );
  }

  const MISMATCH: Row[] = [
    ['ec2', 'SignatureDoesNotMatch', 403],
    ['elasticache', 'SignatureDoesNotMatch', 403],
    ['ssm', 'InvalidSignatureException', 400],
    ['sts', 'SignatureDoesNotMatch', 403],
  ];
  const UNKNOWN_KEY: Row[] = [
    ['ec2', 'AuthFailure', 401],
    ['elasticache', 'InvalidClientTokenId', 403],
    ['ssm', 'UnrecognizedClientException', 400],
    ['sts', 'InvalidClientTokenId', 403],
  ];

  it('refuse a wrong secret', async () => {
    assert.deepEqual(await failures('wrongkey'), MISMATCH);
  });

  it('refuse a request that was altered after it was signed', async () => {
    const clients = clientsOf(sandbox);
    for (const client of Object.values(clients) as Pick<EC2Client, 'middlewareStack'>[]) {
      client.middlewareStack.add(
        (next) => (args) => {
          const request = args.request as { body: string | Uint8Array };
          const body = typeof request.body === 'string' ? request.body : new TextDecoder().decode(request.body);
          // Of the same length, so that nothing but the body differs.
          request.body = body.replace('Version=', 'Versiom=').replace('{}', '[]');
          return next(args);
        },
        { step: 'deserialize', priority: 'low' },
      );
    }
    const tampered = await failuresOf(clients);
    destroy(clients);
    assert.deepEqual(tampered, MISMATCH);
  });

  it('refuse a key that does not exist', async () => {
    const credentials = { accessKeyId: 'AKIANOBODYKNOWSTHIS0', secretAccessKey: 'x' };
    assert.deepEqual(await failures('dev', { credentials }), UNKNOWN_KEY);
  });

  it('refuse temporary credentials whose token is missing or another one, and lasting ones with a token', async () => {
    const { sessionToken, ...withoutToken } = credentialsOf(sandbox, 'expired');
    assert.ok(sessionToken);
    const all = [
      withoutToken,
      { ...withoutToken, sessionToken: `${sessionToken}x` },
      { ...credentialsOf(sandbox, 'dev'), sessionToken },
    ];
    for (const credentials of all) assert.deepEqual(await failures('dev', { credentials }), UNKNOWN_KEY);
  });

  it('tell an expired token', async () => {
    assert.deepEqual(await failures('expired'), [
      ['ec2', 'RequestExpired', 400],
      ['elasticache', 'ExpiredToken', 403],
      ['ssm', 'ExpiredTokenException', 400],
      ['sts', 'ExpiredToken', 403],
    ]);
  });

  it('refuse a clock that is a quarter of an hour off, either way', async () => {
    for (const minutes of [-16, 16]) {
      const expected = [['ec2', 'RequestExpired', 400], ...MISMATCH.slice(1)];
      assert.deepEqual(await failures('dev', { systemClockOffset: minutes * 60_000 }), expected);
    }
    const almost = clientsOf(sandbox, 'dev', { systemClockOffset: 14 * 60_000 });
    assert.ok((await almost.ec2.send(new DescribeVpcsCommand({}))).Vpcs);
    destroy(almost);
  });

  it('let a client with a wrong clock correct itself by the date of the answer', async () => {
    const ahead = await startSandbox({ servers: false, now: () => Date.now() + 3_600_000 });
    const clients = clientsOf(ahead, 'dev', { maxAttempts: 2 });
    try {
      const { Account, $metadata } = await clients.sts.send(new GetCallerIdentityCommand({}));
      assert.deepEqual([Account, $metadata.attempts], ['111122223333', 2]);
    } finally {
      destroy(clients);
      await ahead.close();
    }
  });

  it('refuse regions that do not exist or that the account has not opted in to', async () => {
    assert.deepEqual(await failures('dev', { region: 'mars-north-1' }), MISMATCH);
    assert.deepEqual(await failures('dev', { region: 'af-south-1' }), UNKNOWN_KEY);
  });

  it('deny what the policy denies, and no more', async () => {
    const nobody = clientsOf(sandbox, 'denied');
    const target = sandbox.instance('shop-bastion').id;
    const [vpcs, groups, session] = await Promise.all([
      failure(nobody.ec2.send(new DescribeVpcsCommand({}))),
      failure(nobody.elastiCache.send(new DescribeReplicationGroupsCommand({}))),
      failure(nobody.ssm.send(new StartSessionCommand({ Target: target }))),
    ]);
    destroy(nobody);
    const who = 'arn:aws:iam::111122223333:user/nobody';
    assert.deepEqual([vpcs.name, vpcs.status], ['UnauthorizedOperation', 403]);
    assert.match(vpcs.message, /^You are not authorized to perform this operation. User: arn:.*nobody is not/);
    assert.deepEqual([groups.name, groups.status], ['AccessDenied', 403]);
    assert.ok(
      groups.message.startsWith(
        `User: ${who} is not authorized to perform: elasticache:DescribeReplicationGroups on resource: ` +
          'arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:*',
      ),
    );
    assert.deepEqual([session.name, session.status], ['AccessDeniedException', 400]);
    assert.ok(
      session.message.startsWith(
        `User: ${who} is not authorized to perform: ssm:StartSession on resource: ` +
          `arn:aws:ec2:eu-central-1:111122223333:instance/${target}`,
      ),
    );
    const partial = clientsOf(sandbox, 'partial');
    assert.ok((await partial.ec2.send(new DescribeVpcsCommand({}))).Vpcs?.length);
    const caches = await failure(partial.elastiCache.send(new DescribeReplicationGroupsCommand({})));
    assert.equal(caches.name, 'AccessDenied');
    destroy(partial);
  });

  describe('of requests made by hand', () => {
    const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

    /** Signs as `dev` and posts; `extra` headers are sent and not signed. */
    async function post(
      service: string,
      { names = ['host', 'x-amz-date'], extra = {} }: { names?: string[]; extra?: Record<string, string> } = {},
    ): Promise<string> {
      const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
      const scope = { date: timestamp.slice(0, 8), region: 'us-east-1', service };
      const { accessKeyId, secretAccessKey } = credentialsOf(sandbox, 'dev');
      const headers = [
        ['host', new URL(sandbox.endpoint).host],
        ['x-amz-date', timestamp],
      ] as const;
      const request = { method: 'POST', url: '/', headers, body: Buffer.from(BODY) };
      const signature = signatureOf(request, names, timestamp, scope, secretAccessKey);
      const authorization =
        `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.date}/us-east-1/${service}/aws4_request, ` +
        `SignedHeaders=${names.join(';')}, Signature=${signature}`;
      return send({ 'x-amz-date': timestamp, authorization, ...extra });
    }

    async function send(headers: Record<string, string>, body = BODY): Promise<string> {
      const response = await fetch(sandbox.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body,
      });
      const text = await response.text();
      const [, code = text] = /(?:<Code>|"__type":")([^<"]+)/.exec(text) ?? [];
      return `${response.status} ${code}`;
    }

    it('are accepted when signed well, with no header beyond the required ones', async () => {
      assert.match(await post('sts'), /^200 /);
    });

    it('are refused without a signature, each service in its own words', async () => {
      assert.equal(await send({}), '403 MissingAuthenticationToken');
      assert.equal(await send({}, 'Action=DescribeVpcs&Version=2016-11-15'), '400 MissingParameter');
      const json = { 'x-amz-target': 'AmazonSSM.StartSession', 'content-type': 'application/x-amz-json-1.1' };
      assert.equal(await send(json, '{}'), '400 MissingAuthenticationTokenException');
    });

    it('are refused when the Authorization header is of no use', async () => {
      assert.equal(await send({ authorization: 'Bearer abc' }), '400 IncompleteSignature');
    });

    it('are refused when signed for another service', async () => {
      assert.equal(await post('s3'), '403 SignatureDoesNotMatch');
    });

    it('are refused when a header that has to be signed is not', async () => {
      const extra = { 'x-amz-target': 'AmazonSSM.StartSession' };
      assert.equal(await post('sts', { extra }), '403 SignatureDoesNotMatch');
      assert.equal(await post('sts', { names: ['x-amz-date'] }), '403 SignatureDoesNotMatch');
      assert.equal(await post('sts', { names: ['host'] }), '403 SignatureDoesNotMatch');
    });

    it('are refused when the payload is not the one whose hash they carry', async () => {
      const extra = { 'x-amz-content-sha256': '0'.repeat(64) };
      assert.equal(await post('sts', { extra }), '403 SignatureDoesNotMatch');
    });

    it('are turned away when they are for no service, or too large', async () => {
      assert.match(await send({}, 'Action=Nothing&Version=1999-01-01'), /^404 /);
      assert.match(await send({}, 'x'.repeat(1024 * 1024 + 1)), /^413 /);
    });
  });

  describe('in the files that it writes', () => {
    let directory: string;
    const inherited = { ...process.env };

    beforeEach(async () => {
      for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
      directory = await mkdtemp(join(tmpdir(), 'sallyport-config-'));
    });
    afterEach(async () => {
      for (const name of Object.keys(process.env)) if (!(name in inherited)) delete process.env[name];
      Object.assign(process.env, inherited);
      await rm(directory, { recursive: true, force: true });
    });

    it('are found by the standard chain, with region and endpoint', async () => {
      const { env } = await sandbox.writeAwsConfig(directory);
      Object.assign(process.env, env);
      const outcome = async (profile: string): Promise<string> => {
        // The SDK takes `endpoint_url` from the profile that AWS_PROFILE names, whatever profile a client is given.
        process.env['AWS_PROFILE'] = profile;
        const client = new STSClient({ maxAttempts: 1 });
        try {
          return (await client.send(new GetCallerIdentityCommand({}))).Account ?? '';
        } catch (error) {
          return (error as Error).name;
        } finally {
          client.destroy();
        }
      };
      assert.equal(await outcome('dev'), '111122223333');
      assert.equal(await outcome('dev-second'), '444455556666');
      assert.equal(await outcome('denied'), '111122223333');
      assert.equal(await outcome('expired'), 'ExpiredToken');
      assert.equal(await outcome('wrongkey'), 'SignatureDoesNotMatch');
      process.env['AWS_PROFILE'] = 'noregion';
      const noRegion = new EC2Client();
      assert.match((await failure(noRegion.send(new DescribeVpcsCommand({})))).message, /Region is missing/);
      noRegion.destroy();
    });

    it('are readable by their owner only, and hold secrets in the credentials file alone', async () => {
      const { configFile, credentialsFile } = await sandbox.writeAwsConfig(directory);
      if (process.platform !== 'win32') assert.equal((await stat(credentialsFile)).mode & 0o077, 0);
      const { secretAccessKey } = credentialsOf(sandbox, 'dev');
      assert.ok(!(await readFile(configFile, 'utf8')).includes(secretAccessKey));
      assert.ok((await readFile(credentialsFile, 'utf8')).includes(secretAccessKey));
    });
  });
});
