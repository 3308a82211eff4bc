import { Fault } from '../../base/fault';
import type { RespScalar, RespValue } from './values';

/** Also what a C library prints for those that are no numbers. */
const DOUBLE = /^[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|inf|nan)$/i;

/** What a line stands for that is a whole value. */
export function scalar(mark: string, rest: string): RespScalar {
  switch (mark) {
    case '+':
      return { type: 'status', text: rest };
    case '-':
      return { type: 'error', text: rest };
    case ':':
      if (!/^[+-]?\d{1,19}$/.test(rest)) throw malformed('an integer that is none');
      return { type: 'integer', value: BigInt(rest.startsWith('+') ? rest.slice(1) : rest) };
    case '_':
      return { type: 'null' };
    case '#':
      if (rest !== 't' && rest !== 'f') throw malformed('a boolean that is none');
      return { type: 'boolean', value: rest === 't' };
    case ',':
      if (!DOUBLE.test(rest)) throw malformed('a double that is none');
      return { type: 'double', text: rest };
    case '(':
      if (!/^[+-]?\d+$/.test(rest)) throw malformed('a big number that is none');
      return { type: 'bigNumber', text: rest };
    default:
      throw malformed(`a reply of the unknown type ${JSON.stringify(mark)}`);
  }
}

export function verbatim(bytes: Buffer, omitted: number): RespValue {
  if (bytes.length + omitted < 4) throw malformed('a verbatim string without a format');
  return { type: 'verbatim', format: bytes.toString('latin1', 0, 3), bytes: bytes.subarray(4), omitted };
}

export function lengthOf(rest: string): number {
  // Nineteen digits announce at most 2^63; as a number that is far above any ceiling, so the lost precision does not matter.
  if (!/^(-1|\d{1,19})$/.test(rest)) throw malformed('a length that is none');
  return Number(rest);
}

export function malformed(what: string): Fault {
  return new Fault('resp.protocol', `The server sent ${what}, which is not the Redis protocol.`);
}

export function tooLarge(what: string): Fault {
  return new Fault('resp.tooLarge', `The server announced ${what}, which is more than is accepted.`);
}
