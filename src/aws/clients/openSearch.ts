import { restCaller } from './restJson';
import type { ClientSettings, SendOptions } from './settings';

// Members of the API's answers, as far as they are in use; any of them may be missing.

export interface SearchDomain {
  readonly DomainName?: string;
  readonly ARN?: string;
  readonly Created?: boolean;
  readonly Deleted?: boolean;
  readonly Processing?: boolean;
  readonly UpgradeProcessing?: boolean;
  readonly DomainProcessingStatus?: string;
  /** `OpenSearch_2.11`, `Elasticsearch_7.10` */
  readonly EngineVersion?: string;
  /** Of a domain outside any VPC; one inside has `Endpoints.vpc`. */
  readonly Endpoint?: string;
  readonly Endpoints?: Readonly<Record<string, string>>;
  readonly VPCOptions?: { readonly VPCId?: string; readonly SubnetIds?: readonly string[]; readonly SecurityGroupIds?: readonly string[] };
  readonly AdvancedSecurityOptions?: { readonly Enabled?: boolean; readonly InternalUserDatabaseEnabled?: boolean };
}

/** The calls of OpenSearch Service in use. @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`. */
export interface OpenSearchApi {
  /** All at once: this call has no pages. */
  listDomainNames(options: SendOptions): Promise<{ DomainNames?: readonly { readonly DomainName?: string }[] }>;
  /** @param names at most five */
  describeDomains(names: readonly string[], options: SendOptions): Promise<{ DomainStatusList?: readonly SearchDomain[] }>;
}

/** API reference of OpenSearch Service, 2021-01-01; it kept the signing name of its predecessor. */
const SERVICE = { name: 'es', maxAnswerBytes: 4 * 1024 * 1024 };
const VERSION = '2021-01-01';

export function createOpenSearch(settings: ClientSettings): OpenSearchApi {
  // Its endpoints for IPv4 alone and for both have different names (AWS general reference, endpoints of the service).
  const call = restCaller({ ...SERVICE, host: settings.useDualstack ? 'aos' : 'es' }, settings);
  return {
    listDomainNames: (options) => call({ path: [VERSION, 'domain'] }, options),
    describeDomains: (DomainNames, options) => call({ path: [VERSION, 'opensearch', 'domain-info'], body: { DomainNames } }, options),
  };
}
