import type { FaultData } from '../../base/fault';
import { describeFault } from '../../base/fault';
import { BENCHMARK_BOUNDS, type BenchmarkPlan } from '../../model/benchmark';
import type { TunnelInfo } from '../../model/tunnel';
import type { BenchmarkFigures, BenchmarkProgress, BenchmarkWay } from '../../redis/types';
import type { BenchmarkRow, BenchmarkStrings, BenchmarkToPage } from '../../webview/protocol';
import type { Localizer } from '../localizer';
import { labelText } from '../safeText';
import { latencyText, routeLabel } from '../wording';

/** Where one page stands. */
export interface BenchmarkState {
  readonly tunnel: TunnelInfo;
  readonly plan: BenchmarkPlan;
  readonly phase: 'idle' | 'connecting' | 'running' | 'done' | 'stopped' | 'failed';
  readonly progress?: BenchmarkProgress;
  readonly figures: readonly BenchmarkFigures[];
  readonly noDirect?: FaultData;
  readonly fault?: FaultData;
}

const LEVEL = { idle: 'none', connecting: 'none', running: 'none', done: 'ok', stopped: 'warning', failed: 'error' } as const;

/** Everything that the page shows, as texts and numbers. */
export function benchmarkPage(state: BenchmarkState, l10n: Localizer): BenchmarkToPage {
  const { tunnel, plan, phase, progress, figures } = state;
  const running = phase === 'connecting' || phase === 'running';
  return {
    type: 'show',
    strings: strings(l10n),
    title: l10n.t('Benchmark: {0}', labelText(routeLabel(tunnel.route, l10n))),
    about: l10n.t('Keys of its own are written, deleted at the end, and expire by themselves after five minutes. The server works for all its clients meanwhile.'),
    status: statusOf(state, l10n),
    level: LEVEL[phase],
    running,
    progress: running ? progressOf(progress, state, l10n) : null,
    choice: plan,
    bounds: BENCHMARK_BOUNDS,
    // Both ways of a test beside each other.
    rows: plan.tests.flatMap((test) => figures.filter((one) => one.test === test).map((one) => rowOf(one, l10n))),
    notes: notesOf(state, l10n),
  };
}

/** The results as text, to be pasted somewhere: columns apart by tabs. */
export function benchmarkText(state: BenchmarkState, l10n: Localizer): string {
  const { title, strings: names, rows, choice, notes } = benchmarkPage(state, l10n);
  const plan = (['clients', 'requests', 'pipeline', 'valueBytes'] as const).map((name) => `${names[name]}: ${choice[name]}`).join(', ');
  const heads = [names.test, names.way, names.rate, names.p50, names.p95, names.p99, names.longest, names.server, names.errors];
    return [title, plan, '', heads.join('\t'), ...rows.map(({ test, way, rateText, cells }) => `${test}\t${names[way]}\t${rateText}\t${cells.join('\t')}`), '', ...notes].join('\n').trimEnd();
}

function strings(l10n: Localizer): BenchmarkStrings {
  return {
    tests: l10n.t('Tests'),
    clients: l10n.t('Clients'),
    requests: l10n.t('Requests'),
    pipeline: l10n.t('Pipeline'),
    valueBytes: l10n.t('Value, bytes'),
    start: l10n.t('Start'),
    stop: l10n.t('Stop'),
    copy: l10n.t('Copy Results'),
    rate: l10n.t('Requests per second'),
    latency: l10n.t('Latency'),
    results: l10n.t('Results'),
    test: l10n.t('Test'),
    way: l10n.t('Way'),
    p50: l10n.t('p50'),
    p95: l10n.t('p95'),
    p99: l10n.t('p99'),
    longest: l10n.t('Longest'),
    server: l10n.t('Server’s own'),
    errors: l10n.t('Errors'),
    tunnel: l10n.t('tunnel'),
    direct: l10n.t('direct'),
    nothingYet: l10n.t('Nothing has been measured yet.'),
  };
}

function statusOf({ phase, tunnel, fault }: BenchmarkState, l10n: Localizer): string {
  switch (phase) {
    case 'idle':
      return '';
    case 'connecting':
      return l10n.t('Connecting…');
    case 'running':
      return l10n.t('Measuring {0}…', labelText(tunnel.route.target.name));
    case 'done':
      return l10n.t('Done.');
    case 'stopped':
      return l10n.t('Stopped. What was measured until then is shown.');
    case 'failed':
      return fault ? labelText(describeFault(fault)) : '';
  }
}

function progressOf(progress: BenchmarkProgress | undefined, { plan, figures, noDirect }: BenchmarkState, l10n: Localizer): BenchmarkToPage['progress'] {
  if (!progress) return { share: 0, text: l10n.t('Connecting…') };
  const { test, way, done, of } = progress;
  const all = plan.tests.length * (noDirect ? 1 : 2);
  const share = Math.min(1, (figures.length + done / of) / all);
  return { share, text: l10n.t('{0}, {1}: {2} of {3}', test, wayText(way, l10n), done, of) };
}

function wayText(way: BenchmarkWay, l10n: Localizer): string {
  return way === 'tunnel' ? l10n.t('tunnel') : l10n.t('direct');
}

function rowOf({ test, way, perSecond, latency, serverUs, errors }: BenchmarkFigures, l10n: Localizer): BenchmarkRow {
  const times = latency ? [latency.p50Ms, latency.p95Ms, latency.p99Ms, latency.maxMs].map((ms) => preciseText(ms)) : ['', '', '', ''];
  const [p50 = '', p95 = '', p99 = '', longest = ''] = times;
  return {
    test,
    way,
    rate: perSecond,
    rateText: l10n.t('{0}/s', countText(perSecond)),
    p50Ms: latency?.p50Ms ?? 0,
    p99Ms: latency?.p99Ms ?? 0,
    cells: [p50, p95, p99, longest, serverUs === undefined ? '' : preciseText(serverUs / 1000), errors === 0 ? '' : String(errors)],
  };
}

/** `0.4 µs`, `12 µs`, `0.84 ms`, else as everywhere: on loopback a tenth of a millisecond is too coarse, and a server needs less than a microsecond. */
function preciseText(ms: number): string {
  if (ms > 0 && ms < 0.00095) return `${Math.max(0.1, ms * 1000).toFixed(1)} µs`;
  if (ms < 0.1) return `${Math.round(ms * 1000)} µs`;
  return ms < 0.995 ? `${ms.toFixed(2)} ms` : latencyText(ms);
}

/** `840`, `9.8k`, `24k`, `1.2M`. */
function countText(value: number): string {
  if (value < 999.5) return String(Math.round(value));
  const [scaled, unit] = value < 999_500 ? [value / 1000, 'k'] : [value / 1_000_000, 'M'];
  return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

function notesOf({ figures, noDirect, plan, phase }: BenchmarkState, l10n: Localizer): string[] {
  const errors = figures.flatMap(({ test, way, error }) => (error === undefined ? [] : [l10n.t('{0}, {1}: the server answered {2}', test, wayText(way, l10n), labelText(error))]));
  const short = figures
    .filter(({ requests }) => requests < plan.requests)
    .map(({ test, way, requests }) => l10n.t('{0}, {1}: ended after a minute with {2} requests.', test, wayText(way, l10n), requests));
  const direct = noDirect ? [`${l10n.t('There are no direct figures beside.')} ${labelText(noDirect.message)}`] : [];
  const server = figures.some(({ serverUs }) => serverUs !== undefined)
    ? [l10n.t('“Server’s own” is the time that the server itself says one such command took it on average meanwhile, whoever sent it.')]
    : [];
  return phase === 'idle' ? [] : [...errors, ...short, ...direct, ...server];
}
