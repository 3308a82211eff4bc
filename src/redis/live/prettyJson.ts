const INDENT = '  ';
/** Deeper than that nobody reads, and each line would be mostly blanks. */
const MAX_DEPTH = 100;

/**
 * The text in lines, two blanks per level; undefined for what is no object or array of JSON. Its tokens stay as they are: numbers
 * that JavaScript cannot hold, escapes, and keys that come twice.
 */
export function prettyJson(text: string): string | undefined {
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed)) return undefined;
  try {
    JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  const parts: string[] = [];
  let depth = 0;
  const line = (): void => {
    parts.push('\n', INDENT.repeat(depth));
  };
  // It is valid by now, so that tokens can be told by their first character.
  for (const [token] of trimmed.matchAll(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/gs)) {
    if (token === '{' || token === '[') {
      depth++;
      if (depth > MAX_DEPTH) return undefined;
      parts.push(token);
      line();
    } else if (token === '}' || token === ']') {
      depth--;
      line();
      parts.push(token);
    } else if (token === ',') {
      parts.push(token);
      line();
    } else if (token === ':') {
      parts.push(': ');
    } else {
      parts.push(/^[{[]/.test(token) ? token.replaceAll(/\s/g, '') : token);
    }
  }
  return parts.join('');
}
