import assert from 'node:assert/strict';
import { cancelled, Fault } from '../../../src/base/fault';
import { nullLogger } from '../../../src/base/log';
import { DEFAULT_BENCHMARK } from '../../../src/model/benchmark';
import type { BenchmarkFigures, BenchmarkOptions, BenchmarkReport, RedisLogin } from '../../../src/redis/types';
import { BenchmarkController } from '../../../src/vscode/benchmark/controller';
import { placeBars } from '../../../src/webview/benchmark/bars';
import { parseBenchmarkToHost, parseBenchmarkToPage } from '../../../src/webview/benchmark/messages';
import type { BenchmarkToPage } from '../../../src/webview/protocol';
import { eventually } from '../../fixtures/eventually';
import { FakeUi } from '../vscode/samples';
import { tunnel } from './consoleWorld';

const RULES = { tags: [], accounts: [], namePatterns: ['prod'] };
const LATENCY = { minMs: 0.05, p50Ms: 1.24, p95Ms: 2, p99Ms: 31, maxMs: 1500 };
const figures = (more: Partial<BenchmarkFigures> = {}): BenchmarkFigures => ({ test: 'PING', way: 'tunnel', requests: 10_000, perSecond: 9800, latency: LATENCY, errors: 0, ...more });

class World {
  readonly posted: BenchmarkToPage[] = [];
  readonly runs: { options: BenchmarkOptions; end: (report: BenchmarkReport) => void; fail: (fault: Fault) => void }[] = [];
  readonly ui = new FakeUi();
  entered: RedisLogin[] = [];
  readonly controller: BenchmarkController;

  constructor(name = 'orders') {
    this.controller = new BenchmarkController(tunnel('t1', undefined, name), {
      services: { targetCa: async () => undefined, logger: nullLogger },
      runBenchmark: (options, signal) =>
        new Promise((end, fail) => {
          signal.addEventListener('abort', () => fail(cancelled()));
          this.runs.push({ options, end, fail });
        }),
      logins: { known: async () => undefined, ask: async () => this.entered.shift(), forget: async () => {} },
      ui: this.ui,
      productionRules: () => RULES,
      post: (message) => this.posted.push(structuredClone(message)),
    });
    this.controller.receive({ type: 'ready' });
  }

  get last(): BenchmarkToPage {
    return this.posted.at(-1)!;
  }

  async start(): Promise<World['runs'][number]> {
    const before = this.runs.length;
    this.controller.receive({ type: 'start', choice: DEFAULT_BENCHMARK });
    await eventually(() => this.runs.length > before);
    return this.runs.at(-1)!;
  }
}

describe('The page of a benchmark', () => {
  it('begins with a plan, and shows progress, figures and what they mean', async () => {
    const world = new World();
    assert.equal(world.last.title, 'Benchmark: orders');
    assert.deepEqual(world.last.choice, DEFAULT_BENCHMARK);
    assert.deepEqual([world.last.running, world.last.status, world.last.notes], [false, '', []]);
    const run = await world.start();
    assert.deepEqual([world.last.running, world.last.status], [true, 'Connecting…']);
    run.options.onProgress({ test: 'PING', way: 'tunnel', done: 5000, of: 10_000 });
    assert.deepEqual(world.last.progress, { share: 0.5 / 6, text: 'PING, tunnel: 5000 of 10000' });
    run.options.onFigures(figures({ serverUs: 1.4 }));
    run.options.onFigures(figures({ way: 'direct', requests: 400, perSecond: 12.4, serverUs: 0.43, errors: 3, error: 'NOPERM \u001b[31mno' }));
    run.end({ figures: [], noDirect: { code: 'redis.unreachable', message: 'Nobody answers.', retryable: true } });
    await eventually(() => !world.last.running);
    assert.deepEqual([world.last.status, world.last.level, world.last.progress], ['Done.', 'ok', null]);
    assert.deepEqual(world.last.rows.map(({ rateText, cells }) => [rateText, ...cells]), [
      ['9.8k/s', '1.2 ms', '2.0 ms', '31 ms', '1.5 s', '1 µs', ''],
      ['12/s', '1.2 ms', '2.0 ms', '31 ms', '1.5 s', '0.4 µs', '3'],
    ]);
    assert.deepEqual(world.last.notes.slice(0, 3), [
      'PING, direct: the server answered NOPERM  [31mno',
      'PING, direct: ended after a minute with 400 requests.',
      'There are no direct figures beside. Nobody answers.',
    ]);
    assert.ok(world.posted.every((page) => parseBenchmarkToPage(page) !== undefined));
  });

  it('copies the results as a table', async () => {
    const world = new World();
    world.controller.receive({ type: 'copy' });
    assert.equal(world.ui.copied, undefined);
    const run = await world.start();
    run.options.onFigures(figures());
    world.controller.receive({ type: 'copy' });
    await eventually(() => world.ui.copied);
    assert.match(world.ui.copied!, /^Benchmark: orders\nClients: 10, Requests: 10000, .*\n\nTest\tWay\t.*\nPING\ttunnel\t9\.8k\/s\t1\.2 ms\t/);
  });

  it('asks for the name of a production target, each time, and runs nothing without it', async () => {
    const world = new World('orders-prod');
    world.controller.receive({ type: 'start', choice: DEFAULT_BENCHMARK });
    await eventually(() => world.ui.inputs.length === 1);
    assert.equal(world.ui.inputs[0]!.validate!('orders'), 'This is not its name, which is orders-prod.');
    assert.equal(world.ui.inputs[0]!.validate!(' orders-prod '), undefined);
    assert.match(world.ui.inputs[0]!.prompt, /^It counts as production: its name contains "prod"\./);
    assert.equal(world.runs.length, 0);
    world.ui.type = ['orders-prod'];
    const run = await world.start();
    run.end({ figures: [] });
    await eventually(() => world.last.status === 'Done.');
    world.controller.receive({ type: 'start', choice: DEFAULT_BENCHMARK });
    await eventually(() => world.ui.inputs.length === 3);
    assert.equal(world.runs.length, 1);
  });

  it('says of its tunnel whether it goes directly already', async () => {
    const world = new World();
    const byBastion = await world.start();
    assert.equal(byBastion.options.isDirect, false);
    byBastion.end({ figures: [] });
    await eventually(() => !world.last.running);
    const { route, ...rest } = world.controller.tunnel;
    const { bastion: _, ssh: __, ...end } = route;
    world.controller.moveTo({ ...rest, route: { ...end, method: 'direct' } });
    assert.equal((await world.start()).options.isDirect, true);
  });

  it('runs once at a time, and stops when it is told to, or closed', async () => {
    const world = new World();
    const run = await world.start();
    world.controller.receive({ type: 'start', choice: DEFAULT_BENCHMARK });
    run.options.onFigures(figures());
    world.controller.receive({ type: 'stop' });
    await eventually(() => !world.last.running);
    assert.equal(world.runs.length, 1);
    assert.deepEqual([world.last.status, world.last.level, world.last.rows.length], ['Stopped. What was measured until then is shown.', 'warning', 1]);
    await world.start();
    assert.equal(world.last.rows.length, 0);
    const { length } = world.posted;
    world.controller.dispose();
    await assert.rejects(eventually(() => world.posted.length > length, 'a message to a closed page', 50));
  });

  it('asks for a login where one is needed, and says what went wrong', async () => {
    const world = new World();
    world.entered = [{ password: 'secret' }];
    const first = await world.start();
    first.fail(new Fault('redis.passwordNeeded', 'A password is needed.'));
    await eventually(() => world.runs.length === 2);
    assert.deepEqual(world.runs[1]!.options.tunnel.login, { password: 'secret' });
    world.runs[1]!.fail(new Fault('redis.connectionLost', 'The connection was lost.', { remedy: { text: 'Start again.' } }));
    await eventually(() => world.last.level === 'error');
    assert.equal(world.last.status, 'The connection was lost. Start again.');
    assert.ok(!JSON.stringify(world.posted).includes('secret'));
  });

  it('passes its own messages, and nothing else', () => {
    assert.deepEqual(parseBenchmarkToHost({ type: 'start', choice: { ...DEFAULT_BENCHMARK, tests: ['GET', 'FLUSHALL', 'PING'], more: 1 } }), {
      type: 'start',
      choice: { ...DEFAULT_BENCHMARK, tests: ['PING', 'GET'] },
    });
    for (const wrong of [null, 'stop', { type: 'start' }, { type: 'start', choice: { ...DEFAULT_BENCHMARK, clients: '10' } }, { type: 'start', choice: { ...DEFAULT_BENCHMARK, clients: -1 } }, { type: 'run' }]) {
      assert.equal(parseBenchmarkToHost(wrong), undefined);
    }
    const [page] = new World().posted;
    for (const wrong of [{ ...page, rows: [{}] }, { ...page, notes: [1] }, { ...page, progress: {} }, { ...page, level: 'x' }, { ...page, strings: {} }, { ...page, bounds: {} }]) {
      assert.equal(parseBenchmarkToPage(wrong), undefined);
    }
  });
});

describe('The bars of a chart', () => {
  it('are as long as their values, groups apart, and what is more than nothing can be seen', () => {
    const { bars, height } = placeBars([
      { group: 'PING', kind: 'tunnel', value: 100, text: '' },
      { group: 'PING', kind: 'direct', value: 0.001, text: '' },
      { group: 'SET', kind: 'tunnel', value: 50, text: '' },
      { group: 'SET', kind: 'direct', value: 0, text: '' },
    ]);
    assert.deepEqual(bars.map(({ width }) => width), [240, 2, 120, 0]);
    assert.deepEqual(bars.map(({ first }) => first), [true, false, true, false]);
    assert.ok(bars[2]!.y - bars[1]!.y > bars[1]!.y - bars[0]!.y);
    assert.ok(height > bars[3]!.y);
    assert.deepEqual(placeBars([]), { bars: [], height: 0 });
  });
});
