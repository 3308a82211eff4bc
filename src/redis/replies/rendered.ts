import { isCancelled, isFault } from '../../base/fault';
import type { RenderedReply } from '../types';
import type { KeptReply } from './types';

const MAX_HELP_CHARS = 1024 * 1024;
const INLINE_ROWS = 1000;
const INLINE_BYTES = 64 * 1024;

/** Too large for its text to be handed over as a whole. */
export function isLarge({ rows, bytes }: KeptReply): boolean {
  return rows > INLINE_ROWS || bytes > INLINE_BYTES;
}

/** How a fault ends a reply of which a part has come; `whole`: in no way that could be shown beside it. */
export function endingBy(error: unknown): RenderedReply['ending'] {
  if (isCancelled(error)) return 'stopped';
  return isFault(error) && error.code === 'redis.connectionLost' ? 'lost' : 'whole';
}

/** What is answered without the server: help is there without a connection, too. */
export function plainReply(text: string): RenderedReply {
  const truncated = text.length > MAX_HELP_CHARS;
  return { kind: 'value', text: text.slice(0, MAX_HELP_CHARS), large: false, truncated, ending: 'whole', elapsedMs: 0 };
}
