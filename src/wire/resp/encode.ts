import type { RespEntries, RespValue } from './values';

const CRLF = Buffer.from('\r\n');

/** A command as an array of bulk strings, the form that every server version reads; strings go as UTF-8. */
export function encodeCommand(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const AGGREGATES = { array: '*', set: '~', push: '>' } as const;

/** A value as a server would send it in RESP3, so that it decodes to the same; of what was not kept nothing is there. */
export function encodeValue(value: RespValue): Buffer {
  const parts: Buffer[] = [];
  addValue(value, parts);
  return Buffer.concat(parts);
}

/** What comes before a value, as a server would send it in RESP3; nothing of no attributes. */
export function encodeAttributes(attributes: RespEntries): Buffer {
  const parts: Buffer[] = [];
  addAttributes(attributes, parts);
  return Buffer.concat(parts);
}

function addAttributes(attributes: RespEntries, parts: Buffer[]): void {
  if (attributes.length > 0) addEntries('|', attributes, parts);
}

function addEntries(mark: string, entries: RespEntries, parts: Buffer[]): void {
  addLine(`${mark}${entries.length}`, parts);
  for (const entry of entries) for (const one of entry) addValue(one, parts);
}

function addValue(value: RespValue, parts: Buffer[]): void {
  addAttributes(value.attributes ?? [], parts);
  switch (value.type) {
    case 'status':
      addLine(`+${value.text}`, parts);
      break;
    case 'error':
      // Of any bytes: a blob error.
      addBytes('!', Buffer.from(value.text), parts);
      break;
    case 'integer':
      addLine(`:${value.value}`, parts);
      break;
    case 'bulk':
      addBytes('$', value.bytes, parts);
      break;
    case 'verbatim':
      addBytes('=', Buffer.concat([Buffer.from(`${value.format}:`), value.bytes]), parts);
      break;
    case 'null':
      addLine('_', parts);
      break;
    case 'boolean':
      addLine(value.value ? '#t' : '#f', parts);
      break;
    case 'double':
      addLine(`,${value.text}`, parts);
      break;
    case 'bigNumber':
      addLine(`(${value.text}`, parts);
      break;
    case 'map':
      addEntries('%', value.entries, parts);
      break;
    case 'array':
    case 'set':
    case 'push':
      addLine(`${AGGREGATES[value.type]}${value.items.length}`, parts);
      for (const item of value.items) addValue(item, parts);
  }
}

function addLine(line: string, parts: Buffer[]): void {
  parts.push(Buffer.from(line), CRLF);
}

function addBytes(mark: string, bytes: Buffer, parts: Buffer[]): void {
  parts.push(Buffer.from(`${mark}${bytes.length}\r\n`), bytes, CRLF);
}
