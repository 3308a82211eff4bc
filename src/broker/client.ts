import type { Logger } from '../base/log';
import type { ProxySetting } from '../base/proxy';
import { Scope } from '../base/scope';
import type { BastionPower } from '../model/bastionPower';
import type { CacheLogins } from '../model/cacheLogin';
import type { DiscoveryScope, InventoryPart, InventoryService, ProfileInfo } from '../model/inventory';
import type { StartOptions, TunnelInfo, TunnelService } from '../model/tunnel';
import type { Route } from '../model/route';
import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { Notice } from '../model/notice';
import type { Ask } from '../model/question';
import type { CredentialsChange, SignInService, SignInWay } from '../model/signIn';
import type { SshSettings } from '../model/ssh';
import type { SsmSessionRequest } from '../model/ssmSession';
import type { SsmSettings } from '../model/ssmSettings';

/** What every window has: the same services, wherever the core behind them runs. */
export interface BrokerClient {
  readonly inventory: InventoryService;
  readonly tunnels: TunnelService;
  readonly signIn: SignInService;
  /** Starts bastions that are stopped. */
  readonly power: BastionPower;
  readonly cacheLogins: CacheLogins;
  /** Fires with what the person is to see although nothing has failed. */
  readonly onDidNotice: Event<Notice>;
  /** Ends the broker process together with every tunnel, whatever its version and its state; the next call starts another one. */
  restart(): Promise<void>;
  /** Leaves the broker, whose tunnels stay open; a core inside this process stops them and waits until nothing of ours is left. */
  dispose(): Promise<void>;
}

/** What a window's settings say, as far as the broker needs it. */
export interface WindowSettings {
  readonly ssm: SsmSettings;
  readonly ssh: SshSettings;
  /** May hold a login: a secret. */
  readonly proxy: ProxySetting;
  /** Absolute paths of the folders that are open. */
  readonly workspaceFolders: readonly string[];
  /** Absolute path of a PEM file with certificates trusted for TLS to targets; empty: none. */
  readonly caFile: string;
  /** The custom targets as they stand there; `null` for none. */
  readonly customTargets: unknown;
  /** How long the broker and its tunnels outlive the last window, seconds, 0 to `MAX_LINGER_SECONDS`. */
  readonly lingerSeconds: number;
}

export const DEFAULT_LINGER_SECONDS = 60;
export const MAX_LINGER_SECONDS = 3600;

/** What a window brings along to the broker. */
export interface BrokerOptions {
  readonly logger: Logger;
  /** Of the product, e.g. `0.2.0`. */
  readonly version: string;
  /** Absolute path of the broker's program (`dist/broker.js`). */
  readonly program: string;
  /** Absolute path of the program that OpenSSH asks for secrets through (`dist/ssh-companion.js`). */
  readonly companion: string;
  /** The settings as they are now. */
  readonly settings: () => WindowSettings;
  /** Fires when they have changed. */
  readonly onDidChangeSettings?: Event<undefined>;
  /** Fires when the person turns to this window. */
  readonly onDidFocus?: Event<undefined>;
  /** Puts a question to the person; without it there is nobody to ask here. */
  readonly ask?: Ask;
  /** `process.env` unless told. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What a core needs; see `BrokerOptions` for the window's side. */
export interface CoreOptions {
  readonly logger: Logger;
  /** Certificates (PEM) trusted for TLS to targets besides the built-in ones; read at each use. */
  readonly targetCa: () => Promise<string | undefined>;
  /** How tunnels through Session Manager are made; read whenever a session is started. */
  readonly ssm: () => SsmSettings;
  /** Absolute paths of folders that others may have written: no program in them is run. None unless told. */
  readonly workspaceFolders?: () => readonly string[];
  /** How SSH is spoken; read at each connection. */
  readonly ssh?: () => SshSettings;
  /** Puts a question to the person; without it there is nobody to ask. */
  readonly ask?: Ask;
  /** The program that OpenSSH asks for secrets through (`dist/ssh-companion.js`); beside the core's bundle unless told. */
  readonly companion?: string;
  /** The AWS configuration's and the proxy's variables; `process.env` unless told. */
  readonly env?: NodeJS.ProcessEnv;
  /** Absolute path of this user's folder for what is kept between runs; made (0700) when it is first written. In memory unless told. */
  readonly stateDir?: string;
  /** What the person has set, read at each connection; the variables are used for what is empty there. */
  readonly proxy?: () => ProxySetting;
  /** The custom targets as they stand in the settings, read at each discovery; none unless told. */
  readonly customTargets?: () => unknown;
  /** Told of every session; without it nobody keeps account. */
  readonly ledger?: Ledger;
}

/** The services without the laziness; made by `core.ts`. */
export interface Core extends BrokerClient {
  /** Ends a session that a core before this one has left behind. @throws Fault */
  endSession(place: SsmSessionRequest['place'], sessionId: string, signal: AbortSignal): Promise<void>;
}

/** Keeps account of what would outlive this process if it were killed. */
export interface Ledger {
  sessionStarted(place: SsmSessionRequest['place'], sessionId: string): void;
  sessionEnded(sessionId: string): void;
}

/** Runs the core inside this process, loading it at the first call. */
export function connectInProcess(options: CoreOptions, load: () => Promise<(options: CoreOptions) => BrokerClient>): BrokerClient {
  return connectLazily(options, load);
}

/**
 * The services with what is behind them loaded at the first call: an idle window pays nothing.
 * @param present whether there is something to be listed although nobody has asked for anything yet
 */
export function connectLazily<O extends { readonly logger: Logger }>(
  options: O,
  load: () => Promise<(options: O) => BrokerClient>,
  present: () => Promise<boolean> = () => Promise.resolve(false),
): BrokerClient {
  const scope = new Scope();
  const changes = scope.add(new Emitter<TunnelInfo>((error) => options.logger.log('error', 'tunnel.listenerFailed', { error })));
  const notices = scope.add(new Emitter<Notice>((error) => options.logger.log('error', 'notice.listenerFailed', { error })));
  const credentials = scope.add(
    new Emitter<CredentialsChange>((error) => options.logger.log('error', 'credentials.listenerFailed', { error })),
  );
  let loading: Promise<BrokerClient> | undefined;
  const core = (): Promise<BrokerClient> => {
    loading ??= load().then((create) => {
      const created = create(options);
      scope.add(created.tunnels.onDidChange((info) => changes.fire(info)));
      scope.add(created.onDidNotice((notice) => notices.fire(notice)));
      scope.add(created.signIn.onDidChange((change) => credentials.fire(change)));
      scope.add(created);
      return created;
    });
    return loading;
  };
  const inventory: InventoryService = {
    sshHosts: async () => (await core()).inventory.sshHosts(),
    profiles: async (): Promise<readonly ProfileInfo[]> => (await core()).inventory.profiles(),
    async *discover(where: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncIterable<InventoryPart> {
      yield* (await core()).inventory.discover(where, signal, only);
    },
    network: async (where, groupIds, signal) => (await core()).inventory.network(where, groupIds, signal),
    privileges: async (where, identityArns, signal) => (await core()).inventory.privileges(where, identityArns, signal),
    vpcNames: async (where, vpcIds, signal) => (await core()).inventory.vpcNames(where, vpcIds, signal),
  };
  const tunnels: TunnelService = {
    start: async (route: Route, start: StartOptions, signal: AbortSignal) => (await core()).tunnels.start(route, start, signal),
    stop: async (id: string) => {
      if (loading) await (await loading).tunnels.stop(id);
    },
    list: async () => (loading || (await present()) ? (await core()).tunnels.list() : []),
    details: async (id: string) => (loading ? (await loading).tunnels.details(id) : undefined),
    retry: async (id: string) => {
      if (loading) await (await loading).tunnels.retry(id);
    },
    onDidChange: changes.event,
  };
  const signIn: SignInService = {
    signIn: async (profile: string, way: SignInWay, signal: AbortSignal) => (await core()).signIn.signIn(profile, way, signal),
    expiry: async (profile: string) => (loading ? (await loading).signIn.expiry(profile) : undefined),
    onDidChange: credentials.event,
  };
  const power: BastionPower = {
    condition: async (where, id, signal) => (await core()).power.condition(where, id, signal),
    start: async (where, id, signal) => (await core()).power.start(where, id, signal),
  };
  return {
    inventory,
    tunnels,
    signIn,
    power,
    cacheLogins: lazyCacheLogins(async () => (await core()).cacheLogins),
    onDidNotice: notices.event,
    restart: async () => (await core()).restart(),
    dispose: async () => {
      // A core that is still loading is disposed as soon as it exists.
      await loading?.catch(() => {});
      await scope.dispose();
    },
  };
}

/** The logins of whatever is loaded when the first is asked for. */
export function lazyCacheLogins(logins: () => Promise<CacheLogins>): CacheLogins {
  return {
    token: async (place, cache, user, signal) => (await logins()).token(place, cache, user, signal),
    secret: async (place, id, signal) => (await logins()).secret(place, id, signal),
  };
}
