import { Scope } from '../base/scope';
import type { AwsInventoryService } from '../model/inventory';
import type { PluginAccess } from '../model/pluginAccess';
import type { SignInService } from '../model/signIn';
import type { InstanceConnectApi } from '../model/ssh';
import type { SsmSessionApi } from '../model/ssmSession';
import { AwsAccess } from './access';
import type { AwsDeps } from './access';
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
  const inventory = scope.add(new AwsInventory(access, deps.clock, deps.logger));
  const sessions = scope.add(new AwsSsmSessions(access, deps.clock, deps.logger));
  const plugin: PluginAccess = {
    grant: async (place, signal) => (await access.open(place, signal)).pluginGrant(signal),
  };
  const instanceConnect = new AwsInstanceConnect(access);
  return { inventory, sessions, plugin, instanceConnect, signIn: access, dispose: () => scope.dispose() };
}

/** Discovery alone. */
export function createInventory(deps: AwsDeps): AwsInventoryService & Disposing {
  const aws = createAws(deps);
  return {
    profiles: () => aws.inventory.profiles(),
    discover: (scope, signal) => aws.inventory.discover(scope, signal),
    network: (scope, groupIds, signal) => aws.inventory.network(scope, groupIds, signal),
    dispose: () => aws.dispose(),
  };
}

/** The Session Manager API alone. */
export function createSsmSessionApi(deps: AwsDeps): SsmSessionApi & Disposing {
  const aws = createAws(deps);
  return {
    start: (request, signal) => aws.sessions.start(request, signal),
    resume: (place, sessionId, signal) => aws.sessions.resume(place, sessionId, signal),
    limits: (place, signal) => aws.sessions.limits(place, signal),
    terminate: (place, sessionId, signal) => aws.sessions.terminate(place, sessionId, signal),
    dataKey: (place, request, signal) => aws.sessions.dataKey(place, request, signal),
    dispose: () => aws.dispose(),
  };
}
