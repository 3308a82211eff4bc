/** Longest head of an answer that is read, bytes. */
export const MAX_HEAD_BYTES = 16 * 1024;

/** The head of an HTTP answer. */
export interface ResponseHead {
  /** Three digits. */
  readonly status: number;
  /** Names in lower case; of repeated ones the values are joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes of the head, with the empty line. */
  readonly bytes: number;
}

/** @returns undefined while the head is incomplete, `malformed` when it is no HTTP answer or longer than `MAX_HEAD_BYTES`. */
export function parseResponseHead(bytes: Buffer): ResponseHead | 'malformed' | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return bytes.length > MAX_HEAD_BYTES || !couldBeHttp(bytes) ? 'malformed' : undefined;
  if (end > MAX_HEAD_BYTES) return 'malformed';
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = /^HTTP\/1\.[01] ([1-9]\d{2})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) return 'malformed';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0 || /\s/.test(line.slice(0, colon))) return 'malformed';
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)!}, ${value}` : value);
  }
  return { status: Number(status), headers, bytes: end + 4 };
}

const HTTP = Buffer.from('HTTP/1.');

function couldBeHttp(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, HTTP.length);
  return bytes.subarray(0, length).equals(HTTP.subarray(0, length));
}
