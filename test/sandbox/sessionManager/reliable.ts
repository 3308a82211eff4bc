// The agent's half of the reliable channel: numbering, acknowledgement, resending, pausing. No timers here:
// the owner calls `tick` every TICK_MS while something is outstanding.
import type { Frame, MessageType } from './frames';
import { acknowledgement, decodeFrame, FrameError, HeaderFlags, newFrame } from './frames';

/** Messages that the agent keeps in either direction. */
export const BUFFER_MESSAGES = 100_000;
/** Interval of the resend check, ms. */
export const TICK_MS = 100;

/**
 * What became of a payload:
 * - `taken`: acknowledged;
 * - `notReady`: not acknowledged and the number not consumed, so the peer sends it again;
 * - `blocked`: the reader stands still inside the handler until `unblock` (or for ever); acknowledgement follows then;
 * - `ended`: the session is over, nothing is acknowledged.
 */
export type Delivery = 'taken' | 'notReady' | 'blocked' | 'ended';

export interface ChannelOwner {
  /** Monotonic milliseconds. */
  now(): number;
  /** Towards the service. */
  emit(frame: Buffer): void;
  deliver(payloadType: number, payload: Buffer): Delivery;
  /** The service said `channel_closed`. */
  closed(): void;
  /** Sending may go on: not paused any more, or the outgoing buffer has room again. */
  sendable(): void;
}

interface Outgoing {
  readonly raw: Buffer;
  sentAt: number;
}

export class AgentChannel {
  readonly #owner: ChannelOwner;
  readonly #capacity: number;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #early = new Map<number, Frame>();
  /** What arrived while the reader was blocked, in order. */
  #backlog: Buffer[] = [];
  #backlogBytes = 0;
  #nextOut = 0;
  #expected = 0;
  #paused = false;
  #reader: 'reading' | 'blocked' | 'dead' = 'reading';
  /** The message whose handler blocks; its acknowledgement is owed unless it was acknowledged when it came early. */
  #pending: { readonly frame: Frame; readonly acknowledged: boolean } | undefined;
  #rtt = { smoothed: 100, variation: 0, timeout: 200 };

  /** @param capacity messages kept in either direction. */
  constructor(owner: ChannelOwner, capacity = BUFFER_MESSAGES) {
    this.#owner = owner;
    this.#capacity = capacity;
  }

  /** Messages sent and not acknowledged. */
  get outstanding(): number {
    return this.#outgoing.size;
  }

  /** Bytes that wait for a blocked reader. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** Whether a further message may be sent now; reading from the target stops otherwise. */
  get canSend(): boolean {
    return !this.#paused && this.#outgoing.size < this.#capacity;
  }

  /** Milliseconds after which an unacknowledged head is sent again. */
  get retransmissionTimeoutMs(): number {
    return this.#rtt.timeout;
  }

  get readerState(): 'reading' | 'blocked' | 'dead' {
    return this.#reader;
  }

  /** The frames that the peer has not acknowledged, oldest first. */
  unacknowledged(): Buffer[] {
    return [...this.#outgoing.values()].map(({ raw }) => raw);
  }

  /** Sends stream data under the next number; an empty payload is not sent, as in the agent. */
  send(payloadType: number, payload: Buffer): void {
    if (payload.length === 0) return;
    const sequenceNumber = this.#nextOut++;
    const raw = newFrame({
      messageType: 'output_stream_data',
      sequenceNumber,
      flags: sequenceNumber === 0 ? HeaderFlags.first : HeaderFlags.data,
      payloadType,
      payload,
    });
    this.#outgoing.set(sequenceNumber, { raw, sentAt: this.#owner.now() });
    if (!this.#paused) this.#owner.emit(raw);
  }

  receive(raw: Buffer): void {
    if (this.#reader === 'dead') return;
    if (this.#reader === 'blocked') {
      this.#backlog.push(raw);
      this.#backlogBytes += raw.length;
      return;
    }
    let frame: Frame;
    try {
      frame = decodeFrame(raw);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#reader = 'dead';
      return;
    }
    this.#dispatch(frame);
  }

  /** Sends the oldest outstanding message again when it is older than the retransmission timeout: only the head. */
  tick(): void {
    if (this.#paused) return;
    const [head] = this.#outgoing.values();
    if (!head) return;
    const now = this.#owner.now();
    if (now - head.sentAt <= this.#rtt.timeout) return;
    head.sentAt = now;
    this.#owner.emit(head.raw);
  }

  /** The handler that blocked has returned. */
  unblock(): void {
    if (this.#reader !== 'blocked' || !this.#pending) return;
    const { frame, acknowledged } = this.#pending;
    this.#pending = undefined;
    this.#reader = 'reading';
    if (!acknowledged) this.#acknowledge(frame);
    this.#expected++;
    this.#drainEarly();
    const waiting = this.#backlog;
    this.#backlog = [];
    this.#backlogBytes = 0;
    // A message that blocks again puts the rest back into the backlog through `receive`.
    for (const raw of waiting) this.receive(raw);
  }

  #dispatch(frame: Frame): void {
    switch (frame.messageType as MessageType) {
      case 'input_stream_data':
        this.#resume();
        this.#accept(frame);
        return;
      case 'acknowledge':
        this.#acknowledged(frame.payload);
        this.#resume();
        return;
      case 'start_publication':
        this.#resume();
        return;
      case 'pause_publication':
        this.#paused = true;
        return;
      case 'channel_closed':
        this.#owner.closed();
        return;
      case 'output_stream_data':
      case 'agent_session_state':
        return;
    }
  }

  #accept(frame: Frame): void {
    if (frame.sequenceNumber < this.#expected) {
      this.#acknowledge(frame);
    } else if (frame.sequenceNumber > this.#expected) {
      if (this.#early.size >= this.#capacity) return;
      this.#acknowledge(frame);
      this.#early.set(frame.sequenceNumber, frame);
    } else if (this.#deliver(frame, false)) {
      this.#acknowledge(frame);
      this.#expected++;
      this.#drainEarly();
    }
  }

  /** True when the handler has returned well, so that the number is consumed. */
  #deliver(frame: Frame, acknowledged: boolean): boolean {
    const delivery = this.#owner.deliver(frame.payloadType, frame.payload);
    switch (delivery) {
      case 'taken':
        return true;
      case 'notReady':
        return false;
      case 'blocked':
        this.#reader = 'blocked';
        this.#pending = { frame, acknowledged };
        return false;
      case 'ended':
        this.#reader = 'dead';
        return false;
    }
  }

  #drainEarly(): void {
    for (;;) {
      const frame = this.#early.get(this.#expected);
      if (!frame) return;
      // A blocked message is out of the buffer at once: `unblock` consumes its number. One that is not ready stays.
      const consumed = this.#deliver(frame, true);
      if (consumed || this.#reader === 'blocked') this.#early.delete(frame.sequenceNumber);
      if (!consumed) return;
      this.#expected++;
    }
  }

  #acknowledge(frame: Frame): void {
    this.#owner.emit(acknowledgement(frame));
  }

  #acknowledged(payload: Buffer): void {
    const sequenceNumber = acknowledgedNumber(payload);
    if (sequenceNumber === undefined) return;
    const message = this.#outgoing.get(sequenceNumber);
    if (!message) return;
    this.#outgoing.delete(sequenceNumber);
    this.#measure(this.#owner.now() - message.sentAt);
    if (this.#outgoing.size === this.#capacity - 1 && !this.#paused) this.#owner.sendable();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.sendable();
  }

  /** alpha 1/8, beta 1/4, granularity 10 ms, cap 1 s. */
  #measure(sample: number): void {
    const { smoothed, variation } = this.#rtt;
    const newVariation = 0.75 * variation + 0.25 * Math.abs(smoothed - sample);
    const newSmoothed = 0.875 * smoothed + 0.125 * sample;
    const timeout = Math.min(1000, newSmoothed + Math.max(10, 4 * newVariation));
    this.#rtt = { smoothed: newSmoothed, variation: newVariation, timeout };
  }
}

const USUAL = /^\{"AcknowledgedMessageType":"output_stream_data","AcknowledgedMessageId":"[0-9a-f-]{36}","AcknowledgedMessageSequenceNumber":(0|[1-9][0-9]{0,14}),"IsSequentialMessage":true\}$/;

/** Matched on the number alone; undefined when the payload is no acknowledgement. */
export function acknowledgedNumber(payload: Buffer): number | undefined {
  const text = payload.toString('latin1');
  // The form in which clients write it, before a parser is asked.
  const usual = USUAL.exec(text)?.[1];
  if (usual !== undefined) return Number(usual);
  try {
    const content = JSON.parse(text) as { AcknowledgedMessageSequenceNumber?: unknown };
    const number = content.AcknowledgedMessageSequenceNumber;
    return typeof number === 'number' ? number : undefined;
  } catch {
    return undefined;
  }
}
