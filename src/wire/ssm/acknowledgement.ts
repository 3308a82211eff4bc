import { Fault } from '../../base/fault';
import { MessageType } from './frame';
import { parseJsonObject } from './messages';

// The field order of both real programs, so that the common case needs no JSON at all.
const MIDDLE = Buffer.from('","AcknowledgedMessageSequenceNumber":');
const SUFFIX = Buffer.from(',"IsSequentialMessage":true}');
const OURS = prefix(MessageType.output);
const THEIRS = prefix(MessageType.input);
const ID_TEXT = 36;

function prefix(messageType: string): Buffer {
  return Buffer.from(`{"AcknowledgedMessageType":"${messageType}","AcknowledgedMessageId":"`);
}

/** The payload that acknowledges an `output_stream_data` message; `messageId` in wire order. */
export function acknowledgementPayload(messageId: Uint8Array, sequence: number): Buffer {
  const digits = String(sequence);
  const payload = Buffer.allocUnsafe(OURS.length + ID_TEXT + MIDDLE.length + digits.length + SUFFIX.length);
  payload.set(OURS, 0);
  let offset = writeUuid(payload, OURS.length, messageId);
  payload.set(MIDDLE, offset);
  offset += MIDDLE.length;
  payload.write(digits, offset, 'latin1');
  payload.set(SUFFIX, offset + digits.length);
  return payload;
}

/**
 * The sequence number that an acknowledgement from the agent confirms; undefined when it speaks of another kind of
 * message.
 * @throws Fault `ssm.protocol`
 */
export function parseAcknowledgement(payload: Buffer): number | undefined {
  const fast = parseUsualForm(payload);
  if (fast !== undefined) return fast;
  const fields = parseJsonObject(payload, 'acknowledgement');
  if (fields['AcknowledgedMessageType'] !== MessageType.input) return undefined;
  const sequence = fields['AcknowledgedMessageSequenceNumber'];
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 0) {
    throw new Fault('ssm.protocol', 'An acknowledgement names no valid sequence number.', { retryable: true });
  }
  return sequence;
}

function parseUsualForm(payload: Buffer): number | undefined {
  const middle = THEIRS.length + ID_TEXT;
  const digits = middle + MIDDLE.length;
  // Sixteen digits at most keep the number exact.
  if (payload.length <= digits + SUFFIX.length || payload.length > digits + 15 + SUFFIX.length) return undefined;
  if (THEIRS.compare(payload, 0, THEIRS.length) !== 0) return undefined;
  if (MIDDLE.compare(payload, middle, digits) !== 0) return undefined;
  let value = 0;
  for (let index = digits; index < payload.length - SUFFIX.length; index++) {
    const digit = payload[index]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

const HEX = Array.from({ length: 256 }, (_, byte) => Buffer.from(byte.toString(16).padStart(2, '0')).readUInt16BE(0));
// Which byte of the wire form stands at each place of the UUID's text; -1 is a dash.
const TEXT_ORDER = [8, 9, 10, 11, -1, 12, 13, -1, 14, 15, -1, 0, 1, -1, 2, 3, 4, 5, 6, 7];

function writeUuid(target: Buffer, offset: number, wire: Uint8Array): number {
  let at = offset;
  for (const index of TEXT_ORDER) {
    if (index < 0) target[at++] = 0x2d;
    else {
      const pair = HEX[wire[index]!]!;
      target[at++] = pair >>> 8;
      target[at++] = pair & 0xff;
    }
  }
  return at;
}
