import type { Bastion } from '../model/bastion';
import { formatEndpoint } from '../model/endpoint';
import type { Target, TargetEndpoint } from '../model/target';
import { familyOf, isUsualStatus } from '../model/target';
import type { ItemWord } from './contributions';
import { engineIcon } from './engineIcons';
import type { Localizer } from './localizer';
import { bastionTooltip, targetTooltip } from './resourceTooltips';
import { bastionMark, targetMark } from './rowMarks';
import { labelText, tooltipMarkdown } from './safeText';
import type { ViewNode } from './viewNode';
import {
  authBadge,
  bastionBadge,
  bastionIcon,
  endpointText,
  engineText,
  joined,
  obstacleText,
  speaksRedis,
  tlsBadge,
} from './wording';

/** The row of a target, for `reveal`. */
export function targetNodeId({ place, id }: Pick<Target, 'place' | 'id'>): string {
  return `target:${place.profile}/${place.region}/${id}`;
}

export function endpointNodeId(target: Pick<Target, 'place' | 'id'>, { role, host, port }: TargetEndpoint): string {
  return `endpoint:${targetNodeId(target)}/${role}/${host}:${port}`;
}

export function bastionNodeId({ place, id }: Pick<Bastion, 'place' | 'id'>): string {
  return `bastion:${place.profile}/${place.region}/${id}`;
}

// Resources are replaced and never changed, and there may be ten thousand of them whose order or choice changes with each key.
const ROWS = new WeakMap<Target | Bastion, { readonly l10n: Localizer; readonly node: ViewNode }>();

function kept<T extends Target | Bastion>(resource: T, l10n: Localizer, make: (resource: T, l10n: Localizer) => ViewNode): ViewNode {
  const before = ROWS.get(resource);
  if (before?.l10n === l10n) return before.node;
  const node = make(resource, l10n);
  ROWS.set(resource, { l10n, node });
  return node;
}

/** Makes the row of a resource. @returns false where there was one */
export function isNewRow<T extends Target | Bastion>(resource: T, l10n: Localizer, make: (resource: T, l10n: Localizer) => ViewNode): boolean {
  if (ROWS.get(resource)?.l10n === l10n) return false;
  make(resource, l10n);
  return true;
}

export function bastionNode(bastion: Bastion, l10n: Localizer): ViewNode {
  return kept(bastion, l10n, bastionRow);
}

export function targetNode(target: Target, l10n: Localizer): ViewNode {
  return kept(target, l10n, targetRow);
}

function bastionRow(bastion: Bastion, l10n: Localizer): ViewNode {
  const obstacle = obstacleText(bastion, l10n);
  const mark = bastionMark(bastion);
  const { ecs } = bastion;
  const kind = bastionBadge(bastion, l10n);
  // The id of a container is long, and changes with each deployment.
  const where = ecs ? ecs.cluster : bastion.name === bastion.id ? undefined : bastion.id;
  const status = obstacle ?? (bastion.managed === 'unknown' ? l10n.t('running, agent not known') : l10n.t('online'));
  return {
    id: bastionNodeId(bastion),
    label: labelText(bastion.name),
    description: labelText(joined([status, kind, bastion.platform, where])),
    icon: { id: bastionIcon(bastion, obstacle === undefined), ...(!obstacle && { color: 'charts.green' }) },
    ...(mark && { mark }),
    get tooltip() {
      return bastionTooltip(bastion, l10n);
    },
    facts: bastion,
    spoken: labelText(l10n.t('Bastion {0}, {1}', bastion.name, [status, kind, bastion.platform].filter(Boolean).join(', '))),
    words: ['bastion', 'aws'],
  };
}

function targetRow(target: Target, l10n: Localizer): ViewNode {
  const badges = [
    engineText(target),
    // Early, where a narrow side bar still shows it.
    target.endpoints.some((endpoint) => endpoint.public) ? l10n.t('public') : undefined,
    target.kind === 'rds.proxy' ? l10n.t('proxy') : undefined,
    target.clusterMode ? l10n.t('cluster') : undefined,
    tlsBadge(target.tls, l10n),
    authBadge(target.auth, l10n),
  ];
  const status = isUsualStatus(target) ? undefined : target.status;
  const mark = targetMark(target);
  const words: ItemWord[] = ['target'];
  if (target.endpoints.length > 0) words.push('connectable');
  if (speaksRedis(target)) words.push('redis');
  // Custom targets have an id of their own making.
  if (target.id.startsWith('arn:')) words.push('aws');
  const facts = [target.status, ...badges].filter(Boolean).join(', ');
  return {
    id: targetNodeId(target),
    label: labelText(target.name),
    description: labelText(joined([status, ...badges])),
    icon: engineIcon(target),
    ...(mark && { mark }),
    get tooltip() {
      return targetTooltip(target, l10n);
    },
    facts: target,
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
      get tooltip() {
        return tooltipMarkdown(target.name, [[joined([name, open]), address]]);
      },
      facts: endpoint,
      spoken: labelText([l10n.t('{0} endpoint of {1}, {2}', name, target.name, address), open].filter(Boolean).join(', ')),
      words,
    };
  });
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}
