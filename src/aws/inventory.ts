import type { Clock } from '../base/clock';
import type { Logger } from '../base/log';
import type { DiscoveryScope, InventoryPart, AwsInventoryService, ProfileInfo, ResourceProvider } from '../model/inventory';
import type { NetworkFacts } from '../model/network';
import type { AwsAccess } from './access';
import { mergeProviders } from './discovery';
import { networkFacts } from './networkFacts';
import type { ProviderContext } from './providers/context';
import { databaseProxies } from './providers/databaseProxies';
import { databases } from './providers/databases';
import { ec2Bastions } from './providers/ec2Bastions';
import { ecsTasks } from './providers/ecsTasks';
import { hybridNodes } from './providers/hybridNodes';
import { memoryDbClusters } from './providers/memoryDb';
import { replicationGroups } from './providers/replicationGroups';
import { serverlessCaches } from './providers/serverlessCaches';
import type { AwsSession } from './session';
import { vpcNames } from './vpcNames';

/** Every source of bastions and targets; a further service is one more line. */
const PROVIDERS: readonly ((context: ProviderContext) => ResourceProvider)[] = [
  ec2Bastions,
  hybridNodes,
  ecsTasks,
  replicationGroups,
  serverlessCaches,
  memoryDbClusters,
  databases,
  databaseProxies,
];

/** By then a request has normally been sent. */
const WARM_UP_AFTER_MS = 30;

/** Profiles and resources. `dispose` ends every discovery that is under way. */
export class AwsInventory implements AwsInventoryService {
  readonly #access: AwsAccess;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #running = new Set<AbortController>();
  #disposed = false;

  constructor(access: AwsAccess, clock: Clock, logger: Logger) {
    this.#access = access;
    this.#clock = clock;
    this.#logger = logger;
  }

  profiles(): Promise<readonly ProfileInfo[]> {
    return this.#access.profiles();
  }

  /**
   * Each provider gives at least one part, an empty one when it finds nothing; parts of one provider add up.
   * `region` may be empty: the profile's own is taken then.
   */
  async *discover(scope: DiscoveryScope, signal: AbortSignal): AsyncGenerator<InventoryPart, void, undefined> {
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    if (signal.aborted || this.#disposed) stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#running.add(controller);
    try {
      const session = await this.#access.open(scope, controller.signal);
      const accountId = await this.#identify(session, controller.signal);
      yield { kind: 'account', accountId };
      const place = { ...session.place, accountId };
      const providers = PROVIDERS.map((create) => create({ session, place }));
      yield* mergeProviders(providers, place, controller.signal, stop, this.#logger);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#running.delete(controller);
      stop();
    }
  }

  network(scope: DiscoveryScope, groupIds: readonly string[], signal: AbortSignal): Promise<NetworkFacts> {
    return this.#during(scope, signal, (session, until) => networkFacts(session, groupIds, this.#clock, until));
  }

  vpcNames(scope: DiscoveryScope, vpcIds: readonly string[], signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    return this.#during(scope, signal, (session, until) => vpcNames(session, vpcIds, until));
  }

  /** Work that ends with this. */
  async #during<T>(scope: DiscoveryScope, signal: AbortSignal, work: (session: AwsSession, until: AbortSignal) => Promise<T>): Promise<T> {
    const session = await this.#access.open(scope, signal);
    const controller = new AbortController();
    this.#running.add(controller);
    try {
      if (this.#disposed) controller.abort();
      return await work(session, AbortSignal.any([signal, controller.signal]));
    } finally {
      this.#running.delete(controller);
    }
  }

  /** Asks for the account, and loads the clients' bundles (which blocks) while the answer is on its way. */
  async #identify(session: AwsSession, signal: AbortSignal): Promise<string> {
    const warmUp = this.#clock.schedule(WARM_UP_AFTER_MS, () => {
      for (const loading of [session.ec2(), session.elastiCache(), session.rds(), session.memoryDb()]) loading.catch(() => {});
    });
    try {
      return await session.identify(signal);
    } finally {
      warmUp.dispose();
    }
  }

  dispose(): void {
    this.#disposed = true;
    for (const controller of this.#running) controller.abort();
  }
}
