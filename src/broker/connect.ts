import type { Clock } from '../base/clock';
import { sleep, systemClock } from '../base/clock';
import { Emitter } from '../base/event';
import type { Fault } from '../base/fault';
import { asFault, cancelled, faultData, isCancelled, isFault } from '../base/fault';
import { Scope } from '../base/scope';
import type { BastionPower } from '../model/bastionPower';
import type { CacheLogins } from '../model/cacheLogin';
import type { DiscoveryScope, InventoryPart, InventoryService } from '../model/inventory';
import type { Notice } from '../model/notice';
import { compareVersions } from '../model/bastion';
import type { Route } from '../model/route';
import type { CredentialsChange, SignInService } from '../model/signIn';
import type { StartOptions, TunnelDetails, TunnelInfo, TunnelService } from '../model/tunnel';
import type { BrokerClient, BrokerOptions, Core } from './client';
import { coreOptionsOf } from './coreOptions';
import { KnownTunnels } from './knownTunnels';
import { placesOf, thisMachine } from './places';
import type { EndReason } from './protocol';
import { ACTIVE, ASK, CHANGED, CREDENTIALS, ENDING, LOG, NOTICE, PROTOCOL, relevantVariables, SETTINGS } from './protocol';
import { endBroker, reachBroker } from './reach';
import type { ReachDeps } from './reach';
import { remoteServices } from './remote';
import type { Services } from './remote';
import type { Rpc } from './rpc';
import { peerLost } from './rpc';

/** What answers now: a broker, or a core in this very process. */
interface Backend {
  readonly services: Services;
  readonly rpc?: Rpc;
}

/** Tries to open a tunnel again that a lost broker had. */
const REOPEN_TRIES = 5;
const REOPEN_PAUSE_MS = 500;
/** More brokers than this lost in so short a time are no accident. */
const LOSSES = { most: 4, withinMs: 60_000 } as const;
/** How long a broker may take to see that this window leaves, ms. */
const LEAVE_MS = 500;
/** An older window leaves a newer one so long to start the next broker, ms. */
const YIELD_MS = 10_000;
/** Faults of a broker that is just ending, and how long that may take, ms. */
const ENDED = new Set(['broker.lost', 'broker.ending']);
const END_MS = 6_000;
/** Faults that say that there can be no broker on this machine. */
const NO_BROKER = new Set(['broker.notStarted', 'broker.folderFailed', 'broker.folderUnsafe']);

/** A window's services by the broker process, or by a core in this process where there can be no other. */
export function connectBroker(options: BrokerOptions): BrokerClient {
  return new Connection(options, systemClock);
}

class Connection implements BrokerClient {
  readonly inventory: InventoryService;
  readonly tunnels: TunnelService;
  readonly signIn: SignInService;
  readonly power: BastionPower;
  readonly cacheLogins: CacheLogins;
  readonly onDidNotice;
  readonly #options: BrokerOptions;
  readonly #clock: Clock;
  readonly #env: NodeJS.ProcessEnv;
  readonly #scope = new Scope();
  readonly #closing = new AbortController();
  readonly #known = new KnownTunnels((id) => this.#wishes.has(id));
  /** How tunnels that were started from here are to be, should they have to be opened again; by id. */
  readonly #wishes = new Map<string, StartOptions>();
  readonly #changes: Emitter<TunnelInfo>;
  readonly #notices: Emitter<Notice>;
  readonly #credentials: Emitter<CredentialsChange>;
  #backend: Promise<Backend> | undefined;
  #rpc: Rpc | undefined;
  #core: Core | undefined;
  #ending: { readonly reason: EndReason; readonly successor?: string } | undefined;
  #reopening: Promise<void> | undefined;
  /** For how long another window is left to start the next broker. */
  #patienceMs = 0;
  /** When brokers were lost, by the clock's `now`. */
  #losses: readonly number[] = [];

  constructor(options: BrokerOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#env = options.env ?? process.env;
    const emitter = <T>(): Emitter<T> => this.#scope.add(new Emitter<T>((error) => options.logger.log('error', 'broker.listenerFailed', { error })));
    this.#changes = emitter<TunnelInfo>();
    this.#notices = emitter<Notice>();
    this.#credentials = emitter<CredentialsChange>();
    this.onDidNotice = this.#notices.event;
    this.inventory = this.#inventory();
    this.tunnels = {
      start: (route, start, signal) => this.#start(route, start, signal),
      stop: (id) => this.#stop(id),
      list: () => this.#list(),
      details: (id) => this.#details(id),
      retry: async (id) => (await this.#use()).tunnels.retry(this.#known.brokerId(id)),
      onDidChange: this.#changes.event,
    };
    this.signIn = {
      signIn: async (profile, way, signal) => (await this.#use(signal)).signIn.signIn(profile, way, signal),
      // Asks nobody, so it starts nothing either.
      expiry: async (profile) => (this.#backend ? this.#call(({ signIn }) => signIn.expiry(profile)) : undefined),
      onDidChange: this.#credentials.event,
    };
    this.power = {
      condition: async (where, id, signal) => (await this.#use(signal)).power.condition(where, id, signal),
      start: async (where, id, signal) => (await this.#use(signal)).power.start(where, id, signal),
    };
    this.cacheLogins = {
      token: async (place, cache, user, signal) => (await this.#use(signal)).cacheLogins.token(place, cache, user, signal),
      secret: async (place, id, signal) => (await this.#use(signal)).cacheLogins.secret(place, id, signal),
    };
    const { onDidChangeSettings, onDidFocus, settings } = options;
    if (onDidChangeSettings) this.#scope.add(onDidChangeSettings(() => this.#rpc?.notify(SETTINGS, settings())));
    if (onDidFocus) this.#scope.add(onDidFocus(() => this.#rpc?.notify(ACTIVE, null)));
  }

  /** A core of our own needs no restart: it is as new as this window. */
  async restart(): Promise<void> {
    if (this.#core) return;
    this.#ending = { reason: 'replaced' };
    try {
      await endBroker(this.#reachDeps(), this.#closing.signal);
    } catch (error) {
      this.#ending = undefined;
      throw error;
    }
    await this.#use();
  }

  async dispose(): Promise<void> {
    this.#closing.abort();
    await this.#backend?.catch(() => {});
    await this.#reopening;
    await this.#rpc?.leave(LEAVE_MS);
    await this.#core?.dispose();
    await this.#scope.dispose();
  }

  #inventory(): InventoryService {
    const use = (): Promise<Services> => this.#use();
    return {
      sshHosts: () => this.#call(({ inventory }) => inventory.sshHosts()),
      profiles: () => this.#call(({ inventory }) => inventory.profiles()),
      async *discover(where: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncIterable<InventoryPart> {
        yield* (await use()).inventory.discover(where, signal, only);
      },
      network: (where, groupIds, signal) => this.#call(({ inventory }) => inventory.network(where, groupIds, signal), signal),
      privileges: (where, identityArns, signal) => this.#call(({ inventory }) => inventory.privileges(where, identityArns, signal), signal),
      vpcNames: (where, vpcIds, signal) => this.#call(({ inventory }) => inventory.vpcNames(where, vpcIds, signal), signal),
    };
  }

  async #start(route: Route, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo> {
    const info = this.#known.heard(await this.#call((services) => services.tunnels.start(route, options, signal), signal));
    // A trial wishes nothing for a tunnel that it has found.
    if (!options.trial) this.#wishes.set(info.id, options);
    return info;
  }

  async #stop(id: string): Promise<void> {
    // What waits for a broker is simply not opened again.
    if (this.#known.isLost(id)) {
      this.#fire(this.#known.close(id));
      return;
    }
    const services = await this.#use();
    try {
      await services.tunnels.stop(this.#known.brokerId(id));
    } catch (error) {
      // It has ended with its broker, which is what was wanted.
      if (!isFault(error) || error.code !== 'broker.lost') throw error;
      this.#fire(this.#known.close(id));
    }
  }

  async #details(id: string): Promise<TunnelDetails | undefined> {
    const details = await (await this.#use()).tunnels.details(this.#known.brokerId(id));
    return details && { ...details, info: this.#known.heard(details.info) };
  }

  async #list(): Promise<readonly TunnelInfo[]> {
    const listed = await this.#call(({ tunnels }) => tunnels.list());
    return listed.map((info) => this.#known.heard(info)).filter(({ state }) => state.phase !== 'closed');
  }

  /** Work that harms nobody when it is done twice: again, by the next broker, when this one ends in the middle of it. */
  async #call<T>(work: (services: Services) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const services = await this.#use(signal);
    const rpc = this.#rpc;
    try {
      return await work(services);
    } catch (error) {
      if (!rpc || !isFault(error) || !ENDED.has(error.code) || signal?.aborted) throw error;
      const enough = sleep(this.#clock, END_MS, this.#closing.signal).catch(() => {});
      await Promise.race([rpc.closed, enough]);
      return work(await this.#use(signal));
    }
  }

  async #use(signal?: AbortSignal): Promise<Services> {
    if (this.#closing.signal.aborted || signal?.aborted) throw cancelled();
    const backend = (this.#backend ??= this.#connect());
    backend.catch(() => {
      if (this.#backend === backend) this.#backend = undefined;
    });
    return (await backend).services;
  }

  async #connect(): Promise<Backend> {
    const { logger, version } = this.#options;
    try {
      const { rpc, welcome } = await reachBroker(this.#reachDeps(), this.#patienceMs, this.#closing.signal);
      logger.log('info', 'broker.connected', { pid: welcome.pid, version: welcome.version, own: version });
      this.#rpc = rpc;
      this.#ending = undefined;
      this.#patienceMs = 0;
      const backend = { rpc, services: remoteServices(rpc) };
      void rpc.closed.then(() => this.#lost(backend));
      // Those of before this window came, and what has become of those that it knows.
      void this.#refresh(backend);
      return backend;
    } catch (error) {
      if (!isFault(error) || !NO_BROKER.has(error.code)) throw error;
      return this.#inWindow(error);
    }
  }

  async #refresh({ services }: Backend): Promise<void> {
    try {
      const listed = (await services.tunnels.list()).map((info) => this.#known.heard(info));
      for (const info of listed) this.#fire(info);
      for (const info of this.#known.closeAllBut(new Set(listed.map(({ id }) => id)))) this.#fire(info);
    } catch (error) {
      this.#options.logger.log('debug', 'broker.notListed', { error });
    }
  }

  /** Everything here, as if there were no other window; said once, since tunnels end with the window then. */
  async #inWindow(why: Fault): Promise<Backend> {
    const { logger, settings, ask, companion } = this.#options;
    logger.log('warn', 'broker.inWindow', { code: why.code, message: why.message, error: why.cause });
    const { createCore } = await import('./core');
    if (this.#closing.signal.aborted) throw cancelled();
    const stateDir = placesOf(thisMachine(this.#env)).stateFolder;
    const core = createCore({ ...coreOptionsOf(settings), logger, env: this.#env, companion, stateDir, ...(ask && { ask }) });
    this.#core = core;
    this.#scope.add(core.tunnels.onDidChange((info) => this.#fire(this.#known.heard(info))));
    this.#scope.add(core.onDidNotice((notice) => this.#notices.fire(notice)));
    this.#scope.add(core.signIn.onDidChange((change) => this.#credentials.fire(change)));
    this.#notices.fire({ kind: 'brokerInWindow', text: why.message, tunnels: 0 });
    return { services: core };
  }

  #reachDeps(): ReachDeps {
    const { logger, program, version, companion, settings } = this.#options;
    const machine = thisMachine(this.#env);
    return {
      places: placesOf(machine),
      machine,
      clock: this.#clock,
      logger,
      program,
      version,
      hello: () => ({ protocol: PROTOCOL, version, companion, settings: settings(), env: relevantVariables(this.#env) }),
      prepare: (rpc) => this.#listen(rpc),
    };
  }

  #listen(rpc: Rpc): void {
    const { ask, logger } = this.#options;
    rpc.onNote(CHANGED, (info) => this.#fire(this.#known.heard(info)));
    rpc.onNote(NOTICE, (notice) => this.#notices.fire(notice));
    rpc.onNote(CREDENTIALS, (change) => this.#credentials.fire(change));
    rpc.onNote(LOG, (entries) => {
      for (const { level, event, fields } of entries) logger.log(level, event, fields);
    });
    rpc.onNote(ENDING, (ending) => {
      this.#ending = ending;
      // What came before it has been heard by now; a connection that is closed from over there may lose its last words.
      rpc.end();
    });
    rpc.onRequest(ASK, async ({ question }, signal) => (await ask?.(question, signal)) ?? null);
  }

  #fire(info: TunnelInfo | undefined): void {
    if (info?.state.phase === 'closed') this.#wishes.delete(info.id);
    if (info && !this.#closing.signal.aborted) this.#changes.fire(info);
  }

  #lost(backend: Backend): void {
    if (this.#rpc !== backend.rpc) return;
    this.#rpc = undefined;
    this.#backend = undefined;
    if (this.#closing.signal.aborted) return;
    const { logger, version } = this.#options;
    const ending = this.#ending;
    if (ending) {
      // Asked to: its tunnels were closed, or it had none.
      logger.log('info', 'broker.ended', { ...ending });
      for (const { id } of this.#known.all) this.#fire(this.#known.close(id));
      const older = ending.successor !== undefined && compareVersions(version, ending.successor) < 0;
      this.#patienceMs = older ? YIELD_MS : 0;
      // One that was stopped by its user's own hand comes back when it is needed.
      if (ending.reason !== 'stopped') this.#reconnect();
      return;
    }
    const cause = faultData(peerLost());
    if (this.#losesTooOften()) {
      // One that dies as soon as it lives would be started for ever; the next call tries again.
      logger.log('error', 'broker.givenUp');
      for (const { id } of this.#known.all) this.#fire(this.#known.close(id, cause));
      return;
    }
    for (const trial of this.#known.closeTrials()) this.#fire(trial);
    const lost = this.#known.lose(cause, this.#clock.wall());
    logger.log('warn', 'broker.lost', { tunnels: lost.length });
    for (const info of lost) this.#fire(info);
    if (lost.length === 0) {
      this.#reconnect();
      return;
    }
    this.#notices.fire({ kind: 'brokerLost', text: '', tunnels: lost.length });
    this.#reopening = this.#reopen(lost).finally(() => (this.#reopening = undefined));
  }

  #losesTooOften(): boolean {
    const now = this.#clock.now();
    this.#losses = [...this.#losses.filter((at) => now - at < LOSSES.withinMs), now];
    return this.#losses.length > LOSSES.most;
  }

  #reconnect(): void {
    void this.#use().catch((error: unknown) => {
      if (!isCancelled(error)) this.#options.logger.log('warn', 'broker.notReached', { error });
    });
  }

  /** Every window does this for the tunnels that it knows: the broker opens each but once. */
  async #reopen(lost: readonly TunnelInfo[]): Promise<void> {
    await Promise.all(lost.map((info) => this.#reopenOne(info)));
  }

  async #reopenOne({ id, route, local }: TunnelInfo): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; this.#known.isLost(id) && !signal.aborted; attempt++) {
      try {
        this.#fire(this.#known.heard(await (await this.#use()).tunnels.start(route, { ...this.#wishes.get(id), localPort: local.port }, signal)));
        return;
      } catch (error) {
        if (signal.aborted) return;
        const fault = asFault(error);
        this.#options.logger.log('warn', 'broker.notReopened', { attempt, local: local.port, code: fault.code, error: fault });
        // The port may still be that of what the lost broker has left.
        const hopeless = !fault.retryable && fault.code !== 'tunnel.portTaken';
        if (hopeless || attempt >= REOPEN_TRIES) {
          this.#fire(this.#known.close(id, faultData(fault)));
          return;
        }
        await sleep(this.#clock, REOPEN_PAUSE_MS, signal).catch(() => {});
      }
    }
  }
}
