import type { Event } from '../base/event';
import type { Endpoint } from '../model/endpoint';
import type { TlsMode } from '../model/target';
import type { RespValue } from '../wire/resp';
import type { RunBenchmark } from './benchmark/types';
import type { GuardPorts } from './guard/types';
import type { KeptReply } from './replies/types';

export type { RespEntries, RespValue } from '../wire/resp';
export type * from './benchmark/types';
export type { CommandClass } from './guard/commandTable';
export type { Verdict } from './guard/classify';
export type { GuardPorts, GuardQuestion } from './guard/types';
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

/** One console session: its own connection through the tunnel. */
export interface RedisSession {
  readonly state: RedisSessionState;
  /** As redis-cli shows it, without the last `>`: `label`, `label[2]`, `label[2](TX)`. */
  readonly prompt: string;
  readonly onDidChangeState: Event<RedisSessionState>;
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
   * Runs one command by its arguments, as a page does on the person's behalf: judged by the guard as if it had been typed, its
   * reply as data, of which a megabyte is kept. An error that the server answers is a reply, too.
   * @throws Fault as `run`, but for `redis.syntax`.
   */
  call(args: readonly (string | Buffer)[], signal: AbortSignal): Promise<RespValue>;
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

/**
 * Connects and logs in; resolves when a PING has been answered (if only by NOPERM: a user may lack the right to PING).
 * @throws Fault `redis.passwordNeeded`, `redis.wrongPassword`, `redis.iamRefused`, `redis.iamNeedsTls`, `redis.secretRefused`,
 *   those of the login's source, `redis.noPermission`, `redis.tlsNameMismatch`,
 *   `redis.tlsUntrusted`, `redis.tlsRequired`, `redis.tlsNotOffered`, `redis.unreachable`, `redis.refused`, `operation.cancelled`;
 *   nothing is left open then.
 */
export type OpenRedisSession = (options: RedisSessionOptions, signal: AbortSignal) => Promise<RedisSession>;

/** What the bundle of the engine offers to a window. */
export interface RedisEngine {
  readonly runBenchmark: RunBenchmark;
  readonly openRedisSession: OpenRedisSession;
}
