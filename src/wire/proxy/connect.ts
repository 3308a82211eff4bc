// The CONNECT method (RFC 9110 section 9.3.6) over HTTP/1.1, without I/O.

import { parseResponseHead } from '../http/responseHead';

export interface ConnectAnswer {
  readonly status: number;
  /** Schemes of the logins that the proxy offers, lower case, e.g. `basic`, `ntlm`. */
  readonly schemes: readonly string[];
  /** What came after the header: the first bytes of the far side. */
  readonly rest: Buffer;
}

/** Thrown for what is no answer of a proxy. */
export class BadAnswer extends Error {}

/**
 * The request for a way to `authority`.
 * @param authority `host:port`, an IPv6 address in brackets
 * @param login `user:password`
 * @throws RangeError when the authority holds what would end the line
 */
export function connectRequest(authority: string, login: string | undefined): Buffer {
  if (!/^[\x21-\x7e]+$/.test(authority)) throw new RangeError('no authority of a CONNECT request');
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (login !== undefined) lines.push(`Proxy-Authorization: Basic ${Buffer.from(login, 'utf8').toString('base64')}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Reads the answer to a CONNECT request. */
export class ConnectReader {
  #held: Buffer = Buffer.alloc(0);

  /**
   * Takes what has arrived; the answer once its header is complete, undefined before. Interim answers (1xx) are skipped.
   * @throws BadAnswer when it is no HTTP/1 answer, or its head is too large
   */
  push(chunk: Buffer): ConnectAnswer | undefined {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const head = parseResponseHead(this.#held);
      if (head === undefined) return undefined;
      if (head === 'malformed') throw new BadAnswer('the answer is no HTTP');
      const rest = this.#held.subarray(head.bytes);
      if (head.status >= 200) return { status: head.status, schemes: schemesOf(head.headers.get('proxy-authenticate') ?? ''), rest };
      this.#held = rest;
    }
  }
}

function schemesOf(challenges: string): string[] {
  // A list holds parameters as well, `name=value`.
  const schemes = challenges.split(',').map((part) => /^\s*([\w-]{1,40})(?!\s*=)(?:\s|$)/.exec(part)?.[1]?.toLowerCase());
  return [...new Set(schemes.filter((scheme) => scheme !== undefined))].slice(0, 5);
}
