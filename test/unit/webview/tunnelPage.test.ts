import assert from 'node:assert/strict';
import type { TunnelDetails } from '../../../src/model/tunnel';
import { plainText } from '../../../src/vscode/localizer';
import { tunnelPage } from '../../../src/vscode/tunnelPage';
import { dotsOf, pathOf, xOf, type Frame, type Sample } from '../../../src/webview/tunnel/graph';
import { parseTunnelToHost, parseTunnelToPage } from '../../../src/webview/tunnel/messages';
import { tunnel } from '../vscode/samples';

const times = { date: (ms: number) => `date ${ms}`, time: (ms: number) => `time ${ms}` };
const details: TunnelDetails = {
  info: tunnel({ reconnects: 2, lastFault: { fault: { code: 'ssm.sessionEnded', message: 'The session is over.', retryable: true }, at: 7 } }),
  latency: { lowestMs: 2.1, medianMs: 12, highestMs: 40 },
  history: [
    { at: 10_000, latencyMs: 2.1, failed: false, up: 500, down: 500 },
    { at: 40_000, failed: true, up: 0, down: 0 },
    { at: 70_000, latencyMs: 40, failed: false, up: 30_000, down: 3_000_000 },
  ],
};
const shown = (change: Partial<TunnelDetails> = {}) => tunnelPage({ ...details, ...change }, plainText, times);

describe('the page of a tunnel', () => {
  it('tells the facts of the row, and the latencies', () => {
    const { title, facts, level, status } = shown();
    assert.match(title, /^orders/);
    assert.equal(level, 'ok');
    assert.equal(status, '127.0.0.1:53211 · healthy');
    const fact = (label: string): string | undefined => facts.find((one) => one.label === label)?.value;
    assert.equal(fact('Reconnects'), '2');
    assert.equal(fact('Last fault'), 'The session is over. (date 7)');
    assert.equal(fact('Recent latency'), 'lowest 2.1 ms, median 12 ms, highest 40 ms');
    assert.equal(fact('Limited by'), undefined);
  });

  it('gives each probe as numbers for the graph and as texts for the table', () => {
    const { points, throughputTop, latencySummary } = shown();
    assert.deepEqual(points.map(({ latency, received, sent }) => [latency, received, sent]), [
      ['2.1 ms', '0 B/s', '0 B/s'],
      ['failed', '0 B/s', '0 B/s'],
      ['40 ms', '100 kB/s', '1.0 kB/s'],
    ]);
    assert.deepEqual([points[1]!.latencyMs, points[1]!.failed], [null, true]);
    assert.equal(throughputTop, '100 kB/s');
    assert.equal(latencySummary, 'Latency: lowest 2.1 ms, median 12 ms, highest 40 ms');
  });

  it('says what a tunnel waits for, and when nothing was measured', () => {
    const cause = { code: 'aws.expiredCredentials', message: 'Sign-in has expired.', retryable: false } as const;
    const page = tunnelPage({ info: tunnel({ state: { phase: 'waiting', attempt: 1, needs: 'signIn', cause } }), history: [] }, plainText, times);
    assert.deepEqual([page.level, page.status], ['warning', '127.0.0.1:53211 · waits for you to sign in · Sign-in has expired.']);
    assert.equal(page.latencySummary, 'Latency: not measured yet');
  });

  it('passes its own messages, and nothing else', () => {
    const page = shown();
    assert.deepEqual(parseTunnelToPage(JSON.parse(JSON.stringify(page))), page);
    assert.deepEqual(parseTunnelToPage({ ...page, more: 1 }), page);
    const { points: [point] } = page;
    for (const wrong of [
      undefined,
      [],
      { ...page, type: 'other' },
      { ...page, level: 'fine' },
      { ...page, title: 1 },
      { ...page, title: 'x'.repeat(5000) },
      { ...page, facts: [{ label: 'x' }] },
      { ...page, strings: { ...page.strings, table: undefined } },
      { ...page, points: [{ ...point, at: Infinity }] },
      { ...page, points: [{ ...point, sentRate: -1 }] },
      { ...page, points: Array.from({ length: 501 }, () => point) },
    ]) {
      assert.equal(parseTunnelToPage(wrong), undefined);
    }
    assert.deepEqual(parseTunnelToHost({ type: 'ready', more: 1 }), { type: 'ready' });
    for (const wrong of [null, 'ready', { type: 'run' }]) assert.equal(parseTunnelToHost(wrong), undefined);
  });
});

describe('the graph of a tunnel', () => {
  const frame: Frame = { left: 0, top: 0, width: 100, height: 50 };
  const samples: readonly Sample[] = [
    { at: 0, value: 0 },
    { at: 50, value: 10 },
    { at: 60, value: null },
    { at: 100, value: 20 },
  ];

  it('runs from the first time to the last, and from nothing to the highest value', () => {
    assert.deepEqual(dotsOf(samples, 20, frame), [
      { x: 0, y: 50 },
      { x: 50, y: 25 },
      { x: 100, y: 0 },
    ]);
    assert.equal(xOf(60, samples, frame), 60);
  });

  it('is interrupted where there is no value', () => {
    assert.equal(pathOf(samples, 20, frame), 'M0 50L50 25M100 0h0.1');
  });

  it('is sound without samples, with one, and with nothing but zeros', () => {
    assert.equal(pathOf([], 0, frame), '');
    assert.equal(pathOf([{ at: 5, value: 0 }], 0, frame), 'M100 50h0.1');
    assert.equal(pathOf([{ at: 5, value: 0 }, { at: 5, value: 0 }], 0, frame), 'M100 50L100 50');
  });
});
