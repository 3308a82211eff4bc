import { type Endpoint, formatEndpoint, isEndpoint } from '../../model/endpoint';
import type { RespValue } from '../../wire/resp';
import type { ClusterNode, ClusterShard, ClusterTopology, SlotRange } from '../types';
import { fieldsOf, integerOf, itemsOf, textOf } from './fields';
import { SLOTS } from './slots';

/** AWS has 500 at most; whoever announces more is not believed. */
const MAX_SHARDS = 1000;
const MAX_NODES = 3000;
const MAX_RANGES = SLOTS;
const MAX_ID = 64;

/** Of the connection over which the topology was asked for. */
export interface AskedOver {
  /** What was asked: a node that does not know its own name is meant to be there. */
  readonly host: string;
  /** Of nodes that have two ports. */
  readonly tls: boolean;
}

/**
 * The reply to CLUSTER SHARDS (Redis 7 and later), in RESP2 or RESP3; undefined for what is none. What a node announces is
 * somebody's word: what cannot be an address is left out, and whether it may be dialled is the affair of `addresses`.
 */
export function parseShards(reply: RespValue, asked: AskedOver): ClusterTopology | undefined {
  const budget = { nodes: MAX_NODES, ranges: MAX_RANGES };
  const shards = itemsOf(reply)
    .slice(0, MAX_SHARDS)
    .flatMap((entry): ClusterShard[] => {
      const fields = fieldsOf(entry);
      const slots = rangesOf(itemsOf(fields.get('slots')), budget);
      const nodes = itemsOf(fields.get('nodes')).flatMap((node) => (budget.nodes-- > 0 ? (shardNode(node, asked) ?? []) : []));
      return nodes.length > 0 ? [{ slots, nodes }] : [];
    });
  return topologyOf(shards);
}

/** The reply to CLUSTER SLOTS (Redis 3 and later), which knows neither health nor offsets; undefined for what is none. */
export function parseSlots(reply: RespValue, asked: AskedOver): ClusterTopology | undefined {
  const shards = new Map<string, { readonly slots: SlotRange[]; readonly nodes: readonly ClusterNode[] }>();
  const budget = { nodes: MAX_NODES, ranges: MAX_RANGES };
  for (const entry of itemsOf(reply).slice(0, MAX_RANGES)) {
    const [first, last, ...members] = itemsOf(entry);
    const slots = rangesOf(first && last ? [first, last] : [], budget);
    const nodes = members.flatMap((member, index) => (budget.nodes-- > 0 ? (slotsNode(member, index === 0 ? 'primary' : 'replica', asked) ?? []) : []));
    const [primary] = nodes;
    if (slots.length === 0 || primary?.role !== 'primary') continue;
    const key = primary.id || formatEndpoint(primary.endpoint);
    const known = shards.get(key);
    if (known) known.slots.push(...slots);
    else if (shards.size < MAX_SHARDS) shards.set(key, { slots: [...slots], nodes });
  }
  return topologyOf([...shards.values()]);
}

/** The node that answers for a slot: the primary of its shard; undefined for a slot that nobody serves. */
export function ownerOf({ shards }: ClusterTopology, slot: number): ClusterNode | undefined {
  return primaryOf(shards.find(({ slots }) => slots.some(([from, to]) => slot >= from && slot <= to)));
}

export function primaryOf(shard: ClusterShard | undefined): ClusterNode | undefined {
  const primaries = shard?.nodes.filter(({ role }) => role === 'primary') ?? [];
  // After a failover the one that failed may still be called a primary.
  return primaries.find(({ health }) => health !== 'failed') ?? primaries[0];
}

/** Primaries that serve slots, in the order of those. */
export function primariesOf({ shards }: ClusterTopology): readonly ClusterNode[] {
  return shards.filter(({ slots }) => slots.length > 0).flatMap((shard) => primaryOf(shard) ?? []);
}

export function nodesOf({ shards }: ClusterTopology): readonly ClusterNode[] {
  return shards.flatMap(({ nodes }) => nodes);
}

export function nodeAt(topology: ClusterTopology, { host, port }: Endpoint): ClusterNode | undefined {
  return nodesOf(topology).find(({ endpoint }) => endpoint.host === host && endpoint.port === port);
}

/** As a server that was asked for another node's key says it: from now on, this slot is there. */
export function withMoved(topology: ClusterTopology, slot: number, endpoint: Endpoint): ClusterTopology {
  const owner = ownerOf(topology, slot);
  if (owner && formatEndpoint(owner.endpoint) === formatEndpoint(endpoint)) return topology;
  const without = topology.shards.map(({ slots, nodes }): ClusterShard => ({ nodes, slots: slots.flatMap((range) => split(range, slot)) }));
  const known = nodeAt(topology, endpoint);
  const node: ClusterNode = { ...(known ?? { id: '', endpoint, health: 'unknown' }), role: 'primary' };
  const home = without.findIndex(({ nodes }) => nodes.some((one) => one === known));
  const { slots, nodes } = without[home] ?? { slots: [], nodes: [] };
  // A replica that answers for a slot has become its shard's primary.
  const others = nodes.filter((one) => one !== known).map(({ id, endpoint: own, health }): ClusterNode => ({ id, endpoint: own, role: 'replica', health }));
  const changed: ClusterShard = { slots: [...slots, [slot, slot]], nodes: [node, ...others] };
  return { shards: home < 0 ? [...without, changed] : without.with(home, changed) };
}

function split([from, to]: SlotRange, slot: number): SlotRange[] {
  if (slot < from || slot > to) return [[from, to]];
  return ([[from, slot - 1], [slot + 1, to]] as const).filter(([one, other]) => one <= other);
}

/** In the order of the slots; undefined where nobody serves any. */
function topologyOf(shards: readonly ClusterShard[]): ClusterTopology | undefined {
  const first = ({ slots }: ClusterShard): number => Math.min(SLOTS, ...slots.map(([from]) => from));
  return shards.some(({ slots }) => slots.length > 0) ? { shards: shards.toSorted((one, other) => first(one) - first(other)) } : undefined;
}

function shardNode(entry: RespValue, asked: AskedOver): ClusterNode | undefined {
  const fields = fieldsOf(entry);
  const port = (asked.tls ? numberOf(fields.get('tls-port')) : undefined) ?? numberOf(fields.get('port')) ?? numberOf(fields.get('tls-port'));
  const endpoint = endpointOf(textOf(fields.get('endpoint')), port, asked);
  if (!endpoint) return undefined;
  const health = textOf(fields.get('health'));
  const replicationOffset = numberOf(fields.get('replication-offset'));
  return {
    id: idOf(fields.get('id')),
    endpoint,
    // What is not called a primary takes no writes, whatever a later version calls it.
    role: /^(?:master|primary)$/.test(textOf(fields.get('role')) ?? '') ? 'primary' : 'replica',
    health: health === 'online' || health === 'loading' ? health : health === 'fail' || health === 'failed' ? 'failed' : 'unknown',
    ...(replicationOffset !== undefined && { replicationOffset }),
  };
}

function slotsNode(entry: RespValue, role: ClusterNode['role'], asked: AskedOver): ClusterNode | undefined {
  const [host, port, id] = itemsOf(entry);
  const endpoint = endpointOf(textOf(host), numberOf(port), asked);
  return endpoint && { id: idOf(id), endpoint, role, health: 'unknown' };
}

/** Nothing, and `?`, mean the host that was asked (CLUSTER SLOTS, `cluster-preferred-endpoint-type`). */
export function endpointOf(host: string | undefined, port: number | undefined, asked: Pick<AskedOver, 'host'>): Endpoint | undefined {
  const endpoint = { host: host === undefined || host === '' || host === '?' ? asked.host : host.toLowerCase().replace(/\.$/, ''), port: port ?? 0 };
  return isEndpoint(endpoint) ? endpoint : undefined;
}

/** Begin and end by turns. */
function rangesOf(bounds: readonly RespValue[], budget: { ranges: number }): SlotRange[] {
  const ranges: SlotRange[] = [];
  for (let at = 0; at + 1 < bounds.length; at += 2) {
    if (budget.ranges-- <= 0) break;
    const from = numberOf(bounds[at]);
    const to = numberOf(bounds[at + 1]);
    if (from !== undefined && to !== undefined && from <= to && to < SLOTS) ranges.push([from, to]);
  }
  return ranges;
}

function idOf(value: RespValue | undefined): string {
  const id = textOf(value) ?? '';
  return /^[\w-]*$/.test(id) ? id.slice(0, MAX_ID) : '';
}

/** Whole and not negative. */
function numberOf(value: RespValue | undefined): number | undefined {
  const number = integerOf(value);
  return number !== undefined && number >= 0 ? number : undefined;
}
