import { ApiServer } from './apiServer';
import { profileEnvironment, writeAwsConfig } from './awsConfig';
import type { AwsConfigFiles } from './awsConfig';
import { Faults } from './faults';
import { destinationOf } from './destinations';
import { Identities } from './identity';
import { IdentityCenter } from './identityCenter';
import { PushedKeys } from './instanceConnect';
import { KeyStore } from './kms';
import { LoadGauge } from './loadGauge';
import { MetadataServices } from './metadata';
import { privateHosts } from './naming';
import type { PrivateHost } from './naming';
import { publicHosts, publicPort } from './publicHosts';
import { RequestLog } from './requestLog';
import { services } from './services/index';
import { SessionManagerService } from './sessionManager/service';
import type { ManagedInstance, SessionManagerOptions } from './sessionManager/service';
import { startServers } from './servers/index';
import { describeWorld } from './world';
import { instanceNamed, replicationGroupNamed, serverlessCacheNamed, sessionTarget } from './worldQueries';
import type { Instance, ReplicationGroup, ServerlessCache, World } from './worldTypes';

export interface SandboxOptions {
  /** What exists; `describeWorld()` unless told. */
  readonly world?: World;
  /** Port of the API on 127.0.0.1; 0 or absent lets the system choose. */
  readonly port?: number;
  /** The most rows of a page; small, so that paging is always exercised. Default: 2. */
  readonly pageSize?: number;
  /** False: no real servers are started, and every private host refuses. Default: true. */
  readonly servers?: boolean;
  /** Base URL of the data channels that clients are told, e.g. `wss://name:port`; the API's own address unless told. */
  readonly streamBase?: string;
  /** The service's clock, ms since the epoch. */
  readonly now?: () => number;
  /** Passed on to the Session Manager service. */
  readonly sessions?: Omit<SessionManagerOptions, 'baseUrl' | 'findInstance' | 'resolve' | 'decrypt'>;
}

/** The AWS of the tests: API, Session Manager service with its agents, and the real servers that only they reach. */
export interface Sandbox {
  /** Base URL of all services: `http://127.0.0.1:port`. */
  readonly endpoint: string;
  /** This sandbox's own copy: what a test changes here, the next API call tells. */
  readonly world: World;
  readonly faults: Faults;
  readonly requests: RequestLog;
  /** How much was asked at once. */
  readonly load: LoadGauge;
  readonly sessions: SessionManagerService;
  /** What was pushed with EC2 Instance Connect, for the SSH server of a test. */
  readonly sshKeys: PushedKeys;
  /** Where people sign in; the test is the person in the browser. */
  readonly identityCenter: IdentityCenter;
  /** What machines of AWS ask for their own role. */
  readonly metadata: MetadataServices;
  /** Ends all temporary credentials that were issued so far. @returns how many */
  expireIssued(): number;
  /** Rows of the world by id or name. @throws when there is none */
  instance(id: string): Instance;
  replicationGroup(id: string): ReplicationGroup;
  serverlessCache(name: string): ServerlessCache;
  /** Every private address that the API tells, and what stands behind it. */
  hosts(): PrivateHost[];
  /** The port on 127.0.0.1 behind a public address, for a proxy that stands for the internet; undefined where nothing answers. */
  publicPort(host: string, port: number): number | undefined;
  /** PEM file of the authority behind the caches' certificates; absent without servers. */
  readonly caFile: string | undefined;
  /** A profile as environment variables (default: `dev`). */
  env(profile?: string): Record<string, string>;
  /** Writes config and credentials files with every profile of the world into a directory. */
  writeAwsConfig(directory: string): Promise<AwsConfigFiles>;
  /** Stops everything; nothing is left. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_PAGE_SIZE = 2;

/** @throws Error naming the program that is missing (redis-server, openssl); nothing is left running then. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const world = options.world ?? describeWorld();
  const servers = options.servers === false ? undefined : await startServers(serverOptions(world));
  const requests = new RequestLog();
  const load = new LoadGauge();
  const keys = new KeyStore(world.kmsKeys);
  const now = options.now ?? Date.now;
  const faults = new Faults(now);
  const sshKeys = new PushedKeys(now);
  const identities = new Identities(world, now);
  const identityCenter = new IdentityCenter(world, identities, now);
  const metadata = new MetadataServices(world, identities, now);
  let endpoint = '';
  const sessions = new SessionManagerService({
    ...options.sessions,
    baseUrl: () => options.streamBase ?? endpoint.replace('http', 'ws'),
    findInstance: (id) => findInstance(world, id),
    resolve: (host, port, instanceId) => destinationOf(world, servers, { host, port, instanceId }),
    decrypt: (ciphertext, context, place) => keys.decrypt(ciphertext, context, place).plaintext,
  });
  const api = new ApiServer({
    world,
    identities,
    unsigned: [identityCenter, metadata],
    services,
    sessions,
    keys,
    sshKeys,
    faults,
    requests,
    load,
    pageSize: () => options.pageSize ?? DEFAULT_PAGE_SIZE,
    now,
    onUpgrade: (request, socket, head) => {
      if (!sessions.handleUpgrade(request, socket, head)) socket.destroy();
    },
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll([() => sessions.close(), () => api.close(), async () => servers?.stop()]);
    return closing;
  };
  try {
    endpoint = `http://127.0.0.1:${await api.listen(options.port ?? 0)}`;
  } catch (error) {
    await servers?.stop();
    throw error;
  }
  const expireIssued = (): number => identities.expireIssued();
  const parts = { faults, requests, load, sessions, sshKeys, identityCenter, metadata, expireIssued };
  const open = (host: string, port: number): number | undefined => publicPort(world, servers, { host, port });
  return { endpoint, world, ...parts, caFile: servers?.caFile, publicPort: open, ...views(world, endpoint), close };
}

function views(
  world: World,
  endpoint: string,
): Pick<Sandbox, 'instance' | 'replicationGroup' | 'serverlessCache' | 'hosts' | 'env' | 'writeAwsConfig'> {
  return {
    instance: (id) => existing(instanceNamed(world, id), id).instance,
    replicationGroup: (id) => existing(replicationGroupNamed(world, id), id).group,
    serverlessCache: (name) => existing(serverlessCacheNamed(world, name), name).cache,
    hosts: () => privateHosts(world),
    env: (profile = 'dev') => profileEnvironment(profile, world, endpoint),
    writeAwsConfig: (directory) => writeAwsConfig(directory, world, endpoint),
  };
}

/** Runs all, one after the other, and throws the first error when all have run. */
async function closeAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** The certificate of `tls` carries every name that leads to it; that of `wrongName` carries another one. */
function serverOptions(world: World): Parameters<typeof startServers>[0] {
  const behindTls = [...privateHosts(world), ...publicHosts(world)].filter(({ backing }) => backing === 'tls');
  const [first, ...rest] = new Set(behindTls.map(({ host }) => host));
  return {
    ...(first !== undefined && { tlsNames: [first, ...rest] as const }),
    wrongNames: ['master.renamed-cache.x1y2z3.euc1.cache.amazonaws.com'],
    password: world.redis.authToken,
    users: world.redis.users,
  };
}

function existing<T>(found: T | undefined, name: string): T {
  if (!found) throw new Error(`the world has no ${name}`);
  return found;
}

function findInstance(world: World, id: string): ManagedInstance | undefined {
  const found = sessionTarget(world, id);
  if (!found) return undefined;
  const { place, agentVersion, online } = found;
  return { id, agentVersion, online, region: place.region, accountId: place.accountId };
}
