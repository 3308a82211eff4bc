export { encodeCommand, encodeValue } from './encode';
export { DEFAULT_RESP_LIMITS, RespDecoder, type RespLimits } from './decoder';
export { replay, type ReplyReader, type ReplySink, type SequenceKind } from './reader';
export type { RespEntries, RespScalar, RespValue } from './values';
