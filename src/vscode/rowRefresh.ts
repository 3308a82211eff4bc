import type { DiscoveryScope } from '../model/inventory';
import { faultProviders } from './faultNode';
import type { RegionInventory } from './inventoryState';
import { scopeKey } from './inventoryState';
import type { RefreshRequest } from './inventoryStore';
import { targetNodeId } from './regionNodes';
import type { ResourcesState, ShownProfiles } from './resourcesState';
import { profileOfRow, scopeOfRow } from './rowPlace';
import { scopesOf } from './selection';

/**
 * What to ask anew for a row: a profile's open regions, a region, or of a region those providers that have told what the
 * row stands for or holds. Undefined where the row is of no region: then everything.
 * @param below ids of the rows below it
 */
export function refreshOfRow(row: string, below: readonly string[], state: ResourcesState): RefreshRequest | undefined {
  if (state.phase !== 'profiles') return undefined;
  const scope = scopeOfRow(row, state);
  if (!scope) {
    const profile = profileOfRow(row, state);
    return profile === undefined ? undefined : { scopes: openScopes(state, profile) };
  }
  const inventory = state.regions.get(scopeKey(scope));
  const providers = inventory && !row.startsWith('region:') ? providersOf(row, below, inventory) : [];
  return { scopes: [scope], ...(providers.length > 0 && { providers }) };
}

function openScopes({ profiles, open }: ShownProfiles, profile: string): DiscoveryScope[] {
  return scopesOf(profiles).filter((scope) => scope.profile === profile && open.has(scopeKey(scope)));
}

function providersOf(row: string, below: readonly string[], inventory: RegionInventory): string[] {
  const { scope, providers } = inventory;
  const rows = new Set([row, ...below]);
  const key = scopeKey(scope);
  const failed = faultProviders(inventory, row) ?? [];
  return [...providers].flatMap(([id, { bastions, targets }]) => {
    const isShown =
      failed.includes(id) ||
      bastions.some((bastion) => rows.has(`bastion:${key}/${bastion.id}`)) ||
      targets.some((target) => rows.has(targetNodeId(target)) || row.startsWith(`endpoint:${targetNodeId(target)}/`));
    return isShown ? [id] : [];
  });
}
