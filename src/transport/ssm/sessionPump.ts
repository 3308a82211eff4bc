import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import type { Channel } from '../../wire/ssm/channel';
import type { DataSocket } from './dataSocket';

/**
 * How often the health of the socket is looked at, and how long the agent may owe an acknowledgement before it is
 * doubted, ms.
 */
const WATCH_MS = 5000;
/** A ping goes out at least every 5 minutes, as AWS's own client sends it. */
const KEEPALIVE_WATCHES = 60;
/** Any message counts as an answer to a ping. */
const PONG_TIMEOUT_MS = 5000;
/** The original client gives up after about the same time. */
const SILENCE_LIMIT_MS = 5 * 60_000;
/** New messages are held back while this many bytes wait for the operating system. */
const SOCKET_ROOM_BYTES = 512 * 1024;
/** Above this nothing is read either: what we read costs acknowledgements. */
const SOCKET_LIMIT_BYTES = 8 * 1024 * 1024;
/** Work of one turn of the event loop; others get theirs before the next. */
const TURN_MESSAGES = 256;
const TURN_BYTES = 512 * 1024;

/** What runs over a session: the multiplexed or the basic link. */
export interface Carrier {
  /** Between 1 and `max` bytes to send next; undefined when there is nothing. */
  pull(max: number): Uint8Array[] | undefined;
  /** @throws Fault when the session cannot go on. */
  output(payload: Buffer): void;
  /** The agent could not connect to the destination. */
  connectError(): void;
  /** Everything that arrived in this turn of the event loop has been passed in. */
  endTurn(): void;
  /** Whether reading is to be held up because a consumer is slow. */
  readonly congested: boolean;
  /** The session is over. */
  ended(fault: Fault): void;
}

export interface PumpHost {
  /** The socket answers no ping. */
  socketDead(): void;
  /** The socket lives, but the agent has acknowledged nothing for minutes. */
  agentSilent(): void;
}

type Reading = 'free' | 'slowConsumer' | 'backlog';

/**
 * Moves bytes between a carrier, a channel and the socket of the day. All writing
 * of one turn of the event loop happens together, after everything that arrived in
 * it: small pieces share a message, and messages share a system call.
 */
export class SessionPump {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #payloadBytes: number;
  readonly #host: PumpHost;
  #carrier: Carrier | undefined;
  #socket: DataSocket | undefined;
  #turn: NodeJS.Immediate | undefined;
  #resendTimer: { readonly at: number; readonly timer: Disposable } | undefined;
  #watchTimer: Disposable | undefined;
  #pongTimer: Disposable | undefined;
  #watches = 0;
  #reading: Reading = 'free';
  #over = false;

  constructor(channel: Channel, clock: Clock, payloadBytes: number, host: PumpHost) {
    this.#channel = channel;
    this.#clock = clock;
    this.#payloadBytes = payloadBytes;
    this.#host = host;
  }

  /** Whether nothing is being read because a consumer is slow. */
  get readingHeld(): boolean {
    return this.#reading === 'slowConsumer';
  }

  carry(carrier: Carrier): void {
    this.#carrier = carrier;
    this.wake();
  }

  attach(socket: DataSocket): void {
    this.#socket = socket;
    this.#reading = 'free';
    this.#watch();
    this.wake();
  }

  /** The socket is gone; what is to be sent waits for the next one. */
  detach(): void {
    this.#socket = undefined;
    this.#watchTimer?.dispose();
    this.#heard();
    this.#dropResendTimer();
  }

  /** There is something to do: a turn follows in this round of the event loop. */
  wake(): void {
    if (!this.#over) this.#turn ??= setImmediate(() => this.#takeTurn());
  }

  /** A message from the socket. */
  receive(bytes: Buffer): void {
    this.#heard();
    this.#channel.receive(bytes, this.#clock.now());
    this.wake();
  }

  /** A pong from the socket. */
  pong(): void {
    this.#heard();
  }

  dispose(): void {
    this.#over = true;
    this.detach();
    clearImmediate(this.#turn);
    this.#turn = undefined;
  }

  #heard(): void {
    this.#pongTimer?.dispose();
    this.#pongTimer = undefined;
  }

  #takeTurn(): void {
    this.#turn = undefined;
    this.#carrier?.endTurn();
    const socket = this.#socket;
    if (!socket || this.#over) return;
    const now = this.#clock.now();
    let unfinished = false;
    socket.batch(() => {
      unfinished = this.#write(socket, now);
    });
    this.#holdReading(socket, now);
    this.#scheduleResend(socket, now);
    if (unfinished) this.wake();
  }

  /** @returns whether the turn's share was used up before the work was done. */
  #write(socket: DataSocket, now: number): boolean {
    for (const frame of this.#channel.takeOutgoing()) socket.send(frame);
    // While acknowledgements cannot be read, their absence says nothing.
    if (!this.readingHeld && socket.buffered < SOCKET_ROOM_BYTES) {
      for (const frame of this.#channel.takeResends(now)) socket.send(frame);
    }
    let messages = 0;
    let bytes = 0;
    while (this.#carrier && this.#channel.canSend && socket.buffered < SOCKET_ROOM_BYTES) {
      if (messages === TURN_MESSAGES || bytes >= TURN_BYTES) return true;
      const chunks = this.#carrier.pull(this.#payloadBytes);
      if (!chunks) break;
      const frame = this.#channel.sendOutput(chunks, now);
      socket.send(frame);
      messages++;
      bytes += frame.length;
    }
    return false;
  }

  #holdReading(socket: DataSocket, now: number): void {
    const wanted = this.#wantedReading(socket);
    if (wanted === this.#reading) return;
    if (this.#reading === 'slowConsumer') this.#channel.readingResumed(now);
    this.#reading = wanted;
    if (wanted === 'free') socket.resume();
    else socket.pause();
  }

  #wantedReading(socket: DataSocket): Reading {
    if (this.#carrier?.congested) return 'slowConsumer';
    return socket.buffered > SOCKET_LIMIT_BYTES ? 'backlog' : 'free';
  }

  #scheduleResend(socket: DataSocket, now: number): void {
    const at = this.#channel.deadline;
    // With a full socket the next turn comes with its drain.
    if (at === undefined || this.readingHeld || socket.buffered >= SOCKET_ROOM_BYTES) {
      this.#dropResendTimer();
      return;
    }
    // A timer that fires too early only leads to another look; acknowledgements move the deadline all the time.
    if (this.#resendTimer && this.#resendTimer.at <= at) return;
    this.#dropResendTimer();
    const timer = this.#clock.schedule(Math.max(1, Math.ceil(at - now)), () => {
      this.#resendTimer = undefined;
      this.wake();
    });
    this.#resendTimer = { at, timer };
  }

  #dropResendTimer(): void {
    this.#resendTimer?.timer.dispose();
    this.#resendTimer = undefined;
  }

  #watch(): void {
    this.#watchTimer?.dispose();
    this.#watchTimer = this.#clock.schedule(WATCH_MS, () => {
      this.#watch();
      this.#watches++;
      if (this.readingHeld) return;
      const stalled = this.#channel.stalledFor(this.#clock.now());
      if (stalled >= SILENCE_LIMIT_MS) this.#host.agentSilent();
      else if (stalled >= WATCH_MS || this.#watches % KEEPALIVE_WATCHES === 0) this.#ping();
    });
  }

  #ping(): void {
    if (this.#pongTimer) return;
    this.#pongTimer = this.#clock.schedule(PONG_TIMEOUT_MS, () => {
      this.#pongTimer = undefined;
      this.#host.socketDead();
    });
    this.#socket?.ping();
  }
}
