import { encodeCommand, RespDecoder, type RespValue } from '../resp';
import { serverText, type Reading } from './reading';

export const PING = encodeCommand(['PING']);

// A reply to PING is a short line; anything longer is not a Redis.
const LIMITS = { maxBulkBytes: 4096, maxDepth: 2, maxElements: 16, maxLineBytes: 4096, keepBytes: 4096 };

/** Any reply is an answer, `-NOAUTH` too; some errors say that the server cannot serve yet. */
export function readPong(received: Buffer): Reading {
  let reply: RespValue | undefined;
  try {
    [reply] = new RespDecoder(LIMITS).push(received);
  } catch {
    return 'foreign';
  }
  if (!reply) return undefined;
  if (reply.type !== 'error' || !/^(?:LOADING|MASTERDOWN|CLUSTERDOWN)\b/.test(reply.text)) return {};
  return { trouble: serverText(Buffer.from(reply.text)) };
}
