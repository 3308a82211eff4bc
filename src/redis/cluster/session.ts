import { abortable } from '../../base/abort';
import type { Clock } from '../../base/clock';
import { Emitter } from '../../base/event';
import { Fault } from '../../base/fault';
import { formatEndpoint } from '../../model/endpoint';
import type { RespValue } from '../../wire/resp';
import { refuseUnsupported, word } from '../commands';
import { isHelp } from '../completion/help';
import { MAX_CANDIDATES } from '../completion/complete';
import { type ConnectionState, initialState, stateAfterLoss, stateAfterReply } from '../connectionState';
import { Guard, type GuardedConnection } from '../guard/guard';
import type { Rendering } from '../replies/recordOf';
import { endingBy, plainReply } from '../replies/rendered';
import { splitRepetition } from '../repetition';
import { splitArguments } from '../splitArguments';
import type { ClusterAccess, ClusterNode, ClusterTopology, Completion, CompletionCandidate, KeptReply, LiveRequest, RedisSession, RedisSessionOptions, RedisSessionState, RedisTurn, RenderedReply } from '../types';
import { checkNodeAddress } from './addresses';
import { askReading } from './ask';
import { Deliveries, type Delivered, type DeliveryOptions, redirectedNote } from './delivery';
import { type ErrorContext, explainError } from './explain';
import { askAll, checkFanOut, heading, sumOf } from './fanOut';
import type { BeginReply } from './heldReader';
import { placed } from './live';
import { NodeSessions, type NodeSessionsOptions } from './nodes';
import { addressedTo, addressees, isGroup, nodeName } from './prefix';
import { askSpanning, spansPrimaries } from './spanning';
import { Texts } from './texts';
import { primariesOf } from './topology';

export interface ClusterSessionOptions {
  readonly options: RedisSessionOptions;
  readonly rendering: Rendering;
  readonly clock: Clock;
  readonly topology: ClusterTopology;
  readonly current: ClusterNode;
  readonly nodes: Omit<NodeSessionsOptions, 'onChange' | 'options'>;
}

/** What makes one command depend on the one before. */
const STEP_BY_STEP = new Set(['watch', 'unwatch', 'multi', 'exec', 'discard', 'select']);

/** MULTI is at one node, which the first key chooses. */
interface Transaction {
  readonly node: ClusterNode;
  readonly queued: number;
}

/**
 * A console of a whole cluster, as `redis-cli -c` is one: each command goes where its keys are, and what has none to the node
 * that was talked to last. A line that begins with `@` goes to the nodes that it names.
 */
export class ClusterSession implements RedisSession {
  readonly #options: RedisSessionOptions;
  readonly #rendering: Rendering;
  readonly #clock: Clock;
  readonly #nodes: NodeSessions;
  readonly #deliveries: Deliveries;
  readonly #guard: Guard | undefined;
  readonly #changes = new Emitter<RedisSessionState>();
  /** To the guard all nodes are one server. */
  readonly #identity = {};
  #state: RedisSessionState = 'ready';
  #typed: ConnectionState;
  #transaction: Transaction | undefined;
  #watching = false;
  /** Whether a transaction has ended that the person has not ended, and has not heard of. */
  #lostTransaction = false;
  #lastTurn: Promise<void> = Promise.resolve();
  readonly cluster: ClusterAccess;

  constructor({ options, rendering, clock, topology, current, nodes }: ClusterSessionOptions) {
    this.#options = options;
    this.#rendering = rendering;
    this.#clock = clock;
    this.#typed = initialState(options.login);
    const { guard, cluster: _, ...plain } = options;
    this.#guard = guard && new Guard(guard);
    this.#nodes = new NodeSessions({ ...nodes, options: plain, onChange: (node, state) => this.#nodeChanged(node, state) });
    const way: DeliveryOptions = { asked: options.endpoint, tls: options.tls !== 'off', ports: nodes.ports, nodes: this.#nodes, clock, topology, current };
    const deliveries = new Deliveries(way);
    this.#deliveries = deliveries;
    this.cluster = {
      get topology() {
        return deliveries.topology;
      },
      refresh: (signal) => deliveries.refresh(signal),
      check: ({ endpoint }) => checkNodeAddress(endpoint, { asked: way.asked, tls: way.tls, known: way.ports.known, direct: way.ports.direct }),
      read: (node, signal) => askReading((args) => deliveries.askNode(node, args, signal), clock),
    };
  }

  get state(): RedisSessionState {
    return this.#state;
  }

  get onDidChangeState(): RedisSession['onDidChangeState'] {
    return this.#changes.event;
  }

  get prompt(): string {
    const { database, transaction } = this.#typed;
    const shown = transaction?.database ?? database;
    return `${this.#place()}${shown === 0 ? '' : `[${shown}]`}${transaction ? '(TX)' : ''}`;
  }

  async review(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const guard = this.#guard;
    if (!guard) return;
    const commands = lines.flatMap((line) => {
      const args = argumentsOf(line);
      // What goes to a pane is judged there, when its turn comes.
      return args.length > 0 && !isHelp(args) && this.liveRequest(line) === undefined ? [{ line, args }] : [];
    });
    await this.#inTurn(signal, () => guard.review(commands, this.#guarded(), signal));
  }

  async run(line: string, signal: AbortSignal, onGrowth: (reply: KeptReply) => void = () => {}): Promise<RenderedReply> {
    const addressed = addressedTo(line);
    const { times, args } = splitRepetition(splitArguments(addressed?.line ?? line));
    if (args.length === 0) return plainReply('');
    if (isHelp(args)) return this.#nodes.seed.run(addressed?.line ?? line, signal);
    refuseUnsupported(args);
    return this.#inTurn(signal, async () => {
      await this.#learn(signal);
      // Whom it is for is known before anything is asked, and what cannot be addressed is refused before.
      const to = addressed && this.#addressees(addressed.to, args);
      const allowed = await this.#guard?.admit(line, args, this.#guarded(), signal);
      const sentAt = this.#clock.now();
      const text = new Texts(args, this.#rendering, onGrowth);
      try {
        for (let time = 0; time < times; time++) {
          if (time > 0) allowed?.check();
          await (to ? this.#runAt(to, isGroup(addressed.to), args, text, signal) : this.#runWhereItBelongs(args, text, signal));
        }
      } catch (error) {
        const ending = endingBy(error);
        if (ending !== 'whole' && text.large) return text.done(ending, this.#clock.now() - sentAt);
        text.forget();
        throw error;
      }
      this.#change('ready');
      return text.done('whole', this.#clock.now() - sentAt);
    });
  }

  liveRequest(line: string): LiveRequest | undefined {
    if (this.#transaction) return undefined;
    const addressed = addressedTo(line);
    const request = this.#nodes.seed.liveRequest(addressed?.line ?? line);
    if (!request) return undefined;
    const { topology, current } = this.#deliveries;
    return placed(request, { to: addressed?.to, topology, current, asked: this.#options.endpoint });
  }

  async call(args: readonly (string | Buffer)[], signal: AbortSignal): Promise<RespValue> {
    const command = asBuffers(args);
    refuseUnsupported(command);
    return this.#inTurn(signal, async () => {
      await this.#learn(signal);
      await this.#guard?.admit(undefined, command, this.#guarded(), signal);
      return this.#one(command, signal);
    });
  }

  /** A transaction is at one node, step by step; all else is asked at once, wherever its keys are. */
  async turn<T>(work: (turn: RedisTurn) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#inTurn(signal, async () => {
      if (this.#transaction) {
        throw new Fault('redis.busy', 'A transaction is open; what was asked for would become a part of it.', { remedy: { text: 'End it with EXEC or DISCARD first.' } });
      }
      await this.#learn(signal);
      return work({ all: (commands) => this.#all(commands.map(asBuffers), signal) });
    });
  }

  async #all(commands: readonly (readonly Buffer[])[], signal: AbortSignal): Promise<readonly RespValue[]> {
    for (const command of commands) {
      refuseUnsupported(command);
      await this.#guard?.admit(undefined, command, this.#guarded(), signal);
    }
    if (!this.#watching && !commands.some((command) => STEP_BY_STEP.has(word(command, 0)))) return Promise.all(commands.map((command) => this.#one(command, signal)));
    const replies: RespValue[] = [];
    for (const command of commands) replies.push(await this.#one(command, signal));
    return replies;
  }

  async #one(command: readonly Buffer[], signal: AbortSignal): Promise<RespValue> {
    if (this.#transaction || !spansPrimaries(command)) return (await this.#exchange(command, signal)).reply;
    return askSpanning(command, primariesOf(this.#deliveries.topology), (node, own) => this.#deliveries.askNode(node, own, signal));
  }

  async ping(signal: AbortSignal): Promise<number> {
    return this.#inTurn(signal, async () => {
      const session = await this.#nodes.to(this.#deliveries.current, signal);
      return session.ping(signal);
    });
  }

  complete(line: string, cursor: number): Completion {
    const { rest, skipped } = withoutAddress(line, cursor);
    const completion = this.#nodes.seed.complete(rest, cursor - skipped);
    return { ...completion, from: completion.from + skipped };
  }

  /** Of the nodes that are connected anyway. */
  async completeKeys(line: string, cursor: number, explicit: boolean, signal: AbortSignal): Promise<readonly CompletionCandidate[]> {
    const { rest, skipped } = withoutAddress(line, cursor);
    if (this.#transaction) return [];
    const found = await Promise.allSettled(this.#nodes.connected.map((session) => session.completeKeys(rest, cursor - skipped, explicit, signal)));
    const candidates = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    return [...new Map(candidates.map((one) => [one.text, one])).values()].toSorted((one, other) => (one.text < other.text ? -1 : 1)).slice(0, MAX_CANDIDATES);
  }

  async dispose(): Promise<void> {
    this.#change('closed');
    this.#changes.dispose();
    await this.#nodes.dispose();
  }

  /** As it was asked for, until a redirection leads elsewhere. */
  #place(): string {
    const { label, endpoint } = this.#options;
    const { current, topology } = this.#deliveries;
    if (this.#nodes.isSeed(current)) return label ?? formatEndpoint(endpoint);
    return label === undefined ? formatEndpoint(current.endpoint) : nodeName(current, topology);
  }

  /** @throws Fault `redis.noSuchNode`, `redis.unsupported`, `redis.busy` */
  #addressees(to: string, args: readonly Buffer[]): readonly ClusterNode[] {
    if (this.#transaction) {
      throw new Fault('redis.busy', 'A transaction is open; it stays at its node.', { remedy: { text: 'End it with EXEC or DISCARD first.' } });
    }
    if (isGroup(to)) checkFanOut(args, this.#deliveries.keysOf(args));
    else if (word(args, 0) === 'multi' || word(args, 0) === 'watch') {
      throw new Fault('redis.unsupported', `${word(args, 0).toUpperCase()} cannot be sent with @.`, { remedy: { text: 'Run it without @: the first key chooses the node.' } });
    }
    return addressees(to, this.#deliveries.topology);
  }

  async #runWhereItBelongs(args: readonly Buffer[], text: Texts, signal: AbortSignal): Promise<void> {
    const delivered = await this.#exchange(args, signal, text.begin);
    text.add(delivered, this.#explanation(args, delivered.reply, 'yes'));
  }

  /** One node, or several with a line for each before its reply. */
  async #runAt(nodes: readonly ClusterNode[], several: boolean, args: readonly Buffer[], text: Texts, signal: AbortSignal): Promise<void> {
    const [only] = nodes;
    if (!several && only) {
      const delivered = await this.#deliveries.deliverTo(only, args, [heading(only)], signal, text.begin);
      text.add(delivered, this.#explanation(args, delivered.reply, 'addressed'));
      return;
    }
    const answers = await askAll(nodes, (node) => this.#deliveries.askNode(node, args, signal));
    for (const { node, reply } of answers) text.add({ notes: [heading(node)], reply, told: false }, undefined);
    const sum = sumOf(args, answers);
    if (sum !== undefined) text.note(sum);
    const explanations = new Set(answers.map(({ reply }) => this.#explanation(args, reply, 'yes')));
    for (const one of explanations) if (one !== undefined) text.note(`-> ${one}`);
    if (answers.length === 0) text.note('-> The cluster has no such node.');
  }

  #explanation(args: readonly Buffer[], reply: RespValue, followed: ErrorContext['followed']): string | undefined {
    if (reply.type !== 'error') return undefined;
    return explainError(args, reply.text, { managed: this.#options.managed, keys: this.#deliveries.keysOf(args), followed });
  }

  async #exchange(args: readonly Buffer[], signal: AbortSignal, begin?: BeginReply): Promise<Delivered> {
    const delivered = this.#transaction ? await this.#queue(this.#transaction, args, signal, begin) : await this.#deliveries.deliver(args, signal, begin);
    await this.#note(args, delivered.reply);
    return delivered;
  }

  /** Inside MULTI nothing is followed and nothing repeated. */
  async #queue(transaction: Transaction, args: readonly Buffer[], signal: AbortSignal, begin?: BeginReply): Promise<Delivered> {
    const slot = this.#deliveries.slotOf(args);
    const owner = slot === undefined ? undefined : this.#deliveries.ownerOf(slot);
    const { node, queued } = transaction;
    const elsewhere = slot !== undefined && owner !== undefined && this.#nodes.keyOf(owner) !== this.#nodes.keyOf(node);
    if (!elsewhere) {
      this.#transaction = { node, queued: queued + 1 };
      return this.#deliverPinned(node, args, [], signal, begin);
    }
    if (queued > 0 || this.#watching) throw otherNode(slot, owner, node);
    await this.#deliveries.askNode(node, ['DISCARD'], signal);
    const begun = await this.#deliveries.askNode(owner, ['MULTI'], signal);
    if (begun.type === 'error') {
      this.#endTransaction();
      return { reply: begun, notes: [], told: false };
    }
    this.#deliveries.current = owner;
    this.#transaction = { node: owner, queued: 1 };
    return this.#deliverPinned(owner, args, [redirectedNote(slot, owner)], signal, begin);
  }

  async #deliverPinned(...delivery: Parameters<Deliveries['deliverTo']>): Promise<Delivered> {
    try {
      return await this.#deliveries.deliverTo(...delivery);
    } catch (error) {
      // Gone with its connection, and told by this fault: of an EXEC nobody knows.
      this.#endTransaction();
      this.#lostTransaction = false;
      throw error;
    }
  }

  /** What a command has made of the connections. */
  async #note(args: readonly Buffer[], reply: RespValue): Promise<void> {
    const before = this.#typed;
    this.#typed = stateAfterReply(before, args, reply);
    if (this.#typed.transaction === undefined) this.#transaction = undefined;
    else this.#transaction ??= { node: this.#deliveries.current, queued: 0 };
    const name = word(args, 0);
    if (name === 'watch' && reply.type !== 'error') this.#watching = true;
    else if (name === 'unwatch' || (before.transaction && !this.#typed.transaction)) this.#watching = false;
    const { login, protocol, database } = this.#typed;
    if (login !== before.login || protocol !== before.protocol || database !== before.database) await this.#nodes.spread(this.#typed, this.#deliveries.current);
  }

  #guarded(): GuardedConnection {
    return {
      identity: this.#identity,
      inTransaction: this.#transaction !== undefined,
      call: async (args, signal) => {
        const command = asBuffers(args);
        const { current } = this.#deliveries;
        const { reply } = await this.#deliveries.deliver(command, signal);
        // The guard's own questions move nobody.
        this.#deliveries.current = current;
        if (command.length === 1 && word(command, 0) === 'command') this.#deliveries.learn(reply);
        return reply;
      },
    };
  }

  /** Where keys stand: with a guard its own question is enough. */
  async #learn(signal: AbortSignal): Promise<void> {
    if (this.#lostTransaction) {
      this.#lostTransaction = false;
      throw new Fault('redis.connectionLost', 'The node of the transaction was lost, and what was queued with it; nothing of it was carried out, and nothing was sent now.', {
        remedy: { text: 'Begin again with MULTI.' },
      });
    }
    if (this.#deliveries.learned || this.#transaction) return;
    await this.#guarded().call(['COMMAND'], signal);
  }

  #nodeChanged(node: string, state: RedisSessionState): void {
    if (state === 'lost' && this.#transaction && this.#nodes.keyOf(this.#transaction.node) === node) {
      this.#endTransaction();
      this.#lostTransaction = true;
    }
    this.#change(this.#nodes.connected.length > 0 ? 'ready' : 'lost');
  }

  #endTransaction(): void {
    this.#typed = stateAfterLoss(this.#typed);
    this.#transaction = undefined;
    this.#watching = false;
  }

  /** Commands come one after the other, over whichever nodes. */
  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#lastTurn;
    let release = (): void => {};
    this.#lastTurn = new Promise((resolve) => {
      release = resolve;
    });
    try {
      await abortable(before, signal);
      if (this.#state === 'closed') throw new Fault('redis.closed', 'This console is closed.');
      return await work();
    } finally {
      void before.then(release);
    }
  }

  #change(state: RedisSessionState): void {
    if (this.#state === 'closed' || this.#state === state) return;
    this.#state = state;
    this.#changes.fire(state);
  }
}

function asBuffers(args: readonly (string | Buffer)[]): Buffer[] {
  return args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg));
}

function otherNode(slot: number, owner: ClusterNode, node: ClusterNode): Fault {
  const where = `slot ${slot} is at ${formatEndpoint(owner.endpoint)}, and the transaction is at ${formatEndpoint(node.endpoint)}`;
  return new Fault('redis.otherNode', `A transaction is at one node: ${where}. Nothing was sent, and the transaction is still open.`, {
    remedy: { text: 'Use keys with one hash tag, or end it with EXEC or DISCARD first.' },
  });
}

/** Empty for a line that will be refused for its quotes or its number. */
function argumentsOf(line: string): readonly Buffer[] {
  try {
    return splitRepetition(splitArguments(addressedTo(line)?.line ?? line)).args;
  } catch {
    return [];
  }
}

/** The line without the nodes that it is for; nothing of it while the cursor stands before its command. */
function withoutAddress(line: string, cursor: number): { readonly rest: string; readonly skipped: number } {
  const addressed = addressedTo(line);
  const skipped = addressed ? line.length - addressed.line.length : 0;
  return addressed && cursor > skipped ? { rest: addressed.line, skipped } : { rest: line, skipped: 0 };
}
