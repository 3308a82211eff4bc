import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/log';
import { TAGS_PROVIDER } from '../model/inventory';
import type { DiscoveryScope, InventoryPart, AwsInventoryService, ProfileInfo, ResourceProvider } from '../model/inventory';
import type { NetworkFacts } from '../model/network';
import type { PoliciesByIdentity } from '../model/privilege';
import type { AwsAccess } from './access';
import { mergeProviders } from './discovery';
import { refusesCredentials } from './faults';
import { networkFacts } from './networkFacts';
import type { ProviderContext } from './providers/context';
import { customTargets } from './providers/customTargets';
import { databaseProxies } from './providers/databaseProxies';
import { databases } from './providers/databases';
import { ec2Bastions } from './providers/ec2Bastions';
import { ecsTasks } from './providers/ecsTasks';
import { hybridNodes } from './providers/hybridNodes';
import { memoryDbClusters } from './providers/memoryDb';
import { mqBrokers } from './providers/mqBrokers';
import { mskClusters } from './providers/mskClusters';
import { openSearchDomains } from './providers/openSearchDomains';
import { redshiftClusters } from './providers/redshift';
import { redshiftWorkgroups } from './providers/redshiftServerless';
import { replicationGroups } from './providers/replicationGroups';
import { resourceTags } from './providers/resourceTags';
import { serverlessCaches } from './providers/serverlessCaches';
import { RolePolicyFacts } from './rolePolicies';
import type { AwsSession } from './session';
import { vpcNames } from './vpcNames';

/** Every source of bastions and targets in AWS; a further service is one more line. */
const PROVIDERS: readonly ((context: ProviderContext) => ResourceProvider)[] = [
  ec2Bastions,
  hybridNodes,
  ecsTasks,
  replicationGroups,
  serverlessCaches,
  memoryDbClusters,
  databases,
  databaseProxies,
  redshiftClusters,
  redshiftWorkgroups,
  openSearchDomains,
  mqBrokers,
  mskClusters,
];

/** By then a request has normally been sent. */
const WARM_UP_AFTER_MS = 30;

/** Profiles and resources. `dispose` ends every discovery that is under way. */
export class AwsInventory implements AwsInventoryService {
  readonly #access: AwsAccess;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #customTargets: () => unknown;
  readonly #rolePolicies: RolePolicyFacts;
  readonly #running = new Set<AbortController>();
  #disposed = false;

  /** @param custom the setting with the custom targets as it stands, read at each discovery */
  constructor(access: AwsAccess, clock: Clock, logger: Logger, custom: () => unknown) {
    this.#access = access;
    this.#clock = clock;
    this.#logger = logger;
    this.#customTargets = custom;
    this.#rolePolicies = new RolePolicyFacts(clock);
  }

  profiles(): Promise<readonly ProfileInfo[]> {
    return this.#access.profiles();
  }

  /**
   * Each provider gives at least one part, an empty one when it finds nothing; parts of one provider add up, and what is
   * told again, with its tags, replaces what was told before.
   * `region` may be empty: the profile's own is taken then.
   */
  async *discover(scope: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncGenerator<InventoryPart, void, undefined> {
    const controller = new AbortController();
    // Every provider waits for something.
    setMaxListeners(0, controller.signal);
    const stop = (): void => controller.abort();
    if (signal.aborted || this.#disposed) stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#running.add(controller);
    try {
      const session = await this.#access.open(scope, controller.signal);
      // Told long ago, or in another region: what comes now says whether it holds here.
      let doubtful = session.accountId !== undefined;
      const held: InventoryPart[] = [];
      const accountId = await this.#identify(session, controller.signal, only === undefined);
      const account = { kind: 'account', accountId } as const;
      if (!doubtful) yield account;
      const place = { ...session.place, accountId };
      const asking = PROVIDERS.map((create) => create({ session, place }));
      const own = customTargets(place, this.#customTargets);
      const isAsked = (id: string): boolean => only?.includes(id) ?? true;
      const asked = [...asking, own].filter(({ id }) => isAsked(id));
      const providers = isAsked(TAGS_PROVIDER) ? resourceTags({ session, place }, asked) : asked;
      for await (const part of mergeProviders(providers, place, controller.signal, stop, this.#logger)) {
        // Where nobody is known, that is all there is to say.
        if (part.kind === 'fault' && refusesCredentials(part.fault)) await session.identify(controller.signal);
        // A setting says nothing about the account: its targets wait for what does.
        if (doubtful && part.kind !== 'account' && part.provider === own.id) {
          held.push(part);
          continue;
        }
        if (doubtful) yield account;
        doubtful = false;
        yield* held.splice(0);
        yield part;
      }
      yield* held;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#running.delete(controller);
      stop();
    }
  }

  network(scope: DiscoveryScope, groupIds: readonly string[], signal: AbortSignal): Promise<NetworkFacts> {
    return this.#during(scope, signal, (session, until) => networkFacts(session, groupIds, this.#clock, until));
  }

  privileges(scope: DiscoveryScope, identityArns: readonly string[], signal: AbortSignal): Promise<PoliciesByIdentity> {
    return this.#during(scope, signal, (session, until) => this.#rolePolicies.of(session, identityArns, until));
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
  async #identify(session: AwsSession, signal: AbortSignal, willAskAll: boolean): Promise<string> {
    const warmUp = this.#clock.schedule(WARM_UP_AFTER_MS, () => {
      if (!willAskAll) return;
      for (const loading of [session.ec2(), session.elastiCache(), session.rds(), session.memoryDb(), session.redshift()]) loading.catch(() => {});
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
