import type { FaultData } from '../base/fault';
import type { ConnectionEntry, SavedConnection } from '../model/connection';
import { formatTag } from '../model/connectionEntry';
import type { TunnelInfo } from '../model/tunnel';
import { formatEndpoint } from '../model/endpoint';
import { connectionNodes, resolveTunnel, tunnelNode, tunnelNodeId } from './connectionNodes';
import type { ConnectionStatus, SavedConnections } from './connectionsStore';
import type { CommandHandlers, CommandName, ItemWord } from './contributions';
import { faultNode } from './faultNode';
import type { Localizer } from './localizer';
import { labelText, tooltipMarkdown } from './safeText';
import type { NodeIcon, ViewNode } from './viewNode';
import { joined, roleText } from './wording';

/** A saved connection as the view shows it. */
export interface SavedRow {
  readonly entry: ConnectionEntry;
  readonly status: ConnectionStatus;
  /** The tunnel that leads there now. */
  readonly tunnel?: TunnelInfo;
}

export interface SavedRows {
  readonly rows: readonly SavedRow[];
  readonly faults: readonly FaultData[];
}

export function savedRows(saved: SavedConnections): SavedRows {
  const rows = saved.entries.map((entry): SavedRow => {
    const tunnel = saved.tunnelOf(entry.connection);
    return { entry, status: saved.status(entry.connection), ...(tunnel && { tunnel }) };
  });
  return { rows, faults: saved.faults };
}

/** Saved connections, by group where they have one; then the tunnels that belong to none; then what is wrong in the settings. */
export function connectionsView({ rows, faults }: SavedRows, tunnels: readonly TunnelInfo[], l10n: Localizer, dateText: (ms: number) => string): readonly ViewNode[] {
  const unsaved = tunnels.filter(({ id }) => !rows.some(({ tunnel }) => tunnel?.id === id));
  const below = nodesBelow(unsaved, tunnels);
  const withNodes = (node: ViewNode, tunnel: TunnelInfo | undefined): ViewNode => {
    const nodes = below.filter(({ whole }) => whole.id === tunnel?.id).map((one) => one.node);
    return nodes.length > 0 ? { ...node, children: connectionNodes(nodes, l10n, dateText), open: false } : node;
  };
  const node = (row: SavedRow): ViewNode => withNodes(savedNode(row, l10n, dateText), row.tunnel);
  const groups = [...new Set(rows.flatMap(({ entry }) => entry.connection.group ?? []))];
  const others = unsaved.filter((tunnel) => !below.some((one) => one.node === tunnel));
  const otherNodes = connectionNodes(others, l10n, dateText).map((row, index) => withNodes(row, others[index]));
  return [
    ...rows.filter(({ entry }) => entry.connection.group === undefined).map((row) => node(row)),
    ...groups.map((group) => groupNode(group, rows.filter(({ entry }) => entry.connection.group === group), node, l10n)),
    ...(rows.length > 0 && others.length > 0
      ? [{ id: OTHERS, label: l10n.t('Other tunnels'), description: String(others.length), words: [], open: true, children: otherNodes }]
      : otherNodes),
    ...faults.map((fault, index) => faultNode(`fault:connections/${index}`, fault, l10n)),
  ];
}

/** Tunnels to single nodes, which consoles open by themselves, and the tunnel to the whole cluster below which each stands. */
function nodesBelow(tunnels: readonly TunnelInfo[], all: readonly TunnelInfo[]): readonly { readonly node: TunnelInfo; readonly whole: TunnelInfo }[] {
  return tunnels.flatMap((node) => {
    const { target, place, role } = node.route;
    const whole = role === 'node' ? all.find(({ route }) => route.role !== 'node' && route.target.id === target.id && route.place.profile === place.profile) : undefined;
    return whole ? [{ node, whole }] : [];
  });
}

const OTHERS = 'otherTunnels';
const SAVED = 'saved:';
const GROUP = 'savedGroup:';

export function savedNodeId({ name }: Pick<SavedConnection, 'name'>): string {
  return `${SAVED}${name}`;
}

/** Id of the row that shows the tunnel. */
export function rowIdOf(tunnel: TunnelInfo, saved: SavedConnections): string {
  const owner = saved.ownerOf(tunnel);
  return owner ? savedNodeId(owner.connection) : tunnelNodeId(tunnel);
}

/** Name of the saved connection that a row stands for; undefined for anything else. */
export function savedName(rowId: unknown): string | undefined {
  return typeof rowId === 'string' && rowId.startsWith(SAVED) ? rowId.slice(SAVED.length) : undefined;
}

/** Name of the group that a row stands for; undefined for anything else. */
export function groupName(rowId: unknown): string | undefined {
  return typeof rowId === 'string' && rowId.startsWith(GROUP) ? rowId.slice(GROUP.length) : undefined;
}

/** The row of the tunnel itself where a saved connection's row was pressed: commands on tunnels know no others. */
export function asTunnelRow(rowId: unknown, tunnels: readonly TunnelInfo[], saved: SavedConnections): unknown {
  const name = savedName(rowId);
  if (name === undefined || resolveTunnel(tunnels, rowId)) return rowId;
  const entry = saved.entry(name);
  const tunnel = entry && saved.tunnelOf(entry.connection);
  return tunnel ? tunnelNodeId(tunnel) : rowId;
}

/** The handlers, pressed on a saved connection's row as well. */
export function onTunnelRows<N extends CommandName>(handlers: Pick<CommandHandlers, N>, translate: (rowId: unknown) => unknown): Pick<CommandHandlers, N> {
  const translated = Object.entries<CommandHandlers[N]>(handlers).map(([name, handler]) => [name, (argument: unknown) => handler(translate(argument))] as const);
  return Object.fromEntries(translated) as unknown as Pick<CommandHandlers, N>;
}

function groupNode(group: string, rows: readonly SavedRow[], node: (row: SavedRow) => ViewNode, l10n: Localizer): ViewNode {
  const open = rows.filter(({ tunnel }) => tunnel).length;
  return {
    id: `${GROUP}${group}`,
    label: labelText(group),
    description: l10n.t('{0} of {1} open', open, rows.length),
    words: ['group'],
    open: true,
    children: rows.map((row) => node(row)),
  };
}

function savedNode({ entry, status, tunnel }: SavedRow, l10n: Localizer, dateText: (ms: number) => string): ViewNode {
  const { connection } = entry;
  const id = savedNodeId(connection);
  if (tunnel) return tunnelNode(tunnel, l10n, dateText, { id, label: connection.name, words: ['saved'] });
  const words: ItemWord[] = status.phase === 'starting' ? ['saved'] : ['saved', 'startable'];
  const how = statusText(status, l10n);
  return {
    id,
    label: labelText(connection.name),
    description: labelText(status.phase === 'idle' ? summary(entry, l10n) : how),
    icon: statusIcon(status),
    tooltip: savedTooltip(entry, status, l10n),
    spoken: labelText([l10n.t('Saved connection {0}', connection.name), how, summary(entry, l10n)].filter((part) => part !== '').join(', ')),
    words,
  };
}

export function statusIcon(status: ConnectionStatus): NodeIcon {
  switch (status.phase) {
    case 'idle':
      return { id: 'circle-outline' };
    case 'starting':
      return { id: 'loading~spin' };
    case 'failed':
      return { id: 'error', color: 'list.errorForeground' };
  }
}

/** How it is while no tunnel is open. */
export function statusText(status: ConnectionStatus, l10n: Localizer): string {
  switch (status.phase) {
    case 'idle':
      return l10n.t('not connected');
    case 'starting':
      return l10n.t('connecting…');
    case 'failed':
      return status.fault.message;
  }
}

/** Where it leads, in a few words. */
export function summary({ connection, origin }: ConnectionEntry, l10n: Localizer): string {
  const { endpoint, profile, region } = connection;
  const target = targetText(connection);
  return joined([
    // An ARN says nothing at a glance, and a name that is said already is not said twice.
    target === connection.name ? undefined : target,
    endpoint && roleText(endpoint, l10n),
    profile,
    region,
    origin === 'workspace' ? l10n.t('workspace') : undefined,
  ]);
}

export function targetText({ target }: SavedConnection): string {
  switch (target.by) {
    case 'id':
      return target.id.startsWith('arn:') ? (target.id.split(':').at(-1) ?? target.id) : target.id;
    case 'tag':
      return formatTag(target.tag);
    case 'host':
      return formatEndpoint(target);
  }
}

function bastionText({ bastion, method }: SavedConnection, l10n: Localizer): string | undefined {
  switch (bastion?.by) {
    case 'name':
      return bastion.name;
    case 'tag':
      return l10n.t('with the tag {0}', formatTag(bastion.tag));
    case 'ssh':
      return l10n.t('SSH host {0}', bastion.alias);
    case undefined:
      return method === 'direct' ? l10n.t('none, directly') : undefined;
  }
}

function savedTooltip({ connection, origin }: ConnectionEntry, status: ConnectionStatus, l10n: Localizer): string {
  const { name, target, endpoint, profile, region, localPort, bindAddress, autoStart, env } = connection;
  return tooltipMarkdown(name, [
    [l10n.t('Target'), target.by === 'id' ? target.id : targetText(connection)],
    [l10n.t('Endpoint'), endpoint && roleText(endpoint, l10n)],
    [l10n.t('Profile'), joined([profile, region])],
    [l10n.t('Bastion'), bastionText(connection, l10n)],
    [l10n.t('Local port'), localPort === undefined ? undefined : String(localPort)],
    [l10n.t('Listens on'), bindAddress],
    [l10n.t('Variables'), Object.keys(env).join(', ')],
    [l10n.t('Starts by itself'), autoStart ? l10n.t('yes') : undefined],
    [l10n.t('Saved in'), origin === 'user' ? l10n.t('your settings') : l10n.t('the workspace')],
    [l10n.t('Problem'), status.phase === 'failed' ? status.fault.message : undefined],
    ['', status.phase === 'failed' ? status.fault.remedy?.text : undefined],
  ]);
}
