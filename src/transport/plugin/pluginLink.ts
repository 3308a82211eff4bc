import type { Clock } from '../../base/clock';
import type { Fault } from '../../base/fault';
import { cancelled } from '../../base/fault';
import type { Endpoint } from '../../model/endpoint';
import type { Link, LinkReading } from '../../model/link';
import { bounded } from '../ssm/bounded';
import { connectFailed, linkClosed, wrongDestination } from '../ssm/faults';
import type { TunnelStream } from '../ssm/tunnelStream';
import { pluginEnded, pluginNotReady, pluginSilent } from './faults';
import type { PluginProcess } from './pluginProcess';
import { connectToPlugin, pluginStream } from './pluginStream';
import { Turns } from './turns';

/** How long the plugin may take to open its port, ms. */
const READY_MS = 15_000;
/**
 * A plugin that lost its session may stay with its port open. It counts as lost when two connections in a row were sent
 * something and got nothing for so long, ms, and nobody got anything in longer than there is between two probes, ms.
 */
const PATIENCE_MS = 4_000;
const SILENCE_MS = 45_000;

// What the plugin prints (its port sessions; both modes say the first, only the multiplexing one the second).
const PORT_OPENED = /^Port (\d{1,5}) opened for sessionId (\S+)\.$/;
const MULTIPLEXES = 'Waiting for connections...';
const TARGET_REFUSED = 'Connection to destination port failed';

export interface PluginLinkParts {
  readonly sessionId: string;
  /** Where the session leads to. */
  readonly to: Endpoint;
  readonly clock: Clock;
  /** Gives back what the session and the program hold. Idempotent, never rejects. */
  readonly cleanUp: () => Promise<void>;
}

/**
 * A session that session-manager-plugin speaks, reached through the port that it opened. That the program runs proves
 * nothing: it opens its port before anyone has tried the target, and may stay when its session is lost.
 */
export class PluginLink implements Link {
  /** Resolves once the program has ended or the link was disposed. */
  readonly closed: Promise<Fault | undefined>;
  readonly #parts: PluginLinkParts;
  readonly #turns: Turns;
  readonly #streams = new Set<TunnelStream>();
  readonly #opened: Promise<number>;
  #onPort: (port: number) => void = () => {};
  #onClosed: (fault: Fault | undefined) => void = () => {};
  #process: PluginProcess | undefined;
  #port = 0;
  /** When the plugin last said that the target could not be reached, by the clock's `now`. */
  #refusedAt = -Infinity;
  /** When bytes last came from the target, by the clock's `now`. */
  #heardAt = 0;
  /** Connections in a row that were sent something and got nothing. */
  #unanswered = 0;
  #fault: Fault | undefined;

  constructor(parts: PluginLinkParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.clock);
    this.closed = new Promise((resolve) => (this.#onClosed = resolve));
    this.#opened = new Promise((resolve) => (this.#onPort = resolve));
  }

  get reading(): LinkReading {
    const { sessionId } = this.#parts;
    return { sessions: [{ sessionId, streams: this.#streams.size }], agentLimited: false };
  }

  /** A line of the program's output; may come before `begin`. */
  hear(line: string): void {
    const [, port, sessionId] = PORT_OPENED.exec(line) ?? [];
    if (port !== undefined && sessionId === this.#parts.sessionId) this.#onPort(Number(port));
    else if (line === MULTIPLEXES) this.#turns.setFree();
    else if (line.startsWith(TARGET_REFUSED)) this.#refusedAt = this.#parts.clock.now();
  }

  /**
   * Resolves when the program has opened its port, which it says itself: a trial connection would be one of the session.
   * @throws Fault `plugin.ended`, `plugin.notReady`, `operation.cancelled`; the caller disposes the link then.
   */
  async begin(process: PluginProcess, signal: AbortSignal): Promise<void> {
    this.#process = process;
    const ended = process.ended.then((error) => {
      const fault = pluginEnded(process.lastLine, error);
      this.#end(fault, fault);
      return fault;
    });
    const { clock } = this.#parts;
    const late = (): Fault => pluginNotReady(READY_MS / 1000, process.lastLine);
    const outcome = await bounded({ clock, ms: READY_MS, late }, () => Promise.race([this.#opened, ended]), signal);
    if (typeof outcome !== 'number') throw outcome;
    this.#port = outcome;
    this.#heardAt = clock.now();
  }

  /** In basic mode (custom documents, old agents) it waits until the stream before has ended. */
  async open(to: Endpoint, signal: AbortSignal): Promise<TunnelStream> {
    const { to: own, clock } = this.#parts;
    if (signal.aborted) throw cancelled();
    if (this.#fault) throw linkClosed(this.#fault);
    if (to.host !== own.host || to.port !== own.port) throw wrongDestination(to, own);
    const turn = this.#turns.take(signal);
    if (this.#turns.waiting > 0) for (const stream of this.#streams) stream.hurry();
    await turn;
    const openedAt = clock.now();
    try {
      const socket = await connectToPlugin(this.#port, signal);
      const { closedFault } = this;
      if (closedFault) {
        socket.destroy();
        throw closedFault;
      }
      const stream = pluginStream(socket, this.#owner(openedAt));
      this.#streams.add(stream);
      stream.once('close', () => this.#onStreamClosed(stream, socket.bytesWritten > 0, openedAt));
      return stream;
    } catch (error) {
      this.#turns.leave();
      throw this.closedFault ?? error;
    }
  }

  /** Ends the program with all that it started, and the session at the service. */
  async dispose(): Promise<void> {
    this.#end(linkClosed(), undefined);
    await this.#parts.cleanUp();
  }

  private get closedFault(): Fault | undefined {
    return this.#fault && linkClosed(this.#fault);
  }

  #owner(openedAt: number): Parameters<typeof pluginStream>[1] {
    const turns = this.#turns;
    return {
      clock: this.#parts.clock,
      get awaited() {
        return turns.waiting > 0;
      },
      heard: () => {
        this.#heardAt = this.#parts.clock.now();
        this.#unanswered = 0;
      },
      objection: (received) => {
        if (this.#fault) return this.#fault;
        if (this.#process?.exited) return pluginEnded(this.#process.lastLine);
        if (received || this.#refusedAt < openedAt) return undefined;
        return connectFailed(this.#parts.to, this.#refusedAt - openedAt);
      },
    };
  }

  #onStreamClosed(stream: TunnelStream, asked: boolean, openedAt: number): void {
    this.#streams.delete(stream);
    this.#turns.leave();
    const now = this.#parts.clock.now();
    if (stream.received || !asked || now - openedAt < PATIENCE_MS || this.#heardAt >= openedAt) return;
    this.#unanswered++;
    const silence = now - this.#heardAt;
    if (this.#unanswered < 2 || silence < SILENCE_MS) return;
    const fault = pluginSilent(Math.round(silence / 1000));
    this.#end(fault, fault);
  }

  #end(fault: Fault, told: Fault | undefined): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#turns.close(linkClosed(fault));
    for (const stream of [...this.#streams]) stream.fail(fault);
    this.#onClosed(told);
    // Whoever disposes the link waits for it; the session is given up at once all the same.
    void this.#parts.cleanUp();
  }
}
