import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { abortable } from '../../base/abort';
import type { Clock } from '../../base/clock';
import { sleep } from '../../base/clock';
import type { Fault } from '../../base/fault';
import { asFault, cancelled, isCancelled } from '../../base/fault';
import type { Scope } from '../../base/scope';
import { formatEndpoint, isEndpoint } from '../../model/endpoint';
import type { Endpoint } from '../../model/endpoint';
import type { Link } from '../../model/link';
import { farSideFailed, linkClosed } from '../ssh/faults';
import { channelFailure, exitFault, farSideFault } from './clientMessages';
import type { Named } from './clientMessages';
import type { ClientProcess } from './clientProcess';
import type { ControlSocket } from './controlSocket';
import { ForwardStream } from './forwardStream';

/** Destinations of one link; each is a listening socket of the program. */
const MAX_FORWARDS = 64;
/** Refusals of the far side that no stream has claimed, and for how long they are worth something, ms. */
const MAX_FAILURES = 64;
const FAILURE_MS = 2_000;
/** From proof that the program has worked on to the arrival of what it wrote before, ms: one turn of our own loop. */
const SETTLE_MS = 10;
/** Where there is no control socket: how long a program that has died may take to be seen to, ms. */
const DEATH_MS = 100;
/** How long a program that is busy accepting is asked again, ms, and how often. */
const BUSY_MS = 20;
const BUSY_ATTEMPTS = 250;

/** Through what streams get into the program; see `Entrance` in commandLine. */
export type Door =
  | { readonly kind: 'control'; readonly control: ControlSocket; readonly folder: string }
  | { readonly kind: 'port'; readonly port: number; readonly to: Endpoint };

export interface SystemLinkParts {
  readonly client: ClientProcess;
  readonly door: Door;
  readonly clock: Clock;
  readonly named: Named;
  /** Everything that belongs to the link, the process included. */
  readonly scope: Scope;
  /** Why the way to the server has ended, if it has by itself: more than the program can tell. */
  readonly cause: () => Fault | undefined;
}

/** One `ssh` with one login, and the forwards that were asked of it. */
export class SystemLink implements Link {
  readonly closed: Promise<Fault | undefined>;
  readonly #parts: SystemLinkParts;
  readonly #streams = new Set<ForwardStream>();
  readonly #forwards = new Map<string, Promise<string>>();
  readonly #mourners = new Set<(fault: Fault) => void>();
  #forwardsMade = 0;
  #failures: { readonly why: string; readonly at: number }[] = [];
  #disposed = false;
  #ended: Fault | undefined;

  constructor(parts: SystemLinkParts) {
    this.#parts = parts;
    const { cause, client, clock, named, scope } = parts;
    client.onLine((line) => {
      const why = channelFailure(line);
      if (why === undefined) return;
      this.#failures.push({ why, at: clock.now() });
      if (this.#failures.length > MAX_FAILURES) this.#failures.shift();
    });
    this.closed = client.exited.then(async () => {
      this.#ended = this.#disposed ? linkClosed() : (cause() ?? exitFault(client.lines, named, true));
      for (const tell of this.#mourners) tell(this.#ended);
      for (const stream of this.#streams) stream.destroy(this.#ended);
      // An end that nobody asked for leaves a folder and an askpass server behind.
      await scope.dispose().catch(() => {});
      return this.#disposed ? undefined : this.#ended;
    });
  }

  async open(to: Endpoint, signal: AbortSignal): Promise<Duplex> {
    if (signal.aborted) throw cancelled();
    this.#checkOpen();
    if (!isEndpoint(to)) throw farSideFailed(to, 'that is no host and port');
    const address = await abortable(this.#addressOf(to), signal);
    const socket = await this.#connect(address, signal);
    if (this.#ended || this.#disposed) socket.destroy();
    this.#checkOpen();
    const stream = new ForwardStream(socket, (silent) => this.#verdict(silent, to));
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const stream of this.#streams) stream.destroy();
    await this.#parts.scope.dispose();
    await this.closed;
  }

  #checkOpen(): void {
    if (this.#ended) throw this.#ended;
    if (this.#disposed) throw linkClosed();
  }

  /** A Unix socket's path, or a port. */
  async #addressOf(to: Endpoint): Promise<string | number> {
    const { door } = this.#parts;
    const name = formatEndpoint(to);
    if (door.kind === 'port') {
      if (name === formatEndpoint(door.to)) return door.port;
      throw farSideFailed(to, `this connection leads to ${formatEndpoint(door.to)} only`);
    }
    const known = this.#forwards.get(name);
    if (known) return known;
    if (this.#forwards.size >= MAX_FORWARDS) throw farSideFailed(to, `this connection leads to ${MAX_FORWARDS} other places already`);
    const path = join(door.folder, `f${this.#forwardsMade++}`);
    const asking = door.control.forward(path, to).then(
      () => path,
      async (error: unknown) => {
        this.#forwards.delete(name);
        throw await this.#reason(error, to);
      },
    );
    this.#forwards.set(name, asking);
    return asking;
  }

  async #connect(address: string | number, signal: AbortSignal): Promise<Socket> {
    const { clock } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      try {
        return await connected(address, signal);
      } catch (error) {
        if (isCancelled(error)) throw error;
        this.#checkOpen();
        // More connections at once than the program's queue holds.
        const busy = (error as NodeJS.ErrnoException).code === 'EAGAIN' && attempt < BUSY_ATTEMPTS;
        if (!busy) throw (await this.#deathWithin(DEATH_MS)) ?? linkClosed();
      }
      await sleep(clock, BUSY_MS, signal);
    }
  }

  async #reason(error: unknown, to: Endpoint): Promise<Fault> {
    const death = await this.#deathWithin(DEATH_MS);
    return death ?? farSideFailed(to, asFault(error).message);
  }

  /** Whether a stream that the program has closed had come to its end, or was never connected, or died with the program. */
  async #verdict(silent: boolean, to: Endpoint): Promise<Fault | undefined> {
    const { door, clock } = this.#parts;
    // What answers after the stream was closed has closed it because the far side did.
    const death =
      door.kind === 'port'
        ? await this.#deathWithin(DEATH_MS)
        : await door.control.alive().then(
            () => undefined,
            async () => (await this.closed) ?? linkClosed(),
          );
    if (death || !silent) return death;
    await this.#deathWithin(SETTLE_MS);
    this.#failures = this.#failures.filter(({ at }) => clock.now() - at < FAILURE_MS);
    const failure = this.#failures.shift();
    return failure && farSideFault(failure.why, to);
  }

  /** The Fault of a link that ends within the time; undefined when it goes on. */
  #deathWithin(ms: number): Promise<Fault | undefined> {
    if (this.#ended) return Promise.resolve(this.#ended);
    return new Promise((resolve) => {
      const settle = (fault?: Fault): void => {
        timer.dispose();
        this.#mourners.delete(settle);
        resolve(fault);
      };
      // A turn later: where this process stood still, the death that came in time is still to be heard of.
      const timer = this.#parts.clock.schedule(ms, () => setImmediate(settle));
      this.#mourners.add(settle);
    });
  }
}

function connected(address: string | number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      typeof address === 'string' ? { path: address, allowHalfOpen: true } : { host: '127.0.0.1', port: address, allowHalfOpen: true, noDelay: true },
    );
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
    };
    const onAbort = (): void => {
      settle();
      socket.destroy();
      reject(cancelled());
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      settle();
      // Errors between here and the stream's own listener would be nobody's.
      socket.on('error', () => {});
      resolve(socket);
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
