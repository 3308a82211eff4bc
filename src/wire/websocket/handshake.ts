import { createHash } from 'node:crypto';
import type { ResponseHead } from '../http/responseHead';

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
