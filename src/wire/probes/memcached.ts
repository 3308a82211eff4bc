import { agrees, serverText, type Reading } from './reading';

export const VERSION_REQUEST: Buffer = Buffer.from('version\r\n');

const LONGEST_LINE = 512;
const ANSWERS = ['VERSION ', 'CLIENT_ERROR ', 'SERVER_ERROR '].map((text) => Buffer.from(text));

/**
 * The answer to `version` (memcached's doc/protocol.txt). `CLIENT_ERROR` is what a server says that wants a login first.
 * A bare `ERROR` is foreign: every memcached knows the command.
 */
export function readVersion(received: Buffer): Reading {
  const known = ANSWERS.find((answer) => agrees(received, answer));
  if (!known || received.length > LONGEST_LINE) return 'foreign';
  const end = received.indexOf('\r\n');
  if (end < 0) return undefined;
  return known[0] === 0x53 ? { trouble: serverText(received.subarray(0, end)) } : {};
}
