import { abortable, throwIfAborted } from '../../base/abort';
import { backoffDelay } from '../../base/backoff';
import { type Clock, sleep, systemClock } from '../../base/clock';
import { Emitter } from '../../base/event';
import { asFault, type Fault } from '../../base/fault';
import { type NodeWay, wayTo } from '../cluster/way';
import type { RedisConnection } from '../connection';
import { initialState } from '../connectionState';
import { authentication, establish, type EstablishSettings } from '../establish';
import { refusedFault, timedOut } from '../faults';
import { Guard } from '../guard/guard';
import { LoginRenewal, type RenewalOutcome } from '../loginRenewal';
import type { RedisSessionOptions } from '../types';
import { alreadyRunning, answerLost } from './faults';
import { LOG_BOUNDS, type LogBounds, RingLog } from './log';
import { type LivePlan, planOf } from './plan';
import { MAX_TEXT } from './shownText';
import { type LiveOutcome, type LiveStream, monitor, resolveLast, runBlocking, type RunControl, type StreamContext, subscribe } from './streams';
import type { LiveFeed, LiveKind, LiveMarkKind, LiveRequest, LiveState } from './types';

export interface FeedSettings {
  readonly clock?: Clock;
  /** For connecting, logging in and the first PING together, ms. */
  readonly openTimeoutMs?: number;
  readonly bounds?: LogBounds;
}

const OPEN_TIMEOUT_MS = 15_000;
const EMPTY_PAUSE_MS = 100;
const AGAIN = { baseMs: 500, capMs: 15_000 } as const;
/** A connection that lasts for less is no sign that all is well: a server cuts subscribers that are too slow. */
const STABLE_MS = 10_000;
/** MONITOR writes a command in one line, in escapes that are up to four times as long; what is longer ends the connection. */
const LONGEST_LINE = 32 * 1024 * 1024;

/** @throws Fault `redis.unsupported` for a command that neither streams nor waits */
export function createLiveFeed(request: LiveRequest, { clock = systemClock, openTimeoutMs = OPEN_TIMEOUT_MS, bounds = LOG_BOUNDS }: FeedSettings = {}): LiveFeed {
  const plan = planOf(request.args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg)));
  const limits = { keepBytes: plan.kind === 'block' ? bounds.bytes : MAX_TEXT, ...(plan.kind === 'monitor' && { maxLineBytes: LONGEST_LINE }) };
  return new Feed(request, plan, { clock, openTimeoutMs, limits }, new RingLog(clock, bounds));
}

/** What holds from one start to its end. */
interface Life {
  readonly asked: RedisSessionOptions;
  /** Those asked for, or what they are at the node that the request names. */
  options: RedisSessionOptions;
  readonly abort: AbortController;
  readonly control: RunControl;
  /** Throws once writes are locked. */
  check: () => void;
  connection: RedisConnection | undefined;
  /** To the node of a cluster that the request names; until it ends, or a connection over it fails. */
  way: NodeWay | undefined;
  /** Monotonic ms. */
  liveSince: number;
  /** To connect again, since it was last live for a while. */
  attempts: number;
  /** Whether messages come as pushes, so that AUTH can go between them. */
  pushes: boolean;
}

class Feed implements LiveFeed {
  readonly #request: LiveRequest;
  readonly #plan: LivePlan;
  readonly #settings: EstablishSettings;
  readonly #changes = new Emitter<LiveState>();
  readonly log: RingLog;
  #repeat: boolean;
  #state: LiveState = { phase: 'idle' };
  #life: Life | undefined;
  #renewal: LoginRenewal | undefined;
  /** Ways that were given back. */
  #released: Promise<unknown> = Promise.resolve();
  #held = false;
  #letGo = (): void => {};

  constructor(request: LiveRequest, plan: LivePlan, settings: EstablishSettings, log: RingLog) {
    this.#request = request;
    this.#plan = plan;
    this.#settings = settings;
    this.log = log;
    // To follow a stream takes nothing from anybody.
    this.#repeat = plan.repeatable && !plan.consumes;
  }

  get kind(): LiveKind {
    return this.#plan.kind;
  }

  get title(): string {
    return this.#plan.title;
  }

  get consumes(): boolean {
    return this.#plan.consumes;
  }

  get repeatable(): boolean {
    return this.#plan.repeatable;
  }

  get repeat(): boolean {
    return this.#repeat;
  }

  set repeat(on: boolean) {
    this.#repeat = on && this.#plan.repeatable;
  }

  get state(): LiveState {
    return this.#state;
  }

  get onDidChange(): LiveFeed['onDidChange'] {
    return this.#changes.event;
  }

  async start(options: RedisSessionOptions, signal: AbortSignal): Promise<void> {
    if (this.#life) throw alreadyRunning();
    const life: Life = {
      asked: options,
      options,
      abort: new AbortController(),
      control: { args: this.#plan.args, next: (runs, found) => this.#next(life, runs, found) },
      check: () => {},
      connection: undefined,
      way: undefined,
      liveSince: this.#settings.clock.now(),
      attempts: 0,
      pushes: false,
    };
    this.#life = life;
    this.#change({ phase: 'connecting' });
    try {
      const stream = await this.#open(life, AbortSignal.any([signal, life.abort.signal]), true);
      this.#change({ phase: 'live' });
      void this.#keep(life, stream);
    } catch (error) {
      const fault = asFault(error);
      this.#end(life, life.abort.signal.aborted || signal.aborted ? undefined : fault);
      throw fault;
    }
  }

  hold(on: boolean): void {
    this.#held = on;
    if (!on) this.#letGo();
  }

  async stop(): Promise<void> {
    const life = this.#life;
    if (!life) {
      await this.#released;
      return;
    }
    const { connection } = life;
    this.#end(life);
    await connection?.closed;
    await this.#released;
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.#changes.dispose();
  }

  /** Connects and begins; `first` has the guard judge what will run. Nothing is left open when it throws. */
  async #open(life: Life, signal: AbortSignal, first: boolean): Promise<LiveStream> {
    try {
      await this.#findWay(life, signal);
      return await this.#openOver(life, signal, first);
    } catch (error) {
      this.#release(life);
      throw error;
    }
  }

  /** To the node, where one is named and there is no way yet. */
  async #findWay(life: Life, signal: AbortSignal): Promise<void> {
    const { asked, way } = life;
    const { node } = this.#request;
    if (!node || !asked.cluster || way) return;
    // What is still being ended would take the new one with it.
    await abortable(this.#released, signal);
    life.way = await wayTo(node.endpoint, asked, asked.cluster, signal);
    throwIfAborted(signal);
    life.options = { ...asked, ...life.way.options, readOnly: node.role === 'replica' };
  }

  #release(life: Life): void {
    const { way } = life;
    if (!way) return;
    life.way = undefined;
    // What it could not end is told by whoever has made it.
    this.#released = Promise.allSettled([this.#released, way.place.dispose()]);
  }

  async #openOver(life: Life, signal: AbortSignal, first: boolean): Promise<LiveStream> {
    const { options, control } = life;
    const state = { ...initialState(options.login), database: this.#request.database ?? 0 };
    const connection = await establish(options, state, this.#settings, signal);
    life.connection = connection;
    life.pushes = false;
    try {
      if (first) await this.#admit(life, connection, signal);
      else life.check();
      const { read } = this.#plan;
      if (first && read?.follows) control.args = await resolveLast(connection, control.args, read.idsAt, signal);
      const stream = await this.#beginInTime(life, connection, first, signal);
      throwIfAborted(signal);
      this.#watchLogin(life);
      return stream;
    } catch (error) {
      connection.dispose();
      throw error;
    }
  }

  async #admit(life: Life, connection: RedisConnection, signal: AbortSignal): Promise<void> {
    const { guard } = life.options;
    if (!guard) return;
    const identity = connection;
    const call = connection.call.bind(connection);
    const allowed = await new Guard(guard).admit(undefined, this.#plan.args, { identity, call, inTransaction: false }, signal);
    life.check = () => allowed.check();
  }

  /** A server that has let somebody in and then says nothing must not be waited for. */
  async #beginInTime(life: Life, connection: RedisConnection, first: boolean, signal: AbortSignal): Promise<LiveStream> {
    const { clock, openTimeoutMs } = this.#settings;
    const deadline = new AbortController();
    const timer = clock.schedule(openTimeoutMs, () => deadline.abort());
    try {
      return await this.#begin(life, connection, first, AbortSignal.any([signal, deadline.signal]));
    } catch (error) {
      throw deadline.signal.aborted && !signal.aborted ? timedOut(openTimeoutMs, life.options) : error;
    } finally {
      timer.dispose();
    }
  }

  async #begin(life: Life, connection: RedisConnection, first: boolean, signal: AbortSignal): Promise<LiveStream> {
    let told = first;
    const began = (): void => {
      if (!told) this.log.mark(this.#gapMark(life));
      told = true;
    };
    const context: StreamContext = { plan: this.#plan, log: this.log, options: life.options, keyspace: this.#request.keyspace === true, began };
    switch (this.#plan.kind) {
      case 'subscribe':
        life.pushes = (await connection.call(['HELLO', '3'], signal)).type !== 'error';
        return subscribe(connection, context, signal);
      case 'monitor':
        return monitor(connection, context, signal);
      case 'block':
        return { ended: runBlocking(connection, context, life.control, life.abort.signal) };
    }
  }

  /** Until it ends, connecting again where that is of use. Never rejects. */
  async #keep(life: Life, first: LiveStream): Promise<void> {
    let stream = first;
    for (;;) {
      const outcome = await stream.ended;
      if (life !== this.#life) return;
      this.#renewal?.stop();
      const fault = this.#finalFault(outcome);
      if (fault !== 'again') {
        this.#end(life, fault);
        return;
      }
      this.log.mark('lost');
      this.#change({ phase: 'lost' });
      const next = await this.#connectAgain(life);
      if (!next || life !== this.#life) return;
      life.liveSince = this.#settings.clock.now();
      this.#change({ phase: 'live' });
      stream = next;
    }
  }

  #finalFault(outcome: LiveOutcome): Fault | 'again' | undefined {
    if (outcome.type === 'done') return undefined;
    if (outcome.type === 'failed') return outcome.fault;
    // What takes something is not run twice for one wish.
    return this.#plan.consumes && !this.#repeat ? answerLost(this.#plan.title, outcome.cause) : 'again';
  }

  /** Undefined when it was given up; the state says why. */
  async #connectAgain(life: Life): Promise<LiveStream | undefined> {
    const { signal } = life.abort;
    const { clock } = this.#settings;
    if (clock.now() - life.liveSince >= STABLE_MS) life.attempts = 0;
    for (;;) {
      try {
        await sleep(clock, backoffDelay(life.attempts++, AGAIN, clock), signal);
        return await this.#open(life, signal, false);
      } catch (error) {
        const fault = asFault(error);
        if (life !== this.#life) return undefined;
        if (!fault.retryable) {
          this.#end(life, fault);
          return undefined;
        }
        this.#change({ phase: 'lost', fault });
      }
    }
  }

  /** What the time without a connection means for what is shown. */
  #gapMark({ control }: Life): LiveMarkKind {
    const { read, consumes } = this.#plan;
    if (consumes) return read ? 'pending' : 'taken';
    const complete = read?.follows === true && control.args.slice(read.idsAt).every((id) => id.toString('latin1') !== '$');
    return complete ? 'complete' : 'again';
  }

  /** Between two runs of a command that waits. */
  async #next(life: Life, runs: number, found: boolean): Promise<boolean> {
    if (!this.#repeat && runs >= (this.#request.times ?? 1)) return false;
    const { signal } = life.abort;
    // One that waits for a millisecond only must not keep a server busy.
    if (!found) await sleep(this.#settings.clock, EMPTY_PAUSE_MS, signal);
    if (this.#held && this.#plan.consumes) {
      const released = new Promise<void>((resolve) => {
        this.#letGo = resolve;
      });
      await abortable(released, signal);
    }
    life.check();
    return true;
  }

  #watchLogin({ options: { login, loginSource } }: Life): void {
    if (login || loginSource?.kind !== 'iam') return;
    this.#renewal ??= new LoginRenewal(this.#settings.clock, () => this.#renew());
    this.#renewal.begin();
  }

  /** In between pushes; where an AUTH has no place, another connection is made before AWS cuts this one. */
  async #renew(): Promise<RenewalOutcome> {
    const life = this.#life;
    const connection = life?.connection;
    if (!life || !connection || connection.disposed) return 'obsolete';
    const { loginSource } = life.options;
    const { signal } = life.abort;
    if (!life.pushes || !loginSource) {
      connection.dispose();
      return 'obsolete';
    }
    const login = await loginSource.fresh(signal);
    if (connection !== life.connection || connection.disposed) return 'obsolete';
    const reply = await connection.call(authentication(login), signal);
    if (reply.type === 'error') throw refusedFault(reply.text, { ...life.options, login });
    return 'renewed';
  }

  #end(life: Life, fault?: Fault): void {
    if (life !== this.#life) return;
    this.#life = undefined;
    this.#renewal?.stop();
    life.abort.abort();
    life.connection?.dispose();
    this.#release(life);
    this.#change(fault ? { phase: 'ended', fault } : { phase: 'ended' });
  }

  #change(state: LiveState): void {
    this.#state = state;
    this.#changes.fire(state);
  }
}
