import assert from 'node:assert/strict';
import { iamToken } from '../../../src/aws/iamAuth';
import type { TokenRequest } from '../../../src/aws/iamAuth';
import { iamCacheOf } from '../../../src/model/cacheLogin';
import { Identities } from '../../sandbox/identity';
import type { IamCacheRow } from '../../sandbox/iamTokens';
import { tokenFlaw } from '../../sandbox/iamTokens';
import { describeWorld } from '../../sandbox/world';

const date = new Date('2026-01-02T03:04:05Z');
const region = 'eu-central-1';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const node = { service: 'elasticache', name: 'orders-cache', serverless: false, region } as const;
const memoryDb = { service: 'memorydb', name: 'carts', serverless: false, region } as const;

function token(more: Partial<TokenRequest> = {}): Promise<string> {
  return iamToken({ cache: node, user: 'app', credentials, date, ...more });
}

describe('IAM tokens of caches', () => {
  const signatureIn = (text: string): string | undefined => /X-Amz-Signature=([0-9a-f]{64})(?:&|$)/.exec(text)?.[1];

  it('have the signature that is worked out by hand', async () => {
    // From the specification of SigV4, by another program in another language.
    const odd = { ...credentials, sessionToken: "to/ken+=!'()*" };
    assert.equal(signatureIn(await token()), 'e8d418be3500e86d3d13fa14917c3d575161526c5707a2394c93c4597135e39a');
    assert.equal(signatureIn(await token({ cache: { ...node, serverless: true } })), '9147b24df4045f3423e86e2115f87581158ee85c9403525f6d5ef65ff54bf4ad');
    assert.equal(signatureIn(await token({ cache: memoryDb, credentials: odd })), 'a74ac6a07eaa1e35b6d5e2ebbff15d4fdb10f09a40e266838bfcc4899b523d48');
  });

  it('are a URL without its scheme, under the name of the cache', async () => {
    const text = await token({ cache: { ...node, name: 'Orders-Cache' }, user: 'App' });
    assert.ok(text.startsWith('orders-cache/?'), text);
    const query = new URL(`https://${text}`).searchParams;
    const { 'X-Amz-Signature': _, ...rest } = Object.fromEntries(query);
    assert.deepEqual(rest, {
      Action: 'connect',
      User: 'app',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIDEXAMPLE/20260102/eu-central-1/elasticache/aws4_request',
      'X-Amz-Date': '20260102T030405Z',
      'X-Amz-Expires': '900',
      'X-Amz-SignedHeaders': 'host',
    });
  });

  it('encode what encodeURIComponent leaves', async () => {
    const text = await token({ credentials: { ...credentials, sessionToken: "a!'()*b" } });
    assert.ok(text.includes('X-Amz-Security-Token=a%21%27%28%29%2Ab'), text);
  });

  it('are accepted by the service for what they say, and for nothing else', async () => {
    const world = describeWorld();
    const now = date.getTime();
    const identities = new Identities(world, () => now);
    const key = identities.find('AKIASANDBOXDEV000001')!;
    const own = { accessKeyId: key.id, secretAccessKey: key.secret };
    const cache: IamCacheRow = node;
    const good = await token({ credentials: own });
    const flaw = (text: string, user = 'app', row = cache, at = now): string | undefined => tokenFlaw(text, user, row, identities, at);
    assert.equal(flaw(good), undefined);
    assert.equal(flaw(good, 'app', cache, now + 15 * 60_000), undefined);
    assert.equal(flaw(good, 'app', cache, now + 15 * 60_000 + 1), 'expired');
    assert.equal(flaw(good, 'other'), 'user');
    assert.equal(flaw(good, 'app', { ...cache, name: 'another' }), 'host');
    assert.equal(flaw(good, 'app', { ...cache, serverless: true }), 'resource type');
    assert.equal(flaw(good, 'app', { ...cache, region: 'us-east-1' }), 'scope');
    assert.equal(flaw(await token({ credentials: own, cache: { ...node, name: 'master.orders-cache.x.cache.amazonaws.com' } })), 'host');
    assert.equal(flaw(await token({ credentials: own, cache: memoryDb }), 'app', memoryDb), undefined);
    assert.equal(flaw(await token({ credentials: { ...own, secretAccessKey: 'another' } })), 'signature');
    assert.equal(flaw(good.replace('User=app', 'User=apq'), 'apq'), 'signature');
    assert.equal(flaw(`http://${good}`), 'scheme');
  });

  it('are for what an ARN names', () => {
    const at = (rest: string): unknown => iamCacheOf({ id: `arn:aws:${rest}` });
    assert.deepEqual(at('elasticache:eu-central-1:111122223333:replicationgroup:orders'), { ...node, name: 'orders' });
    assert.deepEqual(at('elasticache:eu-central-1:111122223333:serverlesscache:Burst'), { ...node, name: 'burst', serverless: true });
    assert.deepEqual(at('memorydb:eu-central-1:111122223333:cluster/carts'), memoryDb);
    assert.deepEqual(iamCacheOf({ id: 'arn:aws-us-gov:memorydb:us-gov-west-1:111122223333:cluster/carts' }), { ...memoryDb, region: 'us-gov-west-1' });
    for (const rest of ['elasticache:eu-central-1:1:cluster:alone', 'memorydb:eu-central-1:1:replicationgroup:x', 'rds:eu-central-1:1:cluster:x']) {
      assert.equal(at(rest), undefined, rest);
    }
    assert.equal(iamCacheOf({ id: 'custom:orders' }), undefined);
  });
});
