import { createHash } from 'node:crypto';

/** Longest head of an answer that is read, bytes. */
export const MAX_HEAD_BYTES = 16 * 1024;

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The request that turns an HTTP/1.1 connection into a WebSocket (RFC 6455, 4.1). @param key sixteen random bytes, Base64 */
export function upgradeRequest({ host, pathname, search }: Pick<URL, 'host' | 'pathname' | 'search'>, key: string): string {
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

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
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
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

/** Why the answer opens no WebSocket; undefined when it does (RFC 6455, 4.1). */
export function upgradeObstacle({ status, headers }: ResponseHead, key: string): string | undefined {
  if (status !== 101) return `the service answered HTTP ${status}`;
  const upgrades = headers.get('upgrade')?.toLowerCase() === 'websocket';
  const connection = headers.get('connection')?.toLowerCase().split(',').map((token) => token.trim());
  if (!upgrades || !connection?.includes('upgrade')) return 'the answer is no WebSocket';
  // The protocol's own digest: it proves that a WebSocket server answers, and keeps no secret.
  const expected = createHash('sha1').update(key + GUID).digest('base64');
  if (headers.get('sec-websocket-accept') !== expected) return 'the answer belongs to another request';
  // Nothing was offered, so nothing may be chosen.
  if (headers.has('sec-websocket-extensions') || headers.has('sec-websocket-protocol')) return 'the answer uses what was not offered';
  return undefined;
}

const HTTP = Buffer.from('HTTP/1.');

function couldBeHttp(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, HTTP.length);
  return bytes.subarray(0, length).equals(HTTP.subarray(0, length));
}
