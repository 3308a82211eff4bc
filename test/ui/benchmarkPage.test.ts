import assert from 'node:assert/strict';
import { DEFAULT_BENCHMARK } from '../../src/model/benchmark';
import type { BenchmarkFigures, BenchmarkWay } from '../../src/redis/types';
import { type BenchmarkState, benchmarkPage } from '../../src/vscode/benchmark/page';
import { plainText } from '../../src/vscode/localizer';
import type { BenchmarkToHost } from '../../src/webview/protocol';
import { tunnel } from '../unit/webview/consoleWorld';
import { usePage } from './pageRig';

const IDLE: BenchmarkState = { tunnel: tunnel('t1'), plan: DEFAULT_BENCHMARK, phase: 'idle', figures: [] };

function figures(way: BenchmarkWay, factor: number): BenchmarkFigures[] {
  return (['PING', 'SET', 'GET'] as const).map((test, index) => ({
    test,
    way,
    requests: 10_000,
    perSecond: (24_000 - index * 5200) / factor,
    latency: { minMs: 0.1 * factor, p50Ms: (0.4 + index * 0.1) * factor, p95Ms: 0.9 * factor, p99Ms: 2.1 * factor, maxMs: 14 * factor },
    errors: 0,
    serverUs: 0.6 + index,
  }));
}

describe('the page of a benchmark in a real browser', function () {
  this.timeout(60_000);
  const rig = usePage('benchmark', ({ say }) => say(benchmarkPage(IDLE, plainText)));
  const show = (state: Partial<BenchmarkState>): Promise<void> => rig.say(benchmarkPage({ ...IDLE, ...state }, plainText));

  it('starts with what was chosen, by the keyboard alone', async () => {
    await rig.page.getByText('Nothing has been measured yet.').waitFor();
    await rig.page.getByRole('spinbutton', { name: 'Clients' }).fill('20');
    await rig.page.getByRole('checkbox', { name: 'SET' }).uncheck();
    // What the extension says meanwhile takes nothing back.
    await show({});
    await rig.page.keyboard.press('Tab');
    await rig.page.getByRole('spinbutton', { name: 'Requests' }).press('Enter');
    assert.deepEqual(await rig.sent<BenchmarkToHost>(), [{ type: 'start', choice: { ...DEFAULT_BENCHMARK, tests: ['PING', 'GET'], clients: 20 } }]);
    assert.ok(await rig.page.getByRole('button', { name: 'Stop' }).isDisabled());
  });

  it('sends no number outside of its bounds', async () => {
    await rig.page.getByRole('spinbutton', { name: 'Clients' }).fill('5000');
    await rig.page.getByRole('button', { name: 'Start' }).click();
    assert.deepEqual(await rig.sent(), []);
  });

  it('shows progress, and stops', async () => {
    await show({ phase: 'running', progress: { test: 'SET', way: 'tunnel', done: 4000, of: 10_000 }, figures: figures('tunnel', 3).slice(0, 1) });
    await rig.page.getByRole('status').getByText('Measuring orders…').waitFor();
    await rig.page.getByText('SET, tunnel: 4000 of 10000').waitFor();
    assert.ok(await rig.page.getByRole('spinbutton', { name: 'Clients' }).isDisabled());
    await rig.pictures('benchmark-running');
    await rig.page.getByRole('button', { name: 'Stop' }).click();
    assert.deepEqual(await rig.sent(), [{ type: 'stop' }]);
  });

  it('plots the results of both ways beside each other, and has them as a table', async () => {
    await show({ phase: 'done', figures: [...figures('tunnel', 3), ...figures('direct', 1)] });
    await rig.page.getByRole('img', { name: /^Requests per second; PING: 8\.0k\/s · tunnel; .*GET: 14k\/s · direct$/ }).waitFor();
    await rig.page.getByRole('img', { name: /^Latency; PING: p50 1\.2 ms · tunnel; PING: p99 6\.3 ms · tunnel/ }).waitFor();
    const cells = await rig.page.getByRole('row', { name: /^PING direct/ }).getByRole('cell').allTextContents();
    assert.deepEqual(cells, ['direct', '24k/s', '0.40 ms', '0.90 ms', '2.1 ms', '14 ms', '0.6 µs', '']);
    // No text of a chart leaves its drawing.
    assert.equal(await rig.page.evaluate(`[...document.querySelectorAll('svg text')].filter((text) => {
      const [inner, outer] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
      return inner.right > outer.right + 1 || inner.left < outer.left - 1;
    }).length`), 0);
    await rig.pictures('benchmark');
    await rig.page.getByRole('button', { name: 'Copy Results' }).click();
    assert.deepEqual(await rig.sent(), [{ type: 'copy' }]);
  });

  it('says what failed, and fits a narrow tab', async () => {
    await rig.page.setViewportSize({ width: 420, height: 800 });
    await show({
      phase: 'failed',
      fault: { code: 'redis.connectionLost', message: 'The connection was lost.', remedy: { text: 'Start again.' }, retryable: false },
      figures: [{ ...figures('tunnel', 3)[1]!, errors: 10_000, error: 'NOPERM <b>no</b>' }],
    });
    await rig.page.getByText('the server answered NOPERM <b>no</b>').waitFor();
    await rig.pictures('benchmark-failed');
    assert.equal(await rig.page.evaluate('document.documentElement.scrollWidth'), 420, 'the table scrolls, not the page');
  });
});
