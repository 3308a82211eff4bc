import type { RawRequest, Reply } from './services/protocol/protocol';

/** A request that carries no signature: to sign in, with a token instead of keys, or to a metadata service. */
export interface UnsignedCall {
  /** For the request log and the faults. */
  readonly service: string;
  readonly action: string;
  run(): Reply;
}

/** Something that takes such requests. */
export interface UnsignedService {
  /** Undefined when the request is not for it. */
  match(request: RawRequest): UnsignedCall | undefined;
}

/** A failure of the REST JSON services. */
export class UnsignedError extends Error {
  readonly status: number;
  readonly type: string;
  readonly body: Readonly<Record<string, string>>;

  constructor(status: number, type: string, body: Readonly<Record<string, string>>) {
    super(type);
    this.status = status;
    this.type = type;
    this.body = body;
  }
}

export function jsonReply(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export function failureReply(error: UnsignedError): Reply {
  return jsonReply(error.body, error.status, { 'x-amzn-errortype': error.type });
}

export function textReply(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body };
}
