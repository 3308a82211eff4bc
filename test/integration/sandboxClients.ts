import { EC2Client } from '@aws-sdk/client-ec2';
import { ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { RDSClient } from '@aws-sdk/client-rds';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import type { Sandbox } from '../sandbox/sandbox';

export interface ClientOptions {
  readonly region?: string;
  /** Tries per call, the first included. Default: 1, so that errors are seen as they come. */
  readonly maxAttempts?: number;
  readonly credentials?: Credentials;
  readonly systemClockOffset?: number;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Clients {
  readonly ec2: EC2Client;
  readonly elastiCache: ElastiCacheClient;
  readonly rds: RDSClient;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
}

/** The real SDK clients, pointed at a sandbox with the credentials of one of its profiles. */
export function clientsOf(sandbox: Sandbox, profile = 'dev', options: ClientOptions = {}): Clients {
  const config = {
    endpoint: sandbox.endpoint,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: credentialsOf(sandbox, profile),
    ...options,
  };
  return {
    ec2: new EC2Client(config),
    elastiCache: new ElastiCacheClient(config),
    rds: new RDSClient(config),
    ssm: new SSMClient(config),
    sts: new STSClient(config),
  };
}

export function destroy(clients: Clients): void {
  for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
}

export function credentialsOf(sandbox: Sandbox, profile: string): Credentials {
  const env = sandbox.env(profile);
  return {
    accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
    ...(env['AWS_SESSION_TOKEN'] !== undefined && { sessionToken: env['AWS_SESSION_TOKEN'] }),
  };
}

export interface Failure {
  readonly name: string;
  /** HTTP status. */
  readonly status: number | undefined;
  readonly message: string;
}

/** How a call fails. @throws when it does not */
export async function failure(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode, message };
  }
  throw new Error('the call was expected to fail');
}

/** Every page's rows, page by page. */
export async function collect<Page, Row>(
  pages: AsyncIterable<Page>,
  rows: (page: Page) => readonly Row[] | undefined,
): Promise<Row[][]> {
  const all: Row[][] = [];
  for await (const page of pages) all.push([...(rows(page) ?? [])]);
  return all;
}
