import { Scope } from '../base/scope';
import type { BastionPower } from '../model/bastionPower';
import type { CacheLogins } from '../model/cacheLogin';
import type { AwsInventoryService } from '../model/inventory';
import type { PluginAccess } from '../model/pluginAccess';
import type { SignInService } from '../model/signIn';
import type { InstanceConnectApi } from '../model/ssh';
import type { SsmSessionApi } from '../model/ssmSession';
import { AwsAccess } from './access';
import type { AwsDeps } from './access';
import { AccountFacts } from './accountFacts';
import { AwsBastionPower } from './bastionPower';
import { AwsCacheLogins } from './cacheLogins';
import { AwsInstanceConnect } from './instanceConnect';
import { AwsInventory } from './inventory';
import { AwsSsmSessions } from './ssmSessions';

export type { AwsDeps } from './access';

interface Disposing {
  /** Ends what is under way and closes every socket. Idempotent. */
  dispose(): Promise<void>;
}

/** The services over the same credentials, clients and sockets. */
export interface Aws extends Disposing {
  readonly inventory: AwsInventoryService;
  readonly sessions: SsmSessionApi;
  readonly plugin: PluginAccess;
  readonly instanceConnect: InstanceConnectApi;
  readonly signIn: SignInService;
  readonly power: BastionPower;
  readonly cacheLogins: CacheLogins;
}

export function createAws(deps: AwsDeps): Aws {
  const scope = new Scope();
  const access = scope.add(new AwsAccess(deps));
  const resources = scope.add(new AwsInventory(access, deps.clock, deps.logger, deps.customTargets ?? (() => undefined)));
  const inventory = scope.add(new AccountFacts(resources, access, deps.clock));
  const sessions = scope.add(new AwsSsmSessions(access, deps.clock, deps.logger));
  const plugin: PluginAccess = {
    grant: async (place, signal) => (await access.open(place, signal)).pluginGrant(signal),
  };
  const instanceConnect = new AwsInstanceConnect(access);
  const power = new AwsBastionPower(access);
  const cacheLogins = new AwsCacheLogins(access, deps.clock);
  return { inventory, sessions, plugin, instanceConnect, power, cacheLogins, signIn: access, dispose: () => scope.dispose() };
}
