import type { Endpoint } from '../../src/model/endpoint';
import { sessionOpener } from '../../src/redis/session';
import type { ClusterPorts, NodePlace, RedisSession, RedisSessionOptions } from '../../src/redis/types';
import { eventually } from '../fixtures/eventually';
import type { ClusterMember, ClusterServers } from '../sandbox/servers/cluster';
import { FakeTunnel } from './redisTunnel';

export const never = new AbortController().signal;

/** Ways to the nodes of a real cluster, one stand-in for a tunnel each, and the sessions over them. */
export class ClusterRig {
  readonly cluster: ClusterServers;
  /** By the port of the node. */
  readonly tunnels = new Map<number, FakeTunnel>();
  /** What was asked to be dialled, in order. */
  readonly dialled: string[] = [];
  /** What was given back. */
  readonly released: string[] = [];
  readonly #sessions: RedisSession[] = [];

  constructor(cluster: ClusterServers) {
    this.cluster = cluster;
  }

  readonly ports: ClusterPorts = { dial: (node) => this.#dial(node), known: [], direct: false };

  /** What the tunnel to a node leads to, and everything on it, ends. */
  cut({ port }: Pick<ClusterMember, 'port'>): void {
    this.tunnels.get(port)?.cut();
  }

  async optionsFor(member: ClusterMember, more: Partial<RedisSessionOptions> = {}): Promise<RedisSessionOptions> {
    const { local } = await this.#tunnel(member.port);
    return { local, endpoint: { host: '127.0.0.1', port: member.port }, tls: 'off', cluster: this.ports, ...more };
  }

  async open(member: ClusterMember, more: Partial<RedisSessionOptions> = {}): Promise<RedisSession> {
    const session = await sessionOpener()(await this.optionsFor(member, more), never);
    this.#sessions.push(session);
    return session;
  }

  async clear(): Promise<void> {
    for (const session of this.#sessions.splice(0)) await session.dispose();
    for (const tunnel of this.tunnels.values()) {
      await eventually(() => tunnel.clients === 0, 'every connection is closed after dispose', 10_000);
      await tunnel.dispose();
    }
    this.tunnels.clear();
    this.dialled.length = 0;
    this.released.length = 0;
  }

  async #dial({ host, port }: Endpoint): Promise<NodePlace> {
    this.dialled.push(`${host}:${port}`);
    const { local } = await this.#tunnel(port);
    return {
      local,
      dispose: async () => {
        this.released.push(`${host}:${port}`);
      },
    };
  }

  async #tunnel(port: number): Promise<FakeTunnel> {
    const tunnel = this.tunnels.get(port) ?? (await FakeTunnel.to(port));
    this.tunnels.set(port, tunnel);
    return tunnel;
  }
}
