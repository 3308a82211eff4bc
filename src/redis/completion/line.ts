import { splitArguments } from '../splitArguments';

/** What of a line stands before the cursor. */
export interface TypedLine {
  /** Complete words, without a number to repeat by. */
  readonly words: readonly Buffer[];
  /** The word that ends at the cursor; empty between two words. */
  readonly current: Buffer;
  /** Where that word begins in the line, UTF-16 units. */
  readonly from: number;
  /** Whether it begins with a quote. */
  readonly quoted: boolean;
}

const BLANK = /[\s\0]/;

/**
 * Splits what stands before the cursor as `splitArguments` does, with a last word that may still be open.
 * @returns undefined where nothing can be completed: for quotes that cannot become right, and in the middle of a word
 */
export function typedLine(line: string, cursor: number): TypedLine | undefined {
  const next = line[cursor];
  if (next !== undefined && !BLANK.test(next)) return undefined;
  const before = line.slice(0, cursor);
  const from = startOfLastWord(before);
  const open = before.slice(from);
  try {
    const words = splitArguments(before.slice(0, from));
    const current = openWord(open);
    if (!current) return undefined;
    // `5 INCR a` runs five times.
    const counted = words.length > 0 && /^[+-]?\d+$/.test(words[0]!.toString('latin1'));
    return { words: counted ? words.slice(1) : words, current, from, quoted: open.startsWith('"') || open.startsWith("'") };
  } catch {
    return undefined;
  }
}

function startOfLastWord(text: string): number {
  let start = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote === '') {
      if (BLANK.test(character)) start = at + 1;
      else if (character === '"' || character === "'") quote = character;
    } else if (character === '\\' && (quote === '"' || text[at + 1] === "'")) at++;
    else if (character === quote) quote = '';
  }
  return start;
}

/** Undefined while an escape is half written. */
function openWord(text: string): Buffer | undefined {
  for (const end of ['', '"', "'"]) {
    try {
      return splitArguments(text + end)[0] ?? Buffer.alloc(0);
    } catch {
      // Another quote may be the one that is open.
    }
  }
  return undefined;
}
