import { abortable, throwIfAborted } from '../base/abort';
import { type Clock, systemClock } from '../base/clock';
import { Emitter } from '../base/event';
import { Fault, isCancelled } from '../base/fault';
import { formatEndpoint } from '../model/endpoint';
import { explainError } from './cluster/explain';
import { followCluster } from './cluster/open';
import { preparesNext, refuseUnsupported } from './commands';
import { helpText, isHelp } from './completion/help';
import { type CompletionPorts, CompletionSource } from './completion/source';
import type { RedisConnection } from './connection';
import { type ConnectionState, initialState, stateAfterLoss, stateAfterReply } from './connectionState';
import { authentication, establish, type EstablishSettings } from './establish';
import { refusalFault, refusedFault } from './faults';
import { Guard, type GuardedConnection } from './guard/guard';
import { livePlan } from './live/plan';
import { LoginRenewal, type RenewalOutcome } from './loginRenewal';
import { splitRepetition } from './repetition';
import { endingBy, isLarge, plainReply } from './replies/rendered';
import type { ReplyRecord } from './replies/replyRecord';
import { ReplyShelf } from './replies/replyShelf';
import { splitArguments } from './splitArguments';
import { recordOf, rendered, type Rendering } from './replies/recordOf';
import type { ReplyReader, RespValue } from '../wire/resp';
import type { Completion, CompletionCandidate, KeptReply, LiveRequest, LoginSource, NodeSession, OpenRedisSession, RedisSession, RedisSessionOptions, RedisSessionState, RedisTurn, RenderedReply } from './types';

export interface SessionSettings {
  readonly clock?: Clock;
  /** For connecting, logging in and the first PING together, ms. */
  readonly openTimeoutMs?: number;
  /** Longest text of one reply, UTF-16 units. */
  readonly maxChars?: number;
  /** Of replies that are no reports. */
  readonly style?: 'typed' | 'raw';
  /** Where the replies of all sessions are kept. */
  readonly shelf?: ReplyShelf;
  /** Whether what the server says by itself is told beside the replies, as redis-cli does on a terminal and not in a pipe; true unless told. */
  readonly pushes?: boolean;
}

/** For connecting, logging in and the first PING together. */
export const OPEN_TIMEOUT_MS = 15_000;
const MAX_REPLY_CHARS = 48 * 1024 * 1024;
/** Of a reply as data. */
const CALL_KEEP_BYTES = 1024 * 1024;

interface Connected {
  readonly connection: RedisConnection;
  /** Makes a session of it, with that server alone. */
  readonly alone: (options: RedisSessionOptions) => NodeSession;
}

export function sessionOpener({ clock = systemClock, openTimeoutMs = OPEN_TIMEOUT_MS, maxChars = MAX_REPLY_CHARS, style = 'typed', shelf = new ReplyShelf(), pushes = true }: SessionSettings = {}): OpenRedisSession {
  const settings: EstablishSettings = { clock, openTimeoutMs, limits: { keepBytes: CALL_KEEP_BYTES } };
  const rendering: Rendering = { maxChars, style, shelf, pushes };
  const connect = async (options: RedisSessionOptions, signal: AbortSignal): Promise<Connected> => {
    const state = initialState(options.login);
    const connection = await establish(options, state, settings, signal);
    return { connection, alone: (one) => new ConsoleSession(one, settings, rendering, state, connection) };
  };
  const openNode = async (options: RedisSessionOptions, signal: AbortSignal): Promise<NodeSession> => (await connect(options, signal)).alone(options);
  return async (options, signal) => {
    const { connection, alone } = await connect(options, signal);
    return options.cluster ? followCluster(options, options.cluster, connection, { clock, rendering, open: openNode, alone }, signal) : alone(options);
  };
}

/** Time of one PING over a connection of its own, ms. @throws Fault as `OpenRedisSession` and `RedisSession.ping`. */
export async function pingWith(open: OpenRedisSession, options: RedisSessionOptions, signal: AbortSignal): Promise<number> {
  const session = await open(options, signal);
  try {
    return await session.ping(signal);
  } finally {
    await session.dispose();
  }
}

class ConsoleSession implements NodeSession {
  readonly #options: RedisSessionOptions;
  readonly #settings: EstablishSettings;
  readonly #rendering: Rendering;
  readonly #changes = new Emitter<RedisSessionState>();
  readonly #life = new AbortController();
  readonly #guard: Guard | undefined;
  readonly #renewal: LoginRenewal | undefined;
  readonly #completion: CompletionSource;
  /** A call for completion that is under way; ending it ends its connection. */
  #beside: AbortController | undefined;
  #connection: RedisConnection;
  #state: RedisSessionState = 'ready';
  #typed: ConnectionState;
  /** Whether the last command that was typed is meant for the next one. */
  #prepared = false;
  /** Resolves when everything that was asked for before has been answered. */
  #lastTurn: Promise<void> = Promise.resolve();
  #reconnecting: Promise<RedisConnection> | undefined;

  constructor(
    options: RedisSessionOptions,
    settings: EstablishSettings,
    rendering: Rendering,
    typed: ConnectionState,
    connection: RedisConnection,
  ) {
    this.#options = options;
    this.#settings = settings;
    this.#rendering = rendering;
    this.#guard = options.guard && new Guard(options.guard);
    this.#typed = typed;
    this.#connection = connection;
    const { loginSource } = options;
    this.#renewal = loginSource?.kind === 'iam' ? new LoginRenewal(settings.clock, () => this.#logInAgain(loginSource)) : undefined;
    this.#renewal?.begin();
    this.#completion = new CompletionSource(this.#completionPorts(), this.#life.signal);
    this.#watch(connection);
  }

  get state(): RedisSessionState {
    return this.#state;
  }

  get onDidChangeState(): RedisSession['onDidChangeState'] {
    return this.#changes.event;
  }

  get prompt(): string {
    const { database, transaction } = this.#typed;
    const shown = transaction?.database ?? database;
    const label = this.#options.label ?? formatEndpoint(this.#options.endpoint);
    return `${label}${shown === 0 ? '' : `[${shown}]`}${transaction ? '(TX)' : ''}`;
  }

  async review(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const guard = this.#guard;
    if (!guard) return;
    const commands = lines.flatMap((line) => {
      const args = splitTyped(line)?.args;
      // What goes to a pane is judged there, when its turn comes.
      return args && args.length > 0 && !isHelp(args) && !this.#goesToPane(args) ? [{ line, args }] : [];
    });
    await this.#inTurn(signal, (connection) => guard.review(commands, this.#guarded(connection), signal));
  }

  async run(line: string, signal: AbortSignal, onGrowth: (reply: KeptReply) => void = () => {}): Promise<RenderedReply> {
    const { times, args } = splitRepetition(splitArguments(line));
    if (args.length === 0) return plainReply('');
    this.#completion.cancel();
    if (isHelp(args)) return plainReply(helpText(args, this.#completion.docs));
    refuseUnsupported(args);
    const { clock } = this.#settings;
    const record = recordOf(args, this.#rendering, onGrowth);
    let kind: RenderedReply['kind'] = 'value';
    let ending: RenderedReply['ending'] = 'whole';
    let sentAt = clock.now();
    try {
      await this.#inTurn(signal, async (connection) => {
        const allowed = await this.#guard?.admit(line, args, this.#guarded(connection), signal);
        sentAt = clock.now();
        for (let time = 0; time < times; time++) {
          if (time > 0) allowed?.check();
          this.#tellPushes(connection, record);
          const reply = await this.#answer(connection, args, signal, record.reader());
          kind = reply.type === 'error' ? 'error' : 'value';
          const explanation = reply.type === 'error' ? explainError(args, reply.text, { managed: this.#options.managed, keys: [], followed: 'never' }) : undefined;
          if (explanation !== undefined) record.note(`-> ${explanation}`);
        }
        this.#tellPushes(connection, record);
      });
    } catch (error) {
      ending = endingBy(error);
      // What has been shown already stays.
      if (ending === 'whole' || !isLarge(record)) {
        record.forget();
        throw error;
      }
    }
    return rendered(record, { kind, ending, elapsedMs: clock.now() - sentAt });
  }

  #tellPushes({ pushes }: RedisConnection, record: ReplyRecord): void {
    for (const push of pushes.take()) if (this.#rendering.pushes) record.note(push);
  }

  liveRequest(line: string): LiveRequest | undefined {
    const split = splitTyped(line);
    if (!split || split.args.length === 0 || isHelp(split.args) || !this.#goesToPane(split.args)) return undefined;
    const { database, login } = this.#typed;
    return { ...split, database, ...(login && { login }) };
  }

  /** Inside MULTI nothing waits: it is queued. */
  #goesToPane(args: readonly Buffer[]): boolean {
    return this.#typed.transaction === undefined && livePlan(args) !== undefined;
  }

  async call(args: readonly (string | Buffer)[], signal: AbortSignal, reader?: ReplyReader): Promise<RespValue> {
    const command = asBuffers(args);
    this.#completion.cancel();
    refuseUnsupported(command);
    return this.#inTurn(signal, async (connection) => {
      await this.#guard?.admit(undefined, command, this.#guarded(connection), signal);
      return this.#answer(connection, command, signal, reader);
    });
  }

  async turn<T>(work: (turn: RedisTurn) => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#completion.cancel();
    return this.#inTurn(signal, (connection) => {
      if (this.#typed.transaction) throw inTransaction('what was asked for');
      return work({ all: (commands) => this.#all(connection, commands.map(asBuffers), signal) });
    });
  }

  async ping(signal: AbortSignal): Promise<number> {
    return this.#inTurn(signal, async (connection) => {
      if (this.#typed.transaction) throw inTransaction('PING');
      const { clock } = this.#settings;
      const sentAt = clock.now();
      const reply = await connection.call(['PING'], signal);
      const elapsedMs = clock.now() - sentAt;
      const refusal = reply.type === 'error' ? refusalFault(reply.text, this.#options) : undefined;
      if (refusal) throw refusal;
      return elapsedMs;
    });
  }

  complete(line: string, cursor: number): Completion {
    return this.#completion.at(line, cursor);
  }

  completeKeys(line: string, cursor: number, explicit: boolean, signal: AbortSignal): Promise<readonly CompletionCandidate[]> {
    return this.#completion.keys(line, cursor, explicit, signal);
  }

  #completionPorts(): CompletionPorts {
    return {
      clock: this.#settings.clock,
      connection: () => (this.#state === 'ready' ? this.#connection : undefined),
      inTurn: (work, signal) =>
        this.#onConnection(signal, () => this.#present(), (connection) => {
          // What is asked for beside the person's work does not end with a request: that would end the connection.
          const beside = new AbortController();
          this.#beside = beside;
          const guarded = this.#guarded(connection);
          return work({
            identity: connection,
            reserved: guarded.inTransaction || this.#prepared,
            mayRun: async (args) => this.#guard === undefined || this.#guard.isRead(args, guarded, beside.signal),
            call: (args) => connection.call(args, beside.signal),
          }).finally(() => {
            this.#beside = undefined;
          });
        }),
    };
  }

  async dispose(): Promise<void> {
    this.#completion.cancel();
    this.#beside?.abort();
    this.#life.abort();
    this.#renewal?.stop();
    this.#change('closed');
    this.#changes.dispose();
    this.#connection.dispose();
    await this.#reconnecting?.catch(() => {});
    await this.#connection.closed;
  }

  async #answer(connection: RedisConnection, args: readonly Buffer[], signal: AbortSignal, reader?: ReplyReader): Promise<RespValue> {
    const reply = await connection.call(args, signal, reader);
    this.#answered(args, reply);
    return reply;
  }

  async #all(connection: RedisConnection, commands: readonly Buffer[][], signal: AbortSignal): Promise<readonly RespValue[]> {
    for (const args of commands) {
      refuseUnsupported(args);
      await this.#guard?.admit(undefined, args, this.#guarded(connection), signal);
    }
    throwIfAborted(signal);
    // The last one is answered last, so it alone has to listen: cancelling it ends the connection for all.
    const replies = await Promise.all(
      commands.map((args, index) => connection.call(args, index === commands.length - 1 ? signal : new AbortController().signal)),
    );
    for (const [index, reply] of replies.entries()) this.#answered(commands[index]!, reply);
    return replies;
  }

  #answered(args: readonly Buffer[], reply: RespValue): void {
    const { transaction } = this.#typed;
    this.#typed = stateAfterReply(this.#typed, args, reply);
    if (transaction && !this.#typed.transaction) this.#renewal?.transactionEnded();
    this.#prepared = preparesNext(args);
  }

  #guarded(connection: RedisConnection): GuardedConnection {
    return {
      identity: connection,
      call: (args, signal) => connection.call(args, signal),
      inTransaction: this.#typed.transaction !== undefined,
    };
  }

  /** Runs `work` when everything before it is done, on a connection that is alive. */
  async #inTurn<T>(signal: AbortSignal, work: (connection: RedisConnection) => Promise<T>): Promise<T> {
    let begun = false;
    const marked = (connection: RedisConnection): Promise<T> => {
      begun = true;
      return work(connection);
    };
    try {
      return await this.#onConnection(signal, () => this.#alive(), marked);
    } catch (error) {
      // Whoever gives up waiting for a server that is silent gets a new connection, whoever was asking it.
      if (!begun && isCancelled(error)) this.#beside?.abort();
      throw error;
    }
  }

  async #onConnection<T>(signal: AbortSignal, choose: () => Promise<RedisConnection>, work: (connection: RedisConnection) => Promise<T>): Promise<T> {
    const before = this.#lastTurn;
    let release = (): void => {};
    this.#lastTurn = new Promise((resolve) => {
      release = resolve;
    });
    try {
      await abortable(before, signal);
      const connection = await abortable(choose(), signal);
      try {
        return await work(connection);
      } catch (error) {
        // What was cancelled before it was sent has harmed nothing.
        if (isCancelled(error) && connection.disposed) await this.#replace(connection);
        throw error;
      }
    } finally {
      void before.then(release);
    }
  }

  #alive(): Promise<RedisConnection> {
    if (this.#state === 'closed') return Promise.reject(closedFault());
    if (this.#state === 'ready') return Promise.resolve(this.#connection);
    this.#reconnecting ??= this.#reconnect();
    return this.#reconnecting;
  }

  /** The connection if there is one, without making another. */
  #present(): Promise<RedisConnection> {
    return this.#state === 'ready' ? Promise.resolve(this.#connection) : Promise.reject(closedFault());
  }

  async #reconnect(): Promise<RedisConnection> {
    try {
      const connection = await establish(this.#options, this.#typed, this.#settings, this.#life.signal);
      this.#connection = connection;
      // Disposed meanwhile: `dispose` waits for this and must find nothing alive.
      if (this.#life.signal.aborted) connection.dispose();
      else this.#revived();
      this.#watch(connection);
      return connection;
    } finally {
      this.#reconnecting = undefined;
    }
  }

  #revived(): void {
    this.#renewal?.begin();
    this.#change('ready');
  }

  /** On the connection of now, with a login of now. A login that was typed is the person's affair. */
  async #logInAgain(source: LoginSource): Promise<RenewalOutcome> {
    const connection = this.#connection;
    const obsolete = (): boolean => this.#typed.login !== undefined || this.#state !== 'ready' || connection !== this.#connection;
    if (obsolete()) return 'obsolete';
    if (this.#typed.transaction) return 'inTransaction';
    // Outside of the turn: nobody's command waits for AWS.
    const login = await source.fresh(this.#life.signal);
    if (obsolete()) return 'obsolete';
    return this.#inTurn(this.#life.signal, async (current) => {
      if (current !== connection || obsolete()) return 'obsolete';
      if (this.#typed.transaction) return 'inTransaction';
      const reply = await connection.call(authentication(login), this.#life.signal);
      if (reply.type === 'error') throw refusedFault(reply.text, { ...this.#options, login, loginSource: source });
      return 'renewed';
    });
  }

  /** After a command was cancelled: its connection is gone, and the next one is made without waiting for the next command. */
  async #replace(connection: RedisConnection): Promise<void> {
    await connection.closed;
    this.#alive().catch(() => {
      // The next command tries again and shows why it fails.
    });
  }

  #watch(connection: RedisConnection): void {
    void connection.closed.then(() => {
      if (connection !== this.#connection) return;
      this.#renewal?.stop();
      this.#typed = stateAfterLoss(this.#typed);
      this.#change('lost');
    });
  }

  #change(state: RedisSessionState): void {
    if (this.#state === 'closed' || this.#state === state) return;
    this.#state = state;
    this.#changes.fire(state);
  }
}

/** Undefined for a line that will be refused for its quotes or its number. */
function splitTyped(line: string): ReturnType<typeof splitRepetition> | undefined {
  try {
    return splitRepetition(splitArguments(line));
  } catch {
    return undefined;
  }
}

function asBuffers(args: readonly (string | Buffer)[]): Buffer[] {
  return args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg));
}

function inTransaction(what: string): Fault {
  return new Fault('redis.busy', `A transaction is open; ${what} would become a part of it.`, {
    remedy: { text: 'End it with EXEC or DISCARD first.' },
  });
}

function closedFault(): Fault {
  return new Fault('redis.closed', 'This console is closed.');
}
