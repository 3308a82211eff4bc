import type { FaultData } from '../base/fault';
import type { Bastion } from './bastion';
import type { NetworkFacts } from './network';
import type { PoliciesByIdentity } from './privilege';
import type { SshHosts } from './ssh';
import type { Target } from './target';

/** Where discovery looks. */
export interface DiscoveryScope {
  readonly profile: string;
  readonly region: string;
}

/** A piece of an inventory as it arrives: one denied or throttled API is a part of its own and empties nothing else. */
export type InventoryPart =
  /** Comes before all else, and again once the account's alias is known. */
  | { readonly kind: 'account'; readonly accountId: string; readonly alias?: string }
  | { readonly kind: 'bastions'; readonly provider: string; readonly bastions: readonly Bastion[] }
  | { readonly kind: 'targets'; readonly provider: string; readonly targets: readonly Target[] }
  | { readonly kind: 'fault'; readonly provider: string; readonly fault: FaultData };

/** Ids of the providers that tell bastions; all others tell targets. */
export const BASTION_PROVIDERS: readonly string[] = ['ec2.bastions', 'ssm.hybridNodes', 'ecs.tasks'];

/** Id of the provider that tells the tags which other providers' own calls leave out: as targets of those, told again. */
export const TAGS_PROVIDER = 'resource.tags';

/**
 * Providers whose targets come without their tags at first, and how Resource Groups Tagging calls what they tell: the
 * service and the kind of resource as they stand in an ARN.
 */
export const TAGGED_LATER: Readonly<Record<string, readonly string[]>> = {
  'elasticache.replicationGroups': ['elasticache:replicationgroup', 'elasticache:cluster'],
  'elasticache.serverless': ['elasticache:serverlesscache'],
  'memorydb.clusters': ['memorydb:cluster'],
  'rds.proxies': ['rds:db-proxy', 'rds:db-proxy-endpoint'],
  'redshift.serverless': ['redshift-serverless:workgroup'],
  'opensearch.domains': ['es:domain'],
};

/**
 * The providers to ask so that these are told whole, tags included. Tags alone cannot be told: those who leave them out are
 * asked with them.
 */
export function withTags(only: readonly string[]): readonly string[] {
  const isTagged = (id: string): boolean => Object.hasOwn(TAGGED_LATER, id);
  if (only.some(isTagged)) return [...new Set([...only, TAGS_PROVIDER])];
  return only.includes(TAGS_PROVIDER) ? [...only, ...Object.keys(TAGGED_LATER)] : only;
}

/** One source of bastions or targets. */
export interface ResourceProvider {
  readonly id: string;
  /** ARN of the resource whose tags a target has; the target's own unless told. */
  taggedAs?(target: Target): string;
  discover(scope: DiscoveryScope, signal: AbortSignal): AsyncIterable<InventoryPart>;
}

/** A profile of the shared AWS configuration. */
export interface ProfileInfo {
  readonly name: string;
  /** The region of the profile or of the environment, when one is set. */
  readonly region?: string;
  /** Changes when the profile could lead to another account, as far as files tell; holds no secret. */
  readonly settings?: string;
}

/** What AWS has. */
export interface AwsInventoryService {
  /** Profiles of the configuration files, `default` and environment credentials included. Reads files only. */
  profiles(): Promise<readonly ProfileInfo[]>;
  /**
   * Asks every provider at once and yields parts as they come.
   * @param only ids of the providers to ask; all of them unless told
   * @throws Fault before the first part when nothing can be asked: no or expired credentials, no region, `aws.regionNotEnabled`.
   */
  discover(scope: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncIterable<InventoryPart>;
  /**
   * What decides between bastions: peerings of the region's VPCs, and the rules of these security groups (at most 200 of
   * them). What cannot be read, or not soon, is absent.
   * @throws Fault `operation.cancelled`, and those of a profile that cannot be opened
   */
  network(scope: DiscoveryScope, groupIds: readonly string[], signal: AbortSignal): Promise<NetworkFacts>;
  /**
   * What the policies behind these instance profiles and roles (`Bastion.identityArn`; the first eight count) are called. What
   * cannot be read, or not soon, is absent.
   * @throws Fault `operation.cancelled`, and those of a profile that cannot be opened
   */
  privileges(scope: DiscoveryScope, identityArns: readonly string[], signal: AbortSignal): Promise<PoliciesByIdentity>;
  /**
   * Name tags of these VPCs by their ids; those that have none, or are gone, are absent.
   * @throws Fault `operation.cancelled`, where it is not allowed, and those of a profile that cannot be opened
   */
  vpcNames(scope: DiscoveryScope, vpcIds: readonly string[], signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

/** What the windows ask for. */
export interface InventoryService extends AwsInventoryService {
  /** Hosts of the OpenSSH configuration, which belong to no account. Reads files only; never rejects. */
  sshHosts(): Promise<SshHosts>;
}
