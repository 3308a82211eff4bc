import type { Endpoint, ServerlessCache } from '@aws-sdk/client-elasticache';
import { asFault, isCancelled } from '../../base/fault';
import type { Fault } from '../../base/fault';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { EndpointRole, Place, Target, TargetEndpoint } from '../../model/target';
import { faultPart } from '../discovery';
import { pages } from '../paging';
import { cacheEndpoint } from './cacheClusters';
import type { ProviderContext } from './context';
import { subnetVpcs } from './subnetVpcs';

const ID = 'elasticache.serverless';
/** The largest page. */
const PAGE = 50;

/** Serverless caches, one part per page. Their VPC comes from their subnets; without that right they come without it. */
export function serverlessCaches({ session, place }: ProviderContext): ResourceProvider {
  function cachePages(signal: AbortSignal): AsyncGenerator<readonly ServerlessCache[], void, undefined> {
    const action = 'elasticache:DescribeServerlessCaches';
    return pages(action, async (token) => {
      const api = await session.elastiCache();
      const input = { MaxResults: PAGE, ...(token && { NextToken: token }) };
      const answer = await session.call(action, (abortSignal) => api.describeServerlessCaches(input, { abortSignal }), signal);
      return { items: answer.ServerlessCaches ?? [], next: answer.NextToken };
    });
  }

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const vpcs = new Map<string, string>();
    const asked = new Set<string>();
    let fault: Fault | undefined;
    for await (const page of cachePages(signal)) {
      const missing = [...new Set(page.flatMap(({ SubnetIds }) => SubnetIds ?? []))].filter((id) => !asked.has(id));
      if (missing.length > 0 && !fault) {
        try {
          for (const [subnet, vpc] of await subnetVpcs(session, missing, signal)) vpcs.set(subnet, vpc);
        } catch (error) {
          if (isCancelled(error)) throw error;
          fault = asFault(error);
        }
        for (const id of missing) asked.add(id);
      }
      yield { kind: 'targets', provider: ID, targets: page.flatMap((cache) => serverlessTarget(cache, vpcs, place) ?? []) };
    }
    if (fault) yield faultPart(ID, fault);
  }

  return { id: ID, discover };
}

/**
 * Undefined only for a cache without a name, which AWS does not send.
 * @param vpcs VPC id by subnet id, as far as known
 */
export function serverlessTarget(cache: ServerlessCache, vpcs: ReadonlyMap<string, string>, place: Place): Target | undefined {
  const name = cache.ServerlessCacheName;
  const engine = cache.Engine ?? 'redis';
  if (!name) return undefined;
  const subnetIds = cache.SubnetIds ?? [];
  const vpcId = subnetIds.map((id) => vpcs.get(id)).find((id) => id !== undefined);
  const engineVersion = cache.FullEngineVersion ?? cache.MajorEngineVersion;
  return {
    id: cache.ARN ?? `arn:aws:elasticache:${place.region}:${place.accountId}:serverlesscache:${name}`,
    kind: 'elasticache.serverless',
    name,
    place,
    engine,
    ...(engineVersion && { engineVersion }),
    status: cache.Status ?? 'unknown',
    endpoints: [...endpointOf('primary', cache.Endpoint), ...endpointOf('reader', cache.ReaderEndpoint)],
    // A serverless cache always speaks the cluster protocol, where its engine has one, and always encrypts.
    clusterMode: engine !== 'memcached',
    tls: 'required',
    auth: cache.UserGroupId ? 'users' : 'none',
    ...(vpcId && { vpcId }),
    subnetIds,
    securityGroupIds: cache.SecurityGroupIds ?? [],
  };
}

/**
 * A cache of the connection type `public` says so in its addresses, as in `x-a1b2c3.public.serverless.use1.cache.amazonaws.com`
 * (user guide of ElastiCache, "Create a Valkey serverless cache with a public endpoint"). The API has a member for it since
 * September 2026, ConnectionType, which the SDK in use does not know and leaves out.
 */
function endpointOf(role: EndpointRole, given: Endpoint | undefined): TargetEndpoint[] {
  const [endpoint] = cacheEndpoint(role, given);
  if (!endpoint) return [];
  return [/\.public\.serverless\./i.test(endpoint.host) ? { ...endpoint, public: true } : endpoint];
}
