import type { Reading } from './reading';

const HEADER = 8;
/** Where the text of a CONNECT packet begins. */
const TEXT_AT = 58;
const MAX_ANSWER = 8192;
/** Accept, refuse, redirect, resend, and data: what a listener says to CONNECT. */
const ANSWERS: ReadonlySet<number> = new Set([2, 4, 5, 6, 11]);

/** What Oracle's own `tnsping` asks of the listener; it starts no session and is logged as a ping. */
export const TNS_PING: Buffer = connectPacket('(CONNECT_DATA=(COMMAND=ping))');

export function readTnsAnswer(received: Buffer): Reading {
  if (received.length < HEADER) return undefined;
  const length = received.readUInt16BE(0);
  const checksums = received.readUInt16BE(2) | received.readUInt16BE(6);
  if (length < HEADER || length > MAX_ANSWER || checksums !== 0 || !ANSWERS.has(received[4]!)) return 'foreign';
  return received.length < length ? undefined : {};
}

/** A TNS packet of type 1. Numbers are big-endian; the version and sizes are those of clients that every server still takes. */
function connectPacket(text: string): Buffer {
  const packet = Buffer.alloc(TEXT_AT + text.length);
  packet.writeUInt16BE(packet.length, 0);
  packet.writeUInt8(1, 4);
  packet.writeUInt16BE(310, 8); // version
  packet.writeUInt16BE(300, 10); // oldest version understood
  packet.writeUInt16BE(0x0800, 14); // session data unit
  packet.writeUInt16BE(0x7fff, 16); // transport data unit
  packet.writeUInt16BE(0x7f08, 18); // what the transport can do
  packet.writeUInt16BE(1, 22); // byte order
  packet.writeUInt16BE(text.length, 24);
  packet.writeUInt16BE(TEXT_AT, 26);
  packet.write(text, TEXT_AT, 'latin1');
  return packet;
}
