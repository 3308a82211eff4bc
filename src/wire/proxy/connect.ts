// The CONNECT method (RFC 9110 section 9.3.6) over HTTP/1.1, without I/O.

export interface ConnectAnswer {
  readonly status: number;
  /** Schemes of the logins that the proxy offers, lower case, e.g. `basic`, `ntlm`. */
  readonly schemes: readonly string[];
  /** What came after the header: the first bytes of the far side. */
  readonly rest: Buffer;
}

/** An answer's header is refused beyond this size, bytes. */
export const MAX_HEADER_BYTES = 16 * 1024;

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

const END = Buffer.from('\r\n\r\n');
const BEGIN = Buffer.from('HTTP/1.');

/** Reads the answer to a CONNECT request. */
export class ConnectReader {
  #held: Buffer = Buffer.alloc(0);

  /**
   * Takes what has arrived; the answer once its header is complete, undefined before. Interim answers (1xx) are skipped.
   * @throws BadAnswer when it is no HTTP/1 answer, or its header is larger than MAX_HEADER_BYTES
   */
  push(chunk: Buffer): ConnectAnswer | undefined {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const held = this.#held;
      // Whatever is no HTTP is refused at its first bytes: it may never send the end of a header.
      const begin = Math.min(BEGIN.length, held.length);
      if (!held.subarray(0, begin).equals(BEGIN.subarray(0, begin))) throw new BadAnswer('the answer is no HTTP');
      const end = held.indexOf(END);
      if (end > MAX_HEADER_BYTES || (end < 0 && held.length > MAX_HEADER_BYTES)) throw new BadAnswer('the header is too large');
      if (end < 0) return undefined;
      const [statusLine = '', ...fields] = held.toString('latin1', 0, end).split('\r\n');
      const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1] ?? 0);
      if (status < 100) throw new BadAnswer('the answer has no status');
      const rest = held.subarray(end + END.length);
      if (status >= 200) return { status, schemes: schemesOf(fields), rest };
      this.#held = rest;
    }
  }
}

function schemesOf(fields: readonly string[]): string[] {
  const challenges = fields.flatMap((field) => /^proxy-authenticate:(.*)$/i.exec(field)?.[1]?.split(',') ?? []);
  // A list holds parameters as well, `name=value`.
  const schemes = challenges.map((part) => /^\s*([\w-]{1,40})(?!\s*=)(?:\s|$)/.exec(part)?.[1]?.toLowerCase());
  return [...new Set(schemes.filter((scheme) => scheme !== undefined))].slice(0, 5);
}
