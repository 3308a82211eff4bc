import { proxyAddress, proxyId } from '../databaseNaming';
import { isUp } from '../naming';
import type { DatabaseProxy, Vpc } from '../worldTypes';
import type { Action, Call } from './definition';
import { markerPage, vpcsOf } from './listing';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';

function arn({ region, caller }: Call, kind: 'db-proxy' | 'db-proxy-endpoint', name: string): string {
  return `arn:aws:rds:${region.name}:${caller.accountId}:${kind}:${proxyId(kind, name)}`;
}

interface ProxyRow {
  readonly proxy: DatabaseProxy;
  readonly vpc: Vpc;
}

/** Of that name, if any is given. @throws ApiError */
function proxies(call: Call): ProxyRow[] {
  const name = call.input.text('DBProxyName');
  const all = vpcsOf(call).flatMap((vpc) => vpc.databaseProxies.map((proxy) => ({ proxy, vpc })));
  const wanted = all.filter(({ proxy }) => name === undefined || proxy.name === name.toLowerCase());
  if (name !== undefined && wanted.length === 0) throw new ApiError('DBProxyNotFoundFault', `DB proxy ${name} does not exist.`, 404);
  return wanted;
}

const describeDbProxies: Action = {
  run(call) {
    const { rows, marker } = markerPage(call, proxies(call), call.input.text('DBProxyName') ?? '');
    return { Marker: marker, DBProxies: { member: rows.map(({ proxy, vpc }) => renderProxy(call, proxy, vpc)) } };
  },
};

function renderProxy(call: Call, proxy: DatabaseProxy, vpc: Vpc): Output {
  return {
    DBProxyName: proxy.name,
    DBProxyArn: arn(call, 'db-proxy', proxy.name),
    Status: proxy.status,
    EngineFamily: proxy.family,
    ...renderNetwork(proxy, vpc),
    Auth: {
      member: [
        {
          AuthScheme: 'SECRETS',
          SecretArn: `arn:aws:secretsmanager:${call.region.name}:${call.caller.accountId}:secret:${proxy.name}-AbCdEf`,
          IAMAuth: proxy.iam,
        },
      ],
    },
    RoleArn: `arn:aws:iam::${call.caller.accountId}:role/${proxy.name}`,
    ...(isUp(proxy) && { Endpoint: proxyAddress(proxy, undefined, call.region).host }),
    RequireTLS: proxy.requireTls,
    IdleClientTimeout: 1800,
    DebugLogging: false,
    CreatedDate: new Date(Date.UTC(2026, 0, 14, 8)),
    UpdatedDate: new Date(Date.UTC(2026, 0, 14, 8)),
  };
}

function renderNetwork({ securityGroupIds }: DatabaseProxy, vpc: Vpc): Output {
  return {
    VpcId: vpc.id,
    VpcSecurityGroupIds: { member: securityGroupIds },
    VpcSubnetIds: { member: vpc.subnets.map(({ id }) => id) },
  };
}

const describeDbProxyEndpoints: Action = {
  run(call) {
    const all = proxies(call).flatMap(({ proxy, vpc }) => proxy.endpoints.map((endpoint) => ({ proxy, vpc, endpoint })));
    const { rows, marker } = markerPage(call, all, call.input.text('DBProxyName') ?? '');
    return { Marker: marker, DBProxyEndpoints: { member: rows.map((row) => renderEndpoint(call, row)) } };
  },
};

function renderEndpoint(call: Call, { proxy, vpc, endpoint }: ProxyRow & { endpoint: DatabaseProxy['endpoints'][number] }): Output {
  return {
    DBProxyEndpointName: endpoint.name,
    DBProxyEndpointArn: arn(call, 'db-proxy-endpoint', endpoint.name),
    DBProxyName: proxy.name,
    Status: proxy.status,
    ...renderNetwork(proxy, vpc),
    Endpoint: proxyAddress(proxy, endpoint.name, call.region).host,
    CreatedDate: new Date(Date.UTC(2026, 0, 14, 8)),
    TargetRole: endpoint.role,
    IsDefault: false,
  };
}

/** The part of the RDS API that is about RDS Proxy. */
export const proxyActions = { DescribeDBProxies: describeDbProxies, DescribeDBProxyEndpoints: describeDbProxyEndpoints };
