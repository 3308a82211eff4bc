import type { Endpoint } from './endpoint';

/** Where a resource was found: everything that an API call about it needs. */
export interface Place {
  /** Name of the AWS profile it was found through. */
  readonly profile: string;
  /** Region code, e.g. `eu-central-1`. */
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
}

export type TargetKind =
  | 'elasticache.replicationGroup'
  | 'elasticache.serverless'
  | 'elasticache.cluster'
  | 'memorydb.cluster'
  | 'rds.instance'
  | 'rds.cluster'
  | 'rds.proxy'
  | 'docdb.cluster'
  | 'neptune.cluster'
  | 'redshift.cluster'
  | 'redshift.workgroup'
  | 'opensearch.domain'
  | 'mq.broker'
  | 'msk.cluster'
  | 'custom';

/**
 * What a person looks for: MemoryDB stands with the caches, since it is used as they are; search and messages stand with
 * the databases, since they are few and there are two groups.
 */
export type TargetFamily = 'caches' | 'databases';

/** Of what the person has named, the engine tells. */
export function familyOf({ kind, engine }: Pick<Target, 'kind' | 'engine'>): TargetFamily {
  switch (kind) {
    case 'elasticache.replicationGroup':
    case 'elasticache.serverless':
    case 'elasticache.cluster':
    case 'memorydb.cluster':
      return 'caches';
    case 'rds.instance':
    case 'rds.cluster':
    case 'rds.proxy':
    case 'docdb.cluster':
    case 'neptune.cluster':
    case 'redshift.cluster':
    case 'redshift.workgroup':
    case 'opensearch.domain':
    case 'mq.broker':
    case 'msk.cluster':
      return 'databases';
    case 'custom':
      return /^(?:redis|valkey|memcached)$/i.test(engine) ? 'caches' : 'databases';
  }
}

/**
 * A cache takes writes at its `primary`, a database cluster at its `writer`; `instance` is one machine of a database,
 * `broker` one way into a broker of messages and `console` its web page; `endpoint` is that of a target that has no roles.
 */
export type EndpointRole =
  | 'primary'
  | 'writer'
  | 'reader'
  | 'custom'
  | 'configuration'
  | 'node'
  | 'instance'
  | 'proxy'
  | 'endpoint'
  | 'broker'
  | 'console';

export interface TargetEndpoint extends Endpoint {
  readonly role: EndpointRole;
  /** What AWS calls it, where a target has several of one role: the id of an instance or of a custom endpoint; the protocol of a broker's port. */
  readonly name?: string;
  /** Where it differs from the target's: a broker has ports with and without. */
  readonly tls?: TlsMode;
  /** It has a public address, as AWS says (RDS PubliclyAccessible); whom its security groups and policies admit is another matter. */
  readonly public?: boolean;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Transport encryption of a target: `preferred` offers it and accepts connections without (or nobody told). */
export type TlsMode = 'required' | 'preferred' | 'off';

/**
 * How a target authenticates: nothing, one AUTH token, or users of a user group (RBAC, IAM among them) for caches;
 * a database's own users by their passwords, by IAM tokens, or by either; the client's certificate.
 */
export type AuthMode = 'none' | 'token' | 'users' | 'password' | 'iam' | 'passwordOrIam' | 'certificate';

/**
 * What a person has to know before connecting: `otherBrokersAreTold`: the broker tells its clients the addresses of all
 * the others, to which they then connect by themselves; `oneOfTwoAnswers`: an active/standby pair, of which nobody tells
 * which is active.
 */
export type TargetNote = 'otherBrokersAreTold' | 'oneOfTwoAnswers';

/** Something private worth reaching. `id` is its ARN, or `custom:` and a name, and stable across refreshes. */
export interface Target {
  readonly id: string;
  readonly kind: TargetKind;
  readonly name: string;
  readonly place: Place;
  /**
   * As AWS spells it: `redis`, `valkey`, `postgres`, `aurora-mysql`, `sqlserver-ex`; of a proxy `postgres`, `mysql` or
   * `sqlserver`, by its engine family; else `redshift`, `opensearch`, `elasticsearch`, `activemq`, `rabbitmq`, `kafka`.
   */
  readonly engine: string;
  readonly engineVersion?: string;
  /** As AWS spells it, e.g. `available`, `creating`. */
  readonly status: string;
  readonly endpoints: readonly TargetEndpoint[];
  readonly clusterMode: boolean;
  readonly tls: TlsMode;
  readonly auth: AuthMode;
  readonly vpcId?: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  /** Empty: there are none. Absent: nobody has told, or not yet. */
  readonly tags?: readonly Tag[];
  readonly notes?: readonly TargetNote[];
}

/**
 * Statuses in which a target serves requests, perhaps after a short wait (API references of ElastiCache, MemoryDB, OpenSearch
 * Service (DomainProcessingStatus), Amazon MQ (BrokerState) and Amazon MSK (ClusterState); RDS user guide, "Viewing DB
 * instance status"; Redshift management guide, "Cluster status"). A database that is full or being upgraded may still be
 * asked. Lower case. A custom target has none: it is taken for `available`.
 */
const SERVING = new Set([
  'active',
  'available',
  'available, prep-for-resize',
  'available, resize-cleanup',
  'snapshotting',
  'modifying',
  'updating',
  'backing-up',
  'backtracking',
  'configuring-associated-roles',
  'configuring-enhanced-monitoring',
  'configuring-iam-database-auth',
  'configuring-log-exports',
  'failing-over',
  'healing',
  'maintenance',
  'promoting',
  'rebooting_broker',
  'resetting-master-credentials',
  'resizing',
  'rotating-keys',
  'running',
  'storage-config-upgrade',
  'storage-full',
  'storage-initialization',
  'storage-optimization',
  'update-iam-db-auth',
  'updatingservicesoftware',
  'updating-hsm',
  'upgrading',
  'upgradingengineversion',
]);

export function isServing(target: Pick<Target, 'status'>): boolean {
  return SERVING.has(target.status.toLowerCase());
}

/** Whether a healthy target has this status nearly always, so that nothing has to be said of it: what it is called differs. */
export function isUsualStatus({ status }: Pick<Target, 'status'>): boolean {
  return /^(?:available|active|running)$/i.test(status);
}

const DEFAULT_ORDER: readonly EndpointRole[] = [
  'primary',
  'writer',
  'proxy',
  'endpoint',
  'configuration',
  'broker',
  'node',
  'instance',
  'reader',
  'custom',
  'console',
];

/** The endpoint that a plain "Connect" uses: the one that takes writes. */
export function defaultEndpoint(target: Pick<Target, 'endpoints'>): TargetEndpoint | undefined {
  for (const role of DEFAULT_ORDER) {
    const found = target.endpoints.find((endpoint) => endpoint.role === role);
    if (found) return found;
  }
  return undefined;
}
