import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { KeyElement, KeyView } from '../../../src/model/redisKeys';
import { keysStrings, overviewNote } from '../../../src/vscode/keys/strings';
import { plainText } from '../../../src/vscode/localizer';
import { Drafts, draftOfBody, draftOfElement, draftToAdd, editOf, placeOf, untouched } from '../../../src/webview/keys/drafts';
import { KeyTree } from '../../../src/webview/keys/keyTree';
import { parseKeysToHost, parseKeysToPage } from '../../../src/webview/keys/messages';
import { restoreState, savedState } from '../../../src/webview/keys/savedState';

const rows = (tree: KeyTree): string[] => tree.rows().map(({ kind, label, level, count }) => `${' '.repeat(level - 1)}${label}${kind === 'folder' ? `/${count}` : ''}`);

describe('The tree of keys', () => {
  it('has folders before keys, with counts, and numbers by their value', () => {
    const tree = new KeyTree(':', ['user:']);
    tree.add(['user:10', 'user:9', 'user:9:cart', 'user:x', 'alone', 'user', 'queue:mail', 'user:9']);
    assert.equal(tree.size, 7);
    assert.deepEqual(rows(tree), ['queue/1', 'user/4', ' 9/1', ' 9', ' 10', ' x', 'alone', 'user']);
    assert.deepEqual(tree.rows().slice(2, 4).map(({ position, siblings }) => [position, siblings]), [[1, 4], [2, 4]]);
  });

  it('is built anew for another separator, and is a list without one', () => {
    const tree = new KeyTree(':');
    tree.add(['a:b', 'a/c', 'a/d', '::']);
    assert.deepEqual(rows(tree), ['/1', 'a/1', 'a/c', 'a/d']);
    tree.separateBy('/');
    assert.deepEqual(rows(tree), ['a/2', '::', 'a:b']);
    tree.separateBy('');
    assert.deepEqual(rows(tree), ['::', 'a/c', 'a/d', 'a:b']);
  });

  it('loses folders with their last key, and shows where a key is', () => {
    const tree = new KeyTree(':');
    tree.add(['a:b:c', 'a:d']);
    tree.reveal('a:b:c');
    assert.deepEqual(rows(tree), ['a/2', ' b/1', '  c', ' d']);
    tree.remove(['a:b:c', 'not there']);
    assert.deepEqual(rows(tree), ['a/1', ' d']);
    tree.remove(['a:d']);
    assert.deepEqual(rows(tree), []);
  });

  it('names what is below a folder', () => {
    const tree = new KeyTree(':');
    tree.add(['a:b', 'a:b:c', 'ab:c', 'a']);
    assert.deepEqual(tree.namesBelow('a:'), ['a:b', 'a:b:c']);
  });

  it('shows each key once when everything is open, whatever the names are', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', ':', '1', '0'), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(part), fc.array(part), (added, removed) => {
        const tree = new KeyTree(':');
        tree.add(added);
        tree.remove(removed);
        for (const name of added) tree.reveal(name);
        const left = [...new Set(added)].filter((name) => !removed.includes(name));
        const all = tree.rows();
        assert.deepEqual(all.filter(({ kind }) => kind === 'key').map(({ id }) => id).toSorted((one, other) => (one < other ? -1 : 1)), left.toSorted((one, other) => (one < other ? -1 : 1)));
        for (const { kind, id, count } of all) if (kind === 'folder') assert.equal(count, left.filter((name) => name.startsWith(id) && name.length >= id.length).length);
      }),
    );
  });

  it('takes 100,000 keys in little time, and a name of separators alone', () => {
    const tree = new KeyTree(':');
    tree.add(Array.from({ length: 100_000 }, (_, index) => `app:${index % 100}:item:${index}`));
    tree.add([':'.repeat(4000)]);
    tree.reveal(':'.repeat(4000));
    assert.ok(tree.rows().length < 40);
    tree.setExpanded('app:', true);
    assert.equal(tree.rows().filter(({ level }) => level === 2).length, 101);
  });
});

const shown = (text: string, form: 'text' | 'escaped' = 'text', cut = false) => ({ text, form, cut });
const one = (part: Partial<KeyElement>): KeyElement => ({ label: '', field: null, value: null, pairs: [], ...part });
function view(part: Partial<KeyView>): KeyView {
  const facts = { name: 'k', type: 'hash', ttl: -1, memory: 1, version: 4, kind: 'hash', encoding: null, length: 1 } as const;
  return { ...facts, body: null, whole: false, offset: 0, elements: [], unseen: 0, page: 0, hasNext: false, ...part };
}

describe('A draft', () => {
  it('finds its element again when the page is read anew', () => {
    const before = one({ field: shown('f'), value: shown('v') });
    const draft = { ...draftOfElement('hash', before)!, value: 'w' };
    const now = view({ elements: [one({ field: shown('e'), value: shown('x') }), one({ field: shown('f'), value: shown('theirs') })] });
    assert.deepEqual(editOf(now, draft), { type: 'setElement', element: 1, value: { text: 'w', form: 'text' } });
    assert.equal(placeOf(view({}), draft), -1);
    assert.equal(editOf(view({}), draft), undefined);
  });

  it('is told apart by bytes, not by how they look', () => {
    const draft = draftOfElement('set', one({ value: shown('\\x00', 'escaped') }))!;
    const set = view({ kind: 'set', elements: [one({ value: shown('\\x00') }), one({ value: shown('\\x00', 'escaped') })] });
    assert.equal(placeOf(set, draft), 1);
  });

  it('is none where a value was cut, and of a score in a sorted set', () => {
    assert.equal(draftOfElement('hash', one({ field: shown('f'), value: shown('v', 'text', true) })), undefined);
    const draft = { ...draftOfElement('zset', one({ label: '1', value: shown('m') }))!, score: '2' };
    assert.deepEqual(editOf(view({ kind: 'zset', elements: [one({ label: '7', value: shown('m') })] }), draft), { type: 'setScore', element: 0, score: '2' });
  });

  it('of a whole value is saved only where all of it is shown', () => {
    const draft = draftOfBody(shown('\\x00', 'escaped'));
    assert.deepEqual(editOf(view({ kind: 'string', whole: true }), draft), { type: 'setBody', value: { text: '\\x00', form: 'escaped' } });
    assert.equal(editOf(view({ kind: 'string' }), draft), undefined);
  });

  it('adds what fits the kind of value', () => {
    const draft = { ...draftToAdd('head'), field: 'f', score: '1', value: 'v' };
    const kinds = (['hash', 'list', 'set', 'zset', 'stream', 'string'] as const).map((kind) => editOf(view({ kind }), draft)?.type);
    assert.deepEqual(kinds, ['addField', 'addElement', 'addElement', 'addScored', 'addEntry', undefined]);
    assert.equal(editOf(view({ kind: 'stream' }), { ...draft, value: ' \n' }), undefined);
  });

  it('is kept while the page is not there, within bounds', () => {
    const drafts = new Drafts(undefined);
    for (let index = 0; index < 30; index++) drafts.set(`k${index}`, { ...draftToAdd('tail'), value: 'x'.repeat(40_000) }, draftToAdd('tail'));
    const { saved } = drafts;
    assert.ok(saved.length < 15 && saved.at(-1)![0] === 'k29');
    const again = new Drafts(JSON.parse(JSON.stringify([...saved, ['bad', { target: { kind: 'add' } }], 7, null])));
    assert.equal(again.of('k29')?.value.length, 40_000);
    assert.equal(again.of('bad'), undefined);
    again.rename('k29', 'new');
    assert.ok(again.of('new') && !again.of('k29'));
  });
});

describe('A draft in which nothing was typed', () => {
  it('is not saved, so that no value is that was only shown', () => {
    const hash = view({ kind: 'hash', elements: [one({ field: shown('f'), value: shown('v') })] });
    const whole = view({ kind: 'string', whole: true, body: shown('all of it') });
    const drafts = new Drafts(undefined);
    const element = draftOfElement('hash', hash.elements[0]!)!;
    const body = draftOfBody(whole.body!);
    for (const [at, draft] of [[hash, element], [whole, body], [hash, draftToAdd('tail')]] as const) {
      assert.deepEqual(untouched(at, draft), draft);
      drafts.set('k', { ...draft, value: 'typed' }, untouched(at, draft));
      drafts.rename('k', 'new');
      assert.deepEqual(drafts.saved, [['new', { ...draft, value: 'typed' }]]);
      drafts.set('new', draft, untouched(at, draft));
      drafts.rename('new', 'k');
      assert.deepEqual([drafts.saved, drafts.of('k')], [[], draft], 'it is still there');
    }
    const gone = { ...element, target: { kind: 'element', identity: 'text:gone' } } as const;
    drafts.set('k', gone, untouched(hash, gone));
    assert.equal(drafts.saved.length, 1, 'the element is gone, so nobody knows what it was');
  });
});

describe('The state of the key browser’s page', () => {
  it('survives, and anything else is the beginning', () => {
    const state = savedState({ separator: '/', pattern: 'u*', expanded: ['a/'], drafts: [] });
    assert.deepEqual(restoreState(JSON.parse(JSON.stringify(state))), { separator: '/', pattern: 'u*', expanded: ['a/'], drafts: [] });
    for (const odd of [null, 7, 'x', {}, { version: 2, separator: '/' }, { version: 1, separator: 7, expanded: 'x', pattern: {} }]) {
      assert.deepEqual([restoreState(odd).separator, restoreState(odd).expanded, restoreState(odd).pattern], [':', [], undefined]);
    }
  });
});

describe('The messages of the key browser', () => {
  const bytes = { text: 'v', form: 'text' } as const;

  it('come through as they were sent', () => {
    const toHost = [
      { type: 'ready' }, { type: 'search', query: { pattern: 'a*', kind: 'json' } }, { type: 'search', query: { pattern: '*', kind: null } }, { type: 'database', index: 3 },
      { type: 'facts', names: ['a'] }, { type: 'open', name: 'a' }, { type: 'turn', turn: 'next' }, { type: 'remove', names: ['a', 'b'] },
      { type: 'edit', name: 'a', version: 1, edit: { type: 'setBody', value: bytes } },
      { type: 'edit', name: 'a', version: 1, edit: { type: 'setScore', element: 2, score: '1' } },
      { type: 'edit', name: 'a', version: 1, edit: { type: 'addEntry', pairs: [[bytes, bytes]] } },
      { type: 'edit', name: 'a', version: 1, edit: { type: 'addElement', value: bytes, end: 'head' } },
    ];
    for (const message of toHost) assert.deepEqual(parseKeysToHost(JSON.parse(JSON.stringify(message))), message);
    const toPage = [
      { type: 'setup', strings: keysStrings(plainText, 't'), query: { pattern: '*', kind: null } },
      { type: 'status', status: 'lost', detail: '' }, { type: 'guard', production: true, reasons: '', minutesLeft: 1 },
      { type: 'overview', overview: { database: 0, total: null, databases: [{ index: 0, keys: 1 }], denied: ['TYPE'], cluster: true }, note: 'n' },
      { type: 'keys', anew: true, names: ['a'], state: 'full', unseen: 1, fault: '' }, { type: 'gone', names: ['a'], renamed: null }, { type: 'closed' },
      { type: 'facts', facts: [{ name: 'a', type: null, ttl: -1, memory: null }] }, { type: 'viewFault', name: 'a', text: 't' },
      { type: 'view', view: view({ body: shown('x'), elements: [one({ field: shown('f'), value: shown('v'), pairs: [[shown('a'), shown('b')]] })] }) },
      { type: 'edited', outcome: 'changed', text: '' }, { type: 'notice', text: 't', isError: true },
    ];
    for (const message of toPage) assert.deepEqual(parseKeysToPage(JSON.parse(JSON.stringify(message))), message);
  });

  it('are refused when they are none, or too large', () => {
    const bad = [
      null, 'ready', {}, { type: 'search' }, { type: 'search', query: { pattern: 'a', kind: 'other' } }, { type: 'open' }, { type: 'open', name: 'a'.repeat(5000) },
      { type: 'facts', names: Array.from({ length: 201 }, String) }, { type: 'database', index: -1 }, { type: 'turn', turn: 'back' }, { type: 'remove', names: [1] },
      { type: 'edit', name: 'a', version: 1, edit: { type: 'expire', ms: 0 } }, { type: 'edit', name: 'a', version: 1, edit: { type: 'setBody', value: { text: 'x', form: 'html' } } },
      { type: 'edit', name: 'a', version: 1, edit: { type: 'setElement', element: -1, value: bytes } }, { type: 'edit', name: 'a', version: 1, edit: { type: 'addEntry', pairs: [] } },
    ];
    for (const message of bad) assert.equal(parseKeysToHost(message), undefined, JSON.stringify(message)?.slice(0, 100));
    for (const message of [null, { type: 'view', view: {} }, { type: 'keys', names: [] }, { type: 'setup', strings: {}, query: { pattern: '*', kind: null } }, { type: 'facts', facts: [{ name: 'a', type: 1, ttl: 0, memory: 0 }] }, { type: 'edited', outcome: 'maybe', text: '' }]) {
      assert.equal(parseKeysToPage(message), undefined, JSON.stringify(message));
    }
    fc.assert(fc.property(fc.anything(), (value) => parseKeysToPage(value) === undefined || typeof value === 'object'));
  });

  it('tell what is missing, and why', () => {
    const overview = { database: 0, total: null, databases: [], denied: [], cluster: false };
    assert.equal(overviewNote(overview, plainText), '');
    assert.match(overviewNote({ ...overview, denied: ['TYPE', 'DBSIZE'], cluster: true }, plainText), /one node of a cluster.*TYPE, DBSIZE/);
  });
});
