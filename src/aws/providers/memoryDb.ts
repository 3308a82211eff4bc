import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { EndpointRole, Place, Target, TargetEndpoint } from '../../model/target';
import type { MemoryDbCluster, MemoryDbEndpoint, MemoryDbSubnetGroup } from '../clients/memoryDb';
import { attempt, faultPart, valueOf } from '../discovery';
import { collect, pages } from '../paging';
import type { ProviderContext } from './context';
import { IF_OFFERED, whereOffered } from './offered';

const ID = 'memorydb.clusters';
/** A page of this many clusters stays small even where each has dozens of nodes. */
const PAGE = 50;
/** The access control list that asks nobody for a login. */
const OPEN_ACL = 'open-access';

/**
 * MemoryDB clusters, one part per page; their subnet groups are asked for only where there is a cluster. Nothing, and no
 * fault, in a region that has no MemoryDB.
 */
export function memoryDbClusters({ session, place }: ProviderContext): ResourceProvider {
  function clusterPages(signal: AbortSignal): AsyncGenerator<readonly MemoryDbCluster[], void, undefined> {
    const action = 'memorydb:DescribeClusters';
    return pages(action, async (token) => {
      const api = await session.memoryDb();
      const input = { MaxResults: PAGE, ...(token && { NextToken: token }) };
      const answer = await session.call(action, (abortSignal) => api.describeClusters(input, { abortSignal }), signal, IF_OFFERED);
      return { items: answer.Clusters ?? [], next: answer.NextToken };
    });
  }

  function subnetGroupPages(signal: AbortSignal): AsyncGenerator<readonly MemoryDbSubnetGroup[], void, undefined> {
    const action = 'memorydb:DescribeSubnetGroups';
    return pages(action, async (token) => {
      const api = await session.memoryDb();
      const input = { MaxResults: PAGE, ...(token && { NextToken: token }) };
      const answer = await session.call(action, (abortSignal) => api.describeSubnetGroups(input, { abortSignal }), signal);
      return { items: answer.SubnetGroups ?? [], next: answer.NextToken };
    });
  }

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    let subnetGroups: readonly MemoryDbSubnetGroup[] | undefined;
    for await (const page of whereOffered(clusterPages(signal))) {
      if (page.length > 0 && !subnetGroups) {
        const told = await attempt(collect(subnetGroupPages(signal)));
        if ('fault' in told) yield faultPart(ID, told.fault);
        subnetGroups = valueOf(told);
      }
      const targets = page.flatMap((cluster) => memoryDbTarget(cluster, subnetGroups ?? [], place) ?? []);
      yield { kind: 'targets', provider: ID, targets };
    }
  }

  return { id: ID, discover };
}

/** Undefined only for a cluster without a name, which AWS does not send. */
export function memoryDbTarget(cluster: MemoryDbCluster, subnetGroups: readonly MemoryDbSubnetGroup[], place: Place): Target | undefined {
  const name = cluster.Name;
  if (!name) return undefined;
  const subnetGroup = subnetGroups.find((group) => group.Name !== undefined && group.Name === cluster.SubnetGroupName);
  const nodes = (cluster.Shards ?? []).flatMap(({ Nodes }) => Nodes ?? []);
  return {
    id: cluster.ARN ?? `arn:aws:memorydb:${place.region}:${place.accountId}:cluster/${name}`,
    kind: 'memorydb.cluster',
    name,
    place,
    engine: cluster.Engine ?? 'redis',
    ...(cluster.EngineVersion && { engineVersion: cluster.EngineVersion }),
    status: cluster.Status ?? 'unknown',
    endpoints: [
      ...endpointOf('configuration', cluster.ClusterEndpoint),
      ...nodes.flatMap((node) => endpointOf('node', node.Endpoint, node.Name)),
    ],
    // MemoryDB has no other mode.
    clusterMode: true,
    tls: cluster.TLSEnabled ? 'required' : 'off',
    auth: cluster.ACLName === undefined || cluster.ACLName === OPEN_ACL ? 'none' : 'users',
    ...(subnetGroup?.VpcId && { vpcId: subnetGroup.VpcId }),
    subnetIds: (subnetGroup?.Subnets ?? []).flatMap(({ Identifier }) => Identifier ?? []),
    securityGroupIds: (cluster.SecurityGroups ?? []).flatMap(({ SecurityGroupId }) => SecurityGroupId ?? []),
  };
}

function endpointOf(role: EndpointRole, given: MemoryDbEndpoint | undefined, name?: string): TargetEndpoint[] {
  return given?.Address && given.Port ? [{ role, host: given.Address, port: given.Port, ...(name && { name }) }] : [];
}
