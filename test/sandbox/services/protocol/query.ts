import { ApiError, SENTENCES } from './protocol';
import type { Output, Protocol, ProtocolErrors, RawRequest, Reply } from './protocol';
import type { InputTree } from './input';
import { parseQueryParameters } from './queryParameters';
import { escapeXml, renderXml } from './xml';

export interface QueryApi {
  /** The API's version, as the request's `Version` has to say. */
  readonly version: string;
  readonly namespace: string;
}

/** The query protocol of most older services (`awsQuery`): form data in, XML out. */
export function awsQuery(api: QueryApi): Protocol {
  return {
    errors: queryErrors(api),
    decode: (request) => decodeQuery(request, api, queryErrors(api)),
    answer(action: string, output: Output, requestId: string): Reply {
      const result = `<${action}Result>${renderXml(output)}</${action}Result>`;
      const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
      const body = `<${action}Response xmlns="${api.namespace}">${result}${metadata}</${action}Response>`;
      return xmlReply(200, body, requestId);
    },
    error({ code, message, status }: ApiError, requestId: string): Reply {
      const type = status >= 500 ? 'Receiver' : 'Sender';
      const error = `<Error><Type>${type}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
      const content = `${error}<RequestId>${requestId}</RequestId>`;
      return xmlReply(status, `<ErrorResponse xmlns="${api.namespace}">${content}</ErrorResponse>`, requestId);
    },
  };
}

/** EC2's own dialect (`ec2Query`): no result wrapper, another error document, other codes. */
export function ec2Query(api: QueryApi): Protocol {
  return {
    errors: EC2_ERRORS,
    decode: (request) => decodeQuery(request, api, EC2_ERRORS),
    answer(action: string, output: Output, requestId: string): Reply {
      const content = `<requestId>${requestId}</requestId>${renderXml(output)}`;
      return xmlReply(200, `<${action}Response xmlns="${api.namespace}">${content}</${action}Response>`, requestId);
    },
    error({ code, message, status }: ApiError, requestId: string): Reply {
      const error = `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`;
      const body = `<Response><Errors>${error}</Errors><RequestID>${requestId}</RequestID></Response>`;
      return xmlReply(status, body, requestId);
    },
  };
}

function xmlReply(status: number, document: string, requestId: string): Reply {
  return {
    status,
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${document}`,
  };
}

function decodeQuery(request: RawRequest, api: QueryApi, errors: ProtocolErrors): { action: string; input: InputTree } {
  const [, inUrl = ''] = request.url.split('?');
  const form = request.method === 'POST' ? request.body.toString('utf8') : inUrl;
  const input = parseQueryParameters(form);
  if (!input) throw new ApiError('MalformedQueryString', 'The query string contains a syntax error.', 404);
  const { Action: action, Version: version, ...members } = input;
  if (typeof action !== 'string' || action === '') throw new ApiError('MissingAction', 'Missing Action');
  if (version !== api.version) throw errors.unknownAction(action);
  return { action, input: members };
}

function queryErrors({ version }: QueryApi): ProtocolErrors {
  return {
    missingAuthentication: () =>
      new ApiError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403),
    incompleteSignature: (detail) => new ApiError('IncompleteSignature', detail, 400),
    unknownKey: () => new ApiError('InvalidClientTokenId', SENTENCES.invalidToken, 403),
    wrongSignature: (detail = SENTENCES.mismatch) => new ApiError('SignatureDoesNotMatch', detail, 403),
    expiredToken: () => new ApiError('ExpiredToken', SENTENCES.expiredToken, 403),
    clockSkewed: (detail) => new ApiError('SignatureDoesNotMatch', detail, 403),
    notSubscribed: () => new ApiError('OptInRequired', SENTENCES.notSubscribed, 403),
    accessDenied: (principal, action, resource) =>
      new ApiError('AccessDenied', SENTENCES.notAuthorized(principal, action, resource), 403),
    throttled: () => new ApiError('Throttling', SENTENCES.rateExceeded, 400),
    internal: () => new ApiError('InternalFailure', 'We encountered an internal error. Please try again.', 500),
    unknownAction: (action) =>
      new ApiError('InvalidAction', `Could not find operation ${action} for version ${version}`, 400),
    missingParameter: (name) => new ApiError('ValidationError', SENTENCES.missing(name), 400),
    invalidValue: (name, value, constraint) =>
      new ApiError('InvalidParameterValue', `Invalid value ${value} for ${name}: ${constraint}.`, 400),
  };
}

const EC2_ERRORS: ProtocolErrors = {
  missingAuthentication: () =>
    new ApiError('MissingParameter', 'The request must contain the parameter AWSAccessKeyId', 400),
  incompleteSignature: (detail) => new ApiError('IncompleteSignature', detail, 400),
  unknownKey: () => new ApiError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401),
  wrongSignature: (detail = SENTENCES.mismatch) => new ApiError('SignatureDoesNotMatch', detail, 403),
  expiredToken: () => new ApiError('RequestExpired', 'Request has expired.', 400),
  clockSkewed: () => new ApiError('RequestExpired', 'Request has expired.', 400),
  notSubscribed: () => new ApiError('OptInRequired', 'You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.', 401),
  accessDenied: (principal, action) =>
    new ApiError(
      'UnauthorizedOperation',
      `You are not authorized to perform this operation. User: ${principal} is not authorized to perform: ${action} ` +
        `because no identity-based policy allows the ${action} action`,
      403,
    ),
  throttled: () => new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503),
  internal: () => new ApiError('InternalError', 'An internal error has occurred', 500),
  unknownAction: (action) =>
    new ApiError('InvalidAction', `The action ${action} is not valid for this web service.`, 400),
  missingParameter: (name) => new ApiError('MissingParameter', `The request must contain the parameter ${name}`, 400),
  invalidValue: (name, value, constraint) =>
    new ApiError('InvalidParameterValue', `Value ( ${value} ) for parameter ${name} is invalid. ${constraint}.`, 400),
};
