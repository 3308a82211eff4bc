import { everyInStep, type Clock } from '../../base/clock';
import type { Disposable } from '../../base/event';
import type { Fault } from '../../base/fault';
import type { SsmSettings } from '../../model/ssmSettings';
import type { Channel } from '../../wire/ssm/channel';
import { PAYLOAD_OFFSET } from '../../wire/ssm/frame';
import { Pace } from '../../wire/ssm/pace';
import type { DataSocket } from './dataSocket';

/**
 * How often the health of the socket is looked at, and how long the agent may owe an acknowledgement before it is
 * doubted, ms.
 */
const WATCH_MS = 5000;
/** A ping goes out at least every 5 minutes, as AWS's own client sends it. */
const KEEPALIVE_WATCHES = 60;
/**
 * An idle session sends something at least this often, ms. The service ends sessions without data after 20 minutes, or
 * after 1 to 60 as the account prefers (AWS, "Specify an idle session timeout value"); WebSocket pings are no data.
 */
const IDLE_MS = 45_000;
/** Agents with smux keepalive get a frame whenever nothing was sent for this long: at most 10 s apart. */
const PULSE_MS = 5000;
/** Looks without a byte from such an agent after which it is gone: 25 to 30 s, the longer as long as smux itself waits. */
const SILENT_WATCHES = 6;
/** Any message counts as an answer to a ping. */
const PONG_TIMEOUT_MS = 5000;
/** The original client gives up after about the same time. */
const SILENCE_LIMIT_MS = 5 * 60_000;
/** New messages are held back while this many bytes wait for the operating system. */
const SOCKET_ROOM_BYTES = 512 * 1024;
/** Above this nothing is read either: what we read costs acknowledgements. */
const SOCKET_LIMIT_BYTES = 8 * 1024 * 1024;
/** Work of one turn of the event loop; others get theirs before the next. */
const TURN_MESSAGES = 96;
const TURN_BYTES = 256 * 1024;

/** How a session sends. The pace counts Output, what is sent again included, but no acknowledgements. */
export type PumpOptions = Pick<SsmSettings, 'payloadBytes' | 'keepAlive' | 'paceBytesPerSecond'>;

/** The signs of life of a multiplexed session. */
export interface Pulse {
  /** Something without meaning goes out with the next `pull`. */
  nop(): void;
  /** Whether anything has come from the agent since the last call. */
  takeHeard(): boolean;
}

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
  /** Absent where the bytes are the target's own: the channel has a message that the agent ignores there. */
  readonly pulse?: Pulse;
  /** The session is over. */
  ended(fault: Fault): void;
}

export interface PumpHost {
  /** The socket answers no ping. */
  socketDead(): void;
  /** The socket lives, but the agent has acknowledged nothing for minutes, or its keepalive has stopped. */
  agentSilent(missing: 'acknowledgements' | 'keepalive'): void;
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
  readonly #options: PumpOptions;
  readonly #pace: Pace;
  readonly #host: PumpHost;
  #carrier: Carrier | undefined;
  #socket: DataSocket | undefined;
  #turn: NodeJS.Immediate | undefined;
  #turnTimer: { readonly at: number; readonly timer: Disposable } | undefined;
  #watchTimer: Disposable | undefined;
  #pongTimer: Disposable | undefined;
  #watches = 0;
  /** Whether the agent keeps to smux keepalive. */
  #strict = false;
  #silentWatches = 0;
  /** When session data last went out. */
  #sentAt = 0;
  #reading: Reading = 'free';
  #over = false;

  constructor(channel: Channel, clock: Clock, options: PumpOptions, host: PumpHost) {
    this.#channel = channel;
    this.#clock = clock;
    this.#options = options;
    this.#pace = new Pace(options.paceBytesPerSecond);
    this.#host = host;
  }

  /** Whether nothing is being read because a consumer is slow. */
  get readingHeld(): boolean {
    return this.#reading === 'slowConsumer';
  }

  /** @param strict whether the agent, when `carrier` has a pulse, expects and sends smux keepalives. */
  carry(carrier: Carrier, strict: boolean): void {
    this.#carrier = carrier;
    this.#strict = strict && carrier.pulse !== undefined;
    this.#sentAt = this.#clock.now();
    this.wake();
  }

  attach(socket: DataSocket): void {
    this.#socket = socket;
    this.#reading = 'free';
    this.#silentWatches = 0;
    this.#watch();
    this.wake();
  }

  /** The socket is gone; what is to be sent waits for the next one. */
  detach(): void {
    this.#socket = undefined;
    this.#watchTimer?.dispose();
    this.#heard();
    this.#dropTurnTimer();
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

  /** Asks the service for a sign of life now, unless none could be read. */
  check(): void {
    if (this.#reading === 'free') this.#ping();
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
    this.#scheduleTurn(socket, now);
    if (unfinished) this.wake();
  }

  /** @returns whether the turn's share was used up before the work was done. */
  #write(socket: DataSocket, now: number): boolean {
    for (const frame of this.#channel.takeOutgoing()) socket.send(frame);
    // While acknowledgements cannot be read, their absence says nothing.
    if (!this.readingHeld && socket.buffered < SOCKET_ROOM_BYTES) {
      for (const frame of this.#channel.takeResends(now, this.#pace.room(now))) {
        socket.send(frame);
        this.#pace.spend(frame.length - PAYLOAD_OFFSET, now);
      }
    }
    let messages = 0;
    let bytes = 0;
    while (this.#carrier && this.#channel.canSend && socket.buffered < SOCKET_ROOM_BYTES) {
      if (this.#pace.room(now) <= 0) break;
      if (messages === TURN_MESSAGES || bytes >= TURN_BYTES) return true;
      const chunks = this.#carrier.pull(this.#options.payloadBytes);
      if (!chunks) break;
      const frame = this.#channel.sendOutput(chunks, now);
      socket.send(frame);
      this.#pace.spend(frame.length - PAYLOAD_OFFSET, now);
      this.#sentAt = now;
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

  /** Sees to the turn that nothing else brings about: for a resend, or when the pace has room again. */
  #scheduleTurn(socket: DataSocket, now: number): void {
    const at = Math.min(
      this.readingHeld ? Infinity : (this.#channel.deadline ?? Infinity),
      this.#pace.room(now) > 0 ? Infinity : this.#pace.opensAt(now),
    );
    // With a full socket the next turn comes with its drain.
    if (at === Infinity || socket.buffered >= SOCKET_ROOM_BYTES) {
      this.#dropTurnTimer();
      return;
    }
    // A timer that fires too early only leads to another look; acknowledgements move the deadline all the time.
    if (this.#turnTimer && this.#turnTimer.at <= at) return;
    this.#dropTurnTimer();
    const timer = this.#clock.schedule(Math.max(1, Math.ceil(at - now)), () => {
      this.#turnTimer = undefined;
      this.wake();
    });
    this.#turnTimer = { at, timer };
  }

  #dropTurnTimer(): void {
    this.#turnTimer?.timer.dispose();
    this.#turnTimer = undefined;
  }

  #watch(): void {
    this.#watchTimer?.dispose();
    this.#watchTimer = everyInStep(this.#clock, WATCH_MS, () => {
      this.#watches++;
      this.#keepAwake();
      const hears = this.#hearsPulse();
      if (this.readingHeld) return;
      const stalled = this.#channel.stalledFor(this.#clock.now());
      if (!hears) this.#host.agentSilent('keepalive');
      else if (stalled >= SILENCE_LIMIT_MS) this.#host.agentSilent('acknowledgements');
      else if (stalled >= WATCH_MS || this.#watches % KEEPALIVE_WATCHES === 0) this.#ping();
    });
  }

  /** Sends what the agent ignores when nothing else was sent for a while. It is data like any other to the service. */
  #keepAwake(): void {
    // What cannot be sent now would only pile up; and where it cannot, something is on its way already.
    if (!this.#carrier || !this.#channel.canSend) return;
    const now = this.#clock.now();
    const due = this.#strict ? PULSE_MS : this.#options.keepAlive ? IDLE_MS - WATCH_MS : Infinity;
    if (now - this.#sentAt < due) return;
    if (this.#carrier.pulse) this.#carrier.pulse.nop();
    else this.#channel.sendSize(now);
    this.#sentAt = now;
    this.wake();
  }

  /**
   * Whether an agent with smux keepalive still shows it. Looks are counted and not the time, so that no machine that
   * slept blames the agent; while nothing is read nothing can be heard.
   */
  #hearsPulse(): boolean {
    const pulse = this.#strict ? this.#carrier?.pulse : undefined;
    if (!pulse || pulse.takeHeard() || this.#reading !== 'free') this.#silentWatches = 0;
    else this.#silentWatches++;
    return this.#silentWatches < SILENT_WATCHES;
  }

  #ping(): void {
    if (this.#pongTimer || !this.#socket) return;
    this.#pongTimer = this.#clock.schedule(PONG_TIMEOUT_MS, () => {
      this.#pongTimer = undefined;
      this.#host.socketDead();
    });
    this.#socket.ping();
  }
}
