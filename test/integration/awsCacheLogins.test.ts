import assert from 'node:assert/strict';
import { isFault } from '../../src/base/fault';
import type { Place } from '../../src/model/target';
import { tokenFlaw } from '../sandbox/iamTokens';
import { Identities } from '../sandbox/identity';
import { type AwsBench, awsBench } from './awsBench';

const never = new AbortController().signal;
const place: Place = { profile: 'dev', region: 'eu-central-1', accountId: '111122223333' };
const cache = { service: 'elasticache', name: 'orders', serverless: false, region: 'eu-central-1' } as const;

describe('logins of caches that AWS has', () => {
  let bench: AwsBench;

  before(async () => {
    bench = await awsBench();
  });
  after(() => bench?.close());

  const failure = async (work: Promise<unknown>): Promise<{ code: string; message: string; remedy: unknown }> => {
    const error: unknown = await work.then(() => assert.fail('no fault'), (reason: unknown) => reason);
    assert.ok(isFault(error));
    return { code: error.code, message: error.message, remedy: error.remedy };
  };

  it('are signed with the profile’s credentials, without a call', async () => {
    const calls = bench.sandbox.requests.all().length;
    const token = await bench.aws.cacheLogins.token({ ...place, region: 'us-east-1' }, cache, 'app', never);
    assert.equal(tokenFlaw(token, 'app', cache, new Identities(bench.sandbox.world, Date.now), Date.now()), undefined);
    assert.equal(bench.sandbox.requests.all().length, calls);
    const { code } = await failure(bench.aws.cacheLogins.token({ ...place, profile: 'nobody' }, cache, 'app', never));
    assert.match(code, /^aws\./);
  });

  it('are read from a secret, by its name or its ARN, in whatever region that is', async () => {
    const { cacheLogins } = bench.aws;
    assert.equal(await cacheLogins.secret(place, 'shop/cache-token', never), 'sandbox-auth-token-0001');
    const account = bench.sandbox.world.secrets[0]!.accountId;
    assert.equal(await cacheLogins.secret(place, `arn:aws:secretsmanager:us-east-1:${account}:secret:far/cache-a1B2c3`, never), 'elsewhere');
    assert.match(await cacheLogins.secret(place, `arn:aws:secretsmanager:eu-central-1:${account}:secret:shop/cache`, never), /"username":"reader"/);
  });

  it('say what is wrong with a secret, and never what it holds', async () => {
    const { cacheLogins } = bench.aws;
    const gone = await failure(cacheLogins.secret(place, 'shop/none', never));
    assert.deepEqual([gone.code, gone.message], ['secrets.notFound', 'Secret "shop/none" does not exist in eu-central-1.']);
    assert.equal((await failure(cacheLogins.secret(place, 'shop/deleted', never))).code, 'secrets.unusable');
    assert.equal((await failure(cacheLogins.secret(place, 'shop/binary', never))).code, 'secrets.binary');
  });

  it('name the permission that is missing', async () => {
    bench.sandbox.faults.add({ service: 'secretsmanager', action: 'GetSecretValue', kind: 'accessDenied', times: 1 });
    const { code, message } = await failure(bench.aws.cacheLogins.secret(place, 'shop/cache', never));
    assert.equal(code, 'aws.accessDenied');
    assert.match(message, /^No permission for secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:/);
  });
});
