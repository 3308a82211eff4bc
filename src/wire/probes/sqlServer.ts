import type { Reading } from './reading';

const HEADER = 8;
const PRELOGIN_TYPE = 0x12;
const ANSWER_TYPE = 0x04;
const END_OF_MESSAGE = 0x01;
const MAX_ANSWER = 4096;
const TERMINATOR = 0xff;

/** PRELOGIN, which comes before any login (MS-TDS 2.2.6.5): a version, encryption available, no instance name, no thread. */
export const PRELOGIN: Buffer = prelogin([
  [0, Buffer.from([0, 0, 0, 0, 0, 0])],
  [1, Buffer.from([0])],
  [2, Buffer.from([0])],
  [3, Buffer.alloc(4)],
]);

/** The server's PRELOGIN: a tabular result whose first option is its version, six bytes. */
export function readPrelogin(received: Buffer): Reading {
  if (received.length >= 1 && received[0] !== ANSWER_TYPE) return 'foreign';
  if (received.length < HEADER) return undefined;
  const length = received.readUInt16BE(2);
  if (received[1] !== END_OF_MESSAGE || length < HEADER + 12 || length > MAX_ANSWER) return 'foreign';
  if (received.length < length) return undefined;
  const options = received.subarray(HEADER, length);
  const offset = options.readUInt16BE(1);
  const isVersion = options[0] === 0 && options.readUInt16BE(3) === 6 && offset >= 6 && offset + 6 <= options.length;
  return isVersion ? {} : 'foreign';
}

/** Options as a table of token, offset and length, big-endian, then a terminator, then the values. */
function prelogin(options: readonly (readonly [token: number, value: Buffer])[]): Buffer {
  const table = Buffer.alloc(options.length * 5 + 1, TERMINATOR);
  let offset = table.length;
  for (const [index, [token, value]] of options.entries()) {
    table.writeUInt8(token, index * 5);
    table.writeUInt16BE(offset, index * 5 + 1);
    table.writeUInt16BE(value.length, index * 5 + 3);
    offset += value.length;
  }
  const packet = Buffer.concat([Buffer.alloc(HEADER), table, ...options.map(([, value]) => value)]);
  packet.set([PRELOGIN_TYPE, END_OF_MESSAGE]);
  packet.writeUInt16BE(packet.length, 2);
  return packet;
}
