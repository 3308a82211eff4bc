import type { Reading } from './reading';

/** Where our number is in a request, and where it comes back in the answer. */
const REQUEST_ID = 0x53616c79;
const OP_REPLY = 1;
const OP_MSG = 2013;
const HEADER = 16;
/** An answer to `hello` names the members of a replica set; a few kilobytes at most. */
const MAX_MESSAGE = 16 * 1024;

/** `{ hello: 1, $db: "admin" }` as an OP_MSG (MongoDB documentation, "Wire Protocol"); it needs no login. */
export const HELLO: Buffer = helloMessage();

/** A whole message that answers ours is an answer, whatever the command's own outcome: older servers do not know `hello`. */
export function readHello(received: Buffer): Reading {
  if (received.length < HEADER) return undefined;
  const length = received.readUInt32LE(0);
  const opCode = received.readUInt32LE(12);
  const ours = received.readUInt32LE(8) === REQUEST_ID && (opCode === OP_MSG || opCode === OP_REPLY);
  if (!ours || length <= HEADER || length > MAX_MESSAGE) return 'foreign';
  return received.length < length ? undefined : {};
}

function helloMessage(): Buffer {
  const one = Buffer.alloc(4);
  one.writeInt32LE(1);
  const database = Buffer.from('admin\0');
  const size = Buffer.alloc(4);
  size.writeInt32LE(database.length);
  // Elements of BSON: type (0x10 a 32-bit integer, 0x02 a string), name, value.
  const elements = [Buffer.from('\x10hello\0'), one, Buffer.from('\x02$db\0'), size, database];
  const document = Buffer.concat([Buffer.alloc(4), ...elements, Buffer.from([0])]);
  document.writeInt32LE(document.length);
  // No flags; one section of kind 0, the body.
  const message = Buffer.concat([Buffer.alloc(HEADER + 4), Buffer.from([0]), document]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt32LE(REQUEST_ID, 4);
  message.writeUInt32LE(OP_MSG, 12);
  return message;
}
