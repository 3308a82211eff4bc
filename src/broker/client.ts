import type { Logger } from '../base/log';
import type { ProxySetting } from '../base/proxy';
import { Scope } from '../base/scope';
import type { DiscoveryScope, InventoryPart, InventoryService, ProfileInfo } from '../model/inventory';
import type { StartOptions, TunnelInfo, TunnelService } from '../model/tunnel';
import type { Route } from '../model/route';
import type { Event } from '../base/event';
import { Emitter } from '../base/event';
import type { Notice } from '../model/notice';
import type { Ask } from '../model/question';
import type { CredentialsChange, SignInService, SignInWay } from '../model/signIn';
import type { SshSettings } from '../model/ssh';
import type { SsmSettings } from '../model/ssmSettings';

/** What every window has: the same services, wherever the core behind them runs. */
export interface BrokerClient {
  readonly inventory: InventoryService;
  readonly tunnels: TunnelService;
  readonly signIn: SignInService;
  /** Fires with what the person is to see although nothing has failed. */
  readonly onDidNotice: Event<Notice>;
  /** Stops every tunnel and waits until nothing of ours is left. */
  dispose(): Promise<void>;
}

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
  /** What the person has set, read at each connection; the variables are used for what is empty there. */
  readonly proxy?: () => ProxySetting;
}

/** The services without the laziness; made by `core.ts`. */
export type Core = BrokerClient;

/**
 * Runs the core inside this process, loading it at the first call: an idle window pays nothing.
 * The broker process of the architecture replaces this function and nothing else.
 */
export function connectInProcess(options: CoreOptions, load: () => Promise<(options: CoreOptions) => Core>): BrokerClient {
  const scope = new Scope();
  const changes = scope.add(new Emitter<TunnelInfo>((error) => options.logger.log('error', 'tunnel.listenerFailed', { error })));
  const notices = scope.add(new Emitter<Notice>((error) => options.logger.log('error', 'notice.listenerFailed', { error })));
  const credentials = scope.add(
    new Emitter<CredentialsChange>((error) => options.logger.log('error', 'credentials.listenerFailed', { error })),
  );
  let loading: Promise<Core> | undefined;
  const core = (): Promise<Core> => {
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
    async *discover(where: DiscoveryScope, signal: AbortSignal): AsyncIterable<InventoryPart> {
      yield* (await core()).inventory.discover(where, signal);
    },
    network: async (where, groupIds, signal) => (await core()).inventory.network(where, groupIds, signal),
    vpcNames: async (where, vpcIds, signal) => (await core()).inventory.vpcNames(where, vpcIds, signal),
  };
  const tunnels: TunnelService = {
    start: async (route: Route, start: StartOptions, signal: AbortSignal) => (await core()).tunnels.start(route, start, signal),
    stop: async (id: string) => {
      if (loading) await (await loading).tunnels.stop(id);
    },
    list: async () => (loading ? (await loading).tunnels.list() : []),
    onDidChange: changes.event,
  };
  const signIn: SignInService = {
    signIn: async (profile: string, way: SignInWay, signal: AbortSignal) => (await core()).signIn.signIn(profile, way, signal),
    expiry: async (profile: string) => (loading ? (await loading).signIn.expiry(profile) : undefined),
    onDidChange: credentials.event,
  };
  return {
    inventory,
    tunnels,
    signIn,
    onDidNotice: notices.event,
    dispose: async () => {
      // A core that is still loading is disposed as soon as it exists.
      await loading?.catch(() => {});
      await scope.dispose();
    },
  };
}
