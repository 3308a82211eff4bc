import { Scope } from '../base/scope';
import type { AwsInventoryService } from '../model/inventory';
import type { PluginAccess } from '../model/pluginAccess';
import type { SignInService } from '../model/signIn';
import type { InstanceConnectApi } from '../model/ssh';
import type { SsmSessionApi } from '../model/ssmSession';
import { AwsAccess } from './access';
import type { AwsDeps } from './access';
import { AccountFacts } from './accountFacts';
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
}

export function createAws(deps: AwsDeps): Aws {
  const scope = new Scope();
  const access = scope.add(new AwsAccess(deps));
  const resources = scope.add(new AwsInventory(access, deps.clock, deps.logger));
  const inventory = scope.add(new AccountFacts(resources, access, deps.clock));
  const sessions = scope.add(new AwsSsmSessions(access, deps.clock, deps.logger));
  const plugin: PluginAccess = {
    grant: async (place, signal) => (await access.open(place, signal)).pluginGrant(signal),
  };
  const instanceConnect = new AwsInstanceConnect(access);
  return { inventory, sessions, plugin, instanceConnect, signIn: access, dispose: () => scope.dispose() };
}
