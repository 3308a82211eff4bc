import type { FaultData } from '../base/fault';
import type { Bastion } from '../model/bastion';
import type { DiscoveryScope, InventoryPart } from '../model/inventory';
import type { Target } from '../model/target';

/** What one provider has told so far. */
interface ProviderItems {
  readonly bastions: readonly Bastion[];
  readonly targets: readonly Target[];
  readonly fault?: FaultData;
  /** Told during the present discovery; what is not is left from the one before. */
  readonly fresh: boolean;
}

/** Everything known of one profile and region. */
export interface RegionInventory {
  readonly scope: DiscoveryScope;
  readonly accountId?: string;
  readonly loading: boolean;
  /** Why nothing could be asked at all; what was known before is kept beside it. */
  readonly fault?: FaultData;
  readonly providers: ReadonlyMap<string, ProviderItems>;
}

export type ResourcesState =
  /** Nothing has been asked for yet: no file read, no call made. */
  | { readonly phase: 'idle' }
  /** The configuration files are being read. */
  | { readonly phase: 'reading' }
  | { readonly phase: 'noProfiles' }
  /** There is nothing to discover with until the person acts; `profile` when one is known. */
  | { readonly phase: 'unavailable'; readonly profile?: string; readonly fault: FaultData }
  | { readonly phase: 'region'; readonly inventory: RegionInventory };

export type ResourcesEvent =
  | { readonly type: 'reading' }
  /** The choice of profile or region changed: whatever is shown belongs to the old one. */
  | { readonly type: 'deselected' }
  | { readonly type: 'noProfiles' }
  | { readonly type: 'unavailable'; readonly profile?: string; readonly fault: FaultData }
  | { readonly type: 'discovering'; readonly scope: DiscoveryScope }
  | { readonly type: 'part'; readonly part: InventoryPart }
  | { readonly type: 'discovered' }
  | { readonly type: 'discoveryFailed'; readonly fault: FaultData };

const NOTHING: ProviderItems = { bastions: [], targets: [], fresh: true };

/** The state after an event. Events of a discovery are ignored where none is under way. */
export function step(state: ResourcesState, event: ResourcesEvent): ResourcesState {
  switch (event.type) {
    case 'reading':
      // What is shown stays until the files say that it is something else.
      return state.phase === 'region' ? state : { phase: 'reading' };
    case 'deselected':
      return { phase: 'reading' };
    case 'noProfiles':
      return { phase: 'noProfiles' };
    case 'unavailable':
      return { phase: 'unavailable', fault: event.fault, ...(event.profile !== undefined && { profile: event.profile }) };
    case 'discovering':
      return { phase: 'region', inventory: begun(state, event.scope) };
    case 'part':
      return state.phase === 'region' ? { phase: 'region', inventory: withPart(state.inventory, event.part) } : state;
    case 'discovered':
      return state.phase === 'region' ? { phase: 'region', inventory: finished(state.inventory) } : state;
    case 'discoveryFailed':
      return state.phase === 'region'
        ? { phase: 'region', inventory: { ...state.inventory, loading: false, fault: event.fault } }
        : state;
  }
}

function begun(state: ResourcesState, scope: DiscoveryScope): RegionInventory {
  const known = state.phase === 'region' && sameScope(state.inventory.scope, scope) ? state.inventory : undefined;
  if (!known) return { scope, loading: true, providers: new Map() };
  const { fault: _, ...rest } = known;
  const stale = [...known.providers].map(([id, items]) => [id, { ...items, fresh: false }] as const);
  return { ...rest, loading: true, providers: new Map(stale) };
}

function withPart(inventory: RegionInventory, part: InventoryPart): RegionInventory {
  if (part.kind === 'account') return { ...inventory, accountId: part.accountId };
  const before = inventory.providers.get(part.provider);
  const items = before?.fresh ? before : NOTHING;
  const next = new Map(inventory.providers);
  switch (part.kind) {
    case 'bastions':
      next.set(part.provider, { ...items, bastions: merged(items.bastions, part.bastions) });
      break;
    case 'targets':
      next.set(part.provider, { ...items, targets: merged(items.targets, part.targets) });
      break;
    case 'fault':
      // A throttled refresh must not empty the tree: what this provider told last time stays beside its fault.
      next.set(part.provider, { ...(before ?? NOTHING), fault: part.fault, fresh: true });
      break;
  }
  return { ...inventory, providers: next };
}

/** By id, the later one winning: two tree items of one id would make VS Code drop the whole tree. */
function merged<T extends { readonly id: string }>(known: readonly T[], more: readonly T[]): readonly T[] {
  return [...new Map([...known, ...more].map((item) => [item.id, item])).values()];
}

function finished(inventory: RegionInventory): RegionInventory {
  const told = [...inventory.providers].filter(([, { fresh }]) => fresh);
  return { ...inventory, loading: false, providers: new Map(told) };
}

export function sameScope(a: DiscoveryScope, b: DiscoveryScope): boolean {
  return a.profile === b.profile && a.region === b.region;
}

/** All bastions, each once, ordered by name. */
export function bastionsOf({ providers }: RegionInventory): Bastion[] {
  return byName([...providers.values()].flatMap(({ bastions }) => bastions));
}

/** All targets, each once, ordered by name. */
export function targetsOf({ providers }: RegionInventory): Target[] {
  return byName([...providers.values()].flatMap(({ targets }) => targets));
}

export interface ProviderFault {
  readonly provider: string;
  readonly fault: FaultData;
}

export function faultsOf({ providers }: RegionInventory): ProviderFault[] {
  return [...providers].flatMap(([provider, { fault }]) => (fault ? [{ provider, fault }] : []));
}

function byName<T extends { readonly id: string; readonly name: string }>(items: readonly T[]): T[] {
  return [...merged([], items)].toSorted((a, b) => collator.compare(a.name, b.name) || collator.compare(a.id, b.id));
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
