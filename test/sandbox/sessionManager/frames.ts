// The binary message of the data channel, as the agent and the service see it. Independent of src/wire/:
// simulator and product check each other. Layout: amazon-ssm-agent, agent message.
import { hash, randomFillSync } from 'node:crypto';

/** Bytes before the payload: HeaderLength (116) plus the payload's length field. */
export const HEAD_BYTES = 120;
/** The only value of the HeaderLength field; it does not count the payload length. */
const HEADER_LENGTH = 116;

export const MESSAGE_TYPES = [
  'input_stream_data',
  'output_stream_data',
  'acknowledge',
  'channel_closed',
  'start_publication',
  'pause_publication',
  'agent_session_state',
] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

export const PayloadType = {
  none: 0,
  output: 1,
  error: 2,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  challengeRequest: 8,
  challengeResponse: 9,
  flag: 10,
} as const;

/** Payload of a Flag message, uint32. */
export const Flag = { disconnectToPort: 1, terminateSession: 2, connectToPortError: 3 } as const;

/** Header flags: the agent's first stream message carries `first`, everything that is no stream data `control`. */
export const HeaderFlags = { data: 0, first: 1, control: 3 } as const;

export interface Frame {
  /** Trimmed of padding. Not checked against MESSAGE_TYPES: the agent only logs what it does not know. */
  readonly messageType: string;
  readonly schemaVersion: number;
  /** Milliseconds since the epoch. */
  readonly createdDate: number;
  readonly sequenceNumber: number;
  readonly flags: number;
  /** UUID in its usual text form. */
  readonly messageId: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

/** What the sender of a frame chooses; the rest follows from time and chance. */
export type FrameFields = Pick<Frame, 'messageType' | 'sequenceNumber' | 'flags' | 'payloadType' | 'payload'>;

/** A frame that the agent's parser does not survive. */
export class FrameError extends Error {}

/** @throws FrameError when the frame is shorter than its header or HeaderLength is not 116. The digest is not checked: the agent does not. */
export function decodeFrame(raw: Buffer): Frame {
  if (raw.length < HEAD_BYTES) throw new FrameError(`a frame of ${raw.length} bytes is shorter than its header`);
  const headerLength = raw.readUInt32BE(0);
  if (headerLength !== HEADER_LENGTH) throw new FrameError(`HeaderLength is ${headerLength}`);
  return new ReceivedFrame(raw);
}

/** Its id is made text only when it is asked for, which is of messages that are acknowledged. */
class ReceivedFrame implements Frame {
  readonly messageType: string;
  readonly schemaVersion: number;
  readonly createdDate: number;
  readonly sequenceNumber: number;
  readonly flags: number;
  readonly payloadType: number;
  readonly payload: Buffer;
  readonly #raw: Buffer;

  constructor(raw: Buffer) {
    this.messageType = typeText(raw);
    this.schemaVersion = raw.readUInt32BE(36);
    this.createdDate = readNumber(raw, 40);
    this.sequenceNumber = readSigned(raw, 48);
    this.flags = readNumber(raw, 56);
    this.payloadType = raw.readUInt32BE(112);
    // PayloadLength is never used to slice.
    this.payload = raw.subarray(HEADER_LENGTH + 4);
    this.#raw = raw;
  }

  get messageId(): string {
    return uuidText(this.#raw, 64);
  }
}

/** Whether the SHA-256 in the header is the payload's. */
export function digestMatches(raw: Buffer): boolean {
  return hash('sha256', raw.subarray(HEAD_BYTES), 'buffer').equals(raw.subarray(80, 112));
}

/** @throws FrameError when the type is longer than its field. */
export function encodeFrame(frame: Frame): Buffer {
  const id = Buffer.from(frame.messageId.replaceAll('-', ''), 'hex');
  if (id.length !== 16) throw new FrameError(`"${frame.messageId}" is no UUID`);
  return assemble(frame, frame.schemaVersion, frame.createdDate, Buffer.concat([id.subarray(8), id.subarray(0, 8)]));
}

/** As `encodeFrame`, with a new random MessageId and the present date. */
export function newFrame(frame: FrameFields): Buffer {
  return assemble(frame, 1, Date.now(), randomWireId());
}

/** A frame of the service or agent that is no stream data: sequence 0, flags 3, payload type 0. */
export function controlFrame(messageType: MessageType, content: object): Buffer {
  return control(messageType, JSON.stringify(content));
}

/** The acknowledgement of a stream message. */
export function acknowledgement(of: Pick<Frame, 'messageType' | 'messageId' | 'sequenceNumber'>): Buffer {
  // Written out: one is made for every message. Neither field can hold a character that JSON would escape.
  return control(
    'acknowledge',
    `{"AcknowledgedMessageType":"${of.messageType}","AcknowledgedMessageId":"${of.messageId}",` +
      `"AcknowledgedMessageSequenceNumber":${of.sequenceNumber},"IsSequentialMessage":true}`,
  );
}

function control(messageType: MessageType, content: string): Buffer {
  const payload = Buffer.from(content);
  return newFrame({ messageType, sequenceNumber: 0, flags: HeaderFlags.control, payloadType: PayloadType.none, payload });
}

/** The uint32 of a Flag payload. */
export function flagPayload(flag: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(flag);
  return payload;
}

function assemble(frame: FrameFields, schemaVersion: number, createdDate: number, wireId: Buffer): Buffer {
  const { payload } = frame;
  const raw = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  raw.writeUInt32BE(HEADER_LENGTH, 0);
  typeField(frame.messageType).copy(raw, 4);
  raw.writeUInt32BE(schemaVersion, 36);
  writeNumber(raw, createdDate, 40);
  writeNumber(raw, frame.sequenceNumber, 48);
  writeNumber(raw, frame.flags, 56);
  wireId.copy(raw, 64);
  hash('sha256', payload, 'buffer').copy(raw, 80);
  raw.writeUInt32BE(frame.payloadType, 112);
  raw.writeUInt32BE(payload.length, 116);
  payload.copy(raw, HEAD_BYTES);
  return raw;
}

/** Trimmed; the usual ones are found by their first letters and compared whole. */
function typeText(raw: Buffer): string {
  const usual = raw[4] === 0x61 ? 'acknowledge' : 'input_stream_data';
  if (typeField(usual).compare(raw, 4, 36) === 0) return usual;
  return raw.toString('latin1', 4, 36).replace(/[ \0]+$/, '');
}

const typeFields = new Map<string, Buffer>();

function typeField(type: string): Buffer {
  let field = typeFields.get(type);
  if (!field) {
    if (type.length > 32) throw new FrameError(`message type "${type}" is longer than its field`);
    field = Buffer.from(type.padEnd(32, ' '), 'latin1');
    typeFields.set(type, field);
  }
  return field;
}

// Random bytes are drawn in bulk: one draw per message would cost more than the rest of the header.
const POOL_BYTES = 16 * 256;
const pool = Buffer.alloc(POOL_BYTES);
let poolAt = POOL_BYTES;

/** A version-4 UUID in wire order: the UUID's bytes 8..15 come first, so its variant is in byte 0 and its version in byte 14. */
function randomWireId(): Buffer {
  if (poolAt === POOL_BYTES) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const id = pool.subarray(poolAt, poolAt + 16);
  poolAt += 16;
  id[0] = (id[0]! & 0x3f) | 0x80;
  id[14] = (id[14]! & 0x0f) | 0x40;
  return id;
}

function uuidText(raw: Buffer, at: number): string {
  const hex = raw.toString('hex', at + 8, at + 16) + raw.toString('hex', at, at + 8);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function readNumber(raw: Buffer, at: number): number {
  return raw.readUInt32BE(at) * 2 ** 32 + raw.readUInt32BE(at + 4);
}

function readSigned(raw: Buffer, at: number): number {
  return raw.readInt32BE(at) * 2 ** 32 + raw.readUInt32BE(at + 4);
}

function writeNumber(raw: Buffer, value: number, at: number): void {
  raw.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  raw.writeUInt32BE(value % 2 ** 32, at + 4);
}
