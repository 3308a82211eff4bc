import type * as vscode from 'vscode';
import { Scope } from '../base/scope';
import type { BrokerClient, BrokerOptions } from '../broker/client';
import { connectLazily } from '../broker/client';
import { activateSallyport } from './activate';
import { brokerOptions } from './brokerOptions';
import type { Entrance, OpenWindow } from './doorway';
import { KeptSecrets } from './keptSecrets';
import type { LogChannel } from './logChannel';
import { Questions } from './questions';
import type { Services } from './services';
import { readTargetCa } from './settings';
import { WindowUi } from './windowUi';

/** What is loaded still later. */
export interface WindowLoads {
  readonly connectBroker: () => Promise<(options: BrokerOptions) => BrokerClient>;
  readonly loadRedis: Services['loadRedis'];
  /** Whether there may be tunnels to list. */
  readonly brokerIsHere: () => Promise<boolean>;
}

/** Everything of a window that stands behind its doorway. Half of it would be worse than none: what fails leaves nothing behind. */
export async function openWindow(context: vscode.ExtensionContext, log: LogChannel, loads: WindowLoads, entrance: Entrance): Promise<OpenWindow> {
  const scope = new Scope();
  try {
    const ui = scope.add(new WindowUi());
    const secrets = scope.add(new KeptSecrets(context.secrets, ui, log));
    const { ask } = new Questions(ui, secrets);
    const services: Services = {
      ui,
      secrets,
      broker: connectLazily(brokerOptions(context, log, ask), loads.connectBroker, loads.brokerIsHere),
      loadRedis: loads.loadRedis,
      openRedisSession: async (options, signal) => (await loads.loadRedis()).openRedisSession(options, signal),
      targetCa: readTargetCa,
      logger: log,
    };
    return { run: activateSallyport(scope, context, services, log, entrance), dispose: () => scope.dispose() };
  } catch (error) {
    await scope.dispose().catch((failure: unknown) => log.log('warn', 'extension.notDisposed', { error: failure }));
    throw error;
  }
}
