import assert from 'node:assert/strict';
import { rendered, recordOf } from '../../../../src/redis/replies/recordOf';
import { ReplyShelf } from '../../../../src/redis/replies/replyShelf';
import { RespDecoder, type RespValue } from '../../../../src/wire/resp';

const never = new AbortController().signal;
const words = (line: string): Buffer[] => line.split(' ').map((word) => Buffer.from(word));
const value = (wire: string): RespValue => new RespDecoder().push(Buffer.from(wire))[0]!;
const WHOLE = { kind: 'value', ending: 'whole', elapsedMs: 1 } as const;

describe('A record of several nodes’ replies', () => {
  const record = (line: string): ReturnType<typeof recordOf> => recordOf(words(line), { maxChars: 1e6, style: 'typed', shelf: new ReplyShelf() }, () => {});

  it('has our own lines between them, each on a line of its own', () => {
    const replies = record('DBSIZE');
    replies.note('10.0.0.1:6379');
    replies.take(value(':3\r\n'));
    replies.note('10.0.0.2:6379');
    replies.take(value('*2\r\n:1\r\n:2\r\n'));
    replies.note('-> 6 in all');
    assert.equal(rendered(replies, WHOLE).text, '10.0.0.1:6379\n(integer) 3\n10.0.0.2:6379\n1) (integer) 1\n2) (integer) 2\n-> 6 in all');
  });

  it('has replies without lines of ours one below the other', () => {
    const replies = record('PING');
    replies.take(value('+PONG\r\n'));
    replies.take(value('+PONG\r\n'));
    assert.equal(rendered(replies, WHOLE).text, 'PONG\nPONG');
  });

  it('offers the views of a reply that came from elsewhere', async () => {
    const replies = record('HGETALL h');
    replies.take(value('*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n'));
    const { reply } = rendered(replies, WHOLE);
    assert.deepEqual(reply?.views, ['json', 'table']);
    const table = await reply.look('table', never);
    assert.deepEqual(table?.source.rowsAt(0, 9), [['a', '1'], ['b', '2']]);
  });

  it('keeps what is too large for a message as rows', () => {
    const replies = record('LRANGE l 0 -1');
    replies.take(value(`*2000\r\n${':1\r\n'.repeat(2000)}`));
    const { large, text, reply } = rendered(replies, WHOLE);
    assert.deepEqual([large, text, reply?.rows], [true, '', 2000]);
  });
});
