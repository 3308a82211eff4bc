import { proxyId } from './databaseNaming';
import { membersOf, regionNamed } from './naming';
import type { Place, Tag, Vpc, World } from './worldTypes';

export interface TaggedResource {
  readonly arn: string;
  readonly tags: readonly Tag[];
}

/** What Resource Groups Tagging knows of a place: all that has a tag, or had one, in the order of the ARNs. */
export function taggedResources(world: World, place: Place): TaggedResource[] {
  const rows = place.vpcs.flatMap((vpc) => [...machines(vpc, place), ...caches(vpc, place, world), ...databases(vpc, place), ...data(vpc, place)]);
  const tagged = [...rows.filter(({ tags }) => tags.length > 0), ...(place.formerlyTagged ?? [])];
  return tagged.toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
}

/** The service and the kind of resource that stand in an ARN, as filters have them. */
export function resourceType(arn: string): string {
  const [, , service = '', , , resource = ''] = arn.split(':');
  return `${service}:${resource.split('/')[0]}`;
}

function arn({ region, accountId }: Place, service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

function machines({ instances }: Vpc, place: Place): TaggedResource[] {
  return instances.map(({ id, name, tags }) => ({ arn: arn(place, 'ec2', `instance/${id}`), tags: [{ key: 'Name', value: name }, ...tags] }));
}

/** ElastiCache gives the tags of a replication group to each of its members. */
function caches(vpc: Vpc, place: Place, world: World): TaggedResource[] {
  const region = regionNamed(world, place.region);
  return [
    ...vpc.replicationGroups.flatMap((group) => [
      { arn: arn(place, 'elasticache', `replicationgroup:${group.id}`), tags: group.tags },
      ...membersOf(group, vpc, region).map(({ clusterId }) => ({ arn: arn(place, 'elasticache', `cluster:${clusterId}`), tags: group.tags })),
    ]),
    ...vpc.standaloneCaches.map(({ id, tags }) => ({ arn: arn(place, 'elasticache', `cluster:${id}`), tags })),
    ...vpc.serverlessCaches.map(({ name, tags }) => ({ arn: arn(place, 'elasticache', `serverlesscache:${name}`), tags })),
    ...vpc.memoryDbClusters.map(({ name, tags }) => ({ arn: arn(place, 'memorydb', `cluster/${name}`), tags })),
  ];
}

function databases(vpc: Vpc, place: Place): TaggedResource[] {
  return [
    ...vpc.databases.map(({ id, tags }) => ({ arn: arn(place, 'rds', `db:${id}`), tags })),
    ...vpc.databaseClusters.map(({ id, tags }) => ({ arn: arn(place, 'rds', `cluster:${id}`), tags })),
    ...vpc.databaseProxies.map(({ name, tags }) => ({ arn: arn(place, 'rds', `db-proxy:${proxyId('db-proxy', name)}`), tags })),
  ];
}

function data({ data: services }: Vpc, place: Place): TaggedResource[] {
  if (!services) return [];
  return [
    ...services.redshiftClusters.map(({ id, tags }) => ({ arn: arn(place, 'redshift', `cluster:${id}`), tags })),
    ...services.redshiftWorkgroups.map(({ name, tags }) => ({ arn: arn(place, 'redshift-serverless', `workgroup/5a11e5e5-${name}`), tags })),
    ...services.searchDomains.map(({ name, tags }) => ({ arn: arn(place, 'es', `domain/${name}`), tags })),
  ];
}
