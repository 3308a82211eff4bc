import { Fault } from '../../base/fault';
import { formatEndpoint } from '../../model/endpoint';
import type { ClusterNode, ClusterTopology } from '../types';
import { nodesOf, primariesOf } from './topology';

/** Whom a line is for that begins with `@`. */
export interface Addressed {
  /** What stood behind the `@`, in lower case. */
  readonly to: string;
  /** The rest of the line. */
  readonly line: string;
}

/** `@all`, `@primaries`, `@replicas`, `@host:port`, `@name`: a command of Redis never begins so. Undefined for any other line. */
export function addressedTo(line: string): Addressed | undefined {
  const match = /^\s*@([^\s"']+)(?=\s|$)/.exec(line);
  return match ? { to: match[1]!.toLowerCase(), line: line.slice(match[0].length) } : undefined;
}

/** Whether the word means several nodes at once. */
export function isGroup(to: string): boolean {
  return to === 'all' || to === 'primaries' || to === 'replicas';
}

/**
 * The nodes that are meant, in the order of their slots.
 * @throws Fault `redis.noSuchNode`
 */
export function addressees(to: string, topology: ClusterTopology): readonly ClusterNode[] {
  const all = nodesOf(topology).filter(({ health }) => health !== 'failed');
  if (to === 'all') return all;
  if (to === 'primaries') return primariesOf(topology);
  if (to === 'replicas') return all.filter(({ role }) => role === 'replica');
  const named = nodesOf(topology).filter((node) => namesOf(node).includes(to));
  // An id may be written as far as it is unique, as with git.
  const found = named.length > 0 ? named : nodesOf(topology).filter(({ id }) => to.length >= 4 && id.startsWith(to));
  if (found.length === 1) return found;
  const names = nodesOf(topology).slice(0, 12).map((node) => `@${nodeName(node, topology)}`).join(', ');
  throw new Fault('redis.noSuchNode', found.length === 0 ? `The cluster has no node "${to}".` : `Several nodes are called "${to}".`, {
    remedy: { text: `Write @all, @primaries, @replicas, or one of ${names}.` },
  });
}

function namesOf({ endpoint, id }: ClusterNode): readonly string[] {
  return [formatEndpoint(endpoint), endpoint.host, firstLabel(endpoint.host), id];
}

/** What a node is called where there is little room: the first label of its name if no other node has that, else host and port. */
export function nodeName({ endpoint }: Pick<ClusterNode, 'endpoint'>, topology: ClusterTopology): string {
  const label = firstLabel(endpoint.host);
  const alike = nodesOf(topology).filter((other) => firstLabel(other.endpoint.host) === label);
  return label !== endpoint.host && alike.length <= 1 ? label : formatEndpoint(endpoint);
}

/** Of a name; an address, and a name of two labels, stay whole. */
function firstLabel(host: string): string {
  const labels = host.split('.');
  return labels.length < 3 || host.includes(':') || /^\d+$/.test(labels.at(-1)!) ? host : labels[0]!;
}
