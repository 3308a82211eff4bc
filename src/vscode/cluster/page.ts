import type { FaultData } from '../../base/fault';
import { describeFault } from '../../base/fault';
import { formatEndpoint } from '../../model/endpoint';
import type { TunnelInfo } from '../../model/tunnel';
import type { ClusterNode, ClusterShard, ClusterTopology, NodeReading, SlotRange } from '../../redis/types';
import type { ClusterLevel, ClusterNodeRow, ClusterShardRow, ClusterStrings, ClusterToPage } from '../../webview/protocol';
import type { Localizer } from '../localizer';
import { labelText } from '../safeText';
import { bytesText, joined, latencyText, nodeText } from '../wording';

/** What is known of one node beyond its place. */
export type NodeState = { readonly phase: 'asking' } | { readonly phase: 'read'; readonly reading: NodeReading } | { readonly phase: 'failed'; readonly fault: FaultData };

/** Where one page stands. */
export interface ClusterPageState {
  readonly tunnel: TunnelInfo;
  readonly phase: 'connecting' | 'refreshing' | 'ready' | 'noCluster' | 'failed' | 'closed';
  readonly topology?: ClusterTopology;
  /** By `nodeKey`. */
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly fault?: FaultData;
}

/** Names a node as long as its address stays. */
export function nodeKey({ endpoint }: ClusterNode): string {
  return formatEndpoint(endpoint);
}

export function allNodes(topology: ClusterTopology | undefined): readonly ClusterNode[] {
  return topology?.shards.flatMap(({ nodes }) => nodes) ?? [];
}

const SLOTS = 16_384;
/** More ranges of a shard are not written out. */
const MOST_RANGES = 8;

/** Everything that the page shows, as texts and numbers. */
export function clusterPage(state: ClusterPageState, l10n: Localizer): ClusterToPage {
  const { tunnel, phase, topology, nodes } = state;
  const shards = topology?.shards ?? [];
  const served = shards.reduce((sum, { slots }) => sum + countOf(slots), 0);
  const asking = [...nodes.values()].some((one) => one.phase === 'asking');
  return {
    type: 'show',
    strings: strings(l10n),
    title: l10n.t('Cluster: {0}', labelText(tunnel.route.target.name)),
    about: topology ? aboutText(state, served, l10n) : '',
    ...statusOf(state, served, l10n),
    busy: phase === 'connecting' || phase === 'refreshing' || asking,
    connectable: phase === 'failed',
    more: phase === 'ready' && allNodes(topology).some((node) => !nodes.has(nodeKey(node))),
    shards: shards.map((shard, index) => shardRow(shard, index, state, l10n)),
    picture: l10n.t('Slots: {0}', [...shards.map((shard, index) => `${shardText(index, l10n)}: ${slotsText(shard.slots, l10n)}`), ...(served < SLOTS && topology ? [l10n.t('{0} slots of nobody', SLOTS - served)] : [])].join('; ')),
  };
}

function strings(l10n: Localizer): ClusterStrings {
  return {
    refresh: l10n.t('Refresh'),
    readAll: l10n.t('Ask All Nodes'),
    connect: l10n.t('Connect'),
    slots: l10n.t('Slots by shard'),
    node: l10n.t('Node'),
    role: l10n.t('Role'),
    health: l10n.t('Health'),
    keys: l10n.t('Keys'),
    memory: l10n.t('Memory'),
    replication: l10n.t('Replication'),
    latency: l10n.t('Latency'),
    version: l10n.t('Version'),
    ping: l10n.t('Ping'),
    console: l10n.t('Console'),
  };
}

function aboutText({ topology, nodes }: ClusterPageState, served: number, l10n: Localizer): string {
  const primaries = topology!.shards.filter(({ slots }) => slots.length > 0).length;
  const all = allNodes(topology);
  const keys = all.flatMap((node) => {
    const known = nodes.get(nodeKey(node));
    return node.role === 'primary' && known?.phase === 'read' && known.reading.keys !== undefined ? [known.reading.keys] : [];
  });
  const sum = keys.reduce((total, one) => total + one, 0);
  return joined([
    primaries === 1 ? l10n.t('1 shard') : l10n.t('{0} shards', primaries),
    all.length === 1 ? l10n.t('1 node') : l10n.t('{0} nodes', all.length),
    l10n.t('{0} of {1} slots', served, SLOTS),
    keys.length > 0 && keys.length === primaries ? l10n.t('{0} keys', sum) : undefined,
  ]);
}

function statusOf({ phase, fault, tunnel, topology }: ClusterPageState, served: number, l10n: Localizer): Pick<ClusterToPage, 'status' | 'level'> {
  switch (phase) {
    case 'connecting':
      return { status: l10n.t('Connecting…'), level: 'none' };
    case 'refreshing':
      return { status: l10n.t('Asking where everything is…'), level: 'none' };
    case 'noCluster':
      return { status: l10n.t('{0} is not in cluster mode, or does not tell this user: there is one server, which has all keys.', labelText(tunnel.route.target.name)), level: 'warning' };
    case 'closed':
      return { status: l10n.t('The tunnel is closed. Connect it again to go on here.'), level: 'warning' };
    case 'failed':
      return { status: fault ? labelText(describeFault(fault)) : '', level: 'error' };
    case 'ready':
      // What could not be asked again is shown as it was.
      if (fault) return { status: labelText(describeFault(fault)), level: 'error' };
      if (served < SLOTS) return { status: l10n.t('{0} slots are served by nobody: commands for their keys fail.', SLOTS - served), level: 'error' };
      if (allNodes(topology).some(({ health }) => health === 'failed')) return { status: l10n.t('The cluster counts a node as failed.'), level: 'warning' };
      return { status: '', level: 'none' };
  }
}

function shardRow(shard: ClusterShard, index: number, state: ClusterPageState, l10n: Localizer): ClusterShardRow {
  const offset = offsetOf(shard.nodes.find(({ role }) => role === 'primary'), state);
  // The one that takes writes first.
  const nodes = shard.nodes.toSorted((one, other) => Number(other.role === 'primary') - Number(one.role === 'primary'));
  return {
    label: shardText(index, l10n),
    slots: shard.slots.length > 0 ? slotsText(shard.slots, l10n) : l10n.t('no slots'),
    ranges: shard.slots.toSorted(([one], [other]) => one - other),
    nodes: nodes.map((node) => nodeRow(node, offset, state, l10n)),
  };
}

function shardText(index: number, l10n: Localizer): string {
  return l10n.t('Shard {0}', index + 1);
}

/** `0–5460 (5461 slots)`. */
function slotsText(slots: readonly SlotRange[], l10n: Localizer): string {
  const ranges = slots.slice(0, MOST_RANGES).map(([from, to]) => (from === to ? String(from) : `${from}–${to}`));
  const text = `${ranges.join(', ')}${slots.length > MOST_RANGES ? ', …' : ''}`;
  return l10n.t('{0} ({1} slots)', text, countOf(slots));
}

function countOf(slots: readonly SlotRange[]): number {
  return slots.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

function nodeRow(node: ClusterNode, primaryOffset: number | undefined, state: ClusterPageState, l10n: Localizer): ClusterNodeRow {
  const { endpoint, role } = node;
  const known = state.nodes.get(nodeKey(node));
  const reading = known?.phase === 'read' ? known.reading : undefined;
  const name = labelText(nameOf(node, state.topology));
  const { level, text } = healthOf(node, known, l10n);
  return {
    key: nodeKey(node),
    name,
    address: labelText(formatEndpoint(endpoint)),
    level,
    primary: role === 'primary',
    cells: [
      role === 'primary' ? l10n.t('primary') : l10n.t('replica'),
      text,
      reading?.keys === undefined ? '' : String(reading.keys),
      reading?.memoryBytes === undefined ? '' : bytesText(reading.memoryBytes),
      replicationText(node, primaryOffset, state, l10n),
      known?.phase === 'asking' ? '…' : reading ? latencyText(reading.latencyMs) : '',
      reading?.version === undefined ? '' : labelText(reading.version),
    ],
    note: known?.phase === 'failed' ? labelText(describeFault(known.fault)) : '',
    pingLabel: l10n.t('Ping {0}', name),
    consoleLabel: l10n.t('Open console on {0}', name),
  };
}

/** The short name where no other node has it. */
function nameOf({ endpoint }: ClusterNode, topology: ClusterTopology | undefined): string {
  const name = nodeText(endpoint);
  return allNodes(topology).filter((other) => nodeText(other.endpoint) === name).length > 1 ? formatEndpoint(endpoint) : name;
}

function healthOf({ health }: ClusterNode, known: NodeState | undefined, l10n: Localizer): { readonly level: ClusterLevel; readonly text: string } {
  if (known?.phase === 'failed') return { level: 'error', text: l10n.t('not reached') };
  switch (health) {
    case 'online':
      return { level: 'ok', text: l10n.t('online') };
    case 'loading':
      return { level: 'warning', text: l10n.t('loading') };
    case 'failed':
      return { level: 'error', text: l10n.t('failed') };
    case 'unknown':
      return known?.phase === 'read' ? { level: 'ok', text: l10n.t('answers') } : { level: 'none', text: l10n.t('not told') };
  }
}

function replicationText(node: ClusterNode, primaryOffset: number | undefined, state: ClusterPageState, l10n: Localizer): string {
  const offset = offsetOf(node, state);
  if (offset === undefined) return '';
  if (node.role === 'primary') return l10n.t('at {0}', offset);
  if (primaryOffset === undefined) return '';
  const behind = primaryOffset - offset;
  // They were not asked in the same moment.
  return behind <= 0 ? l10n.t('up to date') : l10n.t('{0} behind', bytesText(behind));
}

function offsetOf(node: ClusterNode | undefined, { nodes }: ClusterPageState): number | undefined {
  if (!node) return undefined;
  const known = nodes.get(nodeKey(node));
  return (known?.phase === 'read' ? known.reading.replicationOffset : undefined) ?? node.replicationOffset;
}
