import type { DBCluster, DBInstance, DBSubnetGroup, Tag as RdsTag, VpcSecurityGroupMembership } from '@aws-sdk/client-rds';
import type { AuthMode, Place, Tag, Target, TargetEndpoint, TargetKind, TlsMode } from '../../model/target';

/** What the instances' and the subnet groups' calls tell about clusters; empty where one of them failed. */
export interface ClusterDetails {
  /** Members of clusters, of whichever. */
  readonly members: readonly DBInstance[];
  readonly subnetGroups: ReadonlyMap<string, DBSubnetGroup>;
}

/** An instance as a target of its own, whether or not it belongs to a cluster. Undefined only without an id, which AWS does not send. */
export function instanceTarget(instance: DBInstance, place: Place): Target | undefined {
  const name = instance.DBInstanceIdentifier;
  if (!name) return undefined;
  const engine = instance.Engine ?? 'unknown';
  return {
    id: instance.DBInstanceArn ?? `arn:aws:rds:${place.region}:${place.accountId}:db:${name}`,
    kind: 'rds.instance',
    name,
    place,
    engine,
    ...(instance.EngineVersion && { engineVersion: instance.EngineVersion }),
    status: instance.DBInstanceStatus ?? 'unknown',
    endpoints: instanceEndpoints(instance),
    clusterMode: false,
    tls: tlsOf(engine),
    auth: authOf(engine, instance.IAMDatabaseAuthenticationEnabled),
    ...networkOf(instance.DBSubnetGroup, instance.VpcSecurityGroups),
    ...tagsOf(instance.TagList),
  };
}

/**
 * An Aurora, Multi-AZ, DocumentDB or Neptune cluster with its shared endpoints and those of its instances, the writer's
 * first. One that is being created may have none of them yet.
 */
export function clusterTarget(cluster: DBCluster, { members, subnetGroups }: ClusterDetails, place: Place): Target | undefined {
  const name = cluster.DBClusterIdentifier;
  if (!name) return undefined;
  const engine = cluster.Engine ?? 'unknown';
  const own = members.filter(({ DBClusterIdentifier }) => DBClusterIdentifier === name);
  return {
    id: cluster.DBClusterArn ?? `arn:aws:rds:${place.region}:${place.accountId}:cluster:${name}`,
    kind: clusterKind(engine),
    name,
    place,
    engine,
    ...(cluster.EngineVersion && { engineVersion: cluster.EngineVersion }),
    status: cluster.Status ?? 'unknown',
    endpoints: [...sharedEndpoints(cluster, own), ...writerFirst(cluster, own).flatMap(instanceEndpoints)],
    clusterMode: false,
    tls: tlsOf(engine),
    auth: authOf(engine, cluster.IAMDatabaseAuthenticationEnabled),
    ...networkOf(cluster.DBSubnetGroup === undefined ? undefined : subnetGroups.get(cluster.DBSubnetGroup), cluster.VpcSecurityGroups),
    ...tagsOf(cluster.TagList),
  };
}

function clusterKind(engine: string): TargetKind {
  switch (engine) {
    case 'docdb':
      return 'docdb.cluster';
    case 'neptune':
      return 'neptune.cluster';
    default:
      return 'rds.cluster';
  }
}

function instanceEndpoints({ DBInstanceIdentifier: name, Endpoint, PubliclyAccessible }: DBInstance): TargetEndpoint[] {
  if (!Endpoint?.Address || !Endpoint.Port) return [];
  const endpoint = { role: 'instance' as const, host: Endpoint.Address, port: Endpoint.Port };
  return [{ ...endpoint, ...(name && { name }), ...(PubliclyAccessible && { public: true }) }];
}

/** They lead to whichever instances there are, so they are public as soon as one of those is. */
function sharedEndpoints(cluster: DBCluster, own: readonly DBInstance[]): TargetEndpoint[] {
  const port = cluster.Port ?? own.map(({ Endpoint }) => Endpoint?.Port).find((known) => known !== undefined);
  if (!port) return [];
  const open = cluster.PubliclyAccessible || own.some(({ PubliclyAccessible }) => PubliclyAccessible);
  const at = (role: TargetEndpoint['role'], host: string | undefined, name?: string): TargetEndpoint[] =>
    host ? [{ role, host, port, ...(name && { name }), ...(open && { public: true }) }] : [];
  return [
    ...at('writer', cluster.Endpoint),
    ...at('reader', cluster.ReaderEndpoint),
    // Told by their addresses alone; the first label is the identifier.
    ...(cluster.CustomEndpoints ?? []).flatMap((host) => at('custom', host, host.split('.', 1)[0])),
  ];
}

function writerFirst({ DBClusterMembers = [] }: DBCluster, own: readonly DBInstance[]): DBInstance[] {
  const writers = new Set(DBClusterMembers.filter(({ IsClusterWriter }) => IsClusterWriter).map((member) => member.DBInstanceIdentifier));
  const rank = ({ DBInstanceIdentifier }: DBInstance): number => (writers.has(DBInstanceIdentifier) ? 0 : 1);
  return own.toSorted((a, b) => rank(a) - rank(b));
}

/** What parameter groups and option groups decide is not told; the default of each engine's own port is. */
function tlsOf(engine: string): TlsMode {
  // Neptune takes nothing but HTTPS (engine 1.0.4.0 and later).
  if (engine === 'neptune') return 'required';
  // Oracle and Db2 have TLS on a second port only.
  return /^(custom-)?(oracle|db2)-/.test(engine) ? 'off' : 'preferred';
}

function authOf(engine: string, iam = false): AuthMode {
  if (engine === 'neptune') return iam ? 'iam' : 'none';
  return iam ? 'passwordOrIam' : 'password';
}

function networkOf(
  subnetGroup: DBSubnetGroup | undefined,
  securityGroups: readonly VpcSecurityGroupMembership[] | undefined,
): Pick<Target, 'vpcId' | 'subnetIds' | 'securityGroupIds'> {
  return {
    ...(subnetGroup?.VpcId && { vpcId: subnetGroup.VpcId }),
    subnetIds: (subnetGroup?.Subnets ?? []).flatMap(({ SubnetIdentifier }) => SubnetIdentifier ?? []),
    securityGroupIds: (securityGroups ?? []).flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []),
  };
}

function tagsOf(list: readonly RdsTag[] | undefined): { readonly tags?: readonly Tag[] } {
  return list ? { tags: list.flatMap(({ Key, Value }) => (Key ? [{ key: Key, value: Value ?? '' }] : [])) } : {};
}
