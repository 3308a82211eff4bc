import { systemClock } from '../base/clock';
import type { Clock } from '../base/clock';
import type { SshHosts } from '../model/ssh';
import type { ResourcesContext } from './contributions';
import { isUrgent, leftText } from './expiryWatch';
import type { CredentialsLeft } from './expiryWatch';
import { faultNode } from './faultNode';
import type { RegionInventory } from './inventoryState';
import { scopeKey } from './inventoryState';
import type { Localizer } from './localizer';
import { prepareRows, regionNode } from './regionNodes';
import { accountOf } from './resourcesState';
import type { ResourcesState, ShownProfiles } from './resourcesState';
import { labelText, tooltipMarkdown } from './safeText';
import type { SelectedProfile } from './selection';
import { sshAddress } from './throughChoice';
import type { ViewNode } from './viewNode';
import { joined } from './wording';

/** What the rows of the Resources view are made of. */
export interface ResourcesRows {
  readonly state: ResourcesState;
  readonly ssh: SshHosts;
  /** By profile; only those that the person will have to do something about. */
  readonly left: ReadonlyMap<string, CredentialsLeft>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Projected {
  readonly rows: readonly ViewNode[];
  /** False where rows are left as they were for want of time: call again. */
  readonly complete: boolean;
}

/** A region's row as it was made last, and what of. */
interface Made {
  readonly inventory: RegionInventory;
  /** With all that is below it; made only for a row that is open. */
  readonly node?: ViewNode;
  readonly shown: ViewNode;
}

/**
 * The state of the stores as rows: profile → region → what regionNodes makes of it, and the hosts of the OpenSSH
 * configuration, which belong to no profile. No rows where welcome content stands instead. The rows of a region are made
 * once for each of its inventories, so that what changes in one region costs nothing in the others; those of a closed region
 * when somebody looks into it.
 */
export class ResourceProjection {
  readonly #l10n: Localizer;
  readonly #render: (inventory: RegionInventory) => ViewNode;
  readonly #clock: Clock;
  #made = new Map<string, Made>();

  constructor(l10n: Localizer, render: (inventory: RegionInventory) => ViewNode = (inventory) => regionNode(inventory, l10n), clock: Clock = systemClock) {
    this.#l10n = l10n;
    this.#render = render;
    this.#clock = clock;
  }

  /** Call when the same inventory is to be shown in another way. */
  forget(): void {
    this.#made = new Map();
  }

  /** @param budgetMs after so much time no more rows of resources, and no more regions but the first that is ready, are made anew in this call */
  project({ state, ssh, left, now }: ResourcesRows, budgetMs = Infinity): Projected {
    const l10n = this.#l10n;
    if (state.phase === 'unavailable') return { rows: [faultNode('fault:', state.fault, l10n)], complete: true };
    if (state.phase !== 'profiles') return { rows: [], complete: true };
    const { rows, complete } = this.#regions(state, now, budgetMs);
    const profiles = state.profiles.map((profile) => {
      const faults = profile.faults.map((fault, index) => faultNode(`fault:${profile.name}${index > 0 ? `/${index}` : ''}`, fault, l10n));
      const regions = profile.regions.map((region) => rows.get(scopeKey({ profile: profile.name, region }))!);
      return profileNode(profile, state, [...regions, ...faults], l10n, left.get(profile.name));
    });
    return { rows: [...profiles, ...sshHostNodes(ssh, l10n)], complete };
  }

  #regions(state: ShownProfiles, now: number, budgetMs: number): { readonly rows: ReadonlyMap<string, ViewNode>; readonly complete: boolean } {
    const started = this.#clock.now();
    const rows = new Map<string, ViewNode>();
    const made = new Map<string, Made>();
    const isOver = (): boolean => this.#clock.now() - started >= budgetMs;
    let complete = true;
    let renewed = 0;
    for (const { name, regions } of state.profiles) {
      for (const region of regions) {
        const key = scopeKey({ profile: name, region });
        const isOpen = state.open.has(key);
        const inventory = state.regions.get(key);
        const old = this.#made.get(key);
        const isCheap = !isOpen || (old?.node !== undefined && old.inventory === inventory);
        const isLate = inventory !== undefined && !isCheap && (!prepareRows(inventory, this.#l10n, isOver) || (renewed > 0 && isOver()));
        if (isLate) complete = false;
        const next = inventory && !isLate ? this.#region(inventory, isOpen, now, old) : old;
        if (!isCheap && !isLate) renewed++;
        if (next && inventory) made.set(key, next);
        rows.set(key, inventory && next ? next.shown : unknownRegion(key, region, isOpen, this.#l10n));
      }
    }
    this.#made = made;
    return { rows, complete };
  }

  #region(inventory: RegionInventory, isOpen: boolean, now: number, old: Made | undefined): Made {
    const l10n = this.#l10n;
    const known = old?.inventory === inventory ? old : undefined;
    const node = known?.node ?? (isOpen ? this.#row(inventory) : undefined);
    const age = inventory.asOf === undefined ? undefined : ageText(now - inventory.asOf, l10n);
    const description = joined([age, node ? node.description : inventory.loading ? l10n.t('loading…') : undefined]);
    const isSame = known !== undefined && known.node === node && (known.shown.description ?? '') === description && known.shown.open === isOpen;
    if (isSame) return known;
    if (!node) return { inventory, shown: this.#closed(inventory, description) };
    const { description: _, ...rest } = node;
    return { inventory, node, shown: { ...rest, ...(description !== '' && { description }), open: isOpen } };
  }

  #closed(inventory: RegionInventory, description: string): ViewNode {
    const render = (): readonly ViewNode[] => this.#row(inventory).children ?? [];
    let made: readonly ViewNode[] | undefined;
    return {
      id: `region:${scopeKey(inventory.scope)}`,
      label: inventory.scope.region,
      ...(description !== '' && { description }),
      icon: { id: inventory.loading ? 'loading~spin' : 'globe' },
      words: ['region'],
      get children() {
        return (made ??= render());
      },
      open: false,
    };
  }

  #row(inventory: RegionInventory): ViewNode {
    const node = this.#render(inventory);
    if (inventory.fault?.code !== 'aws.regionNotEnabled') return node;
    // Nothing is wrong, and there is nothing to try again: the account does not use the region.
    const { message, remedy } = inventory.fault;
    const tooltip = tooltipMarkdown(message, [['', remedy?.text]]);
    const note: ViewNode = {
      id: `note:${scopeKey(inventory.scope)}`,
      label: this.#l10n.t('Not enabled for this account'),
      icon: { id: 'circle-slash' },
      tooltip,
      spoken: labelText(message),
      words: ['note'],
    };
    return { ...node, icon: { id: 'circle-slash' }, tooltip, children: [note] };
  }
}

/** The rows, all of them made now. */
export function resourceNodes(
  state: ResourcesState,
  ssh: SshHosts,
  l10n: Localizer,
  left: ReadonlyMap<string, CredentialsLeft> = new Map(),
  now = 0,
): readonly ViewNode[] {
  return new ResourceProjection(l10n).project({ state, ssh, left, now }).rows;
}

/** Value of the context key that chooses the welcome content of an empty view. */
export function resourcesContext(state: ResourcesState): ResourcesContext {
  switch (state.phase) {
    case 'idle':
    case 'reading':
      return 'loading';
    case 'noProfiles':
      return 'noProfiles';
    case 'unavailable':
    case 'profiles':
      return 'shown';
  }
}

const MINUTE_MS = 60_000;

/** How old something is, in the largest unit that says enough. */
export function ageText(ms: number, l10n: Localizer): string {
  const minutes = Math.max(0, Math.floor(ms / MINUTE_MS));
  if (minutes < 1) return l10n.t('as of just now');
  if (minutes < 60) return l10n.t('as of {0} min ago', minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? l10n.t('as of {0} h ago', hours) : l10n.t('as of {0} days ago', Math.floor(hours / 24));
}

/** A region that nobody has opened yet. */
function unknownRegion(key: string, region: string, isOpen: boolean, l10n: Localizer): ViewNode {
  return {
    id: `region:${key}`,
    label: region,
    icon: { id: 'globe' },
    words: ['region'],
    children: [{ id: `note:${key}`, label: l10n.t('Loading…'), icon: { id: 'loading~spin' }, words: ['note'] }],
    open: isOpen,
  };
}

function profileNode(
  { name }: SelectedProfile,
  state: ResourcesState,
  children: readonly ViewNode[],
  l10n: Localizer,
  left: CredentialsLeft | undefined,
): ViewNode {
  const account = accountOf(state, name);
  const ending = left && leftText(left, l10n);
  const description = labelText(joined([account?.alias, account?.id, ending]));
  return {
    id: `profile:${name}`,
    label: labelText(name),
    ...(description !== '' && { description }),
    icon: left && isUrgent(left) ? { id: 'account', color: 'list.warningForeground' } : { id: 'account' },
    tooltip: tooltipMarkdown(name, [
      [l10n.t('AWS profile'), name],
      [l10n.t('Account'), account?.id],
      [l10n.t('Account alias'), account?.alias],
      [l10n.t('Credentials'), ending],
    ]),
    words: ['profile'],
    children,
    open: true,
  };
}

/** One group, or none where there is nothing to say. */
function sshHostNodes({ hosts, faults }: SshHosts, l10n: Localizer): ViewNode[] {
  if (hosts.length === 0 && faults.length === 0) return [];
  const rows = hosts.map((host): ViewNode => ({
    id: `sshHost:${host.alias}`,
    label: labelText(host.alias),
    description: labelText(sshAddress(host)),
    icon: { id: 'server' },
    tooltip: tooltipMarkdown(host.alias, [
      [l10n.t('Host name'), host.hostName],
      [l10n.t('User'), host.user],
      [l10n.t('Port'), String(host.port)],
      [l10n.t('Written in'), l10n.t('{0}, line {1}', host.file, host.line)],
    ]),
    spoken: labelText(l10n.t('SSH host {0}, {1}', host.alias, sshAddress(host))),
    words: ['sshHost'],
  }));
  const wrong = faults.map((fault, index) => faultNode(`fault:ssh/${index}`, fault, l10n));
  return [
    {
      id: 'sshHosts',
      label: `${l10n.t('SSH hosts')} (${hosts.length})`,
      icon: { id: 'terminal' },
      words: ['group'],
      children: [...rows, ...wrong],
      // What is wrong must be seen without a search for it.
      open: wrong.length > 0,
    },
  ];
}
