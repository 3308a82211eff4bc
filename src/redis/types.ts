import type { Event } from '../base/event';
import type { Fault } from '../base/fault';
import type { Endpoint } from '../model/endpoint';
import type { EditOutcome, KeyEdit, KeyFacts, KeyQuery, KeysFound, KeyspaceOverview, KeyView } from '../model/redisKeys';
import type { TlsMode } from '../model/target';
import type { ReplyReader, RespValue } from '../wire/resp';
import type { RunBenchmark } from './benchmark/types';
import type { GuardPorts } from './guard/types';
import type { LiveFeed, LiveRequest } from './live/types';
import type { ManagedService } from './managedLimits';
import type { KeptReply } from './replies/types';

export type { ManagedService } from './managedLimits';
export type { RespEntries, RespValue } from '../wire/resp';
export type * from './benchmark/types';
export type { CommandClass } from './guard/commandTable';
export type { Verdict } from './guard/classify';
export type { GuardPorts, GuardQuestion } from './guard/types';
export type { LiveDraft, LiveEntry, LiveFeed, LiveKind, LiveLog, LiveMark, LiveMarkKind, LiveMessage, LiveRequest, LiveState, LiveStats } from './live/types';
export type { KeptReply, OpenView, ReplyView, RowSource, TableColumn } from './replies/types';

/** Credentials of AUTH: a password alone (AUTH token), or a user of an ACL. */
export interface RedisLogin {
  readonly username?: string;
  readonly password: string;
}

/** Where a login comes from that is made, or read, anew for each connection. */
export interface LoginSource {
  readonly kind: 'iam' | 'secret';
  /** What the person knows it by: the secret's name, or the permission that IAM logins need. */
  readonly name: string;
  /** @throws Fault of whoever makes it */
  fresh(signal: AbortSignal): Promise<RedisLogin>;
}

export interface RedisSessionOptions {
  /** The tunnel's local end. */
  readonly local: Endpoint;
  /** What the prompt shows; the endpoint unless told. */
  readonly label?: string;
  /** The real endpoint, whose name the TLS certificate must carry. */
  readonly endpoint: Endpoint;
  readonly tls: TlsMode;
  readonly login?: RedisLogin;
  /** In place of `login`, which goes before it. */
  readonly loginSource?: LoginSource;
  /** Certificates (PEM) trusted besides the built-in ones. */
  readonly ca?: string;
  /** Judges every command before it is sent; absent for connections on which nobody types. */
  readonly guard?: GuardPorts;
  /** Follows the server where it turns out to be a node of a cluster; absent: it is talked to alone. */
  readonly cluster?: ClusterPorts;
  /** Asks a replica of a cluster to answer reads itself (READONLY), at each connection. */
  readonly readOnly?: boolean;
  /** Whose restrictions explain what the server refuses. */
  readonly managed?: ManagedService;
}

/** Where a node of a cluster is reached; to be disposed by whoever asked for it. */
export interface NodePlace {
  readonly local: Endpoint;
  /** Idempotent. */
  dispose(): Promise<void>;
}

/**
 * Where a cluster may send us. Its nodes announce addresses, and a server that lies must not make the bastion dial whatever
 * it likes, nor get the login sent there.
 */
export interface KnownPlaces {
  /** The endpoint that was asked. */
  readonly asked: Endpoint;
  /** What discovery, or the person's settings, say that the target has. */
  readonly known: readonly Endpoint[];
  /** Whether this machine dials by itself, in whatever network it is, and not a bastion in the target's. */
  readonly direct: boolean;
  /** Whether a node must have the certificate of the host that was asked before it is talked to. */
  readonly tls: boolean;
}

export interface ClusterPorts {
  /**
   * Makes a way to another node. Only asked for addresses that have passed `checkNodeAddress`.
   * @throws Fault of whoever makes it
   */
  readonly dial: (node: Endpoint, signal: AbortSignal) => Promise<NodePlace>;
  /** What is known of the target beyond the endpoint that was asked: other addresses that its nodes may announce. */
  readonly known: readonly Endpoint[];
  /** As in `KnownPlaces`. */
  readonly direct: boolean;
}

/** First and last, both included, 0 to 16383. */
export type SlotRange = readonly [from: number, to: number];

export interface ClusterNode {
  /** 40 hexadecimal digits, as the cluster has it; empty where it does not tell. */
  readonly id: string;
  /** As announced; a name in lower case. */
  readonly endpoint: Endpoint;
  readonly role: 'primary' | 'replica';
  /** `unknown`: Redis before version 7 does not tell. */
  readonly health: 'online' | 'failed' | 'loading' | 'unknown';
  /** Bytes of the replication stream, of those that are compared within a shard. */
  readonly replicationOffset?: number;
}

export interface ClusterShard {
  /** Empty: it serves nothing (yet). */
  readonly slots: readonly SlotRange[];
  readonly nodes: readonly ClusterNode[];
}

export interface ClusterTopology {
  /** In the order of their first slots. */
  readonly shards: readonly ClusterShard[];
}

/** What a node tells of itself. */
export interface NodeReading {
  /** Round-trip time of a PING, ms. */
  readonly latencyMs: number;
  /** In all databases. */
  readonly keys?: number;
  readonly memoryBytes?: number;
  readonly replicationOffset?: number;
  /** e.g. `Valkey 8.0.1`, `Redis 7.0.15`. */
  readonly version?: string;
}

/** A session's cluster, beyond what is typed. */
export interface ClusterAccess {
  /** As it was told last. */
  readonly topology: ClusterTopology;
  /** Asks one of the nodes again. @throws Fault as `RedisSession.call` */
  refresh(signal: AbortSignal): Promise<ClusterTopology>;
  /** Whether a node may be dialled where it says that it is. @throws Fault `redis.nodeRefused` */
  check(node: ClusterNode): void;
  /** Asks one node, over a connection that is made where there is none. @throws Fault `redis.nodeRefused`, as `RedisSession.call` */
  read(node: ClusterNode, signal: AbortSignal): Promise<NodeReading>;
}

/** A reply as text, exactly as redis-cli prints it on a terminal, and how to colour it. */
export interface RenderedReply {
  readonly kind: 'value' | 'error';
  /** At most 1000 lines and 64 KB; that of a larger one is had row by row from `reply`, and this is empty. */
  readonly text: string;
  readonly large: boolean;
  /** Whether there was more than is kept; 48 MB of text are. */
  readonly truncated: boolean;
  /** `stopped` by the signal, or `lost` with the connection, when a large reply had come in part; that part is here. */
  readonly ending: 'whole' | 'stopped' | 'lost';
  readonly elapsedMs: number;
  /** Absent where nothing was sent. */
  readonly reply?: KeptReply;
}

export type RedisSessionState = 'ready' | 'lost' | 'closed';

/** One thing that may be written next. */
export interface CompletionCandidate {
  readonly kind: 'command' | 'subcommand' | 'keyword' | 'key';
  /** As it has to be typed; a key is quoted where it has to be. */
  readonly text: string;
  /** What it does, one line; may be empty. */
  readonly detail: string;
}

/** What may be written at a place of a line. Texts are the server's, bounded, without control characters. */
export interface Completion {
  /** Where the word begins that a candidate replaces, up to the cursor; UTF-16 units. */
  readonly from: number;
  /** At most 200, in order. */
  readonly candidates: readonly CompletionCandidate[];
  /** The rest of the syntax, to be shown behind the line; may be empty. */
  readonly hint: string;
  /** The command that the line is about. `deprecated`: what replaces it, or since when it is. */
  readonly about?: {
    readonly command: string;
    readonly summary: string;
    readonly since: string;
    readonly complexity: string;
    readonly deprecated?: string;
  };
}

export interface RedisTurn {
  /**
   * Sends the commands together and resolves with their replies, in their order. The guard judges all before the first is sent.
   * @throws Fault as `RedisSession.call`
   */
  all(commands: readonly (readonly (string | Buffer)[])[]): Promise<readonly RespValue[]>;
}

/** One console session: its own connection through the tunnel. */
export interface RedisSession {
  readonly state: RedisSessionState;
  /** As redis-cli shows it, without the last `>`: `label`, `label[2]`, `label[2](TX)`. */
  readonly prompt: string;
  readonly onDidChangeState: Event<RedisSessionState>;
  /** Absent: it is no cluster, or was not followed as one. */
  readonly cluster?: ClusterAccess;
  /**
   * Judges the lines of a paste before its first one runs, and asks once for all that is dangerous. The next runs, of
   * these lines in this order, do not ask for that again.
   * @throws Fault `redis.readOnly`, `redis.notConfirmed`, `redis.closed`, `redis.connectionLost`, `operation.cancelled`,
   *   and those of `OpenRedisSession` when it connects again.
   */
  review(lines: readonly string[], signal: AbortSignal): Promise<void>;
  /**
   * Splits the line as redis-cli does and runs it; `5 INCR a` runs five times, with all replies in one text.
   * After a lost connection it first connects again, logs in and selects the database that was selected; nothing is run twice.
   * A command that was sent cannot be taken back: cancelling it ends the connection and makes a new one.
   * @throws Fault `redis.syntax` (unbalanced quotes), `redis.unsupported` (commands that need a pane of their own),
   *   `redis.readOnly` and `redis.notConfirmed` (the guard; nothing was sent then),
   *   `redis.connectionLost`, `redis.closed`, `operation.cancelled`, and those of `OpenRedisSession` when it connects again.
   *   What of a large reply has come before the connection was lost or the command was cancelled is no fault: see `ending`.
   * `onGrowth`: called again and again, at once from the first part that makes a reply a large one.
   */
  run(line: string, signal: AbortSignal, onGrowth?: (reply: KeptReply) => void): Promise<RenderedReply>;
  /**
   * What a live pane has to run in place of this session, for a line that streams or waits; undefined for every other line.
   * @throws Fault `redis.noSuchNode`, `redis.unsupported` for a line of a cluster that names several nodes
   */
  liveRequest(line: string): LiveRequest | undefined;
  /**
   * Runs one command by its arguments, as a page does on the person's behalf: judged by the guard as if it had been typed, its
   * reply as data, of which a megabyte is kept. An error that the server answers is a reply, too. In a cluster it goes where its
   * keys are; SCAN and DBSIZE are those of all primaries, with cursors that only this session understands.
   * @throws Fault as `run`, but for `redis.syntax`.
   */
  call(args: readonly (string | Buffer)[], signal: AbortSignal): Promise<RespValue>;
  /**
   * Several commands in one turn: nothing comes between them, and the connection is the same for all, so that what WATCH was asked
   * for holds until EXEC. Whoever opens a transaction ends it in the same turn.
   * @throws Fault as `call`, or whatever `work` throws; `redis.busy` inside a transaction that was typed.
   */
  turn<T>(work: (turn: RedisTurn) => Promise<T>, signal: AbortSignal): Promise<T>;
  /**
   * Round-trip time of a PING, ms.
   * @throws Fault `redis.busy` inside MULTI, where a PING would become part of the transaction; else as `run`.
   */
  ping(signal: AbortSignal): Promise<number>;
  /**
   * What may be written at the cursor, without names of keys. At once: of what is known. The server is asked beside for its own
   * documentation; where it does not answer there is a bundled one.
   */
  complete(line: string, cursor: number): Completion;
  /**
   * Names of keys that may stand at the cursor, at most 200, in order, from a bounded SCAN; empty where no key stands there, where
   * nothing of one is typed (unless `explicit`), and where SCAN is denied. The next call or the next command ends it.
   * @throws Fault `operation.cancelled`, `redis.connectionLost`, `redis.closed`; it never connects again.
   */
  completeKeys(line: string, cursor: number, explicit: boolean, signal: AbortSignal): Promise<readonly CompletionCandidate[]>;
  dispose(): Promise<void>;
}

/** A session with one server. */
export interface NodeSession extends RedisSession {
  /** `reader`: is told of the reply while it comes, and says how much of it is kept as data instead of a megabyte. */
  call(args: readonly (string | Buffer)[], signal: AbortSignal, reader?: ReplyReader): Promise<RespValue>;
}

/**
 * Connects and logs in; resolves when a PING has been answered (if only by NOPERM: a user may lack the right to PING).
 * @throws Fault `redis.passwordNeeded`, `redis.wrongPassword`, `redis.iamRefused`, `redis.iamNeedsTls`, `redis.secretRefused`,
 *   those of the login's source, `redis.noPermission`, `redis.tlsNameMismatch`,
 *   `redis.tlsUntrusted`, `redis.tlsRequired`, `redis.tlsNotOffered`, `redis.unreachable`, `redis.refused`, `operation.cancelled`;
 *   nothing is left open then.
 */
export type OpenRedisSession = (options: RedisSessionOptions, signal: AbortSignal) => Promise<RedisSession>;

/** A search for keys, step by step; a name is found once. */
export interface KeySearch {
  /** Everything that was found and not forgotten. */
  readonly names: ReadonlySet<string>;
  readonly complete: boolean;
  /** Whether no more names are kept. */
  readonly full: boolean;
  /**
   * Looks on, bounded in time and number. `until` ends the step between two calls, and what was found by then counts; `life` ends
   * the connection with what is under way.
   * @throws Fault `redis.noPermission`, `redis.replied`, and those of `RedisSession.turn`; the next step goes on where this one was.
   */
  more(until: AbortSignal, life: AbortSignal): Promise<KeysFound>;
  /** Names that were deleted or renamed. */
  forget(names: readonly string[]): void;
  /** A name that somebody has just given: it is found, too. */
  keep(name: string): void;
}

/** One key that a person looks into, page by page. */
export interface OpenedKey {
  readonly name: string;
  /** @throws Fault `redis.noPermission`, `redis.replied`, and those of `RedisSession.turn` */
  read(turn: 'same' | 'next' | 'previous' | 'first', signal: AbortSignal): Promise<KeyView>;
  /**
   * Writes what was edited in the reading of that version, unless somebody else has changed it since; its time to live stays.
   * Nothing is written but with the outcome `done`.
   * @throws Fault `redis.readOnly`, `redis.badEscape`, `redis.badScore`, `redis.badTtl`, `redis.exists`, `redis.notEditable`,
   *   `redis.noPermission`, `redis.replied`, and those of `RedisSession.turn`
   */
  edit(edit: KeyEdit, version: number, signal: AbortSignal): Promise<EditOutcome>;
}

/** `fault`: why the others were not. */
export interface KeysRemoved {
  readonly removed: readonly string[];
  readonly fault?: Fault;
}

/** The keys of one server. Names are in the form of `model/redisKeys`; a name that is none is `redis.badEscape`. */
export interface KeyBrowser {
  /** @throws Fault as `RedisSession.turn` */
  overview(signal: AbortSignal): Promise<KeyspaceOverview>;
  /** @throws Fault `redis.replied`, `redis.noPermission`, and those of `RedisSession.turn` */
  select(database: number, signal: AbortSignal): Promise<void>;
  scan(query: KeyQuery): KeySearch;
  /** Of at most 200 keys, in one batch. @throws Fault as `RedisSession.turn` */
  facts(names: readonly string[], signal: AbortSignal): Promise<readonly KeyFacts[]>;
  /** Sends nothing yet. */
  open(name: string): OpenedKey;
  /** Never overwrites; resolves with the new name. @throws Fault `redis.exists`, `redis.keyGone`, `redis.badName`, and as `OpenedKey.edit` */
  rename(name: string, to: string, signal: AbortSignal): Promise<string>;
  /** At most 10,000, without asking. @throws Fault `redis.tooMany` */
  remove(names: readonly string[], signal: AbortSignal): Promise<KeysRemoved>;
}

/** What the bundle of the engine offers to a window. */
export interface RedisEngine {
  readonly runBenchmark: RunBenchmark;
  readonly openRedisSession: OpenRedisSession;
  /** @throws Fault `redis.nodeRefused` for an announced address that is not to be dialled */
  readonly checkNodeAddress: (announced: Endpoint, places: KnownPlaces) => void;
  /** Over a session that nobody else uses. */
  readonly browseKeys: (session: Pick<RedisSession, 'turn' | 'cluster'>) => KeyBrowser;
  /** Nothing is connected before it is started. @throws Fault `redis.unsupported` for a command that neither streams nor waits. */
  readonly createLiveFeed: (request: LiveRequest) => LiveFeed;
  /**
   * A text of JSON in lines, as it was written otherwise: numbers and repeated keys stay. Its beginning where that is longer than
   * `maxChars`, UTF-16 units; undefined for what is no JSON.
   */
  readonly indentedJson: (text: string, maxChars: number) => string | undefined;
}
