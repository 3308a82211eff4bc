import assert from 'node:assert/strict';
import { cancelled, Fault } from '../../../src/base/fault';
import type { CompletionCandidate } from '../../../src/redis/types';
import { CompletionPrompt } from '../../../src/webview/console/completion';
import { type CandidateMessage, type CompletionMessage, MAX_COMPLETED_CHARS, parseToHost, parseToPage, type ToHost } from '../../../src/webview/protocol';
import { eventually } from '../../fixtures/eventually';
import { settled, World } from './consoleWorld';

const command = (text: string): CandidateMessage => ({ kind: 'command', text, detail: '' });
const keyName = (text: string): CompletionCandidate => ({ kind: 'key', text, detail: '' });

function answer(id: number, texts: readonly string[], from = 0, hint = ''): CompletionMessage {
  return { type: 'completion', id, from, candidates: texts.map(command), hint, about: null };
}

/** A prompt in which something was typed and answered. */
function typed(line: string, texts: readonly string[], from = 0): { prompt: CompletionPrompt; at: { line: string; cursor: number } } {
  const prompt = new CompletionPrompt();
  const at = { line, cursor: line.length };
  assert.deepEqual(prompt.typed(at), { type: 'complete', id: 0, line, cursor: line.length, explicit: false });
  prompt.received(answer(0, texts, from, 'hint'));
  return { prompt, at };
}

const textsOf = (prompt: CompletionPrompt): string[] => prompt.candidates.map(({ text }) => text);

describe('CompletionPrompt', () => {
  it('opens while somebody types, and leaves Enter and Up alone', () => {
    const { prompt, at } = typed('GE', ['GET', 'GETBIT']);
    assert.deepEqual(textsOf(prompt), ['GET', 'GETBIT']);
    assert.equal(prompt.selected, undefined);
    assert.equal(prompt.hint, 'hint');
    for (const key of ['Enter', 'ArrowUp', 'a']) assert.equal(prompt.onKey(key, at).kind, 'passed', key);
  });

  it('takes the first with Tab, and what is selected with Tab or Enter', () => {
    const { prompt, at } = typed('5 GE', ['GET', 'GETBIT'], 2);
    assert.deepEqual(prompt.onKey('Tab', at), { kind: 'edited', to: { line: '5 GET ', cursor: 6 } });
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) assert.equal(prompt.onKey(key, at).kind, 'handled');
    assert.equal(prompt.selected, 1);
    assert.deepEqual(prompt.onKey('Enter', at), { kind: 'edited', to: { line: '5 GETBIT ', cursor: 9 } });
    assert.equal(prompt.onKey('ArrowUp', at).kind, 'handled');
    assert.equal(prompt.onKey('ArrowUp', at).kind, 'handled');
    assert.equal(prompt.selected, undefined, 'Up leaves the list at its first row');
    assert.equal(prompt.onKey('ArrowUp', at).kind, 'passed');
  });

  it('keeps what stands behind the cursor', () => {
    const prompt = new CompletionPrompt();
    const at = { line: 'GE foo', cursor: 2 };
    prompt.typed(at);
    prompt.received(answer(0, ['GET']));
    assert.deepEqual(prompt.onKey('Tab', at), { kind: 'edited', to: { line: 'GET foo', cursor: 3 } });
  });

  it('closes with Escape until something is typed; Tab then goes on to the next control', () => {
    const { prompt, at } = typed('GE', ['GET', 'GETBIT']);
    assert.equal(prompt.onKey('Escape', at).kind, 'handled');
    assert.deepEqual(textsOf(prompt), []);
    assert.equal(prompt.hint, '');
    prompt.received(answer(0, ['GET', 'late'], 0, 'late'));
    assert.deepEqual([textsOf(prompt), prompt.hint], [[], '']);
    assert.equal(prompt.onKey('Tab', at).kind, 'passed');
    assert.equal(prompt.onKey('Escape', at).kind, 'passed');
    prompt.typed({ line: 'GET', cursor: 3 });
    prompt.received(answer(1, ['GETBIT']));
    assert.deepEqual(textsOf(prompt), ['GETBIT']);
  });

  it('narrows what is shown until the answer comes, and ignores answers to what was typed before', () => {
    const { prompt } = typed('GE', ['GET', 'GETBIT', 'GEOADD']);
    prompt.typed({ line: 'GET', cursor: 3 });
    assert.deepEqual(textsOf(prompt), ['GET', 'GETBIT']);
    prompt.received(answer(0, ['old']));
    assert.deepEqual(textsOf(prompt), ['GET', 'GETBIT']);
    prompt.typed({ line: 'S', cursor: 1 });
    assert.deepEqual(textsOf(prompt), []);
  });

  it('completes at once what Tab asked for, if there is one way, and else shows the ways', () => {
    for (const [texts, line] of [[['user:1'], 'GET user:1 '], [['user:1', 'user:2'], undefined]] as const) {
      const prompt = new CompletionPrompt();
      const at = { line: 'GET us', cursor: 6 };
      assert.deepEqual(prompt.onKey('Tab', at), { kind: 'asked', message: { type: 'complete', id: 0, line: 'GET us', cursor: 6, explicit: true } });
      assert.equal(prompt.received(answer(0, [], 4)), undefined);
      assert.equal(prompt.received(answer(0, texts, 4))?.line, line);
      assert.deepEqual(textsOf(prompt), texts);
    }
  });

  it('leaves Tab alone where nothing is typed', () => assert.equal(new CompletionPrompt().onKey('Tab', { line: ' ', cursor: 1 }).kind, 'passed'));

  it('keeps the selected row when the names of keys come', () => {
    const { prompt, at } = typed('GE', ['GET', 'GETBIT']);
    prompt.onKey('ArrowDown', at);
    prompt.received(answer(0, ['new', 'GET']));
    assert.equal(prompt.selected, 1);
    prompt.received(answer(0, ['other']));
    assert.equal(prompt.selected, undefined);
  });

  it('is empty after the line was sent, whatever still comes', () => {
    const { prompt } = typed('GE', ['GET']);
    prompt.clear();
    prompt.received(answer(0, ['GET'], 0, 'late'));
    assert.deepEqual([textsOf(prompt), prompt.hint], [[], '']);
  });

  it('asks nothing about an empty line, and about one that nobody types', () => {
    const prompt = new CompletionPrompt();
    for (const line of ['', '  ', 'x'.repeat(MAX_COMPLETED_CHARS + 1)]) assert.equal(prompt.typed({ line, cursor: line.length }), undefined);
  });
});

describe('The messages of completion', () => {
  const asked = { type: 'complete', id: 1, line: 'GET', cursor: 3, explicit: true } as const;
  const told: CompletionMessage = { ...answer(1, ['a']), about: { command: 'GET', summary: 's', since: '1', complexity: '', deprecated: null } };

  it('pass as they are', () => {
    assert.deepEqual(parseToHost({ ...asked, more: 1 }), asked);
    assert.deepEqual(parseToPage(told), told);
    assert.deepEqual(parseToPage(answer(0, [])), answer(0, []));
  });

  it('are refused when they are something else', () => {
    for (const wrong of [{ line: 1 }, { cursor: 4 }, { cursor: -1 }, { explicit: 'yes' }, { id: 0.5 }, { line: 'x'.repeat(MAX_COMPLETED_CHARS + 1) }]) {
      assert.equal(parseToHost({ ...asked, ...wrong }), undefined, JSON.stringify(wrong).slice(0, 50));
    }
    const candidates = (candidate: unknown): object => ({ candidates: [candidate] });
    for (const wrong of [
      { candidates: 'a' }, candidates(null), candidates({ ...command('a'), kind: 'html' }), candidates(command('x'.repeat(3000))),
      { candidates: Array.from({ length: 201 }, () => command('a')) }, { hint: 5 }, { from: -1 }, { about: undefined }, { about: { command: 'GET' } },
    ]) {
      assert.equal(parseToPage({ ...told, ...wrong }), undefined, JSON.stringify(wrong).slice(0, 50));
    }
  });
});

describe('Completion in a console', () => {
  let world: World;
  const completions = (): CompletionMessage[] => world.posted.flatMap((message) => (message.type === 'completion' ? [message] : []));
  const ask = (id: number, line: string, explicit = false): void =>
    world.controller.receive({ type: 'complete', id, line, cursor: line.length, explicit } satisfies ToHost);

  beforeEach(async () => {
    world = await new World().start();
    world.session.completing = (line) => ({ from: 0, candidates: [command(line)], hint: 'h', about: { command: 'GET', summary: '', since: '', complexity: '' } });
  });
  afterEach(() => world.controller.dispose());

  it('answers at once, and again with the names of keys in front', async () => {
    world.session.naming = async () => [keyName('k')];
    ask(3, 'GET k', true);
    const [first] = completions();
    assert.deepEqual(first, { type: 'completion', id: 3, from: 0, candidates: [command('GET k')], hint: 'h', about: { command: 'GET', summary: '', since: '', complexity: '', deprecated: null } });
    await eventually(() => completions().length === 2);
    assert.deepEqual(completions()[1]?.candidates.map(({ text }) => text), ['k', 'GET k']);
    assert.deepEqual(world.history.linesOf('arn'), [], 'what is completed is not history');
  });

  it('ends the search for keys at the next keystroke', async () => {
    const signals: AbortSignal[] = [];
    world.session.naming = (line, _, signal) => {
      signals.push(signal);
      return line === 'GET k'
        ? new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(cancelled())))
        : Promise.resolve([keyName('late')]);
    };
    ask(0, 'GET k');
    ask(1, 'GET ke');
    assert.equal(signals[0]?.aborted, true);
    await settled();
    assert.deepEqual(completions().map(({ id }) => id), [0, 1, 1]);
  });

  it('leaves the connection alone while a command runs', async () => {
    let searched = false;
    world.session.naming = async () => {
      searched = true;
      return [];
    };
    world.controller.receive({ type: 'run', id: 0, line: 'BLPOP q 0', rest: [], judged: false });
    ask(0, 'GET k');
    await settled();
    assert.equal(completions().length, 1);
    assert.equal(searched, false);
  });

  it('says nothing about a search that failed', async () => {
    world.session.naming = () => Promise.reject(new Fault('redis.connectionLost', 'Gone.'));
    const before = world.posted.length;
    ask(0, 'GET k');
    await settled();
    assert.equal(world.posted.length, before + 1);
  });

  it('answers with nothing where there is no connection', () => {
    const unconnected = new World();
    unconnected.refuse = () => new Fault('redis.unreachable', 'No.');
    unconnected.controller.receive({ type: 'ready' });
    unconnected.controller.receive({ type: 'complete', id: 7, line: 'GET', cursor: 3, explicit: false });
    assert.deepEqual(unconnected.last, answer(7, []));
    return unconnected.controller.dispose();
  });
});
