import { isIP } from 'node:net';
import { abortable } from '../../base/abort';
import { asFault, cancelled } from '../../base/fault';
import { formatEndpoint } from '../../model/endpoint';
import type { ConnectionState } from '../connectionState';
import type { ClusterNode, ClusterPorts, NodePlace, OpenRedisSession, RedisSession, RedisSessionOptions, RedisSessionState } from '../types';
import { checkNodeAddress } from './addresses';

interface Connected {
  readonly session: RedisSession;
  /** Absent: it was there before us. */
  readonly place?: NodePlace;
}

export interface NodeSessionsOptions {
  /** How the endpoint that was asked is reached: without a guard, since the cluster's session has it. */
  readonly options: RedisSessionOptions;
  readonly ports: ClusterPorts;
  /** A session with one server. */
  readonly open: OpenRedisSession;
  /** The one that found out that it is a cluster. */
  readonly seed: RedisSession;
  /** The node that the seed leads to, as far as it tells. */
  readonly seedId: string;
  readonly onChange: (node: string, state: RedisSessionState) => void;
}

const SEED = '';

/**
 * One session per node, made when something is to be asked there and kept. The seed leads to wherever the name that was asked
 * resolves to: to a node while its connection lives, and perhaps to another one after that.
 */
export class NodeSessions {
  readonly #deps: NodeSessionsOptions;
  readonly #life = new AbortController();
  readonly #sessions = new Map<string, Promise<Connected>>();
  #seed: RedisSession;
  #seedId: string;
  /** What has been typed for the connection itself, and holds for those to come. */
  #state: ConnectionState | undefined;

  constructor(deps: NodeSessionsOptions) {
    this.#deps = deps;
    this.#seed = deps.seed;
    this.#seedId = deps.seedId;
    this.#watch(SEED, deps.seed);
  }

  /** The session of the endpoint that was asked. */
  get seed(): RedisSession {
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
  async to(node: ClusterNode, signal: AbortSignal): Promise<RedisSession> {
    const key = this.keyOf(node);
    if (key === SEED) return this.#seed;
    return (await abortable(this.#sessions.get(key) ?? this.#begin(key, node), signal)).session;
  }

  /** Those that are connected now. */
  async connected(): Promise<readonly RedisSession[]> {
    const others = await Promise.allSettled(this.#sessions.values());
    const sessions = [this.#seed, ...others.flatMap((one) => (one.status === 'fulfilled' ? [one.value.session] : []))];
    return sessions.filter(({ state }) => state === 'ready');
  }

  /** Gives up the session and the way to a node: the next one is made anew. */
  async drop(node: ClusterNode): Promise<void> {
    await this.#drop(this.keyOf(node));
  }

  /** Lets the sessions to come begin with what was typed on `node`, and ends the others, which began without it. */
  async restart(state: ConnectionState, node: ClusterNode): Promise<void> {
    this.#state = state;
    const typed = this.keyOf(node);
    await Promise.all([...this.#sessions.keys()].filter((key) => key !== typed).map((key) => this.#drop(key)));
    if (typed === SEED) return;
    const { options, open } = this.#deps;
    const before = this.#seed;
    const seed = await open(this.#withLogin(options), this.#life.signal).catch(() => undefined);
    // The old one still answers what it may.
    if (!seed) return;
    await this.#prepare(seed);
    this.#seed = seed;
    this.#seedId = '';
    this.#watch(SEED, seed);
    await before.dispose();
  }

  async dispose(): Promise<void> {
    this.#life.abort();
    await Promise.all([this.#seed.dispose(), ...[...this.#sessions.keys()].map((key) => this.#drop(key))]);
  }

  #begin(key: string, node: ClusterNode): Promise<Connected> {
    const opening = this.#open(key, node);
    this.#sessions.set(key, opening);
    opening.catch(() => {
      if (this.#sessions.get(key) === opening) this.#sessions.delete(key);
    });
    return opening;
  }

  async #open(key: string, node: ClusterNode): Promise<Connected> {
    const { ports, options, open } = this.#deps;
    checkNodeAddress(node.endpoint, { asked: options.endpoint, known: ports.known });
    const { signal } = this.#life;
    const place = await ports.dial(node.endpoint, signal);
    try {
      const { host, port } = node.endpoint;
      // A certificate carries names: that of the cluster stands for its nodes where they have none.
      const verified = options.tls !== 'off' && isIP(host) !== 0 ? options.endpoint.host : host;
      const session = await open({ ...this.#withLogin(options), local: place.local, endpoint: { host: verified, port }, readOnly: node.role === 'replica' }, signal);
      if (signal.aborted) {
        await session.dispose();
        throw cancelled();
      }
      await this.#prepare(session);
      this.#watch(key, session);
      return { session, place };
    } catch (error) {
      await place.dispose();
      throw asFault(error);
    }
  }

  #withLogin(options: RedisSessionOptions): RedisSessionOptions {
    const login = this.#state?.login;
    if (!login) return options;
    const { loginSource: _, ...others } = options;
    return { ...others, login };
  }

  async #prepare(session: RedisSession): Promise<void> {
    const { signal } = this.#life;
    if (this.#state?.protocol === 3) await session.call(['HELLO', '3'], signal);
    if (this.#state && this.#state.database !== 0) await session.call(['SELECT', String(this.#state.database)], signal);
  }

  #watch(key: string, session: RedisSession): void {
    session.onDidChangeState((state) => {
      // It may come back to another node.
      if (key === SEED && session === this.#seed && state === 'lost') this.#seedId = '';
      this.#deps.onChange(key, state);
    });
  }

  async #drop(key: string): Promise<void> {
    const opening = this.#sessions.get(key);
    if (!opening) return;
    this.#sessions.delete(key);
    const connected = await opening.catch(() => undefined);
    await connected?.session.dispose();
    await connected?.place?.dispose();
  }
}
