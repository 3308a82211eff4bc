import type { Target, TargetEndpoint } from '../model/target';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, faultsOf, targetsOf } from './inventoryState';
import { regionFaultNodes } from './faultNode';
import type { Localizer } from './localizer';
import { groupNodes } from './resourceGroups';
import { bastionNode, endpointNodeId, isNewRow, targetNode, targetNodeId } from './resourceRows';
import { DEFAULT_TREE, matches } from './treeOptions';
import type { TreeOptions } from './treeOptions';
import type { ViewNode } from './viewNode';

export { endpointNodeId, targetNodeId } from './resourceRows';

/** What a row of the Resources view stands for; undefined for rows that are no target or endpoint, and for anything else. */
export function resolveTarget(
  inventory: RegionInventory | undefined,
  rowId: unknown,
): { readonly target: Target; readonly endpoint?: TargetEndpoint } | undefined {
  if (!inventory || typeof rowId !== 'string') return undefined;
  for (const target of targetsOf(inventory)) {
    if (rowId === targetNodeId(target)) return { target };
    const endpoint = target.endpoints.find((one) => endpointNodeId(target, one) === rowId);
    if (endpoint) return { target, endpoint };
  }
  return undefined;
}

/** Rows that are made between two looks at the clock. */
const AT_A_TIME = 25;

/**
 * Makes rows of resources ahead of `regionNode`, which then only puts them together.
 * @returns whether all are made; false where the time was over before, and the next call goes on
 */
export function prepareRows(inventory: RegionInventory, l10n: Localizer, isOver: () => boolean): boolean {
  let made = 0;
  for (const bastion of bastionsOf(inventory)) if (isNewRow(bastion, l10n, bastionNode) && ++made % AT_A_TIME === 0 && isOver()) return false;
  for (const target of targetsOf(inventory)) if (isNewRow(target, l10n, targetNode) && ++made % AT_A_TIME === 0 && isOver()) return false;
  return true;
}

/** One region of one profile: its resources in groups, and what could not be asked. */
export function regionNode(inventory: RegionInventory, l10n: Localizer, options: TreeOptions = DEFAULT_TREE): ViewNode {
  const { profile, region } = inventory.scope;
  const faults = regionFaultNodes(inventory, l10n);
  // Where nothing could be asked, empty groups would say something that nobody knows.
  const unasked = inventory.fault !== undefined && inventory.providers.size === 0;
  return {
    id: `region:${profile}/${region}`,
    label: region,
    ...(inventory.loading && { description: l10n.t('loading…') }),
    icon: { id: inventory.loading ? 'loading~spin' : 'globe' },
    words: ['region'],
    children: unasked ? faults : [...resourceRows(inventory, l10n, options), ...faults],
    open: true,
  };
}

function resourceRows(inventory: RegionInventory, l10n: Localizer, options: TreeOptions): readonly ViewNode[] {
  const { scope, loading, fault } = inventory;
  const where = `${scope.profile}/${scope.region}`;
  const all = { bastions: bastionsOf(inventory), targets: targetsOf(inventory) };
  const { words } = options;
  const shown =
    words.length === 0
      ? all
      : { bastions: all.bastions.filter((one) => matches(one, words)), targets: all.targets.filter((one) => matches(one, words)) };
  const known = all.bastions.length + all.targets.length;
  if (known === 0 && !loading && !fault && faultsOf(inventory).length === 0) {
    const label = l10n.t('No bastion, cache or database in {0}', scope.region);
    return [{ id: `note:${where}/nothing`, label, icon: { id: 'info' }, words: ['note', 'nothing'] }];
  }
  if (known > 0 && !loading && shown.bastions.length + shown.targets.length === 0) {
    const label = l10n.t('None of {0} matches the filter', known);
    return [{ id: `note:${where}/filtered`, label, icon: { id: 'filter' }, words: ['note', 'filtered'] }];
  }
  return groupNodes({ inventory, all, shown, options, l10n });
}
