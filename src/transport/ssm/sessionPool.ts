import type { Duplex } from 'node:stream';
import type { BackoffLimits } from '../../base/backoff';
import { backoffDelay } from '../../base/backoff';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import { asFault, cancelled } from '../../base/fault';
import type { Logger, LogLevel } from '../../base/log';
import type { Endpoint } from '../../model/endpoint';
import type { Link } from '../../model/link';
import { linkClosed } from './faults';
import type { Load } from './loadMeter';
import { LoadMeter, STALE_MS } from './loadMeter';
import type { MemberView, PoolLimits, PoolView, StartReason, Step } from './poolPlan';
import { place, plan } from './poolPlan';
import type { SessionLink, SessionStream } from './sessionLink';

export const DEFAULT_POOL_LIMITS: PoolLimits = { maxSessions: 4, idleMs: 60_000, maxSessionMs: undefined };

/** After a session could not be started: the base is waited in any case, the rest is random. */
const BACKOFF: BackoffLimits = { baseMs: 5_000, capMs: 5 * 60_000 };
/** The service asks for patience: nothing is started for at least this long, ms. */
const THROTTLED_MS = 60_000;
/** Failures so long ago no longer count, ms. A session that ends by itself sooner than this was one. */
const FORGET_MS = 10 * 60_000;
const SHORT_LIFE_MS = 60_000;
/** A stream that moved nothing for so long competes with no other, ms. */
const ACTIVE_MS = 2000;
/** A stream that began so recently is one of a burst, if it is not alone, ms. */
const FRESH_MS = 1000;
/** How long a stream waits for a session of its own before it makes do with the next best, ms. */
const PATIENCE_MS = 5000;

export interface PoolDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Read at each decision; see `reconsider`. */
  readonly limits: PoolLimits;
  /** Starts one more session. @throws Fault; nothing is left at the service then. */
  readonly start: (signal: AbortSignal) => Promise<SessionLink>;
}

/** What one session of a link does now. */
export interface SessionReading {
  readonly sessionId: string;
  readonly phase: MemberView['phase'];
  readonly streams: number;
  readonly load: Load;
}

/** What a link's sessions do now. */
export interface PoolReading {
  readonly sessions: readonly SessionReading[];
  /** The agent at the far end sends as fast as it can and has more: neither we nor the network is the limit. */
  readonly agentLimited: boolean;
}

interface Member {
  readonly key: number;
  readonly link: SessionLink;
  readonly meter: LoadMeter;
  readonly bornAt: number;
  /** With the time at which each was opened, ms. */
  readonly streams: Map<SessionStream, number>;
  /** Streams that are being opened. */
  opening: number;
  /** A stream has used it that was more than a probe. */
  used: boolean;
  phase: MemberView['phase'];
  stalled: boolean;
}

type State = { readonly phase: 'live' } | { readonly phase: 'closed'; readonly fault: Fault };

/**
 * A link over several sessions to one destination: an agent's worker sends at most about a kilobyte per millisecond, so
 * client connections are spread over several workers. What to do is decided in `poolPlan`; this carries it out.
 */
export class SessionPool implements Link {
  readonly closed: Promise<Fault | undefined>;
  readonly #deps: PoolDeps;
  readonly #resolveClosed: (fault: Fault | undefined) => void;
  readonly #members = new Map<number, Member>();
  readonly #starts = new Set<Promise<void>>();
  /** Disposals of sessions that the pool has let go. */
  readonly #endings = new Set<Promise<void>>();
  readonly #waiters = new Set<() => void>();
  readonly #abort = new AbortController();
  #state: State = { phase: 'live' };
  #nextKey = 0;
  #failures = { count: 0, last: -Infinity, blockedUntil: -Infinity };
  #lookTimer: Disposable | undefined;
  #limitTimer: Disposable | undefined;
  #agentLimited = false;
  /** Of the session that was lost last. */
  #lastFault: Fault | undefined;
  #disposal: Promise<void> | undefined;

  /** @param first an established session; the pool owns it from now on. */
  constructor(first: SessionLink, deps: PoolDeps) {
    this.#deps = deps;
    let resolveClosed: (fault: Fault | undefined) => void = () => {};
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.#resolveClosed = resolveClosed;
    this.#add(first);
    this.#settle();
  }

  /** What the sessions do now, for whoever wants to show it. */
  get reading(): PoolReading {
    const now = this.#deps.clock.now();
    const sessions = [...this.#members.values()].map(({ link, phase, streams, meter }) => ({
      sessionId: link.id,
      phase,
      streams: streams.size,
      load: meter.load(now),
    }));
    return { sessions, agentLimited: sessions.some(({ load }) => load.agentLimited) };
  }

  async open(to: Endpoint, signal: AbortSignal): Promise<Duplex> {
    const began = this.#deps.clock.now();
    for (;;) {
      if (signal.aborted) throw cancelled();
      if (this.#state.phase === 'closed') throw linkClosed(this.#state.fault);
      const now = this.#deps.clock.now();
      const placement = place(this.#view(now), now - began < PATIENCE_MS, now, this.#deps.limits);
      if (placement.kind === 'nowhere') throw linkClosed();
      if (placement.kind === 'member') return this.#openOn(this.#members.get(placement.id)!, to, signal);
      await this.#nextChange(began + PATIENCE_MS - now, signal);
    }
  }

  /** The limits may have changed. */
  reconsider(): void {
    this.#settle();
  }

  check(): void {
    for (const { link } of this.#members.values()) link.check?.();
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    this.#close(linkClosed(), undefined);
    for (const member of this.#members.values()) this.#end(member);
    await Promise.all([...this.#starts, ...this.#endings]);
  }

  /** No further stream and no further session. Sessions that live are ended by `dispose`. */
  #close(fault: Fault, closed: Fault | undefined): void {
    if (this.#state.phase === 'closed') return;
    this.#state = { phase: 'closed', fault };
    this.#abort.abort();
    this.#lookTimer?.dispose();
    this.#limitTimer?.dispose();
    this.#wakeWaiters();
    this.#resolveClosed(closed);
  }

  async #openOn(member: Member, to: Endpoint, signal: AbortSignal): Promise<Duplex> {
    const { clock } = this.#deps;
    member.opening++;
    if (member.phase !== 'open') this.#log('debug', 'ssm.drainInterrupted', member);
    try {
      const stream = await member.link.open(to, signal);
      const openedAt = clock.now();
      member.streams.set(stream, openedAt);
      stream.once('close', () => {
        member.streams.delete(stream);
        // A shorter one is a probe, for whose sake no session is kept.
        if (clock.now() - openedAt >= FRESH_MS) {
          member.used = true;
          member.meter.used(clock.now());
        }
        if (member.streams.size + member.opening === 0) member.meter.rest(clock.now());
        this.#changed();
      });
      return stream;
    } finally {
      member.opening--;
      this.#settle();
    }
  }

  /** Resolves when sessions or streams have changed, or after `ms`. */
  #nextChange(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        timer?.dispose();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = ms > 0 ? this.#deps.clock.schedule(ms, done) : undefined;
      signal.addEventListener('abort', done, { once: true });
      this.#waiters.add(done);
      this.#settle();
    });
  }

  /** Who waits looks for a place first: a session is not started for one that has found it. */
  #changed(): void {
    this.#wakeWaiters();
    this.#settle();
  }

  #wakeWaiters(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #view(now: number): PoolView {
    const members = [...this.#members.values()]
      .filter(({ link }) => !link.fault)
      .map(({ key, link, meter, bornAt, phase, streams, opening, used }): MemberView => {
        let active = opening;
        let fresh = opening;
        let { workedAt } = meter;
        for (const [{ movedAt, remoteEnded }, openedAt] of streams) {
          workedAt = Math.max(workedAt, openedAt);
          if (!remoteEnded && now - movedAt < ACTIVE_MS) active++;
          if (now - openedAt < FRESH_MS) fresh++;
        }
        const { saturated, bulky } = meter.load(now);
        return {
          id: key,
          phase,
          bornAt,
          workedAt: opening > 0 ? now : workedAt,
          streams: streams.size + opening,
          active,
          fresh,
          used: used || streams.size + opening > 0,
          exclusive: link.exclusive,
          stalled: link.stalled,
          saturated,
          bulky,
        };
      });
    const { blockedUntil } = this.#failures;
    return { members, starting: this.#starts.size, waiting: this.#waiters.size, blockedUntil };
  }

  /** Carries out what the plan asks for until it asks for nothing. */
  #settle(): void {
    if (this.#state.phase === 'closed') return;
    for (;;) {
      const now = this.#deps.clock.now();
      const { steps, lookAt } = plan(this.#view(now), now, this.#deps.limits);
      if (steps.length === 0) {
        this.#lookTimer?.dispose();
        this.#lookTimer =
          lookAt === undefined
            ? undefined
            : this.#deps.clock.schedule(Math.min(2 ** 31 - 1, Math.max(1, Math.ceil(lookAt - now))), () => this.#settle());
        return;
      }
      for (const step of steps) this.#carryOut(step);
    }
  }

  #carryOut(step: Step): void {
    if (step.kind === 'start') {
      const work: Promise<void> = this.#start(step.why).finally(() => {
        this.#starts.delete(work);
        this.#afterStart();
      });
      this.#starts.add(work);
      return;
    }
    const member = this.#members.get(step.id)!;
    if (step.kind === 'end') {
      this.#end(member);
      return;
    }
    member.phase = step.kind === 'drain' ? step.phase : 'open';
    member.meter.used(this.#deps.clock.now());
    this.#log('debug', step.kind === 'drain' ? 'ssm.draining' : 'ssm.recalled', member, { why: member.phase });
    if (step.kind === 'recall') this.#wakeWaiters();
  }

  async #start(why: StartReason): Promise<void> {
    try {
      const link = await this.#deps.start(this.#abort.signal);
      if (this.#state.phase === 'closed') {
        await link.dispose();
        return;
      }
      const member = this.#add(link);
      this.#log('info', 'ssm.sessionAdded', member, { why, sessions: this.#members.size });
    } catch (error) {
      if (this.#state.phase === 'closed') return;
      const fault = asFault(error);
      const delayMs = this.#failed(fault);
      this.#deps.logger.log('warn', 'ssm.growthFailed', { why, code: fault.code, error: fault, delayMs });
    }
  }

  #afterStart(): void {
    if (this.#members.size === 0 && this.#starts.size === 0) this.#lastIsGone();
    this.#changed();
  }

  /** @returns how long nothing is started now, ms. */
  #failed(fault: Fault): number {
    const { clock } = this.#deps;
    const now = clock.now();
    const count = now - this.#failures.last > FORGET_MS ? 0 : this.#failures.count;
    const least = fault.code === 'aws.throttled' ? THROTTLED_MS : BACKOFF.baseMs;
    const delay = Math.round(least + backoffDelay(count, BACKOFF, clock));
    this.#failures = { count: count + 1, last: now, blockedUntil: now + delay };
    return delay;
  }

  #add(link: SessionLink): Member {
    const now = this.#deps.clock.now();
    const meter = new LoadMeter(link.traffic, now);
    const key = this.#nextKey++;
    const streams = new Map<SessionStream, number>();
    const state = { opening: 0, used: false, phase: 'open', stalled: false } as const;
    const member: Member = { key, link, meter, bornAt: now, streams, ...state };
    this.#members.set(key, member);
    link.onTurn = () => this.#onTurn(member);
    void link.closed.then((fault) => this.#onEnded(member, fault));
    return member;
  }

  #onTurn(member: Member): void {
    if (this.#state.phase === 'closed') return;
    const now = this.#deps.clock.now();
    const measured = member.meter.turn(now);
    const { stalled } = member.link;
    if (!measured && stalled === member.stalled) return;
    if (stalled !== member.stalled) this.#log('debug', stalled ? 'ssm.stalled' : 'ssm.stallEnded', member);
    member.stalled = stalled;
    if (measured) this.#reportLimit();
    this.#settle();
  }

  /** Says once when the agent becomes the limit, and once when it no longer is. */
  #reportLimit(): void {
    const { clock, logger } = this.#deps;
    const { agentLimited, sessions } = this.reading;
    this.#limitTimer?.dispose();
    this.#limitTimer = undefined;
    // Without traffic no measurement comes: the end has to be looked for.
    if (agentLimited) this.#limitTimer = clock.schedule(STALE_MS + 1, () => this.#reportLimit());
    if (agentLimited === this.#agentLimited) return;
    this.#agentLimited = agentLimited;
    const kBps = Math.round(sessions.reduce((sum, { load }) => sum + load.receivedPerSecond, 0) / 1000);
    const event = agentLimited ? 'ssm.agentLimited' : 'ssm.agentLimitEnded';
    logger.log('info', event, { sessions: sessions.length, kBps });
  }

  #onEnded(member: Member, fault: Fault | undefined): void {
    if (!this.#members.delete(member.key) || this.#state.phase === 'closed') return;
    const { clock } = this.#deps;
    const left = this.#members.size;
    this.#track(member.link.dispose());
    this.#lastFault = fault;
    if (left + this.#starts.size === 0) {
      this.#lastIsGone();
      return;
    }
    this.#log('info', 'ssm.sessionLost', member, { code: fault?.code, left });
    // Something ends them: more of them would not live longer.
    if (fault && clock.now() - member.bornAt < SHORT_LIFE_MS) this.#failed(fault);
    this.#changed();
  }

  #lastIsGone(): void {
    const fault = this.#lastFault ?? linkClosed();
    this.#close(fault, fault);
  }

  /** Lets a session go that no stream uses, or none may use any longer. */
  #end(member: Member): void {
    this.#members.delete(member.key);
    this.#track(member.link.dispose());
  }

  #track(ending: Promise<void>): void {
    const tracked = ending
      .catch((error: unknown) => this.#deps.logger.log('warn', 'ssm.disposeFailed', { error }))
      .finally(() => this.#endings.delete(tracked));
    this.#endings.add(tracked);
  }

  #log(level: LogLevel, event: string, { link, streams }: Member, fields: Record<string, unknown> = {}): void {
    this.#deps.logger.log(level, event, { sessionId: link.id, streams: streams.size, ...fields });
  }
}
