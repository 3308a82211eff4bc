import { Fault } from '../base/fault';

const SPACE = 0x20;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<string, number>> = { n: LF, r: CR, t: TAB, b: 0x08, a: 0x07 };

/**
 * Splits a line into arguments exactly as redis-cli does (sdssplitargs of sds.c). Between double quotes
 * `\n \r \t \b \a` and `\xHH` are escapes and any other escaped character stands for itself; between
 * single quotes only `\'` is one. Quotes may begin inside an argument, but must end it. Text becomes UTF-8.
 * @throws Fault `redis.syntax` for a quote that is not closed, or is followed by something other than a blank.
 */
export function splitArguments(line: string): Buffer[] {
  const bytes = Buffer.from(line, 'utf8');
  const args: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < bytes.length && isBlank(bytes[at]!)) at++;
    if (at >= bytes.length) return args;
    const arg: number[] = [];
    at = takeArgument(bytes, at, arg);
    args.push(Buffer.from(arg));
  }
}

function takeArgument(bytes: Buffer, from: number, arg: number[]): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === DOUBLE) return takeQuoted(bytes, at + 1, arg, takeDoubleQuotedCharacter, DOUBLE);
    if (byte === SINGLE) return takeQuoted(bytes, at + 1, arg, takeSingleQuotedCharacter, SINGLE);
    // Vertical tab and form feed separate arguments, yet do not end one: a peculiarity of the original.
    if (byte === SPACE || byte === LF || byte === CR || byte === TAB || byte === 0) return at + 1;
    arg.push(byte);
    at++;
  }
  return at;
}

type TakeCharacter = (bytes: Buffer, at: number, arg: number[]) => number;

function takeQuoted(bytes: Buffer, from: number, arg: number[], take: TakeCharacter, quote: number): number {
  let at = from;
  while (at < bytes.length) {
    if (bytes[at] === quote) {
      const next = bytes[at + 1];
      if (next !== undefined && !isBlank(next)) throw syntaxFault('A closing quote must be followed by a space.');
      return at + 1;
    }
    at = take(bytes, at, arg);
  }
  throw syntaxFault(`The ${quote === DOUBLE ? 'double' : 'single'} quote is not closed.`);
}

function takeDoubleQuotedCharacter(bytes: Buffer, at: number, arg: number[]): number {
  const byte = bytes[at]!;
  const next = bytes[at + 1];
  if (byte !== BACKSLASH || next === undefined) {
    arg.push(byte);
    return at + 1;
  }
  const hex = bytes.toString('latin1', at + 1, at + 4);
  if (/^x[0-9a-fA-F]{2}$/.test(hex)) {
    arg.push(Number.parseInt(hex.slice(1), 16));
    return at + 4;
  }
  arg.push(ESCAPES[String.fromCharCode(next)] ?? next);
  return at + 2;
}

function takeSingleQuotedCharacter(bytes: Buffer, at: number, arg: number[]): number {
  const escapedQuote = bytes[at] === BACKSLASH && bytes[at + 1] === SINGLE;
  arg.push(escapedQuote ? SINGLE : bytes[at]!);
  return escapedQuote ? at + 2 : at + 1;
}

/** C's isspace. */
function isBlank(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

function syntaxFault(detail: string): Fault {
  return new Fault('redis.syntax', `Invalid argument(s): ${detail.charAt(0).toLowerCase()}${detail.slice(1)}`, {
    remedy: { text: String.raw`Close every quote, and write a quote inside an argument as \" or \'.` },
  });
}
