/**
 * The messages between the extension and the page of a cluster. All texts come translated and formatted from the extension; slots
 * are there to be drawn.
 */

import { isFields, isText } from '../parsing';

/** From the page. `node`: the key of one. */
export type ClusterToHost =
  | { readonly type: 'ready' | 'refresh' | 'readAll' | 'connect' }
  | { readonly type: 'ping' | 'console'; readonly node: string };

export interface ClusterStrings {
  readonly refresh: string;
  readonly readAll: string;
  readonly connect: string;
  readonly slots: string;
  readonly node: string;
  readonly role: string;
  readonly health: string;
  readonly keys: string;
  readonly memory: string;
  readonly replication: string;
  readonly latency: string;
  readonly version: string;
  readonly ping: string;
  readonly console: string;
}

const STRING_KEYS = [
  'refresh',
  'readAll',
  'connect',
  'slots',
  'node',
  'role',
  'health',
  'keys',
  'memory',
  'replication',
  'latency',
  'version',
  'ping',
  'console',
] as const satisfies readonly (keyof ClusterStrings)[];

export type ClusterLevel = 'none' | 'ok' | 'warning' | 'error';

export interface ClusterNodeRow {
  /** Names it in messages. */
  readonly key: string;
  readonly name: string;
  /** Host and port in full. */
  readonly address: string;
  readonly level: ClusterLevel;
  readonly primary: boolean;
  /** Texts of role, health, keys, memory, replication, latency and version: empty where it is not known. */
  readonly cells: readonly [string, string, string, string, string, string, string];
  /** What went wrong with it; empty. */
  readonly note: string;
  /** What its two buttons are called for whoever cannot see in which row they stand. */
  readonly pingLabel: string;
  readonly consoleLabel: string;
}

export interface ClusterShardRow {
  readonly label: string;
  /** Which slots, and how many. */
  readonly slots: string;
  /** First and last, 0 to 16383, in order. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly nodes: readonly ClusterNodeRow[];
}

/** To the page: everything that it shows, each time. */
export interface ClusterToPage {
  readonly type: 'show';
  readonly strings: ClusterStrings;
  readonly title: string;
  /** What the cluster is, one line. */
  readonly about: string;
  /** What happens now, or went wrong; said aloud when it changes. */
  readonly status: string;
  readonly level: ClusterLevel;
  /** Whether nothing can be asked now. */
  readonly busy: boolean;
  /** Whether there is no connection, and one can be made. */
  readonly connectable: boolean;
  /** Whether nodes are left that have not been asked. */
  readonly more: boolean;
  readonly shards: readonly ClusterShardRow[];
  /** The bar of slots in a sentence. */
  readonly picture: string;
}

const MAX_SHARDS = 1000;
const MAX_NODES = 3000;
const MAX_RANGES = 16_384;
const SLOTS = 16_384;

/** The message, or undefined for anything that is none. Fields that do not belong are dropped. */
export function parseClusterToHost(value: unknown): ClusterToHost | undefined {
  if (!isFields(value)) return undefined;
  const { type, node } = value as { readonly type?: unknown; readonly node?: unknown };
  switch (type) {
    case 'ready':
    case 'refresh':
    case 'readAll':
    case 'connect':
      return { type };
    case 'ping':
    case 'console':
      return isText(node) && node.length <= 300 ? { type, node } : undefined;
    default:
      return undefined;
  }
}

/** The message, or undefined for anything that is none. */
export function parseClusterToPage(value: unknown): ClusterToPage | undefined {
  if (!isFields(value) || value['type'] !== 'show') return undefined;
  const page = value as unknown as ClusterToPage;
  const { strings } = page as { readonly strings: unknown };
  const sound =
    isFields(strings) &&
    STRING_KEYS.every((key) => isText(strings[key])) &&
    [page.title, page.about, page.status, page.picture].every((text) => isText(text)) &&
    isLevel(page.level) &&
    [page.busy, page.connectable, page.more].every((flag) => typeof flag === 'boolean') &&
    isList(page.shards, MAX_SHARDS, isShard);
  return sound ? page : undefined;
}

function isShard(value: unknown): boolean {
  if (!isFields(value)) return false;
  return isText(value['label']) && isText(value['slots']) && isList(value['ranges'], MAX_RANGES, isRange) && isList(value['nodes'], MAX_NODES, isNode);
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [from, to]: readonly unknown[] = value;
  return isSlot(from) && isSlot(to) && from <= to;
}

function isSlot(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < SLOTS;
}

function isNode(value: unknown): boolean {
  if (!isFields(value)) return false;
  const texts = ['key', 'name', 'address', 'note', 'pingLabel', 'consoleLabel'].every((key) => isText(value[key]));
  const { cells } = value as { readonly cells?: unknown };
  return texts && isLevel(value['level']) && typeof value['primary'] === 'boolean' && Array.isArray(cells) && cells.length === 7 && cells.every((cell) => isText(cell));
}

function isList(value: unknown, limit: number, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= limit && value.every((one) => isOne(one));
}

function isLevel(value: unknown): boolean {
  return value === 'none' || value === 'ok' || value === 'warning' || value === 'error';
}
