/**
 * The messages between the extension and the console page. Both sides parse what they get: a page can be
 * tampered with through what it shows, and an extension can be newer than a page that was restored.
 */

import { parseRenames } from '../model/redisSecrets';
import { type CompletionMessage, parseComplete, parseCompletion } from './console/completionMessages';
import { isView, parseReplyMessage, parseReplyRequest, type ReplyMessage, type ReplyRequest, type ReplyView } from './console/replyMessages';
import { type Fields, isAmount, isCount, isFields, textsOf } from './parsing';

/** Where the console stands; exactly one at a time. */
export type ConsoleStatus = 'connecting' | 'ready' | 'lost' | 'failed' | 'tunnelClosed';

const STATUSES: ReadonlySet<string> = new Set<ConsoleStatus>(['connecting', 'ready', 'lost', 'failed', 'tunnelClosed']);

/** From the page. `id` is the page's own number of an entry, rising by one. */
export type ToHost =
  | { readonly type: 'ready' }
  /**
   * `rest`: the lines of the same paste that follow its first one; they are judged together, before any runs.
   * `judged`: it was among the `rest` of another.
   */
  | { readonly type: 'run'; readonly id: number; readonly line: string; readonly rest: readonly string[]; readonly judged: boolean }
  | { readonly type: 'cancel'; readonly id: number }
  /** `id`: of the request, rising by one. `explicit`: the person has asked for it, rather than just typed. */
  | { readonly type: 'complete'; readonly id: number; readonly line: string; readonly cursor: number; readonly explicit: boolean }
  | ReplyRequest
  | { readonly type: 'ping' }
  /** Connect again, asking for the password where one is needed. */
  | { readonly type: 'connect' }
  /** Allow writes to a production target for a while, or no longer. */
  | { readonly type: 'unlockWrites' | 'lockWrites' };

/** The page's texts, translated by the extension. `{0}` is a hole. */
export interface ConsoleStrings {
  readonly title: string;
  readonly inputLabel: string;
  readonly repliesLabel: string;
  readonly connecting: string;
  readonly lost: string;
  readonly restored: string;
  /** At the prompt, in place of the address, while there is no connection. */
  readonly notConnected: string;
  readonly tunnelClosed: string;
  readonly connect: string;
  readonly running: string;
  readonly cancel: string;
  readonly cancelled: string;
  /** `{0}`: lines of a paste that wait. */
  readonly waiting: string;
  readonly notRun: string;
  /** `{0}`: how many lines of a paste, `{1}`: how many fit. */
  readonly tooManyLines: string;
  readonly ping: string;
  readonly pinging: string;
  /** `{0}`: ms with one decimal. */
  readonly latency: string;
  /** `{0}`: p50, `{1}`: p99, ms. */
  readonly pulse: string;
  /** `{0}`: how many pings, `{1}`: p50, `{2}`: p99, ms. */
  readonly pulseLabel: string;
  readonly truncated: string;
  readonly unanswered: string;
  readonly clear: string;
  readonly readOnly: string;
  /** `{0}`: minutes. */
  readonly unlocked: string;
  readonly unlock: string;
  readonly lock: string;
  /** `{0}`: what is searched for. */
  readonly search: string;
  readonly searchEmpty: string;
  readonly completionsLabel: string;
  /** `{0}`: how many. */
  readonly completions: string;
  /** `{0}`: a version. */
  readonly since: string;
  readonly deprecated: string;
  /** `{0}`: what replaces it, or a version. */
  readonly deprecatedFor: string;
  /** `{0}`: the command. */
  readonly actions: string;
  readonly viewText: string;
  readonly viewJson: string;
  readonly viewTable: string;
  readonly viewHex: string;
  readonly viewDecoded: string;
  readonly copy: string;
  readonly openInEditor: string;
  readonly stop: string;
  readonly stopped: string;
  readonly cutOff: string;
  readonly gone: string;
  readonly loading: string;
  /** `{0}`: the command. */
  readonly rowsLabel: string;
  /** `{0}`: how many so far. */
  readonly rowsSoFar: string;
  /** `{0}` and `{1}`: numbers of rows, `{2}`: of how many. */
  readonly rowsShown: string;
  readonly find: string;
  readonly findNext: string;
  readonly findPrevious: string;
  /** `{0}`: the number of a row. */
  readonly foundAt: string;
  readonly notFound: string;
}

const STRING_KEYS = [
  'title',
  'inputLabel',
  'repliesLabel',
  'connecting',
  'lost',
  'restored',
  'notConnected',
  'tunnelClosed',
  'connect',
  'running',
  'cancel',
  'cancelled',
  'waiting',
  'notRun',
  'tooManyLines',
  'ping',
  'pinging',
  'latency',
  'pulse',
  'pulseLabel',
  'truncated',
  'unanswered',
  'clear',
  'readOnly',
  'unlocked',
  'unlock',
  'lock',
  'search',
  'searchEmpty',
  'completionsLabel',
  'completions',
  'since',
  'deprecated',
  'deprecatedFor',
  'actions',
  'viewText',
  'viewJson',
  'viewTable',
  'viewHex',
  'viewDecoded',
  'copy',
  'openInEditor',
  'stop',
  'stopped',
  'cutOff',
  'gone',
  'loading',
  'rowsLabel',
  'rowsSoFar',
  'rowsShown',
  'find',
  'findNext',
  'findPrevious',
  'foundAt',
  'notFound',
] as const satisfies readonly (keyof ConsoleStrings)[];

export type ReplyEnding = 'whole' | 'stopped' | 'lost';

const ENDINGS: ReadonlySet<unknown> = new Set<ReplyEnding>(['whole', 'stopped', 'lost']);

/** To the page. */
export type ToPage =
  /** The answer to `ready`; `running` is the entry that is still being answered. */
  | {
      readonly type: 'setup';
      readonly strings: ConsoleStrings;
      readonly prompt: string;
      readonly status: ConsoleStatus;
      readonly detail: string;
      readonly running: number | null;
      /** What was typed on this connection before, oldest first; without secrets. */
      readonly history: readonly string[];
    }
  | { readonly type: 'status'; readonly status: ConsoleStatus; readonly prompt: string; readonly detail: string }
  | {
      readonly type: 'reply';
      readonly id: number;
      readonly kind: 'value' | 'error';
      /** Empty where the reply is large. */
      readonly text: string;
      /** Of the text of a large reply, which the extension has; else 0. */
      readonly rows: number;
      /** What else can be shown of it. */
      readonly views: readonly ReplyView[];
      readonly truncated: boolean;
      /** A large reply of which only a part came: the person stopped it, or the connection was lost. */
      readonly ending: ReplyEnding;
      /** ms. */
      readonly elapsedMs: number;
      readonly prompt: string;
    }
  /** The command was not answered; `cancelled` when the person wanted it so. */
  | {
      readonly type: 'fault';
      readonly id: number;
      readonly text: string;
      readonly cancelled: boolean;
      /** Whether it was refused because the target is read-only here, so that unlocking is the way out. */
      readonly readOnly: boolean;
      readonly prompt: string;
    }
  | {
      readonly type: 'guard';
      readonly production: boolean;
      /** Why it counts as production, one sentence; else empty. */
      readonly reasons: string;
      /** For which writes are still allowed, rounded up; 0 when they are not. Means nothing where it is not production. */
      readonly minutesLeft: number;
    }
  /** All names known by now that commands with secrets have on this server. */
  | { readonly type: 'renames'; readonly names: readonly (readonly [name: string, own: string])[] }
  | CompletionMessage
  | ReplyMessage
  /** Search the history, or go on to an older line: VS Code keeps the key for itself, so it comes as a command. */
  | { readonly type: 'searchHistory' }
  /** Of the last pings that nobody asked for, oldest first, ms; null where one was not answered. */
  | { readonly type: 'pulse'; readonly latencies: readonly (number | null)[] }
  | { readonly type: 'pong'; readonly latencyMs: number }
  | { readonly type: 'pingFailed'; readonly text: string };

/** Longest line that is taken from the page, and longest text that is given to it: the engine's bound with room for its escapes. */
export const MAX_LINE_CHARS = 1024 * 1024;
const MAX_TEXT_CHARS = 2 * 1024 * 1024;
/** Lines that one paste may have, and all of their text together, UTF-16 units. */
export const MAX_PASTE_LINES = 10_000;
export const MAX_PASTE_CHARS = 8 * 1024 * 1024;

/** The message, or undefined for anything that is none. Fields that do not belong are dropped. */
export function parseToHost(value: unknown): ToHost | undefined {
  if (!isFields(value)) return undefined;
  const { type, id, line, rest, judged } = value as Partial<Record<'type' | 'id' | 'line' | 'rest' | 'judged', unknown>>;
  switch (type) {
    case 'ready':
    case 'ping':
    case 'connect':
    case 'unlockWrites':
    case 'lockWrites':
      return { type };
    case 'run':
      return isCount(id) && isText(line, MAX_LINE_CHARS) && isLines(rest) && typeof judged === 'boolean'
        ? { type, id, line, rest, judged }
        : undefined;
    case 'complete':
      return parseComplete(value);
    case 'cancel':
      return isCount(id) ? { type, id } : undefined;
    default:
      return parseReplyRequest(value);
  }
}

/** The message, or undefined for anything that is none. Fields that do not belong are dropped. */
export function parseToPage(value: unknown): ToPage | undefined {
  if (!isFields(value)) return undefined;
  switch (value['type']) {
    case 'setup':
      return parseSetup(value);
    case 'status':
      return parseStatus(value);
    case 'reply':
      return parseReply(value);
    case 'fault':
      return parseFault(value);
    case 'searchHistory':
      return { type: 'searchHistory' };
    case 'completion':
      return parseCompletion(value);
    case 'guard':
      return parseGuard(value);
    case 'renames': {
      const renames = parseRenames(value['names']);
      return renames && { type: 'renames', names: [...renames] };
    }
    case 'pulse': {
      const latencies = value['latencies'];
      const sound = Array.isArray(latencies) && latencies.length <= 1000 && latencies.every((latency) => latency === null || isAmount(latency));
      return sound ? { type: 'pulse', latencies } : undefined;
    }
    case 'pong': {
      const latencyMs = value['latencyMs'];
      return isAmount(latencyMs) ? { type: 'pong', latencyMs } : undefined;
    }
    case 'pingFailed': {
      const text = value['text'];
      return isText(text) ? { type: 'pingFailed', text } : undefined;
    }
    default:
      return parseReplyMessage(value);
  }
}

function parseSetup(value: Fields): ToPage | undefined {
  const { strings, prompt, status, detail, running, history } = value as Record<
    'strings' | 'prompt' | 'status' | 'detail' | 'running' | 'history',
    unknown
  >;
  const texts = textsOf(strings, STRING_KEYS, 1000);
  if (!texts || !isText(prompt) || !isStatus(status) || !isText(detail) || !(running === null || isCount(running)) || !isLines(history)) return undefined;
  return { type: 'setup', strings: texts, prompt, status, detail, running, history };
}

function parseStatus(value: Fields): ToPage | undefined {
  const { status, prompt, detail } = value as Record<'status' | 'prompt' | 'detail', unknown>;
  return isStatus(status) && isText(prompt) && isText(detail) ? { type: 'status', status, prompt, detail } : undefined;
}

function parseReply(value: Fields): ToPage | undefined {
  const { id, kind, text, rows, views, truncated, ending, elapsedMs, prompt } = value as Record<
    'id' | 'kind' | 'text' | 'rows' | 'views' | 'truncated' | 'ending' | 'elapsedMs' | 'prompt',
    unknown
  >;
  if (!isCount(id) || (kind !== 'value' && kind !== 'error') || !isText(text) || typeof truncated !== 'boolean') return undefined;
  if (!isCount(rows) || !isViews(views) || !ENDINGS.has(ending) || !isAmount(elapsedMs) || !isText(prompt)) return undefined;
  return { type: 'reply', id, kind, text, rows, views, truncated, ending: ending as ReplyEnding, elapsedMs, prompt };
}

function parseFault(value: Fields): ToPage | undefined {
  const { id, text, cancelled, readOnly, prompt } = value as Record<'id' | 'text' | 'cancelled' | 'readOnly' | 'prompt', unknown>;
  return isCount(id) && isText(text) && typeof cancelled === 'boolean' && typeof readOnly === 'boolean' && isText(prompt)
    ? { type: 'fault', id, text, cancelled, readOnly, prompt }
    : undefined;
}

function parseGuard(value: Fields): ToPage | undefined {
  const { production, reasons, minutesLeft } = value as Record<'production' | 'reasons' | 'minutesLeft', unknown>;
  return typeof production === 'boolean' && isText(reasons) && isAmount(minutesLeft)
    ? { type: 'guard', production, reasons, minutesLeft }
    : undefined;
}

function isText(value: unknown, limit = MAX_TEXT_CHARS): value is string {
  return typeof value === 'string' && value.length <= limit;
}

function isLines(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_PASTE_LINES) return false;
  let chars = 0;
  return value.every((line) => isText(line, MAX_LINE_CHARS) && (chars += line.length) <= MAX_PASTE_CHARS);
}

export function isViews(value: unknown): value is readonly ReplyView[] {
  return Array.isArray(value) && value.length <= 10 && value.every(isView);
}

function isStatus(value: unknown): value is ConsoleStatus {
  return typeof value === 'string' && STATUSES.has(value);
}

export { MAX_COPY_CHARS, MAX_ROWS, REPLY_VIEWS, type ColumnMessage, type ReplyMessage, type ReplyRequest, type ReplyView, type Row, type ViewShape } from './console/replyMessages';
export { MAX_COMPLETED_CHARS, type CandidateMessage, type CompletionMessage } from './console/completionMessages';
export { parseKeysToHost } from './keys/messages';
export type { KeysStatus, KeysStrings, KeysToHost, KeysToPage, SearchState } from './keys/messages';
export { MAX_BATCH_ROWS, MAX_ROW_CHARS, parseLiveToHost } from './live/messages';
export type { LiveRow, LiveStatus, LiveStrings, LiveToHost, LiveToPage, LiveTone } from './live/messages';
export { parseTunnelToHost } from './tunnel/messages';
export type { TunnelFact, TunnelLevel, TunnelPageStrings, TunnelPoint, TunnelToHost, TunnelToPage } from './tunnel/messages';
export { parseClusterToHost } from './cluster/messages';
export type { ClusterLevel, ClusterNodeRow, ClusterShardRow, ClusterStrings, ClusterToHost, ClusterToPage } from './cluster/messages';
export { parseBenchmarkToHost } from './benchmark/messages';
export type { BenchmarkRow, BenchmarkStrings, BenchmarkToHost, BenchmarkToPage } from './benchmark/messages';
export { parseDiagnosisToHost } from './diagnosis/messages';
export type { DiagnosisCheck, DiagnosisToHost, DiagnosisToPage, DiagnosisVerdict } from './diagnosis/messages';
