import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/event';
import { cancelled, Fault } from '../../../src/base/fault';
import { formatLogLine } from '../../../src/base/log';
import type { TunnelInfo } from '../../../src/model/tunnel';
import { RingLog } from '../../../src/redis/live/log';
import type { LiveFeed, LiveKind, LiveState, RedisSessionOptions } from '../../../src/redis/types';
import { LiveController, type LivePreparation } from '../../../src/vscode/live/liveController';
import { askKeyspaceWatch, askSubscription } from '../../../src/vscode/live/liveRequests';
import { factsText, lineOf, oneLine, readable, rowOf, timeText } from '../../../src/vscode/live/liveTexts';
import { plainText } from '../../../src/vscode/localizer';
import { parseLiveToHost, parseLiveToPage } from '../../../src/webview/live/messages';
import { Rows, visibleRange } from '../../../src/webview/live/rows';
import type { LiveRow, LiveStatus, LiveToPage } from '../../../src/webview/protocol';
import { FakeClock } from '../../fixtures/fakeClock';
import { FakeUi } from '../vscode/samples';
import { RULES, settled, tunnel } from './consoleWorld';

class FakeFeed implements LiveFeed {
  readonly #changes = new Emitter<LiveState>();
  readonly title = 'SUBSCRIBE news';
  kind: LiveKind = 'subscribe';
  consumes = false;
  repeatable = false;
  repeat = false;
  state: LiveState = { phase: 'idle' };
  readonly onDidChange = this.#changes.event;
  readonly log: RingLog;
  readonly starts: RedisSessionOptions[] = [];
  held = false;
  disposed = false;
  starting: () => Promise<void> = async () => {};

  constructor(clock: FakeClock) {
    this.log = new RingLog(clock, { entries: 5, bytes: 1_000_000, labels: 5 });
  }

  async start(options: RedisSessionOptions): Promise<void> {
    this.starts.push(options);
    this.change({ phase: 'connecting' });
    try {
      await this.starting();
    } catch (error) {
      this.change({ phase: 'ended', fault: error as Fault });
      throw error;
    }
    this.change({ phase: 'live' });
  }

  hold(on: boolean): void {
    this.held = on;
  }

  async stop(): Promise<void> {
    if (this.state.phase !== 'idle') this.change({ phase: 'ended' });
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }

  change(state: LiveState): void {
    this.state = state;
    this.#changes.fire(state);
  }

  add(...texts: string[]): void {
    for (const text of texts) this.log.add({ label: 'news', origin: '', text, bytes: text.length, cut: false });
  }
}

class World {
  readonly clock = new FakeClock();
  readonly feed = new FakeFeed(this.clock);
  readonly ui = new FakeUi();
  readonly posted: LiveToPage[] = [];
  readonly opened: string[] = [];
  readonly logged: string[] = [];
  prepare: ((signal: AbortSignal) => Promise<LivePreparation>) | undefined;
  readonly controller: LiveController;

  constructor(name = 'orders', kind: LiveKind = 'subscribe') {
    this.feed.kind = kind;
    this.feed.consumes = kind === 'block';
    this.feed.repeatable = kind === 'block';
    this.controller = new LiveController(tunnel('t1', undefined, name), this.feed, { title: 'SUBSCRIBE news · orders', keyspace: false }, {
      engine: { indentedJson: (text) => (text.startsWith('{') ? `pretty ${text}` : undefined) },
      logger: { log: (_, event, fields) => void this.logged.push(formatLogLine(event, fields)) },
      ui: this.ui,
      clock: this.clock,
      productionRules: () => RULES,
      unlockMs: () => 60_000,
      withLogin: (_, __, use) => use({ local: { host: '127.0.0.1', port: 1 }, endpoint: { host: 'a', port: 1 }, tls: 'off' }),
      prepare: (_, __, signal) => this.prepare?.(signal) ?? Promise.resolve({ note: '', restore: async () => {} }),
      openText: async (text) => void this.opened.push(text),
      post: (message) => {
        // Whatever is sent has to be what the page takes.
        assert.deepEqual(parseLiveToPage(structuredClone(message)), message);
        this.posted.push(message);
      },
    });
  }

  async start(): Promise<this> {
    this.controller.receive({ type: 'ready' });
    await this.controller.start();
    return this;
  }

  of<T extends LiveToPage['type']>(type: T): Extract<LiveToPage, { type: T }>[] {
    return this.posted.filter((message): message is Extract<LiveToPage, { type: T }> => message.type === type);
  }

  get status(): LiveStatus {
    return this.of('status').at(-1)!;
  }

  /** What the page has, if it does as it is told. */
  get page(): string[] {
    let list: LiveRow[] = [];
    for (const { reset, first, rows } of this.of('rows')) list = [...(reset ? [] : list), ...rows].filter(({ seq }) => seq >= first);
    return list.map(({ text }) => text);
  }

  /** A tenth of a second, at whose end the page has drawn. */
  tick(times = 1): void {
    for (let time = 0; time < times; time++) {
      const last = this.of('rows').at(-1);
      if (last) this.controller.receive({ type: 'shown', batch: last.batch });
      this.clock.advance(100);
    }
  }
}

describe('LiveController', () => {
  it('starts its feed, and hands messages over in batches, with the oldest that is kept', async () => {
    const world = await new World().start();
    assert.deepEqual([world.status.tone, world.status.text, world.status.canStop], ['live', 'Live', true]);
    assert.ok(world.feed.starts[0]?.guard);
    world.feed.add('a', 'b', 'c');
    world.tick();
    assert.deepEqual(world.page, ['a', 'b', 'c']);
    const batches = world.of('rows').length;
    world.tick(5);
    assert.equal(world.of('rows').length, batches, 'nothing new, nothing said');
    world.feed.add('d', 'e', 'f', 'g');
    world.tick();
    assert.deepEqual(world.page, ['c', 'd', 'e', 'f', 'g']);
    const { counts, labels } = world.of('stats').at(-1)!;
    world.tick(5);
    assert.equal(world.of('stats').at(-1)?.counts, '7 received, the newest 5 kept');
    assert.notDeepEqual([counts, labels], []);
  });

  it('waits for a page that is still drawing, and not for ever', async () => {
    const world = await new World().start();
    world.tick();
    world.feed.add('a');
    world.tick();
    world.feed.add('b');
    world.clock.advance(1000);
    assert.deepEqual(world.page, ['a']);
    world.controller.receive({ type: 'shown', batch: world.of('rows').at(-1)!.batch });
    world.clock.advance(100);
    assert.deepEqual(world.page, ['a', 'b']);
    world.feed.add('c');
    world.clock.advance(10_000);
    assert.deepEqual(world.page, ['a', 'b', 'c']);
  });

  it('stands still while it is paused, says what goes on, and shows it afterwards', async () => {
    const world = await new World().start();
    world.feed.add('a', 'b');
    world.tick();
    world.controller.receive({ type: 'pause', on: true });
    world.feed.add('c', 'd', 'e', 'f');
    world.tick(6);
    assert.deepEqual(world.page, ['a', 'b']);
    assert.match(world.of('stats').at(-1)!.paused, /: 4 wait\.$/);
    world.feed.add('g', 'h', 'i');
    world.tick(6);
    assert.match(world.of('stats').at(-1)!.paused, /: 5 wait, and 2 that came before them were dropped\.$/);
    world.controller.receive({ type: 'pause', on: false });
    world.tick();
    assert.deepEqual(world.page, ['e', 'f', 'g', 'h', 'i']);
    assert.equal(world.of('stats').at(-1)!.paused, '');
  });

  it('takes nothing from anybody while it is paused', async () => {
    const world = await new World('orders', 'block').start();
    world.controller.receive({ type: 'pause', on: true });
    assert.equal(world.feed.held, true);
    assert.match(world.of('stats').at(-1)!.paused, /Nothing more is taken/);
    world.controller.receive({ type: 'pause', on: false });
    assert.equal(world.feed.held, false);
    world.controller.receive({ type: 'repeat', on: true });
    assert.equal(world.status.repeat, true);
  });

  it('shows everything again to a page that comes back, as it was filtered and paused', async () => {
    const world = await new World().start();
    world.feed.add('apple', 'pear');
    world.controller.receive({ type: 'filter', text: 'PEA' });
    world.tick(2);
    assert.deepEqual(world.page, ['pear']);
    world.controller.pageHidden();
    assert.equal(world.clock.pending, 0);
    world.feed.add('peach');
    world.posted.length = 0;
    world.controller.receive({ type: 'ready' });
    assert.deepEqual(world.page, ['pear', 'peach']);
    assert.equal(world.of('setup')[0]?.filter, 'PEA');
    world.controller.receive({ type: 'filter', text: '' });
    world.tick(2);
    assert.deepEqual(world.page, ['apple', 'pear', 'peach']);
    world.controller.receive({ type: 'clear' });
    world.tick();
    assert.deepEqual(world.page, []);
  });

  it('shows one message in full, copies it, and says when it is gone', async () => {
    const world = await new World().start();
    world.feed.add('{"a":\n1}', 'x\u001b');
    world.controller.receive({ type: 'details', seq: 0 });
    world.controller.receive({ type: 'details', seq: 1 });
    world.controller.receive({ type: 'details', seq: 99 });
    const shown = world.of('details');
    assert.deepEqual(shown.map(({ text, json }) => [text, json]), [['{"a":\n1}', 'pretty {"a":\n1}'], [String.raw`x\x1b`, ''], ['', '']]);
    assert.match(shown[2]!.facts, /dropped/);
    world.controller.receive({ type: 'copy', seq: 1 });
    assert.equal(world.ui.copied, 'x\u001b');
    world.feed.log.mark('lost');
    world.controller.receive({ type: 'filter', text: 'x' });
    world.controller.receive({ type: 'copyAll' });
    assert.match(world.ui.copied ?? '', /^[\d:.]+\tnews\t\tx\\x1b\n[\d:.]+\t--- The connection was lost\.\n$/);
    world.controller.receive({ type: 'openAll' });
    assert.deepEqual(world.opened, [world.ui.copied]);
  });

  it('says why it could not start, and starts again', async () => {
    const world = new World();
    world.feed.starting = () => Promise.reject(new Fault('redis.noPermission', 'Not allowed.'));
    await world.start();
    assert.deepEqual(world.logged, ['redis.liveFailed target="arn" code="redis.noPermission"'], 'what was asked for is not logged');
    assert.deepEqual([world.status.tone, world.status.text, world.status.canStart, world.status.canUnlock], ['error', 'Not allowed.', true, false]);
    world.feed.starting = async () => {};
    world.controller.receive({ type: 'start' });
    await settled();
    assert.equal(world.status.tone, 'live');
    world.feed.change({ phase: 'lost', fault: new Fault('redis.unreachable', 'No answer.') });
    assert.deepEqual([world.status.tone, world.status.canStop], ['warning', true]);
    assert.match(world.status.text, /connecting again\. No answer\./);
  });

  it('offers to unlock writes where they are what is missing, and goes on by itself then', async () => {
    const world = new World('live orders', 'block');
    world.feed.starting = () => Promise.reject(new Fault('redis.readOnly', 'Read-only.'));
    await world.start();
    assert.equal(world.status.canUnlock, true);
    world.feed.starting = async () => {};
    world.ui.agree = [true];
    world.controller.receive({ type: 'unlockWrites' });
    await settled();
    assert.equal(world.status.tone, 'live');
    assert.equal(world.feed.starts.length, 2);
    await world.controller.dispose();
    assert.equal(world.clock.pending, 0);
  });

  it('stops with its tunnel, and goes on over another one to the same place', async () => {
    const world = await new World().start();
    const closed = { ...tunnel('t1'), state: { phase: 'closed' } } as TunnelInfo;
    world.controller.tunnelChanged({ ...closed, id: 'other' });
    assert.equal(world.status.tone, 'live');
    world.controller.tunnelChanged(closed);
    await settled();
    assert.deepEqual([world.status.tone, world.status.canStart, world.status.canStop], ['warning', false, false]);
    await world.controller.start();
    assert.equal(world.feed.starts.length, 1);
    world.controller.adopt(tunnel('t2'));
    assert.deepEqual([world.status.tone, world.status.canStart], ['none', true]);
    await world.controller.start();
    assert.equal(world.feed.starts.length, 2);
  });

  it('prepares the server before, and puts it back when it is stopped, or closed in the middle', async () => {
    const world = new World();
    const restored: string[] = [];
    world.prepare = async () => ({ note: 'It is on.', restore: async () => void restored.push('back') });
    await world.start();
    assert.equal(world.status.note, 'It is on.');
    world.controller.receive({ type: 'stop' });
    await settled();
    assert.deepEqual([restored, world.status.note, world.status.text], [['back'], '', 'Stopped']);
    let back = (): void => {};
    const gate = new Promise<void>((resolve) => {
      back = resolve;
    });
    world.prepare = async () => ({ note: '', restore: () => gate });
    await world.controller.start();
    world.controller.receive({ type: 'stop' });
    await settled();
    world.controller.receive({ type: 'start' });
    await settled();
    assert.equal(world.feed.starts.length, 2, 'it waits until the server is as it was');
    back();
    await settled();
    assert.equal(world.feed.starts.length, 3);
    world.controller.receive({ type: 'stop' });
    await settled();
    let begun = false;
    world.prepare = (signal) =>
      new Promise((_, reject) => {
        begun = true;
        signal.addEventListener('abort', () => reject(cancelled()));
      });
    world.controller.receive({ type: 'start' });
    await settled();
    assert.deepEqual([begun, world.status.canStop], [true, true]);
    await world.controller.dispose();
    assert.equal(world.feed.disposed, true);
    assert.equal(world.feed.starts.length, 3);
  });
});

describe('Texts of the live page', () => {
  it('are on one line, with nothing unseen in them', () => {
    assert.equal(oneLine('a\nb\t\u001b[31m\u202e\u0000\u2028'), String.raw`a\nb\t\x1b[31m\u202e\x00\u2028`);
    assert.equal(oneLine('abcdef', 4), 'abc…');
    assert.equal(oneLine('ab🚪cd', 4), 'ab…');
    assert.ok(oneLine('\n'.repeat(100), 50).length <= 50);
    assert.equal(readable('a\n\tb\r\u001b'), `a\n\tb${String.raw`\r\x1b`}`);
  });

  it('fit into the messages, whatever comes', () => {
    const log = new RingLog(new FakeClock());
    const nasty = '\u0000'.repeat(5000);
    log.add({ label: nasty, origin: nasty, text: nasty, bytes: 5000, cut: true });
    log.mark('unsubscribed', nasty);
    for (const entry of log.from(0, '', 10).entries) {
      const message = { type: 'rows', batch: 1, reset: true, first: 0, rows: [rowOf(entry, plainText)] };
      assert.deepEqual(parseLiveToPage(message), message);
      assert.ok(!lineOf(entry, plainText).includes('\u0000'));
    }
    const [entry] = log.from(0, '', 1).entries;
    assert.ok(entry?.mark === undefined);
    assert.match(factsText(entry!, plainText), /5\.0 kB, of which only the beginning is kept$/);
    assert.match(timeText(0), /^\d\d:\d\d:00\.000$/);
  });
});

describe('Messages of the live page', () => {
  it('are taken as they are meant, and nothing else', () => {
    for (const message of [{ type: 'ready' }, { type: 'stop' }, { type: 'shown', batch: 3 }, { type: 'pause', on: true }, { type: 'filter', text: 'a' }, { type: 'copy', seq: 0 }]) {
      assert.deepEqual(parseLiveToHost({ ...message, more: 1 }), message);
    }
    for (const value of [undefined, null, 'ready', [], {}, { type: 'nope' }, { type: 'pause' }, { type: 'filter', text: 'x'.repeat(501) }, { type: 'details', seq: -1 }, { type: 'copy', seq: 1.5 }, { type: ['ready'] }]) {
      assert.equal(parseLiveToHost(value), undefined);
    }
    const row = { seq: 1, mark: false, time: '', label: '', origin: '', text: '' };
    const rows = { type: 'rows', batch: 1, reset: false, first: 0, rows: [row] };
    assert.deepEqual(parseLiveToPage(rows), rows);
    for (const bad of [{ ...rows, rows: Array.from({ length: 2001 }, () => row) }, { ...rows, rows: [{ ...row, text: 'x'.repeat(401) }] }, { ...rows, rows: [{ ...row, seq: '1' }] }, { ...rows, first: -1 }, { type: 'status' }, { type: 'stats', labels: 'x' }, { type: 'setup' }]) {
      assert.equal(parseLiveToPage(bad), undefined);
    }
  });
});

describe('Rows of the live page', () => {
  const row = (seq: number): LiveRow => ({ seq, mark: false, time: '', label: '', origin: '', text: String(seq) });

  it('are found by their numbers, between which there may be holes', () => {
    const rows = new Rows();
    rows.add([1, 4, 9].map((seq) => row(seq)), 0);
    assert.deepEqual([rows.indexOf(4), rows.indexOf(5), rows.indexOf(0), rows.indexOf(10)], [1, -3, -1, -4]);
    assert.deepEqual([rows.at(-1), rows.at(2)?.seq, rows.at(3)], [undefined, 9, undefined]);
  });

  it('go when they are told to, however many', () => {
    const rows = new Rows();
    let dropped = 0;
    for (let from = 0; from < 50_000; from += 500) dropped += rows.add(Array.from({ length: 500 }, (_, index) => row(from + index)), Math.max(0, from + 500 - 1000));
    assert.deepEqual([rows.length, rows.at(0)?.seq, rows.at(999)?.seq, dropped], [1000, 49_000, 49_999, 49_000]);
    rows.clear();
    assert.equal(rows.length, 0);
  });

  it('are drawn where they are seen, and a little around', () => {
    assert.deepEqual(visibleRange(0, 100, 20, 1000, 5), { begin: 0, end: 11 });
    assert.deepEqual(visibleRange(2000, 100, 20, 1000, 5), { begin: 95, end: 111 });
    assert.deepEqual(visibleRange(50_000, 100, 20, 10, 5), { begin: 5, end: 10 });
    assert.deepEqual(visibleRange(-30, 0, 20, 0, 5), { begin: 0, end: 0 });
  });
});

describe('What a person subscribes to', () => {
  it('is a pattern where it looks like one', async () => {
    const ui = new FakeUi();
    ui.type = ['news  weather', 'n* weather'];
    assert.deepEqual(await askSubscription(ui), { args: ['SUBSCRIBE', 'news', 'weather'] });
    assert.deepEqual(await askSubscription(ui), { args: ['PSUBSCRIBE', 'n*', 'weather'] });
    assert.equal(await askSubscription(ui), undefined);
    assert.equal(ui.inputs[0]?.validate?.(' ') !== undefined, true);
  });

  it('is events of all keys, or of some', async () => {
    const ui = new FakeUi();
    ui.type = ['*', 'user:*'];
    assert.deepEqual(await askKeyspaceWatch(ui), { watch: { channel: '__keyevent@*__:*', needs: 'E' }, request: { args: ['PSUBSCRIBE', '__keyevent@*__:*'], keyspace: true } });
    assert.deepEqual((await askKeyspaceWatch(ui))?.request.args, ['PSUBSCRIBE', '__keyspace@*__:user:*']);
    assert.equal(await askKeyspaceWatch(ui), undefined);
  });
});
