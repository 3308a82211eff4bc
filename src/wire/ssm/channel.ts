import { asFault, Fault, isFault } from '../../base/fault';
import { acknowledgementPayload, parseAcknowledgement } from './acknowledgement';
import type { EncryptionRequest } from './encryption';
import { keyNotProven, PayloadCipher } from './encryption';
import type { Frame } from './frame';
import { decodeFrame, FrameWriter, MessageType, PayloadType } from './frame';
import type { KeyOutcome, SessionParameters } from './handshake';
import { answerHandshake, examineHandshake } from './handshake';
import type { HandshakeRequest } from './messages';
import { challengeResponse, Flag, flagPayload, parseChallenge, parseChannelClosed, parseExitCode } from './messages';
import { parseFlag, parseHandshakeComplete, parseHandshakeRequest, sizePayload } from './messages';
import type { ReceiverLimits } from './receiver';
import { Receiver } from './receiver';
import type { SenderLimits } from './sender';
import { Sender } from './sender';

/** Unreadable messages are dropped and come again, but not for ever while nothing readable comes in its turn. */
const MAX_UNREADABLE = 100;

export interface ChannelOptions {
  /** Four-part version that the agent sees; from 1.2.332.0 on it switches smux keepalive off. */
  readonly clientVersion: string;
  /** Sixteen random bytes for message ids. */
  readonly idSeed: Uint8Array;
  /** Twelve random bytes for the nonces of an encrypted session. */
  readonly nonceSeed: Uint8Array;
  /** Milliseconds since the epoch at `now` = 0; used for CreatedDate only. */
  readonly epochOffset: number;
  readonly sender?: SenderLimits;
  readonly receiver?: ReceiverLimits;
}

export type ChannelEvent =
  /**
   * The agent has said what the session is. With `encryption` it waits for a data key: `provideDataKey` or
   * `refuseDataKey` has to be called; `keyProven` follows.
   */
  | { readonly kind: 'handshake'; readonly session: SessionParameters; readonly encryption?: EncryptionRequest }
  /** The agent has shown that it holds the same data key, and been shown it; its completion follows. */
  | { readonly kind: 'keyProven' }
  /** A text that the account's administrator shows to whoever opens a session. */
  | { readonly kind: 'customerMessage'; readonly text: string }
  /** Data may be sent from now on; before this the agent acknowledges and discards it. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'output'; readonly payload: Buffer }
  | { readonly kind: 'stderr'; readonly payload: Buffer }
  /** Multiplexed mode: a connection to the destination failed; its stream is ended next. */
  | { readonly kind: 'connectError' }
  | { readonly kind: 'exit'; readonly code: number | undefined }
  /** The service has ended the session; nothing follows. */
  | { readonly kind: 'closed'; readonly reason: string }
  /** The session cannot go on; nothing follows. What is in `takeOutgoing` should still be sent. */
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** Something was not understood and passed over. */
  | { readonly kind: 'ignored'; readonly what: string };

type Phase =
  | { readonly name: 'greeting' }
  /** The response waits for a data key. */
  | { readonly name: 'keying'; readonly request: HandshakeRequest }
  /** The agent's challenge is awaited. */
  | { readonly name: 'proving'; readonly cipher: PayloadCipher }
  | { readonly name: 'completing' | 'open'; readonly cipher: PayloadCipher | undefined }
  | { readonly name: 'over' };

/**
 * The client's side of a session's data channel, free of I/O: messages in,
 * events and messages out. `now` is monotonic milliseconds. It survives the
 * loss of the WebSocket below it: see `reconnected`.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #emit: (event: ChannelEvent) => void;
  readonly #writer: FrameWriter;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #epochOffset: number;
  #outgoing: Buffer[] = [];
  #phase: Phase = { name: 'greeting' };
  #unreadable = 0;

  constructor(options: ChannelOptions, emit: (event: ChannelEvent) => void) {
    this.#options = options;
    this.#emit = emit;
    this.#writer = new FrameWriter(options.idSeed);
    this.#sender = new Sender(options.sender);
    this.#receiver = new Receiver(options.receiver);
    this.#epochOffset = options.epochOffset;
  }

  /** One binary WebSocket message. */
  receive(bytes: Buffer, now: number): void {
    if (this.#isOver) return;
    try {
      this.#dispatch(decodeFrame(bytes), now);
    } catch (error) {
      if (!isFault(error)) throw error;
      // Neither acknowledged nor counted: what the peer meant to send comes again, whole.
      if (++this.#unreadable > MAX_UNREADABLE) this.#fail(error);
      else this.#emit({ kind: 'ignored', what: error.message });
    }
  }

  /** Whether `sendOutput` may be called: the handshake is complete and the window has room. */
  get canSend(): boolean {
    return this.#phase.name === 'open' && this.#sender.canSend;
  }

  /** The message that carries `chunks` as Output, to be sent at once. At least one byte; call only when `canSend`. */
  sendOutput(chunks: readonly Uint8Array[], now: number): Buffer {
    const cipher = this.#phase.name === 'open' ? this.#phase.cipher : undefined;
    return this.#data(PayloadType.output, cipher ? cipher.seal(chunks) : chunks, now);
  }

  /**
   * The answer to a handshake's `encryption`; without effect when nobody waits for it any more.
   * @param plaintext 64 bytes, copied: the caller wipes them.
   * @param sealed the same as KMS encrypted them for the agent.
   */
  provideDataKey(plaintext: Uint8Array, sealed: Uint8Array, now: number): void {
    if (this.#phase.name !== 'keying') return;
    try {
      const cipher = new PayloadCipher(plaintext, this.#options.nonceSeed);
      this.#respond(this.#phase.request, now, { sealed });
      this.#phase = { name: 'proving', cipher };
    } catch (error) {
      this.refuseDataKey(asFault(error), now);
    }
  }

  /** There is no data key: the agent is told, and the channel ends with the fault. */
  refuseDataKey(fault: Fault, now: number): void {
    if (this.#phase.name !== 'keying') return;
    this.#respond(this.#phase.request, now, { failed: fault.code });
    this.#fail(fault);
  }

  /** Queues a flag, outside the window. @returns its sequence number, for `isAcknowledged`. */
  sendFlag(flag: number, now: number): number {
    const sequence = this.#sender.nextSequence;
    this.#outgoing.push(this.#data(PayloadType.flag, [flagPayload(flag)], now));
    return sequence;
  }

  /** The number that the next message gets. */
  get nextSequence(): number {
    return this.#sender.nextSequence;
  }

  isAcknowledged(sequence: number): boolean {
    return this.#sender.isAcknowledged(sequence);
  }

  /** Queues a message that the agent acknowledges and ignores: session data, so that an idle session is not ended. */
  sendSize(now: number): void {
    this.#outgoing.push(this.#data(PayloadType.size, [sizePayload()], now));
  }

  /** Acknowledgements and control messages that are to be sent before anything else. */
  takeOutgoing(): Buffer[] {
    const frames = this.#outgoing;
    if (frames.length > 0) this.#outgoing = [];
    return frames;
  }

  /** Messages that are to be sent again now, until they come to `room` bytes of payload or more. */
  takeResends(now: number, room = Infinity): Buffer[] {
    return this.#isOver ? [] : this.#sender.resends(now, room);
  }

  /** When `takeResends` has to be called next, in terms of `now`; undefined: not before something else happens. */
  get deadline(): number | undefined {
    return this.#isOver ? undefined : this.#sender.deadline;
  }

  /** How long the agent has owed an acknowledgement, ms. */
  stalledFor(now: number): number {
    return this.#sender.stalledFor(now);
  }

  /** Bytes kept: received out of order, sent and not acknowledged. Both are bounded. */
  get heldBytes(): number {
    return this.#receiver.heldBytes + this.#sender.unacknowledgedBytes;
  }

  get roundTripMs(): number | undefined {
    return this.#sender.roundTripMs;
  }

  /**
   * The session has a new WebSocket: both directions go on where they were, and what was not acknowledged is sent
   * again.
   */
  reconnected(now: number, epochOffset: number): void {
    this.#epochOffset = epochOffset;
    // Acknowledgements for the old socket are of no use: the agent sends those messages again.
    this.#outgoing = [];
    this.#sender.reconnected(now);
  }

  /** Reading from the socket was held up by us and goes on now: late acknowledgements are no sign of loss. */
  readingResumed(now: number): void {
    this.#sender.refresh(now);
  }

  #dispatch(frame: Frame, now: number): void {
    switch (frame.messageType) {
      case MessageType.output:
        this.#sender.resume();
        this.#arrived(frame, now);
        break;
      case MessageType.acknowledge: {
        const sequence = parseAcknowledgement(frame.payload);
        if (sequence !== undefined) this.#sender.acknowledged(sequence, now);
        break;
      }
      case MessageType.pausePublication:
        this.#sender.pause(now);
        break;
      case MessageType.startPublication:
        this.#sender.resume();
        break;
      case MessageType.channelClosed:
        this.#phase = { name: 'over' };
        this.#emit({ kind: 'closed', reason: parseReason(frame.payload) });
        break;
      default:
        this.#emit({ kind: 'ignored', what: `message type ${JSON.stringify(frame.messageType.slice(0, 32))}` });
    }
  }

  #arrived(frame: Frame, now: number): void {
    switch (this.#receiver.accept(frame)) {
      case 'next':
        // Not ready for it: the number is not consumed and the agent sends it again.
        if (!this.#process(frame, now)) return;
        this.#unreadable = 0;
        this.#acknowledge(frame, now);
        this.#processHeld(now);
        break;
      case 'early':
      case 'repeated':
        this.#acknowledge(frame, now);
        break;
      case 'refused':
        this.#emit({ kind: 'ignored', what: 'a message too far ahead of the missing one' });
    }
  }

  #processHeld(now: number): void {
    for (let held = this.#receiver.advance(); held && !this.#isOver; held = this.#receiver.advance()) {
      // It was acknowledged when it came, and does not come again: what cannot be used now is lost.
      try {
        if (!this.#process(held, now) && !this.#isOver) this.#fail(tooEarly());
      } catch (error) {
        if (!isFault(error)) throw error;
        this.#fail(error);
      }
    }
  }

  /** @returns false when there is no one to take the message yet, or not any more. */
  #process(frame: Frame, now: number): boolean {
    const { payload } = frame;
    switch (frame.payloadType) {
      case PayloadType.output:
        if (this.#phase.name !== 'open') return false;
        return payload.length === 0 || this.#pass(payload, (plain) => ({ kind: 'output', payload: plain }));
      case PayloadType.handshakeRequest:
        this.#greet(payload, now);
        return true;
      case PayloadType.challengeRequest:
        this.#prove(payload, now);
        return true;
      case PayloadType.handshakeComplete:
        this.#complete(payload);
        return true;
      case PayloadType.flag:
        if (parseFlag(payload) === Flag.connectToPortError) this.#emit({ kind: 'connectError' });
        else this.#emit({ kind: 'ignored', what: 'a flag without meaning for a client' });
        return true;
      case PayloadType.stdErr:
        return this.#pass(payload, (plain) => ({ kind: 'stderr', payload: plain }));
      case PayloadType.exitCode:
        return this.#pass(payload, (plain) => ({ kind: 'exit', code: parseExitCode(plain) }));
      default:
        this.#emit({ kind: 'ignored', what: `payload type ${frame.payloadType}` });
        return true;
    }
  }

  /** Passes on what the session's encryption covers. @returns false when it cannot be decrypted, which ends the channel. */
  #pass(payload: Buffer, toEvent: (plain: Buffer) => ChannelEvent): boolean {
    const cipher = 'cipher' in this.#phase ? this.#phase.cipher : undefined;
    const plain = cipher ? this.#open(cipher, payload) : payload;
    if (plain) this.#emit(toEvent(plain));
    return plain !== undefined;
  }

  /** Unlike a message that cannot be read, one that cannot be decrypted does not get better when it comes again. */
  #open(cipher: PayloadCipher, sealed: Buffer): Buffer | undefined {
    try {
      return cipher.open(sealed);
    } catch (error) {
      this.#fail(asFault(error));
      return undefined;
    }
  }

  #greet(payload: Buffer, now: number): void {
    // A second answer under a new number would block the agent's reader for ever.
    if (this.#phase.name !== 'greeting') {
      this.#emit({ kind: 'ignored', what: 'a repeated handshake request' });
      return;
    }
    const request = parseHandshakeRequest(payload);
    const demand = examineHandshake(request);
    if (!demand.fault && demand.encryption) {
      this.#phase = { name: 'keying', request };
      this.#emit({ kind: 'handshake', session: demand.session, encryption: demand.encryption });
      return;
    }
    this.#respond(request, now);
    if (demand.fault) {
      this.#fail(demand.fault);
      return;
    }
    this.#phase = { name: 'completing', cipher: undefined };
    this.#emit({ kind: 'handshake', session: demand.session });
  }

  #respond(request: HandshakeRequest, now: number, key?: KeyOutcome): void {
    const response = answerHandshake(request, this.#options.clientVersion, key);
    this.#outgoing.push(this.#data(PayloadType.handshakeResponse, [response], now));
  }

  /** The agent sends random bytes, sealed with its key, and wants them back, sealed with ours. */
  #prove(payload: Buffer, now: number): void {
    if (this.#phase.name !== 'proving') {
      this.#emit({ kind: 'ignored', what: 'an encryption challenge out of turn' });
      return;
    }
    const { cipher } = this.#phase;
    const challenge = this.#open(cipher, parseChallenge(payload));
    if (!challenge) return;
    const response = challengeResponse(Buffer.concat(cipher.seal([challenge])));
    this.#outgoing.push(this.#data(PayloadType.challengeResponse, [response], now));
    this.#phase = { name: 'completing', cipher };
    this.#emit({ kind: 'keyProven' });
  }

  #complete(payload: Buffer): void {
    if (this.#phase.name === 'proving') {
      this.#fail(keyNotProven());
      return;
    }
    if (this.#phase.name !== 'completing') {
      this.#emit({ kind: 'ignored', what: 'a handshake completion out of turn' });
      return;
    }
    const text = parseHandshakeComplete(payload);
    this.#phase = { name: 'open', cipher: this.#phase.cipher };
    if (text !== '') this.#emit({ kind: 'customerMessage', text });
    this.#emit({ kind: 'ready' });
  }

  #acknowledge(frame: Frame, now: number): void {
    const payload = acknowledgementPayload(frame.messageId, frame.sequence);
    this.#outgoing.push(this.#writer.acknowledgement(this.#date(now), payload));
  }

  #data(payloadType: number, chunks: readonly Uint8Array[], now: number): Buffer {
    const frame = this.#writer.data(payloadType, this.#sender.nextSequence, this.#date(now), chunks);
    this.#sender.sent(frame, now);
    return frame;
  }

  #date(now: number): number {
    return Math.max(0, Math.round(this.#epochOffset + now));
  }

  get #isOver(): boolean {
    return this.#phase.name === 'over';
  }

  #fail(fault: Fault): void {
    this.#phase = { name: 'over' };
    this.#emit({ kind: 'fault', fault });
  }
}

function tooEarly(): Fault {
  const text = 'The agent sent data before the handshake was complete.';
  return new Fault('ssm.protocol', text, { retryable: true });
}

/** The session is over whether or not its reason can be read. */
function parseReason(payload: Buffer): string {
  try {
    return parseChannelClosed(payload);
  } catch {
    return '';
  }
}
