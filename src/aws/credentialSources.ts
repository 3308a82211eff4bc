import { readFile } from 'node:fs/promises';
import { fromHttp } from '@aws-sdk/credential-providers';
import { instanceRoleCredentials } from './clients/instanceMetadata';
import type { Agents, Credentials } from './clients/settings';
import type { SsoOidcApi } from './clients/ssoOidc';
import type { SsoPortalApi } from './clients/ssoPortal';
import type { StsApi } from './clients/sts';
import type { ConfigPaths, SharedConfig } from './configFiles';
import { noCredentialsFault } from './faults';
import type { MfaRoles } from './mfaRoles';
import type { ProfileSettings } from './profiles';
import type { SsoSession } from './ssoConfig';
import type { SsoTokens } from './ssoTokens';

/** The endpoint of a container is on the same machine. */
const METADATA_TIMEOUT_MS = 700;

/** Everything that loading credentials needs. */
export interface CredentialSource {
  readonly settings: ProfileSettings;
  readonly shared: SharedConfig;
  readonly paths: ConfigPaths;
  readonly env: NodeJS.ProcessEnv;
  readonly agents: Agents;
  /** Ends whatever is asked of a service when everything ends. */
  readonly lifetime: AbortSignal;
  readonly tokens: SsoTokens;
  readonly mfa: MfaRoles;
  /** An STS client of the profile's region and endpoint that signs with the given credentials. */
  sts(credentials: Credentials): StsApi;
  oidc(session: SsoSession): Promise<SsoOidcApi>;
  portal(session: SsoSession): SsoPortalApi;
}

/** A key pair of the variables; undefined when there is none. */
export function variableCredentials(env: NodeJS.ProcessEnv): Credentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey) return undefined;
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const expiration = new Date(env['AWS_CREDENTIAL_EXPIRATION'] ?? '');
  const expires = !Number.isNaN(expiration.getTime());
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    // Nobody renews variables of a running process.
    ...(expires && { expiration, actBy: expiration }),
  };
}

/** What the variables say: a key pair, or a web identity. */
export async function environmentCredentials(source: CredentialSource): Promise<Credentials> {
  const { env } = source;
  const keys = variableCredentials(env);
  if (keys) return keys;
  const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  const roleArn = env['AWS_ROLE_ARN'];
  if (!tokenFile || !roleArn) throw noCredentialsFault(source.settings.name);
  return webIdentityCredentials(source, {
    RoleArn: roleArn,
    RoleSessionName: env['AWS_ROLE_SESSION_NAME'] ?? 'sallyport',
    WebIdentityToken: (await readFile(tokenFile, 'utf8')).trim(),
  });
}

export interface WebIdentity {
  readonly RoleArn: string | undefined;
  readonly RoleSessionName: string | undefined;
  readonly WebIdentityToken: string | undefined;
}

export async function webIdentityCredentials(source: CredentialSource, identity: WebIdentity): Promise<Credentials> {
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

/** @throws Error when an answer of STS holds none */
export function issued({ Credentials }: Issued): Credentials {
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
export function ambientCredentials(source: CredentialSource): Promise<Credentials> {
  const { env } = source;
  const inContainer = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  return inContainer ? containerCredentials(source) : instanceCredentials(source);
}

export async function containerCredentials({ env, settings }: CredentialSource): Promise<Credentials> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  if (!relative && !full) throw noCredentialsFault(settings.name);
  const token = env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  const tokenFile = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  return fromHttp({
    timeout: METADATA_TIMEOUT_MS,
    maxRetries: 0,
    logger: SILENT,
    ...(relative ? { awsContainerCredentialsRelativeUri: relative } : { awsContainerCredentialsFullUri: full ?? '' }),
    // The file wins, as it does for the SDK.
    ...(tokenFile ? { awsContainerAuthorizationTokenFile: tokenFile } : token && { awsContainerAuthorizationToken: token }),
  })();
}

/** @throws Fault `aws.noCredentials` where AWS_EC2_METADATA_DISABLED says that nobody is to be asked */
export async function instanceCredentials({ env, settings, lifetime }: CredentialSource): Promise<Credentials> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') throw noCredentialsFault(settings.name);
  return instanceRoleCredentials(env, lifetime);
}

// Without one, the provider writes to the console.
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
