import type { Clock } from '../base/clock';
import { sleep } from '../base/clock';
import { asFault, Fault, isCancelled } from '../base/fault';
import type { AwsInventoryService, DiscoveryScope, InventoryPart, ProfileInfo } from '../model/inventory';
import type { NetworkFacts } from '../model/network';
import type { PoliciesByIdentity } from '../model/privilege';
import type { AwsAccess } from './access';
import { homeRegion } from './clients/iam';

/** So long the end of a discovery waits for the alias, which is asked for beside it, ms. */
const ALIAS_MS = 2_000;

/**
 * Adds to an inventory what is true of the account as a whole: its alias, asked for once per profile, and whether a
 * region that knows no key of it is simply not enabled.
 */
export class AccountFacts implements AwsInventoryService {
  readonly #inner: AwsInventoryService;
  readonly #access: AwsAccess;
  readonly #clock: Clock;
  readonly #lifetime = new AbortController();
  /** By profile and account. */
  readonly #aliases = new Map<string, Promise<string | undefined>>();

  constructor(inner: AwsInventoryService, access: AwsAccess, clock: Clock) {
    this.#inner = inner;
    this.#access = access;
    this.#clock = clock;
  }

  profiles(): Promise<readonly ProfileInfo[]> {
    return this.#inner.profiles();
  }

  network(scope: DiscoveryScope, groupIds: readonly string[], signal: AbortSignal): Promise<NetworkFacts> {
    return this.#inner.network(scope, groupIds, signal);
  }

  privileges(scope: DiscoveryScope, identityArns: readonly string[], signal: AbortSignal): Promise<PoliciesByIdentity> {
    return this.#inner.privileges(scope, identityArns, signal);
  }

  vpcNames(scope: DiscoveryScope, vpcIds: readonly string[], signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    return this.#inner.vpcNames(scope, vpcIds, signal);
  }

  /** @throws Fault `aws.regionNotEnabled`, and those of the inventory itself */
  async *discover(scope: DiscoveryScope, signal: AbortSignal, only?: readonly string[]): AsyncGenerator<InventoryPart, void, undefined> {
    let asked: Promise<unknown> | undefined;
    let known: InventoryPart | undefined;
    try {
      for await (const part of this.#inner.discover(scope, signal, only)) {
        yield part;
        if (part.kind === 'account') asked = this.#withAlias(scope, part.accountId).then((told) => (known = told));
        if (!known) continue;
        yield known;
        asked = known = undefined;
      }
    } catch (error) {
      throw await this.#explained(error, scope, signal);
    }
    if (asked) await this.#soon(asked, signal);
    if (known) yield known;
  }

  dispose(): void {
    this.#lifetime.abort();
  }

  async #withAlias(scope: DiscoveryScope, accountId: string): Promise<InventoryPart | undefined> {
    const key = JSON.stringify([scope.profile, accountId]);
    const asked = this.#aliases.get(key) ?? this.#ask(scope, key);
    this.#aliases.set(key, asked);
    const alias = await asked;
    return alias === undefined ? undefined : { kind: 'account', accountId, alias };
  }

  /** Never rejects: an account without an alias that anyone may read is shown by its number. */
  async #ask(scope: DiscoveryScope, key: string): Promise<string | undefined> {
    const { signal } = this.#lifetime;
    try {
      const session = await this.#access.open(scope, signal);
      const send = (abortSignal: AbortSignal): Promise<readonly string[]> => session.iam().listAccountAliases({ abortSignal });
      const [alias] = await session.call('iam:ListAccountAliases', send, signal, { dispensable: true, repeat: () => false });
      return alias;
    } catch (error) {
      // What is not allowed now will not be in a minute either.
      if (asFault(error).code !== 'aws.accessDenied') this.#aliases.delete(key);
      return undefined;
    }
  }

  /** @throws Fault `operation.cancelled` */
  async #soon(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const timeout = sleep(this.#clock, ALIAS_MS, AbortSignal.any([signal, done.signal]));
    // Its end by ours is of no interest to anybody.
    timeout.catch(() => {});
    try {
      await Promise.race([work, timeout]);
    } finally {
      done.abort();
    }
  }

  /** AWS says the same of a wrong key and of a right one in a region that the account has not enabled. */
  async #explained(error: unknown, scope: DiscoveryScope, signal: AbortSignal): Promise<unknown> {
    const home = homeRegion(scope.region);
    if (asFault(error).code !== 'aws.invalidKey' || scope.region === home) return error;
    try {
      const session = await this.#access.open({ ...scope, region: home }, signal);
      await session.identify(signal);
    } catch (other) {
      return isCancelled(other) ? other : error;
    }
    return new Fault('aws.regionNotEnabled', `Region ${scope.region} is not enabled for the account of AWS profile "${scope.profile}".`, {
      remedy: { text: 'Enable it in the AWS account, or select other regions.', action: 'selectRegion' },
      cause: error,
    });
  }
}
