/** The Redis console's page: wires the model to the document and to the extension. */
import { type ConsoleStrings, parseToPage, type ToHost } from '../protocol';
import { CompletionPrompt, type EditedLine, type KeyResult } from './completion';
import { CompletionView } from './completionView';
import { HistorySearch, InputHistory } from './history';
import { type ConsoleEvent, step } from './model';
import { restoreState, savedState } from './savedState';
import { PulseView } from './pulseView';
import { UNLOCK_CLASS } from './entryView';
import { buildPage, View } from './view';

/** What VS Code puts into every webview. */
declare function acquireVsCodeApi(): {
  readonly postMessage: (message: ToHost) => void;
  readonly getState: () => unknown;
  readonly setState: (state: unknown) => void;
};

const SAVE_DELAY_MS = 300;

const { postMessage: send, getState, setState } = acquireVsCodeApi();
const saved = restoreState(getState());
let history = new InputHistory();
let search: HistorySearch | undefined;
const parts = buildPage(document.body);
const view = new View(parts, { send, leave: () => parts.input.focus(), stop: () => dispatch({ type: 'cancel' }) });
const pulse = new PulseView();
parts.latency.after(pulse.element);
const completion = new CompletionPrompt();
const completionView = new CompletionView(parts.input, (index) => {
  const to = completion.accept(index);
  if (to) edit(to);
});
let model = saved.model;
let strings: ConsoleStrings | undefined;
let saving: ReturnType<typeof setTimeout> | undefined;
parts.input.value = saved.draft;

function dispatch(event: ConsoleEvent): void {
  const next = step(model, event);
  model = next.model;
  for (const message of next.messages) send(message);
  refresh();
  saveSoon();
}

function refresh(): void {
  if (strings) view.show(model, strings, search);
}

function saveSoon(): void {
  saving ??= setTimeout(save, SAVE_DELAY_MS);
}

function save(): void {
  clearTimeout(saving);
  saving = undefined;
  setState(savedState(model, search ? search.draft : parts.input.value));
}

function submit(text: string): void {
  for (const line of text.split(/\r\n|\n|\r/)) history.add(line);
  if (text.trim().toLowerCase() === 'clear') dispatch({ type: 'clear' });
  else dispatch({ type: 'submitted', text });
  view.scrollToEnd();
}

function setInput(text: string): void {
  parts.input.value = text;
  parts.input.setSelectionRange(text.length, text.length);
  completion.clear();
  showCompletion();
}

function showCompletion(): void {
  if (strings) completionView.show(completion, strings);
}

function edited(): EditedLine {
  const { value: line, selectionEnd } = parts.input;
  return { line, cursor: selectionEnd ?? line.length };
}

/** As if it had been typed. */
function edit({ line, cursor }: EditedLine): void {
  parts.input.value = line;
  parts.input.setSelectionRange(cursor, cursor);
  onTyped();
}

function onTyped(): void {
  const message = completion.typed(edited());
  if (message) send(message);
  showCompletion();
  saveSoon();
}

/** Whether the key was one of the completion's own. */
function onCompletionKey({ key, ctrlKey, altKey, metaKey, shiftKey }: KeyboardEvent): boolean {
  if (altKey || metaKey || shiftKey) return false;
  let result: KeyResult = { kind: 'passed' };
  if (!ctrlKey) result = completion.onKey(key, edited());
  else if (key === ' ') result = completion.ask(edited());
  if (result.kind === 'asked') send(result.message);
  if (result.kind === 'edited') edit(result.to);
  else showCompletion();
  return result.kind !== 'passed';
}

/** The first press begins the search, each further one goes on to an older line. */
function searchOn(): void {
  if (search) {
    search.older();
  } else {
    search = new HistorySearch(history, parts.input.value);
    setInput('');
    parts.input.focus();
  }
  refresh();
}

/** With the line that was found, or with what had been typed before. */
function endSearch(text: string): void {
  search = undefined;
  setInput(text);
  refresh();
}

/** Whether the key was one of the search's own. */
function onSearchKey(key: string, { draft, found }: HistorySearch): boolean {
  switch (key) {
    case 'Escape':
      endSearch(draft);
      return true;
    case 'Enter':
    case 'Tab':
    case 'ArrowRight':
      endSearch(found ?? draft);
      return true;
    case 'ArrowUp':
      searchOn();
      return true;
    default:
      return key === 'ArrowDown';
  }
}

function hasSelection(): boolean {
  const { selectionStart, selectionEnd } = parts.input;
  return selectionStart !== selectionEnd || (window.getSelection()?.toString() ?? '') !== '';
}

/** Whether the key was one of the console's own. */
function onInputKey(event: KeyboardEvent): boolean {
  if (search) return onSearchKey(event.key, search);
  if (onCompletionKey(event)) return true;
  switch (event.key) {
    case 'Enter': {
      const { value } = parts.input;
      setInput('');
      submit(value);
      return true;
    }
    case 'ArrowUp':
    case 'ArrowDown': {
      const line = event.key === 'ArrowUp' ? history.older(parts.input.value) : history.newer();
      if (line !== undefined) setInput(line);
      return true;
    }
    default:
      return false;
  }
}

/** The keys of a terminal; Control on every system, as there. */
function onPageKey(event: KeyboardEvent): boolean {
  if (!event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return false;
  switch (event.key.toLowerCase()) {
    case 'l':
      dispatch({ type: 'clear' });
      // The keyboard may have been in what is gone.
      parts.input.focus();
      return true;
    case 'c':
      // With a selection it copies.
      if (hasSelection()) return false;
      if (search) {
        endSearch(search.draft);
        return true;
      }
      if (model.running !== undefined || model.waiting.length > 0) dispatch({ type: 'cancel' });
      else setInput('');
      return true;
    default:
      return false;
  }
}

parts.input.addEventListener('keydown', (event) => {
  // While an input method composes, its keys are its own.
  if (!event.isComposing && onInputKey(event)) event.preventDefault();
});
document.addEventListener('keydown', (event) => {
  if (onPageKey(event)) event.preventDefault();
});
parts.input.addEventListener('input', () => {
  if (search) {
    search.lookFor(parts.input.value);
    refresh();
    saveSoon();
  } else onTyped();
});
parts.input.addEventListener('paste', (event) => {
  const pasted = event.clipboardData?.getData('text/plain') ?? '';
  // In a search it is what is searched for.
  if (search || !/[\r\n]/.test(pasted)) return;
  event.preventDefault();
  const { value, selectionStart, selectionEnd } = parts.input;
  const all = value.slice(0, selectionStart ?? value.length) + pasted + value.slice(selectionEnd ?? value.length);
  // As in a terminal: whole lines run, and a last one without its line end waits for Enter.
  const end = Math.max(all.lastIndexOf('\n'), all.lastIndexOf('\r')) + 1;
  setInput(all.slice(end));
  submit(all.slice(0, end));
});
parts.ping.addEventListener('click', () => dispatch({ type: 'ping' }));
parts.cancel.addEventListener('click', () => {
  dispatch({ type: 'cancel' });
  parts.input.focus();
});
parts.clear.addEventListener('click', () => {
  dispatch({ type: 'clear' });
  parts.input.focus();
});
parts.connect.addEventListener('click', () => {
  dispatch({ type: 'connect' });
  parts.input.focus();
});
parts.lock.addEventListener('click', () => {
  dispatch({ type: model.guard.minutesLeft > 0 ? 'lockWrites' : 'unlockWrites' });
  parts.input.focus();
});
parts.log.addEventListener('click', (event) => {
  if (event.target instanceof HTMLElement && event.target.classList.contains(UNLOCK_CLASS)) dispatch({ type: 'unlockWrites' });
  // What is operated itself keeps the keyboard.
  const operated = event.target instanceof Element && event.target.closest('.actions, .list, .stop') !== null;
  if (!operated && !hasSelection()) parts.input.focus();
});
parts.input.addEventListener('blur', () => {
  completion.clear();
  showCompletion();
});
window.addEventListener('focus', () => {
  if (document.activeElement === document.body || document.activeElement === null) parts.input.focus();
});
// The page may be thrown away at any moment once it is hidden.
document.addEventListener('visibilitychange', save);
window.addEventListener('pagehide', save);
window.addEventListener('message', (event: MessageEvent<unknown>) => {
  const message = parseToPage(event.data);
  if (!message) return;
  if (message.type === 'completion') {
    const to = completion.received(message);
    if (to) edit(to);
    else showCompletion();
    return;
  }
  if (message.type === 'pulse') {
    if (strings) pulse.show(message.latencies, strings);
    return;
  }
  if (message.type === 'view' || message.type === 'rows' || message.type === 'found' || message.type === 'noted') {
    view.receive(message);
    return;
  }
  const first = message.type === 'setup' && strings === undefined;
  if (message.type === 'setup') ({ strings } = message);
  if (first) history = new InputHistory(message.history);
  if (message.type === 'searchHistory') searchOn();
  if (message.type === 'renames') history.renamed(new Map(message.names));
  dispatch({ type: 'message', message });
  if (first) {
    view.scrollToEnd();
    parts.input.focus();
  }
});

send({ type: 'ready' });
