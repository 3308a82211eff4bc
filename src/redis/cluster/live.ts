import { Fault } from '../../base/fault';
import { type Endpoint, formatEndpoint } from '../../model/endpoint';
import { word } from '../commands';
import { planOf } from '../live/plan';
import type { ClusterNode, ClusterTopology, LiveRequest } from '../types';
import { addressees, isGroup } from './prefix';
import { slotOf } from './slots';
import { ownerOf } from './topology';

export interface PlacedIn {
  /** What stood behind the `@` of the line, if it had one. */
  readonly to: string | undefined;
  readonly topology: ClusterTopology;
  /** The node that was talked to last. */
  readonly current: ClusterNode;
  /** Where the pane is connected unless told. */
  readonly asked: Endpoint;
}

/**
 * A pane's request with the node that it is for: the one that was named, the one that has the key, or, for what each node tells of
 * itself alone, the one of the prompt. Messages of channels come to every node.
 * @throws Fault `redis.noSuchNode`, `redis.unsupported` for several nodes
 */
export function placed(request: LiveRequest, { to, topology, current, asked }: PlacedIn): LiveRequest {
  const node = to === undefined ? unnamedNode(request, topology, current) : namedNode(request, to, topology);
  // Not by its id: the name that was asked may lead to any node, and to another one the next time.
  if (!node || formatEndpoint(node.endpoint) === formatEndpoint({ ...asked, host: asked.host.toLowerCase() })) return request;
  return { ...request, node: { endpoint: node.endpoint, role: node.role } };
}

function unnamedNode(request: LiveRequest, topology: ClusterTopology, current: ClusterNode): ClusterNode | undefined {
  const args = asBuffers(request);
  const { kind, slotKey } = planOf(args);
  if (slotKey) return ownerOf(topology, slotOf(slotKey));
  return kind === 'monitor' || args.slice(1).some((channel) => channel.toString('latin1').startsWith('__key')) ? current : undefined;
}

function namedNode(request: LiveRequest, to: string, topology: ClusterTopology): ClusterNode | undefined {
  if (isGroup(to)) {
    throw new Fault('redis.unsupported', `${word(asBuffers(request), 0).toUpperCase()} goes on in a pane, which is connected to one node.`, {
      remedy: { text: 'Name one node, and open a pane for each that you want to see.' },
    });
  }
  return addressees(to, topology)[0];
}

function asBuffers({ args }: LiveRequest): readonly Buffer[] {
  return args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg));
}
