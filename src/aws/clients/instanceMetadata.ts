import { request as httpRequest } from 'node:http';
import { namedError } from './jsonProtocol';
import type { Credentials } from './settings';

/** The service is on the same machine; where there is none, this is what two questions take twice, ms. */
const TIMEOUT_MS = 700;
const TOKEN_SECONDS = 21_600;
const MAX_ANSWER_BYTES = 64 * 1024;
const ROLE_PATH = '/latest/meta-data/iam/security-credentials/';

/**
 * The role of the EC2 instance that this process runs on, by the second version of the metadata service; by the first where
 * the second is refused or does not answer, and AWS_EC2_METADATA_V1_DISABLED does not forbid it. Never through a proxy.
 * @throws Error `ProviderError` when there is no such service or no role, or `AbortError`
 */
export async function instanceRoleCredentials(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Credentials> {
  const base = new URL(endpointOf(env));
  const ask = (method: string, path: string, headers: Record<string, string>): Promise<Answer> =>
    answerOf(new URL(path, base), method, headers, signal);
  const token = await sessionToken(ask, signal);
  if (token === undefined && env['AWS_EC2_METADATA_V1_DISABLED']?.toLowerCase() === 'true') {
    throw namedError('ProviderError', 'the instance metadata service gives no session token');
  }
  const headers = token === undefined ? {} : { 'x-aws-ec2-metadata-token': token };
  const get = async (path: string): Promise<string> => {
    const { status, body } = await ask('GET', path, headers).catch((error: unknown) => {
      throw error instanceof Error && error.name === 'TimeoutError' ? namedError('ProviderError', error.message) : error;
    });
    if (status !== 200) throw namedError('ProviderError', `the instance metadata service answered ${status}`);
    return body;
  };
  const [role = ''] = (await get(ROLE_PATH)).trim().split('\n');
  return issued(await get(ROLE_PATH + encodeURIComponent(role)));
}

function endpointOf(env: NodeJS.ProcessEnv): string {
  const own = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'];
  if (own && URL.canParse(own) && new URL(own).protocol === 'http:') return own;
  return env['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE']?.toLowerCase() === 'ipv6' ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254';
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

type Question = (method: string, path: string, headers: Record<string, string>) => Promise<Answer>;

/** Undefined where only the first version is spoken. */
async function sessionToken(ask: Question, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { status, body } = await ask('PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_SECONDS) });
    if (status === 200) return body;
    if ([403, 404, 405].includes(status)) return undefined;
    throw namedError('ProviderError', `the instance metadata service answered ${status}`);
  } catch (error) {
    // Inside a container the answer to a PUT may be dropped: its packets live for one hop.
    if (!signal.aborted && error instanceof Error && error.name === 'TimeoutError') return undefined;
    throw error;
  }
}

function answerOf(url: URL, method: string, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const kept = ['TimeoutError', 'AbortError'].includes(error.name);
      reject(kept ? error : Object.assign(namedError('ProviderError', 'no instance metadata service'), { cause: error }));
    };
    const request = httpRequest(url, { method, headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) request.destroy(namedError('ProviderError', 'the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
    });
    // Not the socket's own time-out, which begins with the connection.
    const timer = setTimeout(() => request.destroy(namedError('TimeoutError', 'no answer of the instance metadata service')), TIMEOUT_MS);
    request.on('close', () => clearTimeout(timer));
    request.on('error', fail);
    request.end();
  });
}

function issued(text: string): Credentials {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = fieldsOf(text);
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string' || typeof Token !== 'string') {
    throw namedError('ProviderError', 'the instance metadata service answered without credentials');
  }
  const expiration = new Date(typeof Expiration === 'string' ? Expiration : '');
  const expires = !Number.isNaN(expiration.getTime());
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token, ...(expires && { expiration }) };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
