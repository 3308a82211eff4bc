import assert from 'node:assert/strict';
import type { RenderedReply } from '../../src/redis/types';

/** All of a reply's text, however long it is. */
export async function replyText(reply: RenderedReply): Promise<string> {
  if (!reply.large) return reply.text;
  const view = await reply.reply?.look('text', new AbortController().signal);
  assert.ok(view, 'it is kept');
  const { text, cut } = view.source.slice(0, Infinity, Infinity);
  assert.equal(cut, false);
  return text;
}
