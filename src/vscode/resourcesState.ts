import type { FaultData } from '../base/fault';
import type { DiscoveryScope } from '../model/inventory';
import type { RegionInventory } from './inventoryState';
import { faultsOf, scopeKey } from './inventoryState';
import type { SelectedProfile } from './selection';

/** What the Resources view shows. */
export type ResourcesState =
  /** Nothing has been asked for yet: no file read, no call made. */
  | { readonly phase: 'idle' }
  /** The configuration files are being read. */
  | { readonly phase: 'reading' }
  | { readonly phase: 'noProfiles' }
  /** There is nothing to discover with until the person acts. */
  | { readonly phase: 'unavailable'; readonly fault: FaultData }
  | ShownProfiles;

export interface ShownProfiles {
  readonly phase: 'profiles';
  readonly profiles: readonly SelectedProfile[];
  /** By `scopeKey`; absent are the regions that nobody has opened yet. */
  readonly regions: ReadonlyMap<string, RegionInventory>;
  /** Keys of the regions whose rows are open. */
  readonly open: ReadonlySet<string>;
}

/** Regions whose rows are all open at first; of more, those of profiles with a single one. */
const MAX_OPEN_AT_FIRST = 4;

/** Whether the region's row is open before the person has opened or closed it. */
export function isOpenAtFirst(profiles: readonly SelectedProfile[], { profile }: DiscoveryScope): boolean {
  const all = profiles.reduce((count, { regions }) => count + regions.length, 0);
  return all <= MAX_OPEN_AT_FIRST || (profiles.find(({ name }) => name === profile)?.regions.length === 1 && profiles.length <= MAX_OPEN_AT_FIRST);
}

/** What is known of a place. */
export function inventoryAt(state: ResourcesState, scope: DiscoveryScope): RegionInventory | undefined {
  return state.phase === 'profiles' ? state.regions.get(scopeKey(scope)) : undefined;
}

/** All that is known, in the order of the rows. */
export function inventoriesOf(state: ResourcesState): readonly RegionInventory[] {
  return state.phase === 'profiles' ? [...state.regions.values()] : [];
}

export interface Account {
  readonly id: string;
  readonly alias?: string;
}

/** The account of a profile, from whichever of its regions knows it. */
export function accountOf(state: ResourcesState, profile: string): Account | undefined {
  const known = inventoriesOf(state).filter(({ scope, accountId }) => scope.profile === profile && accountId !== undefined);
  const id = known[0]?.accountId;
  if (id === undefined) return undefined;
  const alias = known.find(({ accountAlias }) => accountAlias !== undefined)?.accountAlias;
  return { id, ...(alias !== undefined && { alias }) };
}

/** Whatever has failed in a place. */
export function faultsIn(inventory: RegionInventory): readonly FaultData[] {
  return [...(inventory.fault ? [inventory.fault] : []), ...faultsOf(inventory).map(({ fault }) => fault)];
}
