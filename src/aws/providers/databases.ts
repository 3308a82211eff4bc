import type { DBInstance, DBSubnetGroup } from '@aws-sdk/client-rds';
import { isFault } from '../../base/fault';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import { attempt, faultPart, settle, untilFault, valueOf } from '../discovery';
import { collect } from '../paging';
import type { ProviderContext } from './context';
import { clusterTarget, instanceTarget } from './databaseTargets';
import { markerPages } from './markerPages';

const ID = 'rds.databases';

/**
 * Databases of RDS, Aurora, DocumentDB and Neptune, which all answer through the RDS API: the instances that stand alone,
 * one part per page, then the clusters with their instances as endpoints. Members of clusters that could not be read are
 * shown by themselves.
 */
export function databases({ session, place }: ProviderContext): ResourceProvider {
  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const api = await session.rds();
    const clusters = settle(
      collect(
        markerPages(
          session,
          'rds:DescribeDBClusters',
          (input, abortSignal) => api.describeDbClusters(input, { abortSignal }),
          (answer) => answer.DBClusters,
          signal,
        ),
      ),
    );
    const instances = markerPages(
      session,
      'rds:DescribeDBInstances',
      (input, abortSignal) => api.describeDbInstances(input, { abortSignal }),
      (answer) => answer.DBInstances,
      signal,
    );
    const members: DBInstance[] = [];
    const subnetGroups = new Map<string, DBSubnetGroup>();
    for await (const page of untilFault(instances, clusters)) {
      if (isFault(page)) {
        yield faultPart(ID, page);
        continue;
      }
      remember(subnetGroups, page.flatMap(({ DBSubnetGroup: group }) => group ?? []));
      members.push(...page.filter(({ DBClusterIdentifier }) => DBClusterIdentifier));
      const alone = page.filter(({ DBClusterIdentifier }) => !DBClusterIdentifier);
      yield { kind: 'targets', provider: ID, targets: alone.flatMap((instance) => instanceTarget(instance, place) ?? []) };
    }
    const found = valueOf(await clusters);
    // A cluster names its subnet group only; the instances have told those of all clusters that have any.
    if (found.some(({ DBSubnetGroup: group }) => group !== undefined && !subnetGroups.has(group))) {
      const told = await attempt(
        collect(
          markerPages(
            session,
            'rds:DescribeDBSubnetGroups',
            (input, abortSignal) => api.describeDbSubnetGroups(input, { abortSignal }),
            (answer) => answer.DBSubnetGroups,
            signal,
          ),
        ),
      );
      if ('fault' in told) yield faultPart(ID, told.fault);
      remember(subnetGroups, valueOf(told));
    }
    const known = new Set(found.map(({ DBClusterIdentifier }) => DBClusterIdentifier));
    const orphans = members.filter(({ DBClusterIdentifier }) => !known.has(DBClusterIdentifier));
    const targets = [
      ...found.flatMap((cluster) => clusterTarget(cluster, { members, subnetGroups }, place) ?? []),
      ...orphans.flatMap((instance) => instanceTarget(instance, place) ?? []),
    ];
    if (targets.length > 0) yield { kind: 'targets', provider: ID, targets };
  }

  return { id: ID, discover };
}

function remember(known: Map<string, DBSubnetGroup>, groups: readonly DBSubnetGroup[]): void {
  for (const group of groups) if (group.DBSubnetGroupName) known.set(group.DBSubnetGroupName, group);
}
