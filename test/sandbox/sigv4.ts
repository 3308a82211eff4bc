import { createHash, createHmac } from 'node:crypto';

/** AWS Signature Version 4, from the verifier's side (IAM User Guide, "Create a signed AWS API request"). */

export const ALGORITHM = 'AWS4-HMAC-SHA256';

export interface CredentialScope {
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export interface Authorization {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  /** Lower-case, in the order given. */
  readonly signedHeaders: readonly string[];
  /** Hexadecimal. */
  readonly signature: string;
}

export interface SignableRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  /** Name and value pairs as they were sent; a name may occur more than once. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** The parts of an `Authorization` header; undefined when it does not have the form. */
export function parseAuthorization(header: string): Authorization | undefined {
  const [algorithm, ...rest] = header.trim().split(/\s+/);
  if (algorithm !== ALGORITHM) return undefined;
  const fields = new Map(
    rest
      .join('')
      .split(',')
      .map((field) => {
        const separator = field.indexOf('=');
        return [field.slice(0, separator), field.slice(separator + 1)] as const;
      }),
  );
  const credential = fields.get('Credential')?.split('/') ?? [];
  const signedHeaders = fields.get('SignedHeaders')?.split(';') ?? [];
  const signature = fields.get('Signature') ?? '';
  const [accessKeyId, date, region, service, terminator] = credential;
  if (!accessKeyId || !date || !region || !service) return undefined;
  if (terminator !== 'aws4_request' || credential.length !== 5) return undefined;
  if (signedHeaders.length === 0 || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  return { accessKeyId, scope: { date, region, service }, signedHeaders, signature };
}

/** The text whose hash is signed. */
export function canonicalRequest(request: SignableRequest, signedHeaders: readonly string[]): string {
  const [path = '', ...query] = request.url.split('?');
  return [
    request.method,
    canonicalPath(path),
    canonicalQuery(query.join('?')),
    ...signedHeaders.map((name) => `${name}:${headerValue(request, name)}`),
    '',
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
}

export function stringToSign(canonical: string, timestamp: string, scope: CredentialScope): string {
  const { date, region, service } = scope;
  return [ALGORITHM, timestamp, `${date}/${region}/${service}/aws4_request`, sha256(canonical)].join('\n');
}

export function signingKey(secret: string, { date, region, service }: CredentialScope): Buffer {
  return [date, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
}

/** Hexadecimal signature of a request that says it was made at `timestamp` (YYYYMMDDTHHMMSSZ). */
export function signatureOf(
  request: SignableRequest,
  signedHeaders: readonly string[],
  timestamp: string,
  scope: CredentialScope,
  secret: string,
): string {
  const text = stringToSign(canonicalRequest(request, signedHeaders), timestamp, scope);
  return createHmac('sha256', signingKey(secret, scope)).update(text).digest('hex');
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

// Every service but S3 normalises the path and encodes it a second time.
function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(uriEncode(segment));
  }
  const trailing = kept.length > 0 && /\/\.{0,2}$/.test(path) ? '/' : '';
  return `/${kept.join('/')}${trailing}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((pair) => {
      const separator = pair.indexOf('=');
      const [name, value] = separator < 0 ? [pair, ''] : [pair.slice(0, separator), pair.slice(separator + 1)];
      return [uriEncode(decodeLeniently(name)), uriEncode(decodeLeniently(value))] as const;
    })
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join('='))
    .join('&');
}

// By code point, as the specification wants, and not by locale.
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function uriEncode(text: string): string {
  const hexadecimal = (character: string): string => character.charCodeAt(0).toString(16).toUpperCase();
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${hexadecimal(character)}`);
}

function headerValue({ headers }: SignableRequest, name: string): string {
  return headers
    .filter(([given]) => given.toLowerCase() === name)
    .map(([, value]) => value.trim().replace(/\s+/g, ' '))
    .join(',');
}
