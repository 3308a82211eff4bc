import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { iamToken } from '../../src/aws/iamAuth';
import { Fault, isFault } from '../../src/base/fault';
import { sessionOpener } from '../../src/redis/session';
import type { LoginSource, RedisSession, RedisSessionOptions } from '../../src/redis/types';
import { eventually } from '../fixtures/eventually';
import { FakeClock } from '../fixtures/fakeClock';
import { type IamCacheRow, tokenFlaw } from '../sandbox/iamTokens';
import { Identities } from '../sandbox/identity';
import { CertificateAuthority } from '../sandbox/servers/certificates';
import { type IamRedis, startIamRedis } from '../sandbox/servers/iamRedis';
import { startRedis } from '../sandbox/servers/redis';
import { describeWorld } from '../sandbox/world';

const never = new AbortController().signal;
const MINUTE = 60_000;
const HOST = 'master.orders.x1y2z3.euc1.cache.amazonaws.com';
const region = 'eu-central-1';

describe('IAM logins of a Redis session', () => {
  let directory: string;
  let ca: string;
  let server: IamRedis;
  let row: IamCacheRow;
  /** How far the service's clock is before that of the one who signs, ms. */
  let ahead: number;
  let clock: FakeClock;
  const identities = new Identities(describeWorld(), Date.now);
  const key = identities.find('AKIASANDBOXDEV000001')!;
  const credentials = { accessKeyId: key.id, secretAccessKey: key.secret };
  const sessions: RedisSession[] = [];

  before(async function () {
    this.timeout(60_000);
    directory = await mkdtemp(join(tmpdir(), 'sallyport-iam-'));
    const authority = await CertificateAuthority.create(directory);
    ca = await readFile(authority.caFile, 'utf8');
    const flaw = (token: string, user: string): string | undefined => tokenFlaw(token, user, row, identities, Date.now() + ahead);
    server = await startIamRedis({ certificate: await authority.issue([HOST]), users: ['app', 'App'], flaw });
  });
  after(async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    row = { service: 'elasticache', name: 'orders', serverless: false, region };
    ahead = 0;
    clock = new FakeClock();
    server.logins.length = 0;
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  /** Signs for `named`, whatever the service stands for. */
  function source(named: Partial<IamCacheRow> = {}, user = 'app', signedUser = user): LoginSource {
    return {
      kind: 'iam',
      name: 'elasticache:Connect',
      fresh: async () => ({
        username: user,
        password: await iamToken({ cache: { ...row, ...named }, user: signedUser, credentials, date: new Date() }),
      }),
    };
  }

  const options = (loginSource: LoginSource, more: Partial<RedisSessionOptions> = {}): RedisSessionOptions => ({
    local: { host: '127.0.0.1', port: server.port },
    endpoint: { host: HOST, port: 6379 },
    tls: 'required',
    ca,
    loginSource,
    ...more,
  });

  async function open(loginSource: LoginSource): Promise<RedisSession> {
    const session = await sessionOpener({ clock })(options(loginSource), never);
    sessions.push(session);
    return session;
  }

  const run = async (session: RedisSession, line: string): Promise<string> => (await session.run(line, never)).text;

  async function refusal(loginSource: LoginSource, more: Partial<RedisSessionOptions> = {}): Promise<Fault> {
    const error: unknown = await sessionOpener({ clock })(options(loginSource, more), never).then(
      () => assert.fail('no fault'),
      (reason: unknown) => reason,
    );
    assert.ok(isFault(error), inspect(error));
    assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes('X-Amz-Signature'), 'the token is in the error');
    return error;
  }

  it('work for node-based and serverless caches and for MemoryDB', async () => {
    for (const more of [{}, { serverless: true, name: 'burst' }, { service: 'memorydb' as const, name: 'carts' }]) {
      row = { ...row, serverless: false, ...more };
      assert.equal(await run(await open(source()), 'ACL WHOAMI'), '"app"');
    }
    assert.deepEqual(server.logins.map(({ flaw }) => flaw), [undefined, undefined, undefined]);
  });

  it('are refused with what to check, for whatever reason', async () => {
    const cases: readonly [string, LoginSource][] = [
      ['host', source({ name: HOST })],
      ['resource type', source({ serverless: true })],
      ['scope', source({ service: 'memorydb' })],
      ['user', source({}, 'app', 'other')],
      ['user', source({}, 'App')],
      ['no such user', source({}, 'nobody')],
    ];
    for (const [flaw, wrong] of cases) {
      const fault = await refusal(wrong);
      assert.equal(server.logins.at(-1)!.flaw, flaw);
      assert.equal(fault.code, 'redis.iamRefused');
      assert.equal(fault.retryable, false);
      assert.equal(fault.remedy?.action, 'changeLogin');
      assert.match(fault.remedy.text, /elasticache:Connect is allowed on both the cache and the user.*clock is right/);
    }
    row = { ...row, serverless: true };
    assert.equal((await refusal(source({ serverless: false }))).code, 'redis.iamRefused');
    assert.equal(server.logins.at(-1)!.flaw, 'resource type');
  });

  it('are refused once the token is older than a quarter of an hour, or from the future', async () => {
    ahead = 15 * MINUTE + 1000;
    assert.equal((await refusal(source())).code, 'redis.iamRefused');
    ahead = -10 * MINUTE;
    assert.equal((await refusal(source())).code, 'redis.iamRefused');
    assert.deepEqual(server.logins.map(({ flaw }) => flaw), ['expired', 'too early']);
  });

  it('send no token without TLS', async () => {
    const plain = await startRedis();
    try {
      let made = 0;
      const counting: LoginSource = { ...source(), fresh: async () => ({ password: String(made++) }) };
      const fault = await refusal(counting, { tls: 'off', local: { host: plain.host, port: plain.port } });
      assert.equal(fault.code, 'redis.iamNeedsTls');
      assert.equal(made, 0);
    } finally {
      await plain.stop();
    }
  });

  it('take a new token at each connection', async () => {
    let made = 0;
    const own = source();
    const session = await open({
      ...own,
      fresh: (signal) => {
        made++;
        return own.fresh(signal);
      },
    });
    server.cut();
    await eventually(() => session.state === 'lost');
    assert.equal(await run(session, 'ACL WHOAMI'), '"app"');
    assert.equal(made, 2);
    assert.equal(server.logins.length, 2);
  });

  it('are renewed on the open connection before AWS cuts it', async () => {
    const session = await open(source());
    clock.advance((11 * 60 + 45) * MINUTE);
    await eventually(() => server.logins.length === 2);
    assert.equal(await run(session, 'PING'), 'PONG');
    assert.equal(server.logins[1]!.flaw, undefined);
    clock.advance((11 * 60 + 45) * MINUTE);
    await eventually(() => server.logins.length === 3);
  });

  it('are not renewed inside a transaction, but right after it', async () => {
    const session = await open(source());
    for (const end of ['EXEC', 'DISCARD']) {
      const before = server.logins.length;
      await run(session, 'MULTI');
      clock.advance(12 * 60 * MINUTE);
      assert.equal(await run(session, 'SET key value'), 'QUEUED');
      assert.equal(server.logins.length, before);
      assert.match(await run(session, end), /OK/);
      await eventually(() => server.logins.length === before + 1);
      assert.equal(server.logins.at(-1)!.flaw, undefined);
      await eventually(() => clock.pending === 1);
    }
  });

  it('leave a login that was typed alone', async () => {
    const session = await open(source());
    const token = (await source().fresh(never)).password;
    assert.equal(await run(session, `AUTH app '${token}'`), 'OK');
    clock.advance(12 * 60 * MINUTE);
    assert.equal(await run(session, 'PING'), 'PONG');
    assert.equal(server.logins.length, 2);
  });

  it('of a secret that the server refuses say so', async () => {
    const secret: LoginSource = { kind: 'secret', name: 'shop/cache', fresh: async () => ({ username: 'app', password: 'old' }) };
    const fault = await refusal(secret);
    assert.equal(fault.code, 'redis.secretRefused');
    assert.match(fault.message, /refused the login of secret "shop\/cache"\.$/);
  });

  it('fail as whoever makes the token does', async () => {
    const broken: LoginSource = { ...source(), fresh: () => Promise.reject(new Fault('aws.notSignedIn', 'Sign in.')) };
    assert.equal((await refusal(broken)).code, 'aws.notSignedIn');
  });
});
