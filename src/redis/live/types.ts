import type { Event } from '../../base/event';
import type { Fault } from '../../base/fault';
import type { ClusterNode, RedisLogin, RedisSessionOptions } from '../types';

/** What a live pane runs: one command that streams or waits. */
export interface LiveRequest {
  /** As it is sent, the name first. */
  readonly args: readonly (string | Buffer)[];
  /** How often a command that waits is run; 1 unless it was typed with a number. Means nothing for one that streams. */
  readonly times?: number;
  /** Selected before; 0 unless told. */
  readonly database?: number;
  /** As whom the command was typed; for whoever starts the feed, to be tried before what is remembered. */
  readonly login?: RedisLogin;
  /** Of a cluster: where it runs, over a way of its own; where the options lead to unless told. */
  readonly node?: Pick<ClusterNode, 'endpoint' | 'role'>;
  /** The channels are those of keyspace notifications: shown are event, key and database. */
  readonly keyspace?: boolean;
}

/** `subscribe` and `monitor` stream; `block` waits for one answer, then perhaps for the next. */
export type LiveKind = 'subscribe' | 'monitor' | 'block';

/** What stands between messages: what the person has to know about what is, or is not, to be seen there. */
export type LiveMarkKind =
  /** The connection went; another one is made. */
  | 'lost'
  /** Connected again; whatever was sent in between is lost. */
  | 'again'
  /** Connected again, and the server still has whatever came in between. */
  | 'complete'
  /** Connected again; what the lost connection had taken and not yet told is lost. */
  | 'taken'
  /** Connected again; what the group's consumer was given and has not seen is still its own (XPENDING). */
  | 'pending'
  /** The server has ended the subscription to `detail`: its slot has moved, or the rights have. */
  | 'unsubscribed'
  /** The command has waited as long as it should, for nothing. */
  | 'timedOut';

interface LiveEntryBase {
  /** Rising by one from 0; what was cleared or dropped keeps its number. */
  readonly seq: number;
  /** ms since the epoch: the server's own time where it tells (MONITOR), else ours when it came. */
  readonly at: number;
}

/** One message. All texts are the server's, unescaped; what is no UTF-8 is written in escapes. */
export interface LiveMessage extends LiveEntryBase {
  readonly mark?: undefined;
  /** By which it is counted: the channel, the command (MONITOR), the event (keyspace), or the key. */
  readonly label: string;
  /** What else tells where it came from; may be empty: the pattern, database and client, the entry's id. */
  readonly origin: string;
  readonly text: string;
  /** Length of its payload as it was sent, bytes. */
  readonly bytes: number;
  /** Whether `text` is only its beginning. */
  readonly cut: boolean;
}

export interface LiveMark extends LiveEntryBase {
  readonly mark: LiveMarkKind;
  readonly detail: string;
}

export type LiveEntry = LiveMessage | LiveMark;

/** A message before it has its number. `at` unless it is now. */
export type LiveDraft = Omit<LiveMessage, 'seq' | 'at' | 'mark'> & { readonly at?: number };

export interface LiveStats {
  /** Messages since the beginning, or since it was cleared. */
  readonly received: number;
  /** Messages and marks that are kept. */
  readonly kept: number;
  /** The oldest, for which there was no room any more. */
  readonly dropped: number;
  /** Over the last seconds. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** The busiest first. */
  readonly labels: readonly (readonly [label: string, count: number])[];
  /** Of labels for which there was no room in the list of counts. */
  readonly otherLabels: number;
}

/** The messages that are kept: the newest ones, as many as fit. */
export interface LiveLog {
  /** The oldest number that is kept; `next` when nothing is. */
  readonly first: number;
  /** The number of the next one. */
  readonly next: number;
  /** Rises when it is cleared. */
  readonly epoch: number;
  get(seq: number): LiveEntry | undefined;
  /** What is kept from `seq` on and contains `filter` (any case; label, origin or text; marks always), at most `limit`; `next` is where to go on. */
  from(seq: number, filter: string, limit: number): { readonly entries: readonly LiveEntry[]; readonly next: number };
  clear(): void;
  stats(): LiveStats;
}

export type LiveState =
  | { readonly phase: 'idle' | 'connecting' | 'live' }
  /** Connecting again by itself; `fault` is why the last try failed. */
  | { readonly phase: 'lost'; readonly fault?: Fault }
  /** Nothing runs; without a fault when that was wanted, or the command was answered. */
  | { readonly phase: 'ended'; readonly fault?: Fault };

/** One command that streams or waits, on a connection of its own, which is made again when it is lost. */
export interface LiveFeed {
  readonly kind: LiveKind;
  /** The command, as it would be typed; bounded, in one line, without secrets. */
  readonly title: string;
  /** Whether each answer takes something away from others. */
  readonly consumes: boolean;
  /** Whether the command can be run again and again. */
  readonly repeatable: boolean;
  repeat: boolean;
  readonly state: LiveState;
  readonly onDidChange: Event<LiveState>;
  readonly log: LiveLog;
  /**
   * Connects, has the guard judge the command, and runs it; resolves once it streams or waits. What it showed before stays.
   * @throws Fault as `OpenRedisSession`, `redis.readOnly`, `redis.notConfirmed`, `redis.noPermission`, `redis.otherNode`,
   *   `redis.refused`, `redis.busy` while it runs.
   */
  start(options: RedisSessionOptions, signal: AbortSignal): Promise<void>;
  /** Keeps a command that consumes from being run again until it is let go; one that is waiting goes on waiting. */
  hold(on: boolean): void;
  /** Ends the connection; `start` begins anew. */
  stop(): Promise<void>;
  dispose(): Promise<void>;
}
