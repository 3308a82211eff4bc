import { parseResponseHead } from '../http/responseHead';
import type { Reading } from './reading';

/** @param host as it belongs into the Host header; checked by the caller to be a plain host or `host:port`. */
export function httpRequest(method: 'GET' | 'HEAD', path: string, host: string): Buffer {
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: */*\r\nConnection: close\r\n\r\n`, 'latin1');
}

/** Any HTTP answer is one, a refusal too; from 500 on the server says that it cannot serve. */
export function readHttpAnswer(received: Buffer): Reading {
  if (received.length === 0) return undefined;
  const head = parseResponseHead(received);
  if (head === undefined || head === 'malformed') return head && 'foreign';
  return head.status >= 500 ? { trouble: `HTTP ${head.status}` } : {};
}
