import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Locator, Page } from 'playwright-core';
import { consoleHtml } from '../../src/vscode/console/html';
import { consoleStrings } from '../../src/vscode/console/strings';
import { plainText } from '../../src/vscode/localizer';
import type { ConsoleStatus, ToHost, ToPage } from '../../src/webview/protocol';
import { startBrowser } from '../vscode/harness/browser';

const ORIGIN = 'http://console.test';
const strings = consoleStrings(plainText, 'Redis: orders');

// What runs inside the page is text here: the types of a document are not those of Node.
/** What VS Code puts into a webview. */
const HOST = `
  window.sent = [];
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => void window.sent.push(message),
    getState: () => JSON.parse(sessionStorage.getItem('state')),
    setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
  });`;
/** Without what typing asks for by itself. */
const SENT = "window.sent.filter(({ type }) => type !== 'ready' && type !== 'complete')";
const LAST_ASKED = "window.sent.findLast(({ type }) => type === 'complete')?.id";
const INPUT_FOCUSED = "document.activeElement?.id === 'line'";
const STATE = "sessionStorage.getItem('state') ?? ''";

/** A thousand commands and their replies, as fast as a script can. */
const CHATTER = `
  const input = document.querySelector('#line');
  for (let id = 1; id < 1020; id++) {
    input.value = 'ECHO ' + id;
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    const data = { type: 'reply', id, kind: 'value', text: '"' + id + '"', truncated: false, elapsedMs: 1, prompt: 'cache:6379' };
    window.dispatchEvent(new MessageEvent('message', { data }));
  }`;
const DISTANCE_TO_END = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(document.querySelector('.log'))";

const paste = (text: string): string => `{
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', ${JSON.stringify(text)});
  document.querySelector('#line').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}`;

/** Some of the colours that VS Code's own themes set for a page. */
const THEMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  light: {
    'editor-foreground': '#3b3b3b', 'editor-background': '#ffffff', 'input-background': '#ffffff', 'input-foreground': '#3b3b3b', 'input-border': '#cecece',
    'input-placeholderForeground': '#767676', descriptionForeground: '#3b3b3b', 'editorSuggestWidget-background': '#f8f8f8', 'editorSuggestWidget-border': '#c8c8c8',
    'editorSuggestWidget-selectedBackground': '#e8e8e8', 'editorSuggestWidget-selectedForeground': '#000000', focusBorder: '#005fb8',
  },
  dark: {
    'editor-foreground': '#cccccc', 'editor-background': '#1f1f1f', 'input-background': '#313131', 'input-foreground': '#cccccc', 'input-border': '#3c3c3c',
    'input-placeholderForeground': '#989898', descriptionForeground: '#9d9d9d', 'editorSuggestWidget-background': '#202020', 'editorSuggestWidget-border': '#454545',
    'editorSuggestWidget-selectedBackground': '#04395e', 'editorSuggestWidget-selectedForeground': '#ffffff', focusBorder: '#0078d4',
  },
  highContrast: {
    'editor-foreground': '#ffffff', 'editor-background': '#000000', 'input-background': '#000000', 'input-foreground': '#ffffff', 'input-border': '#6fc3df',
    'input-placeholderForeground': 'rgba(255, 255, 255, 0.7)', descriptionForeground: 'rgba(255, 255, 255, 0.7)', contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518',
    'editorSuggestWidget-background': '#000000', focusBorder: '#f38518',
  },
};

describe('the console page in a real browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let page: Page;
  let script: string;
  let problems: string[];

  before(async () => {
    const bundle = await build({ entryPoints: ['src/webview/console/main.ts'], bundle: true, write: false, format: 'iife', platform: 'browser', target: 'chrome128' });
    script = bundle.outputFiles[0]!.text;
    browser = await startBrowser();
  });
  after(() => browser?.close());

  beforeEach(async () => {
    page = await browser.newPage();
    problems = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.addInitScript(HOST);
    const html = consoleHtml({ nonce: 'bm9uY2U=', cspSource: ORIGIN, scriptUri: `${ORIGIN}/console.js`, styleUri: `${ORIGIN}/console.css`, language: 'en', title: 'x' });
    const css = await readFile('media/console.css', 'utf8');
    // Nothing reaches a network: every address is answered here.
    await page.route('**/*', (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: html });
      if (pathname === '/console.js') return route.fulfill({ contentType: 'text/javascript', body: script });
      if (pathname === '/console.css') return route.fulfill({ contentType: 'text/css', body: css });
      return route.fulfill({ status: 404 });
    });
    await page.goto(`${ORIGIN}/`);
    await setup();
  });

  afterEach(async () => {
    await page.close();
    assert.deepEqual(problems.filter((text) => !text.includes('404')), [], 'errors and policy violations of the page');
  });

  const say = (message: ToPage): Promise<void> => page.evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`);
  const setup = (running: number | null = null): Promise<void> =>
    say({ type: 'setup', strings, prompt: 'cache:6379', status: 'ready', detail: '', running, history: ['HGETALL h', 'GET old', 'GET old'] });
  const reply = (id: number, text: string): Promise<void> =>
    say({ type: 'reply', id, kind: 'value', text, truncated: false, elapsedMs: 1, prompt: 'cache:6379' });
  const status = (status: ConsoleStatus, detail = ''): Promise<void> => say({ type: 'status', status, prompt: 'cache:6379', detail });
  const sent = (): Promise<ToHost[]> => page.evaluate(SENT);
  // Playwright's own polling evaluates inside the page, which its policy forbids, as it should.
  const until = async (condition: string): Promise<void> => {
    const deadline = performance.now() + 10_000;
    while (!(await page.evaluate<boolean>(condition))) assert.ok(performance.now() < deadline, `never true: ${condition}`);
  };
  const input = (): Locator => page.getByRole('textbox', { name: 'Redis command' });
  const log = (): Locator => page.getByRole('log', { name: 'Replies' });
  const submit = async (line: string): Promise<void> => {
    await input().fill(line);
    await input().press('Enter');
  };

  it('begins with the input focused, sends a line, and shows its reply', async () => {
    await page.getByText('cache:6379>').waitFor();
    await until(INPUT_FOCUSED);
    await page.keyboard.type('PING');
    await page.keyboard.press('Enter');
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
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), 'Redis: orders');
  });

  it('ignores messages that are none', async () => {
    await page.evaluate("window.postMessage({ type: 'reply', id: 0, kind: 'html', text: '<b>' }, '*')");
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
    assert.ok(!(await page.content()).includes('hunter2'));
    assert.ok(!(await page.evaluate<string>(STATE)).includes('hunter2'));
  });

  it('searches the history of the connection', async () => {
    const search = (): Promise<void> => say({ type: 'searchHistory' });
    await submit('SET a 1');
    await reply(0, 'OK');
    await input().fill('draft');
    await search();
    await page.getByText('Search the history.').waitFor();
    await input().fill('et');
    await page.getByText('Search “et”: SET a 1').waitFor();
    await search();
    await page.getByText('Search “et”: GET old').waitFor();
    await search();
    await page.getByText('Search “et”: HGETALL h').waitFor();
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
    await until(`${SENT}.length >= 2`);
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
    await page.evaluate(paste('SET a 1\r\nGET a\nTTL'));
    assert.deepEqual(await sent(), [{ type: 'run', id: 0, line: 'SET a 1', rest: ['GET a'], judged: false }]);
    await page.getByText('1 more to run').waitFor();
    await reply(0, 'OK');
    await until(`${SENT}.length >= 2`);
    assert.deepEqual((await sent()).at(-1), { type: 'run', id: 1, line: 'GET a', rest: [], judged: true });
    assert.equal(await input().inputValue(), 'TTL');
  });

  it('shows that production is read-only, and the way to unlock it', async () => {
    const badge = page.getByRole('status').getByText('read-only · production');
    assert.equal(await badge.isVisible(), false);
    assert.equal(await page.getByRole('button', { name: 'Unlock Writes…' }).isVisible(), false);
    await say({ type: 'guard', production: true, reasons: 'It counts as production: tag env=prod.', minutesLeft: 0 });
    await badge.waitFor();
    assert.match((await badge.getAttribute('title')) ?? '', /env=prod/);
    await submit('SET a 1');
    await say({ type: 'fault', id: 0, text: 'SET was not run.', cancelled: false, readOnly: true, prompt: 'cache:6379' });
    await log().getByRole('button', { name: 'Unlock Writes…' }).click();
    assert.deepEqual((await sent()).at(-1), { type: 'unlockWrites' });
    await say({ type: 'guard', production: true, reasons: '', minutesLeft: 14 });
    await page.getByText('writes unlocked, 14 min left').waitFor();
    await page.getByRole('button', { name: 'Lock Writes', exact: true }).click();
    assert.deepEqual((await sent()).at(-1), { type: 'lockWrites' });
  });

  const ABOUT = { command: 'SET', summary: 'Set the string value of a key', since: '1.0.0', complexity: 'O(1)', deprecated: null };
  /** Answers what the page has asked last. */
  const completion = async (texts: readonly string[], from: number, hint = ''): Promise<void> => {
    const id = await page.evaluate<number>(LAST_ASKED);
    const candidates = texts.map((text) => ({ kind: 'command', text, detail: `What ${text} does` }) as const);
    await say({ type: 'completion', id, from, candidates, hint, about: ABOUT });
  };
  const options = (): Locator => page.getByRole('option');

  it('completes by the keyboard alone, and tells a screen reader', async () => {
    await input().focus();
    await page.keyboard.type('SE');
    await completion(['SELECT', 'SET', 'SETEX'], 0);
    await page.getByRole('listbox', { name: 'Completions' }).waitFor();
    await page.getByRole('status').getByText('3 completions').waitFor({ state: 'attached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const selected = await input().getAttribute('aria-activedescendant');
    assert.match((await page.locator(`#${selected}`).textContent()) ?? '', /^SETWhat SET does$/);
    await page.keyboard.press('Enter');
    assert.equal(await input().inputValue(), 'SET ');
    assert.deepEqual(await sent(), [], 'it is taken over, and not run');
    await completion([], 4, 'key value');
    await page.locator('.ghost-hint').getByText('key value').waitFor();
    await page.getByText('SET · Set the string value of a key · since 1.0.0 · O(1)').waitFor();
    await page.keyboard.type('k v');
    await page.keyboard.press('Enter');
    assert.deepEqual((await sent()).at(-1), { type: 'run', id: 0, line: 'SET k v', rest: [], judged: false });
    assert.equal(await page.locator('.ghost').textContent(), '');
  });

  it('closes the list with Escape, after which Tab goes on', async () => {
    await input().focus();
    await page.keyboard.type('SE');
    await completion(['SELECT', 'SET'], 0);
    await options().first().waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await options().count(), 0);
    assert.equal(await input().inputValue(), 'SE');
    await page.keyboard.press('Tab');
    await until("document.activeElement?.id !== 'line'");
  });

  it('takes a candidate that is clicked, and keeps the focus', async () => {
    await input().focus();
    await page.keyboard.type('SE');
    await completion(['SELECT', 'SET'], 0);
    await options().nth(1).click();
    await until("document.querySelector('#line').value !== 'SE'");
    assert.equal(await input().inputValue(), 'SET ');
    await until(INPUT_FOCUSED);
  });

  it('shows hostile names as text', async () => {
    const hostile = '"<img src=x onerror=alert(1)>"';
    await input().focus();
    await page.keyboard.type('GET ');
    await completion([hostile, 'b'], 4, '<b>key</b>');
    await page.locator('.completion .name').getByText(hostile, { exact: true }).waitFor();
    assert.equal(await page.locator('.ghost-hint').textContent(), '<b>key</b>');
    assert.equal(await page.locator('img, b').count(), 0);
  });

  it('has a hint that goes on where the line ends, in every theme', async () => {
    const folder = join(process.env['SALLYPORT_OUT'] ?? resolve('out'), 'screenshots');
    await mkdir(folder, { recursive: true });
    await input().focus();
    await page.keyboard.type('SET k v E');
    await completion(['EX', 'EXAT'], 8, ' [NX|XX] [GET]');
    await options().first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { selected: true }).waitFor();
    await page.locator('.ghost-hint').getByText('[NX|XX]').waitFor();
    // The unseen text before the hint is as wide as the line itself, so both stand on one place.
    const [field, hint] = await Promise.all([input().boundingBox(), page.locator('.ghost-hint').boundingBox()]);
    assert.ok(field && hint && hint.x > field.x + 30 && hint.x < field.x + 150, JSON.stringify({ field, hint }));
    assert.ok(Math.abs(hint.y + hint.height / 2 - (field.y + field.height / 2)) <= 2, JSON.stringify({ field, hint }));
    for (const [theme, colours] of Object.entries(THEMES)) {
      const set = Object.entries(colours).map(([name, colour]) => `document.documentElement.style.setProperty('--vscode-${name}', '${colour}')`);
      await page.evaluate(`document.documentElement.removeAttribute('style'); ${set.join(';')}`);
      await page.screenshot({ path: join(folder, `console-completion-${theme}.png`) });
    }
  });

  it('shows the latency of a ping', async () => {
    await page.getByRole('button', { name: 'Ping' }).click();
    assert.deepEqual(await sent(), [{ type: 'ping' }]);
    await say({ type: 'pong', latencyMs: 12.345 });
    await page.getByText('12.3 ms').waitFor();
  });

  it('says that the connection is lost and offers to connect, and keeps what was typed', async () => {
    const connect = page.getByRole('button', { name: 'Connect' });
    assert.equal(await connect.isVisible(), false);
    await input().fill('half a line');
    await status('lost', 'The bastion went away.');
    await page.getByRole('status').getByText('The bastion went away.').waitFor();
    await connect.click();
    assert.deepEqual((await sent()).at(-1), { type: 'connect' });
    await status('ready');
    await page.getByText('Connected again.').waitFor();
    assert.equal(await input().inputValue(), 'half a line');
    await status('tunnelClosed');
    await page.getByText('The tunnel is closed.').waitFor();
    assert.equal(await connect.isVisible(), false);
  });

  it('comes back as it was when its tab was hidden', async () => {
    await submit('GET a');
    await reply(0, '"value"');
    await submit('BLPOP q 0');
    await input().fill('draft');
    await page.reload();
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
    await page.evaluate(CHATTER);
    await log().getByText('"1019"').waitFor();
    assert.equal(await log().locator('.entry').count(), 1000);
    const atEnd = await page.evaluate<number>(DISTANCE_TO_END);
    assert.ok(atEnd < 60, `scrolled to the end (${atEnd})`);
  });

  it('is usable with the keyboard alone', async () => {
    const focused = (): Promise<string> => page.evaluate("document.activeElement?.className || document.activeElement?.id || ''");
    await until(INPUT_FOCUSED);
    const order: string[] = [];
    for (let index = 0; index < 4; index++) {
      await page.keyboard.press('Shift+Tab');
      order.push(await focused());
    }
    assert.deepEqual(order.slice(0, 3), ['log', 'clear', 'ping']);
  });
});
