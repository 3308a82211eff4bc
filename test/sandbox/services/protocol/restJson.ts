import { ApiError, SENTENCES } from './protocol';
import type { Protocol, ProtocolErrors, RawRequest, Reply } from './protocol';
import type { InputTree, InputValue } from './input';
import { jsonMembers } from './json';

/** How one action is asked for. */
export interface Route {
  readonly action: string;
  readonly method: 'GET' | 'POST';
  /** Segments; one in braces is a label that becomes a member of that name. */
  readonly path: string;
  /** Members that may stand in the query. */
  readonly query?: readonly string[];
  /** Members that may stand in the body. */
  readonly body?: readonly string[];
}

/** REST-JSON: the action by method and path, its members in path, query and body; errors by a header. */
export function restJson(routes: readonly Route[]): Protocol {
  return {
    errors: ERRORS,
    decode: (request) => decode(request, routes),
    answer: (_action, output, requestId) => reply(200, jsonMembers(output), requestId),
    error: ({ code, message, status }: ApiError, requestId) => reply(status, { message }, requestId, { 'x-amzn-errortype': `${code}:` }),
  };
}

function decode({ method, url, body }: RawRequest, routes: readonly Route[]): { readonly action: string; readonly input: InputTree } {
  const [path = '', query = ''] = url.split('?');
  for (const route of routes) {
    const labels = route.method === method ? labelsOf(path, route.path) : undefined;
    if (!labels) continue;
    const members = { ...queryMembers(query, route.query ?? []), ...bodyMembers(body, route.body) };
    return { action: route.action, input: { ...members, ...labels } };
  }
  throw ERRORS.unknownAction(`${method} ${path}`);
}

function labelsOf(path: string, pattern: string): Record<string, string> | undefined {
  const given = path.split('/');
  const expected = pattern.split('/');
  if (given.length !== expected.length) return undefined;
  const labels: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const text = decodeURIComponent(given[index]!);
    const [, label] = /^\{(.+)\}$/.exec(part) ?? [];
    if (label === undefined ? text !== part : text === '') return undefined;
    if (label !== undefined) labels[label] = text;
  }
  return labels;
}

function queryMembers(query: string, known: readonly string[]): Record<string, string> {
  const members = [...new URLSearchParams(query)];
  for (const [name] of members) if (!known.includes(name)) throw new ApiError('BadRequestException', `Unknown query parameter ${name}.`);
  return Object.fromEntries(members);
}

function bodyMembers(body: Buffer, known: readonly string[] | undefined): Record<string, InputValue> {
  if (!known) {
    if (body.length > 0) throw new ApiError('BadRequestException', 'A body is not expected.');
    return {};
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('SerializationException', '');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ApiError('SerializationException', '');
  for (const name of Object.keys(value)) if (!known.includes(name)) throw new ApiError('BadRequestException', `Unknown member ${name}.`);
  return value as Record<string, InputValue>;
}

function reply(status: number, value: unknown, requestId: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, ...headers }, body: JSON.stringify(value) };
}

/** Those of the gateway before these services. */
const ERRORS: ProtocolErrors = {
  missingAuthentication: () => new ApiError('MissingAuthenticationTokenException', 'Missing Authentication Token', 403),
  incompleteSignature: (detail) => new ApiError('IncompleteSignatureException', detail, 403),
  unknownKey: () => new ApiError('UnrecognizedClientException', SENTENCES.invalidToken, 403),
  wrongSignature: (detail = SENTENCES.mismatch) => new ApiError('InvalidSignatureException', detail, 403),
  expiredToken: () => new ApiError('ExpiredTokenException', SENTENCES.expiredToken, 403),
  clockSkewed: (detail) => new ApiError('InvalidSignatureException', detail, 403),
  notSubscribed: () => new ApiError('SubscriptionRequiredException', SENTENCES.notSubscribed, 403),
  accessDenied: (principal, action, resource) =>
    new ApiError('AccessDeniedException', SENTENCES.notAuthorized(principal, action, resource), 403),
  throttled: () => new ApiError('TooManyRequestsException', 'Too Many Requests', 429),
  internal: () => new ApiError('InternalServerErrorException', 'An error occurred on the server side.', 500),
  unknownAction: () => new ApiError('UnknownOperationException', '', 404),
  missingParameter: (name) => new ApiError('BadRequestException', SENTENCES.missing(name)),
  invalidValue: (name, value, constraint) => new ApiError('BadRequestException', SENTENCES.invalid(name, `'${value}'`, constraint)),
};
