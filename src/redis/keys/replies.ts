import { Fault } from '../../base/fault';
import type { RespValue } from '../../wire/resp';
import { nameText } from './shown';

const MAX_LABEL_BYTES = 100;

/** A string of a reply; `omitted`: bytes that were not kept. */
export interface ReplyBytes {
  readonly bytes: Buffer;
  readonly omitted: number;
}

export function itemsOf(value: RespValue | undefined): readonly RespValue[] {
  if (value?.type === 'array' || value?.type === 'set') return value.items;
  return value?.type === 'map' ? value.entries.flat() : [];
}

/** Elements of an aggregate that were received but not kept. */
export function omittedOf(value: RespValue | undefined): number {
  return value && 'omitted' in value ? value.omitted : 0;
}

/** Undefined for what is no string. */
export function bytesOf(value: RespValue | undefined): ReplyBytes | undefined {
  if (value?.type === 'bulk' || value?.type === 'verbatim') return { bytes: value.bytes, omitted: value.omitted };
  if (value?.type === 'status' || value?.type === 'double' || value?.type === 'bigNumber') return { bytes: Buffer.from(value.text), omitted: 0 };
  return value?.type === 'integer' ? { bytes: Buffer.from(String(value.value)), omitted: 0 } : undefined;
}

/** Undefined for what is no string, or was not kept whole. */
export function textOf(value: RespValue | undefined): string | undefined {
  const found = bytesOf(value);
  return found && found.omitted === 0 ? found.bytes.toString('utf8') : undefined;
}

/** Undefined for what is no integer that a number holds exactly. */
export function integerOf(value: RespValue | undefined): number | undefined {
  const number = value?.type === 'integer' ? Number(value.value) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** An integer that is not negative. */
export function countOf(value: RespValue | undefined): number | undefined {
  const number = integerOf(value);
  return number !== undefined && number >= 0 ? number : undefined;
}

/** A word of the server's that is shown: short, and with escapes for what cannot be seen. */
export function labelOf(value: RespValue | undefined): string | undefined {
  const found = bytesOf(value);
  return found && nameText(found.bytes.subarray(0, MAX_LABEL_BYTES)).slice(0, MAX_LABEL_BYTES);
}

/**
 * Whether the server does not let this user run the command, or does not have it. It will be so next time, whatever the key;
 * that a key is not for this user is another matter.
 */
export function isDenied(value: RespValue | undefined): boolean {
  return value?.type === 'error' && /^NOPERM\b.*\bto run\b|^ERR unknown (?:command|subcommand)/i.test(value.text);
}

/** Whether the key holds another kind of value than the command is for. */
export function isWrongType(value: RespValue): boolean {
  return value.type === 'error' && value.text.startsWith('WRONGTYPE');
}

/** @throws Fault `redis.noPermission`, `redis.replied` when it is an error. `what`: the command. */
export function checked(value: RespValue | undefined, what: string): RespValue {
  if (!value) throw new Fault('redis.replied', `${what} was not answered.`);
  if (value.type !== 'error') return value;
  if (/^NOPERM\b/.test(value.text)) {
    throw new Fault('redis.noPermission', isDenied(value) ? `This user may not run ${what}.` : `This user may not run ${what} on that key.`, {
      remedy: { text: 'Ask for the right, or log in as another user.', action: 'changeLogin' },
    });
  }
  throw new Fault('redis.replied', `${what} failed: ${nameText(Buffer.from(value.text.slice(0, 300)))}`);
}
