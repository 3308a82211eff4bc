import { readFile } from 'node:fs/promises';
import type { Clock } from '../base/clock';
import type { Event } from '../base/event';
import { Fault } from '../base/fault';
import type { Logger } from '../base/log';
import type { DiscoveryScope, ProfileInfo } from '../model/inventory';
import type { ProxyDial } from '../model/outbound';
import type { Ask } from '../model/question';
import type { CredentialsChange, SignInService, SignInWay } from '../model/signIn';
import { throwIfAborted } from '../base/abort';
import { createAgents } from './agents';
import type { Agents } from './clients/settings';
import { homeDirectory, readSharedConfig } from './configFiles';
import type { SharedConfig } from './configFiles';
import { ConfigWatch } from './configWatch';
import { CachedCredentials } from './credentials';
import { SharedIdentity } from './identity';
import { MfaRoles } from './mfaRoles';
import { listProfiles, profileSettings } from './profiles';
import { RateLimits } from './rateLimits';
import { AwsSession } from './session';
import { sessionToSignIn, SignIns } from './signIns';
import { SsoTokens } from './ssoTokens';
import { Turns } from './turns';

export interface AwsDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  /** `process.env` unless told. */
  readonly env?: NodeJS.ProcessEnv;
  /** How a proxy is reached; without it, every connection is a direct one. */
  readonly viaProxy?: ProxyDial;
  /** Puts a question to the person; without it there is nobody to ask. */
  readonly ask?: Ask;
  /** The custom targets as they stand in the settings, read at each discovery; none unless told. */
  readonly customTargets?: () => unknown;
}

/** Of one profile; its sessions in all regions share them. */
interface Login {
  readonly credentials: CachedCredentials;
  readonly identity: SharedIdentity;
}

/** Sockets that trust one bundle, and that bundle (PEM). */
interface Trusted {
  readonly agents: Agents;
  readonly ca: string | undefined;
}

/**
 * Sessions by profile and region, for as long as the configuration that they were made from stays as it is: a changed
 * file or variable makes new ones. Owns the sockets of every client.
 */
export class AwsAccess implements SignInService {
  readonly #deps: AwsDeps;
  readonly #env: NodeJS.ProcessEnv;
  readonly #lifetime = new AbortController();
  readonly #agents = new Map<string | undefined, Trusted>();
  readonly #tokens: SsoTokens;
  readonly #mfa: MfaRoles;
  readonly #watch: ConfigWatch;
  readonly #signIns: SignIns;
  readonly #limits: RateLimits;
  readonly #turns = new Turns();
  #sessions = new Map<string, AwsSession>();
  /** By profile. */
  #logins = new Map<string, Login>();
  #fingerprint = '';

  readonly onDidChange: Event<CredentialsChange>;

  constructor(deps: AwsDeps) {
    this.#deps = deps;
    this.#env = deps.env ?? process.env;
    const { clock, logger, ask = nobody } = deps;
    const lifetime = this.#lifetime.signal;
    const tokens = new SsoTokens({ home: homeDirectory(this.#env), clock, logger });
    const watch = new ConfigWatch({ env: this.#env, tokens, clock, logger });
    this.#tokens = tokens;
    this.#watch = watch;
    this.#limits = new RateLimits(clock);
    this.#mfa = new MfaRoles(ask, clock, lifetime);
    this.#signIns = new SignIns({ tokens, ask, clock, lifetime, onSignedIn: (session) => watch.signedIn(session) });
    this.onDidChange = watch.onDidChange;
    // The first of the listeners: what the others then ask for is asked with the new sign-in.
    watch.onDidChange((change) => {
      if (change.kind === 'signedIn') for (const profile of change.profiles) this.#logins.get(profile)?.credentials.forget();
    });
  }

  async profiles(): Promise<readonly ProfileInfo[]> {
    return listProfiles(await this.#configuration(), this.#env);
  }

  /**
   * Reads files only; the first call of the session is the first to reach AWS.
   * @throws Fault `aws.configUnreadable`, `aws.configMalformed`, `aws.noProfile`, `aws.noRegion`, `aws.invalidRegion`, `aws.badCaBundle`
   */
  async open({ profile, region }: DiscoveryScope, signal: AbortSignal): Promise<AwsSession> {
    throwIfAborted(signal);
    const shared = await this.#configuration();
    throwIfAborted(signal);
    throwIfAborted(this.#lifetime.signal);
    const settings = profileSettings(shared, profile, this.#env);
    const wanted = checkedRegion(region || settings.region, profile);
    const key = JSON.stringify([profile, wanted]);
    const known = this.#sessions.get(key);
    if (known) return known;
    const trusted = await this.#agentsFor(settings.caBundle);
    throwIfAborted(this.#lifetime.signal);
    const { logger, clock } = this.#deps;
    const session = new AwsSession({
      settings,
      region: wanted,
      shared,
      env: this.#env,
      agents: trusted.agents,
      ca: trusted.ca,
      clock,
      logger,
      tokens: this.#tokens,
      mfa: this.#mfa,
      ...this.#loginOf(profile, shared),
      limits: this.#limits,
      turns: this.#turns,
      lifetime: this.#lifetime.signal,
    });
    if (shared.fingerprint === this.#fingerprint) this.#sessions.set(key, session);
    return session;
  }

  /** The client of the sign-in is that of the profile: its endpoints, its proxy, its CA bundle. */
  async signIn(profile: string, way: SignInWay, signal: AbortSignal): Promise<void> {
    const settings = profileSettings(await this.#configuration(), profile, this.#env);
    const session = sessionToSignIn(profile, settings.signIn);
    const aws = await this.open({ profile, region: session.region }, signal);
    const { oidc, oidcEndpoint } = aws.signInClient(session);
    await aws.faultsOf('credentials', () => this.#signIns.signIn({ session, way, oidc, oidcEndpoint }, signal));
  }

  async expiry(profile: string): Promise<number | undefined> {
    return this.#logins.get(profile)?.credentials.actBy;
  }

  /** Ends what is under way and closes every socket. */
  dispose(): void {
    this.#lifetime.abort();
    this.#watch.dispose();
    this.#sessions.clear();
    this.#logins.clear();
    for (const { agents } of this.#agents.values()) {
      agents.http.destroy();
      agents.https.destroy();
    }
    this.#agents.clear();
  }

  async #configuration(): Promise<SharedConfig> {
    if (!this.#lifetime.signal.aborted) this.#watch.start();
    const shared = await readSharedConfig(this.#env);
    if (shared.fingerprint !== this.#fingerprint) {
      this.#fingerprint = shared.fingerprint;
      this.#sessions = new Map();
      this.#logins = new Map();
    }
    return shared;
  }

  #loginOf(profile: string, { fingerprint }: SharedConfig): Login {
    // What was read before a change is not to be mixed with what is read after it.
    const isCurrent = fingerprint === this.#fingerprint;
    const known = isCurrent ? this.#logins.get(profile) : undefined;
    if (known) return known;
    const credentials = new CachedCredentials(this.#deps.clock, (ended) => this.#mfa.forget(ended));
    const login = { credentials, identity: new SharedIdentity() };
    if (isCurrent) this.#logins.set(profile, login);
    return login;
  }

  async #agentsFor(caBundle: string | undefined): Promise<Trusted> {
    // By content: a bundle that was replaced in place gets agents of its own.
    const ca = caBundle === undefined ? undefined : await readBundle(caBundle);
    const known = this.#agents.get(ca);
    if (known) return known;
    const trusted: Trusted = { agents: createAgents(ca, this.#deps.viaProxy), ca };
    this.#agents.set(ca, trusted);
    return trusted;
  }
}

const nobody: Ask = () => Promise.resolve(undefined);

async function readBundle(path: string): Promise<string> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw badBundle(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`, error);
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw badBundle(path, 'holds no PEM certificate');
  return text;
}

function badBundle(path: string, what: string, cause?: unknown): Fault {
  return new Fault('aws.badCaBundle', `The CA bundle ${path} of the AWS configuration ${what}.`, {
    cause,
    remedy: { text: 'Correct AWS_CA_BUNDLE or `ca_bundle` in the AWS configuration.', action: 'retry' },
  });
}

// What the SDK accepts as a part of a host name.
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

function checkedRegion(region: string | undefined, profile: string): string {
  if (!region) {
    throw new Fault('aws.noRegion', `AWS profile "${profile}" names no region.`, {
      remedy: { text: 'Choose a region, or set `region` in the profile or AWS_REGION in the environment.', action: 'selectRegion' },
    });
  }
  if (REGION.test(region)) return region;
  throw new Fault('aws.invalidRegion', `"${region}" is no AWS region.`, {
    remedy: { text: 'Choose a region such as eu-central-1.', action: 'selectRegion' },
  });
}
