export { encodeCommand } from './encode';
export { DEFAULT_RESP_LIMITS, RespDecoder, type RespLimits } from './decoder';
export type { RespEntries, RespValue } from './values';
