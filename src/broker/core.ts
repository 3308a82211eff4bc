import { systemClock } from '../base/clock';
import { Emitter } from '../base/event';
import { faultData } from '../base/fault';
import { Scope } from '../base/scope';
import type { BastionPower } from '../model/bastionPower';
import type { AwsInventoryService, DiscoveryScope, InventoryPart, InventoryService } from '../model/inventory';
import type { Transport } from '../model/link';
import type { Notice } from '../model/notice';
import type { PluginAccess } from '../model/pluginAccess';
import { DEFAULT_SSH_SETTINGS } from '../model/ssh';
import type { CredentialsChange, SignInService } from '../model/signIn';
import type { InstanceConnectApi, SshHosts, SshSettings } from '../model/ssh';
import type { SsmSessionApi } from '../model/ssmSession';
import type { ConfiguredHosts, ConfigSources } from '../ssh/hostConfig';
import { listHosts } from '../ssh/listHosts';
import { localSources } from '../ssh/localSources';
import { DirectTransport } from '../transport/direct/directTransport';
import { outbound } from '../transport/proxy/outbound';
import { PluginTransport } from '../transport/plugin/pluginTransport';
import { SsmTransport } from '../transport/ssm/ssmTransport';
import { bookFileIn } from '../tunnel/bookFile';
import { PortStore } from '../tunnel/portStore';
import { targetProbe } from '../tunnel/probe';
import { WatchedSurroundings } from '../tunnel/surroundings';
import { Tunnels } from '../tunnel/tunnels';
import { lazyCacheLogins } from './client';
import type { Core, CoreOptions, Ledger } from './client';
import { createSshTransport } from './sshTransport';

/** Composes AWS access, transports and tunnels. The AWS SDK itself loads at the first call that needs it. */
export function createCore(options: CoreOptions): Core {
  const { logger, targetCa, ssm, ssh, ask, env, proxy, workspaceFolders, companion, customTargets, ledger, stateDir } = options;
  const clock = systemClock;
  const scope = new Scope();
  const notices = scope.add(new Emitter<Notice>((error) => logger.log('error', 'notice.listenerFailed', { error })));
  const out = outbound({ env: () => env ?? process.env, ...(proxy && { setting: proxy }), clock, logger });
  const changes = scope.add(new Emitter<CredentialsChange>((error) => logger.log('error', 'credentials.listenerFailed', { error })));
  const aws = lazily(async () => {
    const { createAws } = await import('../aws');
    const given = { ...(env && { env }), ...(ask && { ask }), ...(customTargets && { customTargets }) };
    const created = scope.add(createAws({ logger, clock, viaProxy: out.viaProxy, ...given }));
    scope.add(created.signIn.onDidChange((change) => changes.fire(change)));
    return created;
  });
  const api = sessionApi(aws, ledger);
  const access: PluginAccess = { grant: async (place, signal) => (await aws()).plugin.grant(place, signal) };
  const onNotice = (notice: Notice): void => notices.fire(notice);
  const ssmDeps = { api, clock, logger, settings: ssm, createSocket: out.connect, onNotice };
  const native = new SsmTransport(ssmDeps);
  const untrusted = workspaceFolders ?? (() => []);
  const plugin = new PluginTransport({ api, access, clock, logger, settings: ssm, env: env ?? process.env, untrusted });
  const sshSettings = ssh ?? ((): SshSettings => DEFAULT_SSH_SETTINGS);
  const sshSources = (): ConfigSources => ({
    ...localSources({ configFile: sshSettings().configFile, workspaceFolders: untrusted() }),
    ...(env && { env }),
  });
  const sshTransport = createSshTransport({
    clock,
    logger,
    settings: sshSettings,
    sources: sshSources,
    ask: ask ?? (() => Promise.resolve(undefined)),
    ssm: ssmDeps,
    instanceConnect: lazyInstanceConnect(async () => (await aws()).instanceConnect),
    onNotice,
    ...(env && { env }),
    ...(companion !== undefined && { companion }),
  });
  const inventory = lazyInventory(async () => (await aws()).inventory, async () => toSshHosts(await listHosts(sshSources())));
  const direct = new DirectTransport({ clock, logger, viaProxy: out.bareViaProxy });
  const supervision = { clock, logger, surroundings: new WatchedSurroundings({ clock, logger }), credentials: changes.event };
  const tunnels = new Tunnels({
    transports: [chosenAtEachDial(() => (ssm().client === 'plugin' ? plugin : native)), sshTransport, direct],
    probe: targetProbe({ clock, targetCa }),
    ports: new PortStore(stateDir === undefined ? undefined : bookFileIn(stateDir, 'ports.json', clock), logger),
    ...supervision,
  });
  return {
    inventory,
    tunnels,
    cacheLogins: lazyCacheLogins(async () => (await aws()).cacheLogins),
    power: lazyPower(async () => (await aws()).power),
    signIn: lazySignIn(async () => (await aws()).signIn, changes.event),
    onDidNotice: notices.event,
    endSession: (place, id, signal) => api.terminate(place, id, signal),
    // Not a process of its own: there is nothing to start anew.
    restart: () => Promise.resolve(),
    dispose: async () => {
      // Tunnels first: ending their sessions still needs the API.
      await tunnels.dispose();
      await scope.dispose();
    },
  };
}

/** What AWS has, asked of what is loaded at the first question. */
function lazyInventory(aws: () => Promise<AwsInventoryService>, sshHosts: InventoryService['sshHosts']): InventoryService {
  return {
    sshHosts,
    profiles: async () => (await aws()).profiles(),
    async *discover(where: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncIterable<InventoryPart> {
      yield* (await aws()).discover(where, signal, only);
    },
    network: async (where, groupIds, signal) => (await aws()).network(where, groupIds, signal),
    privileges: async (where, identityArns, signal) => (await aws()).privileges(where, identityArns, signal),
    vpcNames: async (where, vpcIds, signal) => (await aws()).vpcNames(where, vpcIds, signal),
  };
}

/** The calls of AWS, with an account of what they leave running. */
function sessionApi(aws: () => Promise<{ readonly sessions: SsmSessionApi }>, ledger: Ledger | undefined): SsmSessionApi {
  return {
    start: async (request, signal) => {
      const grant = await (await aws()).sessions.start(request, signal);
      ledger?.sessionStarted(request.place, grant.sessionId);
      return grant;
    },
    resume: async (place, id, signal) => (await aws()).sessions.resume(place, id, signal),
    terminate: async (place, id, signal) => {
      await (await aws()).sessions.terminate(place, id, signal);
      ledger?.sessionEnded(id);
    },
    limits: async (place, signal) => (await aws()).sessions.limits(place, signal),
    dataKey: async (place, request, signal) => (await aws()).sessions.dataKey(place, request, signal),
  };
}

function toSshHosts({ hosts, faults }: ConfiguredHosts): SshHosts {
  return {
    hosts: hosts.map(({ alias, hostName, user, port, origin }) => ({ alias, hostName, user, port, file: origin.file, line: origin.line })),
    faults: faults.map((fault) => faultData(fault)),
  };
}

function chosenAtEachDial(choose: () => Transport): Transport {
  return { method: 'ssm', dial: (route, signal) => choose().dial(route, signal) };
}

function lazySignIn(service: () => Promise<SignInService>, onDidChange: SignInService['onDidChange']): SignInService {
  return {
    signIn: async (profile, way, signal) => (await service()).signIn(profile, way, signal),
    expiry: async (profile) => (await service()).expiry(profile),
    onDidChange,
  };
}

function lazyInstanceConnect(api: () => Promise<InstanceConnectApi>): InstanceConnectApi {
  return {
    pushSshKey: async (place, key, signal) => (await api()).pushSshKey(place, key, signal),
    consoleHostKeys: async (place, id, signal) => (await api()).consoleHostKeys(place, id, signal),
  };
}

function lazyPower(power: () => Promise<BastionPower>): BastionPower {
  return {
    condition: async (where, id, signal) => (await power()).condition(where, id, signal),
    start: async (where, id, signal) => (await power()).start(where, id, signal),
  };
}

function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => (loading ??= load());
}
