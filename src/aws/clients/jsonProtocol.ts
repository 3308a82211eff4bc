import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { REQUEST_TIMEOUT_MS, VERSION } from './settings';
import type { Agents, ClientSettings, SendOptions } from './settings';

// For services of which we make one or two calls: AWS's own signer and one request do, without a whole client around them.

export interface JsonService {
  /** As it stands in signatures. */
  readonly name: string;
  /** The first label of its host names; its name unless told. */
  readonly host?: string;
  /** What precedes the action in `X-Amz-Target`. */
  readonly targetPrefix: string;
  /** The longest answer that is read; 64 KiB unless told. */
  readonly maxAnswerBytes?: number;
  /** So long it may be silent, ms; `REQUEST_TIMEOUT_MS` unless told. */
  readonly timeoutMs?: number;
}

/**
 * Makes one request of the AWS JSON 1.1 protocol and gives the answer's members.
 * @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`.
 */
export type JsonCall = (action: string, input: object, options: SendOptions) => Promise<Record<string, unknown>>;

/** Most answers are about 1 kB. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** A difference of the clocks from which on requests are signed with the service's time, ms. */
const MAX_SKEW_MS = 4 * 60_000;

export function jsonCaller(service: JsonService, settings: ClientSettings): JsonCall {
  const { name, host = name, targetPrefix, maxAnswerBytes, timeoutMs } = service;
  const send = signedSender({ name, host, maxAnswerBytes, timeoutMs }, settings);
  return async (action, input, { abortSignal }) =>
    send(
      {
        method: 'POST',
        path: '/',
        query: {},
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${targetPrefix}.${action}` },
        body: JSON.stringify(input),
      },
      abortSignal,
    );
}

/** A request before it is signed. */
export interface Unsigned {
  readonly method: 'GET' | 'POST';
  /** Begins with a slash; what may be anything in it is encoded already. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Signs requests to one service, sends them and gives the answers' members. @throws Error as `JsonCall` */
export function signedSender(
  { name, host, ...bounds }: { readonly name: string; readonly host: string } & AnswerBounds,
  settings: ClientSettings,
): (request: Unsigned, signal: AbortSignal) => Promise<Record<string, unknown>> {
  const { region, credentials, agents } = settings;
  const base = new URL(settings.endpoint ?? regionalEndpoint(host, settings));
  const signer = new SignatureV4({ service: name, region, credentials, sha256: Sha256, applyChecksum: true });
  // The service's clock less ours, ms, once it has refused ours.
  let skew = 0;

  return async ({ method, path, query, headers: own, body }, signal) => {
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/$/, '')}${path}`;
    const signed = await signer.sign(
      {
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        ...(url.port !== '' && { port: Number(url.port) }),
        path: url.pathname,
        query: { ...query },
        headers: {
          host: url.host,
          'user-agent': `sallyport/${VERSION}`,
          ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
          ...own,
        },
        ...(body !== undefined && { body }),
      },
      { signingDate: new Date(Date.now() + skew) },
    );
    url.search = queryText(query);
    const asked = { method, headers: signed.headers, ...(body !== undefined && { body }), ...bounds };
    const { status, content, headers } = await exchange(url, asked, agents, signal);
    if (status === 200) return content;
    const theirs = Date.parse(headers.date ?? '');
    if (Math.abs(theirs - Date.now() - skew) > MAX_SKEW_MS) skew = theirs - Date.now();
    throw Object.assign(failure(status, content, headers['x-amzn-errortype']), { $response: { headers } });
  };
}

/** As the signature has it: a blank is no plus. */
function queryText(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map((pair) => pair.map((text) => encodeURIComponent(text)).join('='))
    .join('&');
}

/** What is borne of an answer. */
interface AnswerBounds {
  /** The longest that is read; 64 KiB unless told. */
  readonly maxAnswerBytes?: number | undefined;
  /** So long it may be silent, ms; `REQUEST_TIMEOUT_MS` unless told. */
  readonly timeoutMs?: number | undefined;
}

/** What is sent, all of it. */
export interface JsonRequest extends AnswerBounds {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back: `content` is empty for what is no JSON object. */
export interface JsonAnswer {
  readonly status: number;
  readonly content: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
}

/** Makes one request. @throws Error of the socket, `TimeoutError`, `UnexpectedAnswer` or `AbortError` */
export async function exchange(url: URL, request: JsonRequest, agents: Agents, signal: AbortSignal): Promise<JsonAnswer> {
  const { status, body, headers } = await exchangeBytes(url, request, agents, signal);
  return { status, content: parse(body), headers };
}

/** As `exchange`, for an answer that is no JSON. */
export async function exchangeBytes(
  url: URL,
  { method, headers, body, maxAnswerBytes = MAX_ANSWER_BYTES, timeoutMs = REQUEST_TIMEOUT_MS }: JsonRequest,
  agents: Agents,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: Buffer; readonly headers: IncomingHttpHeaders }> {
  const secure = url.protocol === 'https:';
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, headers, signal, timeout: timeoutMs };
    const request = secure
      ? httpsRequest(url, { ...options, agent: agents.https }, resolve)
      : httpRequest(url, { ...options, agent: agents.http }, resolve);
    request.on('timeout', () => request.destroy(namedError('TimeoutError', 'The request took too long.')));
    request.on('error', reject);
    request.end(body);
  });
  return { status: answer.statusCode ?? 0, body: await read(answer, maxAnswerBytes), headers: answer.headers };
}

/** Partitions whose names do not end in `amazonaws.com`, by the beginning of their regions: IPv4 and dual-stack suffix. */
const PARTITIONS: readonly (readonly [RegExp, string, string])[] = [
  [/^cn-/, 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  [/^us-iso-/, 'c2s.ic.gov', 'api.aws.ic.gov'],
  [/^us-isob-/, 'sc2s.sgov.gov', 'api.aws.scloud'],
  [/^eu-isoe-/, 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  [/^us-isof-/, 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  [/^eusc-/, 'amazonaws.eu', 'api.amazonwebservices.eu'],
];

/** The regional endpoint, by the rules of AWS's own clients. @param host its first label, e.g. `kms` */
export function regionalEndpoint(
  host: string,
  { region, useFips, useDualstack }: Pick<ClientSettings, 'region' | 'useFips' | 'useDualstack'>,
): string {
  const [, plain = 'amazonaws.com', dualstack = 'api.aws'] = PARTITIONS.find(([regions]) => regions.test(region)) ?? [];
  return `https://${host}${useFips ? '-fips' : ''}.${region}.${useDualstack ? dualstack : plain}/`;
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw namedError('UnexpectedAnswer', 'The answer is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Empty for what is no JSON object: an answer of some proxy. */
function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** An error of AWS as the SDK's clients throw it. The name comes as `Name`, `prefix#Name` or `Name:address`, in a header or in the body. */
export function failure(httpStatusCode: number, content: Record<string, unknown>, header: string | string[] | undefined): Error {
  const type = [header, content['__type'], content['code']].find((value) => typeof value === 'string') ?? 'UnknownError';
  const name = type.split(':')[0]!.split('#').at(-1)!;
  const message = content['message'] ?? content['Message'];
  return Object.assign(namedError(name, typeof message === 'string' ? message : name), { $metadata: { httpStatusCode } });
}

/** As the SDK's clients throw it: AWS's code as its name. */
export function namedError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
