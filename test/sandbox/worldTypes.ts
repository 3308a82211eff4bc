import type { DataServices } from './worldDataTypes';

/** The shape of the sandbox's world: what exists, told once, from which every API call is answered. Plain data. */
export interface World {
  readonly regions: readonly Region[];
  readonly accessKeys: AccessKey[];
  /** By account; an account has one or none. */
  readonly accountAliases: Readonly<Record<string, string>>;
  readonly roles: Role[];
  /** Services that Resource Groups Tagging does not know (yet). */
  untaggable?: readonly string[];
  /** What machines and tasks may do in their account. */
  readonly machineRoles: MachineRole[];
  readonly profiles: readonly Profile[];
  readonly places: Place[];
  readonly kmsKeys: KmsKey[];
  readonly secrets: Secret[];
  readonly identityCenter: IdentityCenterWorld;
  /** ARN of the role that instance and container metadata give credentials of. */
  readonly machineRole: string;
  /** What the real servers behind the caches accept. */
  readonly redis: RedisLogins;
}

/** Where people of the organisation sign in, and the roles that they get. */
export interface IdentityCenterWorld {
  readonly startUrl: string;
  readonly region: string;
  readonly roles: readonly { readonly accountId: string; readonly roleName: string; readonly roleArn: string; readonly userName: string }[];
}

export interface KmsKey {
  /** A UUID. */
  readonly id: string;
  /** `alias/...` */
  readonly alias: string;
  readonly accountId: string;
  readonly region: string;
  enabled: boolean;
}

export interface Secret {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  /** Bytes: it is binary. */
  value: string | Uint8Array;
  deleted?: boolean;
}

export interface RedisLogins {
  /** AUTH token of every cache whose backing is `tls`: the password of the user `default`. */
  readonly authToken: string;
  /** Further users of every cache whose backing is `plain`; the default user needs no password there. */
  readonly users: readonly { readonly name: string; readonly password: string; readonly rules: string }[];
}

export interface Region {
  /** For example `eu-central-1`. */
  readonly name: string;
  /** The short form inside ElastiCache host names, e.g. `euc1`. */
  readonly code: string;
  readonly optInStatus: 'opt-in-not-required' | 'opted-in' | 'not-opted-in';
}

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  /** Present on temporary credentials only (`ASIA...`); then every request has to carry it. */
  readonly sessionToken?: string;
  /** Milliseconds since the epoch; absent: never. */
  readonly expiresAt?: number;
  readonly accountId: string;
  readonly userId: string;
  readonly arn: string;
  /** IAM actions that are refused: `*`, `service:*` or `service:Action`. All others are allowed. */
  denied: readonly string[];
  /** With these, in the same form, and with `service:Verb*`, all others are refused. */
  readonly allowed?: readonly string[];
}

export interface Role {
  readonly arn: string;
  /** `AROA...`, the first half of the user ids of its sessions. */
  readonly id: string;
  /** Principal ARNs that may assume it. */
  readonly trusts: readonly string[];
  readonly externalId?: string;
  /** The device whose code it takes to assume it. */
  readonly mfa?: { readonly serial: string; code: string };
  /** The web identity token with which anybody may assume it. */
  readonly webIdentityToken?: string;
  readonly denied: readonly string[];
}

/** A role of machines or tasks, and its policies. An instance profile of the same name has it. */
export interface MachineRole {
  readonly name: string;
  readonly accountId: string;
  /** ARNs of managed policies. */
  attached: readonly string[];
  /** Names of inline policies. */
  inline: readonly string[];
  /** The instance profile has lost it. */
  detached?: true;
}

/** A profile of the AWS configuration files that the sandbox writes. */
export interface Profile {
  readonly name: string;
  readonly accessKeyId: string;
  /** Written instead of the key's own secret, to be wrong. */
  readonly secret?: string;
  readonly region?: string;
}

/** One account in one region. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
  readonly vpcs: Vpc[];
  readonly hybridNodes: HybridNode[];
  readonly ecsClusters: EcsCluster[];
  readonly peerings: Peering[];
  /** What Resource Groups Tagging tells besides: of what is gone meanwhile, and, without tags, of what had some once. */
  readonly formerlyTagged?: readonly { readonly arn: string; readonly tags: readonly Tag[] }[];
  /** What the Session Manager preferences say; absent: nobody has ever saved them. */
  sessionPreferences?: SessionPreferences;
}

/** A machine outside EC2 that Systems Manager manages. */
export interface HybridNode {
  /** `mi-` and 17 hexadecimal digits. */
  readonly id: string;
  /** As its activation names it. */
  readonly name: string;
  readonly address: string;
  managed: Managed;
  /** The VPC that a private line leads to from there. */
  readonly reachesVpcId: string;
}

export interface EcsCluster {
  readonly name: string;
  readonly tasks: EcsTask[];
}

export interface EcsTask {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** `service:NAME` or `family:NAME`. */
  readonly group: string;
  status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly launchType: 'FARGATE' | 'EC2';
  /** Whether it was started with exec enabled. */
  readonly exec: boolean;
  /** Of its own network interface; absent: it shares that of the instance on which it runs. */
  readonly subnetId?: string;
  readonly privateIp: string;
  readonly containers: readonly EcsContainer[];
  readonly tags: readonly Tag[];
  /** Name of the role that it was started with instead of that of its definition. */
  role?: string;
}

export interface EcsContainer {
  readonly name: string;
  /** Absent until it has started. */
  readonly runtimeId?: string;
  status: 'PENDING' | 'RUNNING' | 'STOPPED';
  execAgent?: 'PENDING' | 'RUNNING' | 'STOPPED';
  /** Of the Systems Manager agent that ECS has put into it; no API tells it. */
  readonly agentVersion: string;
}

/** Of two VPCs of one place. */
export interface Peering {
  /** `pcx-` and 17 hexadecimal digits. */
  readonly id: string;
  readonly requesterVpcId: string;
  readonly accepterVpcId: string;
  status: 'active' | 'pending-acceptance' | 'deleted';
}

/** Minutes as strings; empty: not set. */
export interface SessionPreferences {
  readonly idleSessionTimeout: string;
  readonly maxSessionDuration: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface Vpc {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  readonly subnets: Subnet[];
  readonly securityGroups: SecurityGroup[];
  readonly routeTables: RouteTable[];
  readonly instances: Instance[];
  readonly cacheSubnetGroup: CacheSubnetGroup;
  readonly replicationGroups: ReplicationGroup[];
  /** Caches outside any replication group. */
  readonly standaloneCaches: StandaloneCache[];
  readonly serverlessCaches: ServerlessCache[];
  readonly memoryDbClusters: MemoryDbCluster[];
  /** Instances outside any cluster. */
  readonly databases: Database[];
  readonly databaseClusters: DatabaseCluster[];
  readonly databaseProxies: DatabaseProxy[];
  /** Absent: nothing of these services. */
  readonly data?: DataServices;
}

export interface CacheSubnetGroup {
  readonly name: string;
  readonly description: string;
  readonly subnetIds: readonly string[];
}

export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  /** For example `eu-central-1a`. */
  readonly zone: string;
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  ingress: readonly Rule[];
  egress: readonly Rule[];
}

/** One permission; `protocol` `-1` means all, and then the ports say nothing. */
export interface Rule {
  readonly protocol: 'tcp' | 'udp' | '-1';
  readonly from?: number;
  readonly to?: number;
  readonly cidrs?: readonly string[];
  /** Ids of security groups whose members may pass. */
  readonly groups?: readonly string[];
}

export interface RouteTable {
  readonly id: string;
  readonly main: boolean;
  readonly subnetIds: readonly string[];
  readonly routes: readonly Route[];
}

export interface Route {
  readonly destination: string;
  /** `local`, or the id of an internet (`igw-`) or NAT (`nat-`) gateway. */
  readonly via: string;
  readonly state: 'active' | 'blackhole';
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface Instance {
  readonly id: string;
  /** The Name tag. */
  readonly name: string;
  state: InstanceState;
  readonly subnetId: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly securityGroupIds: readonly string[];
  readonly type: string;
  readonly tags: readonly Tag[];
  /** Name of its instance profile; `managed` unless told, for what Systems Manager knows; empty: none. */
  instanceProfile?: string;
  /** What Systems Manager knows of it; absent when it never registered. */
  managed?: Managed;
  /** What listens on the machine itself, by port; only its own agent reaches it. */
  readonly ports?: Readonly<Record<number, Backing>>;
  /** What it wrote to its console since it booted. */
  console?: string;
  /** From its start until it runs, and from then until its agent reports, ms; 2,000 unless told. */
  bootMs?: number;
}

export interface Managed {
  ping: 'Online' | 'ConnectionLost' | 'Inactive';
  agentVersion: string;
  readonly platformName: string;
  readonly platformVersion: string;
}

/** What stands behind a private host: one of the real servers of the run, or what a dead host does. */
export type Backing = 'plain' | 'tls' | 'wrongName' | 'refused' | 'blackhole' | OwnServer;

/** A server that a test has started on this machine. */
export interface OwnServer {
  readonly loopbackPort: number;
}

export interface ReplicationGroup {
  readonly id: string;
  readonly description: string;
  status: 'available' | 'creating' | 'modifying' | 'snapshotting' | 'deleting' | 'create-failed';
  /** No node has been promoted: the API tells neither a primary endpoint nor a primary. */
  readonly withoutPrimary?: true;
  readonly engine: 'redis' | 'valkey';
  readonly engineVersion: string;
  readonly clusterMode: boolean;
  readonly shards: number;
  readonly replicas: number;
  readonly tls: 'off' | 'preferred' | 'required';
  readonly authToken: boolean;
  readonly userGroupIds: readonly string[];
  readonly nodeType: string;
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
  /** A real cluster that a test has started, in the order of the members: each node is at its own port, which it announces. */
  readonly nodes?: readonly OwnServer[];
}

/** An RDS instance outside any cluster. */
export interface Database {
  readonly id: string;
  readonly engine: 'postgres' | 'mysql';
  readonly engineVersion: string;
  status: 'available' | 'creating' | 'stopped' | 'modifying' | 'backing-up';
  readonly instanceClass: string;
  readonly port: number;
  readonly iam: boolean;
  readonly public: boolean;
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}

/** A cluster of Aurora, DocumentDB or Neptune. */
export interface DatabaseCluster {
  readonly id: string;
  readonly engine: 'aurora-postgresql' | 'aurora-mysql' | 'docdb' | 'neptune';
  readonly engineVersion: string;
  status: 'available' | 'creating' | 'stopped';
  readonly port: number;
  readonly iam: boolean;
  /** Ids of its instances; the first one is the writer. */
  readonly instances: string[];
  readonly customEndpoints: readonly { readonly id: string; readonly type: 'READER' | 'ANY'; readonly members: readonly string[] }[];
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}

export interface DatabaseProxy {
  readonly name: string;
  readonly family: 'POSTGRESQL' | 'MYSQL';
  status: 'available' | 'creating';
  readonly requireTls: boolean;
  readonly iam: 'DISABLED' | 'ENABLED' | 'REQUIRED';
  /** Besides the default one. */
  readonly endpoints: readonly { readonly name: string; readonly role: 'READ_WRITE' | 'READ_ONLY' }[];
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}

export interface MemoryDbCluster {
  readonly name: string;
  readonly description: string;
  status: 'available' | 'creating' | 'updating';
  readonly engine: 'redis' | 'valkey';
  readonly engineVersion: string;
  readonly shards: number;
  readonly replicas: number;
  readonly tls: boolean;
  readonly acl: string;
  readonly nodeType: string;
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}

export interface StandaloneCache {
  readonly id: string;
  readonly engine: 'redis' | 'memcached';
  readonly engineVersion: string;
  status: 'available' | 'creating';
  readonly nodes: number;
  readonly port: number;
  readonly nodeType: string;
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}

export interface ServerlessCache {
  readonly name: string;
  readonly description: string;
  status: 'available' | 'creating' | 'modifying' | 'deleting';
  readonly engine: 'redis' | 'valkey';
  readonly majorVersion: string;
  readonly fullVersion: string;
  /** In no VPC; it has one endpoint, for everybody with a login. */
  readonly public?: true;
  readonly userGroupId?: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly tags: readonly Tag[];
  backing: Backing;
}
