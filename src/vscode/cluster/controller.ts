import { asFault, faultData } from '../../base/fault';
import type { TunnelInfo } from '../../model/tunnel';
import type { ClusterAccess, ClusterNode, RedisSession } from '../../redis/types';
import type { ClusterToHost, ClusterToPage } from '../../webview/protocol';
import { openWithLogin, type SessionServices } from '../console/login';
import type { RedisLogins, Services } from '../services';
import type { Ui } from '../ui';
import { allNodes, clusterPage, type ClusterPageState, nodeKey, type NodeState } from './page';

export interface ClusterPagePorts {
  readonly services: SessionServices & Pick<Services, 'logger'>;
  readonly logins: RedisLogins;
  readonly ui: Pick<Ui, 'l10n'>;
  /** Opens a console on one node of the cluster that the tunnel leads to. */
  readonly openConsole: (tunnel: TunnelInfo, node: ClusterNode) => void;
  /** Hands a message to the page as it is now. */
  readonly post: (message: ClusterToPage) => void;
}

/** Each node takes a tunnel: of more the person is asked. */
export const ASKED_AT_ONCE = 12;
const AT_A_TIME = 4;

/** One cluster's tab without its panel. What is asked goes on while the page is hidden, which gets everything again when it is there. */
export class ClusterController {
  readonly #ports: ClusterPagePorts;
  #state: ClusterPageState;
  #session: RedisSession | undefined;
  #life = new AbortController();
  #disposed = false;

  constructor(tunnel: TunnelInfo, ports: ClusterPagePorts) {
    this.#ports = ports;
    this.#state = { tunnel, phase: 'connecting', nodes: new Map() };
  }

  get tunnel(): TunnelInfo {
    return this.#state.tunnel;
  }

  receive(message: ClusterToHost): void {
    switch (message.type) {
      case 'ready':
        this.#show();
        if (!this.#session && this.#state.phase === 'connecting') void this.#connect();
        break;
      case 'connect':
        if (this.#state.phase === 'failed') void this.#connect();
        break;
      case 'refresh':
        void this.#refresh();
        break;
      case 'readAll':
        void this.#ask(allNodes(this.#state.topology).filter((node) => !this.#state.nodes.has(nodeKey(node))));
        break;
      case 'ping':
        void this.#ask(this.#named(message.node));
        break;
      case 'console':
        for (const node of this.#named(message.node)) this.#openConsole(node);
        break;
    }
  }

  /** For each change of any tunnel. */
  tunnelChanged(info: TunnelInfo): void {
    if (info.id !== this.tunnel.id || info.state.phase !== 'closed' || this.#state.phase === 'closed') return;
    this.#life.abort();
    void this.#drop();
    this.#set({ tunnel: info, phase: 'closed' });
  }

  /** Goes on with another tunnel to the same place; what is known stays until there is something new. */
  async moveTo(tunnel: TunnelInfo): Promise<void> {
    if (tunnel.id === this.tunnel.id && this.#state.phase !== 'closed') return;
    this.#life.abort();
    await this.#drop();
    if (this.#disposed) return;
    this.#life = new AbortController();
    this.#set({ tunnel });
    await this.#connect();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#life.abort();
    await this.#drop();
  }

  async #connect(): Promise<void> {
    const { services, logins } = this.#ports;
    const { signal } = this.#life;
    this.#begin('connecting');
    try {
      // Nothing but PING, INFO and CLUSTER is sent, so there is nothing to guard.
      const session = await openWithLogin(this.tunnel, services, logins, undefined, signal);
      if (signal.aborted || this.#session) {
        await session.dispose();
        return;
      }
      this.#session = session;
      const { cluster } = session;
      if (!cluster) {
        await this.#drop();
        this.#set({ phase: 'noCluster' });
        return;
      }
      await this.#picture(cluster);
    } catch (error) {
      if (signal.aborted) return;
      const fault = asFault(error);
      services.logger.log('warn', 'redis.clusterFailed', { target: this.tunnel.route.target.id, code: fault.code, error: fault });
      this.#set({ phase: 'failed', fault: faultData(fault) });
    }
  }

  async #refresh(): Promise<void> {
    const cluster = this.#session?.cluster;
    const { signal } = this.#life;
    if (this.#state.phase !== 'ready' && this.#state.phase !== 'noCluster') return;
    if (!cluster) {
      await this.#connect();
      return;
    }
    this.#begin('refreshing');
    try {
      await cluster.refresh(signal);
      await this.#picture(cluster);
    } catch (error) {
      // What was known stays to be seen.
      if (!signal.aborted) this.#set({ phase: 'ready', fault: faultData(asFault(error)) });
    }
  }

  /** Where everything is now; figures of nodes that are still there stay until they are asked again. */
  async #picture({ topology }: ClusterAccess): Promise<void> {
    const nodes = allNodes(topology);
    const keys = new Set(nodes.map((node) => nodeKey(node)));
    this.#set({ phase: 'ready', topology, nodes: new Map([...this.#state.nodes].filter(([key]) => keys.has(key))) });
    const known = nodes.filter((node) => this.#state.nodes.has(nodeKey(node)));
    await this.#ask((nodes.length <= ASKED_AT_ONCE ? nodes : known).filter(({ health }) => health !== 'failed'));
  }

  /** A few at a time; each one's figures are shown as they come. */
  async #ask(nodes: readonly ClusterNode[]): Promise<void> {
    const cluster = this.#session?.cluster;
    const { signal } = this.#life;
    if (!cluster || this.#state.phase !== 'ready') return;
    const left = nodes.values();
    const work = async (): Promise<void> => {
      for (const node of left) await this.#askOne(cluster, node, signal);
    };
    await Promise.all(Array.from({ length: Math.min(AT_A_TIME, nodes.length) }, work));
  }

  async #askOne(cluster: ClusterAccess, node: ClusterNode, signal: AbortSignal): Promise<void> {
    const set = (state: NodeState): void => {
      if (!signal.aborted) this.#set({ nodes: new Map([...this.#state.nodes, [nodeKey(node), state]]) });
    };
    if (signal.aborted || this.#state.nodes.get(nodeKey(node))?.phase === 'asking') return;
    set({ phase: 'asking' });
    try {
      set({ phase: 'read', reading: await cluster.read(node, signal) });
    } catch (error) {
      set({ phase: 'failed', fault: faultData(asFault(error)) });
    }
  }

  /** Where a node is, is the server's word, also where only a person's click leads there. */
  #openConsole(node: ClusterNode): void {
    try {
      this.#session?.cluster?.check(node);
    } catch (error) {
      this.#set({ nodes: new Map([...this.#state.nodes, [nodeKey(node), { phase: 'failed', fault: faultData(asFault(error)) }]]) });
      return;
    }
    this.#ports.openConsole(this.tunnel, node);
  }

  /** None where the page knows more than there is. */
  #named(key: string): readonly ClusterNode[] {
    return allNodes(this.#state.topology).filter((node) => nodeKey(node) === key);
  }

  async #drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.dispose();
  }

  #begin(phase: 'connecting' | 'refreshing'): void {
    const { fault: _, ...rest } = this.#state;
    this.#state = { ...rest, phase };
    this.#show();
  }

  #set(change: Partial<ClusterPageState>): void {
    this.#state = { ...this.#state, ...change };
    this.#show();
  }

  #show(): void {
    if (!this.#disposed) this.#ports.post(clusterPage(this.#state, this.#ports.ui.l10n));
  }
}
