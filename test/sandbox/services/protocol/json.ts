import { ApiError, SENTENCES } from './protocol';
import type { OutputValue, Protocol, ProtocolErrors, RawRequest, Reply } from './protocol';
import type { InputTree } from './input';

/** AWS JSON 1.1: the action in `X-Amz-Target`, JSON in and out, dates as seconds since the epoch. */
export function awsJson11(targetPrefix: string): Protocol {
  return {
    errors: ERRORS,
    decode(request: RawRequest) {
      const [prefix, action] = String(request.headers['x-amz-target'] ?? '').split('.');
      if (prefix !== targetPrefix || !action) throw ERRORS.unknownAction(action ?? '');
      return { action, input: parseObject(request.body) };
    },
    answer: (_action, output, requestId) => jsonReply(200, jsonMembers(output), requestId),
    error({ code, message, status }: ApiError, requestId: string): Reply {
      return jsonReply(status, message === '' ? { __type: code } : { __type: code, message }, requestId);
    },
  };
}

function parseObject(body: Buffer): InputTree {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('SerializationException', '');
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) throw new ApiError('SerializationException', '');
  return value as InputTree;
}

/** An answer's members as JSON has them: dates as seconds since the epoch. */
export function jsonMembers(value: OutputValue): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return (value as readonly OutputValue[]).map(jsonMembers);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonMembers(member)]));
}

function jsonReply(status: number, value: unknown, requestId: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
    body: JSON.stringify(value),
  };
}

const ERRORS: ProtocolErrors = {
  missingAuthentication: () => new ApiError('MissingAuthenticationTokenException', 'Missing Authentication Token'),
  incompleteSignature: (detail) => new ApiError('IncompleteSignatureException', detail),
  unknownKey: () => new ApiError('UnrecognizedClientException', SENTENCES.invalidToken),
  wrongSignature: (detail = SENTENCES.mismatch) => new ApiError('InvalidSignatureException', detail),
  expiredToken: () => new ApiError('ExpiredTokenException', SENTENCES.expiredToken),
  clockSkewed: (detail) => new ApiError('InvalidSignatureException', detail),
  notSubscribed: () => new ApiError('SubscriptionRequiredException', SENTENCES.notSubscribed),
  accessDenied: (principal, action, resource) =>
    new ApiError('AccessDeniedException', SENTENCES.notAuthorized(principal, action, resource)),
  throttled: () => new ApiError('ThrottlingException', SENTENCES.rateExceeded),
  internal: () => new ApiError('InternalServerError', 'An error occurred on the server side.', 500),
  unknownAction: () => new ApiError('UnknownOperationException', ''),
  missingParameter: (name) => new ApiError('ValidationException', SENTENCES.missing(name)),
  invalidValue: (name, value, constraint) =>
    new ApiError('ValidationException', SENTENCES.invalid(name, `'${value}'`, constraint)),
};
