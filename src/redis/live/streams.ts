import { abortable } from '../../base/abort';
import { asFault, type Fault } from '../../base/fault';
import type { RespValue } from '../../wire/resp';
import { word } from '../commands';
import type { RedisConnection } from '../connection';
import type { RedisSessionOptions } from '../types';
import { blockDrafts, keyOf, monitorDraft, pubSubEvent, streamDrafts } from './decode';
import { commandRefused } from './faults';
import type { RingLog } from './log';
import type { LivePlan } from './plan';

/** How the stream of one connection ended. */
export type LiveOutcome =
  /** The connection is gone. */
  | { readonly type: 'lost'; readonly cause: Fault }
  /** There is nothing more to be expected. */
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly fault: Fault };

/** What a stream needs of its feed. */
export interface StreamContext {
  readonly plan: LivePlan;
  readonly log: RingLog;
  readonly options: RedisSessionOptions;
  readonly keyspace: boolean;
  /** To be called before the first message, and once it is sure that messages will come; again does nothing. */
  readonly began: () => void;
}

/** In an object, since a promise of a promise would wait for both. */
export interface LiveStream {
  /** Never rejects. */
  readonly ended: Promise<LiveOutcome>;
}

/**
 * Subscribes; resolves when the server has confirmed every channel.
 * @throws Fault of `commandRefused`, `redis.connectionLost`, `operation.cancelled`
 */
export async function subscribe(connection: RedisConnection, { plan, log, options, keyspace, began }: StreamContext, signal: AbortSignal): Promise<LiveStream> {
  const { args } = plan;
  let missing = new Set(args.slice(1).map((arg) => arg.toString('latin1'))).size;
  let held = missing;
  const confirmation = promised<void>();
  const ending = promised<LiveOutcome>();
  connection.listen((value) => {
    const event = pubSubEvent(value, keyspace);
    if (!event) return;
    switch (event.type) {
      case 'message':
        began();
        log.add(event.draft);
        break;
      case 'confirmed':
        began();
        missing--;
        if (missing <= 0) confirmation.resolve();
        break;
      case 'ended':
        log.mark('unsubscribed', event.channel);
        held--;
        // To subscribe anew tells whether it has moved, or is forbidden now.
        if (held <= 0) connection.dispose();
        break;
      case 'refused':
        confirmation.reject(commandRefused(event.text, plan, options));
        break;
    }
  });
  void connection.closed.then((cause) => {
    confirmation.reject(cause);
    ending.resolve({ type: 'lost', cause });
  });
  connection.post(args);
  await abortable(confirmation.promise, signal);
  return { ended: ending.promise };
}

interface Promised<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (fault: Fault) => void;
}

function promised<T>(): Promised<T> {
  const parts: Partial<{ -readonly [K in keyof Promised<T>]: Promised<T>[K] }> = {};
  parts.promise = new Promise<T>((resolve, reject) => {
    parts.resolve = resolve;
    parts.reject = reject;
  });
  return parts as Promised<T>;
}

/** @throws Fault as `subscribe` */
export async function monitor(connection: RedisConnection, { log, plan, options, began }: StreamContext, signal: AbortSignal): Promise<LiveStream> {
  connection.listen((value) => {
    const draft = value.type === 'status' ? monitorDraft(value.text) : undefined;
    if (!draft) return;
    began();
    log.add(draft);
  });
  const reply = await connection.call(plan.args, signal);
  if (reply.type === 'error') throw commandRefused(reply.text, plan, options);
  began();
  return { ended: connection.closed.then((cause): LiveOutcome => ({ type: 'lost', cause })) };
}

/** What a command that waits asks its feed between two runs. */
export interface RunControl {
  /** Resolves with whether to run once more, when that may be done. `found`: whether the last run brought anything. @throws Fault where it may not */
  next(runs: number, found: boolean): Promise<boolean>;
  /** The arguments of the next run; streams are read on from there. */
  args: readonly Buffer[];
}

/** Runs the command as often as it shall. Never rejects. */
export async function runBlocking(connection: RedisConnection, { plan, log, options, began }: StreamContext, control: RunControl, signal: AbortSignal): Promise<LiveOutcome> {
  const name = word(plan.args, 0);
  const key = keyOf(plan.args);
  began();
  try {
    for (let runs = 1; ; runs++) {
      const reply = await connection.call(control.args, signal);
      if (reply.type === 'error') return { type: 'failed', fault: commandRefused(reply.text, plan, options) };
      const drafts = blockDrafts(name, reply, key);
      for (const draft of drafts) log.add(draft);
      if (plan.read?.follows) control.args = readOn(control.args, plan.read.idsAt, reply);
      const more = await control.next(runs, drafts.length > 0);
      if (!more) {
        if (drafts.length === 0) log.mark('timedOut');
        return { type: 'done' };
      }
    }
  } catch (error) {
    const fault = asFault(error);
    return connection.disposed ? { type: 'lost', cause: fault } : { type: 'failed', fault };
  }
}

/** The arguments with the ids of the last entries that came, so that the next read begins behind them. */
export function readOn(args: readonly Buffer[], idsAt: number, reply: RespValue): readonly Buffer[] {
  const next = [...args];
  const count = args.length - idsAt;
  for (const { key, id } of streamDrafts(reply)) {
    for (let at = idsAt; at < args.length; at++) {
      if (args[at - count]!.equals(key)) next[at] = Buffer.from(id);
    }
  }
  return next;
}

/**
 * `$` means the last entry at the moment of each call: between two calls entries would be missed. So it is replaced by that entry's
 * id once, at the beginning. Where that may not be asked it stays.
 */
export async function resolveLast(connection: RedisConnection, args: readonly Buffer[], idsAt: number, signal: AbortSignal): Promise<readonly Buffer[]> {
  const resolved = [...args];
  const count = args.length - idsAt;
  for (let at = idsAt; at < args.length; at++) {
    if (args[at]!.toString('latin1') !== '$') continue;
    const reply = await connection.call(['XREVRANGE', args[at - count]!, '+', '-', 'COUNT', '1'], signal);
    if (reply.type !== 'array') continue;
    const [entry] = reply.items;
    const id = entry?.type === 'array' ? entry.items[0] : undefined;
    if (id?.type === 'bulk') resolved[at] = id.bytes;
    else if (reply.items.length === 0) resolved[at] = Buffer.from('0-0');
  }
  return resolved;
}
