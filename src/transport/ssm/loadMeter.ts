/** What a session has carried so far; counters only ever grow. */
export interface Traffic {
  /** Output messages of the agent. */
  messages: number;
  /** Bytes in them. */
  received: number;
  /** Bytes given to the channel. */
  sent: number;
}

/** What a session carries now. */
export interface Load {
  readonly receivedPerSecond: number;
  readonly messagesPerSecond: number;
  readonly sentPerSecond: number;
  /** The agent sends about as many messages as it can: whoever else sends over this session waits for a turn. */
  readonly saturated: boolean;
  /** Saturated, and the messages are full: more waits at the agent, and neither we nor the network is what holds it up. */
  readonly agentLimited: boolean;
  /** Much has passed in one direction, and for seconds: whoever shares the session has a queue ahead. */
  readonly bulky: boolean;
}

export const NO_LOAD: Load = {
  receivedPerSecond: 0,
  messagesPerSecond: 0,
  sentPerSecond: 0,
  saturated: false,
  agentLimited: false,
  bulky: false,
};

/** Length of a measurement, ms: long enough for a hundred messages of a busy agent. */
export const WINDOW_MS = 250;
/** A measurement older than this says nothing about now, ms. */
export const STALE_MS = 1000;
/**
 * Messages per second. The agent sleeps a millisecond after each, which comes to about 680; one that
 * sends far more than a thousand does not sleep and is not what limits us.
 */
const SATURATED = { from: 350, to: 1500 } as const;
/** Mean bytes of a message that count as full: an agent with more at hand fills its 1024. */
const FULL_BYTES = 700;
/** Measurements in a row before a session counts as saturated: a single large reply is none. */
const SUSTAINED = 2;
/** Bytes per second in one direction that are bulk: about half of what a paced agent can send. */
const BULK_PER_SECOND = 300_000;
/** Measurements in a row before a session counts as bulky: two seconds. */
const BULK_SUSTAINED = 8;
/** Messages or kilobytes per second below which a session idles; keepalives of idle connections stay far below. */
const IDLE_PER_SECOND = 30;

/** Measures one session, without a timer: windows end with the traffic that comes after them. */
export class LoadMeter {
  readonly #traffic: Readonly<Traffic>;
  #start: { readonly at: number } & Traffic;
  #load: Load = NO_LOAD;
  #measuredAt: number;
  #workedAt: number;
  #saturatedRun = 0;
  #fullRun = 0;
  #bulkRun = 0;

  constructor(traffic: Readonly<Traffic>, now: number) {
    this.#traffic = traffic;
    this.#start = { ...traffic, at: now };
    this.#measuredAt = now;
    this.#workedAt = now;
  }

  /** To be called after traffic. @returns whether a new measurement is there. */
  turn(now: number): boolean {
    const ms = now - this.#start.at;
    if (ms < WINDOW_MS) return false;
    const { messages, received, sent } = this.#traffic;
    const perSecond = (count: number): number => (count * 1000) / ms;
    const messagesPerSecond = perSecond(messages - this.#start.messages);
    const receivedPerSecond = perSecond(received - this.#start.received);
    const sentPerSecond = perSecond(sent - this.#start.sent);
    const busy = messagesPerSecond >= SATURATED.from && messagesPerSecond <= SATURATED.to;
    this.#saturatedRun = busy ? this.#saturatedRun + 1 : 0;
    this.#fullRun = busy && receivedPerSecond >= FULL_BYTES * messagesPerSecond ? this.#fullRun + 1 : 0;
    this.#bulkRun = Math.max(receivedPerSecond, sentPerSecond) >= BULK_PER_SECOND ? this.#bulkRun + 1 : 0;
    this.#load = {
      receivedPerSecond,
      messagesPerSecond,
      sentPerSecond,
      saturated: this.#saturatedRun >= SUSTAINED,
      agentLimited: this.#fullRun >= SUSTAINED,
      bulky: this.#bulkRun >= BULK_SUSTAINED,
    };
    this.#start = { ...this.#traffic, at: now };
    this.#measuredAt = now;
    if (messagesPerSecond >= IDLE_PER_SECOND || sentPerSecond >= IDLE_PER_SECOND * 1024) this.#workedAt = now;
    return true;
  }

  /** The last measurement, unless it is too old. */
  load(now: number): Load {
    return now - this.#measuredAt > STALE_MS ? NO_LOAD : this.#load;
  }

  /** Nothing runs any more: what was measured says nothing of what comes next. */
  rest(now: number): void {
    this.#saturatedRun = 0;
    this.#fullRun = 0;
    this.#bulkRun = 0;
    this.#load = NO_LOAD;
    this.#start = { ...this.#traffic, at: now };
    this.#measuredAt = now;
  }

  /** The session is in use, though little moves. */
  used(now: number): void {
    this.#workedAt = now;
  }

  /** When more than the keepalives of idle connections last moved. */
  get workedAt(): number {
    return this.#workedAt;
  }
}
