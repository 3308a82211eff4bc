import assert from 'node:assert/strict';
import { MAX_COPY_CHARS, MAX_ROWS, parseToHost, parseToPage, type ReplyMessage, type ReplyRequest } from '../../../src/webview/protocol';

const REQUESTS: readonly ReplyRequest[] = [
  { type: 'view', id: 1, view: 'json' },
  { type: 'rows', id: 1, view: 'text', from: 0, count: MAX_ROWS },
  { type: 'find', id: 1, view: 'table', words: 'x', from: 5, backwards: true },
  { type: 'copy', id: 1, view: 'hex', from: 0, to: Number.MAX_SAFE_INTEGER },
  { type: 'copyText', id: 1, text: '' },
  { type: 'openInEditor', id: 1, view: 'decoded' },
  { type: 'openText', text: 'x' },
  { type: 'forget' },
];

const MESSAGES: readonly ReplyMessage[] = [
  { type: 'growing', id: 1, rows: 2 },
  { type: 'view', id: 1, view: 'table', shape: { rows: 1, text: null, columns: [{ name: 'a', width: 3 }], note: '' } },
  { type: 'view', id: 1, view: 'json', shape: { rows: 1, text: '[]', columns: null, note: 'x' } },
  { type: 'view', id: 1, view: 'json', shape: 'gone' },
  { type: 'rows', id: 1, view: 'text', from: 0, rows: ['a', ['b', 'c']] },
  { type: 'rows', id: 1, view: 'text', from: 0, rows: 'gone' },
  { type: 'found', id: 1, view: 'text', row: 3 },
  { type: 'found', id: 1, view: 'text', row: null },
  { type: 'noted', id: 1, text: 'Copied.' },
];

describe('messages about replies', () => {
  it('are taken over a structured clone, without fields that do not belong', () => {
    for (const request of REQUESTS) assert.deepEqual(parseToHost({ ...structuredClone(request), extra: 1 }), request);
    for (const message of MESSAGES) assert.deepEqual(parseToPage({ ...structuredClone(message), extra: 1 }), message);
  });

  it('are refused when a field is missing', () => {
    for (const [parse, messages] of [[parseToHost, REQUESTS], [parseToPage, MESSAGES]] as const) {
      for (const message of messages) {
        for (const key of Object.keys(message)) {
          const bad = Object.fromEntries(Object.entries(message).filter(([other]) => other !== key));
          assert.equal(parse(bad), undefined, JSON.stringify(bad));
        }
      }
    }
  });

  for (const bad of [
    { type: 'view', id: 1, view: 'html' },
    { type: 'view', id: -1, view: 'json' },
    { type: 'rows', id: 1, view: 'text', from: 0, count: MAX_ROWS + 1 },
    { type: 'rows', id: 1, view: 'text', from: -1, count: 1 },
    { type: 'find', id: 1, view: 'text', words: '', from: 0, backwards: false },
    { type: 'find', id: 1, view: 'text', words: 'x'.repeat(1001), from: 0, backwards: false },
    { type: 'copy', id: 1, view: 'text', from: 0, to: 1.5 },
    { type: 'copyText', id: 1, text: 'x'.repeat(MAX_COPY_CHARS + 1) },
    { type: 'openText', text: 1 },
  ]) {
    it(`are refused from the page: ${JSON.stringify(bad).slice(0, 80)}`, () => assert.equal(parseToHost(bad), undefined));
  }

  for (const bad of [
    { type: 'view', id: 1, view: 'json', shape: null },
    { type: 'view', id: 1, view: 'json', shape: { rows: 1, text: 1, columns: null, note: '' } },
    { type: 'view', id: 1, view: 'json', shape: { rows: 1, text: null, columns: [], note: '' } },
    { type: 'view', id: 1, view: 'json', shape: { rows: 1, text: null, columns: [null], note: '' } },
    { type: 'rows', id: 1, view: 'text', from: 0, rows: [{}] },
    { type: 'rows', id: 1, view: 'text', from: 0, rows: [[1]] },
    { type: 'rows', id: 1, view: 'text', from: 0, rows: ['x'.repeat(5000)] },
    { type: 'rows', id: 1, view: 'text', from: 0, rows: Array.from({ length: MAX_ROWS + 1 }, () => '') },
    { type: 'found', id: 1, view: 'text', row: 'first' },
    { type: 'growing', id: 1, rows: null },
  ]) {
    it(`are refused from the extension: ${JSON.stringify(bad).slice(0, 80)}`, () => assert.equal(parseToPage(bad), undefined));
  }
});
