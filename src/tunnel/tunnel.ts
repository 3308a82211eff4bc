import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock';
import type { Event } from '../base/event';
import { asFault, cancelled, faultData, isCancelled, type Fault } from '../base/fault';
import type { Logger, LogLevel } from '../base/log';
import { Scope } from '../base/scope';
import { UNKNOWN_HEALTH, type Health } from '../model/health';
import type { Link } from '../model/link';
import { wayOf, type Route } from '../model/route';
import type { CredentialsChange } from '../model/signIn';
import type { PastFault, StartOptions, TunnelDetails, TunnelInfo, TunnelState } from '../model/tunnel';
import type { TunnelLimits } from './limits';
import type { Listen, Listener } from './listener';
import { LocalClients } from './localClients';
import type { Probe } from './probe';
import { ProbeHistory } from './probeHistory';
import { INITIAL_STATE, step, type TunnelEvent } from './state';
import { Supervisor } from './supervisor';
import type { Surroundings } from './surroundings';
import { Throughput } from './throughput';

export interface TunnelDeps {
  /** Dials by the route's method. @throws Fault */
  readonly dial: (route: Route, signal: AbortSignal) => Promise<Link>;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: TunnelLimits;
  readonly surroundings?: Surroundings | undefined;
  readonly credentials?: Event<CredentialsChange> | undefined;
  readonly onChange: (info: TunnelInfo) => void;
}

/**
 * One tunnel: a local port bound for its whole life, the clients that come to it, and one link beneath it that a
 * supervisor replaces when it is lost. Everything it holds is given back by `stop`.
 */
export class Tunnel {
  readonly id = randomUUID();
  readonly #deps: TunnelDeps;
  readonly #scope = new Scope();
  readonly #ended = new AbortController();
  readonly #since: number;
  readonly #throughput: Throughput;
  readonly #history = new ProbeHistory();
  readonly #clients: LocalClients;
  readonly #supervisor: Supervisor;
  #route: Route;
  #listener: Listener | undefined;
  #state: TunnelState = INITIAL_STATE;
  #health: Health = UNKNOWN_HEALTH;
  #links = 0;
  #lastFault: PastFault | undefined;
  #reportPending = false;
  #stopping: Promise<void> | undefined;
  #trial: boolean;

  constructor(route: Route, { alternates = [], keep = false, holdMs, probeEveryMs, trial = false }: StartOptions, deps: TunnelDeps) {
    this.#route = route;
    this.#trial = trial;
    this.#deps = deps;
    this.#since = deps.clock.wall();
    this.#throughput = this.#scope.add(new Throughput(deps.clock, () => this.#report()));
    const { clock, probe, dial } = deps;
    const limits = { ...deps.limits, ...(holdMs !== undefined && { holdMs }), ...(probeEveryMs !== undefined && { probeEveryMs }) };
    const log = (level: LogLevel, event: string, fields?: Record<string, unknown>): void => this.#log(level, event, fields);
    this.#clients = new LocalClients({
      clock,
      limits,
      to: route.endpoint,
      meter: this.#throughput,
      link: () => this.#supervisor.link,
      onChange: () => this.#countStreams(),
      log,
    });
    this.#supervisor = new Supervisor(
      route,
      alternates,
      keep,
      { clock, probe, limits, dial, log },
      {
        received: () => this.#throughput.bytes.down,
        routed: (to) => (this.#route = to),
        up: (link, health) => this.#up(link, health),
        down: (health) => (this.#health = health),
        probed: (health, fault) => this.#probed(health, fault),
        failed: (fault) => this.#failed(fault),
        move: (event) => this.#move(event),
        over: (cause) => void this.stop(cause),
      },
      this.#ended.signal,
    );
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
      const listener = await listen((socket) => this.#clients.accept(socket));
      this.#listener = this.#scope.add(listener);
      if (this.#ended.signal.aborted) throw cancelled();
      this.#report();
      await this.#supervisor.begin();
      this.#watch();
    } catch (error) {
      const fault = this.#ended.signal.aborted ? cancelled() : asFault(error);
      await this.stop(fault);
      throw fault;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The one in use, or that is dialled. */
  get route(): Route {
    return this.#route;
  }

  /** False once it has begun to stop. */
  get live(): boolean {
    return !this.#ended.signal.aborted;
  }

  get info(): TunnelInfo {
    const reading = this.#supervisor.link?.reading;
    return {
      id: this.id,
      route: this.#route,
      local: this.#listener?.local ?? { host: '127.0.0.1', port: 0 },
      ...(this.#listener?.exposedOn !== undefined && { exposedOn: this.#listener.exposedOn }),
      state: this.#state,
      health: this.#health,
      since: this.#since,
      bytes: this.#throughput.bytes,
      rate: this.#throughput.rate,
      ...(reading && { link: reading }),
      reconnects: Math.max(0, this.#links - 1),
      ...(this.#lastFault && { lastFault: this.#lastFault }),
      ...(this.#trial && { trial: true }),
    };
  }

  get details(): TunnelDetails {
    return { info: this.info, ...this.#history.details };
  }

  /** Someone has asked for it who is to use it. */
  wanted(): void {
    if (!this.#trial) return;
    this.#trial = false;
    this.#report();
  }

  /** Dials at once where it waits, and probes the link where it has one. */
  retry(): void {
    this.#supervisor.nudge('person');
  }

  /** Idempotent; resolves when the port is free, every stream is gone and the session is terminated. */
  stop(cause?: Fault): Promise<void> {
    this.#stopping ??= this.#stop(cause);
    return this.#stopping;
  }

  async #stop(cause: Fault | undefined): Promise<void> {
    this.#ended.abort();
    this.#clients.dispose();
    const settled = this.#supervisor.settled();
    await this.#scope.dispose();
    // A dial, a probe or a link's disposal under way gives back what it holds before the tunnel counts as closed.
    await settled;
    this.#move(cause && !isCancelled(cause) ? { type: 'stopped', cause: faultData(cause) } : { type: 'stopped' });
    this.#log('info', 'tunnel.closed', cause && { code: cause.code });
  }

  /** From the first link on: until then the person waits for the outcome, and tries again. */
  #watch(): void {
    const { surroundings, credentials } = this.#deps;
    const isWaiting = (): boolean => this.#supervisor.link === undefined;
    if (surroundings) this.#scope.add(surroundings.watch(() => this.#supervisor.nudge('surroundings'), isWaiting));
    if (!credentials) return;
    const concerns = (change: CredentialsChange): boolean =>
      change.kind === 'configuration' || change.profiles.includes(this.#route.place.profile);
    this.#scope.add(
      credentials((change) => {
        if (concerns(change)) this.#supervisor.nudge('credentials');
      }),
    );
  }

  #up(link: Link, health: Health): void {
    this.#links++;
    this.#health = health;
    this.#note(health);
    this.#move({ type: 'linkUp' });
    this.#countStreams();
    this.#log('info', 'tunnel.open', { local: this.#listener?.local.port, bastion: wayOf(this.#route), latencyMs: health.latencyMs });
    this.#clients.linkUp(link);
  }

  #probed(health: Health, fault: Fault | undefined): void {
    this.#health = health;
    this.#note(health, fault !== undefined);
    if (fault) this.#failed(fault);
    this.#report();
  }

  #note({ checkedAt, latencyMs }: Health, failed = false): void {
    this.#history.add({ at: checkedAt, latencyMs, failed }, this.#throughput.bytes);
  }

  #failed(fault: Fault): void {
    this.#lastFault = { fault: faultData(fault), at: this.#deps.clock.wall() };
  }

  #countStreams(): void {
    this.#move({ type: 'streams', count: this.#clients.count }, 'later');
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

  #log(level: LogLevel, event: string, fields: Record<string, unknown> = {}): void {
    this.#deps.logger.log(level, event, { tunnel: this.id, target: this.#route.target.name, ...fields });
  }
}
