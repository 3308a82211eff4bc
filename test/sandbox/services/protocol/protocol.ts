import type { IncomingHttpHeaders } from 'node:http';
import type { InputTree } from './input';

/**
 * An answer's members in wire names; undefined is left out. In XML an array repeats its element, so that a list is
 * `{ item: [...] }`.
 */
export interface Output {
  readonly [name: string]: OutputValue;
}
export type OutputValue = string | number | boolean | Date | undefined | Output | readonly OutputValue[];

export interface RawRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A wire format: how a request names its action and members, and how answers and errors look. */
export interface Protocol {
  /** @throws ApiError */
  decode(request: RawRequest): { readonly action: string; readonly input: InputTree };
  answer(action: string, output: Output, requestId: string): Reply;
  error(error: ApiError, requestId: string): Reply;
  readonly errors: ProtocolErrors;
}

/** The failures that every service has, under the codes and with the sentences of this protocol's services. */
export interface ProtocolErrors {
  missingAuthentication(): ApiError;
  incompleteSignature(detail: string): ApiError;
  /**
   * Also in a region that the account has not opted in to, where its keys are not known: `InvalidClientTokenId` of the query
   * services (STS, RDS, ElastiCache, Redshift), `AuthFailure` of EC2, `UnrecognizedClientException` of all that speak JSON.
   */
  unknownKey(): ApiError;
  wrongSignature(detail?: string): ApiError;
  expiredToken(): ApiError;
  /** The request's date is too far from now; `detail` says how far. */
  clockSkewed(detail: string): ApiError;
  /** The account has not signed up for this service: `OptInRequired` of EC2 and the query services, `SubscriptionRequiredException` of the others. */
  notSubscribed(): ApiError;
  /** `action` as `service:Action`. */
  accessDenied(principal: string, action: string, resource: string): ApiError;
  throttled(): ApiError;
  internal(): ApiError;
  unknownAction(action: string): ApiError;
  missingParameter(name: string): ApiError;
  invalidValue(name: string, value: string, constraint: string): ApiError;
}

/** An error of the API: what AWS says, under AWS's name for it. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function invalid(name: string, value: string, constraint: string): string {
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  return `1 validation error detected: Value ${value} at '${member}' failed to satisfy constraint: ${constraint}`;
}

/** Sentences that several protocols share. */
export const SENTENCES = {
  mismatch: MISMATCH,
  invalidToken: 'The security token included in the request is invalid.',
  expiredToken: 'The security token included in the request is expired',
  rateExceeded: 'Rate exceeded',
  notSubscribed: 'The AWS Access Key Id needs a subscription for the service',
  notAuthorized: (principal: string, action: string, resource: string): string =>
    `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} ` +
    `because no identity-based policy allows the ${action} action`,
  invalid,
  missing: (name: string): string => invalid(name, 'null', 'Member must not be null'),
} as const;
