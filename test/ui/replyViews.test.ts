import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { consoleStrings } from '../../src/vscode/console/strings';
import { plainText } from '../../src/vscode/localizer';
import type { ReplyRequest, ReplyView, ToPage, ViewShape } from '../../src/webview/protocol';
import { usePage } from './pageRig';

const strings = consoleStrings(plainText, 'Redis: orders');
const HOSTILE = '<img src=x onerror="document.title=1">\u202eabc';

/** The extension's answers to what the page asks about rows, inside of the page. `ROWS` makes row number `row`. */
const answering = (row: string): string => `{
  const { push } = Array.prototype;
  window.sent.push = function (message) {
    push.call(this, message);
    if (message.type !== 'rows') return;
    const rows = Array.from({ length: Math.min(message.count, window.total - message.from) }, (_, index) => ((row) => ${row})(message.from + index));
    setTimeout(() => window.dispatchEvent(new MessageEvent('message', { data: { ...message, rows } })));
  };
}`;
const total = (rows: number): string => `window.total = ${rows}`;
const TEXT_ROW = "String(row + 1).padStart(7) + ') \"element:' + (row + 1) + '\"'";
const FOCUSED = "document.activeElement?.className || document.activeElement?.id || ''";
const MOST_ASKED = "Math.max(...window.sent.filter(({ type }) => type === 'rows').map(({ count }) => count))";

describe('the views of a reply in a real browser', function () {
  this.timeout(60_000);
  const rig = usePage('console', ({ say }) =>
    say({ type: 'setup', strings, prompt: 'cache:6379', status: 'ready', detail: '', running: null, history: [] } satisfies ToPage));
  const say = (message: ToPage): Promise<void> => rig.say(message);
  const sent = (): Promise<ReplyRequest[]> => rig.sent<ReplyRequest>('complete', 'run', 'rows');
  const input = (): Locator => rig.page.getByRole('textbox', { name: 'Redis command' });
  const toolbar = (): Locator => rig.page.getByRole('toolbar');
  const action = (name: string): Locator => toolbar().getByRole('button', { name, exact: true });
  const list = (): Locator => rig.page.locator('.viewport');
  let next = 0;
  beforeEach(() => {
    next = 0;
  });

  async function run(line: string, text: string, views: readonly ReplyView[], rows = 0): Promise<number> {
    const id = next++;
    await input().fill(line);
    await input().press('Enter');
    await say({ type: 'reply', id, kind: 'value', text, rows, views, truncated: false, ending: 'whole', elapsedMs: 1, prompt: 'cache:6379' });
    await toolbar().and(rig.page.getByLabel(`Actions for the reply to ${line}`)).waitFor({ state: 'attached' });
    return id;
  }
  const shape = (id: number, view: ReplyView, change: Partial<ViewShape>): Promise<void> =>
    say({ type: 'view', id, view, shape: { rows: 1, text: null, columns: null, note: '', ...change } });

  /** A large reply with a million rows. */
  async function million(): Promise<number> {
    await rig.page.evaluate(`${total(1_000_000)}; ${answering(TEXT_ROW)}`);
    const id = await run('LRANGE many 0 -1', '', ['json'], 1_000_000);
    await rig.page.getByText('1) "element:1"', { exact: false }).first().waitFor();
    return id;
  }

  it('shows the actions when the mouse is there, and only those that the value has', async () => {
    await run('GET plain', '"a"', []);
    await run('HGETALL h', '1) "a"\n2) "1"', ['json', 'table']);
    await rig.page.getByText('1) "a"').hover();
    assert.deepEqual(await toolbar().getByRole('button').allTextContents(), ['Text', 'JSON', 'Table', 'Copy', 'Open in Editor']);
    await rig.page.getByText('"a"', { exact: true }).hover();
    await rig.until("document.querySelectorAll('.actions button').length === 2");
    assert.deepEqual(await toolbar().getByRole('button').allTextContents(), ['Copy', 'Open in Editor']);
    assert.equal(await rig.page.locator('.actions').count(), 1, 'all replies share them');
  });

  it('is chosen, walked and left by the keyboard alone', async () => {
    await run('HGETALL first', '1) "a"', ['json']);
    await run('HGETALL second', '1) "b"', ['json', 'hex']);
    await input().focus();
    await rig.page.keyboard.press('Shift+Tab');
    await rig.until("document.activeElement?.textContent === 'Text'");
    await rig.page.keyboard.press('ArrowRight');
    await rig.page.keyboard.press('ArrowRight');
    await rig.page.keyboard.press('Enter');
    assert.deepEqual((await sent()).at(-1), { type: 'view', id: 1, view: 'hex' });
    assert.equal(await action('Hex').getAttribute('aria-pressed'), 'true');
    assert.equal(await action('Text').getAttribute('aria-pressed'), 'false');
    await rig.page.keyboard.press('ArrowUp');
    await rig.until("document.activeElement?.closest('.entry')?.dataset.entry === '0'");
    assert.equal(await toolbar().getAttribute('aria-label'), 'Actions for the reply to HGETALL first');
    await rig.page.keyboard.press('Escape');
    assert.equal(await rig.page.evaluate(FOCUSED), 'line');
  });

  it('shows JSON, and goes back to the text', async () => {
    const id = await run('HGETALL user:1', '1) "name"\n2) "Ada"\n3) "roles"\n4) "admin, author"', ['json', 'table']);
    await rig.page.getByText('1) "name"').hover();
    await action('JSON').click();
    await rig.page.getByText('Loading…').waitFor();
    await shape(id, 'json', { text: '{\n  "name": "Ada",\n  "roles": "admin, author"\n}', rows: 4 });
    await rig.page.locator('.pane pre').getByText('"name": "Ada"').waitFor();
    await rig.pictures('view-json');
    await action('Copy').click();
    assert.deepEqual((await sent()).at(-1), { type: 'copyText', id, text: '{\n  "name": "Ada",\n  "roles": "admin, author"\n}' });
    await say({ type: 'noted', id, text: 'Copied.' });
    await rig.page.getByRole('status').getByText('Copied.').waitFor();
    await action('Open in Editor').click();
    assert.deepEqual((await sent()).at(-1), { type: 'openInEditor', id, view: 'json' });
    await action('Text').click();
    await rig.page.locator('.pane pre').getByText('1) "name"').waitFor();
    assert.equal(await rig.page.getByText('Copied.').count(), 0);
    await action('Open in Editor').click();
    assert.deepEqual((await sent()).at(-1), { type: 'openText', text: '1) "name"\n2) "Ada"\n3) "roles"\n4) "admin, author"' });
  });

  it('shows a table with its columns, and hostile values as text', async () => {
    await rig.page.evaluate(`${total(200)}; ${answering(`['stream', '1700000000' + String(row).padStart(3, '0') + '-0', 'order ' + row, row === 3 ? ${JSON.stringify(HOSTILE)} : 'paid']`)}`);
    const id = await run('XREAD STREAMS orders 0', '1) 1) "orders"', ['json', 'table']);
    await rig.page.getByText('1) 1) "orders"').hover();
    await action('Table').click();
    await shape(id, 'table', { rows: 200, columns: [{ name: 'stream', width: 6 }, { name: 'id', width: 15 }, { name: 'order', width: 9 }, { name: 'state', width: 40 }], note: 'There is more than is shown here.' });
    const grid = rig.page.getByRole('grid', { name: 'Reply to XREAD STREAMS orders 0' });
    await grid.getByText('order 1', { exact: true }).waitFor();
    assert.deepEqual(await grid.getByRole('columnheader').allTextContents(), ['stream', 'id', 'order', 'state']);
    assert.equal(await grid.getAttribute('aria-rowcount'), '201');
    assert.equal(await grid.getByText('<img src=x').textContent(), HOSTILE);
    assert.equal(await rig.page.locator('img').count(), 0);
    await rig.page.getByText('There is more than is shown here.').waitFor();
    await grid.getByText('order 1', { exact: true }).click();
    await rig.pictures('view-table');
    const [head, cell] = await Promise.all([grid.getByRole('columnheader', { name: 'state' }).boundingBox(), grid.getByText('paid').first().boundingBox()]);
    assert.ok(head && cell && Math.abs(head.x - cell.x) < 1, 'cells stand below their column');
  });

  it('shows hex dumps and what was decoded, with how', async () => {
    const id = await run('GET packed', String.raw`"\x1f\x8b\b\x00"`, ['hex', 'decoded']);
    await rig.page.locator('pre').first().hover();
    await action('Hex').click();
    await shape(id, 'hex', { text: '00000000  1f 8b 08 00 00 00 00 00  00 03 ab 56 4a 54 b2 8a  |...........VJT..|\n00000010  36 d4 51 30 8a ad 05 00                           |6.Q0....|', rows: 2 });
    await rig.page.getByText('00000010').waitFor();
    await rig.pictures('view-hex');
    await action('Decoded').click();
    await shape(id, 'decoded', { text: '{\n  "a": [\n    1,\n    2\n  ]\n}', rows: 6, note: 'base64 → gzip → JSON' });
    await rig.page.getByText('base64 → gzip → JSON').waitFor();
    await rig.pictures('view-decoded');
  });

  it('shows a million rows with a few elements, wherever it is scrolled to', async () => {
    await million();
    await list().hover();
    await rig.page.getByText('rows 1 to').waitFor();
    await rig.pictures('view-large');
    await rig.page.evaluate("document.querySelector('.viewport').scrollTop = 1e9");
    await rig.page.getByText('1000000) "element:1000000"').waitFor();
    await rig.page.evaluate("document.querySelector('.viewport').scrollTop /= 2");
    await rig.until("Number(document.querySelector('.row:not([hidden])').dataset.row) > 499000 && !!document.querySelector('.row:not([hidden])').textContent");
    assert.ok((await rig.page.locator('.row').count()) < 150);
    assert.ok((await rig.page.evaluate<number>(MOST_ASKED)) <= 200);
    assert.ok((await rig.sent<ReplyRequest>('complete', 'run')).length < 100, 'only what is seen is asked for');
  });

  it('is walked, selected, copied and searched by the keyboard', async () => {
    const id = await million();
    await list().focus();
    await rig.page.keyboard.press('End');
    await rig.page.getByText('1000000) "element:1000000"').waitFor();
    assert.match((await list().getAttribute('aria-activedescendant')) ?? '', /-999999$/);
    await rig.page.keyboard.press('Shift+PageUp');
    await rig.page.keyboard.press('Control+c');
    const copy = (await sent()).at(-1);
    assert.ok(copy?.type === 'copy' && copy.id === id && copy.to === 999_999 && copy.from < 999_999 && copy.from > 999_900, JSON.stringify(copy));
    await rig.page.keyboard.press('Control+a');
    await rig.page.keyboard.press('Control+c');
    assert.deepEqual((await sent()).at(-1), { type: 'copy', id, view: 'text', from: 0, to: 999_999 });
    await rig.page.keyboard.press('Home');
    await rig.page.keyboard.press('Control+f');
    await rig.page.keyboard.type('element:777');
    await rig.page.keyboard.press('Enter');
    assert.deepEqual((await sent()).at(-1), { type: 'find', id, view: 'text', words: 'element:777', from: 1, backwards: false });
    await say({ type: 'found', id, view: 'text', row: 776 });
    await rig.page.getByText('Found in row 777.').waitFor();
    await rig.page.getByRole('option', { selected: true }).getByText('element:777"').waitFor();
    await rig.page.keyboard.press('Shift+Enter');
    assert.deepEqual((await sent()).at(-1), { type: 'find', id, view: 'text', words: 'element:777', from: 775, backwards: true });
    await say({ type: 'found', id, view: 'text', row: null });
    await rig.page.getByText('Not found.').waitFor();
    await rig.page.keyboard.press('Escape');
    await rig.page.keyboard.press('Escape');
    assert.equal(await rig.page.evaluate(FOCUSED), 'line');
  });

  it('shows a reply while it comes, can stop it, and keeps what came', async () => {
    await rig.page.evaluate(`${total(2000)}; ${answering(TEXT_ROW)}`);
    await input().fill('LRANGE many 0 -1');
    await input().press('Enter');
    await say({ type: 'growing', id: 0, rows: 2000 });
    await rig.page.getByText('1) "element:1"', { exact: false }).first().waitFor();
    await rig.page.getByText('2,000 rows so far').waitFor();
    await rig.page.evaluate(total(3000));
    await say({ type: 'growing', id: 0, rows: 3000 });
    await rig.page.getByText('3,000 rows so far').waitFor();
    await list().focus();
    await rig.page.keyboard.press('End');
    await rig.page.getByText('3000) "element:3000"').waitFor();
    await rig.page.getByRole('button', { name: 'Stop' }).click();
    assert.deepEqual((await rig.sent<{ type: string }>('complete', 'run', 'rows')).at(-1), { type: 'cancel', id: 0 });
    await say({ type: 'reply', id: 0, kind: 'value', text: '', rows: 3000, views: [], truncated: true, ending: 'stopped', elapsedMs: 1, prompt: 'cache:6379' });
    await rig.page.getByText('Stopped; only the part that came is shown.').waitFor();
    assert.equal(await rig.page.getByText('3000) "element:3000"').count(), 1, 'it stays where it was');
  });

  it('says that a reply is no longer kept', async () => {
    const id = await run('HGETALL h', '1) "a"', ['json']);
    await rig.page.getByText('1) "a"').hover();
    await action('JSON').click();
    await say({ type: 'view', id, view: 'json', shape: 'gone' });
    await rig.page.getByText('This reply is no longer kept').waitFor();
    await action('Text').click();
    await rig.page.getByText('1) "a"').waitFor();
  });

  it('comes back with the rows of a large reply when its tab was hidden', async () => {
    await million();
    await rig.until("(sessionStorage.getItem('state') ?? '').includes('1000000')");
    await rig.page.reload();
    await rig.page.evaluate(`${total(1_000_000)}; ${answering(TEXT_ROW)}`);
    await say({ type: 'setup', strings, prompt: 'cache:6379', status: 'ready', detail: '', running: null, history: [] });
    await rig.page.getByText('1) "element:1"', { exact: false }).first().waitFor();
  });
});
