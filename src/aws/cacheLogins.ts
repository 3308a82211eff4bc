import type { Clock } from '../base/clock';
import { Fault } from '../base/fault';
import type { CacheLogins, IamCache } from '../model/cacheLogin';
import type { DiscoveryScope } from '../model/inventory';
import type { AwsAccess } from './access';
import { iamToken } from './iamAuth';

/** The logins of caches that AWS has: IAM tokens, signed here, and secrets. Neither is kept. */
export class AwsCacheLogins implements CacheLogins {
  readonly #access: AwsAccess;
  readonly #clock: Clock;

  constructor(access: AwsAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  async token(place: DiscoveryScope, cache: IamCache, user: string, signal: AbortSignal): Promise<string> {
    const session = await this.#access.open({ profile: place.profile, region: cache.region }, signal);
    const credentials = await session.credentials(signal);
    return iamToken({ cache, user, credentials, date: new Date(this.#clock.wall()) });
  }

  async secret(place: DiscoveryScope, id: string, signal: AbortSignal): Promise<string> {
    // A secret's ARN says where it is, which need not be where the cache is.
    const region = /^arn:[\w-]+:secretsmanager:([\w-]+):/.exec(id)?.[1] ?? place.region;
    const session = await this.#access.open({ profile: place.profile, region }, signal);
    const api = session.secretsManager;
    const { SecretString } = await session.call(
      'secretsmanager:GetSecretValue',
      (abortSignal) => api.getSecretValue({ SecretId: id }, { abortSignal }),
      signal,
      { subject: id, urgent: true },
    );
    if (typeof SecretString === 'string') return SecretString;
    throw new Fault('secrets.binary', `Secret "${id}" is binary; a login is text.`, {
      remedy: { text: 'Choose a secret that is text or JSON.', action: 'changeLogin' },
    });
  }
}
