import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { ReplyShelf, SHELF_BYTES } from '../../src/redis/replies/replyShelf';
import { sessionOpener } from '../../src/redis/session';
import type { KeptReply, RedisSession, RowSource } from '../../src/redis/types';
import { type RedisServer, startRedis } from '../sandbox/servers/redis';
import { eventually } from '../fixtures/eventually';
import { FakeTunnel } from './redisTunnel';
import { replyText } from './replyText';

const never = new AbortController().signal;
const MILLION = 1_000_000;
const FILL = `EVAL "for i=1,${MILLION},5000 do local t={} for j=i,i+4999 do t[#t+1]='element:'..j end redis.call('RPUSH',KEYS[1],unpack(t)) end return 1" 1 many`;

describe('Large Redis replies', function () {
  this.timeout(120_000);
  let server: RedisServer;
  let shelf: ReplyShelf;
  let session: RedisSession;

  before(async () => {
    server = await startRedis();
    const local = { host: server.host, port: server.port };
    const filling = await sessionOpener()({ local, endpoint: local, tls: 'off' }, never);
    assert.equal((await filling.run(FILL, never)).text, '(integer) 1');
    await filling.dispose();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    const local = { host: server.host, port: server.port };
    shelf = new ReplyShelf();
    session = await sessionOpener({ shelf })({ local, endpoint: local, tls: 'off' }, never);
  });
  afterEach(() => session?.dispose());

  const run = async (line: string): Promise<string> => replyText(await session.run(line, never));
  const textOf = async (reply: KeptReply | undefined): Promise<RowSource> => {
    const view = await reply?.look('text', never);
    assert.ok(view);
    return view.source;
  };

  it('has a million elements as text, any row of which can be had, while it keeps a bounded number of bytes', async () => {
    const grown: number[] = [];
    const reply = await session.run('LRANGE many 0 -1', never, ({ rows }) => grown.push(rows));
    assert.equal(reply.large, true);
    assert.equal(reply.truncated, false);
    assert.equal(reply.reply?.rows, MILLION);
    assert.ok(grown.length > 10 && grown[0]! < MILLION / 10, 'it can be shown long before it is there');
    const text = await textOf(reply.reply);
    assert.deepEqual(text.rowsAt(0, 2), ['      1) "element:1"', '      2) "element:2"']);
    assert.deepEqual(text.rowsAt(MILLION - 1, 9), ['1000000) "element:1000000"']);
    assert.deepEqual(text.rowsAt(654_320, 1), [' 654321) "element:654321"']);
    assert.ok(text.bytes < 30 * 1024 * 1024, String(text.bytes));
    assert.ok(shelf.bytes < 40 * 1024 * 1024, String(shelf.bytes));
    let at: ReturnType<RowSource['findFrom']> = { next: 0 };
    while (at.next !== undefined) at = text.findFrom('ELEMENT:777777"', at.next, false);
    assert.equal(at.found, 777_776);
    assert.ok(shelf.bytes <= SHELF_BYTES);
  });

  it('prints all of it as redis-cli does', async () => {
    const child = spawn('redis-cli', ['-p', String(server.port), '--no-raw'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const closed = new Promise((resolve) => {
      child.once('close', resolve);
    });
    child.stdin.end('LRANGE many 0 -1\n');
    await closed;
    const text = await run('LRANGE many 0 -1');
    // It says at the end how long it took.
    const expected = Buffer.concat(output).toString('utf8').replace(/\n\(\d+\.\d+s\)\n$/, '\n');
    assert.ok(`${text}\n` === expected, `byte for byte (${text.length} of ${expected.length})`);
    assert.ok(text.length > 25_000_000);
  });

  it('keeps what came when it is stopped, and is ready for the next command', async () => {
    const stop = new AbortController();
    const reply = await session.run('LRANGE many 0 -1', stop.signal, () => stop.abort());
    assert.equal(reply.ending, 'stopped');
    assert.ok(reply.reply && reply.reply.rows > 1000 && reply.reply.rows < MILLION);
    const text = await textOf(reply.reply);
    assert.equal(text.truncated, true);
    assert.deepEqual(text.rowsAt(999, 1), ['   1000) "element:1000"']);
    assert.equal(await run('PING'), 'PONG');
  });

  it('keeps what came when the connection is lost, and says so', async () => {
    const tunnel = await FakeTunnel.to(server.port);
    const cut = await sessionOpener({ shelf })({ local: tunnel.local, endpoint: { host: 'cache', port: 6379 }, tls: 'off' }, never);
    try {
      const reply = await cut.run('LRANGE many 0 -1', never, () => tunnel.cut());
      assert.equal(reply.ending, 'lost');
      const text = await textOf(reply.reply);
      assert.ok(text.truncated && text.rows < MILLION);
      assert.deepEqual(text.rowsAt(999, 1), ['   1000) "element:1000"']);
      assert.equal(await replyText(await cut.run('PING', never)), 'PONG');
    } finally {
      await cut.dispose();
      await tunnel.dispose();
    }
  });

  it('has the views of a large reply, of as much as is reasonable', async () => {
    const { reply } = await session.run('LRANGE many 0 -1', never);
    assert.deepEqual(reply?.views, ['json']);
    const json = await reply?.look('json', never);
    assert.ok(json && json.source.truncated && json.source.bytes <= 4 * 1024 * 1024);
    assert.deepEqual(json.source.rowsAt(0, 2), ['[', '  "element:1",']);
    assert.ok(shelf.bytes <= SHELF_BYTES);
    await session.run('HSET h name x bytes "\\x1f\\xff"', never);
    const hash = await session.run('HGETALL h', never);
    assert.deepEqual(hash.reply?.views, ['json', 'table', 'hex', 'decoded']);
    const table = await hash.reply?.look('table', never);
    assert.deepEqual(table?.source.rowsAt(0, 9), [['name', 'x'], ['bytes', String.raw`\x1f\xff`]]);
    for (const line of ['INFO', 'CLIENT LIST', 'CONFIG GET max*', 'SLOWLOG GET', 'COMMAND DOCS get', 'MEMORY STATS']) {
      const report = await session.run(line, never);
      assert.ok(report.reply?.views.includes(line.startsWith('COMMAND') ? 'json' : 'table') || line === 'SLOWLOG GET', line);
      for (const view of report.reply?.views ?? []) assert.ok(await report.reply?.look(view, never), `${line}: ${view}`);
    }
  });

  it('drops the oldest replies when newer ones need the room, and says so', async () => {
    const first = await session.run('ECHO first', never);
    assert.equal(first.reply?.kept, true);
    const large = await session.run('LRANGE many 0 -1', never);
    for (let index = 0; index < 2; index++) await session.run('LRANGE many 0 -1', never);
    assert.equal(first.reply?.kept, false);
    assert.equal(await first.reply?.look('text', never), undefined);
    assert.equal(large.reply?.kept, false);
    assert.ok(shelf.bytes <= SHELF_BYTES);
    assert.equal(first.text, '"first"', 'what was handed over is not taken back');
  });

  it('shows as much of a string of a hundred megabytes as it keeps', async () => {
    const reply = await session.run(`EVAL "return string.rep('x',100*1024*1024)" 0`, never);
    assert.equal(reply.truncated, true);
    const text = await textOf(reply.reply);
    assert.ok(text.bytes <= 48 * 1024 * 1024);
    assert.ok(shelf.bytes <= SHELF_BYTES);
    assert.equal(String(text.rowsAt(20_000, 1)[0]), 'x'.repeat(2000));
    assert.equal(await run('PING'), 'PONG');
  });

  it('lets go of what it was told to forget', async () => {
    const { reply } = await session.run('ECHO a', never);
    reply?.forget();
    await eventually(() => shelf.bytes === 0, 'nothing is held', 5000);
  });
});
