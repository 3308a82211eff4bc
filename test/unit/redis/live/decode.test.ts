import assert from 'node:assert/strict';
import { blockDrafts, monitorDraft, pubSubEvent, streamDrafts } from '../../../../src/redis/live/decode';
import { livePlan, planOf } from '../../../../src/redis/live/plan';
import { shortened, textOfBytes, textOfValue } from '../../../../src/redis/live/shownText';
import { readOn } from '../../../../src/redis/live/streams';
import { splitArguments } from '../../../../src/redis/splitArguments';
import { isFault } from '../../../../src/base/fault';
import { RespDecoder, type RespValue } from '../../../../src/wire/resp';

const reply = (text: string): RespValue => new RespDecoder().push(Buffer.from(text, 'latin1'))[0]!;

describe('Pub/sub events', () => {
  it('reads pushes and the arrays that stand for them', () => {
    for (const mark of ['>', '*']) {
      const event = pubSubEvent(reply(`${mark}3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n`), false);
      assert.deepEqual(event, { type: 'message', draft: { label: 'c', origin: '', text: 'hi', bytes: 2, cut: false } });
    }
    assert.deepEqual(pubSubEvent(reply('>4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$2\r\ncc\r\n$0\r\n\r\n'), false), {
      type: 'message',
      draft: { label: 'cc', origin: 'c*', text: '', bytes: 0, cut: false },
    });
    assert.deepEqual(pubSubEvent(reply('>3\r\n$12\r\nsunsubscribe\r\n$1\r\nc\r\n:0\r\n'), false), { type: 'ended', channel: 'c' });
    assert.deepEqual(pubSubEvent(reply('-NOPERM x\r\n'), false), { type: 'refused', text: 'NOPERM x' });
  });

  it('is not troubled by what is none', () => {
    for (const text of ['+PONG\r\n', ':1\r\n', '*0\r\n', '>1\r\n$4\r\nnope\r\n', '_\r\n', '*2\r\n$4\r\npong\r\n$0\r\n\r\n']) assert.equal(pubSubEvent(reply(text), true), undefined, text);
    assert.equal(pubSubEvent(reply('>1\r\n$7\r\nmessage\r\n'), true)?.type, 'message');
  });

  it('tells event, key and database of a keyspace notification, whichever way round', () => {
    const of = (channel: string, payload: string): unknown => {
      const event = pubSubEvent(reply(`>3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$${payload.length}\r\n${payload}\r\n`), true);
      return event?.type === 'message' ? [event.draft.label, event.draft.origin, event.draft.text] : undefined;
    };
    assert.deepEqual(of('__keyevent@11__:expired', 'a:b'), ['expired', 'db 11', 'a:b']);
    assert.deepEqual(of('__keyspace@0__:a:b', 'expired'), ['expired', 'db 0', 'a:b']);
    assert.deepEqual(of('other', 'x'), ['other', '', 'x']);
  });
});

describe('Lines of MONITOR', () => {
  it('are time, database, client and command', () => {
    assert.deepEqual(monitorDraft('1339518083.107412 [0 127.0.0.1:60866] "set" "my key" "v"'), {
      at: 1_339_518_083_107,
      label: 'SET',
      origin: 'db 0 · 127.0.0.1:60866',
      text: '"my key" v',
      bytes: 18,
      cut: false,
    });
    assert.equal(monitorDraft('1339518083.107412 [12 [::1]:60866] "ping"')?.origin, 'db 12 · [::1]:60866');
    assert.equal(monitorDraft('1339518083.107412 [0 unix:/tmp/a "b] c.sock] "ping"'), undefined);
    assert.equal(monitorDraft('1339518083.107412 [0 lua] "ping"')?.origin, 'db 0 · lua');
    assert.equal(monitorDraft('OK'), undefined);
    assert.equal(monitorDraft(''), undefined);
  });

  it('show no secrets, whatever an old server writes', () => {
    for (const command of ['"AUTH" "s3cret"', '"hello" "3" "AUTH" "u" "s3cret"', String.raw`"\x61uth" "s3cret"`, '"config" "set" "requirepass" "s3cret"', '"migrate" "h" "1" "k" "0" "1" "AUTH" "s3cret"']) {
      const draft = monitorDraft(`1339518083.107412 [0 127.0.0.1:1] ${command}`);
      assert.equal(draft?.text, '•••', command);
      assert.ok(!JSON.stringify(draft).includes('s3cret'));
    }
  });

  it('are cut when they are long, wherever that is', () => {
    const draft = monitorDraft(`1339518083.107412 [0 127.0.0.1:1] "SET" "k" "${String.raw`\"`.repeat(100_000)}"`);
    assert.ok(draft?.cut && draft.text.length < 70_000 && draft.bytes > 200_000 && draft.label === 'SET');
  });
});

describe('Answers of commands that wait', () => {
  it('are one message per element', () => {
    const drafts = (name: string, text: string): unknown => blockDrafts(name, reply(text), 'key').map(({ label, origin, text: shown }) => [label, origin, shown]);
    assert.deepEqual(drafts('blpop', '*2\r\n$1\r\nk\r\n$1\r\nv\r\n'), [['k', '', 'v']]);
    assert.deepEqual(drafts('blpop', '*-1\r\n'), []);
    assert.deepEqual(drafts('blmove', '$1\r\nv\r\n'), [['key', '', 'v']]);
    assert.deepEqual(drafts('blmpop', '*2\r\n$1\r\nk\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n'), [['k', '', 'a'], ['k', '', 'b']]);
    assert.deepEqual(drafts('xread', '+strange\r\n'), []);
  });

  it('are the entries of streams, fields twice over included', () => {
    const [entry] = streamDrafts(reply('*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*4\r\n$1\r\nf\r\n$1\r\n1\r\n$1\r\nf\r\n$1\r\n2\r\n'));
    assert.deepEqual(entry?.draft, { label: 's', origin: '1-1', text: '{"f": "1", "f": "2"}', bytes: 4, cut: false });
  });

  it('say where each stream is read on', () => {
    const args = splitArguments('XREAD BLOCK 0 STREAMS a b a 0-0 $ 5-5');
    const next = readOn(args, 7, reply('*1\r\n*2\r\n$1\r\na\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*0\r\n*2\r\n$3\r\n1-2\r\n*-1\r\n'));
    assert.equal(next.map(String).join(' '), 'XREAD BLOCK 0 STREAMS a b a 1-2 $ 1-2');
  });
});

describe('The plan of a live pane', () => {
  const plan = (line: string): unknown => {
    const found = livePlan(splitArguments(line));
    return found && [found.kind, found.consumes, found.repeatable, found.read?.idsAt];
  };

  it('knows what streams, what waits and what takes', () => {
    assert.deepEqual(plan('subscribe a b'), ['subscribe', false, false, undefined]);
    assert.deepEqual(plan('MONITOR'), ['monitor', false, false, undefined]);
    assert.deepEqual(plan('bzmpop 0 1 z MIN'), ['block', true, true, undefined]);
    assert.deepEqual(plan('XREAD COUNT 5 BLOCK 0 STREAMS a b $ $'), ['block', false, true, 8]);
    assert.deepEqual(plan('XREADGROUP GROUP block count NOACK BLOCK 0 STREAMS s >'), ['block', true, true, 9]);
    assert.deepEqual(plan('XREADGROUP GROUP g c BLOCK 0 STREAMS s 0'), ['block', true, false, 8]);
  });

  it('leaves everything else alone', () => {
    for (const line of ['GET a', 'SUBSCRIBE', 'BLPOP', 'XREAD STREAMS block 0', 'XREAD COUNT 1 STREAMS s 0', 'XREAD BLOCK 0 STREAMS a b 0', 'XREAD BLOCK 0 STREAMS', 'WAIT 1 0', 'UNSUBSCRIBE a', 'PUBLISH a b']) {
      assert.equal(plan(line), undefined, line);
    }
    assert.throws(() => planOf(splitArguments('GET a')), (error) => isFault(error) && error.code === 'redis.unsupported');
  });

  it('has a title in one line that can be typed', () => {
    assert.equal(planOf(splitArguments(String.raw`psubscribe "a b" "\n" c*`)).title, String.raw`PSUBSCRIBE "a b" "\n" c*`);
    assert.ok(planOf(splitArguments(`SUBSCRIBE ${'x'.repeat(5000)}`)).title.length <= 200);
  });
});

describe('Texts of a live pane', () => {
  it('are UTF-8, or written in escapes', () => {
    assert.equal(textOfBytes(Buffer.from('grün 🚪')), 'grün 🚪');
    assert.equal(textOfBytes(Buffer.from([0x61, 0xff, 0x0a, 0x22])), String.raw`a\xff\n\"`);
  });

  it('are cut between characters', () => {
    const door = Buffer.from('ab🚪');
    for (const length of [3, 4, 5]) assert.equal(textOfBytes(door.subarray(0, length), true), 'ab');
    assert.equal(textOfBytes(door, true), 'ab🚪');
    assert.equal(shortened('ab🚪', 3), 'ab');
    const long = textOfValue({ type: 'bulk', bytes: Buffer.alloc(300_000, 'é'), omitted: 7 });
    assert.deepEqual([long.text.length, long.bytes, long.cut], [128 * 1024, 300_007, true]);
  });
});
