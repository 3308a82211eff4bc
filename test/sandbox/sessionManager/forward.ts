// What the agent's port plugin does with a session's bytes: multiplexed (smux) or basic.
import type { Socket } from 'node:net';
import { Flag, PayloadType } from './frames';
import type { Delivery } from './reliable';
import type { SmuxStream } from './smux';
import { SmuxServer } from './smux';
import type { Targets } from './targets';
import { writeSoon } from './targets';

/** How a forwarder reaches the rest of the agent. */
export interface ForwarderOwner {
  readonly targets: Targets;
  /** Bytes from targets towards the client. False: more than is wise wait already, call again after `drained`. */
  output(bytes: Buffer): boolean;
  /** Drops what waits in `output`: the connection it was read from is closed. */
  discardOutput(): void;
  /** Sends a Flag payload. */
  flag(value: number): void;
  /** The handler that answered `blocked` has returned. */
  unblock(): void;
  /** The worker ends. */
  ended(output: string): void;
}

export interface Forwarder {
  /** Whether a connection is there to take messages; until then nothing is acknowledged. */
  readonly ready: boolean;
  deliver(payloadType: number, payload: Buffer): Delivery;
  /** `output` has room again. */
  drained(): void;
  close(): void;
}

export interface Keepalive {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** smux keepalive as it is unless both sides are new enough to switch it off. */
export const KEEPALIVE: Keepalive = { intervalMs: 10_000, timeoutMs: 30_000 };

/** Many connections over one session. */
export class MuxForwarder implements Forwarder {
  readonly ready = true;
  readonly #owner: ForwarderOwner;
  readonly #smux: SmuxServer;
  readonly #sockets = new Set<Socket>();
  readonly #toAccept: SmuxStream[] = [];
  #accepting = false;
  #outputFull = false;
  #timers: NodeJS.Timeout[] = [];

  /** @param keepalive sends NOP at the interval, and ends the worker when no frame at all has come for the time-out. */
  constructor(owner: ForwarderOwner, keepalive?: Keepalive) {
    this.#owner = owner;
    this.#smux = new SmuxServer({
      accept: (stream) => {
        this.#toAccept.push(stream);
        void this.#acceptAll();
      },
      send: (bytes) => {
        if (!owner.output(bytes)) this.#hold();
      },
      drained: () => owner.unblock(),
      failed: (reason) => owner.ended(`smux: ${reason}`),
    });
    if (!keepalive) return;
    this.#timers.push(
      setInterval(() => this.#smux.keepalive(), keepalive.intervalMs),
      setInterval(() => {
        if (!this.#smux.takeActivity()) owner.ended('smux: keepalive timed out');
      }, keepalive.timeoutMs),
    );
  }

  deliver(payloadType: number, payload: Buffer): Delivery {
    if (payloadType !== PayloadType.output) return 'taken';
    return this.#smux.write(payload) ? 'taken' : 'blocked';
  }

  drained(): void {
    this.#outputFull = false;
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#toAccept.length = 0;
  }

  /** One after another, as the agent does: a dial that hangs holds up the streams behind it. */
  async #acceptAll(): Promise<void> {
    if (this.#accepting) return;
    this.#accepting = true;
    for (let stream = this.#toAccept.shift(); stream; stream = this.#toAccept.shift()) {
      try {
        this.#join(stream, await this.#owner.targets.dial());
      } catch {
        // No stream id goes with the flag; the FIN that follows tells which one failed.
        this.#owner.flag(Flag.connectToPortError);
        stream.close();
      }
    }
    this.#accepting = false;
  }

  #join(stream: SmuxStream, socket: Socket): void {
    this.#sockets.add(socket);
    let pumping = false;
    const pump = (): void => {
      // `read` may call `onReadable`: a pump inside the pump would write the later bytes first.
      if (pumping) return;
      pumping = true;
      while (!stream.ended && socket.writable) {
        const chunk = stream.read();
        if (!chunk || !writeSoon(socket, chunk)) break;
      }
      pumping = false;
      if (!stream.ended) return;
      // Not a half-close: the connection goes, and the reply with it.
      socket.pause();
      socket.removeAllListeners('data');
      socket.destroySoon();
    };
    const close = (): void => {
      this.#sockets.delete(socket);
      stream.close();
      socket.destroySoon();
    };
    stream.onReadable = () => {
      if (!socket.writableNeedDrain) pump();
    };
    socket.on('drain', pump);
    socket.on('data', (chunk: Buffer) => stream.write(chunk));
    socket.on('end', close);
    socket.on('close', close);
    if (this.#outputFull) socket.pause();
    pump();
  }

  #hold(): void {
    this.#outputFull = true;
    for (const socket of this.#sockets) socket.pause();
  }
}

/** One connection at a time, its bytes bare in Output payloads. */
export class BasicForwarder implements Forwarder {
  readonly #owner: ForwarderOwner;
  #state:
    | { readonly phase: 'starting' }
    | { readonly phase: 'open'; readonly socket: Socket }
    /** The target or the client closed it; the next Output dials again. */
    | { readonly phase: 'apart' }
    | { readonly phase: 'redialling' }
    | { readonly phase: 'ended' } = { phase: 'starting' };

  constructor(owner: ForwarderOwner) {
    this.#owner = owner;
    void this.#dial();
  }

  get ready(): boolean {
    return this.#state.phase !== 'starting';
  }

  deliver(payloadType: number, payload: Buffer): Delivery {
    if (!this.ready) return 'notReady';
    if (payloadType === PayloadType.flag) return this.#flag(payload);
    if (payloadType !== PayloadType.output) return 'taken';
    switch (this.#state.phase) {
      case 'open':
        return writeSoon(this.#state.socket, payload) ? 'taken' : 'blocked';
      case 'apart':
        this.#state = { phase: 'redialling' };
        void this.#dial(payload);
        return 'blocked';
      case 'starting':
      case 'redialling':
      case 'ended':
        return 'blocked';
    }
  }

  drained(): void {
    if (this.#state.phase === 'open') this.#state.socket.resume();
  }

  close(): void {
    this.#state = { phase: 'ended' };
  }

  #flag(payload: Buffer): Delivery {
    if (payload.length >= 4 && payload.readUInt32BE(0) === Flag.disconnectToPort && this.#state.phase === 'open') {
      const { socket } = this.#state;
      this.#state = { phase: 'apart' };
      socket.removeAllListeners('data');
      socket.pause();
      this.#owner.discardOutput();
      socket.destroySoon();
    }
    return 'taken';
  }

  async #dial(first?: Buffer): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.#owner.targets.dial();
    } catch (error) {
      if (this.#state.phase === 'ended') return;
      this.#state = { phase: 'ended' };
      this.#owner.ended(`Unable to connect to specified port: ${(error as Error).message}`);
      return;
    }
    if (this.#state.phase === 'ended') return;
    this.#state = { phase: 'open', socket };
    this.#watch(socket);
    if (first && writeSoon(socket, first)) this.#owner.unblock();
  }

  #watch(socket: Socket): void {
    const current = (): boolean => this.#state.phase === 'open' && this.#state.socket === socket;
    // The reader blocks in the write until the target's kernel has taken the bytes.
    socket.on('drain', () => this.#owner.unblock());
    socket.on('data', (chunk: Buffer) => {
      if (!this.#owner.output(chunk)) socket.pause();
    });
    const gone = (): void => {
      // Not signalled to the client.
      socket.destroySoon();
      if (!current()) return;
      this.#state = { phase: 'apart' };
      this.#owner.unblock();
    };
    socket.on('end', gone);
    socket.on('close', gone);
  }
}
