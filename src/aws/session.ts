import { resolve } from 'node:path';
import { backoffDelay } from '../base/backoff';
import { sleep } from '../base/clock';
import type { Clock } from '../base/clock';
import { cancelled, Fault, isCancelled } from '../base/fault';
import type { Logger } from '../base/log';
import type { DiscoveryScope } from '../model/inventory';
import type { PluginGrant } from '../model/pluginAccess';
import { abortable, throwIfAborted } from '../base/abort';
import type { Ec2Api } from './clients/ec2';
import type { Ec2InstanceConnectApi } from './clients/ec2InstanceConnect';
import type { EcsApi } from './clients/ecs';
import type { ElastiCacheApi } from './clients/elasticache';
import { createIam } from './clients/iam';
import type { IamApi } from './clients/iam';
import { regionalEndpoint } from './clients/jsonProtocol';
import { createKafka } from './clients/kafka';
import type { KafkaApi } from './clients/kafka';
import type { KmsApi } from './clients/kms';
import type { MemoryDbApi } from './clients/memoryDb';
import { createMq } from './clients/mq';
import type { MqApi } from './clients/mq';
import { createOpenSearch } from './clients/openSearch';
import type { OpenSearchApi } from './clients/openSearch';
import type { RdsApi } from './clients/rds';
import type { RedshiftApi } from './clients/redshift';
import { createRedshiftServerless } from './clients/redshiftServerless';
import type { RedshiftServerlessApi } from './clients/redshiftServerless';
import type { Agents, ClientSettings, Credentials } from './clients/settings';
import type { SsoOidcApi } from './clients/ssoOidc';
import { createSecretsManager } from './clients/secretsManager';
import type { SecretsManagerApi } from './clients/secretsManager';
import { createSsoPortal } from './clients/ssoPortal';
import { createSsm, ssmEndpoint } from './clients/ssm';
import type { SsmApi } from './clients/ssm';
import { createSts } from './clients/sts';
import type { StsApi } from './clients/sts';
import { createTagging } from './clients/tagging';
import type { TaggingApi } from './clients/tagging';
import type { SharedConfig } from './configFiles';
import { loadCredentials } from './credentials';
import type { CachedCredentials } from './credentials';
import { awsFault, isTransient, mayBeSkew, refusesCredentials } from './faults';
import type { FaultContext } from './faults';
import type { SharedIdentity } from './identity';
import type { MfaRoles } from './mfaRoles';
import type { ProfileSettings } from './profiles';
import { PATIENCE_MS } from './rateLimits';
import type { Allowance, CallEnd, RateLimits, Turn } from './rateLimits';
import { retryAfterMs } from './retryAfter';
import type { SsoSession } from './ssoConfig';
import type { SsoTokens } from './ssoTokens';
import type { Turns } from './turns';

/** A call is made at most this often; one that is refused for its rate, and for which nobody waits, as long as there is patience. */
const ATTEMPTS = 4;
const WAITS = { baseMs: 250, capMs: 5_000 };

export interface SessionParts {
  readonly settings: ProfileSettings;
  readonly region: string;
  readonly shared: SharedConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly agents: Agents;
  /** Certificates (PEM) that replace the built-in ones. */
  readonly ca: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tokens: SsoTokens;
  readonly mfa: MfaRoles;
  /** The profile's credentials, which its sessions in all regions share. */
  readonly credentials: CachedCredentials;
  /** Whose those are. */
  readonly identity: SharedIdentity;
  /** Of all sessions. */
  readonly limits: RateLimits;
  /** Of all sessions. */
  readonly turns: Turns;
  /** Fires when everything ends. */
  readonly lifetime: AbortSignal;
}

export interface CallOptions {
  /** What the call is about, for the sentence of its fault. */
  readonly subject?: string;
  /** Whether a failed call may be made again; `isTransient` unless told. */
  readonly repeat?: (fault: Fault) => boolean;
  /** The answer is a convenience: its failure is no warning. */
  readonly dispensable?: boolean;
  /** A person, or a tunnel, waits for it: it is made at once, and not for long. Discovery's calls wait for their turn. */
  readonly urgent?: boolean;
}

/** One profile in one region: its credentials and its clients, and how they are called. */
export class AwsSession {
  readonly place: DiscoveryScope;
  readonly #parts: SessionParts;
  readonly #credentials: CachedCredentials;
  #sts: StsApi | undefined;
  #ssm: SsmApi | undefined;
  #iam: IamApi | undefined;
  #ec2: Promise<Ec2Api> | undefined;
  #ecs: Promise<EcsApi> | undefined;
  #elastiCache: Promise<ElastiCacheApi> | undefined;
  #rds: Promise<RdsApi> | undefined;
  #memoryDb: Promise<MemoryDbApi> | undefined;
  #redshift: Promise<RedshiftApi> | undefined;
  #redshiftServerless: RedshiftServerlessApi | undefined;
  #openSearch: OpenSearchApi | undefined;
  #mq: MqApi | undefined;
  #kafka: KafkaApi | undefined;
  #kms: Promise<KmsApi> | undefined;
  #secretsManager: SecretsManagerApi | undefined;
  #tagging: TaggingApi | undefined;
  #instanceConnect: Promise<Ec2InstanceConnectApi> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.place = { profile: parts.settings.name, region: parts.region };
    this.#credentials = parts.credentials;
  }

  /** Certificates (PEM) that the configuration names instead of the built-in ones. */
  get ca(): string | undefined {
    return this.#parts.ca;
  }

  /** A bundle of the clients, in a turn of its own: to parse one takes longer than anything else here. */
  async #loaded<T>(load: () => Promise<T>): Promise<T> {
    await this.#parts.turns.next();
    return load();
  }

  /** To which the profile's credentials belonged last; undefined while nobody has asked. */
  get accountId(): string | undefined {
    return this.#parts.identity.accountId;
  }

  get ssm(): SsmApi {
    this.#ssm ??= createSsm(this.#clientSettings('ssm'));
    return this.#ssm;
  }

  iam(): IamApi {
    this.#iam ??= createIam(this.#clientSettings('iam'));
    return this.#iam;
  }

  ec2(): Promise<Ec2Api> {
    this.#ec2 ??= this.#loaded(() => import('./clients/ec2')).then(({ createEc2 }) => createEc2(this.#clientSettings('ec2')));
    return this.#ec2;
  }

  ecs(): Promise<EcsApi> {
    this.#ecs ??= this.#loaded(() => import('./clients/ecs')).then(({ createEcs }) => createEcs(this.#clientSettings('ecs')));
    return this.#ecs;
  }

  elastiCache(): Promise<ElastiCacheApi> {
    this.#elastiCache ??= this.#loaded(() => import('./clients/elasticache')).then(({ createElastiCache }) =>
      createElastiCache(this.#clientSettings('elasticache')),
    );
    return this.#elastiCache;
  }

  rds(): Promise<RdsApi> {
    this.#rds ??= this.#loaded(() => import('./clients/rds')).then(({ createRds }) => createRds(this.#clientSettings('rds')));
    return this.#rds;
  }

  memoryDb(): Promise<MemoryDbApi> {
    this.#memoryDb ??= import('./clients/memoryDb').then(({ createMemoryDb }) => createMemoryDb(this.#clientSettings('memorydb')));
    return this.#memoryDb;
  }

  redshift(): Promise<RedshiftApi> {
    this.#redshift ??= this.#loaded(() => import('./clients/redshift')).then(({ createRedshift }) => createRedshift(this.#clientSettings('redshift')));
    return this.#redshift;
  }

  // Small ones over the signer that is here anyway: a bundle of their own would repeat it.

  get redshiftServerless(): RedshiftServerlessApi {
    this.#redshiftServerless ??= createRedshiftServerless(this.#clientSettings('redshift_serverless'));
    return this.#redshiftServerless;
  }

  get openSearch(): OpenSearchApi {
    this.#openSearch ??= createOpenSearch(this.#clientSettings('opensearch'));
    return this.#openSearch;
  }

  get mq(): MqApi {
    this.#mq ??= createMq(this.#clientSettings('mq'));
    return this.#mq;
  }

  get kafka(): KafkaApi {
    this.#kafka ??= createKafka(this.#clientSettings('kafka'));
    return this.#kafka;
  }

  get secretsManager(): SecretsManagerApi {
    this.#secretsManager ??= createSecretsManager(this.#clientSettings('secrets_manager'));
    return this.#secretsManager;
  }

  get tagging(): TaggingApi {
    this.#tagging ??= createTagging(this.#clientSettings('resource_groups_tagging_api'));
    return this.#tagging;
  }

  kms(): Promise<KmsApi> {
    this.#kms ??= import('./clients/kms').then(({ createKms }) => createKms(this.#clientSettings('kms')));
    return this.#kms;
  }

  ec2InstanceConnect(): Promise<Ec2InstanceConnectApi> {
    this.#instanceConnect ??= import('./clients/ec2InstanceConnect').then(({ createEc2InstanceConnect }) =>
      createEc2InstanceConnect(this.#clientSettings('ec2_instance_connect')),
    );
    return this.#instanceConnect;
  }

  /** The account that the credentials belong to, asked once for each that the profile gets. Twelve digits. */
  async identify(signal: AbortSignal): Promise<string> {
    const credentials = await abortable(this.#current(), signal);
    return this.#parts.identity.of(credentials, (until) => this.#identify(until), signal);
  }

  async #identify(signal: AbortSignal): Promise<string> {
    this.#sts ??= createSts(this.#clientSettings('sts'));
    const sts = this.#sts;
    const send = (abortSignal: AbortSignal) => sts.getCallerIdentity({ abortSignal });
    const { Account } = await this.call('sts:GetCallerIdentity', send, signal, { urgent: true });
    if (Account) return Account;
    throw new Fault('aws.unexpected', 'sts:GetCallerIdentity answered without an account.', {
      remedy: { text: 'See the log for the details.', action: 'showLog' },
    });
  }

  /**
   * Makes one API call: credentials first, then the request when its turn has come, again after a wait while it fails
   * transiently.
   * @param action IAM action, e.g. `ec2:DescribeInstances`
   * @throws Fault of the table in faults.ts, or `operation.cancelled`
   */
  async call<T>(
    action: string,
    send: (abortSignal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    { subject, repeat = isTransient, dispensable = false, urgent = false }: CallOptions = {},
  ): Promise<T> {
    const { clock, logger } = this.#parts;
    const context = this.#context(action, subject);
    let renewed = false;
    let refusedSince: number | undefined;
    for (let attempt = 0; ; attempt++) {
      throwIfAborted(signal);
      // Resolved here and not by the signer, which does not know the signal.
      const credentials = await abortable(this.#current(), signal);
      const allowance = this.#allowance(action);
      const turn = await this.#turn(allowance, urgent, context, signal);
      const started = clock.now();
      const outcome = await outcomeOf(() => send(signal), context, clock);
      turn.end(endOf(outcome), outcome.pauseMs);
      if ('answer' in outcome) {
        logger.log('debug', 'aws.call', { action, ...this.place, ms: Math.round(clock.now() - started), attempt });
        return outcome.answer;
      }
      if (signal.aborted) throw cancelled();
      const { fault, pauseMs } = outcome;
      if (refusesCredentials(fault) && !renewed && (await this.#haveOthers(credentials, fault, signal))) {
        // They ended while work was under way: nothing waits for the person, so nothing is told.
        renewed = true;
        continue;
      }
      refusedSince = fault.code === 'aws.throttled' ? (refusedSince ?? started) : undefined;
      const patient = !urgent && refusedSince !== undefined && this.#hasPatience(refusedSince, allowance);
      const again = (attempt + 1 < ATTEMPTS || patient) && (repeat(fault) || (attempt === 0 && mayBeSkew(fault)));
      const level = again || dispensable ? 'debug' : 'warn';
      logger.log(level, 'aws.callFailed', { action, ...this.place, code: fault.code, attempt, error: fault.cause ?? fault });
      if (!again) throw fault;
      await sleep(clock, Math.max(backoffDelay(attempt, WAITS, clock), pauseMs), signal);
    }
  }

  /** By account, once that is known: profiles of one account share its allowances. */
  #allowance(action: string): Allowance {
    const owner = this.accountId ?? this.place.profile;
    return { owner, region: this.place.region, service: action.slice(0, action.indexOf(':')) };
  }

  async #turn(allowance: Allowance, urgent: boolean, context: FaultContext, signal: AbortSignal): Promise<Turn> {
    const { limits, turns } = this.#parts;
    if (urgent) return limits.pass(allowance);
    try {
      const turn = await limits.enter(allowance, signal);
      // Many may be admitted at once, and to sign a request takes a while.
      await turns.next();
      return turn;
    } catch (error) {
      throw awsFault(error, context);
    }
  }

  /** Whether discovery goes on waiting for a service that refuses its calls for their rate. */
  #hasPatience(since: number, allowance: Allowance): boolean {
    const { clock, limits } = this.#parts;
    return clock.now() - since < PATIENCE_MS && !limits.givesUp(allowance);
  }

  /** By the endpoints of this region, should they have to be loaded. */
  #current(): Promise<Credentials> {
    return this.#credentials.get(() => this.#loadCredentials());
  }

  /** Gives up credentials that AWS has refused; true when there are different ones now. */
  async #haveOthers(refused: Credentials, { code }: Fault, signal: AbortSignal): Promise<boolean> {
    this.#credentials.refuse(refused, code === 'aws.expiredCredentials');
    try {
      const now = await abortable(this.#current(), signal);
      return now.accessKeyId !== refused.accessKeyId || now.secretAccessKey !== refused.secretAccessKey;
    } catch (error) {
      if (signal.aborted) throw error;
      return false;
    }
  }

  /** The credentials of this moment, for what is signed here and said elsewhere. @throws Fault `aws.*`, `operation.cancelled` */
  credentials(signal: AbortSignal): Promise<Credentials> {
    return abortable(this.#current(), signal);
  }

  /** The credentials of this moment and the place of the ssm service, for a program that calls it by itself. */
  async pluginGrant(signal: AbortSignal): Promise<PluginGrant> {
    const { accessKeyId, secretAccessKey, sessionToken } = await abortable(this.#current(), signal);
    const { caBundle } = this.#parts.settings;
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      region: this.#parts.region,
      endpoint: ssmEndpoint(this.#clientSettings('ssm')),
      ...(caBundle !== undefined && { caBundle: resolve(caBundle) }),
    };
  }

  /** The service that signs in, by the endpoints and sockets of this profile. */
  signInClient({ region }: SsoSession): { readonly oidc: () => Promise<SsoOidcApi>; readonly oidcEndpoint: string } {
    const settings = { ...this.#clientSettings('sso_oidc'), region };
    return {
      oidc: async () => (await import('./clients/ssoOidc')).createSsoOidc(settings),
      oidcEndpoint: settings.endpoint ?? regionalEndpoint('oidc', settings),
    };
  }

  /** Work that makes calls by itself, with its errors as the person sees them. @throws Fault */
  async faultsOf<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const fault = awsFault(error, this.#context(action, undefined));
      this.#parts.logger.log('debug', 'aws.workFailed', { action, ...this.place, code: fault.code });
      throw fault;
    }
  }

  async #loadCredentials(): Promise<Credentials> {
    const { settings, shared, env, agents, lifetime, logger, tokens, mfa } = this.#parts;
    try {
      return await loadCredentials({
        settings,
        shared,
        paths: shared.paths,
        env,
        agents,
        lifetime,
        tokens,
        mfa,
        sts: (credentials) => createSts({ ...this.#clientSettings('sts'), credentials: async () => credentials }),
        oidc: (session) => this.signInClient(session).oidc(),
        portal: (session) => createSsoPortal({ ...this.#clientSettings('sso'), region: session.region }),
      });
    } catch (error) {
      const fault = awsFault(error, this.#context('credentials', undefined));
      // Only its name: the message of a failed credential_process is its command line and whatever it printed.
      const kind = error instanceof Error ? error.name : typeof error;
      logger.log('warn', 'aws.credentialsFailed', { ...this.place, code: fault.code, kind });
      throw fault;
    }
  }

  #context(action: string, subject: string | undefined): FaultContext {
    const { signIn } = this.#parts.settings;
    return { action, ...this.place, ...(signIn && { signIn }), ...(subject !== undefined && { subject }) };
  }

  #clientSettings(service: string): ClientSettings {
    const { settings, region, agents } = this.#parts;
    const endpoint = settings.endpointUrl(service);
    return {
      region,
      credentials: () => this.#current(),
      ...(endpoint !== undefined && { endpoint }),
      useFips: settings.useFips,
      useDualstack: settings.useDualstack,
      agents,
      turn: this.#parts.turns.next,
    };
  }
}

type Outcome<T> = { readonly answer: T; readonly pauseMs: 0 } | { readonly fault: Fault; readonly pauseMs: number };

/** Of one request; never rejects. `pauseMs` is how long the service asks to be left alone. */
async function outcomeOf<T>(request: () => Promise<T>, context: FaultContext, clock: Clock): Promise<Outcome<T>> {
  try {
    return { answer: await request(), pauseMs: 0 };
  } catch (error) {
    return { fault: awsFault(error, context), pauseMs: retryAfterMs(error, clock.wall()) };
  }
}

/** What it says about the pace: whoever denies a call has had the time to look at it. */
function endOf(outcome: Outcome<unknown>): CallEnd {
  if ('answer' in outcome) return 'answered';
  if (outcome.fault.code === 'aws.throttled') return 'refused';
  return isTransient(outcome.fault) || isCancelled(outcome.fault) ? 'failed' : 'answered';
}
