import type { Logger } from '../../base/log';
import type { Endpoint } from '../../model/endpoint';
import { destinationKey, type Route, sameDestination } from '../../model/route';
import type { StartOptions, TunnelInfo, TunnelService } from '../../model/tunnel';
import type { ClusterPorts, NodePlace, RedisEngine } from '../../redis/types';

export interface NodeTunnelsDeps {
  readonly service: Pick<TunnelService, 'start' | 'stop' | 'list'>;
  /** As the settings say of every tunnel. */
  readonly options: () => StartOptions;
  /** What discovery knows of a target. */
  readonly endpointsOf: (targetId: string) => readonly Endpoint[];
  /** Knows which addresses of those that nodes announce may be dialled. */
  readonly loadRedis: () => Promise<Pick<RedisEngine, 'checkNodeAddress'>>;
  readonly logger: Logger;
}

/** A tunnel that consoles of this window use. */
interface Use {
  users: number;
  /** Whether it is ended with its last user: what was there before, or what the person has taken over, is theirs. */
  ours: boolean;
  id?: string;
}

/** Tunnels to single nodes of clusters, over the way that leads to the cluster: opened as its sessions need them, and ended with the last of those. */
export class NodeTunnels {
  readonly #deps: NodeTunnelsDeps;
  readonly #uses = new Map<string, Use>();

  constructor(deps: NodeTunnelsDeps) {
    this.#deps = deps;
  }

  /** @param tunnel the one that leads to the cluster */
  portsFor(tunnel: TunnelInfo): ClusterPorts {
    const { endpointsOf } = this.#deps;
    return {
      get known() {
        return endpointsOf(tunnel.route.target.id);
      },
      direct: tunnel.route.method === 'direct',
      dial: (node, signal) => this.#dial(tunnel, node, signal),
    };
  }

  /**
   * The way to a node where it says that it is.
   * @param tunnel the one that leads to the cluster
   * @throws Fault `redis.nodeRefused`
   */
  async routeTo(tunnel: Pick<TunnelInfo, 'route'>, node: Endpoint): Promise<Route> {
    return this.#routeTo(await this.#deps.loadRedis(), tunnel.route, node);
  }

  /** From now on it is the person's: it stays when the console is closed that has opened it. */
  adopt({ id }: Pick<TunnelInfo, 'id'>): void {
    for (const use of this.#uses.values()) if (use.id === id) use.ours = false;
  }

  /** Ends what is still used; whoever uses it is about to end, too. */
  async dispose(): Promise<void> {
    const uses = [...this.#uses];
    this.#uses.clear();
    await Promise.all(uses.map(([, use]) => this.#end(use)));
  }

  async #dial(tunnel: TunnelInfo, node: Endpoint, signal: AbortSignal): Promise<NodePlace> {
    const { service, options, loadRedis } = this.#deps;
    const redis = await loadRedis();
    const all = await service.list();
    // The bastion may have changed since.
    const now = all.find(({ id }) => id === tunnel.id) ?? tunnel;
    const route = this.#routeTo(redis, now.route, node);
    const key = destinationKey(route);
    const use = this.#uses.get(key) ?? { users: 0, ours: !all.some((one) => one.state.phase !== 'closed' && sameDestination(one.route, route)) };
    this.#uses.set(key, use);
    use.users++;
    try {
      const { id, local } = await service.start(route, options(), signal);
      use.id = id;
      let released: Promise<void> | undefined;
      return { local, dispose: () => (released ??= this.#release(key, use)) };
    } catch (error) {
      await this.#release(key, use);
      throw error;
    }
  }

  /** To another node of the same target, over the same bastion. */
  #routeTo({ checkNodeAddress }: Pick<RedisEngine, 'checkNodeAddress'>, route: Route, { host, port }: Endpoint): Route {
    const { endpoint, target, method } = route;
    checkNodeAddress({ host, port }, { asked: endpoint, known: this.#deps.endpointsOf(target.id), direct: method === 'direct', tls: target.tls !== 'off' });
    return { ...route, endpoint: { host, port }, role: 'node' };
  }

  async #release(key: string, use: Use): Promise<void> {
    use.users--;
    if (use.users > 0) return;
    if (this.#uses.get(key) === use) this.#uses.delete(key);
    await this.#end(use);
  }

  async #end(use: Use): Promise<void> {
    if (!use.ours || use.id === undefined) return;
    // Once is enough.
    use.ours = false;
    await this.#deps.service.stop(use.id).catch((error: unknown) => this.#deps.logger.log('warn', 'cluster.nodeTunnelNotStopped', { error }));
  }
}
