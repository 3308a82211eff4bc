import { asFault } from '../base/fault';
import type { Logger } from '../base/log';
import type { InventoryService } from '../model/inventory';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, targetsOf } from './inventoryState';
import type { TreeState } from './treeCommands';
import { vpcKey } from './treeOptions';

export interface VpcNameDeps {
  readonly inventory: Pick<InventoryService, 'vpcNames'>;
  readonly tree: TreeState;
  /** What is shown now. */
  readonly inventories: () => readonly RegionInventory[];
  readonly logger: Logger;
}

/** Asks for the names of VPCs, once each, and only while the tree is grouped by them. Without them their ids are shown. */
export class VpcNames {
  readonly #deps: VpcNameDeps;
  readonly #asked = new Set<string>();
  readonly #names = new Map<string, string>();
  readonly #end = new AbortController();

  constructor(deps: VpcNameDeps) {
    this.#deps = deps;
  }

  /** Call when the grouping or an inventory has changed. Never rejects. */
  async look(): Promise<void> {
    const { tree, inventories } = this.#deps;
    if (tree.options.grouping.by !== 'vpc' || this.#end.signal.aborted) return;
    // Each part that still arrives would be a call of its own.
    const complete = inventories().filter(({ loading }) => !loading);
    await Promise.all(complete.map((inventory) => this.#ask(inventory)));
  }

  dispose(): void {
    this.#end.abort();
  }

  async #ask(region: RegionInventory): Promise<void> {
    const { inventory, tree, logger } = this.#deps;
    const { scope } = region;
    const ids = new Set([...targetsOf(region), ...bastionsOf(region)].flatMap(({ vpcId }) => vpcId ?? []));
    const missing = [...ids].filter((id) => !this.#asked.has(vpcKey(scope, id)));
    if (missing.length === 0) return;
    for (const id of missing) this.#asked.add(vpcKey(scope, id));
    try {
      const names = Object.entries(await inventory.vpcNames(scope, missing, this.#end.signal));
      for (const [id, name] of names) this.#names.set(vpcKey(scope, id), name);
      if (names.length > 0 && !this.#end.signal.aborted) tree.setVpcNames(new Map(this.#names));
    } catch (error) {
      logger.log('debug', 'vpcNames.unknown', { code: asFault(error).code });
    }
  }
}
