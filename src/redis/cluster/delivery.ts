import { type Clock, sleep } from '../../base/clock';
import { asFault, Fault, isCancelled } from '../../base/fault';
import { type Endpoint, formatEndpoint } from '../../model/endpoint';
import type { ReplyReader, RespValue } from '../../wire/resp';
import { word } from '../commands';
import { classify } from '../guard/classify';
import { type ServerCommands, serverCommands } from '../guard/serverCommands';
import type { ClusterNode, ClusterPorts, ClusterTopology } from '../types';
import { checkNodeAddress } from './addresses';
import { type Ask, askId, askTopology } from './ask';
import { type BeginReply, HeldReader } from './heldReader';
import { type KeyTable, keysOf, keyTable } from './keys';
import type { NodeSessions } from './nodes';
import { redirectionOf } from './redirects';
import { slotOf } from './slots';
import { nodeAt, nodesOf, ownerOf, primariesOf, withMoved } from './topology';

/** A slot that is being moved twice at once takes two; more are a circle. */
const MAX_HOPS = 8;
/** A failover takes the cluster's node timeout and an election: seconds, and with AWS's settings up to half a minute. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;
/** For one node that is asked where the others are. */
const ASK_MS = 5000;
const MOST_ASKED = 6;
const SCRIPTS: ReadonlySet<string> = new Set(['eval', 'evalsha', 'fcall']);

export interface DeliveryOptions {
  readonly asked: Endpoint;
  readonly tls: boolean;
  readonly ports: ClusterPorts;
  readonly nodes: NodeSessions;
  readonly clock: Clock;
  readonly topology: ClusterTopology;
  /** The node that the endpoint has led to, as far as it is known. */
  readonly current: ClusterNode;
}

export interface Delivered {
  readonly reply: RespValue;
  /** What is to be said before it: what happened on the way, one line each, as redis-cli says it. */
  readonly notes: readonly string[];
  /** Whether a reader was told of it, after the notes, which are not here then. */
  readonly told: boolean;
}

/** Brings commands to the node that has their slot, and follows the cluster where it changes. */
export class Deliveries {
  readonly #options: DeliveryOptions;
  #topology: ClusterTopology;
  #keys: KeyTable | undefined;
  #commands: ServerCommands = new Map();
  /** Where what has no key goes: the last node that was talked to. */
  current: ClusterNode;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#topology = options.topology;
    this.current = options.current;
  }

  get topology(): ClusterTopology {
    return this.#topology;
  }

  /** What the server says of its commands: the reply to COMMAND, which the guard asks for as well. */
  learn(reply: RespValue): void {
    this.#keys = keyTable(reply);
    this.#commands = serverCommands(reply);
  }

  get learned(): boolean {
    return this.#keys !== undefined;
  }

  keysOf(args: readonly Buffer[]): readonly Buffer[] {
    return keysOf(args, this.#keys ?? new Map());
  }

  /** Of the first key. */
  slotOf(args: readonly Buffer[]): number | undefined {
    const [key] = this.keysOf(args);
    return key && slotOf(key);
  }

  ownerOf(slot: number): ClusterNode | undefined {
    return ownerOf(this.#topology, slot);
  }

  /** To one node, without following anything. @throws Fault as `NodeSessions.to` and `RedisSession.call` */
  async askNode(node: ClusterNode, args: readonly (string | Buffer)[], signal: AbortSignal, reader?: ReplyReader): Promise<RespValue> {
    const session = await this.#options.nodes.to(node, signal);
    return session.call(args, signal, reader);
  }

  /** As `askNode`, with `notes` before the reply. */
  async deliverTo(node: ClusterNode, args: readonly Buffer[], notes: readonly string[], signal: AbortSignal, begin?: BeginReply): Promise<Delivered> {
    const reader = begin && new HeldReader(() => begin(notes));
    return delivered(await this.askNode(node, args, signal, reader), notes, reader);
  }

  /**
   * To the node that has the slot of the keys, else to the current one; the one that answered becomes the current one. What was
   * certainly not carried out is tried again where the cluster says, or at the node that takes over, for half a minute; what may
   * have been is only repeated when it changes nothing. What has begun to be told is never repeated.
   * @throws Fault `redis.connectionLost` for a write of which nobody knows, `redis.nodeRefused`, `operation.cancelled`, as `NodeSessions.to`
   */
  async deliver(args: readonly Buffer[], signal: AbortSignal, begin?: BeginReply): Promise<Delivered> {
    const slot = this.slotOf(args);
    const before = this.current;
    const way = new Way(this.#options.clock, (slot === undefined ? undefined : this.ownerOf(slot)) ?? before);
    const arrive = (): readonly string[] => {
      this.current = nodeAt(this.#topology, way.node.endpoint) ?? way.node;
      return [...way.notes, ...this.#redirected(before, way.slot ?? slot)];
    };
    for (;;) {
      const reader = begin && new HeldReader(() => begin(arrive()));
      const outcome = await this.#attempt(way, args, signal, reader);
      if ('fault' in outcome) {
        await this.#afterFailure(way, slot, outcome, args, signal);
        continue;
      }
      const { reply } = outcome;
      const goesOn = reply.type === 'error' && this.#wasRefused(args, reply.text) && (await this.#follow(way, reply.text, signal));
      if (goesOn) continue;
      return delivered(reply, arrive(), reader);
    }
  }

  /**
   * Asks nodes one after the other where everything is, until one tells.
   * @throws Fault of the first that was asked where none tells, `operation.cancelled`
   */
  async refresh(signal: AbortSignal): Promise<ClusterTopology> {
    const fault = await this.#look(signal, {});
    if (fault !== undefined) throw fault;
    return this.#topology;
  }

  /** What is known stays where nobody tells; returns what the first answered instead then. */
  async #look(signal: AbortSignal, { first, except }: { readonly first?: ClusterNode; readonly except?: ClusterNode }): Promise<Fault | undefined> {
    const { nodes, tls, asked } = this.#options;
    // The name that was asked may lead elsewhere by now, and needs no further way.
    const seed: ClusterNode = { id: '', endpoint: asked, role: 'primary', health: 'unknown' };
    const known = [...(first ? [first] : []), this.current, seed, ...primariesOf(this.#topology), ...nodesOf(this.#topology)];
    const candidates = [...new Map(known.map((node) => [nodes.keyOf(node), node])).values()].filter((node) => except === undefined || nodes.keyOf(node) !== nodes.keyOf(except));
    let fault: Fault | undefined;
    for (const node of candidates.slice(0, MOST_ASKED)) {
      try {
        const found = await this.#limited(ASK_MS, signal, async (until) => {
          const ask: Ask = (args) => this.askNode(node, args, until);
          const told = await askTopology(ask, { host: node.endpoint.host, tls });
          if (told && nodes.isSeed(node)) nodes.seedId = await askId(ask);
          return told;
        });
        if (!found) continue;
        this.#topology = found;
        return undefined;
      } catch (error) {
        if (signal.aborted) throw error;
        fault ??= asFault(error);
      }
    }
    return fault;
  }

  async #attempt(way: Way, args: readonly Buffer[], signal: AbortSignal, reader?: HeldReader): Promise<{ readonly reply: RespValue } | Failure> {
    let sent = false;
    try {
      const session = await this.#options.nodes.to(way.node, signal);
      if (way.asking) await session.call(['ASKING'], signal);
      sent = true;
      return { reply: await session.call(args, signal, reader) };
    } catch (error) {
      if (isCancelled(error)) throw error;
      const fault = asFault(error);
      // Everything else fails before anything is sent: while a way, or a connection, is made.
      return { fault, unknown: sent && fault.code === 'redis.connectionLost', begun: reader?.begun ?? false };
    }
  }

  /** Whether an error is the server's own: a script may have written before it answered with the same words. Redirections come before it runs. */
  #wasRefused(args: readonly Buffer[], errorText: string): boolean {
    return !SCRIPTS.has(word(args, 0)) || this.#reads(args) || /^(?:MOVED|ASK) /.test(errorText);
  }

  /** Whether there is to be another attempt. */
  async #follow(way: Way, errorText: string, signal: AbortSignal): Promise<boolean> {
    const redirection = redirectionOf(errorText, way.node.endpoint.host);
    if (!redirection || way.hops >= MAX_HOPS) return false;
    if (redirection.kind === 'wait') {
      if (way.overdue) return false;
      way.waited(redirection.why);
      await sleep(this.#options.clock, PAUSE_MS, signal);
      if (redirection.why === 'CLUSTERDOWN') await this.#look(signal, { except: way.node });
      return true;
    }
    const { kind, slot, to } = redirection;
    const { asked, tls, ports } = this.#options;
    checkNodeAddress(to, { asked, tls, known: ports.known, direct: ports.direct });
    if (kind === 'moved') {
      this.#topology = withMoved(this.#topology, slot, to);
      // Where one slot has gone others may have, too. The node that answered knows.
      await this.#look(signal, { first: way.node });
    }
    way.hop(nodeAt(this.#topology, to) ?? { id: '', endpoint: to, role: 'primary', health: 'unknown' }, slot, kind === 'ask');
    return true;
  }

  async #afterFailure(way: Way, slot: number | undefined, { fault, unknown, begun }: Failure, args: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const { nodes, clock } = this.#options;
    const failed = way.node;
    const only = this.#reads(args);
    if (unknown && !only) {
      await this.#look(signal, { except: failed });
      throw unknownOutcome(failed, fault);
    }
    if (begun || !isTrouble(fault) || way.overdue) throw fault;
    if (!unknown) await nodes.drop(failed);
    await this.#look(signal, { except: failed });
    const other = slot === undefined ? this.#another(failed) : this.ownerOf(slot);
    if (other && nodes.keyOf(other) !== nodes.keyOf(failed)) {
      // What has no key was meant for this node, and another one does as well only for what changes nothing.
      if (slot === undefined && !only) {
        this.current = other;
        throw gone(failed, other, fault);
      }
      way.takeOver(other, slot);
      return;
    }
    await sleep(clock, PAUSE_MS, signal);
  }

  /** A primary in place of one that the cluster has given up; undefined while it has not. */
  #another(failed: ClusterNode): ClusterNode | undefined {
    const known = nodeAt(this.#topology, failed.endpoint);
    if (known && known.health !== 'failed') return undefined;
    return primariesOf(this.#topology)[0];
  }

  #reads(args: readonly Buffer[]): boolean {
    return !classify(args, { commands: this.#commands, aliases: new Map() }).writes;
  }

  #redirected(before: ClusterNode, slot: number | undefined): readonly string[] {
    const { nodes } = this.#options;
    if (slot === undefined || nodes.keyOf(before) === nodes.keyOf(this.current)) return [];
    return [redirectedNote(slot, this.current)];
  }

  async #limited<T>(ms: number, signal: AbortSignal, work: (until: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const timer = this.#options.clock.schedule(ms, () => limit.abort());
    try {
      return await work(AbortSignal.any([signal, limit.signal]));
    } finally {
      timer.dispose();
    }
  }
}

/** As redis-cli -c says it. */
export function redirectedNote(slot: number, { endpoint }: ClusterNode): string {
  return `-> Redirected to slot [${slot}] located at ${formatEndpoint(endpoint)}`;
}

function delivered(reply: RespValue, notes: readonly string[], reader: HeldReader | undefined): Delivered {
  const told = reader?.begun ?? false;
  return { reply, notes: told ? [] : notes, told };
}

/** `unknown`: it may have been carried out. `begun`: a part of its reply has been told. */
interface Failure {
  readonly fault: Fault;
  readonly unknown: boolean;
  readonly begun: boolean;
}

/** Of one command. */
class Way {
  readonly #clock: Clock;
  readonly #until: number;
  readonly #waits = new Map<string, number>();
  readonly #changes: string[] = [];
  node: ClusterNode;
  asking = false;
  hops = 0;
  /** That a redirection named. */
  slot: number | undefined;

  constructor(clock: Clock, node: ClusterNode) {
    this.#clock = clock;
    this.#until = clock.now() + PATIENCE_MS;
    this.node = node;
  }

  get overdue(): boolean {
    return this.#clock.now() >= this.#until;
  }

  get notes(): readonly string[] {
    const waits = [...this.#waits].map(([why, times]) => `-> The cluster was not ready (${why}): tried again ${times === 1 ? 'once' : `${times} times`}`);
    return [...waits, ...this.#changes];
  }

  waited(why: string): void {
    this.#waits.set(why, (this.#waits.get(why) ?? 0) + 1);
  }

  hop(node: ClusterNode, slot: number, asking: boolean): void {
    this.hops++;
    this.node = node;
    this.slot = slot;
    this.asking = asking;
  }

  takeOver(node: ClusterNode, slot: number | undefined): void {
    const what = slot === undefined ? 'the command went' : `slot ${slot} has gone`;
    this.#changes.push(`-> ${formatEndpoint(this.node.endpoint)} is not there any more: ${what} to ${formatEndpoint(node.endpoint)}`);
    this.node = node;
    this.asking = false;
  }
}

const TROUBLE: ReadonlySet<string> = new Set(['redis.unreachable', 'redis.connectionLost', 'target.unreachable', 'target.closedConnection']);

/** What another try, or another node, can help. A login that is refused, or an address that is not dialled, is no trouble of the cluster. */
function isTrouble({ code, retryable }: Fault): boolean {
  return retryable || TROUBLE.has(code);
}

function unknownOutcome({ endpoint }: ClusterNode, fault: Fault): Fault {
  return new Fault('redis.connectionLost', `The connection to ${formatEndpoint(endpoint)} was lost; whether the command was carried out is not known, so it was not sent again.`, {
    remedy: { text: 'Look whether it was, then run it again if it was not.' },
    cause: fault,
  });
}

function gone({ endpoint }: ClusterNode, other: ClusterNode, fault: Fault): Fault {
  return new Fault('redis.unreachable', `${formatEndpoint(endpoint)} is not there any more; nothing was sent. This console is at ${formatEndpoint(other.endpoint)} now.`, {
    remedy: { text: 'Run it again if it is meant for that node, too.', action: 'retry' },
    cause: fault,
  });
}
