import type { ServerlessCache } from '@aws-sdk/client-elasticache';
import { asFault, isCancelled } from '../../base/fault';
import type { Fault } from '../../base/fault';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place, Target } from '../../model/target';
import { faultPart } from '../discovery';
import { pages } from '../paging';
import { cacheEndpoint } from './cacheClusters';
import type { ProviderContext } from './context';

const ID = 'elasticache.serverless';
/** The largest page. */
const PAGE = 50;
/** EC2 takes at most this many values in one filter. */
const FILTER_VALUES = 200;

/** Serverless caches, one part per page. Their VPC comes from their subnets; without that right they come without it. */
export function serverlessCaches({ session, place }: ProviderContext): ResourceProvider {
  async function vpcsOf(subnetIds: readonly string[], signal: AbortSignal): Promise<[string, string][]> {
    const ec2 = await session.ec2();
    const action = 'ec2:DescribeSubnets';
    const found: [string, string][] = [];
    for (let from = 0; from < subnetIds.length; from += FILTER_VALUES) {
      // A filter and not SubnetIds: one subnet that is gone would fail the whole call.
      const filter = { Name: 'subnet-id', Values: subnetIds.slice(from, from + FILTER_VALUES) };
      const batch = pages(action, async (token) => {
        const input = { Filters: [filter], ...(token && { NextToken: token }) };
        const answer = await session.call(action, (abortSignal) => ec2.describeSubnets(input, { abortSignal }), signal);
        return { items: answer.Subnets ?? [], next: answer.NextToken };
      });
      for await (const subnets of batch) {
        for (const { SubnetId, VpcId } of subnets) if (SubnetId && VpcId) found.push([SubnetId, VpcId]);
      }
    }
    return found;
  }

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
          for (const [subnet, vpc] of await vpcsOf(missing, signal)) vpcs.set(subnet, vpc);
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
    endpoints: [...cacheEndpoint('primary', cache.Endpoint), ...cacheEndpoint('reader', cache.ReaderEndpoint)],
    // A serverless cache always speaks the cluster protocol, where its engine has one, and always encrypts.
    clusterMode: engine !== 'memcached',
    tls: 'required',
    auth: cache.UserGroupId ? 'users' : 'none',
    ...(vpcId && { vpcId }),
    subnetIds,
    securityGroupIds: cache.SecurityGroupIds ?? [],
  };
}
