import type { Place } from './target';

/** A cache that knows IAM users, as its tokens name it. */
export interface IamCache {
  /** The service that signatures are for. */
  readonly service: 'elasticache' | 'memorydb';
  /** Of the replication group, the serverless cache or the cluster: never of an endpoint. Lower case. */
  readonly name: string;
  readonly serverless: boolean;
  readonly region: string;
}

/** What a login to a cache is made of where AWS has it. Everything that comes back is a secret: never logged, never kept. */
export interface CacheLogins {
  /**
   * A token for AUTH in the cache's own region, valid for 15 minutes or as long as the credentials, whichever ends first. Make one for each AUTH.
   * @param user id of the user, which is its name too; lower-cased
   * @throws Fault `aws.*` of the credentials
   */
  token(place: Place, cache: IamCache, user: string, signal: AbortSignal): Promise<string>;
  /**
   * What a secret of Secrets Manager holds now, as text of at most 64 KiB.
   * @param id its ARN or its name
   * @throws Fault `secrets.notFound`, `secrets.binary`, `secrets.unusable`, `aws.*`
   */
  secret(place: Place, id: string, signal: AbortSignal): Promise<string>;
}

/**
 * The cache by its ARN; undefined for what knows no IAM users: single clusters without a replication group, and targets
 * that the person has named, of which nobody knows what they are.
 */
export function iamCacheOf({ id }: { readonly id: string }): IamCache | undefined {
  const [, service, region, kind, name] =
    /^arn:[\w-]+:(elasticache|memorydb):([\w-]+):\d*:(replicationgroup:|serverlesscache:|cluster\/)([\w-]+)$/.exec(id) ?? [];
  if (region === undefined || name === undefined || (service === 'memorydb') !== (kind === 'cluster/')) return undefined;
  return { service: service === 'memorydb' ? 'memorydb' : 'elasticache', name: name.toLowerCase(), serverless: kind === 'serverlesscache:', region };
}

/** Where the target's secrets are most likely: a route's place is that of its bastion, which may stand in another region. */
export function regionOf({ id }: { readonly id: string }, { region }: Place): string {
  return /^arn:[\w-]+:[\w-]+:([\w-]+):/.exec(id)?.[1] ?? region;
}

/** Names of the text fields of a secret that is a JSON object, in its order; undefined for any other text. */
export function secretFields(text: string): readonly string[] | undefined {
  const members = membersOf(text);
  return members && Object.entries(members).flatMap(([name, value]) => (typeof value === 'string' && value !== '' ? [name] : []));
}

/** @param field of the JSON object; absent: the whole text. Undefined where there is no such text. */
export function secretField(text: string, field: string | undefined): string | undefined {
  if (field === undefined) return text === '' ? undefined : text;
  const members = membersOf(text);
  const value = members && Object.hasOwn(members, field) ? members[field] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function membersOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
