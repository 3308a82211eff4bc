import type { Bastion } from '../model/bastion';
import { formatEndpoint } from '../model/endpoint';
import { BASTION_PROVIDERS } from '../model/inventory';
import type { Target, TargetEndpoint, TargetFamily } from '../model/target';
import { familyOf, isServing, isUsualStatus } from '../model/target';
import type { ItemWord } from './contributions';
import type { RegionInventory } from './inventoryState';
import { bastionsOf, faultsOf, targetsOf } from './inventoryState';
import { faultNode } from './faultNode';
import type { Localizer } from './localizer';
import { labelText, tooltipMarkdown } from './safeText';
import type { NodeIcon, ViewNode } from './viewNode';
import {
  authBadge,
  authText,
  bastionBadge,
  bastionIcon,
  endpointText,
  engineText,
  joined,
  kindText,
  noteText,
  obstacleText,
  speaksRedis,
  targetIcon,
  tlsBadge,
} from './wording';

/** The row of a target, for `reveal`. */
export function targetNodeId({ place, id }: Pick<Target, 'place' | 'id'>): string {
  return `target:${place.profile}/${place.region}/${id}`;
}

export function endpointNodeId(target: Pick<Target, 'place' | 'id'>, { role, host, port }: TargetEndpoint): string {
  return `endpoint:${targetNodeId(target)}/${role}/${host}:${port}`;
}

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

/** One region of one profile: bastions, caches, databases, and what could not be asked. */
export function regionNode(inventory: RegionInventory, l10n: Localizer): ViewNode {
  const { profile, region } = inventory.scope;
  const where = `${profile}/${region}`;
  const faults = faultsOf(inventory).map(({ provider, fault }) => faultNode(`fault:${where}/${provider}`, fault, l10n));
  if (inventory.fault) faults.unshift(faultNode(`fault:${where}`, inventory.fault, l10n));
  // Where nothing could be asked, empty groups would say something that nobody knows.
  const unasked = inventory.fault !== undefined && inventory.providers.size === 0;
  return {
    id: `region:${where}`,
    label: region,
    ...(inventory.loading && { description: l10n.t('loading…') }),
    icon: { id: inventory.loading ? 'loading~spin' : 'globe' },
    words: ['region'],
    children: unasked ? faults : [bastionsGroup(inventory, l10n), cachesGroup(inventory, l10n), databasesGroup(inventory, l10n), ...faults],
    open: true,
  };
}

function bastionsGroup(inventory: RegionInventory, l10n: Localizer): ViewNode {
  const rows = bastionsOf(inventory).map((bastion) => bastionNode(bastion, l10n));
  const none = l10n.t('No bastion in {0}', inventory.scope.region);
  return group('bastions', l10n.t('Bastions'), { id: 'shield' }, rows, none, inventory, l10n);
}

function cachesGroup(inventory: RegionInventory, l10n: Localizer): ViewNode {
  const none = l10n.t('No cache in {0}', inventory.scope.region);
  return group('caches', l10n.t('Caches'), { id: 'layers' }, targetRows(inventory, 'caches', l10n), none, inventory, l10n);
}

function databasesGroup(inventory: RegionInventory, l10n: Localizer): ViewNode {
  const none = l10n.t('No database in {0}', inventory.scope.region);
  return group('databases', l10n.t('Databases'), { id: 'database' }, targetRows(inventory, 'databases', l10n), none, inventory, l10n);
}

function targetRows(inventory: RegionInventory, family: TargetFamily, l10n: Localizer): ViewNode[] {
  return targetsOf(inventory)
    .filter((target) => familyOf(target) === family)
    .map((target) => targetNode(target, l10n));
}

function group(
  kind: 'bastions' | TargetFamily,
  label: string,
  icon: NodeIcon,
  rows: readonly ViewNode[],
  none: string,
  inventory: RegionInventory,
  l10n: Localizer,
): ViewNode {
  const id = `${kind}:${inventory.scope.profile}/${inventory.scope.region}`;
  const concerning = faultsOf(inventory).filter(({ provider }) => BASTION_PROVIDERS.includes(provider) === (kind === 'bastions'));
  const incomplete = concerning.length > 0 || inventory.fault !== undefined;
  const empty = inventory.loading
    ? note(`note:${id}`, l10n.t('Loading…'), 'loading~spin')
    : note(`note:${id}`, incomplete ? l10n.t('Nothing is known: see the message below') : none, 'info');
  return {
    id,
    // The count while parts still arrive would read as the final one, and a zero where nobody could count is wrong.
    label: inventory.loading || (incomplete && rows.length === 0) ? label : `${label} (${rows.length})`,
    ...(inventory.loading && rows.length > 0 && { description: String(rows.length) }),
    icon,
    words: ['group'],
    children: rows.length > 0 ? rows : [empty],
    // People come for the targets; the bastions work for them unseen.
    open: kind !== 'bastions',
  };
}

function note(id: string, label: string, icon: string): ViewNode {
  return { id, label, icon: { id: icon }, words: ['note'] };
}

function bastionNode(bastion: Bastion, l10n: Localizer): ViewNode {
  const obstacle = obstacleText(bastion, l10n);
  const { ecs } = bastion;
  const kind = bastionBadge(bastion, l10n);
  // The id of a container is long, and changes with each deployment.
  const where = ecs ? ecs.cluster : bastion.name === bastion.id ? undefined : bastion.id;
  const status = obstacle ?? (bastion.managed === 'unknown' ? l10n.t('running, agent not known') : l10n.t('online'));
  return {
    id: `bastion:${bastion.place.profile}/${bastion.place.region}/${bastion.id}`,
    label: labelText(bastion.name),
    description: labelText(joined([status, kind, bastion.platform, where])),
    icon: { id: bastionIcon(bastion, obstacle === undefined), ...(!obstacle && { color: 'charts.green' }) },
    tooltip: tooltipMarkdown(bastion.name, [
      [ecs ? l10n.t('Session Manager target') : l10n.t('Instance'), bastion.id],
      [l10n.t('Cluster'), ecs?.cluster],
      [l10n.t('Started by'), ecs?.group],
      [l10n.t('Container'), ecs?.container],
      [l10n.t('State'), bastion.state],
      [l10n.t('Session Manager'), bastion.managed],
      [l10n.t('Agent'), bastion.agentVersion],
      [l10n.t('Platform'), bastion.platform],
      [l10n.t('VPC'), bastion.vpcId],
      [l10n.t('Subnet'), bastion.subnetId],
      [l10n.t('Security groups'), bastion.securityGroupIds.join(', ')],
      [l10n.t('Addresses'), bastion.privateAddresses?.join(', ')],
      [l10n.t('Tags'), tagsText(bastion.tags)],
      [l10n.t('Cannot be used'), obstacle],
    ]),
    spoken: labelText(l10n.t('Bastion {0}, {1}', bastion.name, [status, kind, bastion.platform].filter(Boolean).join(', '))),
    words: ['bastion'],
  };
}

function tagsText(tags: Bastion['tags'] = {}): string {
  return Object.entries(tags)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(', ');
}

function targetNode(target: Target, l10n: Localizer): ViewNode {
  const serving = isServing(target);
  const badges = [
    engineText(target),
    target.kind === 'rds.proxy' ? l10n.t('proxy') : undefined,
    target.clusterMode ? l10n.t('cluster') : undefined,
    tlsBadge(target.tls, l10n),
    authBadge(target.auth, l10n),
    target.endpoints.some((endpoint) => endpoint.public) ? l10n.t('public') : undefined,
  ];
  const status = isUsualStatus(target) ? undefined : target.status;
  const words: ItemWord[] = ['target'];
  if (target.endpoints.length > 0) words.push('connectable');
  if (speaksRedis(target)) words.push('redis');
  const facts = [target.status, ...badges].filter(Boolean).join(', ');
  return {
    id: targetNodeId(target),
    label: labelText(target.name),
    description: labelText(joined([status, ...badges])),
    icon: serving ? { id: targetIcon(target) } : { id: targetIcon(target), color: 'disabledForeground' },
    tooltip: targetTooltip(target, l10n),
    spoken: labelText(
      familyOf(target) === 'caches' ? l10n.t('Cache {0}, {1}', target.name, facts) : l10n.t('Database {0}, {1}', target.name, facts),
    ),
    words,
    ...(target.endpoints.length > 0 && { children: endpointNodes(target, words, l10n) }),
  };
}

function endpointNodes(target: Target, ofTarget: readonly ItemWord[], l10n: Localizer): ViewNode[] {
  const words: ItemWord[] = ['endpoint', ...ofTarget.filter((word) => word !== 'target')];
  const rows = target.endpoints.map((endpoint): ViewNode => {
    const name = endpointText(endpoint, l10n);
    const address = formatEndpoint(endpoint);
    const open = endpoint.public ? l10n.t('public') : undefined;
    return {
      id: endpointNodeId(target, endpoint),
      label: labelText(name),
      description: labelText(joined([address, open])),
      icon: { id: endpoint.role === 'reader' ? 'book' : 'symbol-interface' },
      tooltip: tooltipMarkdown(target.name, [[joined([name, open]), address]]),
      spoken: labelText([l10n.t('{0} endpoint of {1}, {2}', name, target.name, address), open].filter(Boolean).join(', ')),
      words,
    };
  });
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

function targetTooltip(target: Target, l10n: Localizer): string {
  const publicEndpoints = target.endpoints.filter((endpoint) => endpoint.public);
  const tls = { required: l10n.t('required'), preferred: l10n.t('accepted, not required'), off: l10n.t('off') }[target.tls];
  return tooltipMarkdown(target.name, [
    [l10n.t('Kind'), kindText(target.kind, l10n)],
    [l10n.t('Status'), target.status],
    [l10n.t('Engine'), engineText(target)],
    // Redis Cluster's; for anything else "off" would be an answer to a question that nobody asks.
    [l10n.t('Cluster mode'), speaksRedis(target) ? (target.clusterMode ? l10n.t('on') : l10n.t('off')) : undefined],
    [l10n.t('TLS'), tls],
    [l10n.t('Authentication'), authText(target.auth, l10n)],
    ...target.endpoints.map((endpoint) => [l10n.t('Endpoint ({0})', endpointText(endpoint, l10n)), formatEndpoint(endpoint)] as const),
    [l10n.t('Public endpoints'), publicEndpoints.map((endpoint) => endpointText(endpoint, l10n)).join(', ')],
    [l10n.t('Note'), target.notes?.map((note) => noteText(note, l10n)).join(' ')],
    [l10n.t('VPC'), target.vpcId],
    [l10n.t('Subnets'), target.subnetIds.join(', ')],
    [l10n.t('Security groups'), target.securityGroupIds.join(', ')],
    [l10n.t('Tags'), target.tags?.map(({ key, value }) => (value ? `${key}=${value}` : key)).join(', ')],
    [l10n.t('ARN'), target.kind === 'custom' ? undefined : target.id],
  ]);
}
