import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { EC2ClientConfig } from '@aws-sdk/client-ec2';

type Logger = NonNullable<EC2ClientConfig['logger']>;

/** The product's version in the user agent; a test holds it to package.json. */
export const VERSION = '0.1.0';

/** Sockets of all clients; whoever made them destroys them. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** What requests are signed with. Never logged, never stored. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Absent: they last until someone revokes them. */
  readonly expiration?: Date;
  /** When the person has to do something to go on: sign in, enter a code. Absent: they are renewed without anybody's help. */
  readonly actBy?: Date;
}

/** What a client of any service is made from. */
export interface ClientSettings {
  readonly region: string;
  /** Asked before each request; caches by itself. */
  readonly credentials: () => Promise<Credentials>;
  /** Override of the service's endpoint. */
  readonly endpoint?: string;
  readonly useFips: boolean;
  readonly useDualstack: boolean;
  readonly agents: Agents;
  /** Resolves when a piece of an answer may be read; absent: answers are read at once. */
  readonly turn?: () => Promise<void>;
}

/** Passed with each request; the signal is required so that no call outlives its caller. */
export interface SendOptions {
  readonly abortSignal: AbortSignal;
}

/** Without `info`, which the SDK takes for a logger that does not want any. */
const SILENT = { warn: () => {}, error: () => {} } as unknown as Logger;

const CONNECT_TIMEOUT_MS = 5_000;
export const REQUEST_TIMEOUT_MS = 30_000;

/** The SDK's client configuration. Nothing is left to its own look-ups, which know neither our profile nor file changes. */
export function sdkConfig(settings: ClientSettings) {
  const { region, credentials, endpoint, useFips, useDualstack, agents } = settings;
  return {
    region,
    // `memoized` tells the SDK that the provider caches; its own cache would keep static keys for ever.
    credentials: Object.assign(() => credentials(), { memoized: true }),
    ...(endpoint !== undefined && { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    useFipsEndpoint: useFips,
    useDualstackEndpoint: useDualstack,
    defaultsMode: 'standard' as const,
    // Repeating is ours (session.ts): the SDK's waits outlive an abort.
    retryMode: 'standard',
    maxAttempts: 1,
    authSchemePreference: [],
    userAgentAppId: async () => undefined,
    // Else the SDK makes a copy of every answer, without its secrets, for a logger that throws it away.
    logger: SILENT,
    customUserAgent: [['sallyport', VERSION]] as [string, string][],
    requestHandler: requestHandler(agents),
  };
}

/** Also for the clients that the SDK's credential providers make by themselves. */
export function requestHandler(agents: Agents) {
  return {
    httpAgent: agents.http,
    httpsAgent: agents.https,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
  };
}
