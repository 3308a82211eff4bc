import { abortable } from '../../base/abort';
import { asFault, cancelled, Fault } from '../../base/fault';
import { formatEndpoint } from '../../model/endpoint';
import { type ConnectionState, initialState } from '../connectionState';
import { authentication } from '../establish';
import type { ClusterNode, ClusterPorts, NodePlace, NodeSession, RedisSessionOptions, RedisSessionState } from '../types';
import { wayTo } from './way';

interface Connected {
  readonly session: NodeSession;
  readonly place: NodePlace;
}

export interface NodeSessionsOptions {
  /** How the endpoint that was asked is reached: without a guard, since the cluster's session has it. */
  readonly options: RedisSessionOptions;
  readonly ports: ClusterPorts;
  /** A session with one server. */
  readonly open: (options: RedisSessionOptions, signal: AbortSignal) => Promise<NodeSession>;
  /** The one that found out that it is a cluster. */
  readonly seed: NodeSession;
  /** The node that the seed leads to, as far as it tells. */
  readonly seedId: string;
  readonly onChange: (node: string, state: RedisSessionState) => void;
}

const SEED = '';
/** Each takes a tunnel. AWS allows 500 nodes to a cluster, and nobody looks at so many. */
const MAX_NODES = 128;

/**
 * One session per node, made when something is to be asked there and kept. The seed leads to wherever the name that was asked
 * resolves to: to a node while its connection lives, and perhaps to another one after that.
 */
export class NodeSessions {
  readonly #deps: NodeSessionsOptions;
  readonly #life = new AbortController();
  readonly #sessions = new Map<string, Promise<Connected>>();
  /** Those of `#sessions` that are open. */
  readonly #open = new Map<string, NodeSession>();
  readonly #seed: NodeSession;
  #seedId: string;
  /** What has been typed for the connection itself, and holds for those to come. */
  #state: ConnectionState;

  constructor(deps: NodeSessionsOptions) {
    this.#deps = deps;
    this.#seed = deps.seed;
    this.#seedId = deps.seedId;
    this.#state = initialState(deps.options.login);
    this.#watch(SEED, deps.seed);
  }

  /** The session of the endpoint that was asked. */
  get seed(): NodeSession {
    return this.#seed;
  }

  set seedId(id: string) {
    this.#seedId = id;
  }

  /** Whether a node is where the endpoint that was asked leads to. */
  isSeed(node: ClusterNode): boolean {
    return this.keyOf(node) === SEED;
  }

  /** The same for the same connection, whatever was announced meanwhile. */
  keyOf(node: ClusterNode): string {
    const { endpoint } = this.#deps.options;
    const asked = node.endpoint.host === endpoint.host.toLowerCase() && node.endpoint.port === endpoint.port;
    return asked || (node.id !== '' && node.id === this.#seedId) ? SEED : formatEndpoint(node.endpoint);
  }

  /**
   * The session to a node. Whoever asks while it is being opened shares it.
   * @throws Fault `redis.nodeRefused`, `operation.cancelled`, as `ClusterPorts.dial` and `OpenRedisSession`
   */
  async to(node: ClusterNode, signal: AbortSignal): Promise<NodeSession> {
    const key = this.keyOf(node);
    if (key === SEED) return this.#seed;
    return (await abortable(this.#sessions.get(key) ?? this.#begin(key, node), signal)).session;
  }

  /** Those that are connected now. */
  get connected(): readonly NodeSession[] {
    return [this.#seed, ...this.#open.values()].filter(({ state }) => state === 'ready');
  }

  /** Gives up the session and the way to a node: the next one is made anew. */
  async drop(node: ClusterNode): Promise<void> {
    await this.#drop(this.keyOf(node));
  }

  /** Says to all other nodes, and to those to come, what was typed on `node` for the connection itself. */
  async spread(state: ConnectionState, node: ClusterNode): Promise<void> {
    const before = this.#state;
    this.#state = state;
    const typed = this.keyOf(node);
    const others = [[SEED, this.#seed] as const, ...this.#open].filter(([key]) => key !== typed);
    // One that refuses begins anew; what is wrong is seen when it is asked again.
    await Promise.all(others.map(([key, session]) => this.#prepare(session, before).catch(() => this.#drop(key))));
  }

  async dispose(): Promise<void> {
    this.#life.abort();
    await Promise.all([this.#seed.dispose(), ...[...this.#sessions.keys()].map((key) => this.#drop(key))]);
  }

  #begin(key: string, node: ClusterNode): Promise<Connected> {
    if (this.#sessions.size >= MAX_NODES) return Promise.reject(tooMany());
    const opening = this.#connect(key, node);
    this.#sessions.set(key, opening);
    opening.catch(() => {
      if (this.#sessions.get(key) === opening) this.#sessions.delete(key);
    });
    return opening;
  }

  async #connect(key: string, node: ClusterNode): Promise<Connected> {
    const { ports, options, open } = this.#deps;
    const { signal } = this.#life;
    const state = this.#state;
    const { place, options: way } = await wayTo(node.endpoint, options, ports, signal);
    let session: NodeSession | undefined;
    try {
      session = await open({ ...withLogin(options, state), ...way, readOnly: node.role === 'replica' }, signal);
      await this.#prepare(session, { ...initialState(undefined), ...(state.login && { login: state.login }) });
      if (signal.aborted) throw cancelled();
      this.#watch(key, session);
      this.#open.set(key, session);
      return { session, place };
    } catch (error) {
      await session?.dispose();
      await place.dispose();
      throw asFault(error);
    }
  }

  /** @param before what the session has heard already */
  async #prepare(session: NodeSession, before: ConnectionState): Promise<void> {
    const { signal } = this.#life;
    const { login, protocol, database } = this.#state;
    if (login && login !== before.login) await session.call(authentication(login), signal);
    if (protocol !== before.protocol) await session.call(['HELLO', String(protocol)], signal);
    if (database !== before.database) await session.call(['SELECT', String(database)], signal);
  }

  #watch(key: string, session: NodeSession): void {
    session.onDidChangeState((state) => {
      // It may come back to another node.
      if (key === SEED && state === 'lost') this.#seedId = '';
      this.#deps.onChange(key, state);
    });
  }

  async #drop(key: string): Promise<void> {
    const opening = this.#sessions.get(key);
    if (!opening) return;
    this.#sessions.delete(key);
    const connected = await opening.catch(() => undefined);
    if (connected && this.#open.get(key) === connected.session) this.#open.delete(key);
    await connected?.session.dispose();
    await connected?.place.dispose();
  }
}

/** With the login that was typed, else with what makes one. */
function withLogin(options: RedisSessionOptions, { login }: ConnectionState): RedisSessionOptions {
  if (!login || login === options.login) return options;
  const { loginSource: _, ...others } = options;
  return { ...others, login };
}

function tooMany(): Fault {
  return new Fault('redis.tooManyNodes', `This console is connected to ${MAX_NODES} nodes, and opens no more.`, {
    remedy: { text: 'Name the nodes that you want to ask, or open another console.' },
  });
}
