import { timingSafeEqual } from 'node:crypto';
import type { Identities } from './identity';
import { isDenied } from './identity';
import { ALGORITHM, signatureOf } from './sigv4';

/** The service's side of IAM logins (ElastiCache and MemoryDB user guides, "Authenticating with IAM"). */

/** The cache that is logged in to. */
export interface IamCacheRow {
  readonly service: 'elasticache' | 'memorydb';
  readonly name: string;
  readonly serverless: boolean;
  readonly region: string;
}

const MAX_SECONDS = 900;
const MAX_AHEAD_MS = 5 * 60_000;

/** Why the token does not log the user in; undefined when it does. The real service tells nobody. */
export function tokenFlaw(token: string, user: string, cache: IamCacheRow, identities: Identities, now: number): string | undefined {
  const [host = '', text = ''] = token.split('/?');
  const query = new Map(text.split('&').map((pair): [string, string] => [decoded(pair.split('=')[0]), decoded(pair.split('=')[1])]));
  const is = (name: string): string => query.get(name) ?? '';
  const [keyId = '', date = '', region = '', service = '', end = ''] = is('X-Amz-Credential').split('/');
  const madeAt = timeOf(is('X-Amz-Date'));
  const seconds = Number(is('X-Amz-Expires'));
  const key = identities.find(keyId);
  if (token.includes('://')) return 'scheme';
  if (/[!'()* ]/.test(text)) return 'encoding';
  if (is('X-Amz-Algorithm') !== ALGORITHM || end !== 'aws4_request' || !is('X-Amz-Date').startsWith(date)) return 'form';
  if (host !== cache.name) return 'host';
  if (is('Action') !== 'connect') return 'action';
  if (is('User') !== user || user !== user.toLowerCase()) return 'user';
  if ((is('ResourceType') === 'ServerlessCache') !== cache.serverless || query.has('ResourceType') !== cache.serverless) return 'resource type';
  if (service !== cache.service || region !== cache.region) return 'scope';
  if (!(seconds > 0 && seconds <= MAX_SECONDS) || now > madeAt + seconds * 1000) return 'expired';
  if (!(madeAt <= now + MAX_AHEAD_MS)) return 'too early';
  if (!key || is('X-Amz-Security-Token') !== (key.sessionToken ?? '')) return 'key';
  if (key.expiresAt !== undefined && key.expiresAt <= now) return 'expired credentials';
  if (is('X-Amz-SignedHeaders') !== 'host') return 'signed headers';
  const signed = text.split('&').filter((pair) => !pair.startsWith('X-Amz-Signature=')).join('&');
  const request = { method: 'GET', url: `/?${signed}`, headers: [['host', host]] as const, body: Buffer.alloc(0) };
  const expected = signatureOf(request, ['host'], is('X-Amz-Date'), { date, region, service }, key.secret);
  const given = is('X-Amz-Signature');
  if (given.length !== expected.length || !timingSafeEqual(Buffer.from(given), Buffer.from(expected))) return 'signature';
  return isDenied(key, `${cache.service}:${cache.service === 'elasticache' ? 'Connect' : 'connect'}`) ? 'permission' : undefined;
}

function decoded(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** NaN for what is no time. */
function timeOf(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
