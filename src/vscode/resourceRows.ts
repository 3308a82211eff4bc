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
import type { NodeIcon, RowMark, ViewNode } from './viewNode';
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

const BASTION_WORDS: readonly ItemWord[] = ['bastion', 'aws'];

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

/** What a row says at once. */
type Said = Pick<ViewNode, 'label' | 'description' | 'icon' | 'mark' | 'spoken' | 'words'>;

/**
 * The row of a resource. There are thousands of them, and few are looked at closely: what nobody asks for is not made. A class,
 * because objects with getters of their own cost the engine several times as much.
 */
abstract class ResourceRow<T extends Target | Bastion> implements ViewNode {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon?: NodeIcon;
  readonly mark?: RowMark;
  readonly spoken?: string;
  readonly words: readonly ItemWord[];
  readonly facts: T;
  protected readonly l10n: Localizer;

  constructor(id: string, said: Said, facts: T, l10n: Localizer) {
    this.id = id;
    this.facts = facts;
    this.l10n = l10n;
    this.label = said.label;
    this.words = said.words;
    if (said.description !== undefined) this.description = said.description;
    if (said.icon) this.icon = said.icon;
    if (said.mark) this.mark = said.mark;
    if (said.spoken !== undefined) this.spoken = said.spoken;
  }

  abstract get tooltip(): string;
}

class BastionRow extends ResourceRow<Bastion> {
  get tooltip(): string {
    return bastionTooltip(this.facts, this.l10n);
  }
}

class TargetRow extends ResourceRow<Target> {
  get tooltip(): string {
    return targetTooltip(this.facts, this.l10n);
  }
}

class ConnectableRow extends TargetRow {
  #endpoints: readonly ViewNode[] | undefined;

  get children(): readonly ViewNode[] {
    return (this.#endpoints ??= endpointNodes(this.facts, this.words, this.l10n));
  }
}

function bastionRow(bastion: Bastion, l10n: Localizer): ViewNode {
  const obstacle = obstacleText(bastion, l10n);
  const mark = bastionMark(bastion);
  const { ecs } = bastion;
  const kind = bastionBadge(bastion, l10n);
  // The id of a container is long, and changes with each deployment.
  const where = ecs ? ecs.cluster : bastion.name === bastion.id ? undefined : bastion.id;
  const status = obstacle ?? (bastion.managed === 'unknown' ? l10n.t('running, agent not known') : l10n.t('online'));
  const said = {
    label: labelText(bastion.name),
    description: labelText(joined([status, kind, bastion.platform, where])),
    icon: { id: bastionIcon(bastion, obstacle === undefined), ...(!obstacle && { color: 'charts.green' }) },
    ...(mark && { mark }),
    spoken: labelText(l10n.t('Bastion {0}, {1}', bastion.name, [status, kind, bastion.platform].filter(Boolean).join(', '))),
    words: BASTION_WORDS,
  };
  return new BastionRow(bastionNodeId(bastion), said, bastion, l10n);
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
  const said = {
    label: labelText(target.name),
    description: labelText(joined([status, ...badges])),
    icon: engineIcon(target),
    ...(mark && { mark }),
    spoken: labelText(
      familyOf(target) === 'caches' ? l10n.t('Cache {0}, {1}', target.name, facts) : l10n.t('Database {0}, {1}', target.name, facts),
    ),
    words,
  };
  const Row = target.endpoints.length > 0 ? ConnectableRow : TargetRow;
  return new Row(targetNodeId(target), said, target, l10n);
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
