import type { FaultData } from '../base/fault';
import { describeFault } from '../base/fault';
import { DISCOVERY_ACTIONS, isListing, serviceOf } from '../model/discoveryActions';
import type { ItemWord } from './contributions';
import type { RegionInventory } from './inventoryState';
import { faultsOf } from './inventoryState';
import type { Localizer } from './localizer';
import { labelText, tooltipMarkdown } from './safeText';
import { wantsSignIn } from './signIn';
import type { NodeIcon, ViewNode } from './viewNode';

/** A failure as a row of its own; its buttons are its next step, and to ask again. */
export function faultNode(id: string, fault: FaultData, l10n: Localizer): ViewNode {
  return {
    id,
    label: labelText(fault.message),
    icon: faultIcon(fault),
    tooltip: tooltipMarkdown(fault.message, [
      ['', fault.remedy?.text],
      [l10n.t('Code'), fault.code],
    ]),
    spoken: labelText(l10n.t('Problem: {0}', describeFault(fault))),
    words: faultWords(fault),
  };
}

/** What went wrong in a region: what several providers of one service may not do is one row. */
interface FaultRow {
  readonly id: string;
  readonly fault: FaultData;
  /** Ids of the providers that are concerned; none where the region as a whole is. */
  readonly providers: readonly string[];
  /** The IAM actions that were denied, as far as they were named. */
  readonly denied: readonly string[];
}

export function regionFaultNodes(inventory: RegionInventory, l10n: Localizer): ViewNode[] {
  return faultRows(inventory).map((row) => (row.denied.length > 1 ? deniedNode(row, l10n) : faultNode(row.id, row.fault, l10n)));
}

/** The ids of the providers that a fault's row is about; undefined where the row is none of this region's. */
export function faultProviders(inventory: RegionInventory, rowId: string): readonly string[] | undefined {
  return faultRows(inventory).find(({ id }) => id === rowId)?.providers;
}

/**
 * What a policy has to allow so that nothing is denied any more: all that the denied providers call, since AWS names only
 * the first call that it refuses.
 * @param rowId of the only row that is meant; every denied provider of the region without
 */
export function missingActions(inventory: RegionInventory, rowId?: string): string[] {
  const rows = faultRows(inventory).filter(({ id, denied }) => denied.length > 0 && (rowId === undefined || id === rowId));
  return rows.flatMap(({ providers, denied }) => denied.concat(providers.flatMap((provider) => DISCOVERY_ACTIONS[provider] ?? [])));
}

function faultRows(inventory: RegionInventory): FaultRow[] {
  const { profile, region } = inventory.scope;
  const where = `${profile}/${region}`;
  const rows = new Map<string, FaultRow>();
  if (inventory.fault) rows.set('', { id: `fault:${where}`, fault: inventory.fault, providers: [], denied: deniedActions(inventory.fault) });
  for (const { provider, fault } of faultsOf(inventory)) {
    const denied = deniedActions(fault);
    const [action] = denied;
    const key = action === undefined ? `provider ${provider}` : `service ${serviceOf(action)}`;
    const before = rows.get(key);
    rows.set(key, {
      // The first of them: the row is the same when a further provider fails as well.
      id: before?.id ?? `fault:${where}/${provider}`,
      fault: before?.fault ?? fault,
      providers: [...(before?.providers ?? []), provider],
      denied: [...new Set([...(before?.denied ?? []), ...denied])],
    });
  }
  return [...rows.values()];
}

function deniedActions({ remedy }: FaultData): string[] {
  return remedy?.action === 'copyPolicy' && remedy.subject !== undefined && isListing(remedy.subject) ? [remedy.subject] : [];
}

/** `rds:DescribeDBInstances, DescribeDBProxies` of one service in one row. */
function deniedNode({ id, fault, denied }: FaultRow, l10n: Localizer): ViewNode {
  const [first, ...others] = denied.toSorted();
  const actions = [first, ...others.map((action) => action.slice(serviceOf(action).length + 1))].join(', ');
  const label = l10n.t('No permission for {0}', actions);
  const step = l10n.t('Copy the policy and have it added to this identity, or choose another profile.');
  return {
    id,
    label: labelText(label),
    icon: faultIcon(fault),
    tooltip: tooltipMarkdown(label, [
      ['', step],
      [l10n.t('Code'), fault.code],
    ]),
    spoken: labelText(l10n.t('Problem: {0}', `${label}. ${step}`)),
    words: faultWords(fault),
  };
}

function faultWords(fault: FaultData): ItemWord[] {
  const words: ItemWord[] = ['fault'];
  if (wantsSignIn(fault)) words.push('signIn');
  if (deniedActions(fault).length > 0) words.push('denied');
  if (fault.remedy?.action === 'selectRegion') words.push('elsewhere');
  return words;
}

/** Kinds of failures differ in shape: a person who has seen one knows the next at a glance. */
function faultIcon({ code }: FaultData): NodeIcon {
  const id = ICONS[code] ?? (code.startsWith('proxy.') ? 'debug-disconnect' : 'warning');
  return { id, color: 'list.warningForeground' };
}

const ICONS: Readonly<Record<string, string>> = {
  'aws.accessDenied': 'lock',
  'aws.throttled': 'watch',
  'aws.expiredCredentials': 'key',
  'aws.noCredentials': 'key',
  'aws.invalidKey': 'key',
  'aws.regionNotEnabled': 'circle-slash',
  'aws.notSubscribed': 'circle-slash',
  'aws.unreachable': 'debug-disconnect',
};
