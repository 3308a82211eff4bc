import { RespDecoder, type RespValue } from '../../wire/resp';

/** What an element costs in memory beside its own bytes, and as much for the time that it takes. */
const ELEMENT_COST = 128;

/** The value of what was sent, kept up to `keepBytes`, however much of it is there; of several replies an array. */
export function readValue(wire: readonly Buffer[], keepBytes: number): RespValue | undefined {
  const decoder = new RespDecoder({ keepBytes, elementCost: ELEMENT_COST });
  const values = wire.flatMap((piece) => decoder.push(piece));
  const incomplete = decoder.beginning();
  if (incomplete) values.push(incomplete);
  return values.length > 1 ? { type: 'array', items: values, omitted: 0 } : values[0];
}

/** Whether the value, or anything in it, is incomplete. */
export function isCut(value: RespValue): boolean {
  switch (value.type) {
    case 'array':
    case 'set':
    case 'push':
      return value.omitted > 0 || value.items.some(isCut);
    case 'map':
      return value.omitted > 0 || value.entries.some(([key, item]) => isCut(key) || isCut(item));
    case 'bulk':
    case 'verbatim':
      return value.omitted > 0;
    case 'status':
    case 'error':
    case 'integer':
    case 'double':
    case 'bigNumber':
    case 'boolean':
    case 'null':
      return false;
  }
}

/** The bytes of a string, whatever kind of string it is. */
export function bytesOf(value: RespValue): Buffer | undefined {
  if (value.type === 'bulk' || value.type === 'verbatim') return value.bytes;
  return value.type === 'status' ? Buffer.from(value.text) : undefined;
}
