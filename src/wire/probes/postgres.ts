import { serverText } from './reading';

/** SSLRequest: its length and the code 1234.5679 (PostgreSQL documentation, "Message Formats"). */
export const SSL_REQUEST: Buffer = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Longest ErrorResponse that is read, bytes. */
const MAX_ERROR = 4096;

export type SslAnswer =
  /** `S`: a TLS handshake may follow. */
  | { readonly kind: 'tls' }
  /** `N`: only without TLS. */
  | { readonly kind: 'plain' }
  /** ErrorResponse: the server cannot even start a session. */
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'foreign' };

/**
 * The answer to SSLRequest; undefined while it is incomplete. Bytes behind `S` or `N` are foreign: the server waits
 * for the client then, so they are another protocol's greeting or were put there (CVE-2021-23222).
 */
export function readSslAnswer(received: Buffer): SslAnswer | undefined {
  switch (received[0]) {
    case undefined:
      return undefined;
    case 0x53:
      return { kind: received.length === 1 ? 'tls' : 'foreign' };
    case 0x4e:
      return { kind: received.length === 1 ? 'plain' : 'foreign' };
    case 0x45:
      return readError(received);
    default:
      return { kind: 'foreign' };
  }
}

/** ErrorResponse: `E`, the length with itself, then fields of a type byte and a string, then a zero. */
function readError(received: Buffer): SslAnswer | undefined {
  if (received.length < 5) return undefined;
  const end = 1 + received.readUInt32BE(1);
  if (end < 6 || end > MAX_ERROR) return { kind: 'foreign' };
  if (received.length < end) return undefined;
  const fields = new Map<string, Buffer>();
  for (let at = 5; at < end && received[at] !== 0; ) {
    const stop = received.indexOf(0, at + 1);
    if (stop < 0 || stop >= end) return { kind: 'foreign' };
    fields.set(String.fromCharCode(received[at]!), received.subarray(at + 1, stop));
    at = stop + 1;
  }
  const message = fields.get('M');
  return message ? { kind: 'error', text: serverText(message) } : { kind: 'foreign' };
}
