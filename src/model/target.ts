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
  | 'neptune.cluster';

/** What a person looks for: MemoryDB stands with the caches, since it is used as they are. */
export type TargetFamily = 'caches' | 'databases';

export function familyOf(kind: TargetKind): TargetFamily {
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
      return 'databases';
  }
}

/** A cache takes writes at its `primary`, a database cluster at its `writer`; `instance` is one machine of a database. */
export type EndpointRole = 'primary' | 'writer' | 'reader' | 'custom' | 'configuration' | 'node' | 'instance' | 'proxy';

export interface TargetEndpoint extends Endpoint {
  readonly role: EndpointRole;
  /** What AWS calls it, where a target has several of one role: the id of an instance or of a custom endpoint. */
  readonly name?: string;
  /** Its name resolves to a public address outside of the VPC (RDS PubliclyAccessible). */
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
 * a database's own users by their passwords, by IAM tokens, or by either.
 */
export type AuthMode = 'none' | 'token' | 'users' | 'password' | 'iam' | 'passwordOrIam';

/** Something private worth reaching. `id` is its ARN, stable across refreshes. */
export interface Target {
  readonly id: string;
  readonly kind: TargetKind;
  readonly name: string;
  readonly place: Place;
  /** As AWS spells it: `redis`, `valkey`, `postgres`, `aurora-mysql`, `sqlserver-ex`; of a proxy `postgres`, `mysql` or `sqlserver`, by its engine family. */
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
  /** Absent where the call that found it does not tell. */
  readonly tags?: readonly Tag[];
}

/**
 * Statuses in which a target serves requests, perhaps after a short wait (API references of ElastiCache and MemoryDB; RDS
 * user guide, "Viewing DB instance status"). A database that is full or being upgraded may still be asked.
 */
const SERVING = new Set([
  'available',
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
  'maintenance',
  'promoting',
  'resetting-master-credentials',
  'storage-config-upgrade',
  'storage-full',
  'storage-initialization',
  'storage-optimization',
  'update-iam-db-auth',
  'upgrading',
]);

export function isServing(target: Pick<Target, 'status'>): boolean {
  return SERVING.has(target.status.toLowerCase());
}

const DEFAULT_ORDER: readonly EndpointRole[] = ['primary', 'writer', 'proxy', 'configuration', 'node', 'instance', 'reader', 'custom'];

/** The endpoint that a plain "Connect" uses: the one that takes writes. */
export function defaultEndpoint(target: Pick<Target, 'endpoints'>): TargetEndpoint | undefined {
  for (const role of DEFAULT_ORDER) {
    const found = target.endpoints.find((endpoint) => endpoint.role === role);
    if (found) return found;
  }
  return undefined;
}
