import { abortable } from '../base/abort';
import { cancelled, Fault, faultFromData } from '../base/fault';
import type { DiscoveryScope, InventoryService } from '../model/inventory';
import type { RegionInventory } from './inventoryState';
import { emptyRegion, sameScope, stepRegion } from './inventoryState';
import type { InventoryStore } from './inventoryStore';
import type { ChosenProfile, SelectedProfile } from './selection';
import { resolveSelection, scopesOf } from './selection';

export interface ConnectionInventoriesDeps {
  readonly store: Pick<InventoryStore, 'loaded' | 'usable' | 'state'>;
  readonly inventory: Pick<InventoryService, 'discover' | 'profiles'>;
  readonly chosen: () => readonly ChosenProfile[];
  readonly preferredProfile: string | undefined;
}

/**
 * What saved connections know of AWS: the inventories that the views show where they are the right ones, else some of their
 * own. This is the one place where they ask for inventories.
 */
export class ConnectionInventories {
  readonly #deps: ConnectionInventoriesDeps;
  readonly #closing = new AbortController();
  /** Discoveries under way, shared by all connections that start together. */
  readonly #running = new Map<string, Promise<RegionInventory>>();

  constructor(deps: ConnectionInventoriesDeps) {
    this.#deps = deps;
  }

  /**
   * The inventories of a profile and region, in all that are selected where they are not told; at least one.
   * @throws Fault when none can be had, or the signal fires
   */
  async of(wanted: Partial<DiscoveryScope>, signal: AbortSignal): Promise<readonly RegionInventory[]> {
    const { store } = this.#deps;
    if (wanted.profile === undefined && wanted.region === undefined) return store.loaded(signal);
    const scopes = await this.#scopes(wanted);
    return Promise.all(scopes.map((scope) => this.#inventory(scope, signal)));
  }

  dispose(): void {
    this.#closing.abort();
  }

  #inventory(scope: DiscoveryScope, signal: AbortSignal): Promise<RegionInventory> {
    const { store } = this.#deps;
    const shown = store.state.phase === 'profiles' ? scopesOf(store.state.profiles) : [];
    if (shown.some((one) => sameScope(one, scope))) return store.usable(scope, signal);
    const key = JSON.stringify([scope.profile, scope.region]);
    let running = this.#running.get(key);
    if (!running) {
      running = this.#discover(scope).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    return abortable(running, signal);
  }

  /** At least one. @throws Fault */
  async #scopes({ profile, region }: Partial<DiscoveryScope>): Promise<readonly DiscoveryScope[]> {
    const { inventory, chosen, preferredProfile } = this.#deps;
    const selected = chosen();
    // The selected regions belong to the selected profiles; another one has its own.
    const meant = profile === undefined ? selected : [selected.find((one) => one.profile === profile) ?? { profile, regions: [] }];
    const regions = region === undefined ? undefined : [region];
    const wantedProfiles = meant.map((one) => ({ profile: one.profile, regions: regions ?? one.regions }));
    const selection = resolveSelection(await inventory.profiles(), wantedProfiles, preferredProfile);
    if (selection.kind === 'unavailable') throw faultFromData(selection.fault);
    if (selection.kind === 'noProfiles') {
      throw new Fault('selection.noProfiles', 'No AWS profile was found.', { remedy: { text: 'Create one with `aws configure sso`.', action: 'retry' } });
    }
    const scopes = scopesOf(selection.profiles).map((scope) => ({ profile: scope.profile, region: region ?? scope.region }));
    if (scopes.length === 0) throw faultFromData(firstFault(selection.profiles));
    return scopes.filter((scope, at) => scopes.findIndex((one) => sameScope(one, scope)) === at);
  }

  async #discover(scope: DiscoveryScope): Promise<RegionInventory> {
    let inventory = stepRegion(emptyRegion(scope), { type: 'discovering' });
    const { signal } = this.#closing;
    for await (const part of this.#deps.inventory.discover(scope, signal)) inventory = stepRegion(inventory, { type: 'part', part });
    if (signal.aborted) throw cancelled();
    return stepRegion(inventory, { type: 'discovered' });
  }
}

function firstFault(profiles: readonly SelectedProfile[]): SelectedProfile['faults'][number] {
  return profiles.flatMap(({ faults }) => faults)[0]!;
}
