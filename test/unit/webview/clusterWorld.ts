import type { ClusterNode, ClusterTopology, NodeReading } from '../../../src/redis/types';

export const HOST = 'orders.x1y2z3.euc1.cache.amazonaws.com';

export function node(name: string, more: Partial<ClusterNode> = {}): ClusterNode {
  return { id: name.replaceAll(/\D/g, '').padEnd(40, '0'), endpoint: { host: `${name}.${HOST}`, port: 6379 }, role: name.endsWith('001') ? 'primary' : 'replica', health: 'online', ...more };
}

/** Three shards with a replica each. */
export function topology(): ClusterTopology {
  const shard = (number: number, from: number, to: number): ClusterTopology['shards'][number] => ({
    slots: [[from, to]],
    nodes: [node(`orders-000${number}-001`), node(`orders-000${number}-002`)],
  });
  return { shards: [shard(1, 0, 5461), shard(2, 5462, 10_922), shard(3, 10_923, 16_383)] };
}

export function reading(more: Partial<NodeReading> = {}): NodeReading {
  return { latencyMs: 12.3, keys: 48_211, memoryBytes: 6_400_000, replicationOffset: 120_000, version: 'Valkey 8.0.1', ...more };
}
