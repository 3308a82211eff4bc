/** How many slots a cluster has (redis.io, "Redis cluster specification"). */
export const SLOTS = 16_384;

const OPEN = 0x7b;
const CLOSE = 0x7d;

/** The slot of a key: CRC16 of its hash tag if it has one, else of all of it. */
export function slotOf(key: Buffer): number {
  return crc16(hashTag(key)) % SLOTS;
}

/** What stands between the first `{` and the first `}` behind it, unless that is nothing. */
function hashTag(key: Buffer): Buffer {
  const open = key.indexOf(OPEN);
  if (open < 0) return key;
  const close = key.indexOf(CLOSE, open + 1);
  return close > open + 1 ? key.subarray(open + 1, close) : key;
}

/** CRC-16/XMODEM: polynomial 0x1021, beginning with 0. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}
