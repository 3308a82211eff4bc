import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { consoleStrings } from '../../src/vscode/console/strings';
import { plainText } from '../../src/vscode/localizer';
import type { ConsoleStatus, ToHost, ToPage } from '../../src/webview/protocol';
import { usePage } from './pageRig';

const strings = consoleStrings(plainText, 'Redis: orders');

// What runs inside the page is text here: the types of a document are not those of Node.
const SENT_TWICE = "window.sent.filter(({ type }) => type !== 'ready' && type !== 'complete').length >= 2";
const LAST_ASKED = "window.sent.findLast(({ type }) => type === 'complete')?.id";
const INPUT_FOCUSED = "document.activeElement?.id === 'line'";
const STATE = "sessionStorage.getItem('state') ?? ''";

/** A thousand commands and their replies, as fast as a script can. */
const CHATTER = `
  const input = document.querySelector('#line');
  for (let id = 1; id < 1020; id++) {
    input.value = 'ECHO ' + id;
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    const data = { type: 'reply', id, kind: 'value', text: '"' + id + '"', rows: 0, views: ['hex'], truncated: false, ending: 'whole', elapsedMs: 1, prompt: 'cache:6379' };
    window.dispatchEvent(new MessageEvent('message', { data }));
  }`;
const DISTANCE_TO_END = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(document.querySelector('.log'))";

const paste = (text: string): string => `{
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', ${JSON.stringify(text)});
  document.querySelector('#line').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}`;

describe('the console page in a real browser', function () {
  this.timeout(60_000);
  const rig = usePage('console', () => setup());
  const { until } = rig;
  const say = (message: ToPage): Promise<void> => rig.say(message);
  /** Without what typing asks for by itself. */
  const sent = (): Promise<ToHost[]> => rig.sent('complete');
  const setup = (running: number | null = null): Promise<void> =>
    say({ type: 'setup', strings, prompt: 'cache:6379', status: 'ready', detail: '', running, history: ['HGETALL h', 'GET old', 'GET old'] });
  const reply = (id: number, text: string): Promise<void> =>
    say({ type: 'reply', id, kind: 'value', text, rows: 0, views: [], truncated: false, ending: 'whole', elapsedMs: 1, prompt: 'cache:6379' });
  const status = (status: ConsoleStatus, detail = ''): Promise<void> => say({ type: 'status', status, prompt: 'cache:6379', detail });
  const input = (): Locator => rig.page.getByRole('textbox', { name: 'Redis command' });
  const log = (): Locator => rig.page.getByRole('log', { name: 'Replies' });
  const submit = async (line: string): Promise<void> => {
    await input().fill(line);
    await input().press('Enter');
  };

  it('begins with the input focused, sends a line, and shows its reply', async () => {
    await rig.page.getByText('cache:6379>').waitFor();
    await until(INPUT_FOCUSED);
    await rig.page.keyboard.type('PING');
    await rig.page.keyboard.press('Enter');
    assert.deepEqual(await sent(), [{ type: 'run', id: 0, line: 'PING', rest: [], judged: false }]);
    await reply(0, 'PONG');
    await log().getByText('PONG', { exact: true }).waitFor();
    assert.equal(await input().inputValue(), '');
  });

  it('shows hostile values as text', async () => {
    await submit('GET a');
    const hostile = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>\u001b[31m\u202e';
    await reply(0, hostile);
    await log().getByText('<img src=x').waitFor();
    assert.equal(await log().locator('pre').textContent(), hostile);
    assert.equal(await rig.page.locator('img').count(), 0);
    assert.equal(await rig.page.title(), 'Redis: orders');
  });

  it('ignores messages that are none', async () => {
    await rig.page.evaluate("window.postMessage({ type: 'reply', id: 0, kind: 'html', text: '<b>' }, '*')");
    await submit('PING');
    await reply(0, 'PONG');
    await log().getByText('PONG', { exact: true }).waitFor();
    assert.equal(await log().locator('.entry').count(), 1);
  });

  it('walks through the history, without secrets, and stores none', async () => {
    await submit('GET a');
    await reply(0, '(nil)');
    await submit('AUTH hunter2');
    await reply(1, 'OK');
    await log().getByText('AUTH •••').waitFor();
    await input().fill('draft');
    await input().press('ArrowUp');
    assert.equal(await input().inputValue(), 'GET a');
    await input().press('ArrowDown');
    assert.equal(await input().inputValue(), 'draft');
    await until(`(${STATE}).includes('GET a')`);
    assert.ok(!(await rig.page.content()).includes('hunter2'));
    assert.ok(!(await rig.page.evaluate<string>(STATE)).includes('hunter2'));
  });

  it('forgets a line of which it hears that it was a secret', async () => {
    await submit('GET a');
    await reply(0, '(nil)');
    await submit('sesame hunter2');
    await log().getByText('sesame hunter2').waitFor();
    await until(`(${STATE}).includes('sesame')`);
    await say({ type: 'renames', names: [['sesame', 'auth']] });
    await log().getByText('sesame •••').waitFor();
    await input().press('ArrowUp');
    assert.equal(await input().inputValue(), 'GET a');
    await until(`!(${STATE}).includes('hunter2')`);
    assert.ok(!(await rig.page.content()).includes('hunter2'));
  });

  it('searches the history of the connection', async () => {
    const search = (): Promise<void> => say({ type: 'searchHistory' });
    await submit('SET a 1');
    await reply(0, 'OK');
    await input().fill('draft');
    await search();
    await rig.page.getByText('Search the history.').waitFor();
    await input().fill('et');
    await rig.page.getByText('Search “et”: SET a 1').waitFor();
    await rig.pictures('console-search');
    await search();
    await rig.page.getByText('Search “et”: GET old').waitFor();
    await search();
    await rig.page.getByText('Search “et”: HGETALL h').waitFor();
    await input().press('Enter');
    assert.equal(await input().inputValue(), 'HGETALL h');
    assert.equal((await sent()).length, 1, 'it is taken over, and not run');
    await search();
    await input().press('Escape');
    assert.equal(await input().inputValue(), 'HGETALL h');
    await input().press('ArrowUp');
    assert.equal(await input().inputValue(), 'SET a 1');
  });

  it('cancels with Ctrl+C, and clears with Ctrl+L', async () => {
    await submit('BLPOP q 0');
    await input().press('Control+c');
    await until(SENT_TWICE);
    assert.deepEqual((await sent()).at(-1), { type: 'cancel', id: 0 });
    await say({ type: 'fault', id: 0, text: 'x', cancelled: true, readOnly: false, prompt: 'cache:6379' });
    await log().getByText('Cancelled').waitFor();
    await input().fill('half a line');
    await input().press('Control+c');
    assert.equal(await input().inputValue(), '');
    await input().press('Control+l');
    assert.equal(await log().locator('.entry').count(), 0);
  });

  it('runs a paste line by line and leaves the last, unfinished line in the input', async () => {
    await rig.page.evaluate(paste('SET a 1\r\nGET a\nTTL'));
    assert.deepEqual(await sent(), [{ type: 'run', id: 0, line: 'SET a 1', rest: ['GET a'], judged: false }]);
    await rig.page.getByText('1 more to run').waitFor();
    await reply(0, 'OK');
    await until(SENT_TWICE);
    assert.deepEqual((await sent()).at(-1), { type: 'run', id: 1, line: 'GET a', rest: [], judged: true });
    assert.equal(await input().inputValue(), 'TTL');
  });

  it('shows that production is read-only, and the way to unlock it', async () => {
    const badge = rig.page.getByRole('status').getByText('read-only · production');
    assert.equal(await badge.isVisible(), false);
    assert.equal(await rig.page.getByRole('button', { name: 'Unlock Writes…' }).isVisible(), false);
    await say({ type: 'guard', production: true, reasons: 'It counts as production: tag env=prod.', minutesLeft: 0 });
    await badge.waitFor();
    assert.match((await badge.getAttribute('title')) ?? '', /env=prod/);
    await submit('SET a 1');
    await say({ type: 'fault', id: 0, text: 'SET was not run.', cancelled: false, readOnly: true, prompt: 'cache:6379' });
    await log().getByRole('button', { name: 'Unlock Writes…' }).waitFor();
    await rig.pictures('console-readonly');
    await log().getByRole('button', { name: 'Unlock Writes…' }).click();
    assert.deepEqual((await sent()).at(-1), { type: 'unlockWrites' });
    await say({ type: 'guard', production: true, reasons: '', minutesLeft: 14 });
    await rig.page.getByText('writes unlocked, 14 min left').waitFor();
    await rig.pictures('console-unlocked');
    await rig.page.getByRole('button', { name: 'Lock Writes', exact: true }).click();
    assert.deepEqual((await sent()).at(-1), { type: 'lockWrites' });
  });

  const ABOUT = { command: 'SET', summary: 'Set the string value of a key', since: '1.0.0', complexity: 'O(1)', deprecated: null };
  /** Answers what the page has asked last. */
  const completion = async (texts: readonly string[], from: number, hint = ''): Promise<void> => {
    const id = await rig.page.evaluate<number>(LAST_ASKED);
    const candidates = texts.map((text) => ({ kind: 'command', text, detail: `What ${text} does` }) as const);
    await say({ type: 'completion', id, from, candidates, hint, about: ABOUT });
  };
  const options = (): Locator => rig.page.getByRole('option');

  it('completes by the keyboard alone, and tells a screen reader', async () => {
    await input().focus();
    await rig.page.keyboard.type('SE');
    await completion(['SELECT', 'SET', 'SETEX'], 0);
    await rig.page.getByRole('listbox', { name: 'Completions' }).waitFor();
    await rig.page.getByRole('status').getByText('3 completions').waitFor({ state: 'attached' });
    await rig.page.keyboard.press('ArrowDown');
    await rig.page.keyboard.press('ArrowDown');
    const selected = await input().getAttribute('aria-activedescendant');
    assert.match((await rig.page.locator(`#${selected}`).textContent()) ?? '', /^SETWhat SET does$/);
    await rig.page.keyboard.press('Enter');
    assert.equal(await input().inputValue(), 'SET ');
    assert.deepEqual(await sent(), [], 'it is taken over, and not run');
    await completion([], 4, 'key value');
    await rig.page.locator('.ghost-hint').getByText('key value').waitFor();
    await rig.page.getByText('SET · Set the string value of a key · since 1.0.0 · O(1)').waitFor();
    await rig.page.keyboard.type('k v');
    await rig.page.keyboard.press('Enter');
    assert.deepEqual((await sent()).at(-1), { type: 'run', id: 0, line: 'SET k v', rest: [], judged: false });
    assert.equal(await rig.page.locator('.ghost').textContent(), '');
  });

  it('closes the list with Escape, after which Tab goes on', async () => {
    await input().focus();
    await rig.page.keyboard.type('SE');
    await completion(['SELECT', 'SET'], 0);
    await options().first().waitFor();
    await rig.page.keyboard.press('Escape');
    assert.equal(await options().count(), 0);
    assert.equal(await input().inputValue(), 'SE');
    await rig.page.keyboard.press('Tab');
    await until("document.activeElement?.id !== 'line'");
  });

  it('takes a candidate that is clicked, and keeps the focus', async () => {
    await input().focus();
    await rig.page.keyboard.type('SE');
    await completion(['SELECT', 'SET'], 0);
    await options().nth(1).click();
    await until("document.querySelector('#line').value !== 'SE'");
    assert.equal(await input().inputValue(), 'SET ');
    await until(INPUT_FOCUSED);
  });

  it('shows hostile names as text', async () => {
    const hostile = '"<img src=x onerror=alert(1)>"';
    await input().focus();
    await rig.page.keyboard.type('GET ');
    await completion([hostile, 'b'], 4, '<b>key</b>');
    await rig.page.locator('.completion .name').getByText(hostile, { exact: true }).waitFor();
    assert.equal(await rig.page.locator('.ghost-hint').textContent(), '<b>key</b>');
    assert.equal(await rig.page.locator('img, b').count(), 0);
  });

  it('has a hint that goes on where the line ends, in every theme', async () => {
    await input().focus();
    await rig.page.keyboard.type('SET k v E');
    await completion(['EX', 'EXAT'], 8, ' [NX|XX] [GET]');
    await options().first().waitFor();
    await rig.page.keyboard.press('ArrowDown');
    await rig.page.getByRole('option', { selected: true }).waitFor();
    await rig.page.locator('.ghost-hint').getByText('[NX|XX]').waitFor();
    // The unseen text before the hint is as wide as the line itself, so both stand on one place.
    const [field, hint] = await Promise.all([input().boundingBox(), rig.page.locator('.ghost-hint').boundingBox()]);
    assert.ok(field && hint && hint.x > field.x + 30 && hint.x < field.x + 150, JSON.stringify({ field, hint }));
    assert.ok(Math.abs(hint.y + hint.height / 2 - (field.y + field.height / 2)) <= 2, JSON.stringify({ field, hint }));
    await rig.pictures('console-completion');
  });

  it('shows the latency of a ping', async () => {
    await rig.page.getByRole('button', { name: 'Ping' }).click();
    assert.deepEqual(await sent(), [{ type: 'ping' }]);
    await say({ type: 'pong', latencyMs: 12.345 });
    await rig.page.getByText('12.3 ms').waitFor();
  });

  it('draws the latencies of the last pings, and has them as words', async () => {
    const strip = rig.page.getByRole('img', { name: /pings/ });
    assert.equal(await strip.isVisible(), false);
    await say({ type: 'pulse', latencies: Array.from({ length: 60 }, (_, index) => (index === 30 ? null : 1 + Math.abs(Math.sin(index)) * (index % 17 === 0 ? 6 : 1))) });
    await strip.waitFor();
    assert.match((await strip.getAttribute('aria-label')) ?? '', /^The last 59 pings: p50 1\.\d ms, p99 \d\.\d ms$/);
    await submit('GET greeting');
    await reply(0, '"hello"');
    await rig.pictures('console-latency');
  });

  it('says that the connection is lost and offers to connect, and keeps what was typed', async () => {
    const connect = rig.page.getByRole('button', { name: 'Connect' });
    assert.equal(await connect.isVisible(), false);
    await input().fill('half a line');
    await status('lost', 'The bastion went away.');
    await rig.page.getByRole('status').getByText('The bastion went away.').waitFor();
    const prompt = (text: string): Promise<void> => rig.page.locator('.entry-line').getByText(text, { exact: true }).waitFor();
    await prompt('not connected>');
    assert.equal(await input().inputValue(), 'half a line');
    await rig.pictures('console-lost');
    await connect.click();
    assert.deepEqual((await sent()).at(-1), { type: 'connect' });
    await status('ready');
    await prompt('cache:6379>');
    await rig.page.getByText('Connected again.').waitFor();
    assert.equal(await input().inputValue(), 'half a line');
    await status('failed', 'The server refused.');
    await prompt('not connected>');
    await status('tunnelClosed');
    await rig.page.getByText('The tunnel is closed.').waitFor();
    await prompt('not connected>');
    assert.equal(await input().inputValue(), 'half a line');
    assert.equal(await connect.isVisible(), false);
  });

  it('comes back as it was when its tab was hidden', async () => {
    await submit('GET a');
    await reply(0, '"value"');
    await submit('BLPOP q 0');
    await input().fill('draft');
    await rig.page.reload();
    await setup(1);
    await log().getByText('"value"').waitFor();
    assert.equal(await input().inputValue(), 'draft');
    await reply(1, '(nil) at last');
    await log().getByText('(nil) at last').waitFor();
    await submit('PING');
    assert.deepEqual((await sent()).at(-1), { type: 'run', id: 2, line: 'PING', rest: [], judged: false });
  });

  it('shows a megabyte quickly and keeps the document bounded', async () => {
    await submit('GET big');
    const started = performance.now();
    await reply(0, `${'x'.repeat(99)}\n`.repeat(10_000));
    await log().locator('pre').waitFor();
    assert.ok(performance.now() - started < 5000);
    await rig.page.evaluate(CHATTER);
    await log().getByText('"1019"').waitFor();
    assert.equal(await log().locator('.entry').count(), 1000);
    const atEnd = await rig.page.evaluate<number>(DISTANCE_TO_END);
    assert.ok(atEnd < 60, `scrolled to the end (${atEnd})`);
  });

  it('is usable with the keyboard alone', async () => {
    const focused = (): Promise<string> => rig.page.evaluate("document.activeElement?.className || document.activeElement?.id || ''");
    await until(INPUT_FOCUSED);
    const order: string[] = [];
    for (let index = 0; index < 4; index++) {
      await rig.page.keyboard.press('Shift+Tab');
      order.push(await focused());
    }
    assert.deepEqual(order.slice(0, 3), ['log', 'clear', 'ping']);
  });
});
