import type { DBProxy, DBProxyEndpoint } from '@aws-sdk/client-rds';
import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { AuthMode, Place, Target, TargetEndpoint } from '../../model/target';
import { attempt, faultPart, valueOf } from '../discovery';
import { collect } from '../paging';
import type { ProviderContext } from './context';
import { markerPages } from './markerPages';

const ID = 'rds.proxies';

interface EngineFamily {
  readonly engine: string;
  /** A proxy always listens on the engine's default port; no call tells it. */
  readonly port: number;
}

const FAMILIES: Readonly<Record<string, EngineFamily>> = {
  POSTGRESQL: { engine: 'postgres', port: 5432 },
  MYSQL: { engine: 'mysql', port: 3306 },
  SQLSERVER: { engine: 'sqlserver', port: 1433 },
};

/** RDS proxies, one part per page, with their further endpoints; those are asked for only where there is a proxy. */
export function databaseProxies({ session, place }: ProviderContext): ResourceProvider {
  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const api = await session.rds();
    const found = markerPages(
      session,
      'rds:DescribeDBProxies',
      (input, abortSignal) => api.describeDbProxies(input, { abortSignal }),
      (answer) => answer.DBProxies,
      signal,
    );
    let further: readonly DBProxyEndpoint[] | undefined;
    for await (const page of found) {
      if (page.length > 0 && !further) {
        const told = await attempt(
          collect(
            markerPages(
              session,
              'rds:DescribeDBProxyEndpoints',
              (input, abortSignal) => api.describeDbProxyEndpoints(input, { abortSignal }),
              (answer) => answer.DBProxyEndpoints,
              signal,
            ),
          ),
        );
        if ('fault' in told) yield faultPart(ID, told.fault);
        further = valueOf(told);
      }
      yield { kind: 'targets', provider: ID, targets: page.flatMap((proxy) => proxyTargets(proxy, further ?? [], place)) };
    }
  }

  return { id: ID, discover };
}

/**
 * The proxy, and each of its endpoints in another VPC as a target of its own: a bastion of the proxy's VPC does not reach
 * those. None for an engine family of which the port is unknown.
 */
export function proxyTargets(proxy: DBProxy, further: readonly DBProxyEndpoint[], place: Place): Target[] {
  const name = proxy.DBProxyName;
  const family = FAMILIES[proxy.EngineFamily ?? ''];
  if (!name || !family) return [];
  const own = further.filter(({ DBProxyName, IsDefault, Endpoint }) => DBProxyName === name && !IsDefault && Endpoint !== proxy.Endpoint);
  const here = own.filter(({ VpcId }) => VpcId === undefined || VpcId === proxy.VpcId);
  const main = targetOf(proxy, family, place, {
    id: proxy.DBProxyArn ?? `arn:aws:rds:${place.region}:${place.accountId}:db-proxy:${name}`,
    name,
    status: proxy.Status ?? 'unknown',
    endpoints: [
      ...(proxy.Endpoint ? [{ role: 'proxy' as const, host: proxy.Endpoint, port: family.port }] : []),
      ...here.flatMap((endpoint) => endpointOf(endpoint, family)),
    ],
    ...networkOf(proxy),
  });
  const elsewhere = own.filter((endpoint) => !here.includes(endpoint));
  return [main, ...elsewhere.flatMap((endpoint) => distantTarget(endpoint, proxy, family, place))];
}

type OwnPart = Pick<Target, 'id' | 'name' | 'status' | 'endpoints' | 'vpcId' | 'subnetIds' | 'securityGroupIds'>;

function targetOf(proxy: DBProxy, { engine }: EngineFamily, place: Place, own: OwnPart): Target {
  const tls = proxy.RequireTLS ? 'required' : 'preferred';
  return { kind: 'rds.proxy', place, engine, clusterMode: false, tls, auth: authOf(proxy), ...own };
}

function distantTarget(endpoint: DBProxyEndpoint, proxy: DBProxy, family: EngineFamily, place: Place): Target[] {
  const { DBProxyEndpointArn: id, DBProxyEndpointName: name, Status: status = 'unknown' } = endpoint;
  if (!id || !name) return [];
  return [targetOf(proxy, family, place, { id, name, status, endpoints: endpointOf(endpoint, family), ...networkOf(endpoint) })];
}

function endpointOf({ DBProxyEndpointName: name, Endpoint: host, TargetRole }: DBProxyEndpoint, { port }: EngineFamily): TargetEndpoint[] {
  return host ? [{ role: TargetRole === 'READ_ONLY' ? 'reader' : 'proxy', host, port, ...(name && { name }) }] : [];
}

function networkOf({ VpcId, VpcSubnetIds, VpcSecurityGroupIds }: DBProxy | DBProxyEndpoint): Pick<Target, 'vpcId' | 'subnetIds' | 'securityGroupIds'> {
  return { ...(VpcId && { vpcId: VpcId }), subnetIds: VpcSubnetIds ?? [], securityGroupIds: VpcSecurityGroupIds ?? [] };
}

/** A proxy logs in by its secrets (each may ask clients for IAM tokens), or by IAM from end to end. */
function authOf({ Auth = [], DefaultAuthScheme }: DBProxy): AuthMode {
  const modes = new Set(Auth.map(({ IAMAuth }) => IAMAuth ?? 'DISABLED'));
  if (DefaultAuthScheme === 'IAM_AUTH') modes.add('REQUIRED');
  if (!modes.has('REQUIRED') && !modes.has('ENABLED')) return 'password';
  return modes.size === 1 && modes.has('REQUIRED') ? 'iam' : 'passwordOrIam';
}
