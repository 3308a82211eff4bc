import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { FaultData } from '../base/fault';
import { asFault, faultData, isCancelled } from '../base/fault';
import type { Logger } from '../base/log';
import { Scope } from '../base/scope';
import type { ConnectionEntry, ConnectionOrigin, ConnectionSource, SavedConnection } from '../model/connection';
import { parseConnections } from '../model/connection';
import { leadsTo, selectorKey } from '../model/connectionEntry';
import type { Route } from '../model/route';
import { destinationKey } from '../model/route';
import type { StartOptions, TunnelInfo } from '../model/tunnel';
import type { KeptState } from './bastionMemory';
import type { TunnelBoard } from './tunnelBoard';

/** The setting `sallyport.connections`, wherever it is written. */
export interface ConnectionSettings {
  /** The person's own first. */
  read(): readonly ConnectionSource[];
  readonly onDidChange: Event<void>;
  /** Whether a folder or workspace is open that could keep connections. */
  readonly hasWorkspace: boolean;
  /** Adds an entry. @throws Fault `settings.notWritten` */
  add(origin: ConnectionOrigin, entry: Readonly<Record<string, unknown>>): Promise<void>;
  /** Changes keys of the entry of that name, or takes it out (undefined). @throws Fault `settings.notWritten` */
  change(origin: ConnectionOrigin, name: string, change: Readonly<Record<string, unknown>> | undefined): Promise<void>;
  /** Opens the settings file that has the entry, at the entry. */
  edit(entry?: Pick<ConnectionEntry, 'origin'> & { readonly name: string }): Promise<void>;
}

/** Finds out where a connection leads now. @throws Fault */
export type ResolveConnection = (connection: SavedConnection, signal: AbortSignal) => Promise<Resolved>;

/** Where a connection leads now. */
export interface Resolved {
  readonly route: Route;
  /** What is taken when the bastion of the route is gone; none where the connection names its bastion. */
  readonly alternates: readonly Route[];
}

export interface SavedConnectionsDeps {
  readonly settings: Pick<ConnectionSettings, 'read' | 'onDidChange'>;
  readonly board: TunnelBoard;
  readonly resolve: ResolveConnection;
  readonly kept: KeptState;
  readonly logger: Logger;
}

export type ConnectionStatus =
  | { readonly phase: 'idle' }
  | { readonly phase: 'starting' }
  /** The last start failed. */
  | { readonly phase: 'failed'; readonly fault: FaultData };

const IDLE: ConnectionStatus = { phase: 'idle' };
const KEY = 'connectionDestinations';
/** Connections whose destination is remembered; the one that was started for longest ago goes first. */
const MAX_KEPT = 200;

/** The saved connections of this window, with what has become of them. */
export class SavedConnections {
  readonly #scope = new Scope();
  readonly #deps: SavedConnectionsDeps;
  readonly #changes: Emitter<void>;
  readonly #statuses = new Map<string, ConnectionStatus>();
  #entries: readonly ConnectionEntry[] = [];
  #faults: readonly FaultData[] = [];

  /** Fires when an entry, its status or its tunnel may have changed. */
  readonly onDidChange: Event<void>;

  constructor(deps: SavedConnectionsDeps) {
    this.#deps = deps;
    this.#changes = this.#scope.add(new Emitter((error) => deps.logger.log('error', 'connections.listenerFailed', { error })));
    this.onDidChange = this.#changes.event;
    this.#read();
    this.#scope.add(
      deps.settings.onDidChange(() => {
        this.#read();
        this.#changes.fire();
      }),
    );
    this.#scope.add(
      deps.board.onDidChange(() => {
        this.#forgetFailures();
        this.#changes.fire();
      }),
    );
  }

  get entries(): readonly ConnectionEntry[] {
    return this.#entries;
  }

  /** What is wrong in the settings. */
  get faults(): readonly FaultData[] {
    return this.#faults;
  }

  entry(name: string): ConnectionEntry | undefined {
    return this.#entries.find(({ connection }) => connection.name === name);
  }

  /** Names of all groups, in the order of their first entries. */
  get groups(): readonly string[] {
    return [...new Set(this.#entries.flatMap(({ connection }) => connection.group ?? []))];
  }

  /** A connection with a tunnel is idle here: the tunnel says how it is. */
  status({ name }: SavedConnection): ConnectionStatus {
    return this.#statuses.get(name) ?? IDLE;
  }

  /** The tunnel that leads where the connection does, whoever opened it. */
  tunnelOf(connection: SavedConnection): TunnelInfo | undefined {
    const { tunnels } = this.#deps.board;
    if (tunnels.length === 0) return undefined;
    const known = this.#destinations().find(([selector]) => selector === selectorKey(connection))?.[1];
    return tunnels.find(({ route }) => destinationKey(route) === known) ?? tunnels.find((tunnel) => leadsTo(connection, tunnel));
  }

  /** The first saved connection that leads where the tunnel does. */
  ownerOf(tunnel: TunnelInfo): ConnectionEntry | undefined {
    return this.#entries.find(({ connection }) => this.tunnelOf(connection)?.id === tunnel.id);
  }

  /** Opens the connection's tunnel; how that goes is its status meanwhile. @throws Fault */
  async start(connection: SavedConnection, options: StartOptions, signal: AbortSignal): Promise<TunnelInfo> {
    const { board, resolve } = this.#deps;
    this.#become(connection, { phase: 'starting' });
    try {
      const { route, alternates } = await resolve(connection, signal);
      const { bindAddress, autoStart } = connection;
      const wishes = { ...(bindAddress !== undefined && { bindAddress }), ...(alternates.length > 0 && { alternates }), ...(autoStart && { keep: true }) };
      const tunnel = await board.start(route, { ...options, ...wishes }, signal);
      this.#keep(connection, route);
      this.#become(connection, IDLE);
      return tunnel;
    } catch (error) {
      this.#become(connection, isCancelled(error) ? IDLE : { phase: 'failed', fault: faultData(asFault(error)) });
      throw error;
    }
  }

  /** Why the connection was not started, to be seen on its row. */
  failed(connection: SavedConnection, fault: FaultData): void {
    this.#become(connection, { phase: 'failed', fault });
  }

  dispose(): Promise<void> {
    return this.#scope.dispose();
  }

  #read(): void {
    const { entries, faults } = parseConnections(this.#deps.settings.read());
    const before = this.#entries;
    this.#entries = entries;
    this.#faults = faults;
    // What was said of an entry is not true of another one.
    for (const { connection } of before) {
      const now = this.entry(connection.name);
      if (!now || JSON.stringify(now.connection) !== JSON.stringify(connection)) this.#statuses.delete(connection.name);
    }
  }

  /** What went wrong is over once a tunnel leads there, whoever has opened it. */
  #forgetFailures(): void {
    for (const [name, { phase }] of this.#statuses) {
      const entry = this.entry(name);
      if (phase === 'failed' && entry && this.tunnelOf(entry.connection)) this.#statuses.delete(name);
    }
  }

  #become({ name }: SavedConnection, status: ConnectionStatus): void {
    if (status.phase === 'idle') this.#statuses.delete(name);
    else this.#statuses.set(name, status);
    this.#changes.fire();
  }

  #keep(connection: SavedConnection, route: Route): void {
    const selector = selectorKey(connection);
    const destination = destinationKey(route);
    const before = this.#destinations();
    if (before.some((pair) => pair[0] === selector && pair[1] === destination)) return;
    const kept = [...before.filter(([other]) => other !== selector), [selector, destination]].slice(-MAX_KEPT);
    this.#deps.kept.update(KEY, kept).then(undefined, (error: unknown) => this.#deps.logger.log('warn', 'connections.notKept', { error }));
  }

  /** Read anew each time: another window may have written. */
  #destinations(): readonly (readonly [selector: string, destination: string])[] {
    const value = this.#deps.kept.get(KEY);
    return Array.isArray(value) ? value.filter(isPair) : [];
  }
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
