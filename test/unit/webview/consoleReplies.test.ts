import assert from 'node:assert/strict';
import { nullLogger } from '../../../src/base/log';
import { ReplyRecord } from '../../../src/redis/replies/replyRecord';
import { ReplyShelf } from '../../../src/redis/replies/replyShelf';
import type { KeptReply, RenderedReply } from '../../../src/redis/types';
import { shapeOf } from '../../../src/redis/views/shapes';
import { ConsoleReplies } from '../../../src/vscode/console/consoleReplies';
import type { ToPage } from '../../../src/webview/protocol';
import { RespDecoder } from '../../../src/wire/resp';
import { eventually } from '../../fixtures/eventually';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeUi } from '../vscode/samples';

class Desk {
  readonly posted: ToPage[] = [];
  readonly documents: { text: string; language: string }[] = [];
  readonly ui = new FakeUi();
  readonly clock = new FakeClock();
  readonly shelf: ReplyShelf;
  readonly replies = new ConsoleReplies({
    ui: this.ui,
    clock: this.clock,
    logger: nullLogger,
    post: (message) => this.posted.push(structuredClone(message)),
    openDocument: async (text, language) => void this.documents.push({ text, language }),
  });

  constructor(shelfBytes?: number) {
    this.shelf = new ReplyShelf(shelfBytes);
  }

  /** A reply as a session would give it. */
  reply(line: string, wire: string | Buffer, onGrowth?: (reply: KeptReply) => void): RenderedReply {
    const args = line.split(' ').map((part) => Buffer.from(part));
    const record = new ReplyRecord({ shape: shapeOf(args), style: 'typed', maxChars: 1e8, shelf: this.shelf, ...(onGrowth && { onGrowth }) });
    const decoder = new RespDecoder({}, () => record.reader());
    const bytes = Buffer.from(wire);
    for (let at = 0; at < bytes.length; at += 65_536) decoder.push(bytes.subarray(at, at + 65_536));
    record.settle(true);
    return { kind: 'value', text: record.text, large: true, truncated: false, ending: 'whole', elapsedMs: 1, reply: record };
  }

  async next(): Promise<ToPage> {
    await eventually(() => this.posted.length > 0, 'a message', 5000);
    return this.posted.shift()!;
  }
}

const numbers = (count: number): string => `*${count}\r\n${Array.from({ length: count }, (_, index) => `:${index}\r\n`).join('')}`;
const HASH = '*4\r\n$4\r\nname\r\n$1\r\nx\r\n$1\r\nn\r\n$1\r\n5\r\n';

describe('ConsoleReplies', () => {
  it('hands over small views as a whole, tables and large ones by rows', async () => {
    const desk = new Desk();
    desk.replies.ended(1, desk.reply('HGETALL h', HASH));
    desk.replies.receive({ type: 'view', id: 1, view: 'json' });
    assert.deepEqual(await desk.next(), { type: 'view', id: 1, view: 'json', shape: { rows: 4, text: '{\n  "name": "x",\n  "n": "5"\n}', columns: null, note: '' } });
    desk.replies.receive({ type: 'view', id: 1, view: 'table' });
    assert.deepEqual(await desk.next(), { type: 'view', id: 1, view: 'table', shape: { rows: 2, text: null, columns: [{ name: 'field', width: 5 }, { name: 'value', width: 5 }], note: '' } });
    desk.replies.receive({ type: 'rows', id: 1, view: 'table', from: 1, count: 5 });
    assert.deepEqual(await desk.next(), { type: 'rows', id: 1, view: 'table', from: 1, rows: [['n', '5']] });
    desk.replies.ended(2, desk.reply('LRANGE l 0 -1', numbers(5000)));
    desk.replies.receive({ type: 'rows', id: 2, view: 'text', from: 4998, count: 200 });
    assert.deepEqual(await desk.next(), { type: 'rows', id: 2, view: 'text', from: 4998, rows: ['4999) (integer) 4998', '5000) (integer) 4999'] });
  });

  it('says what was found in a value', async () => {
    const desk = new Desk();
    desk.replies.ended(1, desk.reply('GET a', '$20\r\neyJhIjpbMSwyLDMsNF19\r\n'));
    desk.replies.receive({ type: 'view', id: 1, view: 'decoded' });
    const message = await desk.next();
    assert.ok(message.type === 'view' && message.shape !== 'gone');
    assert.equal(message.shape.note, 'base64 → JSON');
  });

  it('says that a reply is no longer kept, whatever is asked', async () => {
    const desk = new Desk(2000);
    desk.replies.ended(1, desk.reply('ECHO a', '$900\r\n' + 'a'.repeat(900) + '\r\n'));
    desk.replies.ended(2, desk.reply('ECHO b', '$900\r\n' + 'b'.repeat(900) + '\r\n'));
    desk.replies.receive({ type: 'view', id: 1, view: 'hex' });
    assert.deepEqual(await desk.next(), { type: 'view', id: 1, view: 'hex', shape: 'gone' });
    desk.replies.receive({ type: 'rows', id: 1, view: 'text', from: 0, count: 1 });
    assert.deepEqual(await desk.next(), { type: 'rows', id: 1, view: 'text', from: 0, rows: 'gone' });
    for (const type of ['openInEditor', 'find', 'copy'] as const) {
      desk.replies.receive({ type, id: 99, view: 'text', words: 'x', from: 0, to: 1, backwards: false });
      const message = await desk.next();
      assert.ok(message.type === 'noted' && message.text.includes('no longer kept'), type);
    }
    assert.deepEqual([desk.ui.copied, desk.documents], [undefined, []]);
  });

  it('copies rows and opens documents in their language', async () => {
    const desk = new Desk();
    desk.replies.ended(1, desk.reply('HGETALL h', HASH));
    desk.replies.receive({ type: 'copy', id: 1, view: 'text', from: 1, to: 2 });
    assert.deepEqual(await desk.next(), { type: 'noted', id: 1, text: 'Copied.' });
    assert.equal(desk.ui.copied, '2) "x"\n3) "n"');
    desk.replies.receive({ type: 'copy', id: 1, view: 'table', from: 0, to: Number.MAX_SAFE_INTEGER });
    await desk.next();
    assert.equal(desk.ui.copied, 'field\tvalue\nname\tx\nn\t5');
    desk.replies.receive({ type: 'copyText', id: 1, text: 'from the page' });
    await desk.next();
    assert.equal(desk.ui.copied, 'from the page');
    for (const view of ['json', 'text'] as const) desk.replies.receive({ type: 'openInEditor', id: 1, view });
    desk.replies.receive({ type: 'openText', text: 'small' });
    await eventually(() => desk.documents.length === 3, 'all are opened', 5000);
    assert.deepEqual(desk.documents.map(({ language }) => language).toSorted(), ['json', 'plaintext', 'plaintext']);
    assert.deepEqual(desk.posted, []);
  });

  it('says of what there is more than it copies', async () => {
    const desk = new Desk();
    const long = 'x'.repeat(1024 * 1024);
    desk.replies.ended(1, desk.reply('LRANGE l 0 -1', `*17\r\n${`$${long.length}\r\n${long}\r\n`.repeat(17)}`));
    desk.replies.receive({ type: 'copy', id: 1, view: 'text', from: 0, to: Number.MAX_SAFE_INTEGER });
    assert.deepEqual(await desk.next(), { type: 'noted', id: 1, text: 'Copied. These are the first 16 MB; there is more.' });
    assert.equal(desk.ui.copied?.length, 16 * 1024 * 1024);
  });

  it('finds through all of a large reply, and gives the last search only', async () => {
    const desk = new Desk();
    desk.replies.ended(1, desk.reply('LRANGE l 0 -1', numbers(50_000)));
    desk.replies.receive({ type: 'find', id: 1, view: 'text', words: 'nowhere', from: 0, backwards: false });
    desk.replies.receive({ type: 'find', id: 1, view: 'text', words: '(INTEGER) 43210', from: 0, backwards: false });
    assert.deepEqual(await desk.next(), { type: 'found', id: 1, view: 'text', row: 43_210 });
    desk.replies.receive({ type: 'find', id: 1, view: 'text', words: '(integer) 77', from: 40_000, backwards: false });
    assert.deepEqual(await desk.next(), { type: 'found', id: 1, view: 'text', row: 77 }, 'beyond the end it goes on at the beginning');
    desk.replies.receive({ type: 'find', id: 1, view: 'text', words: 'nowhere', from: 100, backwards: true });
    assert.deepEqual(await desk.next(), { type: 'found', id: 1, view: 'text', row: null });
  });

  it('tells how a reply grows, but not with every piece', async () => {
    const desk = new Desk();
    let pieces = 0;
    const rendered = desk.reply('LRANGE l 0 -1', numbers(50_000), (reply) => {
      if (++pieces === 5) desk.clock.advance(150);
      desk.replies.grows(1, reply);
    });
    assert.ok(pieces > 6);
    assert.deepEqual(desk.posted.map(({ type }) => type), ['growing', 'growing']);
    desk.posted.length = 0;
    desk.replies.tellGrowth();
    assert.deepEqual(desk.posted, [{ type: 'growing', id: 1, rows: 50_000 }], 'for a page that is new');
    desk.replies.ended(1, rendered);
    desk.replies.tellGrowth();
    assert.equal(desk.posted.length, 1);
  });

  it('lets go of replies that no page shows any more, but not of the one that is coming', () => {
    const desk = new Desk();
    for (let id = 0; id < 1010; id++) desk.replies.ended(id, desk.reply('PING', '+PONG\r\n'));
    const held = desk.shelf.bytes;
    desk.replies.ended(1010, desk.reply('PING', '+PONG\r\n'));
    assert.equal(desk.shelf.bytes, held, 'as many as a page shows');
    const coming = desk.reply('PING', '+PONG\r\n').reply!;
    desk.replies.grows(2000, coming);
    desk.replies.receive({ type: 'forget' });
    assert.equal(coming.kept, true);
    assert.ok(desk.shelf.bytes < 50);
    desk.replies.dispose();
    assert.equal(desk.shelf.bytes, 0);
  });
});
