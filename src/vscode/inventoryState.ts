import type { FaultData } from '../base/fault';
import type { Bastion } from '../model/bastion';
import { TAGGED_LATER, TAGS_PROVIDER } from '../model/inventory';
import type { DiscoveryScope, InventoryPart } from '../model/inventory';
import type { Target } from '../model/target';
import { mergeSorted, uniqueSorted } from './nameOrder';

/** What one provider has told so far; both lists ordered by name, each resource once. */
interface ProviderItems {
  readonly bastions: readonly Bastion[];
  readonly targets: readonly Target[];
  readonly fault?: FaultData;
  /** Told during the present discovery; what is not is left from the one before. */
  readonly fresh: boolean;
  /** Ids that were told during the present discovery, page by page: all else goes when it ends. */
  readonly told?: readonly (readonly string[])[];
}

/** Everything known of one profile and region. */
export interface RegionInventory {
  readonly scope: DiscoveryScope;
  readonly accountId?: string;
  readonly accountAlias?: string;
  /** Set while the account is what was kept says, and AWS has not said so since. */
  readonly accountUnconfirmed?: true;
  /** When what is shown was asked for, ms since the epoch; absent once AWS has been asked in this session. */
  readonly asOf?: number;
  readonly loading: boolean;
  /** Why nothing could be asked at all; what was known before is kept beside it. */
  readonly fault?: FaultData;
  readonly providers: ReadonlyMap<string, ProviderItems>;
}

/** What was known of a place when it was kept. */
export interface KeptInventory {
  readonly accountId: string;
  readonly accountAlias?: string;
  /** When AWS was asked, ms since the epoch. */
  readonly at: number;
  readonly providers: readonly KeptProvider[];
}

export interface KeptProvider {
  readonly id: string;
  readonly bastions: readonly Bastion[];
  readonly targets: readonly Target[];
}

export type RegionEvent =
  /** `only`: ids of the providers that are asked; all of them unless told. */
  | { readonly type: 'discovering'; readonly only?: readonly string[] }
  | { readonly type: 'kept'; readonly kept: KeptInventory }
  | { readonly type: 'part'; readonly part: InventoryPart }
  | { readonly type: 'discovered'; readonly only?: readonly string[] }
  | { readonly type: 'failed'; readonly fault: FaultData }
  /** The profile leads to another account now: nothing that is known of the place is true. */
  | { readonly type: 'otherAccount' };

const NOTHING: ProviderItems = { bastions: [], targets: [], fresh: true };

export function emptyRegion(scope: DiscoveryScope): RegionInventory {
  return { scope, loading: false, providers: new Map() };
}

/** What is known after an event. */
export function stepRegion(inventory: RegionInventory, event: RegionEvent): RegionInventory {
  switch (event.type) {
    case 'discovering': {
      const { fault: _, ...rest } = inventory;
      return { ...rest, loading: true, providers: begun(inventory.providers, event.only) };
    }
    case 'kept':
      return withKept(inventory, event.kept);
    case 'part':
      return withPart(inventory, event.part);
    case 'discovered': {
      const { asOf, ...rest } = inventory;
      const told = [...inventory.providers].filter(([, { fresh }]) => fresh).map(([id, items]) => [id, finished(items)] as const);
      // What only some providers were asked for leaves the others as old as they were.
      return { ...rest, ...(event.only && asOf !== undefined && { asOf }), loading: false, providers: new Map(told) };
    }
    case 'failed':
      return { ...inventory, loading: false, fault: event.fault, providers: rested(inventory.providers) };
    case 'otherAccount':
      return { ...emptyRegion(inventory.scope), loading: inventory.loading };
  }
}

function begun(providers: RegionInventory['providers'], only: readonly string[] | undefined): RegionInventory['providers'] {
  const isAsked = (id: string): boolean => only?.includes(id) ?? true;
  return new Map([...providers].map(([id, items]) => [id, isAsked(id) ? { ...settled(items), fresh: false } : items]));
}

/** Nothing is under way any more that could tell more: what is there stays as it is. */
function rested(providers: RegionInventory['providers']): RegionInventory['providers'] {
  return new Map([...providers].map(([id, items]) => [id, settled(items)]));
}

function settled({ bastions, targets, fault }: ProviderItems): ProviderItems {
  return { bastions, targets, ...(fault && { fault }), fresh: true };
}

/** A provider that failed on its way has not told what is gone. */
function finished(items: ProviderItems): ProviderItems {
  if (!items.told || items.fault) return settled(items);
  const told = new Set(items.told.flat());
  const left = <T extends { readonly id: string }>(all: readonly T[]): readonly T[] => (all.every(({ id }) => told.has(id)) ? all : all.filter(({ id }) => told.has(id)));
  return settled({ ...items, bastions: left(items.bastions), targets: left(items.targets) });
}

/** AWS's own answers come before what was kept, whichever arrives first. */
function withKept(inventory: RegionInventory, { accountId, accountAlias, at, providers }: KeptInventory): RegionInventory {
  if (inventory.accountId !== undefined && inventory.accountId !== accountId) return inventory;
  const next = new Map(inventory.providers);
  for (const { id, bastions, targets } of providers) {
    if (!next.has(id)) next.set(id, { bastions: uniqueSorted(bastions), targets: uniqueSorted(targets), fresh: !inventory.loading });
  }
  const alias = inventory.accountAlias ?? accountAlias;
  return {
    ...inventory,
    accountId,
    ...(alias !== undefined && { accountAlias: alias }),
    ...(inventory.accountId === undefined && { accountUnconfirmed: true }),
    asOf: at,
    providers: next,
  };
}

function withPart(inventory: RegionInventory, part: InventoryPart): RegionInventory {
  if (part.kind === 'account') return withAccount(inventory, part);
  const next = new Map(inventory.providers);
  next.set(part.provider, withAnswer(inventory.providers.get(part.provider) ?? NOTHING, part));
  return { ...inventory, providers: next };
}

/** What the provider told before stays until the discovery has ended: of many pages, only the first is there so soon. */
function withAnswer(before: ProviderItems, part: Exclude<InventoryPart, { readonly kind: 'account' }>): ProviderItems {
  if (part.kind === 'fault') return { ...before, fault: part.fault, fresh: true };
  const { fault, told = [], ...items } = before;
  const page = { ...items, ...(before.fresh && fault && { fault }), fresh: true };
  if (part.kind === 'bastions') {
    const bastions = uniqueSorted(part.bastions);
    return { ...page, bastions: mergeSorted(items.bastions, bastions), told: [...told, bastions.map(({ id }) => id)] };
  }
  const targets = withKnownTags(part.provider, items.targets, uniqueSorted(part.targets));
  return { ...page, targets: mergeSorted(items.targets, targets), told: [...told, targets.map(({ id }) => id)] };
}

/** What has no tags yet, and will be told again with them, keeps those that it had: what did not change stays the same object. */
function withKnownTags(provider: string, known: readonly Target[], targets: readonly Target[]): readonly Target[] {
  if (!Object.hasOwn(TAGGED_LATER, provider) || targets.every(({ tags }) => tags)) return targets;
  const before = new Map(known.map(({ id, tags }) => [id, tags]));
  return targets.map((target) => {
    const tags = target.tags ?? before.get(target.id);
    return tags === target.tags || !tags ? target : { ...target, tags };
  });
}

function withAccount(inventory: RegionInventory, { accountId, alias }: InventoryPart & { readonly kind: 'account' }): RegionInventory {
  const isOther = inventory.accountId !== undefined && inventory.accountId !== accountId;
  const { accountUnconfirmed: _, ...rest } = isOther ? stepRegion(inventory, { type: 'otherAccount' }) : inventory;
  return { ...rest, accountId, ...(alias !== undefined && { accountAlias: alias }) };
}

/** What is worth keeping of it. `at`: when AWS was asked, ms since the epoch. */
export function keptOf({ accountId, accountAlias, providers }: RegionInventory, at: number): KeptInventory | undefined {
  if (accountId === undefined) return undefined;
  const items = [...providers].map(([id, { bastions, targets }]): KeptProvider => ({ id, bastions, targets }));
  return { accountId, ...(accountAlias !== undefined && { accountAlias }), at, providers: items };
}

/** The name of a place within the ids of its rows, and among places. */
export function scopeKey({ profile, region }: DiscoveryScope): string {
  return `${profile}/${region}`;
}

export function sameScope(a: DiscoveryScope, b: DiscoveryScope): boolean {
  return a.profile === b.profile && a.region === b.region;
}

/** All bastions, each once, ordered by name. Ordered once for as long as none comes or goes. */
export function bastionsOf({ providers }: RegionInventory): readonly Bastion[] {
  return remembered(bastionOrder, providers, () => allOf([...providers.values()].map(({ bastions }) => bastions)));
}

/** All targets, each once, ordered by name. Ordered once for as long as none comes or goes. */
export function targetsOf({ providers }: RegionInventory): readonly Target[] {
  return remembered(targetOrder, providers, () => allOf([...providers.values()].map(({ targets }) => targets)));
}

const bastionOrder = new WeakMap<object, readonly Bastion[]>();
const targetOrder = new WeakMap<object, readonly Target[]>();

function remembered<T>(known: WeakMap<object, T>, key: object, make: () => T): T {
  const old = known.get(key);
  if (old !== undefined) return old;
  const made = make();
  known.set(key, made);
  return made;
}

/** The longest first, so that the short ones are put into it. */
function allOf<T extends { readonly id: string; readonly name: string }>(lists: readonly (readonly T[])[]): readonly T[] {
  const byLength = lists.toSorted((a, b) => b.length - a.length);
  let all = byLength[0] ?? [];
  for (const list of byLength.slice(1)) all = mergeSorted(all, list);
  return all;
}

export interface ProviderFault {
  readonly provider: string;
  readonly fault: FaultData;
}

export function faultsOf({ providers }: RegionInventory): ProviderFault[] {
  return [...providers].flatMap(([provider, { fault }]) => (fault ? [{ provider, fault }] : []));
}

/** Those for which resources may be missing: without their tags, all are there. */
export function listingFaultsOf(inventory: RegionInventory): ProviderFault[] {
  return faultsOf(inventory).filter(({ provider }) => provider !== TAGS_PROVIDER);
}
