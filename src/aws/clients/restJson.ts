import { signedSender } from './jsonProtocol';
import type { ClientSettings, SendOptions } from './settings';

// AWS's REST-JSON protocol, as far as listing and describing needs it: labels in the path, members in the query or in a body.

export interface RestService {
  /** As it stands in signatures. */
  readonly name: string;
  /** The first label of its host names; its name unless told. */
  readonly host?: string;
  /** The longest answer that is read, bytes. */
  readonly maxAnswerBytes: number;
}

export interface RestCall {
  /** Each part is one segment, whatever it contains: an ARN has slashes. */
  readonly path: readonly string[];
  /** Members that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Makes it a POST. */
  readonly body?: object;
}

/**
 * Makes one request and gives the answer's members.
 * @throws Error as the SDK's clients do: AWS's code as its name, the HTTP status in `$metadata`.
 */
export type RestCaller = (call: RestCall, options: SendOptions) => Promise<Record<string, unknown>>;

export function restCaller({ name, host = name, maxAnswerBytes }: RestService, settings: ClientSettings): RestCaller {
  const send = signedSender({ name, host, maxAnswerBytes }, settings);
  return ({ path, query = {}, body }, { abortSignal }) => {
    const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as const]));
    return send(
      {
        method: body === undefined ? 'GET' : 'POST',
        path: path.map((segment) => `/${encodeURIComponent(segment)}`).join(''),
        query: Object.fromEntries(given),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      },
      abortSignal,
    );
  };
}
