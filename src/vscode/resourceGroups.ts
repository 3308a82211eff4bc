import type { Bastion } from '../model/bastion';
import { BASTION_PROVIDERS } from '../model/inventory';
import type { Target, TargetFamily } from '../model/target';
import { familyOf } from '../model/target';
import type { RegionInventory } from './inventoryState';
import { listingFaultsOf } from './inventoryState';
import type { Localizer } from './localizer';
import { bastionNode, targetNode } from './resourceRows';
import { labelText } from './safeText';
import { tagValue, vpcKey } from './treeOptions';
import type { TreeOptions } from './treeOptions';
import type { NodeIcon, ViewNode } from './viewNode';
import { joined } from './wording';

interface Resources {
  readonly bastions: readonly Bastion[];
  readonly targets: readonly Target[];
}

export interface GroupSources {
  readonly inventory: RegionInventory;
  /** Everything that is known, for the counts, and what the filter leaves of it; both ordered by name. */
  readonly all: Resources;
  readonly shown: Resources;
  readonly options: TreeOptions;
  readonly l10n: Localizer;
}

/** Groups by something that a resource has. */
type SortedKind = 'vpc' | 'noVpc' | 'tag' | 'noTag' | 'tagsUnknown';

interface Group {
  /** The begin of its id; together with the path unique in the region. */
  readonly kind: 'bastions' | TargetFamily | SortedKind;
  readonly path?: string;
  readonly label: string;
  /** What else it is called. */
  readonly note?: string | undefined;
  readonly icon: NodeIcon;
  readonly rows: readonly ViewNode[];
  /** How many resources are in it, and how many there would be without a filter. */
  readonly count: number;
  readonly total: number;
  readonly open: boolean;
  /** Whether something that belongs in it could not be read. */
  readonly incomplete?: boolean;
  /** What it says when it is complete and empty. */
  readonly none?: string;
}

/** The resources of a region in their groups. A row has the same id in each grouping, so that its selection stays. */
export function groupNodes(sources: GroupSources): ViewNode[] {
  const { grouping, words } = sources.options;
  const groups = grouping.by === 'type' ? byType(sources) : byKey(sources, grouping.by === 'vpc' ? byVpc(sources) : byTag(grouping.key, sources.l10n));
  const visible = words.length === 0 ? groups : groups.filter(({ count }) => count > 0);
  const { inventory, l10n } = sources;
  if (visible.length > 0) return visible.map((group) => groupNode(group, sources));
  const { scope, loading } = inventory;
  return [emptyNote(`${scope.profile}/${scope.region}`, loading, l10n.t('Nothing is known: see the message below'), l10n)];
}

function byType(sources: GroupSources): Group[] {
  const { inventory, all, shown, l10n } = sources;
  const { region } = inventory.scope;
  return [
    bastionGroup(sources, undefined, all.bastions.length, shown.bastions, l10n.t('No bastion in {0}', region)),
    familyGroup(sources, 'caches', l10n.t('Caches'), 'layers', l10n.t('No cache in {0}', region)),
    familyGroup(sources, 'databases', l10n.t('Databases'), 'database', l10n.t('No database in {0}', region)),
  ];
}

function bastionGroup({ inventory, l10n }: GroupSources, path: string | undefined, total: number, bastions: readonly Bastion[], none: string): Group {
  return {
    kind: 'bastions',
    ...(path !== undefined && { path }),
    label: l10n.t('Bastions'),
    icon: { id: 'shield' },
    rows: bastions.map((bastion) => bastionNode(bastion, l10n)),
    count: bastions.length,
    total,
    none,
    // People come for the targets; the bastions work for them unseen.
    open: false,
    incomplete: isIncomplete(inventory, true),
  };
}

function familyGroup({ inventory, all, shown, l10n }: GroupSources, family: TargetFamily, label: string, icon: string, none: string): Group {
  const ofFamily = (target: Target): boolean => familyOf(target) === family;
  const rows = shown.targets.filter(ofFamily).map((target) => targetNode(target, l10n));
  const total = all.targets.filter(ofFamily).length;
  return { kind: family, label, icon: { id: icon }, rows, count: rows.length, total, none, open: true, incomplete: isIncomplete(inventory, false) };
}

function isIncomplete(inventory: RegionInventory, bastions: boolean): boolean {
  return inventory.fault !== undefined || listingFaultsOf(inventory).some(({ provider }) => BASTION_PROVIDERS.includes(provider) === bastions);
}

/** How resources are sorted into groups by something that each of them has at most one of. */
interface Sorting {
  readonly icon: NodeIcon;
  /** The group of a resource: its kind and path, its label, and what stands beside it. Groups with `last` come after all others, in that order. */
  readonly groupOf: (resource: Target | Bastion) => { readonly kind: SortedKind; readonly path: string; readonly label: string; readonly note?: string; readonly last?: number };
}

function byVpc({ inventory, options, l10n }: GroupSources): Sorting {
  return {
    icon: { id: 'type-hierarchy-sub' },
    groupOf: ({ vpcId }) => {
      if (vpcId === undefined) return { kind: 'noVpc', path: '', label: l10n.t('Outside of a VPC, or not known'), last: 1 };
      const name = options.vpcNames.get(vpcKey(inventory.scope, vpcId));
      return { kind: 'vpc', path: vpcId, label: name ?? vpcId, ...(name !== undefined && { note: vpcId }) };
    },
  };
}

function byTag(tag: string, l10n: Localizer): Sorting {
  return {
    icon: { id: 'tag' },
    groupOf: (resource) => {
      const value = tagValue(resource, tag);
      if (value === undefined) return { kind: 'noTag', path: tag, label: l10n.t('No tag "{0}"', tag), last: 1 };
      if (value === null) return { kind: 'tagsUnknown', path: '', label: l10n.t('Tags not known'), last: 2 };
      return { kind: 'tag', path: `${tag}=${value}`, label: value === '' ? l10n.t('"{0}" without a value', tag) : value };
    },
  };
}

interface Bin {
  readonly kind: SortedKind;
  readonly path: string;
  readonly label: string;
  readonly note: string | undefined;
  readonly last: number;
  total: number;
  readonly bastions: Bastion[];
  allBastions: number;
  readonly targets: Target[];
}

function byKey(sources: GroupSources, { icon, groupOf }: Sorting): Group[] {
  const { all, shown, l10n } = sources;
  const bins = new Map<string, Bin>();
  const binOf = (resource: Target | Bastion): Bin => {
    const { kind, path, label, note, last = 0 } = groupOf(resource);
    const key = `${kind}/${path}`;
    let bin = bins.get(key);
    if (!bin) bins.set(key, (bin = { kind, path, label, note, last, total: 0, bastions: [], allBastions: 0, targets: [] }));
    return bin;
  };
  for (const target of all.targets) binOf(target).total++;
  for (const bastion of all.bastions) {
    const bin = binOf(bastion);
    bin.total++;
    bin.allBastions++;
  }
  for (const target of shown.targets) binOf(target).targets.push(target);
  for (const bastion of shown.bastions) binOf(bastion).bastions.push(bastion);
  return [...bins.values()]
    .toSorted((a, b) => a.last - b.last || collator.compare(a.label, b.label) || (a.path < b.path ? -1 : 1))
    .map((bin): Group => {
      const inside = bastionGroup(sources, `${bin.kind}/${bin.path}`, bin.allBastions, bin.bastions, '');
      const rows = [...(inside.count > 0 ? [groupNode(inside, sources)] : []), ...bin.targets.map((target) => targetNode(target, l10n))];
      const { kind, path, label, note, total } = bin;
      return { kind, path, label, note, icon, rows, count: bin.targets.length + bin.bastions.length, total, open: bin.targets.length > 0 };
    });
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function groupNode({ kind, path = '', label, note, icon, rows, count, total, open, incomplete = false, none = '' }: Group, { inventory, options, l10n }: GroupSources): ViewNode {
  const { scope, loading } = inventory;
  const filtered = options.words.length > 0;
  // While there is a filter these are other rows: what it has found must be seen, and what was folded is so again afterwards.
  const id = [`${kind}:${scope.profile}/${scope.region}`, path, filtered ? '?filtered' : ''].filter((part) => part !== '').join('/');
  const counted = filtered ? l10n.t('{0} of {1}', count, total) : String(count);
  const description = labelText(joined([loading && count > 0 ? counted : undefined, note]));
  return {
    id,
    // The count while parts still arrive would read as the final one, and a zero where nobody could count is wrong.
    label: labelText(loading || (incomplete && count === 0) ? label : `${label} (${counted})`),
    ...(description !== '' && { description }),
    icon,
    words: ['group'],
    children: rows.length > 0 ? rows : [emptyNote(id, loading, incomplete ? l10n.t('Nothing is known: see the message below') : none, l10n)],
    open: open || filtered,
  };
}

function emptyNote(id: string, loading: boolean, text: string, l10n: Localizer): ViewNode {
  return { id: `note:${id}`, label: loading ? l10n.t('Loading…') : text, icon: { id: loading ? 'loading~spin' : 'info' }, words: ['note'] };
}
