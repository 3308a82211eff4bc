import { systemClock, type Clock } from '../base/clock';
import { cancelled, Fault } from '../base/fault';
import { Emitter, type Event } from '../base/event';
import type { Logger } from '../base/log';
import type { Transport } from '../model/link';
import { isEndpoint } from '../model/endpoint';
import { sameDestination, type Route } from '../model/route';
import type { CredentialsChange } from '../model/signIn';
import type { StartOptions, TunnelDetails, TunnelInfo, TunnelService } from '../model/tunnel';
import { DEFAULT_LIMITS, type TunnelLimits } from './limits';
import { LocalPorts } from './localPorts';
import { PortStore } from './portStore';
import type { Probe } from './probe';
import type { Surroundings } from './surroundings';
import { Tunnel } from './tunnel';

export interface TunnelsDeps {
  readonly transports: readonly Transport[];
  readonly probe: Probe;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly limits?: Partial<TunnelLimits>;
  /** What makes tunnels doubt their links, and try again at once; nothing does unless told. */
  readonly surroundings?: Surroundings;
  /** What lets tunnels go on that wait for a sign-in. */
  readonly credentials?: Event<CredentialsChange>;
  /** Which local ports destinations have; in memory unless told. */
  readonly ports?: PortStore;
}

/** A start under way, shared by everyone who asks for the same destination meanwhile. */
interface Opening {
  readonly route: Route;
  readonly abort: AbortController;
  readonly result: Promise<TunnelInfo>;
  waiting: number;
  /** How many of those who wait are to use it: what nobody is to use is closed once it has shown that it works. */
  wanted: number;
}

/** All tunnels of this process. */
export class Tunnels implements TunnelService {
  readonly #deps: TunnelsDeps;
  readonly #changes: Emitter<TunnelInfo>;
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #openings = new Set<Opening>();
  readonly #store: PortStore;
  readonly #ports: LocalPorts;
  #disposed = false;

  readonly onDidChange: Event<TunnelInfo>;

  constructor(deps: TunnelsDeps) {
    this.#deps = deps;
    this.#changes = new Emitter((error) => deps.logger.log('error', 'tunnel.listenerFailed', { error }));
    this.onDidChange = this.#changes.event;
    this.#store = deps.ports ?? new PortStore(undefined, deps.logger);
    const own = (): readonly TunnelInfo[] => [...this.#tunnels.values()].filter(({ live }) => live).map(({ info }) => info);
    const ending = (port: number): Promise<void> | undefined => [...this.#tunnels.values()].find((one) => !one.live && one.info.local.port === port)?.stop();
    this.#ports = new LocalPorts({ store: this.#store, logger: deps.logger, own, ending });
  }

  async start(route: Route, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo> {
    if (this.#disposed || signal.aborted) throw cancelled();
    const opening = [...this.#openings].find((one) => sameDestination(one.route, route) && !one.abort.signal.aborted);
    const existing = [...this.#tunnels.values()].find((tunnel) => tunnel.live && sameDestination(tunnel.route, route));
    if (!options.trial) existing?.wanted();
    if (!opening && existing) return existing.info;
    return this.#join(opening ?? this.#open(route, options), options.trial ? 0 : 1, signal);
  }

  async stop(id: string): Promise<void> {
    await this.#tunnels.get(id)?.stop();
  }

  list(): Promise<readonly TunnelInfo[]> {
    return Promise.resolve([...this.#tunnels.values()].map(({ info }) => info));
  }

  details(id: string): Promise<TunnelDetails | undefined> {
    return Promise.resolve(this.#tunnels.get(id)?.details);
  }

  retry(id: string): Promise<void> {
    this.#tunnels.get(id)?.retry();
    return Promise.resolve();
  }

  /** Stops everything, starts under way included. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const opening of this.#openings) opening.abort.abort();
    // All at once: whoever disposes at exit has seconds, and each end waits for the service.
    const openings = [...this.#openings].map(({ result }) => result);
    await Promise.allSettled([...openings, ...[...this.#tunnels.values()].map((tunnel) => tunnel.stop())]);
    await this.#store.settled();
    this.#changes.dispose();
  }

  /** Waits for a shared start; it is cancelled when the last one who waits has given up. */
  #join(opening: Opening, wanted: 0 | 1, signal: AbortSignal): Promise<TunnelInfo> {
    opening.waiting++;
    opening.wanted += wanted;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        opening.waiting--;
        opening.wanted -= wanted;
        if (opening.waiting === 0) opening.abort.abort();
        // Rejects only once the start itself has ended, so that nothing is left when the caller hears of it.
        void opening.result.catch(() => {}).then(() => reject(cancelled()));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      opening.result.then(
        (info) => {
          signal.removeEventListener('abort', onAbort);
          if (!signal.aborted) resolve(info);
        },
        (error: unknown) => {
          signal.removeEventListener('abort', onAbort);
          if (!signal.aborted) reject(error);
        },
      );
    });
  }

  #open(route: Route, options: StartOptions): Opening {
    const abort = new AbortController();
    const forget = (): void => void this.#openings.delete(opening);
    const opened = this.#create(route, options, abort.signal).then((info) => {
      // At once with the decision: whoever asks from now on finds the tunnel, or opens another one.
      forget();
      return opening.wanted > 0 ? info : this.#endTrial(info);
    });
    const opening: Opening = { route, abort, waiting: 0, wanted: 0, result: opened };
    opened.catch(forget);
    this.#openings.add(opening);
    return opening;
  }

  /** @returns what it was while it was open */
  async #endTrial(info: TunnelInfo): Promise<TunnelInfo> {
    await this.stop(info.id);
    return { ...info, state: { phase: 'closed' } };
  }

  async #create(route: Route, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo> {
    const { probe, logger, clock = systemClock, limits, surroundings, credentials } = this.#deps;
    this.#transportFor(route);
    if (!isEndpoint(route.endpoint)) {
      throw new Fault('route.endpointInvalid', 'The endpoint of this target is not a host name and a port.', {
        remedy: { text: 'Refresh the resources.', action: 'retry' },
      });
    }
    const onChange = (info: TunnelInfo): void => {
      if (info.state.phase === 'closed') this.#tunnels.delete(info.id);
      this.#changes.fire(info);
    };
    const tunnel = new Tunnel(route, options, {
      dial: async (one, until) => this.#transportFor(one).dial(one, until),
      probe,
      clock,
      logger,
      limits: { ...DEFAULT_LIMITS, ...limits },
      surroundings,
      credentials,
      onChange,
    });
    this.#tunnels.set(tunnel.id, tunnel);
    await tunnel.open(this.#ports.for(route, options), signal);
    return tunnel.info;
  }

  #transportFor({ method }: Route): Transport {
    const transport = this.#deps.transports.find((one) => one.method === method);
    if (!transport) throw new Fault('route.methodUnknown', `There is no transport for the method "${method}".`);
    return transport;
  }
}
