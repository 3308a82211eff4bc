import * as crypto from 'node:crypto';
import { Fault } from '../../base/fault';

/** Value of the HeaderLength field: the bytes before PayloadLength (amazon-ssm-agent, agent message header). */
export const HEADER_LENGTH = 116;
/** Where the payload begins: HeaderLength and the four bytes of PayloadLength. */
export const PAYLOAD_OFFSET = HEADER_LENGTH + 4;
/** Larger messages are refused unread. The real agent was seen to send at most 1 kB and to accept 1 MiB. */
export const MAX_FRAME_BYTES = 2 * 1024 * 1024;

const TYPE_OFFSET = 4;
const TYPE_BYTES = 32;
const SCHEMA_OFFSET = 36;
const DATE_OFFSET = 40;
const SEQUENCE_OFFSET = 48;
const FLAGS_OFFSET = 56;
const ID_OFFSET = 64;
const DIGEST_OFFSET = 80;
const PAYLOAD_TYPE_OFFSET = 112;
const WORD = 0x1_0000_0000;
/** What messages are allocated from; one that waits for its acknowledgement keeps as much alive. */
const BLOCK_BYTES = 32 * 1024;
/** The same for messages of more than four kilobytes. */
const LARGE_BLOCK_BYTES = 256 * 1024;

/** MessageType as it stands on the wire, without its padding. */
export const MessageType = {
  input: 'input_stream_data',
  output: 'output_stream_data',
  acknowledge: 'acknowledge',
  channelClosed: 'channel_closed',
  startPublication: 'start_publication',
  pausePublication: 'pause_publication',
} as const;

/** PayloadType of stream data messages. */
export const PayloadType = {
  output: 1,
  error: 2,
  size: 3,
  parameter: 4,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  challengeRequest: 8,
  challengeResponse: 9,
  flag: 10,
  stdErr: 11,
  exitCode: 12,
} as const;

/** One message of the data channel. */
export interface Frame {
  readonly messageType: string;
  readonly schemaVersion: number;
  /** Milliseconds since the epoch. */
  readonly createdDate: number;
  /** 0 to 2^53 - 1. */
  readonly sequence: number;
  readonly flags: number;
  /** Sixteen bytes in wire order (the UUID's halves swapped); see `formatMessageId`. */
  readonly messageId: Uint8Array;
  readonly payloadType: number;
  readonly payload: Buffer;
}

/** Everything but the payload; what a header holds when it is written. */
export type FrameHead = Omit<Frame, 'payload'>;

/**
 * Reads one message. The payload and the id are views of `bytes`.
 * @throws Fault `ssm.protocol`: too short or too large, another HeaderLength, a number beyond 2^53, a wrong digest.
 */
export function decodeFrame(bytes: Buffer): Frame {
  if (bytes.length > MAX_FRAME_BYTES) throw malformed(`it is ${bytes.length} bytes long`);
  if (bytes.length < PAYLOAD_OFFSET) throw malformed(`it is only ${bytes.length} bytes long`);
  const headerLength = bytes.readUInt32BE(0);
  if (headerLength !== HEADER_LENGTH) throw malformed(`its header claims ${headerLength} bytes`);
  const messageType = readType(bytes);
  const payload = bytes.subarray(PAYLOAD_OFFSET);
  if (isDigestDue(messageType, bytes.readUInt32BE(HEADER_LENGTH), payload.length) && !digestMatches(bytes, payload)) {
    throw malformed('its digest does not match its payload');
  }
  return {
    messageType,
    schemaVersion: bytes.readUInt32BE(SCHEMA_OFFSET),
    createdDate: readNumber(bytes, DATE_OFFSET),
    sequence: readNumber(bytes, SEQUENCE_OFFSET),
    flags: readNumber(bytes, FLAGS_OFFSET),
    messageId: bytes.subarray(ID_OFFSET, DIGEST_OFFSET),
    payloadType: bytes.readUInt32BE(PAYLOAD_TYPE_OFFSET),
    payload,
  };
}

/**
 * Writes one message; `payload` is the concatenation of its chunks and may not be empty (neither real program can
 * emit that).
 */
export function encodeFrame(head: FrameHead, payload: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const chunk of payload) length += chunk.length;
  if (length === 0) throw new Fault('internal.unexpected', 'A Session Manager message needs a payload.');
  const bytes = Buffer.allocUnsafe(PAYLOAD_OFFSET + length);
  bytes.writeUInt32BE(HEADER_LENGTH, 0);
  bytes.fill(0x20, TYPE_OFFSET, TYPE_OFFSET + TYPE_BYTES);
  bytes.write(head.messageType, TYPE_OFFSET, TYPE_BYTES, 'latin1');
  bytes.writeUInt32BE(head.schemaVersion, SCHEMA_OFFSET);
  writeNumber(bytes, head.flags, FLAGS_OFFSET);
  bytes.set(head.messageId, ID_OFFSET);
  return complete(bytes, head, payload, length);
}

/** Writes the messages of one session fast: headers from templates, ids from a counter. */
export class FrameWriter {
  readonly #id: Uint8Array;
  #counter = 0;
  #block: Buffer = Buffer.alloc(0);
  #blockEnd = 0;

  /** @param seed sixteen random bytes; the ids of all messages differ from it in their last four bytes. */
  constructor(seed: Uint8Array) {
    this.#id = Uint8Array.from(seed.subarray(0, 16));
    // Wire order: byte 14 is the UUID's seventh (version 4), byte 0 its ninth (variant).
    this.#id[14] = (this.#id[14]! & 0x0f) | 0x40;
    this.#id[0] = (this.#id[0]! & 0x3f) | 0x80;
  }

  /** A stream data message from the client. */
  data(payloadType: number, sequence: number, createdDate: number, payload: readonly Uint8Array[]): Buffer {
    let length = 0;
    for (const chunk of payload) length += chunk.length;
    if (length === 0) throw new Fault('internal.unexpected', 'A Session Manager message needs a payload.');
    return this.#from(DATA_TEMPLATE, { payloadType, sequence, createdDate }, payload, length);
  }

  /** An acknowledgement; `payload` as `acknowledgementPayload` builds it. */
  acknowledgement(createdDate: number, payload: Uint8Array): Buffer {
    const fields = { payloadType: 0, sequence: 0, createdDate };
    return this.#from(ACKNOWLEDGEMENT_TEMPLATE, fields, [payload], payload.length);
  }

  /** From blocks of our own: the shared pool is used up by seven messages. */
  #allocate(size: number): Buffer {
    if (size > LARGE_BLOCK_BYTES / 4) return Buffer.allocUnsafeSlow(size);
    if (this.#blockEnd + size > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(size > BLOCK_BYTES / 8 ? LARGE_BLOCK_BYTES : BLOCK_BYTES);
      this.#blockEnd = 0;
    }
    const start = this.#blockEnd;
    // The next one begins at a word again.
    this.#blockEnd = (start + size + 7) & ~7;
    return this.#block.subarray(start, start + size);
  }

  #from(template: Buffer, fields: CompletedFields, payload: readonly Uint8Array[], length: number): Buffer {
    const bytes = this.#allocate(PAYLOAD_OFFSET + length);
    bytes.set(template, 0);
    this.#counter = (this.#counter + 1) >>> 0;
    bytes.set(this.#id, ID_OFFSET);
    bytes.writeUInt32BE(this.#counter, ID_OFFSET + 4);
    return complete(bytes, fields, payload, length);
  }
}

type CompletedFields = Pick<FrameHead, 'createdDate' | 'sequence' | 'payloadType'>;

/** Fills in what changes from message to message: date, sequence number, payload, digest. */
function complete(bytes: Buffer, head: CompletedFields, payload: readonly Uint8Array[], length: number): Buffer {
  writeNumber(bytes, head.createdDate, DATE_OFFSET);
  writeNumber(bytes, head.sequence, SEQUENCE_OFFSET);
  bytes.writeUInt32BE(head.payloadType, PAYLOAD_TYPE_OFFSET);
  bytes.writeUInt32BE(length, HEADER_LENGTH);
  let offset = PAYLOAD_OFFSET;
  for (const chunk of payload) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  bytes.set(sha256(bytes.subarray(PAYLOAD_OFFSET)), DIGEST_OFFSET);
  return bytes;
}

function template(messageType: string, flags: number): Buffer {
  const bytes = Buffer.alloc(PAYLOAD_OFFSET);
  bytes.writeUInt32BE(HEADER_LENGTH, 0);
  bytes.fill(0x20, TYPE_OFFSET, TYPE_OFFSET + TYPE_BYTES);
  bytes.write(messageType, TYPE_OFFSET, TYPE_BYTES, 'latin1');
  bytes.writeUInt32BE(1, SCHEMA_OFFSET);
  writeNumber(bytes, flags, FLAGS_OFFSET);
  return bytes;
}

// Header flags: client data 0, acknowledgements 3.
const DATA_TEMPLATE = template(MessageType.input, 0);
const ACKNOWLEDGEMENT_TEMPLATE = template(MessageType.acknowledge, 3);

const COMMON_TYPES = [MessageType.output, MessageType.acknowledge].map((name) => ({
  name,
  padded: Buffer.from(name.padEnd(TYPE_BYTES)),
}));

function readType(bytes: Buffer): string {
  for (const { name, padded } of COMMON_TYPES) {
    if (sameBytes(bytes, TYPE_OFFSET, padded)) return name;
  }
  // Both real programs trim spaces and NULs.
  let end = TYPE_OFFSET + TYPE_BYTES;
  let start = TYPE_OFFSET;
  while (end > start && isPadding(bytes[end - 1]!)) end--;
  while (start < end && isPadding(bytes[start]!)) start++;
  return bytes.toString('latin1', start, end);
}

function isPadding(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

/**
 * Stream data and acknowledgements come from the agent, whose digest is always right. The service's own
 * messages are checked as AWS's client does: not the publication ones, and not where PayloadLength is 0.
 */
function isDigestDue(messageType: string, payloadLength: number, present: number): boolean {
  switch (messageType) {
    case MessageType.output:
    case MessageType.input:
    case MessageType.acknowledge:
      return present > 0 || payloadLength > 0;
    case MessageType.startPublication:
    case MessageType.pausePublication:
      return false;
    default:
      return payloadLength !== 0;
  }
}

function digestMatches(bytes: Buffer, payload: Buffer): boolean {
  return sameBytes(bytes, DIGEST_OFFSET, sha256(payload));
}

/** Word by word: a native comparison costs more than 32 bytes are worth. */
function sameBytes(bytes: Buffer, offset: number, other: Buffer): boolean {
  for (let at = 0; at < 32; at += 4) if (bytes.readUInt32LE(offset + at) !== other.readUInt32LE(at)) return false;
  return true;
}

/**
 * `crypto.hash` (Node 20.12) is the one-shot form and costs half of a Hash object; older runtimes have only the
 * latter.
 */
export function chooseDigest(
  api: Partial<Pick<typeof crypto, 'hash'>> & Pick<typeof crypto, 'createHash'>,
): (data: Uint8Array) => Buffer {
  const { hash } = api;
  return hash ? (data) => hash('sha256', data, 'buffer') : (data) => api.createHash('sha256').update(data).digest();
}

const sha256 = chooseDigest(crypto);

function readNumber(bytes: Buffer, offset: number): number {
  const high = bytes.readUInt32BE(offset);
  if (high > 0x1f_ffff) throw malformed('a number in its header is out of range');
  return high * WORD + bytes.readUInt32BE(offset + 4);
}

function writeNumber(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(value / WORD), offset);
  bytes.writeUInt32BE(value % WORD, offset + 4);
}

/** The UUID text of an id in wire order. */
export function formatMessageId(wire: Uint8Array): string {
  const hex = Buffer.from(wire.buffer, wire.byteOffset, 16).toString('hex');
  return `${hex.slice(16, 24)}-${hex.slice(24, 28)}-${hex.slice(28)}-${hex.slice(0, 4)}-${hex.slice(4, 16)}`;
}

/** Wire order of a UUID: bytes 8 to 15, then 0 to 7. */
export function parseMessageId(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw malformed('a message id is not a UUID');
  return Buffer.concat([bytes.subarray(8), bytes.subarray(0, 8)]);
}

function malformed(why: string): Fault {
  const text = `A message on the Session Manager channel cannot be read: ${why}.`;
  return new Fault('ssm.protocol', text, { retryable: true });
}
