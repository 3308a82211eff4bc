import type { Reading } from './reading';

const CORRELATION_ID = 0x53616c79;
const API_VERSIONS = 18;
const MAX_ANSWER = 16 * 1024;
/** Correlation id, error code, count of entries. */
const LEAST_ANSWER = 4 + 2 + 4;

/** ApiVersions in version 0, which brokers answer before any login (Kafka documentation, "Protocol"). */
export const API_VERSIONS_REQUEST: Buffer = request('sallyport');

export function readApiVersions(received: Buffer): Reading {
  if (received.length < 8) return undefined;
  const length = received.readUInt32BE(0);
  const ours = received.readUInt32BE(4) === CORRELATION_ID;
  if (!ours || length < LEAST_ANSWER || length > MAX_ANSWER) return 'foreign';
  return received.length < 4 + length ? undefined : {};
}

/** Size, key and version of the request, our number, and the client's name with its length. */
function request(clientId: string): Buffer {
  const bytes = Buffer.alloc(14 + clientId.length);
  bytes.writeUInt32BE(bytes.length - 4, 0);
  bytes.writeUInt16BE(API_VERSIONS, 4);
  bytes.writeUInt32BE(CORRELATION_ID, 8);
  bytes.writeUInt16BE(clientId.length, 12);
  bytes.write(clientId, 14, 'latin1');
  return bytes;
}
