import type { RespScalar, RespValue } from './values';

export type SequenceKind = 'array' | 'set' | 'push' | 'map';

/**
 * Is told of a reply while it arrives, value by value, so that nobody has to hold it as a whole. Every `open` is followed by
 * what it announces and by a `close`; attributes are left out. What the server streams without a length (`*?`) comes when it
 * is there, as far as it was kept.
 */
export interface ReplySink {
  /** `size`: elements, or pairs of a map, whose keys and values then come in turns. */
  open(kind: SequenceKind, size: number): void;
  /** `omitted`: how many of them are missing, at the end. */
  close(omitted: number): void;
  scalar(value: RespScalar): void;
  /** Its bytes follow in pieces, without the format of a verbatim string. */
  beginString(kind: 'bulk' | 'verbatim'): void;
  piece(bytes: Buffer): void;
  /** `omitted`: bytes that are missing, at the end. */
  endString(omitted: number): void;
  /** One value that was not kept. */
  missing(): void;
}

/** A sink for one reply of a connection. */
export interface ReplyReader extends ReplySink {
  /** What is kept of the reply as a value besides, as `RespLimits.keepBytes`. */
  readonly keepBytes: number;
  /** The reply as it was sent, in pieces that are only lent; of attributes before it what is kept of them. */
  wire(bytes: Buffer): void;
}

/** Tells a sink of a value that is there as a whole. */
export function replay(value: RespValue, sink: ReplySink): void {
  switch (value.type) {
    case 'array':
    case 'set':
    case 'push':
      sink.open(value.type, value.items.length + value.omitted);
      for (const item of value.items) replay(item, sink);
      sink.close(value.omitted);
      return;
    case 'map':
      sink.open('map', value.entries.length + value.omitted);
      for (const [key, item] of value.entries) {
        replay(key, sink);
        replay(item, sink);
      }
      sink.close(value.omitted);
      return;
    case 'bulk':
    case 'verbatim':
      sink.beginString(value.type);
      sink.piece(value.bytes);
      sink.endString(value.omitted);
      return;
    case 'status':
    case 'error':
    case 'integer':
    case 'double':
    case 'bigNumber':
    case 'boolean':
    case 'null':
      sink.scalar(value);
  }
}
