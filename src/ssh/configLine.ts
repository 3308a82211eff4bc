/** One directive as it was written; the keyword is in lower case. */
export interface Directive {
  readonly keyword: string;
  /** What follows the keyword, unsplit: commands and Match take it as it is. */
  readonly rest: string;
  /** What follows the keyword, split and unquoted, up to a comment. */
  readonly args: readonly string[];
}

export type LineReading =
  | { readonly kind: 'blank' }
  | { readonly kind: 'directive'; readonly directive: Directive }
  | { readonly kind: 'bad'; readonly problem: string };

const BLANK: LineReading = { kind: 'blank' };

/**
 * One line, without its line feed, as OpenSSH's readconf.c takes it apart: the keyword ends at white space or one `=`, arguments
 * by the quoting rules of `splitArguments`. Text behind a NUL does not exist for OpenSSH, nor does it here.
 *
 * Not left to the package `ssh-config` (5.3), which reads one in nine of the tests' configurations otherwise than OpenSSH (single
 * quotes, backslashes, `#` within words and commands), throws at `Match !final`, and does not tell lines by number.
 */
export function readLine(line: string): LineReading {
  const end = line.indexOf('\0');
  const text = trimEnd(end < 0 ? line : line.slice(0, end));
  if (text === '') return BLANK;
  let word = nextWord(text, 0, true);
  if (word?.text === '' && word.next !== undefined) word = nextWord(text, word.next, true);
  if (!word || word.text === '' || word.text.startsWith('#')) return BLANK;
  const keyword = lowerAscii(word.text);
  const rest = word.next === undefined ? '' : text.slice(word.next).replace(/^[ \t\r\n]+/, '');
  if (rest === '') return { kind: 'bad', problem: `no argument after keyword "${printable(keyword)}"` };
  const args = splitArguments(rest);
  return args ? { kind: 'directive', directive: { keyword, rest, args } } : { kind: 'bad', problem: 'invalid quotes' };
}

/**
 * The words of a Match line: white space or one `=` between them, double quotes only (misc.c strdelim). Undefined: a quote is
 * not closed. The words end at a comment.
 */
export function matchWords(rest: string): string[] | undefined {
  const words: string[] = [];
  for (let at: number | undefined = 0; at !== undefined; ) {
    const word = nextWord(rest, at, true);
    if (!word) return undefined;
    if (word.text === '' || word.text.startsWith('#')) return words;
    words.push(word.text);
    at = word.next;
  }
  return words;
}

interface Word {
  readonly text: string;
  /** Where the next word begins; undefined at the end of the text. */
  readonly next: number | undefined;
}

/** misc.c strdelim: a quote ends what is before it and quotes what follows. Undefined when it is not closed. */
function nextWord(text: string, from: number, splitEquals: boolean): Word | undefined {
  let at = from;
  while (at < text.length && !isDelimiter(text[at]!, splitEquals)) at++;
  if (at === text.length) return { text: text.slice(from), next: undefined };
  if (text[at] === '"') {
    const close = text.indexOf('"', at + 1);
    if (close < 0) return undefined;
    return { text: text.slice(from, at) + text.slice(at + 1, close), next: skipSpace(text, close + 1) };
  }
  const word = text.slice(from, at);
  const equals = text[at] === '=';
  let next = skipSpace(text, at + 1);
  if (splitEquals && !equals && text[next] === '=') next = skipSpace(text, next + 1);
  return { text: word, next };
}

function isDelimiter(char: string, splitEquals: boolean): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n' || char === '"' || (splitEquals && char === '=');
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  return at;
}

/**
 * misc.c argv_split: blanks and tabs between arguments, both kinds of quotes anywhere, a backslash before a quote, a backslash or
 * (unquoted) a blank; a `#` that begins an argument begins a comment. Undefined when a quote is not closed.
 */
export function splitArguments(text: string): string[] | undefined {
  const args: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === ' ' || text[at] === '\t') {
      at++;
      continue;
    }
    if (text[at] === '#') break;
    const argument = readArgument(text, at);
    if (!argument) return undefined;
    args.push(argument.text);
    at = argument.end;
  }
  return args;
}

function readArgument(text: string, from: number): { readonly text: string; readonly end: number } | undefined {
  const parts: string[] = [];
  let quote = '';
  let at = from;
  let copied = from;
  const cut = (to: number, next: number): void => {
    parts.push(text.slice(copied, to));
    copied = next;
  };
  for (; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\') {
      const next = text[at + 1];
      if (next === "'" || next === '"' || next === '\\' || (next === ' ' && quote === '')) {
        cut(at, at + 1);
        at++;
      }
    } else if (quote === '') {
      if (char === ' ' || char === '\t') break;
      if (char === '"' || char === "'") {
        quote = char;
        cut(at, at + 1);
      }
    } else if (char === quote) {
      quote = '';
      cut(at, at + 1);
    }
  }
  if (quote !== '') return undefined;
  cut(at, at);
  return { text: parts.join(''), end: at };
}

/** C's tolower in the C locale, which is what OpenSSH runs its keywords and names through. */
export function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

// Not a regular expression: it would begin anew at each blank of a long run of them.
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\r\n\f'.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** For messages: short, and without control characters. */
export function printable(text: string): string {
  const clean = text.slice(0, 80).replace(/[\p{Cc}\p{Cf}]/gu, '?');
  return text.length > 80 ? `${clean}…` : clean;
}
