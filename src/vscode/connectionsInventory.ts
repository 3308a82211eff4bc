import { cancelled, Fault, faultFromData } from '../base/fault';
import type { DiscoveryScope, InventoryService } from '../model/inventory';
import type { RegionInventory, ResourcesState } from './inventoryState';
import { sameScope, step } from './inventoryState';
import type { InventoryStore } from './inventoryStore';
import type { ChosenScope } from './selection';
import { resolveSelection } from './selection';

export interface ConnectionInventoriesDeps {
  readonly store: Pick<InventoryStore, 'loaded' | 'inventory' | 'state'>;
  readonly inventory: Pick<InventoryService, 'discover' | 'profiles'>;
  readonly chosen: () => ChosenScope;
  readonly preferredProfile: string | undefined;
}

/**
 * What saved connections know of AWS: the inventory that the views show where it is the right one, else one of their own.
 * This is the one place where they ask for inventories.
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
   * The complete inventory of a profile and region; of the selected ones where they are not told.
   * @throws Fault when it cannot be had, or the signal fires
   */
  async of(wanted: Partial<DiscoveryScope>, signal: AbortSignal): Promise<RegionInventory> {
    const { store } = this.#deps;
    if (wanted.profile === undefined && wanted.region === undefined) return store.loaded(signal);
    const scope = await this.#scope(wanted);
    const shown = store.inventory;
    if (shown && sameScope(shown.scope, scope)) return store.loaded(signal);
    const key = JSON.stringify([scope.profile, scope.region]);
    let running = this.#running.get(key);
    if (!running) {
      running = this.#discover(scope).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    return abandonable(running, signal);
  }

  dispose(): void {
    this.#closing.abort();
  }

  async #scope({ profile, region }: Partial<DiscoveryScope>): Promise<DiscoveryScope> {
    const { inventory, chosen, preferredProfile } = this.#deps;
    const selected = chosen();
    // The selected region belongs to the selected profile; another one has its own.
    const wanted = { profile: profile ?? selected.profile, region: region ?? (profile === undefined ? selected.region : '') };
    const selection = resolveSelection(await inventory.profiles(), wanted, preferredProfile);
    if (selection.kind === 'scope') return selection.scope;
    if (selection.kind === 'unavailable') throw faultFromData(selection.fault);
    throw new Fault('selection.noProfiles', 'No AWS profile was found.', { remedy: { text: 'Create one with `aws configure sso`.', action: 'retry' } });
  }

  async #discover(scope: DiscoveryScope): Promise<RegionInventory> {
    let state: ResourcesState = step({ phase: 'reading' }, { type: 'discovering', scope });
    for await (const part of this.#deps.inventory.discover(scope, this.#closing.signal)) state = step(state, { type: 'part', part });
    state = step(state, { type: 'discovered' });
    if (state.phase !== 'region') throw cancelled();
    return state.inventory;
  }
}

/** Waits for `work` unless the signal fires first; the work itself goes on for the others. */
function abandonable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
