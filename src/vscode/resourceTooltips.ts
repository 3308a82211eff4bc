import type { Bastion } from '../model/bastion';
import { formatEndpoint } from '../model/endpoint';
import type { Target } from '../model/target';
import type { Localizer } from './localizer';
import { shortText, tooltipMarkdown } from './safeText';
import { authText, bastionBadge, endpointText, engineText, kindText, noteText, obstacleText, speaksRedis } from './wording';

/** Entries of one list: a cluster can have dozens of endpoints, and a resource 50 tags. */
const MAX_ENTRIES = 12;
/** Characters of one entry: a tag can be 128 + 256 of them. */
const MAX_ENTRY = 80;
/** Characters of the heading: a name can be a tag's value. */
const MAX_HEADING = 120;

/** Everything that is known of a target, bounded so that it stays on the screen. */
export function targetTooltip(target: Target, l10n: Localizer): string {
  const publicEndpoints = target.endpoints.filter((endpoint) => endpoint.public);
  const tls = { required: l10n.t('required'), preferred: l10n.t('accepted, not required'), off: l10n.t('off') }[target.tls];
  const endpoints = target.endpoints.slice(0, MAX_ENTRIES);
  const further = target.endpoints.length - endpoints.length;
  return tooltipMarkdown(shortText(target.name, MAX_HEADING), [
    [l10n.t('Kind'), kindText(target.kind, l10n)],
    [l10n.t('Status'), target.status],
    [l10n.t('Engine'), engineText(target)],
    // Redis Cluster's; for anything else "off" would be an answer to a question that nobody asks.
    [l10n.t('Cluster mode'), speaksRedis(target) ? (target.clusterMode ? l10n.t('on') : l10n.t('off')) : undefined],
    [l10n.t('TLS'), tls],
    [l10n.t('Authentication'), authText(target.auth, l10n)],
    ...endpoints.map((endpoint) => [l10n.t('Endpoint ({0})', shortText(endpointText(endpoint, l10n), MAX_ENTRY)), formatEndpoint(endpoint)] as const),
    [l10n.t('Endpoints'), further > 0 ? l10n.t('{0} more', further) : undefined],
    [l10n.t('Public endpoints'), listText(publicEndpoints.map((endpoint) => endpointText(endpoint, l10n)), l10n)],
    [l10n.t('Note'), target.notes?.map((note) => noteText(note, l10n)).join(' ')],
    [l10n.t('VPC'), target.vpcId],
    [l10n.t('Subnets'), listText(target.subnetIds, l10n)],
    [l10n.t('Security groups'), listText(target.securityGroupIds, l10n)],
    [l10n.t('Tags'), tagsText((target.tags ?? []).map(({ key, value }) => [key, value]), l10n)],
    [l10n.t('ARN'), target.kind === 'custom' ? undefined : target.id],
  ]);
}

export function bastionTooltip(bastion: Bastion, l10n: Localizer): string {
  const { ecs } = bastion;
  return tooltipMarkdown(shortText(bastion.name, MAX_HEADING), [
    [l10n.t('Kind'), bastionBadge(bastion, l10n)],
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
    [l10n.t('Availability zone'), bastion.availabilityZone],
    [l10n.t('Security groups'), listText(bastion.securityGroupIds, l10n)],
    [l10n.t('Addresses'), listText(bastion.privateAddresses ?? [], l10n)],
    [l10n.t('Public address'), bastion.publicAddress],
    [l10n.t('Tags'), tagsText(Object.entries(bastion.tags ?? {}), l10n)],
    [l10n.t('Cannot be used'), obstacleText(bastion, l10n)],
  ]);
}

function tagsText(tags: readonly (readonly [key: string, value: string])[], l10n: Localizer): string {
  return listText(
    tags.map(([key, value]) => (value === '' ? key : `${key}=${value}`)),
    l10n,
  );
}

/** The entries that fit, and how many do not. */
function listText(entries: readonly string[], l10n: Localizer): string {
  const shown = entries.slice(0, MAX_ENTRIES).map((entry) => shortText(entry, MAX_ENTRY));
  const further = entries.length - shown.length;
  return further > 0 ? l10n.t('{0} and {1} more', shown.join(', '), further) : shown.join(', ');
}
