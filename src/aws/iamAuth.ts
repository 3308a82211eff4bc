import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import type { IamCache } from '../model/cacheLogin';
import type { Credentials } from './clients/settings';

/** The longest that the services accept (ElastiCache and MemoryDB user guides, "Authenticating with IAM"). */
const EXPIRES_SECONDS = 900;

export interface TokenRequest {
  readonly cache: IamCache;
  /** Id of the user. */
  readonly user: string;
  readonly credentials: Credentials;
  /** Of the signature. */
  readonly date: Date;
}

/**
 * The password of an IAM user of a cache: a request to connect, signed in its query, without its scheme. Nobody ever sends
 * it; its host is the cache's name. A secret.
 */
export async function iamToken({ cache, user, credentials, date }: TokenRequest): Promise<string> {
  const { service, name, serverless, region } = cache;
  const host = name.toLowerCase();
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const { query } = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: host,
      path: '/',
      headers: { host },
      query: { Action: 'connect', User: user.toLowerCase(), ...(serverless && { ResourceType: 'ServerlessCache' }) },
    },
    { expiresIn: EXPIRES_SECONDS, signingDate: date },
  );
  const pairs = Object.entries(query ?? {}).map(([key, value]) => `${encoded(key)}=${encoded(String(value))}`);
  return `${host}/?${pairs.join('&')}`;
}

/** As signatures want it (RFC 3986): more than `encodeURIComponent` does. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
