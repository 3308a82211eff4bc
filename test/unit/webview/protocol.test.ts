import assert from 'node:assert/strict';
import fc from 'fast-check';
import { consoleStrings } from '../../../src/vscode/console/strings';
import { plainText } from '../../../src/vscode/localizer';
import { MAX_LINE_CHARS, MAX_PASTE_CHARS, MAX_PASTE_LINES, parseToHost, parseToPage, type ToHost, type ToPage } from '../../../src/webview/protocol';

const TO_HOST: readonly ToHost[] = [
  { type: 'ready' },
  { type: 'ping' },
  { type: 'connect' },
  { type: 'cancel', id: 3 },
  { type: 'unlockWrites' },
  { type: 'lockWrites' },
  { type: 'run', id: 0, line: 'GET a', rest: ['GET b'], judged: false },
];

const TO_PAGE: readonly ToPage[] = [
  { type: 'setup', strings: consoleStrings(plainText, 'Redis: x'), prompt: 'h:1', status: 'connecting', detail: '', running: null, history: ['GET a'] },
  { type: 'setup', strings: consoleStrings(plainText, 'Redis: x'), prompt: 'h:1', status: 'lost', detail: 'x', running: 4, history: [] },
  { type: 'status', status: 'tunnelClosed', prompt: 'h:1', detail: '' },
  { type: 'reply', id: 1, kind: 'error', text: 'x', rows: 0, views: ['json', 'table'], truncated: false, ending: 'stopped', elapsedMs: 0.5, prompt: 'h:1' },
  { type: 'fault', id: 1, text: 'x', cancelled: true, readOnly: false, prompt: 'h:1' },
  { type: 'guard', production: true, reasons: 'x', minutesLeft: 15 },
  { type: 'searchHistory' },
  { type: 'pong', latencyMs: 1.5 },
  { type: 'pingFailed', text: 'x' },
];

const WRONG: readonly unknown[] = [undefined, null, 1, 'x', NaN, -1, 1.5, Infinity, {}, [], true];

/** Each message with one field missing, or of every wrong type. */
function spoiled(message: object): object[] {
  const bad: object[] = [];
  for (const [key, original] of Object.entries(message)) {
    bad.push(Object.fromEntries(Object.entries(message).filter(([other]) => other !== key)));
    for (const value of WRONG) {
      const stillRight = typeof value === typeof original && !(typeof value === 'number' && !(value >= 0 && value < Infinity));
      // The one field of two types.
      const right = key === 'running' && (value === null || value === 1);
      if (!stillRight && !right) bad.push({ ...message, [key]: value });
    }
  }
  return bad;
}

for (const [name, parse, messages] of [
  ['parseToHost', parseToHost, TO_HOST],
  ['parseToPage', parseToPage, TO_PAGE],
] as const) {
  describe(name, () => {
    it('takes every message over a structured clone, without fields that do not belong', () => {
      for (const message of messages) assert.deepEqual(parse({ ...structuredClone(message), extra: '<b>' }), message);
    });

    it('refuses a message when a field is missing or of another type', () => {
      for (const message of messages) {
        for (const bad of spoiled(message)) assert.equal(parse(bad), undefined, JSON.stringify(bad));
      }
    });

    it('never throws', () => {
      fc.assert(fc.property(fc.anything(), (value) => assert.equal(parse(value), undefined)));
      for (const value of WRONG) assert.equal(parse(value), undefined);
    });
  });
}

describe('parseToHost', () => {
  it('refuses a line that is too long', () => {
    assert.ok(parseToHost({ type: 'run', id: 1, line: 'x'.repeat(MAX_LINE_CHARS), rest: [], judged: false }));
    assert.equal(parseToHost({ type: 'run', id: 1, line: 'x'.repeat(MAX_LINE_CHARS + 1), rest: [], judged: false }), undefined);
  });

  it('refuses a paste that is too long', () => {
    const run = (rest: unknown): unknown => parseToHost({ type: 'run', id: 1, line: 'x', rest, judged: false });
    assert.ok(run(Array.from({ length: MAX_PASTE_LINES }, () => 'x')));
    assert.equal(run(Array.from({ length: MAX_PASTE_LINES + 1 }, () => 'x')), undefined);
    assert.equal(run(Array.from({ length: 9 }, () => 'x'.repeat(MAX_PASTE_CHARS / 8))), undefined);
    assert.equal(run([1]), undefined);
    assert.equal(run('x'), undefined);
  });
});

describe('parseToPage', () => {
  it('refuses unknown kinds and states', () => {
    assert.equal(parseToPage({ ...TO_PAGE[3], kind: 'html' }), undefined);
    assert.equal(parseToPage({ ...TO_PAGE[2], status: 'happy' }), undefined);
  });
});
