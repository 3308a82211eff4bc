import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { Place, Target, TargetEndpoint } from '../../model/target';
import type { Workgroup, WorkgroupEndpoint } from '../clients/redshiftServerless';
import { attempt, faultPart, valueOf } from '../discovery';
import { collect, pages } from '../paging';
import type { ProviderContext } from './context';
import { IF_OFFERED, whereOffered } from './offered';
import { subnetVpcFinder } from './subnetVpcs';

const ID = 'redshift.serverless';
/** The largest page. */
const PAGE = 100;

/**
 * Workgroups of Redshift Serverless, one part per page; their further endpoints are asked for only where there is a
 * workgroup, and subnets for the VPC only of those that do not tell it.
 */
export function redshiftWorkgroups({ session, place }: ProviderContext): ResourceProvider {
  function workgroupPages(signal: AbortSignal): AsyncGenerator<readonly Workgroup[], void, undefined> {
    const action = 'redshift-serverless:ListWorkgroups';
    return pages(action, async (token) => {
      const input = { maxResults: PAGE, ...(token && { nextToken: token }) };
      const api = session.redshiftServerless;
      const answer = await session.call(action, (abortSignal) => api.listWorkgroups(input, { abortSignal }), signal, IF_OFFERED);
      return { items: answer.workgroups ?? [], next: answer.nextToken };
    });
  }

  function endpointPages(signal: AbortSignal): AsyncGenerator<readonly WorkgroupEndpoint[], void, undefined> {
    const action = 'redshift-serverless:ListEndpointAccess';
    return pages(action, async (token) => {
      const input = { maxResults: PAGE, ...(token && { nextToken: token }) };
      const api = session.redshiftServerless;
      const answer = await session.call(action, (abortSignal) => api.listEndpointAccess(input, { abortSignal }), signal);
      return { items: answer.endpoints ?? [], next: answer.nextToken };
    });
  }

  // Endpoints have no tags of their own: theirs are the workgroup's.
  const workgroupOf = new Map<string, string>();

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const findVpcs = subnetVpcFinder(session, signal);
    let managed: readonly WorkgroupEndpoint[] | undefined;
    for await (const page of whereOffered(workgroupPages(signal))) {
      if (page.length > 0 && !managed) {
        const told = await attempt(collect(endpointPages(signal)));
        if ('fault' in told) yield faultPart(ID, told.fault);
        managed = valueOf(told);
      }
      const silent = page.filter((workgroup) => vpcOf(workgroup) === undefined).flatMap(({ subnetIds }) => subnetIds?.[0] ?? []);
      const { vpcs, fault } = await findVpcs(silent);
      if (fault) yield faultPart(ID, fault);
      const found = page.map((workgroup) => workgroupTargets(workgroup, { managed: managed ?? [], vpcs }, place));
      for (const [main, ...elsewhere] of found) for (const { id } of elsewhere) workgroupOf.set(id, main!.id);
      yield { kind: 'targets', provider: ID, targets: found.flat() };
    }
  }

  return { id: ID, discover, taggedAs: ({ id }) => workgroupOf.get(id) ?? id };
}

/** What other calls tell about workgroups. */
export interface WorkgroupDetails {
  readonly managed: readonly WorkgroupEndpoint[];
  /** VPC id by subnet id, as far as known. */
  readonly vpcs: ReadonlyMap<string, string>;
}

/**
 * The workgroup, and each of its managed endpoints in another VPC as a target of its own: a bastion of the workgroup's VPC
 * does not reach those. None only for a workgroup without a name, which AWS does not send.
 */
export function workgroupTargets(workgroup: Workgroup, { managed, vpcs }: WorkgroupDetails, place: Place): Target[] {
  const name = workgroup.workgroupName;
  if (!name) return [];
  const subnetIds = workgroup.subnetIds ?? [];
  const vpcId = vpcOf(workgroup) ?? subnetIds.map((id) => vpcs.get(id)).find((id) => id !== undefined);
  const own = managed.filter(({ workgroupName }) => workgroupName === name);
  const here = own.filter(({ vpcEndpoint }) => vpcEndpoint?.vpcId === undefined || vpcEndpoint.vpcId === vpcId);
  const main: Target = {
    id: workgroup.workgroupArn ?? `arn:aws:redshift-serverless:${place.region}:${place.accountId}:workgroup/${name}`,
    kind: 'redshift.workgroup',
    name,
    place,
    engine: 'redshift',
    ...(workgroup.workgroupVersion && { engineVersion: workgroup.workgroupVersion }),
    status: workgroup.status ?? 'unknown',
    endpoints: [...workgroupEndpoint(workgroup), ...here.flatMap(managedEndpoint)],
    clusterMode: false,
    tls: requiresTls(workgroup) ? 'required' : 'preferred',
    auth: 'passwordOrIam',
    ...(vpcId && { vpcId }),
    subnetIds,
    securityGroupIds: workgroup.securityGroupIds ?? [],
  };
  const elsewhere = own.filter((endpoint) => !here.includes(endpoint));
  return [main, ...elsewhere.flatMap((endpoint) => distantTarget(endpoint, main))];
}

function vpcOf({ endpoint }: Workgroup): string | undefined {
  return endpoint?.vpcEndpoints?.map(({ vpcId }) => vpcId).find((id) => id !== undefined);
}

function workgroupEndpoint({ endpoint, publiclyAccessible }: Workgroup): TargetEndpoint[] {
  if (!endpoint?.address || !endpoint.port) return [];
  return [{ role: 'endpoint', host: endpoint.address, port: endpoint.port, ...(publiclyAccessible && { public: true }) }];
}

function managedEndpoint({ address: host, port, endpointName: name }: WorkgroupEndpoint): TargetEndpoint[] {
  return host && port ? [{ role: 'endpoint', host, port, ...(name && { name }) }] : [];
}

function distantTarget(endpoint: WorkgroupEndpoint, main: Target): Target[] {
  const { endpointArn: id, endpointName: name, endpointStatus: status = 'unknown', vpcEndpoint, vpcSecurityGroups = [] } = endpoint;
  if (!id || !name || !vpcEndpoint?.vpcId) return [];
  return [
    {
      ...main,
      id,
      name,
      status,
      endpoints: managedEndpoint(endpoint),
      vpcId: vpcEndpoint.vpcId,
      subnetIds: endpoint.subnetIds ?? [],
      securityGroupIds: vpcSecurityGroups.flatMap(({ vpcSecurityGroupId }) => vpcSecurityGroupId ?? []),
    },
  ];
}

function requiresTls({ configParameters = [] }: Workgroup): boolean {
  return configParameters.some(({ parameterKey, parameterValue }) => parameterKey === 'require_ssl' && parameterValue === 'true');
}
