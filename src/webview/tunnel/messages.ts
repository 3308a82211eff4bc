/**
 * The messages between the extension and the page of a tunnel's details. All texts come translated and formatted from the
 * extension; numbers are there to be drawn.
 */

import { isAmount, isFields, textsOf } from '../parsing';

/** From the page. */
export type TunnelToHost = { readonly type: 'ready' };

/** What the page is labelled with. */
export interface TunnelPageStrings {
  readonly facts: string;
  readonly latency: string;
  readonly throughput: string;
  readonly received: string;
  readonly sent: string;
  readonly failed: string;
  readonly time: string;
  readonly table: string;
  readonly nothingYet: string;
}

const STRING_KEYS = [
  'facts',
  'latency',
  'throughput',
  'received',
  'sent',
  'failed',
  'time',
  'table',
  'nothingYet',
] as const satisfies readonly (keyof TunnelPageStrings)[];

export interface TunnelFact {
  readonly label: string;
  readonly value: string;
}

/** One probe: what is drawn, and what the table says. */
export interface TunnelPoint {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly time: string;
  /** ms; null when none was measured. */
  readonly latencyMs: number | null;
  readonly latency: string;
  readonly failed: boolean;
  /** Bytes per second since the point before. */
  readonly sentRate: number;
  readonly sent: string;
  readonly receivedRate: number;
  readonly received: string;
}

export type TunnelLevel = 'ok' | 'warning' | 'error' | 'none';
const LEVELS: ReadonlySet<string> = new Set<TunnelLevel>(['ok', 'warning', 'error', 'none']);

/** To the page: everything that it shows, each time. */
export interface TunnelToPage {
  readonly type: 'show';
  readonly strings: TunnelPageStrings;
  readonly title: string;
  readonly status: string;
  readonly level: TunnelLevel;
  readonly facts: readonly TunnelFact[];
  /** What the graphs show, in a sentence each. */
  readonly latencySummary: string;
  readonly throughputSummary: string;
  /** The highest value of each graph, as text. */
  readonly latencyTop: string;
  readonly throughputTop: string;
  /** The oldest first. */
  readonly points: readonly TunnelPoint[];
}

const MAX_TEXT_CHARS = 4000;
const MAX_FACTS = 50;
const MAX_POINTS = 500;

/** The message, or undefined for anything that is none. */
export function parseTunnelToHost(value: unknown): TunnelToHost | undefined {
  return isFields(value) && value['type'] === 'ready' ? { type: 'ready' } : undefined;
}

/** The message, or undefined for anything that is none. Fields that do not belong are dropped. */
export function parseTunnelToPage(value: unknown): TunnelToPage | undefined {
  if (!isFields(value) || value['type'] !== 'show') return undefined;
  const strings = textsOf(value['strings'], STRING_KEYS, MAX_TEXT_CHARS);
  const texts = textsOf(value, ['title', 'status', 'latencySummary', 'throughputSummary', 'latencyTop', 'throughputTop'], MAX_TEXT_CHARS);
  const { level } = value as { level?: unknown };
  const facts = listOf(value['facts'], MAX_FACTS, (one) => textsOf(one, ['label', 'value'], MAX_TEXT_CHARS));
  const points = listOf(value['points'], MAX_POINTS, pointOf);
  if (!strings || !texts || !facts || !points || typeof level !== 'string' || !LEVELS.has(level)) return undefined;
  return { type: 'show', strings, ...texts, level: level as TunnelLevel, facts, points };
}

function pointOf(value: unknown): TunnelPoint | undefined {
  const texts = textsOf(value, ['time', 'latency', 'sent', 'received'], MAX_TEXT_CHARS);
  if (!texts || !isFields(value)) return undefined;
  const { at, latencyMs, failed, sentRate, receivedRate } = value as Record<string, unknown>;
  if (!isAmount(at) || !(latencyMs === null || isAmount(latencyMs)) || typeof failed !== 'boolean') return undefined;
  if (!isAmount(sentRate) || !isAmount(receivedRate)) return undefined;
  return { at, latencyMs, failed, sentRate, receivedRate, ...texts };
}

function listOf<T>(value: unknown, limit: number, parse: (one: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > limit) return undefined;
  const parsed = value.map((one) => parse(one));
  return parsed.every((one) => one !== undefined) ? parsed : undefined;
}
