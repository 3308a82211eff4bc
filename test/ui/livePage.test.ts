import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { systemClock } from '../../src/base/clock';
import { RingLog } from '../../src/redis/live/log';
import type { LiveFeed } from '../../src/redis/types';
import { countsText, liveStrings, rowOf } from '../../src/vscode/live/liveTexts';
import { plainText } from '../../src/vscode/localizer';
import type { LiveRow, LiveStatus, LiveToHost, LiveToPage } from '../../src/webview/protocol';
import { usePage } from './pageRig';

const strings = liveStrings({ kind: 'subscribe', consumes: false } as LiveFeed, false, plainText);
const LIVE: LiveStatus = { type: 'status', tone: 'live', text: 'Live', note: '', canStart: false, canStop: true, canUnlock: false, repeat: null };

const ROWS_IN_DOCUMENT = "document.querySelectorAll('.row').length";
const AT_END = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('.list'))";
const SCROLL_UP = "document.querySelector('.list').scrollTop = 2200";
const FIRST_SEEN = "document.elementFromPoint(200, document.querySelector('.list').getBoundingClientRect().top + 11)?.closest('.row')?.dataset.seq";
/** 5,000 messages a second for two seconds, as the extension would send them; how long the longest frame took, ms. */
const FLOOD = `new Promise((done) => {
  let seq = 0, batch = 0, longest = 0, last = performance.now();
  const frame = (now) => { longest = Math.max(longest, now - last); last = now; if (batch < 20) requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  const timer = setInterval(() => {
    const rows = Array.from({ length: 500 }, () => ({ seq: seq++, mark: false, time: '12:00:00.000', label: 'orders.' + seq % 7, origin: '', text: 'message ' + seq }));
    window.dispatchEvent(new MessageEvent('message', { data: { type: 'rows', batch: ++batch, reset: false, first: Math.max(0, seq - 10000), rows } }));
    if (batch === 20) { clearInterval(timer); requestAnimationFrame(() => requestAnimationFrame(() => done({ longest, rows: document.querySelectorAll('.row').length }))); }
  }, 100);
})`;

describe('the page of a live pane in a real browser', function () {
  this.timeout(60_000);
  const rig = usePage('live', async () => {
    await say({ type: 'setup', strings, title: 'PSUBSCRIBE orders.* · orders-cache', filter: '', paused: false });
    await say(LIVE);
  });
  const say = (message: LiveToPage): Promise<void> => rig.say(message);
  const sent = (): Promise<LiveToHost[]> => rig.sent('shown');
  const rows = (from: number, count: number, text = (seq: number): string => `message ${seq}`): LiveRow[] =>
    Array.from({ length: count }, (_, index) => ({ seq: from + index, mark: false, time: '12:00:00.000', label: 'orders.new', origin: 'orders.*', text: text(from + index) }));
  const show = (list: readonly LiveRow[], first = 0, reset = false): Promise<void> => say({ type: 'rows', batch: 1, reset, first, rows: list });
  const grid = (): Locator => rig.page.getByRole('grid', { name: 'Messages' });
  const button = (name: string): Locator => rig.page.getByRole('button', { name, exact: true });

  it('draws only what is in sight of ten thousand rows, and follows the end', async () => {
    for (let from = 0; from < 10_000; from += 2000) await show(rows(from, 2000));
    await grid().getByText('message 9999').waitFor();
    assert.ok((await rig.page.evaluate<number>(ROWS_IN_DOCUMENT)) < 100);
    assert.equal(await grid().getAttribute('aria-rowcount'), '10000');
    await show(rows(10_000, 1), 1);
    await grid().getByText('message 10000').waitFor();
    await rig.until(AT_END);
  });

  it('leaves what is being read where it is, while rows above it go', async () => {
    await show(rows(0, 2000));
    await rig.until(AT_END);
    await rig.page.evaluate(SCROLL_UP);
    await button('To the End').waitFor();
    await rig.until(`${FIRST_SEEN} === '100'`);
    await show(rows(2000, 50), 50);
    await rig.until(`document.querySelector('.list').scrollTop === 1100 && ${FIRST_SEEN} === '100'`);
    await button('To the End').click();
    await grid().getByText('message 2049').waitFor();
    await rig.until(AT_END);
  });

  it('follows the size of the font', async () => {
    await rig.page.evaluate("document.documentElement.style.setProperty('--vscode-editor-font-size', '30px')");
    await show(rows(0, 500));
    await rig.until(`document.querySelector('.row')?.getBoundingClientRect().height === 48 && document.querySelector('.space').offsetHeight === 24000 && ${AT_END}`);
    await grid().getByText('message 499').waitFor();
  });

  it('keeps up with five thousand messages a second', async () => {
    const { longest, rows: drawn } = await rig.page.evaluate<{ longest: number; rows: number }>(FLOOD);
    assert.ok(drawn > 5 && drawn < 100, String(drawn));
    // A frame is drawn at least as often as batches come, also on a busy machine.
    assert.ok(longest < 1000, `${longest} ms`);
    const confirmed = await rig.sent<LiveToHost>();
    assert.ok(confirmed.some((message) => message.type === 'shown' && message.batch === 20));
  });

  it('is used by the keyboard alone', async () => {
    await show(rows(0, 100));
    await grid().focus();
    await rig.page.keyboard.press('Home');
    await rig.page.keyboard.press('ArrowDown');
    assert.equal(await grid().getAttribute('aria-activedescendant'), 'row-1');
    await rig.page.keyboard.press('Control+c');
    await rig.page.keyboard.press('Enter');
    assert.deepEqual(await sent(), [{ type: 'copy', seq: 1 }, { type: 'details', seq: 1 }]);
    await say({ type: 'details', seq: 1, facts: '12:00:00.000 · orders.new · 9 B', text: '{"a":1}', json: '{\n  "a": 1\n}' });
    const details = rig.page.getByRole('region', { name: 'One message' });
    assert.equal(await details.locator('pre').textContent(), '{\n  "a": 1\n}');
    await details.getByRole('checkbox', { name: 'As JSON' }).uncheck();
    assert.equal(await details.locator('pre').textContent(), '{"a":1}');
    await rig.page.keyboard.press('Escape');
    assert.equal(await details.isVisible(), false);
    await rig.until("document.activeElement.getAttribute('role') === 'grid'");
    await rig.page.keyboard.press('End');
    await rig.until(AT_END);
  });

  it('pauses, filters, clears, copies, opens, stops and starts', async () => {
    await button('Pause').click();
    await say({ type: 'stats', rate: '1 messages/s', counts: '', paused: 'Paused. Messages go on being received: 12 wait.', labels: [{ label: 'orders.<b>', count: '7' }] });
    await rig.page.getByText('12 wait').waitFor();
    assert.equal(await button('Resume').getAttribute('aria-pressed'), 'true');
    await button('Resume').click();
    await rig.page.getByRole('searchbox').fill('needle');
    await rig.until("window.sent.some(({ type }) => type === 'filter')");
    await rig.page.getByText('Channels').click();
    await button('orders.<b>').click();
    await rig.until("window.sent.filter(({ type }) => type === 'filter').length === 2");
    for (const name of ['Clear', 'Copy All', 'Open in Editor', 'Stop']) await button(name).click();
    await say({ ...LIVE, tone: 'none', text: 'Stopped', canStop: false, canStart: true, repeat: true, canUnlock: true });
    await rig.until("document.activeElement.textContent === 'Start'");
    await rig.page.getByRole('checkbox').first().uncheck();
    await button('Unlock Writes…').click();
    await button('Start').click();
    assert.deepEqual(await sent(), [
      { type: 'pause', on: true }, { type: 'pause', on: false }, { type: 'filter', text: 'needle' }, { type: 'filter', text: 'orders.<b>' }, { type: 'clear' }, { type: 'copyAll' },
      { type: 'openAll' }, { type: 'stop' }, { type: 'repeat', on: false }, { type: 'unlockWrites' }, { type: 'start' },
    ]);
  });

  it('shows hostile values as text, and ignores messages that are none', async () => {
    const log = new RingLog(systemClock);
    const hostile = '<img src=x onerror="document.title=\'owned\'">\u001b[31m\u202e\n<script>document.title="owned"</script>';
    log.add({ label: hostile, origin: hostile, text: hostile, bytes: 1, cut: false });
    await show([rowOf(log.get(0)!, plainText)]);
    await rig.page.evaluate("window.postMessage({ type: 'rows', batch: 1, reset: true, first: 0, rows: [{ seq: '<b>' }] }, '*')");
    await say({ type: 'details', seq: 0, facts: hostile, text: hostile, json: '' });
    await grid().locator('.row').waitFor();
    assert.equal(await rig.page.locator('img, .list script').count(), 0);
    assert.match((await grid().locator('.row .text').textContent()) ?? '', /\\x1b\[31m\\u202e\\n<script>/);
    assert.equal(await rig.page.title(), 'PSUBSCRIBE orders.* · orders-cache');
  });

  it('looks right', async () => {
    const texts = ['{"id":4711,"total":"29.90","items":["a","b"]}', 'paid 4711', '{"id":4712,"total":"5.00"}', 'a value with “quotes”, 🚪 and a rather long text that does not fit on one line of any editor that people use these days'];
    const list = Array.from({ length: 24 }, (_, seq): LiveRow => {
      if (seq === 9) return { seq, mark: true, time: '14:03:11.020', label: '', origin: '', text: 'Connected again; messages in between are lost.' };
      return { seq, mark: false, time: `14:03:${String(seq + 2).padStart(2, '0')}.250`, label: ['orders.new', 'orders.paid', 'orders.shipped'][seq % 3]!, origin: 'orders.*', text: texts[seq % 4]! };
    });
    await rig.page.setViewportSize({ width: 1000, height: 640 });
    await show(list);
    await say({
      type: 'stats',
      rate: '1,204 messages/s · 98 kB/s',
      counts: countsText({ received: 52_000, kept: 10_000, dropped: 42_000 } as Parameters<typeof countsText>[0], plainText),
      paused: 'Paused. Messages go on being received: 312 wait.',
      labels: [{ label: 'orders.new', count: '30,112' }, { label: 'orders.paid', count: '21,888' }],
    });
    await rig.page.getByText('Channels').click();
    await grid().focus();
    await rig.page.keyboard.press('Home');
    await say({ type: 'details', seq: 0, facts: '14:03:02.250 · orders.new · orders.* · 45 B', text: texts[0]!, json: '{\n  "id": 4711,\n  "total": "29.90",\n  "items": [\n    "a",\n    "b"\n  ]\n}' });
    await rig.pictures('live');
    await rig.page.setViewportSize({ width: 420, height: 640 });
    await rig.pictures('live-narrow');
  });
});
