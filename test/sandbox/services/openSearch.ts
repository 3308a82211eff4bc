import { domainAddress, hasAddress } from '../dataNaming';
import type { SearchDomain } from '../worldDataTypes';
import type { Vpc } from '../worldTypes';
import type { Action, Call, ServiceDefinition } from './definition';
import { vpcsOf } from './listing';
import { ApiError } from './protocol/protocol';
import type { Output } from './protocol/protocol';
import { restJson } from './protocol/restJson';

interface Row {
  readonly domain: SearchDomain;
  readonly vpc: Vpc;
}

/** The most domains that one call describes. */
const MOST = 5;

function rowsOf(call: Call): Row[] {
  return vpcsOf(call).flatMap((vpc) => (vpc.data?.searchDomains ?? []).map((domain) => ({ domain, vpc })));
}

const listDomainNames: Action = {
  run: (call) => ({
    DomainNames: rowsOf(call).map(({ domain }) => ({ DomainName: domain.name, EngineType: domain.version.split('_')[0] })),
  }),
};

const describeDomains: Action = {
  run(call) {
    const names = call.input.texts('DomainNames');
    if (names.length === 0) throw call.input.errors.missingParameter('DomainNames');
    if (names.length > MOST) throw new ApiError('ValidationException', `Please provide a maximum of ${MOST} domain names to describe.`);
    // Names that do not exist are left out in silence.
    const wanted = rowsOf(call).filter(({ domain }) => names.includes(domain.name) && !domain.fleeting);
    return { DomainStatusList: wanted.map((row) => renderDomain(call, row)) };
  },
};

function renderDomain({ region, caller }: Call, { domain, vpc }: Row): Output {
  const { host } = domainAddress(domain, region);
  return {
    DomainId: `${caller.accountId}/${domain.name}`,
    DomainName: domain.name,
    ARN: `arn:aws:es:${region.name}:${caller.accountId}:domain/${domain.name}`,
    Created: domain.status !== 'Creating',
    Deleted: domain.status === 'Deleting',
    ...(hasAddress(domain) && (domain.inVpc ? { Endpoints: { vpc: host } } : { Endpoint: host })),
    Processing: domain.status === 'Modifying',
    UpgradeProcessing: false,
    EngineVersion: domain.version,
    ClusterConfig: { InstanceType: 'm7g.large.search', InstanceCount: 2 },
    ...(domain.inVpc && {
      VPCOptions: {
        VPCId: vpc.id,
        SubnetIds: vpc.subnets.map(({ id }) => id),
        AvailabilityZones: vpc.subnets.map(({ zone }) => zone),
        SecurityGroupIds: [...domain.securityGroupIds],
      },
    }),
    NodeToNodeEncryptionOptions: { Enabled: true },
    DomainEndpointOptions: { EnforceHTTPS: true, TLSSecurityPolicy: 'Policy-Min-TLS-1-2-2019-07', CustomEndpointEnabled: false },
    AdvancedSecurityOptions: { Enabled: domain.internalUsers, InternalUserDatabaseEnabled: domain.internalUsers },
    DomainProcessingStatus: domain.status,
  };
}

export const openSearch: ServiceDefinition = {
  signingName: 'es',
  protocol: restJson([
    { action: 'ListDomainNames', method: 'GET', path: '/2021-01-01/domain', query: ['engineType'] },
    { action: 'DescribeDomains', method: 'POST', path: '/2021-01-01/opensearch/domain-info', body: ['DomainNames'] },
  ]),
  actions: { ListDomainNames: listDomainNames, DescribeDomains: describeDomains },
};
