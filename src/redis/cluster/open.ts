import type { RedisConnection } from '../connection';
import type { ClusterPorts, NodeSession, RedisSession, RedisSessionOptions } from '../types';
import { askId, askTopology } from './ask';
import { ClusterSession, type ClusterSessionOptions } from './session';
import { nodesOf, primaryOf } from './topology';

export interface FollowOptions extends Pick<ClusterSessionOptions, 'clock' | 'rendering'>, Pick<ClusterSessionOptions['nodes'], 'open'> {
  /** Makes a session of the connection that is there. */
  readonly alone: (options: RedisSessionOptions) => NodeSession;
}

/**
 * A session with the whole cluster where the server says that it is a node of one, else with the server alone. Takes the connection over.
 * @throws Fault as `RedisConnection.call`; the connection is gone then
 */
export async function followCluster(options: RedisSessionOptions, ports: ClusterPorts, connection: RedisConnection, { clock, rendering, open, alone }: FollowOptions, signal: AbortSignal): Promise<RedisSession> {
  const { endpoint, tls } = options;
  const ask = (args: readonly string[]): ReturnType<RedisConnection['call']> => connection.call(args, signal);
  try {
    const topology = await askTopology(ask, { host: endpoint.host, tls: tls !== 'off' });
    if (!topology) return alone(options);
    const seedId = await askId(ask);
    const { guard: _, cluster: __, ...plain } = options;
    // Until the node tells its name it is called as it was asked for.
    const current = nodesOf(topology).find(({ id }) => id === seedId && id !== '') ?? { id: '', endpoint, role: primaryOf(topology.shards[0])?.role ?? 'primary', health: 'unknown' as const };
    return new ClusterSession({ options, rendering, clock, topology, current, nodes: { ports, open, seed: alone(plain), seedId } });
  } catch (error) {
    connection.dispose();
    throw error;
  }
}
