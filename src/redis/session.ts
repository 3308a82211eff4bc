import { abortable } from '../base/abort';
import { type Clock, systemClock } from '../base/clock';
import { Emitter } from '../base/event';
import { Fault, isCancelled } from '../base/fault';
import { formatEndpoint } from '../model/endpoint';
import { isReport, preparesNext, refuseUnsupported } from './commands';
import { helpText, isHelp } from './completion/help';
import { type CompletionPorts, CompletionSource } from './completion/source';
import type { RedisConnection } from './connection';
import { type ConnectionState, initialState, stateAfterLoss, stateAfterReply } from './connectionState';
import { authentication, establish, type EstablishSettings } from './establish';
import { refusalFault, refusedFault } from './faults';
import { Guard, type GuardedConnection } from './guard/guard';
import { LoginRenewal, type RenewalOutcome } from './loginRenewal';
import type { ReplyStyle } from './render';
import { splitRepetition } from './repetition';
import { endingBy, isLarge, plainReply } from './replies/rendered';
import { ReplyRecord } from './replies/replyRecord';
import { ReplyShelf } from './replies/replyShelf';
import { splitArguments } from './splitArguments';
import { shapeOf } from './views/shapes';
import type { ReplyReader, RespValue } from '../wire/resp';
import type { Completion, CompletionCandidate, KeptReply, LoginSource, OpenRedisSession, RedisSession, RedisSessionOptions, RedisSessionState, RenderedReply } from './types';

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
}

interface Rendering {
  readonly maxChars: number;
  readonly style: ReplyStyle;
  readonly shelf: ReplyShelf;
}

/** For connecting, logging in and the first PING together. */
export const OPEN_TIMEOUT_MS = 15_000;
const MAX_REPLY_CHARS = 48 * 1024 * 1024;
/** Of a reply as data. */
const CALL_KEEP_BYTES = 1024 * 1024;

export function sessionOpener({ clock = systemClock, openTimeoutMs = OPEN_TIMEOUT_MS, maxChars = MAX_REPLY_CHARS, style = 'typed', shelf = new ReplyShelf() }: SessionSettings = {}): OpenRedisSession {
  const settings: EstablishSettings = { clock, openTimeoutMs, limits: { keepBytes: CALL_KEEP_BYTES } };
  return async (options, signal) => {
    const state = initialState(options.login);
    const connection = await establish(options, state, settings, signal);
    return new ConsoleSession(options, settings, { maxChars, style, shelf }, state, connection);
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

class ConsoleSession implements RedisSession {
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
      const args = argumentsOf(line);
      return args && args.length > 0 && !isHelp(args) ? [{ line, args }] : [];
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
    const record = this.#record(args, onGrowth);
    let kind: RenderedReply['kind'] = 'value';
    let ending: RenderedReply['ending'] = 'whole';
    let sentAt = clock.now();
    try {
      await this.#inTurn(signal, async (connection) => {
        const allowed = await this.#guard?.admit(line, args, this.#guarded(connection), signal);
        sentAt = clock.now();
        for (let time = 0; time < times; time++) {
          if (time > 0) allowed?.check();
          const { type } = await this.#answer(connection, args, signal, record.reader());
          kind = type === 'error' ? 'error' : 'value';
        }
      });
    } catch (error) {
      ending = endingBy(error);
      // What has been shown already stays.
      if (ending === 'whole' || !isLarge(record)) {
        record.forget();
        throw error;
      }
    }
    record.settle(ending === 'whole');
    const { truncated } = record;
    const large = isLarge(record);
    return { kind, text: large ? '' : record.text, large, truncated, ending, elapsedMs: clock.now() - sentAt, reply: record };
  }

  #record(args: readonly Buffer[], onGrowth: (reply: KeptReply) => void): ReplyRecord {
    const { style, maxChars, shelf } = this.#rendering;
    return new ReplyRecord({
      shape: shapeOf(args),
      style: isReport(args) ? 'report' : style,
      maxChars,
      shelf,
      onGrowth: (reply) => {
        if (isLarge(reply)) onGrowth(reply);
      },
    });
  }

  async call(args: readonly (string | Buffer)[], signal: AbortSignal): Promise<RespValue> {
    const command = args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg));
    this.#completion.cancel();
    refuseUnsupported(command);
    return this.#inTurn(signal, async (connection) => {
      await this.#guard?.admit(undefined, command, this.#guarded(connection), signal);
      return this.#answer(connection, command, signal);
    });
  }

  async ping(signal: AbortSignal): Promise<number> {
    return this.#inTurn(signal, async (connection) => {
      if (this.#typed.transaction) {
        throw new Fault('redis.busy', 'A transaction is open; PING would become a part of it.', {
          remedy: { text: 'End it with EXEC or DISCARD first.' },
        });
      }
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
    const { transaction } = this.#typed;
    this.#typed = stateAfterReply(this.#typed, args, reply);
    if (transaction && !this.#typed.transaction) this.#renewal?.transactionEnded();
    this.#prepared = preparesNext(args);
    return reply;
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
function argumentsOf(line: string): Buffer[] | undefined {
  try {
    return splitRepetition(splitArguments(line)).args;
  } catch {
    return undefined;
  }
}

function closedFault(): Fault {
  return new Fault('redis.closed', 'This console is closed.');
}
