import type { FaultData } from '../base/fault';
import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { Logger } from '../base/log';
import { Scope } from '../base/scope';
import type { Route } from '../model/route';
import type { Endpoint } from '../model/endpoint';
import type { StartOptions, TunnelInfo, TunnelService } from '../model/tunnel';

/** A tunnel that this window opened, or speaks for, and that ended without being stopped. */
export interface LostTunnel {
  readonly tunnel: TunnelInfo;
  readonly cause: FaultData;
}

/** The tunnels as the views show them: what the service has told, without those that are closed. */
export class TunnelBoard {
  readonly #scope = new Scope();
  readonly #service: TunnelService;
  readonly #defaults: () => StartOptions;
  readonly #tunnels = new Map<string, TunnelInfo>();
  /** Those that this window asked for, until they end or are stopped from here. */
  readonly #adopted = new Set<string>();
  /** Those that have been up, whoever asked for them: before this window was reloaded it may have been this one. */
  readonly #seenUp = new Set<string>();
  /** Those that are being stopped from here. */
  readonly #stopping = new Set<string>();
  readonly #reported = new WeakSet<TunnelInfo>();
  /** Starts whose answer is awaited, and the tunnels that closed meanwhile: an answer that comes late must not revive one. */
  #starting = 0;
  readonly #closedMeanwhile = new Map<string, TunnelInfo>();
  readonly #changes: Emitter<readonly TunnelInfo[]>;
  readonly #losses: Emitter<LostTunnel>;
  readonly #starts: Emitter<TunnelInfo>;

  readonly onDidChange: Event<readonly TunnelInfo[]>;
  /** Fires once for each tunnel that ended by itself, where this window asked for it or is the one to tell of it. */
  readonly onDidLose: Event<LostTunnel>;
  /** Fires when a tunnel that this window asked for is open, also where it was open before. */
  readonly onDidStart: Event<TunnelInfo>;

  /** @param defaults what the settings say of every tunnel that is started from here */
  constructor(service: TunnelService, logger: Logger, defaults: () => StartOptions = () => ({})) {
    const report = (error: unknown): void => logger.log('error', 'tunnelBoard.listenerFailed', { error });
    this.#service = service;
    this.#defaults = defaults;
    this.#changes = this.#scope.add(new Emitter(report));
    this.#losses = this.#scope.add(new Emitter(report));
    this.onDidChange = this.#changes.event;
    this.onDidLose = this.#losses.event;
    this.#starts = this.#scope.add(new Emitter(report));
    this.onDidStart = this.#starts.event;
    this.#scope.add(service.onDidChange((info) => this.#update(info)));
  }

  /** In the order in which they were opened. */
  get tunnels(): readonly TunnelInfo[] {
    return [...this.#tunnels.values()].toSorted((a, b) => a.since - b.since);
  }

  get(id: string): TunnelInfo | undefined {
    return this.#tunnels.get(id);
  }

  /** The tunnel that leads there already, over whatever bastion. */
  toTarget(targetId: string, endpoint: Endpoint, profile: string): TunnelInfo | undefined {
    const leadsThere = ({ target, endpoint: own, place }: Route): boolean =>
      target.id === targetId && own.host === endpoint.host && own.port === endpoint.port && place.profile === profile;
    return this.tunnels.find(({ route }) => leadsThere(route));
  }

  /** Tunnels of before this window came: with a shared broker there may be some. */
  async load(): Promise<void> {
    for (const info of await this.#service.list()) if (!this.#tunnels.has(info.id)) this.#update(info);
  }

  /** Opens a tunnel; its loss is reported from now on. @throws what the service throws. */
  async start(route: Route, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo> {
    this.#starting++;
    try {
      const info = await this.#service.start(route, { ...this.#defaults(), ...options }, signal);
      const closed = this.#closedMeanwhile.get(info.id);
      if (!closed || !this.#reported.has(closed)) this.#adopted.add(info.id);
      // The event may come after the answer, or have come before it and told more.
      if (closed) this.#update(closed);
      else if (!this.#tunnels.has(info.id)) this.#update(info);
      if (!closed) this.#starts.fire(info);
      return closed ?? this.#tunnels.get(info.id) ?? info;
    } finally {
      this.#starting--;
      if (this.#starting === 0) this.#closedMeanwhile.clear();
    }
  }

  async stop(id: string): Promise<void> {
    // What the person ends is no loss, whatever cause comes with it.
    this.#adopted.delete(id);
    this.#stopping.add(id);
    try {
      await this.#service.stop(id);
    } finally {
      this.#stopping.delete(id);
    }
  }

  dispose(): Promise<void> {
    return this.#scope.dispose();
  }

  #update(info: TunnelInfo): void {
    if (info.state.phase === 'closed') {
      this.#tunnels.delete(info.id);
      if (this.#starting > 0) this.#closedMeanwhile.set(info.id, info);
      this.#changes.fire(this.tunnels);
      const speaksFor = this.#seenUp.delete(info.id) && !info.spokenFor && !this.#stopping.has(info.id);
      if ((this.#adopted.delete(info.id) || speaksFor) && info.state.cause) {
        this.#reported.add(info);
        this.#losses.fire({ tunnel: info, cause: info.state.cause });
      }
      return;
    }
    // Whoever took it for an open one would lose it with the trial: asking for it is what makes it stay.
    if (info.trial) return;
    this.#tunnels.set(info.id, info);
    if (info.state.phase !== 'connecting') this.#seenUp.add(info.id);
    this.#changes.fire(this.tunnels);
  }
}
