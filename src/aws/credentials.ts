import { readFile } from 'node:fs/promises';
import { fromHttp, fromIni, fromInstanceMetadata } from '@aws-sdk/credential-providers';
import type { Clock } from '../base/clock';
import { requestHandler } from './clients/settings';
import type { Agents, Credentials } from './clients/settings';
import type { StsApi } from './clients/sts';
import type { ConfigPaths } from './configFiles';
import { noCredentialsFault } from './faults';
import type { ProfileSettings } from './profiles';

/** Credentials are renewed when they have less than this left; AWS's shortest-lived ones last 15 minutes. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** With less than this left, credentials whose renewal failed are not used any more. */
const UNUSABLE_BEFORE_MS = 10_000;
/** The metadata services are on the same machine; two tries of this length are made where there is none. */
const METADATA_TIMEOUT_MS = 700;

/** Holds credentials until shortly before they expire; concurrent callers share one load. */
export class CachedCredentials {
  readonly #load: () => Promise<Credentials>;
  readonly #clock: Clock;
  #held: Credentials | undefined;
  #loading: Promise<Credentials> | undefined;

  constructor(load: () => Promise<Credentials>, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  async get(): Promise<Credentials> {
    const held = this.#held;
    if (held && this.#left(held) > RENEW_BEFORE_MS) return held;
    this.#loading ??= this.#renew();
    try {
      return await this.#loading;
    } catch (error) {
      // A failed early renewal is no reason to stop: the next call tries again.
      if (held && held === this.#held && this.#left(held) > UNUSABLE_BEFORE_MS) return held;
      throw error;
    }
  }

  /** Makes the next `get` load anew. */
  forget(): void {
    this.#held = undefined;
  }

  #left({ expiration }: Credentials): number {
    return expiration ? expiration.getTime() - this.#clock.wall() : Infinity;
  }

  async #renew(): Promise<Credentials> {
    try {
      this.#held = await this.#load();
      return this.#held;
    } finally {
      this.#loading = undefined;
    }
  }
}

/** Everything that loading credentials needs. */
export interface CredentialSource {
  readonly settings: ProfileSettings;
  readonly paths: ConfigPaths;
  readonly env: NodeJS.ProcessEnv;
  readonly agents: Agents;
  /** Ends role assumptions when everything ends. */
  readonly lifetime: AbortSignal;
  /** An STS client of the profile's region and endpoint that signs with the given credentials. */
  sts(credentials: Credentials): StsApi;
}

/**
 * The credentials of one profile, each time anew. The SDK's providers do the work; role assumptions go through our
 * own STS client, because the one they would make ignores the profile's endpoint.
 * The SSO token cache and the metadata variables are the process's own, whatever `env` says.
 * @throws an error of the provider or of STS, or Fault `aws.noCredentials`
 */
export function loadCredentials(source: CredentialSource): Promise<Credentials> {
  switch (source.settings.source) {
    case 'environment':
      return environmentCredentials(source);
    case 'files':
      return fileCredentials(source);
    case 'ambient':
      return ambientCredentials(source);
  }
}

async function environmentCredentials(source: CredentialSource): Promise<Credentials> {
  const { env } = source;
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (accessKeyId && secretAccessKey) {
    const sessionToken = env['AWS_SESSION_TOKEN'];
    const expiration = env['AWS_CREDENTIAL_EXPIRATION'];
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      ...(expiration && !Number.isNaN(Date.parse(expiration)) && { expiration: new Date(expiration) }),
    };
  }
  const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  const roleArn = env['AWS_ROLE_ARN'];
  if (!tokenFile || !roleArn) throw noCredentialsFault(source.settings.name);
  return assumeWithWebIdentity(source, {
    RoleArn: roleArn,
    RoleSessionName: env['AWS_ROLE_SESSION_NAME'] ?? 'sallyport',
    WebIdentityToken: (await readFile(tokenFile, 'utf8')).trim(),
  });
}

function fileCredentials(source: CredentialSource): Promise<Credentials> {
  const provider = fromIni({
    profile: source.settings.name,
    filepath: source.paths.credentials,
    configFilepath: source.paths.config,
    ignoreCache: true,
    clientConfig: { requestHandler: requestHandler(source.agents), maxAttempts: 2 },
    roleAssumer: async (credentials, params) =>
      issued(await source.sts(credentials).assumeRole(params, { abortSignal: source.lifetime })),
    roleAssumerWithWebIdentity: ({ RoleArn, RoleSessionName, WebIdentityToken }) =>
      assumeWithWebIdentity(source, { RoleArn, RoleSessionName, WebIdentityToken }),
  });
  return provider();
}

interface WebIdentity {
  readonly RoleArn: string | undefined;
  readonly RoleSessionName: string | undefined;
  readonly WebIdentityToken: string | undefined;
}

async function assumeWithWebIdentity(source: CredentialSource, identity: WebIdentity): Promise<Credentials> {
  // This one call is not signed.
  const sts = source.sts({ accessKeyId: '', secretAccessKey: '' });
  return issued(await sts.assumeRoleWithWebIdentity(identity, { abortSignal: source.lifetime }));
}

interface Issued {
  readonly Credentials?:
    | {
        readonly AccessKeyId: string | undefined;
        readonly SecretAccessKey: string | undefined;
        readonly SessionToken: string | undefined;
        readonly Expiration: Date | undefined;
      }
    | undefined;
}

function issued({ Credentials }: Issued): Credentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey) throw new Error('STS answered without credentials.');
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken && { sessionToken: SessionToken }),
    ...(Expiration && { expiration: Expiration }),
  };
}

/** The role of the container or of the instance that this process runs on; on a laptop the answer is "none" within two seconds. */
async function ambientCredentials({ env, settings }: CredentialSource): Promise<Credentials> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  const limits = { timeout: METADATA_TIMEOUT_MS, maxRetries: 0, logger: SILENT };
  if (relative || full) {
    return fromHttp({
      ...limits,
      ...(relative ? { awsContainerCredentialsRelativeUri: relative } : { awsContainerCredentialsFullUri: full ?? '' }),
    })();
  }
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') throw noCredentialsFault(settings.name);
  return fromInstanceMetadata(limits)();
}

// Without one, the metadata providers write to the console.
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
