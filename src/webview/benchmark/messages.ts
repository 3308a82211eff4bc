/**
 * The messages between the extension and the page of a benchmark. All texts come translated and formatted from the extension;
 * numbers are there to be drawn, and to be typed by the person.
 */

import type { BenchmarkPlan, BenchmarkTest } from '../../model/benchmark';
import { isAmount, isFields, isText } from '../parsing';

export const BENCHMARK_TESTS: readonly BenchmarkTest[] = ['PING', 'SET', 'GET'];
export const BENCHMARK_NUMBERS = ['clients', 'requests', 'pipeline', 'valueBytes'] as const satisfies readonly (keyof BenchmarkPlan)[];
export type BenchmarkNumber = (typeof BENCHMARK_NUMBERS)[number];

/** From the page. */
export type BenchmarkToHost =
  | { readonly type: 'ready' | 'stop' | 'copy' }
  /** The extension checks the bounds. */
  | { readonly type: 'start'; readonly choice: BenchmarkPlan };

const STRING_KEYS = [
  'tests',
  'clients',
  'requests',
  'pipeline',
  'valueBytes',
  'start',
  'stop',
  'copy',
  'rate',
  'latency',
  'results',
  'test',
  'way',
  'p50',
  'p95',
  'p99',
  'longest',
  'server',
  'errors',
  'tunnel',
  'direct',
  'nothingYet',
] as const;
export type BenchmarkStrings = Readonly<Record<(typeof STRING_KEYS)[number], string>>;

/** One test by one way. */
export interface BenchmarkRow {
  readonly test: string;
  readonly way: 'tunnel' | 'direct';
  /** Requests per second. */
  readonly rate: number;
  readonly rateText: string;
  /** ms; 0 where nothing was answered. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Texts for p50, p95, p99, the longest, the server's own time, and errors: empty where there is none. */
  readonly cells: readonly [string, string, string, string, string, string];
}

/** To the page: everything that it shows, each time. */
export interface BenchmarkToPage {
  readonly type: 'show';
  readonly strings: BenchmarkStrings;
  readonly title: string;
  /** What is measured, one line. */
  readonly about: string;
  /** What happens now, or went wrong; said aloud when it changes. */
  readonly status: string;
  readonly level: 'none' | 'ok' | 'warning' | 'error';
  readonly running: boolean;
  /** 0 to 1, and what it is about; null when nothing runs. */
  readonly progress: { readonly share: number; readonly text: string } | null;
  readonly choice: BenchmarkPlan;
  /** Smallest and largest value of each number. */
  readonly bounds: Readonly<Record<BenchmarkNumber, readonly [number, number]>>;
  readonly rows: readonly BenchmarkRow[];
  /** What there is to say of the results. */
  readonly notes: readonly string[];
}

/** The message, or undefined for anything that is none. Fields that do not belong are dropped. */
export function parseBenchmarkToHost(value: unknown): BenchmarkToHost | undefined {
  if (!isFields(value)) return undefined;
  const { type } = value as { readonly type?: unknown };
  if (type === 'ready' || type === 'stop' || type === 'copy') return { type };
  if (type !== 'start') return undefined;
  const choice = choiceOf(value['choice']);
  return choice && { type, choice };
}

/** The message, or undefined for anything that is none. */
export function parseBenchmarkToPage(value: unknown): BenchmarkToPage | undefined {
  if (!isFields(value) || value['type'] !== 'show') return undefined;
  const page = value as unknown as BenchmarkToPage;
  const { strings, progress, bounds } = page as { readonly strings: unknown; readonly progress: unknown; readonly bounds: unknown };
  const sound =
    isFields(strings) &&
    STRING_KEYS.every((key) => isText(strings[key])) &&
    [page.title, page.about, page.status].every((one) => isText(one)) &&
    ['none', 'ok', 'warning', 'error'].includes(page.level) &&
    typeof page.running === 'boolean' &&
    (progress === null || (isFields(progress) && isAmount(progress['share']) && isText(progress['text']))) &&
    choiceOf(page.choice) !== undefined &&
    isFields(bounds) &&
    BENCHMARK_NUMBERS.every((name) => isPair(bounds[name])) &&
    Array.isArray(page.rows) &&
    page.rows.every(isRow) &&
    Array.isArray(page.notes) &&
    page.notes.every((one) => isText(one));
  return sound ? page : undefined;
}

function choiceOf(value: unknown): BenchmarkPlan | undefined {
  if (!isFields(value)) return undefined;
  const { tests, clients, requests, pipeline, valueBytes } = value as Record<'tests' | BenchmarkNumber, unknown>;
  if (!Array.isArray(tests) || !isAmount(clients) || !isAmount(requests) || !isAmount(pipeline) || !isAmount(valueBytes)) return undefined;
  const chosen = BENCHMARK_TESTS.filter((test) => tests.includes(test));
  return { tests: chosen, clients, requests, pipeline, valueBytes };
}

function isRow(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { test, way, rate, rateText, p50Ms, p99Ms, cells } = value as Record<keyof BenchmarkRow, unknown>;
  return (
    isText(test) &&
    (way === 'tunnel' || way === 'direct') &&
    [rate, p50Ms, p99Ms].every(isAmount) &&
    isText(rateText) &&
    Array.isArray(cells) &&
    cells.length === 6 &&
    cells.every((one) => isText(one))
  );
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isAmount);
}
