import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { backoffDelay, type BackoffLimits } from '../base/backoff';
import type { Clock } from '../base/clock';
import { sleep } from '../base/clock';
import { asFault, cancelled, Fault, faultData, isCancelled } from '../base/fault';
import type { Logger } from '../base/log';
import { Scope } from '../base/scope';
import { UNKNOWN_HEALTH, type Health } from '../model/health';
import type { Link, Transport } from '../model/link';
import type { Route } from '../model/route';
import type { TunnelInfo, TunnelState } from '../model/tunnel';
import type { Listen, Listener } from './listener';
import { probeInterval, type Probe } from './probe';
import { latencyNoted, NO_TREND, withTrend } from './probe/latencyTrend';
import { relay, reset } from './relay';
import { INITIAL_STATE, step, type TunnelEvent } from './state';
import { Throughput } from './throughput';

/** All times in ms. */
export interface TunnelLimits {
  /** Between two probes of a healthy tunnel. */
  readonly probeEveryMs: number;
  /** Until the next probe after a failed one. */
  readonly reprobeMs: number;
  readonly backoff: BackoffLimits;
  /** How long a new client connection waits for a link that is being replaced. */
  readonly holdMs: number;
  /** Changes of counters are reported at most this often. */
  readonly reportEveryMs: number;
}

export const DEFAULT_LIMITS: TunnelLimits = {
  probeEveryMs: 30_000,
  reprobeMs: 5_000,
  backoff: { baseMs: 500, capMs: 30_000 },
  holdMs: 10_000,
  reportEveryMs: 250,
};

export interface TunnelDeps {
  readonly transport: Transport;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: TunnelLimits;
  readonly onChange: (info: TunnelInfo) => void;
}

/**
 * One tunnel: a local port bound for its whole life, and one link beneath it that
 * is replaced when it is lost. Everything it holds is given back by `stop`.
 */
export class Tunnel {
  readonly id = randomUUID();
  readonly route: Route;
  readonly #deps: TunnelDeps;
  readonly #scope = new Scope();
  readonly #ended = new AbortController();
  readonly #since: number;
  readonly #throughput: Throughput;
  readonly #clients = new Set<Socket>();
  readonly #linkWaiters = new Set<(link: Link) => void>();
  readonly #work = new Set<Promise<unknown>>();
  #listener: Listener | undefined;
  #state: TunnelState = INITIAL_STATE;
  #health: Health = UNKNOWN_HEALTH;
  #link: Link | undefined;
  /** Aborted when the link in use is given up: whatever belongs to that link alone ends with it. */
  #linkEpoch: AbortController | undefined;
  #reportPending = false;
  #stopping: Promise<void> | undefined;

  constructor(route: Route, deps: TunnelDeps) {
    this.route = route;
    this.#deps = deps;
    this.#since = deps.clock.wall();
    this.#throughput = this.#scope.add(new Throughput(deps.clock, () => this.#report()));
  }

  /**
   * Binds the port, dials, probes; called once. Resolves when the first probe has passed.
   * @throws Fault of the port, the link or the probe, or `operation.cancelled`; the tunnel is closed then.
   */
  async open(listen: Listen, signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#ended.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) throw cancelled();
      const listener = await listen((socket) => this.#accept(socket));
      this.#listener = this.#scope.add(listener);
      if (this.#ended.signal.aborted) throw cancelled();
      this.#report();
      await this.#track(this.#connect());
    } catch (error) {
      const fault = this.#ended.signal.aborted ? cancelled() : asFault(error);
      await this.stop(fault);
      throw fault;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** False once it has begun to stop. */
  get live(): boolean {
    return !this.#ended.signal.aborted;
  }

  get info(): TunnelInfo {
    const reading = this.#link?.reading;
    return {
      id: this.id,
      route: this.route,
      local: this.#listener?.local ?? { host: '127.0.0.1', port: 0 },
      ...(this.#listener?.exposedOn !== undefined && { exposedOn: this.#listener.exposedOn }),
      state: this.#state,
      health: this.#health,
      since: this.#since,
      bytes: this.#throughput.bytes,
      rate: this.#throughput.rate,
      ...(reading && { link: reading }),
    };
  }

  /** Idempotent; resolves when the port is free, every stream is gone and the session is terminated. */
  stop(cause?: Fault): Promise<void> {
    this.#stopping ??= this.#stop(cause);
    return this.#stopping;
  }

  async #stop(cause: Fault | undefined): Promise<void> {
    this.#ended.abort();
    this.#linkEpoch?.abort();
    const link = this.#link;
    this.#link = undefined;
    for (const socket of this.#clients) reset(socket);
    if (link) void this.#track(this.#disposeLink(link));
    await this.#scope.dispose();
    // A dial, a probe or a link's disposal under way gives back what it holds before the tunnel counts as closed.
    await Promise.allSettled(this.#work);
    this.#move(cause && !isCancelled(cause) ? { type: 'stopped', cause: faultData(cause) } : { type: 'stopped' });
    this.#log('info', 'tunnel.closed', cause && { code: cause.code });
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    const forget = (): void => void this.#work.delete(work);
    work.then(forget, forget);
    return work;
  }

  async #disposeLink(link: Link): Promise<void> {
    try {
      await link.dispose();
    } catch (error) {
      this.#log('warn', 'tunnel.linkDisposeFailed', { error });
    }
  }

  /** Dials and probes once; the link is adopted only when the probe has passed. */
  async #connect(): Promise<void> {
    const { transport, probe } = this.#deps;
    const signal = this.#ended.signal;
    const link = await transport.dial(this.route, signal);
    try {
      this.#health = await probe(link, this.route, signal);
      if (signal.aborted) throw cancelled();
    } catch (error) {
      await this.#disposeLink(link);
      throw error;
    }
    this.#adopt(link);
  }

  #adopt(link: Link): void {
    this.#link = link;
    this.#move({ type: 'linkUp' });
    this.#log('info', 'tunnel.open', { local: this.#listener?.local.port, latencyMs: this.#health.latencyMs });
    for (const resolve of this.#linkWaiters) resolve(link);
    this.#linkWaiters.clear();
    void link.closed.then((fault) => {
      // Fence: only the link in use may change the tunnel.
      if (this.#link !== link) return;
      void this.#replaceLink(fault ?? new Fault('link.closed', 'The link was closed.', { retryable: true }));
    });
    const epoch = new AbortController();
    this.#linkEpoch = epoch;
    void this.#track(this.#keepProbing(link, epoch.signal));
  }

  async #replaceLink(lost: Fault): Promise<void> {
    const { clock, limits } = this.#deps;
    const dead = this.#link;
    this.#link = undefined;
    this.#linkEpoch?.abort();
    if (dead) await this.#track(this.#disposeLink(dead));
    let cause = lost;
    for (let attempt = 1; !this.#ended.signal.aborted; attempt++) {
      if (!cause.retryable) {
        void this.stop(cause);
        return;
      }
      const delay = backoffDelay(attempt - 1, limits.backoff, clock);
      this.#health = { level: 'down', checkedAt: clock.wall(), detail: cause.message };
      this.#move({ type: 'linkLost', cause: faultData(cause), attempt, retryAt: clock.wall() + delay });
      this.#log('warn', 'tunnel.linkLost', { attempt, delayMs: Math.round(delay), code: cause.code, error: cause });
      try {
        await sleep(clock, delay, this.#ended.signal);
        this.#move({ type: 'dialling', attempt });
        await this.#track(this.#connect());
        return;
      } catch (error) {
        cause = asFault(error, 'link.failed');
      }
    }
  }

  async #keepProbing(link: Link, signal: AbortSignal): Promise<void> {
    const { clock, limits, probe } = this.#deps;
    const seldomMs = probeInterval(this.route.target, limits.probeEveryMs);
    const pauseAfter = ({ level }: Health): number => (level === 'ok' ? seldomMs : limits.probeEveryMs);
    let pauseMs = pauseAfter(this.#health);
    // Of this link alone: another one may lead over another bastion.
    let trend = latencyNoted(NO_TREND, this.#health);
    for (let failures = 0; !signal.aborted; ) {
      try {
        await sleep(clock, pauseMs, signal);
        const health = await probe(link, this.route, signal);
        failures = 0;
        pauseMs = pauseAfter(health);
        trend = latencyNoted(trend, health);
        if (!signal.aborted) this.#setHealth(withTrend(health, trend));
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        pauseMs = limits.reprobeMs;
        this.#log('warn', 'tunnel.probeFailed', { failures, error });
        const detail = asFault(error).message;
        this.#setHealth({ level: failures > 1 ? 'down' : 'degraded', checkedAt: clock.wall(), detail });
      }
    }
  }

  #accept(socket: Socket): void {
    if (this.#ended.signal.aborted) {
      socket.destroy();
      return;
    }
    this.#clients.add(socket);
    socket.once('close', () => {
      this.#clients.delete(socket);
      this.#countStreams();
    });
    // A client that has ended its side may be gone altogether, which cannot be told apart; it counts no longer.
    socket.once('end', () => this.#countStreams());
    this.#countStreams();
    void this.#serve(socket);
  }

  async #serve(socket: Socket): Promise<void> {
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    const onError = (error: Error): void => this.#log('debug', 'tunnel.clientError', { error });
    socket.once('close', onClose).on('error', onError);
    try {
      const link = this.#link ?? (await this.#nextLink(gone.signal));
      const stream = await link.open(this.route.endpoint, gone.signal);
      const failure = await relay(socket, stream, this.#throughput);
      if (failure) this.#log('debug', 'tunnel.streamReset', { error: failure });
      this.#reportSoon();
    } catch (error) {
      if (!gone.signal.aborted) this.#log('warn', 'tunnel.connectionReset', { error });
      reset(socket);
    } finally {
      socket.off('close', onClose);
    }
  }

  /** Waits, bounded, for a link that is being dialled. */
  #nextLink(signal: AbortSignal): Promise<Link> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#linkWaiters.delete(onLink);
        timer.dispose();
        signal.removeEventListener('abort', onAbort);
        act();
      };
      const onLink = (link: Link): void => settle(() => resolve(link));
      const onAbort = (): void => settle(() => reject(cancelled()));
      const timer = this.#deps.clock.schedule(this.#deps.limits.holdMs, () =>
        settle(() => reject(new Fault('tunnel.noLink', 'No link was up in time for this connection.', { retryable: true }))),
      );
      this.#linkWaiters.add(onLink);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  #countStreams(): void {
    const count = [...this.#clients].filter(({ readableEnded }) => !readableEnded).length;
    this.#move({ type: 'streams', count }, 'later');
  }

  #setHealth(health: Health): void {
    this.#health = health;
    this.#report();
  }

  #move(event: TunnelEvent, when: 'now' | 'later' = 'now'): void {
    const next = step(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    if (when === 'now') this.#report();
    else this.#reportSoon();
  }

  #report(): void {
    this.#deps.onChange(this.info);
  }

  /** Counters change with every connection and byte: they are reported together, seldom enough for any view. */
  #reportSoon(): void {
    if (this.#reportPending || this.#ended.signal.aborted) return;
    this.#reportPending = true;
    const timer = this.#deps.clock.schedule(this.#deps.limits.reportEveryMs, () => {
      this.#reportPending = false;
      this.#ended.signal.removeEventListener('abort', cancel);
      this.#report();
    });
    const cancel = (): void => timer.dispose();
    this.#ended.signal.addEventListener('abort', cancel, { once: true });
  }

  #log(level: 'debug' | 'info' | 'warn', event: string, fields: Record<string, unknown> = {}): void {
    this.#deps.logger.log(level, event, { tunnel: this.id, target: this.route.target.name, ...fields });
  }
}
