import { isIP } from 'node:net';
import type { Endpoint } from '../../model/endpoint';
import type { ClusterPorts, NodePlace, RedisSessionOptions } from '../types';
import { checkNodeAddress } from './addresses';

/** A way to one node, and what of a session's options is another there. */
export interface NodeWay {
  readonly place: NodePlace;
  readonly options: Pick<RedisSessionOptions, 'local' | 'endpoint'>;
}

/**
 * @param asked the endpoint that was asked, and whether in TLS
 * @throws Fault `redis.nodeRefused`, as `ClusterPorts.dial`
 */
export async function wayTo({ host, port }: Endpoint, asked: Pick<RedisSessionOptions, 'endpoint' | 'tls'>, ports: ClusterPorts, signal: AbortSignal): Promise<NodeWay> {
  checkNodeAddress({ host, port }, { asked: asked.endpoint, tls: asked.tls !== 'off', known: ports.known, direct: ports.direct });
  const place = await ports.dial({ host, port }, signal);
  // A certificate carries names: that of the cluster stands for its nodes where they have none.
  const verified = asked.tls !== 'off' && isIP(host) !== 0 ? asked.endpoint.host : host;
  return { place, options: { local: place.local, endpoint: { host: verified, port } } };
}
