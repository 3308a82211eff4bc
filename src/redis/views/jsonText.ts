import { BoundedText, type TextTarget } from '../render';
import { escapeUnseen } from './json';

/** Two blanks for each level, up to here. */
const MAX_INDENT = 100;
/** More is not even tried: the text has to be read as a whole to know that it is JSON. */
export const MAX_JSON_CHARS = 8 * 1024 * 1024;

/** Whether a text is a JSON object or array; a bare number or string may be anything. */
export function isJson(text: string): boolean {
  const first = text.trimStart()[0];
  if ((first !== '{' && first !== '[') || text.length > MAX_JSON_CHARS) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The beginning of it as `indentJson` writes it; undefined where it `isJson` not. @param maxChars UTF-16 units */
export function indentedJson(text: string, maxChars: number): string | undefined {
  if (!isJson(text)) return undefined;
  const out = new BoundedText(maxChars);
  indentJson(text, out);
  return out.text;
}

/** Writes JSON anew with line ends and indentation. Numbers and the order of members stay as they are, whatever their size. */
export function indentJson(text: string, out: TextTarget): void {
  let depth = 0;
  let opened = false;
  for (const token of tokensOf(text)) {
    if (out.full) {
      out.cut();
      return;
    }
    const mark = MARKS.has(token) ? token : '';
    const closes = mark === '}' || mark === ']';
    if (closes) depth--;
    // What is empty stays on one line.
    if (opened !== closes) out.add(opened || closes ? lineEnd(depth) : '');
    opened = mark === '{' || mark === '[';
    if (opened) depth++;
    if (mark === ',') out.add(`,${lineEnd(depth)}`);
    else if (mark === ':') out.add(': ');
    else out.add(escapeUnseen(token));
  }
}

const MARKS = new Set(['{', '}', '[', ']', ',', ':']);
const BLANKS = new Set([' ', '\n', '\r', '\t']);

/** Of text that is known to be JSON, without blanks. */
function* tokensOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const first = text[at]!;
    let end = at + 1;
    if (first === '"') end = stringEnd(text, at);
    else if (!MARKS.has(first)) while (end < text.length && !MARKS.has(text[end]!) && !BLANKS.has(text[end]!)) end++;
    if (!BLANKS.has(first)) yield text.slice(at, end);
    at = end;
  }
}

/** A regular expression would run out of stack on a long one. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function lineEnd(depth: number): string {
  return `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}`;
}
