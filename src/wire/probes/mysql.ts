import { serverText, type Reading } from './reading';

/** Longest first packet that is read: a greeting has about 100 bytes, an error at most 512 of text. */
const MAX_PACKET = 1024;
const HEADER = 4;
const PROTOCOL_10 = 0x0a;
const ERROR = 0xff;
const LONGEST_VERSION = 128;
/** After the version: thread id, eight bytes of the scramble, a zero, two bytes of capabilities. */
const AFTER_VERSION = 4 + 8 + 1 + 2;

/**
 * The first packet of a MySQL or MariaDB server, which speaks first (MySQL documentation, "Protocol::HandshakeV10"):
 * its greeting, or an error instead (1129 host is blocked, 1130 host is not allowed, 1040 too many connections).
 */
export function readGreeting(received: Buffer): Reading {
  if (received.length <= HEADER) return undefined;
  const length = received.readUIntLE(0, 3);
  const sequence = received[3]!;
  const kind = received[HEADER]!;
  if (length > MAX_PACKET || sequence > 1 || (kind !== PROTOCOL_10 && kind !== ERROR)) return 'foreign';
  if (received.length < HEADER + length) return undefined;
  const packet = received.subarray(HEADER, HEADER + length);
  return kind === ERROR ? readError(packet) : readVersion(packet);
}

function readVersion(packet: Buffer): Reading {
  const end = packet.indexOf(0, 1);
  const version = packet.toString('latin1', 1, Math.max(end, 1));
  const plausible = /^\d+\.[\x21-\x7e]+$/.test(version) && version.length <= LONGEST_VERSION;
  return plausible && packet.length >= end + 1 + AFTER_VERSION ? {} : 'foreign';
}

/** 0xff, the number, and before a client's capabilities are known only text; newer servers put `#` and a state before it. */
function readError(packet: Buffer): Reading {
  if (packet.length < 4) return 'foreign';
  const code = packet.readUInt16LE(1);
  // Numbers of errors that a server sends begin at 1000.
  if (code < 1000) return 'foreign';
  const text = serverText(packet.subarray(packet[3] === 0x23 ? Math.min(9, packet.length) : 3));
  return { trouble: `${text} (error ${code})` };
}
