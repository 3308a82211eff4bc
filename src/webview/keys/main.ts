/** The key browser's page: wires the tree, the value and the document to the extension. */
import type { KeyQuery, KeyspaceOverview } from '../../model/redisKeys';
import { element, setText } from '../dom';
import { button, fill, setHidden } from './parts';
import { Drafts } from './drafts';
import { KeyTree } from './keyTree';
import { type KeysStatus, type KeysStrings, type KeysToHost, type KeysToPage, parseKeysToPage } from './messages';
import { restoreState, savedState } from './savedState';
import { Toolbar } from './toolbar';
import { TreeView } from './treeView';
import { ValueView } from './valueView';

/** What VS Code puts into every webview. */
declare function acquireVsCodeApi(): {
  readonly postMessage: (message: KeysToHost) => void;
  readonly getState: () => unknown;
  readonly setState: (state: unknown) => void;
};

const SAVE_DELAY_MS = 300;
const TICK_MS = 1000;

const { postMessage: send, getState, setState } = acquireVsCodeApi();
const saved = restoreState(getState());
const tree = new KeyTree(saved.separator, saved.expanded);
const drafts = new Drafts(saved.drafts);
let strings: KeysStrings | undefined;
let query: KeyQuery = { pattern: '*', kind: null };
let overview: KeyspaceOverview | undefined;
let note = '';
let found: Pick<Extract<KeysToPage, { type: 'keys' }>, 'state' | 'unseen' | 'fault'> = { state: 'paused', unseen: 0, fault: '' };
let saving: ReturnType<typeof setTimeout> | undefined;

const toolbar = new Toolbar({ send: ask, separate, changed: saveSoon }, saved.separator);
const value = new ValueView(drafts, { send, changed: saveSoon, announce });
const treeView = new TreeView(tree, {
  open: openKey,
  remove: (names) => send({ type: 'remove', names }),
  askFacts: (names) => send({ type: 'facts', names }),
  changed: () => {
    showActs();
    saveSoon();
  },
});
const bannerText = element('span', 'banner-text');
const connect = button('primary connect', '', () => send({ type: 'connect' }));
const banner = element('div', 'banner', bannerText, connect);
banner.setAttribute('role', 'status');
const counted = element('span', 'counted');
counted.setAttribute('role', 'status');
const more = button('more', '', () => send({ type: found.state === 'searching' ? 'stop' : 'more' }));
const marked = button('delete-marked', '', () => send({ type: 'remove', names: treeView.marked }));
const fault = element('p', 'problem');
fault.setAttribute('role', 'alert');
const missing = element('p', 'note missing');
const left = element('section', 'keys', treeView.root, fault, element('footer', '', counted, more, marked), missing);
const notice = element('div', 'notice');
notice.setAttribute('role', 'status');
document.body.replaceChildren(toolbar.root, banner, element('main', '', left, value.root), notice);
setHidden(banner, true);
setHidden(notice, true);

function ask(message: KeysToHost): void {
  if (message.type === 'search') ({ query } = message);
  // Names of one database mean something else in another.
  if (message.type === 'database') closeDatabase();
  send(message);
}

function closeDatabase(): void {
  tree.clear();
  treeView.update();
  treeView.setOpened(undefined);
  value.close();
}

function separate(separator: string): void {
  tree.separateBy(separator);
  treeView.update();
  saveSoon();
}

function openKey(name: string): void {
  treeView.setOpened(name);
  value.showOpening(name);
  announce('', false);
  send({ type: 'open', name });
}

function announce(text: string, isError: boolean): void {
  setText(notice, text);
  notice.classList.toggle('problem', isError);
  setHidden(notice, text === '');
}

function saveSoon(): void {
  saving ??= setTimeout(save, SAVE_DELAY_MS);
}

function save(): void {
  clearTimeout(saving);
  saving = undefined;
  setState(savedState({ separator: tree.separator, pattern: toolbar.pattern, expanded: tree.expanded, drafts: drafts.saved }));
}

function number(count: number): string {
  return count.toLocaleString(document.documentElement.lang || undefined);
}

function countText(texts: KeysStrings): string {
  const { state, unseen } = found;
  const shown = number(tree.size);
  const total = overview?.total ?? null;
  const everything = query.pattern === '*' && query.kind === null;
  const count = state === 'complete' ? fill(texts.foundAll, shown) : everything && total !== null ? fill(texts.foundOf, shown, number(Math.max(total, tree.size))) : fill(texts.found, shown);
  const parts = [state === 'searching' ? texts.searching : '', count, state === 'full' ? texts.full : '', unseen > 0 ? fill(texts.unseenKeys, number(unseen)) : ''];
  return parts.filter((text) => text !== '').join(' ');
}

function showFound(): void {
  if (!strings) return;
  const isEmpty = tree.size === 0 && found.state === 'complete';
  setText(counted, isEmpty ? (query.pattern === '*' && query.kind === null ? strings.noKeys : strings.noMatch) : countText(strings));
  more.textContent = found.state === 'searching' ? strings.stop : strings.more;
  setHidden(more, found.state === 'complete' || found.state === 'full');
  setText(fault, found.fault);
  setHidden(fault, found.fault === '');
  setText(missing, note);
  setHidden(missing, note === '');
}

function showActs(): void {
  const count = treeView.marked.length;
  setHidden(marked, count === 0);
  if (strings) marked.textContent = fill(strings.deleteMany, number(count));
}

function showStatus(status: KeysStatus, detail: string): void {
  if (!strings) return;
  const texts = { connecting: strings.connecting, lost: strings.lost, failed: '', tunnelClosed: strings.tunnelClosed, ready: '' };
  setText(bannerText, [texts[status], detail].filter((text) => text !== '').join(' '));
  banner.dataset['status'] = status;
  connect.textContent = strings.connect;
  setHidden(connect, status !== 'lost' && status !== 'failed');
  setHidden(banner, status === 'ready');
  if (status === 'ready') treeView.askAgain();
  else value.interrupted();
}

function label(texts: KeysStrings): void {
  strings = texts;
  document.title = texts.title;
  toolbar.label(texts);
  treeView.label(texts);
  value.label(texts);
  showFound();
  showActs();
}

function showKeys({ anew, names, ...rest }: Extract<KeysToPage, { type: 'keys' }>): void {
  if (anew) {
    tree.clear();
    treeView.forgetFacts();
  }
  tree.add(names);
  found = rest;
  if (anew || names.length > 0) treeView.update();
  showFound();
}

function showGone(names: readonly string[], renamed: string | null): void {
  tree.remove(names);
  if (renamed !== null) {
    tree.add([renamed]);
    tree.reveal(renamed);
    treeView.setOpened(renamed);
  }
  for (const name of names) value.showGone(name, renamed);
  treeView.update();
  showFound();
  saveSoon();
}

function receive(message: KeysToPage): void {
  switch (message.type) {
    case 'setup':
      ({ query } = message);
      label(message.strings);
      toolbar.setQuery(query, saved.pattern);
      break;
    case 'status':
      showStatus(message.status, message.detail);
      break;
    case 'guard':
      toolbar.setGuard(message);
      break;
    case 'overview':
      ({ overview, note } = message);
      toolbar.setOverview(overview);
      showFound();
      break;
    case 'keys':
      showKeys(message);
      break;
    case 'gone':
      showGone(message.names, message.renamed);
      break;
    case 'facts':
      treeView.setFacts(message.facts);
      break;
    case 'view':
      treeView.setOpened(message.view.name);
      treeView.setFacts([message.view]);
      value.showView(message.view);
      break;
    case 'closed':
      treeView.setOpened(undefined);
      value.close();
      break;
    case 'viewFault':
      value.showFault(message.name, message.text);
      break;
    case 'edited':
      value.edited(message);
      break;
    case 'notice':
      announce(message.text, message.isError);
      break;
  }
}

window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseKeysToPage(event.data);
  if (message) receive(message);
});
// What was typed in the last moment is not lost with the page.
window.addEventListener('pagehide', save);
setInterval(() => {
  value.tick();
  treeView.tick();
}, TICK_MS);

send({ type: 'ready' });
