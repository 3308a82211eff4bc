import { backoffDelay } from '../base/backoff';
import { sleep, type Clock } from '../base/clock';
import { asFault, cancelled, Fault, faultData } from '../base/fault';
import type { LogLevel } from '../base/log';
import type { Health } from '../model/health';
import type { Link } from '../model/link';
import { wayOf, type Route } from '../model/route';
import type { TunnelLimits } from './limits';
import type { Probe } from './probe';
import { Prober } from './prober';
import { afterDial, afterLoss, newRound, planOf, routeOf, type RoutePlan, type Verdict } from './recovery';
import type { TunnelEvent } from './state';

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly probe: Probe;
  readonly limits: TunnelLimits;
  /** Dials by the route's method. @throws Fault */
  readonly dial: (route: Route, signal: AbortSignal) => Promise<Link>;
  readonly log: (level: LogLevel, event: string, fields?: Record<string, unknown>) => void;
}

/** What the supervisor tells the tunnel. */
export interface SupervisorHost {
  /** Payload bytes that have come so far. */
  received(): number;
  /** Another route is dialled from now on. */
  routed(route: Route): void;
  up(link: Link, health: Health): void;
  /** The link that was up is no longer: its health comes with it. */
  down(health: Health): void;
  /** A probe has passed, or failed with the fault. */
  probed(health: Health, fault?: Fault): void;
  failed(fault: Fault): void;
  move(event: TunnelEvent): void;
  /** No other try follows. */
  over(cause: Fault): void;
}

/** Why a pause ends before its time. */
type Nudge = 'person' | 'credentials' | 'surroundings';

/** Keeps one link up beneath a tunnel: dials, probes, replaces, backs off, and goes over to other bastions. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #host: SupervisorHost;
  readonly #keep: boolean;
  readonly #ended: AbortSignal;
  /** Whatever has to be over before the tunnel is: dials, probes, disposals. */
  readonly #work = new Set<Promise<unknown>>();
  #plan: RoutePlan;
  #link: Link | undefined;
  /** Aborted when the link in use is given up: whatever belongs to that link alone ends with it. */
  #epoch: AbortController | undefined;
  #prober: Prober | undefined;
  /** When the link in use came up, monotonic ms. */
  #upSince = 0;
  /** Dials since a link last held. */
  #attempts = 0;
  /** Ends the pause, or the dial, under way. */
  #pause: { readonly abort: AbortController; readonly holds: boolean } | undefined;
  #dial: AbortController | undefined;
  /** Credentials have changed since the dial began: what it fails with is of yesterday. */
  #renewed = false;

  /** @param ended fires when the tunnel is stopped; `settled` then waits for what is under way */
  constructor(route: Route, alternates: readonly Route[], keep: boolean, deps: SupervisorDeps, host: SupervisorHost, ended: AbortSignal) {
    this.#plan = planOf(route, alternates);
    this.#keep = keep;
    this.#deps = deps;
    this.#host = host;
    this.#ended = ended;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** Dials and probes for the first time; no back-off, but other bastions where the first is gone. @throws Fault of the first */
  async begin(): Promise<void> {
    for (;;) {
      try {
        await this.#track(this.#connect(this.#ended));
        return;
      } catch (error) {
        if (this.#ended.aborted) throw cancelled();
        const verdict = afterDial(this.#plan, asFault(error), false);
        if (verdict.do !== 'dial') throw verdict.cause;
        this.#host.failed(asFault(error));
        this.#go(verdict.plan);
      }
    }
  }

  /** Something has changed for the better, or may have: a link is probed, a pause ends, a dial begins anew. */
  nudge(by: Nudge): void {
    if (this.#link) {
      if (by !== 'credentials') this.#prober?.doubt();
      return;
    }
    // Nobody has shown who they are because the network has changed.
    if (this.#pause && by === 'surroundings' && this.#pause.holds) return;
    this.#attempts = 0;
    this.#renewed = by === 'credentials';
    this.#pause?.abort.abort();
    // A dial on a network that is gone would take long to find out.
    if (by === 'surroundings') this.#dial?.abort();
  }

  /** Gives the link back. Resolves when nothing is under way any more; never rejects. */
  async settled(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#epoch?.abort();
    if (link) this.#giveBack(link);
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    const forget = (): void => void this.#work.delete(work);
    work.then(forget, forget);
    return work;
  }

  #giveBack(link: Link): void {
    const dispose = async (): Promise<void> => {
      try {
        await link.dispose();
      } catch (error) {
        this.#deps.log('warn', 'tunnel.linkDisposeFailed', { error });
      }
    };
    void this.#track(dispose());
  }

  #go(plan: RoutePlan): void {
    const before = routeOf(this.#plan);
    this.#plan = plan;
    const route = routeOf(plan);
    if (route === before) return;
    this.#deps.log('info', 'tunnel.bastionChanged', { from: wayOf(before), to: wayOf(route), method: route.method });
    this.#host.routed(route);
  }

  /** Dials and probes once; the link is adopted only when the probe has passed. */
  async #connect(signal: AbortSignal): Promise<void> {
    const { dial, probe } = this.#deps;
    const route = routeOf(this.#plan);
    const link = await dial(route, signal);
    let health: Health;
    try {
      health = await probe(link, route, signal);
      if (signal.aborted) throw cancelled();
    } catch (error) {
      this.#giveBack(link);
      throw error;
    }
    this.#adopt(link, health);
  }

  #adopt(link: Link, health: Health): void {
    const { clock, probe, limits, log } = this.#deps;
    const epoch = new AbortController();
    this.#link = link;
    this.#epoch = epoch;
    this.#upSince = clock.now();
    this.#host.up(link, health);
    const lose = (fault: Fault): void => {
      // Fence: only the link in use may change the tunnel.
      if (this.#link === link) void this.#track(this.#replace(fault));
    };
    void link.closed.then((fault) => lose(fault ?? new Fault('link.closed', 'The link was closed.', { retryable: true })));
    this.#prober = new Prober(
      link,
      routeOf(this.#plan),
      { clock, probe, limits },
      {
        received: () => this.#host.received(),
        passed: (found) => this.#host.probed(found),
        failed: (fault, found, failures) => {
          log('warn', 'tunnel.probeFailed', { failures, code: fault.code, error: fault });
          this.#host.probed(found, fault);
        },
        dead: lose,
      },
      epoch.signal,
    );
    void this.#track(this.#prober.run(health));
  }

  async #replace(lost: Fault): Promise<void> {
    const { clock, limits, log } = this.#deps;
    const dead = this.#link;
    this.#link = undefined;
    this.#prober = undefined;
    this.#epoch?.abort();
    // Not waited for: the service may take its time over the end of a session that nobody uses.
    if (dead) this.#giveBack(dead);
    if (clock.now() - this.#upSince >= limits.stableMs) this.#attempts = 0;
    let verdict = afterLoss(lost, this.#keep);
    log('warn', 'tunnel.linkLost', { code: lost.code, error: lost });
    this.#host.failed(lost);
    this.#host.down({ level: 'down', checkedAt: clock.wall(), detail: lost.message });
    while (!this.#ended.aborted) {
      if (verdict.do === 'stop') {
        this.#host.over(verdict.cause);
        return;
      }
      if (verdict.do === 'dial') this.#go(verdict.plan);
      else await this.#rest(verdict);
      if (this.#ended.aborted) return;
      const next = await this.#redial();
      if (!next) return;
      verdict = next;
    }
  }

  /** @returns undefined when the link is up, or the tunnel at its end */
  async #redial(): Promise<Verdict | undefined> {
    const attempt = Math.max(1, this.#attempts);
    const abort = new AbortController();
    this.#dial = abort;
    this.#renewed = false;
    this.#host.move({ type: 'dialling', attempt });
    try {
      await this.#connect(AbortSignal.any([this.#ended, abort.signal]));
      return undefined;
    } catch (error) {
      if (this.#ended.aborted) return undefined;
      if (abort.signal.aborted) return { do: 'dial', plan: newRound(this.#plan) };
      const fault = asFault(error, 'link.failed');
      this.#deps.log('warn', 'tunnel.dialFailed', { attempt, bastion: wayOf(routeOf(this.#plan)), code: fault.code, error: fault });
      this.#host.failed(fault);
      return afterDial(this.#plan, fault, this.#keep);
    } finally {
      this.#dial = undefined;
    }
  }

  /** Waits for the next round, which begins with the preferred bastion. */
  async #rest(verdict: Exclude<Verdict, { readonly do: 'dial' | 'stop' }>): Promise<void> {
    const { clock, limits, log } = this.#deps;
    const cause = faultData(verdict.cause);
    const attempt = ++this.#attempts;
    const pause = { abort: new AbortController(), holds: verdict.do === 'hold' };
    this.#pause = pause;
    this.#go(newRound(this.#plan));
    const until = AbortSignal.any([this.#ended, pause.abort.signal]);
    if (verdict.do === 'hold') {
      this.#host.move({ type: 'held', attempt, needs: 'signIn', cause });
      log('warn', 'tunnel.needsSignIn', { attempt, code: cause.code });
      if (!this.#renewed) await aborted(until);
    } else {
      const delay = verdict.do === 'linger' ? limits.keptRetryMs : backoffDelay(attempt - 1, limits.backoff, clock);
      this.#host.move({ type: 'linkLost', attempt, retryAt: clock.wall() + delay, cause });
      log('info', 'tunnel.waiting', { attempt, delayMs: Math.round(delay), code: cause.code });
      await sleep(clock, delay, until).catch(() => {});
    }
    this.#pause = undefined;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
