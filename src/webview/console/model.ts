import { type ConsoleStatus, MAX_LINE_CHARS, MAX_PASTE_CHARS, MAX_PASTE_LINES, type ReplyEnding, type ReplyView, type ToHost, type ToPage } from '../protocol';
import { hasSecretReply, isSecretLine, masked, NO_RENAMES, type Renames } from '../../model/redisSecrets';

/** One line of the console and what became of it. */
export interface Entry {
  readonly id: number;
  readonly prompt: string;
  /** As it is shown: secrets are masked already. */
  readonly shown: string;
  /** Whether the reply must not be stored. */
  readonly fleeting: boolean;
  readonly outcome: Outcome;
}

export type Outcome =
  /** `dropped`: never sent, because the line before it failed or was cancelled, or it is too long. `unanswered`: the page was away meanwhile. */
  | { readonly kind: 'cancelled' | 'dropped' | 'unanswered' }
  /** `rows`: of a large reply, as far as it has come. */
  | { readonly kind: 'running'; readonly rows?: number }
  /** Stands for the last lines of a paste that was too long; `lines`: how many. */
  | { readonly kind: 'overflow'; readonly lines: number }
  | {
      readonly kind: 'value' | 'error' | 'fault';
      readonly text: string;
      readonly truncated: boolean;
      readonly elapsedMs?: number;
      /** Of a large reply, whose text the extension has; else 0 or absent. */
      readonly rows?: number;
      readonly views?: readonly ReplyView[];
      readonly ending?: ReplyEnding;
    }
  /** The target is read-only here; unlocking is the way out. */
  | { readonly kind: 'readOnly'; readonly text: string };

export interface ConsoleModel {
  readonly entries: readonly Entry[];
  /** Lines that wait for the one before. */
  readonly waiting: readonly string[];
  /** How many of them, from the first on, the extension has judged already. */
  readonly judged: number;
  readonly running: number | undefined;
  readonly nextId: number;
  readonly prompt: string;
  readonly status: ConsoleStatus;
  readonly detail: string;
  readonly latency: { readonly kind: 'none' | 'asked' } | { readonly kind: 'known'; readonly ms: number } | { readonly kind: 'failed'; readonly text: string };
  /** Whether the connection has been made again since the last loss. */
  readonly restored: boolean;
  readonly renames: Renames;
  readonly guard: Pick<Extract<ToPage, { type: 'guard' }>, 'production' | 'reasons' | 'minutesLeft'>;
}

export type ConsoleEvent =
  | { readonly type: 'submitted'; readonly text: string }
  | { readonly type: 'message'; readonly message: ToPage }
  | { readonly type: 'cancel' | 'clear' | 'ping' | 'connect' | 'unlockWrites' | 'lockWrites' };

export interface Step {
  readonly model: ConsoleModel;
  /** To be sent to the extension, in order. */
  readonly messages: readonly ToHost[];
}

/** Entries that are kept and shown. */
export const MAX_ENTRIES = 1000;
/** Dropped lines that are shown as such. */
const MAX_DROPPED_SHOWN = 50;
/** Text of all replies together that is kept, UTF-16 units. */
const MAX_CHARS = 8 * 1024 * 1024;

export const EMPTY_MODEL: ConsoleModel = {
  entries: [],
  waiting: [],
  judged: 0,
  running: undefined,
  nextId: 0,
  prompt: '',
  status: 'connecting',
  detail: '',
  latency: { kind: 'none' },
  restored: false,
  renames: NO_RENAMES,
  guard: { production: false, reasons: '', minutesLeft: 0 },
};

/** The page's whole logic, without a page. */
export function step(model: ConsoleModel, event: ConsoleEvent): Step {
  switch (event.type) {
    case 'submitted':
      return startNext(withLines(model, event.text));
    case 'message':
      return received(model, event.message);
    case 'cancel':
      return cancelled(model);
    case 'clear':
      // What is still to come stays visible.
      return { model: { ...model, entries: model.entries.filter(({ outcome }) => outcome.kind === 'running') }, messages: [{ type: 'forget' }] };
    case 'ping':
      if (model.status !== 'ready' || model.latency.kind === 'asked' || model.running !== undefined) return quiet(model);
      return { model: { ...model, latency: { kind: 'asked' } }, messages: [{ type: 'ping' }] };
    case 'unlockWrites':
    case 'lockWrites':
      return { model, messages: [{ type: event.type }] };
    case 'connect':
      return model.status === 'failed' || model.status === 'lost' ? { model, messages: [{ type: 'connect' }] } : quiet(model);
  }
}

/** Blank lines are nothing; the lines of a paste run one after the other. */
function withLines(model: ConsoleModel, text: string): ConsoleModel {
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '');
  const waiting = [...model.waiting, ...lines];
  const next = { ...model, waiting: waiting.slice(0, MAX_PASTE_LINES) };
  const over = waiting.length - MAX_PASTE_LINES;
  return over > 0 ? withEntry(next, '…', { kind: 'overflow', lines: over }) : next;
}

function startNext(model: ConsoleModel): Step {
  const [line, ...waiting] = model.waiting;
  if (line === undefined || model.running !== undefined || model.status === 'connecting') return quiet(model);
  // The extension would not take it.
  const judged = Math.max(0, model.judged - 1);
  if (line.length > MAX_LINE_CHARS) return startNext(withEntry({ ...model, waiting, judged }, `${line.slice(0, 200)}…`, { kind: 'dropped' }));
  const id = model.nextId;
  // The first line of a paste takes the others along to be judged.
  const block = model.judged > 0 ? [] : blockOf(waiting);
  const started = withEntry({ ...model, waiting, judged: judged + block.length, running: id }, line, { kind: 'running' });
  const rest = block.filter((each) => each.length <= MAX_LINE_CHARS);
  return { model: started, messages: [{ type: 'run', id, line, rest, judged: model.judged > 0 }] };
}

/** As many lines as one message may carry. */
function blockOf(lines: readonly string[]): readonly string[] {
  let chars = 0;
  const end = lines.findIndex((line) => (chars += line.length) > MAX_PASTE_CHARS);
  return end < 0 ? lines : lines.slice(0, end);
}

function withEntry(model: ConsoleModel, line: string, outcome: Outcome): ConsoleModel {
  const entry = withoutSecret({ id: model.nextId, prompt: model.prompt, shown: line, fleeting: false, outcome }, model.renames);
  return bounded({ ...model, nextId: model.nextId + 1, entries: [...model.entries, entry] });
}

/** Masked, if it is secret after all. */
function withoutSecret(entry: Entry, renames: Renames): Entry {
  const { shown, fleeting } = entry;
  if (isSecretLine(shown, renames)) return { ...entry, shown: masked(shown), fleeting: true };
  return !fleeting && hasSecretReply(shown, renames) ? { ...entry, fleeting: true } : entry;
}

/** Ctrl+C: what runs is cancelled, what waits is dropped. */
function cancelled(model: ConsoleModel): Step {
  const { running } = model;
  return {
    model: withoutWaiting(model),
    messages: running === undefined ? [] : [{ type: 'cancel', id: running }],
  };
}

function received(model: ConsoleModel, message: ToPage): Step {
  switch (message.type) {
    case 'setup':
      return startNext(restoredWith(model, message));
    case 'status':
      return startNext(withStatus(model, message));
    case 'reply': {
      const { id, kind, text, truncated, elapsedMs, rows, views, ending, prompt } = message;
      const next = answered({ ...model, prompt }, id, { kind, text, truncated, elapsedMs, rows, views, ending });
      // The lines of a paste may depend on the one of which only a part came.
      return ending === 'whole' ? startNext(next) : quiet(withoutWaiting(next));
    }
    case 'fault': {
      const { id, text, prompt } = message;
      const outcome = failure(message, text);
      // The lines of a paste may depend on the one that failed.
      return quiet(withoutWaiting(answered({ ...model, prompt }, id, outcome)));
    }
    case 'growing':
      return quiet({ ...model, entries: model.entries.map((entry) => (entry.id === message.id ? grown(entry, message.rows) : entry)) });
    case 'searchHistory':
    case 'completion':
    case 'pulse':
    case 'view':
    case 'rows':
    case 'found':
    case 'noted':
      return quiet(model);
    case 'guard': {
      const { production, reasons, minutesLeft } = message;
      return quiet({ ...model, guard: { production, reasons, minutesLeft } });
    }
    case 'renames': {
      const renames: Renames = new Map(message.names);
      return quiet({ ...model, renames, entries: model.entries.map((entry) => withoutSecret(entry, renames)) });
    }
    case 'pong':
      return quiet({ ...model, latency: { kind: 'known', ms: message.latencyMs } });
    case 'pingFailed':
      return quiet({ ...model, latency: { kind: 'failed', text: message.text } });
  }
}

function grown(entry: Entry, rows: number): Entry {
  return entry.outcome.kind === 'running' ? { ...entry, outcome: { kind: 'running', rows } } : entry;
}

function failure({ cancelled: wanted, readOnly }: Extract<ToPage, { type: 'fault' }>, text: string): Outcome {
  if (wanted) return { kind: 'cancelled' };
  return readOnly ? { kind: 'readOnly', text } : { kind: 'fault', text, truncated: false };
}

function withStatus(model: ConsoleModel, { status, prompt, detail }: Extract<ToPage, { type: 'status' }>): ConsoleModel {
  const restored = status === 'ready' ? model.restored || model.status === 'lost' : false;
  const next: ConsoleModel = { ...model, status, prompt, detail, restored, latency: status === 'ready' ? model.latency : { kind: 'none' } };
  return status === 'failed' || status === 'tunnelClosed' ? withoutWaiting(next) : next;
}

/** A page that was made anew: what it believes to be running is so only if the extension agrees. */
function restoredWith(model: ConsoleModel, { prompt, status, detail, running }: Extract<ToPage, { type: 'setup' }>): ConsoleModel {
  const entries = model.entries.map((entry): Entry =>
    entry.outcome.kind === 'running' && entry.id !== running ? { ...entry, outcome: { kind: 'unanswered' } } : entry,
  );
  return { ...model, entries, prompt, status, detail, running: running ?? undefined };
}

function answered(model: ConsoleModel, id: number, outcome: Outcome): ConsoleModel {
  const entries = model.entries.map((entry) => (entry.id === id ? { ...entry, outcome } : entry));
  return bounded({ ...model, entries, running: model.running === id ? undefined : model.running, restored: false });
}

function withoutWaiting(model: ConsoleModel): ConsoleModel {
  let next: ConsoleModel = { ...model, waiting: [], judged: 0 };
  for (const line of model.waiting.slice(0, MAX_DROPPED_SHOWN)) next = withEntry(next, line, { kind: 'dropped' });
  return next;
}

/** Oldest entries go first; the one that is running stays. */
function bounded(model: ConsoleModel): ConsoleModel {
  let chars = 0;
  let count = 0;
  const kept = model.entries.toReversed().filter((entry) => {
    chars += entry.shown.length + ('text' in entry.outcome ? entry.outcome.text.length : 0);
    count++;
    return count === 1 || entry.outcome.kind === 'running' || (count <= MAX_ENTRIES && chars <= MAX_CHARS);
  });
  return kept.length === model.entries.length ? model : { ...model, entries: kept.toReversed() };
}

function quiet(model: ConsoleModel): Step {
  return { model, messages: [] };
}
