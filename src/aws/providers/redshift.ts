import type { Cluster, ClusterSubnetGroup, EndpointAccess } from '@aws-sdk/client-redshift';
import { isCancelled } from '../../base/fault';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place, Target, TargetEndpoint } from '../../model/target';
import { faultPart, settle, valueOf } from '../discovery';
import { collect } from '../paging';
import type { ProviderContext } from './context';
import { markerPages } from './markerPages';
import { IF_OFFERED, whereOffered } from './offered';

const ID = 'redshift.clusters';

/** What the other two calls tell about clusters; empty where one of them failed. */
export interface RedshiftDetails {
  readonly subnetGroups: readonly ClusterSubnetGroup[];
  /** Endpoints that Redshift keeps in VPCs, of whichever cluster. */
  readonly managed: readonly EndpointAccess[];
}

/** Redshift clusters, one part per page; their subnets and further endpoints are asked for only where there is a cluster. */
export function redshiftClusters({ session, place }: ProviderContext): ResourceProvider {
  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const api = await session.redshift();
    const clusters = markerPages(
      session,
      'redshift:DescribeClusters',
      (input, abortSignal) => api.describeClusters(input, { abortSignal }),
      (answer) => answer.Clusters,
      signal,
      IF_OFFERED,
    );
    const groups = (): Promise<ClusterSubnetGroup[]> =>
      collect(
        markerPages(
          session,
          'redshift:DescribeClusterSubnetGroups',
          (input, abortSignal) => api.describeClusterSubnetGroups(input, { abortSignal }),
          (answer) => answer.ClusterSubnetGroups,
          signal,
        ),
      );
    const endpoints = (): Promise<EndpointAccess[]> =>
      collect(
        markerPages(
          session,
          'redshift:DescribeEndpointAccess',
          (input, abortSignal) => api.describeEndpointAccess(input, { abortSignal }),
          (answer) => answer.EndpointAccessList,
          signal,
        ),
      );
    let details: RedshiftDetails | undefined;
    for await (const page of whereOffered(clusters)) {
      if (page.length > 0 && !details) {
        const [subnetGroups, managed] = await Promise.all([settle(groups()), settle(endpoints())]);
        for (const told of [subnetGroups, managed]) {
          if (!('fault' in told)) continue;
          if (isCancelled(told.fault)) throw told.fault;
          yield faultPart(ID, told.fault);
        }
        details = { subnetGroups: valueOf(subnetGroups), managed: valueOf(managed) };
      }
      yield { kind: 'targets', provider: ID, targets: page.flatMap((cluster) => redshiftTargets(cluster, details ?? NO_DETAILS, place)) };
    }
  }

  return { id: ID, discover };
}

const NO_DETAILS: RedshiftDetails = { subnetGroups: [], managed: [] };

/**
 * The cluster, and each of its managed endpoints in another VPC as a target of its own: a bastion of the cluster's VPC does
 * not reach those. None only for a cluster without an id, which AWS does not send.
 */
export function redshiftTargets(cluster: Cluster, { subnetGroups, managed }: RedshiftDetails, place: Place): Target[] {
  const name = cluster.ClusterIdentifier;
  if (!name) return [];
  // No member is the cluster's own ARN; this one tells the partition.
  const partition = cluster.ClusterNamespaceArn?.split(':')[1] ?? 'aws';
  const id = `arn:${partition}:redshift:${place.region}:${place.accountId}:cluster:${name}`;
  const subnetGroup = subnetGroups.find(({ ClusterSubnetGroupName: group }) => group !== undefined && group === cluster.ClusterSubnetGroupName);
  // This account may have endpoints to clusters of others, which are named as they like.
  const own = managed.filter(
    ({ ClusterIdentifier, ResourceOwner = place.accountId }) => ClusterIdentifier === name && ResourceOwner === place.accountId,
  );
  const here = own.filter(({ VpcEndpoint }) => VpcEndpoint?.VpcId === undefined || VpcEndpoint.VpcId === cluster.VpcId);
  const shared = {
    kind: 'redshift.cluster',
    place,
    engine: 'redshift',
    ...(cluster.ClusterVersion && { engineVersion: cluster.ClusterVersion }),
    clusterMode: false,
    // Whether TLS is required is a matter of the parameter group, which no call in use tells.
    tls: 'preferred',
    auth: 'passwordOrIam',
    ...tagsOf(cluster),
  } as const;
  const main: Target = {
    ...shared,
    id,
    name,
    status: cluster.ClusterStatus ?? 'unknown',
    endpoints: [...clusterEndpoint(cluster), ...here.flatMap(managedEndpoint)],
    ...(cluster.VpcId && { vpcId: cluster.VpcId }),
    subnetIds: (subnetGroup?.Subnets ?? []).flatMap(({ SubnetIdentifier }) => SubnetIdentifier ?? []),
    securityGroupIds: (cluster.VpcSecurityGroups ?? []).flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []),
  };
  const elsewhere = own.filter((endpoint) => !here.includes(endpoint));
  return [main, ...elsewhere.flatMap((endpoint) => distantTarget(endpoint, main, subnetGroups))];
}

function clusterEndpoint({ Endpoint, PubliclyAccessible }: Cluster): TargetEndpoint[] {
  if (!Endpoint?.Address || !Endpoint.Port) return [];
  return [{ role: 'endpoint', host: Endpoint.Address, port: Endpoint.Port, ...(PubliclyAccessible && { public: true }) }];
}

function managedEndpoint({ Address: host, Port: port, EndpointName: name }: EndpointAccess): TargetEndpoint[] {
  return host && port ? [{ role: 'endpoint', host, port, ...(name && { name }) }] : [];
}

function distantTarget(endpoint: EndpointAccess, main: Target, subnetGroups: readonly ClusterSubnetGroup[]): Target[] {
  const { EndpointName: name, VpcEndpoint, VpcSecurityGroups = [], EndpointStatus: status = 'unknown' } = endpoint;
  if (!name || !VpcEndpoint?.VpcId) return [];
  const subnetGroup = subnetGroups.find(({ ClusterSubnetGroupName: group }) => group !== undefined && group === endpoint.SubnetGroupName);
  return [
    {
      ...main,
      id: `${main.id}/endpoint/${name}`,
      name,
      status,
      endpoints: managedEndpoint(endpoint),
      vpcId: VpcEndpoint.VpcId,
      subnetIds: (subnetGroup?.Subnets ?? []).flatMap(({ SubnetIdentifier }) => SubnetIdentifier ?? []),
      securityGroupIds: VpcSecurityGroups.flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []),
    },
  ];
}

function tagsOf({ Tags }: Cluster): Pick<Target, 'tags'> {
  return Tags ? { tags: Tags.flatMap(({ Key, Value }) => (Key ? [{ key: Key, value: Value ?? '' }] : [])) } : {};
}
