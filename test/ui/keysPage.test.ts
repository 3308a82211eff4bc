// The key browser's page alone, in a real browser.
import assert from 'node:assert/strict';
import type { KeyElement, KeyView, ShownBytes } from '../../src/model/redisKeys';
import { plainText } from '../../src/vscode/localizer';
import { keysStrings } from '../../src/vscode/keys/strings';
import type { KeysToHost, KeysToPage } from '../../src/webview/protocol';
import { type PageRig, usePage } from './pageRig';

const strings = keysStrings(plainText, 'Keys: orders');
const NAMES = ['user:1', 'user:2', 'user:10', 'user:2:cart', 'queue:mail', 'greeting', 'a\\x00b'];

const shown = (text: string, form: ShownBytes['form'] = 'text', cut = false): ShownBytes => ({ text, form, cut });
const one = (part: Partial<KeyElement>): KeyElement => ({ label: '', field: null, value: null, pairs: [], ...part });

function view(part: Partial<KeyView>): KeyView {
  const facts = { name: 'greeting', type: 'string', ttl: -1, memory: 72 };
  const value = { kind: 'string', encoding: 'raw', length: 5, body: null, whole: false, offset: 0, elements: [], unseen: 0, page: 0, hasNext: false } as const;
  return { ...facts, version: 1, ...value, ...part };
}

const VIEWS: Readonly<Record<string, KeyView>> = {
  string: view({ body: shown('Hello,\nwörld'), whole: true, length: 12, ttl: 7_325_000 }),
  binary: view({ name: 'a\\x00b', body: shown('\\x00\\xff\\r\\nabc', 'escaped'), whole: true, length: 7 }),
  long: view({ name: 'long', body: shown('x'.repeat(5000)), length: 400_000, offset: 131_072, page: 1, hasNext: true }),
  hash: view({ name: 'user:1', type: 'hash', kind: 'hash', encoding: 'listpack', length: 3, elements: [one({ field: shown('name'), value: shown('Ada') }), one({ field: shown('photo'), value: shown('\\x89PNG\\r\\n', 'escaped') }), one({ field: shown('story'), value: shown('Once upon a time. '.repeat(20), 'text', true) })] }),
  list: view({ name: 'queue:mail', type: 'list', kind: 'list', encoding: 'quicklist', length: 250, elements: Array.from({ length: 12 }, (_, index) => one({ label: String(index), value: shown(`mail ${index}`) })), hasNext: true }),
  set: view({ name: 'tags', type: 'set', kind: 'set', encoding: 'hashtable', length: 2, elements: [one({ value: shown('red') }), one({ value: shown('blue') })] }),
  zset: view({ name: 'scores', type: 'zset', kind: 'zset', encoding: 'skiplist', length: 2, elements: [one({ label: '1.5', value: shown('ada') }), one({ label: '-inf', value: shown('bob') })] }),
  stream: view({ name: 'events', type: 'stream', kind: 'stream', encoding: 'stream', length: 2, elements: [one({ label: '1700000000000-0', pairs: [[shown('type'), shown('login')], [shown('user'), shown('ada')]] }), one({ label: '1699999999999-0', pairs: [[shown('type'), shown('logout')]] })] }),
  json: view({ name: 'doc', type: 'ReJSON-RL', kind: 'json', encoding: null, length: null, body: shown('{\n  "name": "Ada"\n}'), whole: true }),
  other: view({ name: 'series', type: 'TSDB-TYPE', kind: null, encoding: 'raw', length: null }),
};

const keys = (names: readonly string[], more: Partial<Extract<KeysToPage, { type: 'keys' }>> = {}): KeysToPage => ({ type: 'keys', anew: true, names, state: 'complete', unseen: 0, fault: '', ...more });

async function begin({ say }: PageRig): Promise<void> {
  await say({ type: 'setup', strings, query: { pattern: '*', kind: null } } satisfies KeysToPage);
  await say({ type: 'status', status: 'ready', detail: '' } satisfies KeysToPage);
  await say({ type: 'overview', overview: { database: 0, total: 7, databases: [{ index: 0, keys: 7 }, { index: 3, keys: 1 }], denied: [], cluster: false }, note: '' } satisfies KeysToPage);
  await say(keys(NAMES));
}

describe('the key browser’s page in a real browser', function () {
  this.timeout(60_000);
  const rig = usePage('keys', begin);
  const say = (message: KeysToPage): Promise<void> => rig.say(message);
  const sent = (): Promise<KeysToHost[]> => rig.sent<KeysToHost>('facts');
  const last = async (): Promise<KeysToHost | undefined> => (await sent()).at(-1);
  const rows = (): Promise<string[]> => rig.page.locator('.row .name').allTextContents();
  const tree = (): ReturnType<typeof rig.page.getByRole> => rig.page.getByRole('tree', { name: 'Keys' });
  const row = (name: string | RegExp): ReturnType<typeof rig.page.getByRole> => rig.page.getByRole('treeitem', { name });
  const button = (name: string): ReturnType<typeof rig.page.getByRole> => rig.page.getByRole('button', { name, exact: true });
  const press = (...names: string[]): Promise<unknown> => names.reduce<Promise<unknown>>((before, name) => before.then(() => rig.page.keyboard.press(name)), Promise.resolve());

  it('shows a tree that the keyboard alone opens', async () => {
    await row(/^user, 4 keys/).waitFor();
    assert.deepEqual(await rows(), ['queue', 'user', 'a\\x00b', 'greeting']);
    await tree().focus();
    await press('ArrowDown', 'ArrowRight');
    assert.deepEqual(await rows(), ['queue', 'user', '2', '1', '2', '10', 'a\\x00b', 'greeting']);
    await press('ArrowRight', 'ArrowDown');
    const active = await tree().getAttribute('aria-activedescendant');
    const item = rig.page.locator(`#${active}`);
    assert.deepEqual([await item.getAttribute('aria-level'), await item.getAttribute('aria-posinset'), await item.getAttribute('aria-setsize')], ['2', '2', '4']);
    await press('Enter');
    assert.deepEqual(await last(), { type: 'open', name: 'user:1' });
    await press('ArrowLeft', 'ArrowLeft');
    assert.deepEqual(await rows(), ['queue', 'user', 'a\\x00b', 'greeting']);
  });

  it('asks for the facts of what can be seen, and for nothing else', async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `k${index}`);
    await say(keys(many.slice(0, 50_000), { state: 'searching' }));
    await say(keys(many.slice(50_000), { anew: false, state: 'paused' }));
    await rig.until("document.querySelectorAll('.row').length > 10");
    assert.ok((await rig.page.locator('.row').count()) < 80);
    await tree().focus();
    await press('End');
    await row('k99999').waitFor();
    await rig.until("window.sent.some(({ type, names }) => type === 'facts' && names.includes('k99999'))");
    assert.ok(await rig.page.evaluate<boolean>("window.sent.filter(({ type }) => type === 'facts').every(({ names }) => names.length <= 100)"));
    await say({ type: 'facts', facts: [{ name: 'k99999', type: 'zset', ttl: 61_000, memory: 1500 }] });
    await row(/^k99999, zset, 1.5 kB · 1 min/).waitFor();
    await rig.page.getByText('100,000 of about 100,000 keys').waitFor();
    await button('Load More').click();
    assert.deepEqual(await last(), { type: 'more' });
  });

  it('searches by pattern and type, and separates by what is typed', async () => {
    await rig.page.getByRole('searchbox', { name: 'Pattern of the keys' }).fill('user:*');
    await press('Enter');
    assert.deepEqual(await last(), { type: 'search', query: { pattern: 'user:*', kind: null } });
    await rig.page.getByRole('combobox', { name: 'Type' }).selectOption('hash');
    assert.deepEqual(await last(), { type: 'search', query: { pattern: 'user:*', kind: 'hash' } });
    await say(keys([], { state: 'searching' }));
    await button('Stop').click();
    assert.deepEqual(await last(), { type: 'stop' });
    await say(keys([]));
    await rig.page.getByText('No key matches.').waitFor();
    await say(keys(['a/b', 'a/c']));
    await rig.page.getByRole('textbox', { name: 'Separator' }).fill('/');
    await row(/^a, 2 keys/).waitFor();
    await rig.page.getByRole('combobox', { name: 'Database' }).selectOption('3');
    assert.deepEqual(await last(), { type: 'database', index: 3 });
  });

  it('edits a string, and keeps what was typed when somebody was faster', async () => {
    await row('greeting').click();
    await say({ type: 'view', view: VIEWS['string']! });
    const box = rig.page.getByRole('textbox', { name: 'Value' });
    await box.fill('mine');
    await button('Save').click();
    assert.deepEqual(await last(), { type: 'edit', name: 'greeting', version: 1, edit: { type: 'setBody', value: { text: 'mine', form: 'text' } } });
    await say({ type: 'view', view: { ...VIEWS['string']!, version: 2, body: shown('theirs') } });
    await say({ type: 'edited', outcome: 'changed', text: '' });
    await rig.page.getByRole('alert').filter({ hasText: 'It was changed meanwhile' }).waitFor();
    await rig.page.locator('pre.now', { hasText: 'theirs' }).waitFor();
    assert.equal(await box.inputValue(), 'mine');
    await rig.pictures('keys-changed');
    await box.press('Control+Enter');
    assert.deepEqual(await last(), { type: 'edit', name: 'greeting', version: 2, edit: { type: 'setBody', value: { text: 'mine', form: 'text' } } });
    await say({ type: 'view', view: { ...VIEWS['string']!, version: 3, body: shown('mine') } });
    await say({ type: 'edited', outcome: 'done', text: '' });
    await rig.page.getByRole('status').getByText('Saved.').waitFor();
    assert.equal(await rig.page.locator('pre.now').count(), 0);
  });

  it('gives back escaped bytes in the form in which they were shown', async () => {
    await say({ type: 'view', view: VIEWS['binary']! });
    await rig.page.getByText('Shown with escapes').waitFor();
    await button('Save').click();
    assert.deepEqual(await last(), { type: 'edit', name: 'a\\x00b', version: 1, edit: { type: 'setBody', value: { text: '\\x00\\xff\\r\\nabc', form: 'escaped' } } });
  });

  it('edits, adds and removes elements', async () => {
    await say({ type: 'view', view: VIEWS['hash']! });
    await button('Edit: name').click();
    await rig.page.getByRole('textbox', { name: 'Value' }).fill('Grace');
    await button('Save').click();
    assert.deepEqual(await last(), { type: 'edit', name: 'user:1', version: 1, edit: { type: 'setElement', element: 0, value: { text: 'Grace', form: 'text' } } });
    await say({ type: 'edited', outcome: 'failed', text: 'SET was not run.' });
    await rig.page.getByRole('alert').filter({ hasText: 'SET was not run.' }).waitFor();
    await press('Escape');
    assert.equal(await rig.page.locator('.editor').count(), 1, 'Escape counts inside of the editor only');
    await rig.page.getByRole('textbox', { name: 'Value' }).press('Escape');
    assert.equal(await rig.page.locator('.editor').count(), 0);
    await button('Add Field…').click();
    await rig.page.getByRole('textbox', { name: 'Field' }).fill('born');
    await rig.page.getByRole('textbox', { name: 'Value' }).fill('1815');
    await button('Save').click();
    assert.deepEqual(await last(), { type: 'edit', name: 'user:1', version: 1, edit: { type: 'addField', field: { text: 'born', form: 'text' }, value: { text: '1815', form: 'text' } } });
    await say({ type: 'edited', outcome: 'done', text: '' });
    await button('Remove…: photo').click();
    assert.deepEqual(await last(), { type: 'edit', name: 'user:1', version: 1, edit: { type: 'removeElement', element: 1 } });
    assert.equal(await button('Edit: story').count(), 0, 'what is cut is not edited');
    await say({ type: 'view', view: VIEWS['zset']! });
    await button('Edit: ada').click();
    await rig.page.getByRole('textbox', { name: 'Score' }).fill('2');
    await button('Save').click();
    assert.deepEqual(await last(), { type: 'edit', name: 'scores', version: 1, edit: { type: 'setScore', element: 0, score: '2' } });
    await say({ type: 'view', view: VIEWS['stream']! });
    await button('Add Entry…').click();
    await rig.page.getByRole('textbox', { name: 'Fields' }).fill('type=login\nnote=a=b\\n');
    await button('Save').click();
    const pairs = [['type', 'login'], ['note', 'a=b\\n']].map((pair) => pair.map((text) => ({ text, form: 'escaped' })));
    assert.deepEqual(await last(), { type: 'edit', name: 'events', version: 1, edit: { type: 'addEntry', pairs } });
  });

  it('turns pages, renames, sets the expiry and deletes', async () => {
    await say({ type: 'view', view: VIEWS['list']! });
    await button('Next Page').click();
    assert.deepEqual(await last(), { type: 'turn', turn: 'next' });
    await button('Rename…').click();
    assert.deepEqual(await last(), { type: 'rename', name: 'queue:mail' });
    await say({ type: 'gone', names: ['queue:mail'], renamed: 'queue:post' });
    await row('post').waitFor();
    await say({ type: 'view', view: VIEWS['string']! });
    await button('Set Expiry…').click();
    assert.deepEqual(await last(), { type: 'expire', name: 'greeting' });
    await button('Delete…').click();
    assert.deepEqual(await last(), { type: 'remove', names: ['greeting'] });
    await say({ type: 'gone', names: ['greeting'], renamed: null });
    await rig.page.getByText('This key is not there any more.').waitFor();
    assert.ok(!(await rows()).includes('greeting'));
  });

  it('deletes what is marked, and what is below a folder', async () => {
    await row(/^user/).waitFor();
    await tree().focus();
    await press('ArrowDown', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'Space', 'ArrowDown', 'Space');
    await button('Delete 2 Marked…').click();
    assert.deepEqual(await last(), { type: 'remove', names: ['user:1', 'user:2'] });
    await tree().focus();
    await press('Escape', 'Home', 'Delete');
    assert.deepEqual(await last(), { type: 'remove', names: ['queue:mail'] });
  });

  it('loses nothing that was typed when it is thrown away', async () => {
    await say({ type: 'view', view: VIEWS['string']! });
    await rig.page.getByRole('textbox', { name: 'Value' }).fill('half a sentence');
    await rig.page.getByRole('searchbox').fill('us');
    await rig.page.getByRole('textbox', { name: 'Separator' }).fill('/');
    await rig.until("(sessionStorage.getItem('state') ?? '').includes('half a sentence')");
    await rig.page.reload();
    await begin(rig);
    await say({ type: 'view', view: VIEWS['string']! });
    assert.equal(await rig.page.getByRole('textbox', { name: 'Value' }).inputValue(), 'half a sentence');
    assert.equal(await rig.page.getByRole('searchbox').inputValue(), 'us');
    assert.equal(await rig.page.getByRole('textbox', { name: 'Separator' }).inputValue(), '/');
  });

  it('shows hostile names and values as text', async () => {
    const hostile = '<img src=x onerror="document.title=\'owned\'">';
    await say(keys([hostile]));
    await say({ type: 'view', view: view({ name: hostile, type: hostile, kind: null }) });
    await say({ type: 'view', view: view({ name: hostile, type: 'hash', kind: 'hash', encoding: hostile, elements: [one({ field: shown(hostile), value: shown(hostile) })] }) });
    await rig.page.locator('td', { hasText: '<img' }).first().waitFor();
    assert.equal(await rig.page.locator('img').count(), 0);
    assert.equal(await rig.page.title(), 'Keys: orders');
  });

  it('says that production is read-only, and offers to unlock it', async () => {
    await say({ type: 'guard', production: true, reasons: 'It counts as production: tag env=prod.', minutesLeft: 0 });
    await rig.page.getByRole('status').getByText('read-only · production').waitFor();
    await button('Unlock Writes…').click();
    assert.deepEqual(await last(), { type: 'unlockWrites' });
    await say({ type: 'guard', production: true, reasons: '', minutesLeft: 9 });
    await button('Lock Writes').click();
    assert.deepEqual(await last(), { type: 'lockWrites' });
  });

  it('says that the connection is lost, and connects again', async () => {
    await say({ type: 'status', status: 'lost', detail: '' });
    await rig.page.getByRole('status').getByText('The connection was lost.').waitFor();
    await button('Connect').click();
    assert.deepEqual(await last(), { type: 'connect' });
  });

  for (const [name, shownView] of Object.entries(VIEWS)) {
    it(`has pictures of a value of kind ${name}`, async () => {
      await tree().focus();
      await press('ArrowDown', 'ArrowRight');
      await say({ type: 'facts', facts: [
        { name: 'user:1', type: 'hash', ttl: -1, memory: 120 }, { name: 'user:2', type: 'string', ttl: 90_000, memory: 64 }, { name: 'user:10', type: 'zset', ttl: -1, memory: 25_000 },
        { name: 'greeting', type: 'string', ttl: 7_325_000, memory: 72 }, { name: 'a\\x00b', type: 'ReJSON-RL', ttl: -1, memory: 1_500_000 },
      ] });
      await say({ type: 'view', view: shownView });
      await rig.page.locator('h2', { hasText: shownView.name }).waitFor();
      if (name === 'hash') await button('Edit: name').click();
      await rig.pictures(`keys-${name}`);
    });
  }

  it('has pictures of an empty database, of what is denied, and of a narrow page', async () => {
    await say(keys([]));
    await rig.page.getByText('This database has no keys.').waitFor();
    await rig.pictures('keys-empty');
    await say({ type: 'overview', overview: { database: 0, total: null, databases: [{ index: 0, keys: null }], denied: ['MEMORY USAGE'], cluster: false }, note: 'This user may not run MEMORY USAGE; what they would tell is missing here.' });
    await say(keys([], { state: 'paused', fault: 'This user may not run SCAN. Ask for the right, or log in as another user.' }));
    await say({ type: 'status', status: 'failed', detail: 'cache:6379 refused the user name or the password.' });
    await say({ type: 'viewFault', name: 'user:1', text: 'This user may not run HSCAN.' });
    await say({ type: 'guard', production: true, reasons: '', minutesLeft: 0 });
    await rig.pictures('keys-denied');
    await say(keys(NAMES));
    await say({ type: 'view', view: VIEWS['hash']! });
    await rig.page.setViewportSize({ width: 480, height: 720 });
    await rig.pictures('keys-narrow');
  });
});
