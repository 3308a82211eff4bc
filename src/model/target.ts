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

export type TargetKind = 'elasticache.replicationGroup' | 'elasticache.serverless';

export type EndpointRole = 'primary' | 'reader' | 'configuration' | 'node';

export interface TargetEndpoint extends Endpoint {
  readonly role: EndpointRole;
}

/** Transport encryption of a target: `preferred` accepts both (ElastiCache TransitEncryptionMode). */
export type TlsMode = 'required' | 'preferred' | 'off';

/** How a cache authenticates: nothing, one AUTH token, or users of a user group (RBAC, IAM among them). */
export type AuthMode = 'none' | 'token' | 'users';

/** Something private worth reaching. `id` is its ARN, stable across refreshes. */
export interface Target {
  readonly id: string;
  readonly kind: TargetKind;
  readonly name: string;
  readonly place: Place;
  /** As AWS spells it: `redis`, `valkey`. */
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
}

/** Statuses in which a cache serves requests (ElastiCache API reference, ReplicationGroup). */
const SERVING = new Set(['available', 'snapshotting', 'modifying']);

export function isServing(target: Pick<Target, 'status'>): boolean {
  return SERVING.has(target.status.toLowerCase());
}

/** The endpoint that a plain "Connect" uses: the one that takes writes. */
export function defaultEndpoint(target: Pick<Target, 'endpoints'>): TargetEndpoint | undefined {
  const order: readonly EndpointRole[] = ['primary', 'configuration', 'node', 'reader'];
  for (const role of order) {
    const found = target.endpoints.find((endpoint) => endpoint.role === role);
    if (found) return found;
  }
  return undefined;
}
