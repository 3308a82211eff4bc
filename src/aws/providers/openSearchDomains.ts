import type { InventoryPart, ResourceProvider } from '../../model/inventory';
import type { AuthMode, Place, Target, TargetEndpoint } from '../../model/target';
import type { SearchDomain } from '../clients/openSearch';
import { faultPart } from '../discovery';
import { pages } from '../paging';
import type { ProviderContext } from './context';
import { describeEach } from './describeEach';
import { IF_OFFERED, whereOffered } from './offered';

const ID = 'opensearch.domains';
/** The most that one call describes. */
const BATCH = 5;
const PORT = 443;

/** OpenSearch and Elasticsearch domains, all in one part. What cannot be described is still shown, by its name. */
export function openSearchDomains({ session, place }: ProviderContext): ResourceProvider {
  function nameList(signal: AbortSignal): AsyncGenerator<readonly string[], void, undefined> {
    const action = 'es:ListDomainNames';
    return pages(action, async () => {
      const answer = await session.call(action, (abortSignal) => session.openSearch.listDomainNames({ abortSignal }), signal, IF_OFFERED);
      return { items: (answer.DomainNames ?? []).flatMap(({ DomainName }) => DomainName ?? []), next: undefined };
    });
  }

  async function describe(names: readonly string[], signal: AbortSignal): Promise<readonly SearchDomain[]> {
    const answer = await session.call(
      'es:DescribeDomains',
      (abortSignal) => session.openSearch.describeDomains(names, { abortSignal }),
      signal,
    );
    return answer.DomainStatusList ?? [];
  }

  async function* discover(_scope: unknown, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    for await (const names of whereOffered(nameList(signal))) {
      const batches = Array.from({ length: Math.ceil(names.length / BATCH) }, (_, index) => names.slice(index * BATCH, (index + 1) * BATCH));
      const first = await describeEach((batch: readonly string[]) => describe(batch, signal))(batches);
      // A batch may fail for one domain that is gone; the others of it are asked for by themselves.
      const second = await describeEach((name: string) => describe([name], signal))([...first.gone].flat());
      const fault = first.fault ?? second.fault;
      if (fault) yield faultPart(ID, fault);
      const described = [...first.details.values(), ...second.details.values()].flat();
      const asked = new Set([...[...first.details.keys()].flat(), ...second.details.keys(), ...second.gone]);
      const undescribed = names.filter((name) => !asked.has(name)).map((DomainName): SearchDomain => ({ DomainName }));
      yield { kind: 'targets', provider: ID, targets: [...described, ...undescribed].flatMap((domain) => domainTarget(domain, place) ?? []) };
    }
  }

  return { id: ID, discover };
}

/** Undefined only for a domain without a name, which AWS does not send. */
export function domainTarget(domain: SearchDomain, place: Place): Target | undefined {
  const name = domain.DomainName;
  if (!name) return undefined;
  const [engine = 'opensearch', engineVersion] = (domain.EngineVersion ?? 'OpenSearch').toLowerCase().split('_');
  const { VPCOptions: network } = domain;
  return {
    id: domain.ARN ?? `arn:aws:es:${place.region}:${place.accountId}:domain/${name}`,
    kind: 'opensearch.domain',
    name,
    place,
    engine,
    ...(engineVersion && { engineVersion }),
    status: statusOf(domain),
    endpoints: endpointsOf(domain),
    clusterMode: false,
    // Port 443 takes nothing else; whether plain HTTP is turned away on port 80 is another matter.
    tls: 'required',
    auth: authOf(domain),
    ...(network?.VPCId && { vpcId: network.VPCId }),
    subnetIds: network?.SubnetIds ?? [],
    securityGroupIds: network?.SecurityGroupIds ?? [],
  };
}

function statusOf({ Created, Deleted, DomainProcessingStatus, Processing, UpgradeProcessing }: SearchDomain): string {
  if (Deleted) return 'Deleting';
  if (Created === false) return 'Creating';
  if (DomainProcessingStatus) return DomainProcessingStatus;
  if (Created === undefined) return 'unknown';
  if (UpgradeProcessing) return 'UpgradingEngineVersion';
  return Processing ? 'Modifying' : 'Active';
}

/** A domain outside any VPC has one address, for everybody whom its policy lets in. */
function endpointsOf({ Endpoint, Endpoints }: SearchDomain): TargetEndpoint[] {
  const inVpc = Endpoints?.['vpc'];
  if (inVpc) return [{ role: 'endpoint', host: inVpc, port: PORT }];
  return Endpoint ? [{ role: 'endpoint', host: Endpoint, port: PORT, public: true }] : [];
}

/** Passwords only where fine-grained access control has users of its own. */
function authOf({ AdvancedSecurityOptions: security }: SearchDomain): AuthMode {
  return security?.Enabled && security.InternalUserDatabaseEnabled ? 'password' : 'iam';
}
