import { lowerAscii } from './configLine';
import { matchElements } from './wildcard';
import type { WildcardElement } from './wildcard';

/** `*`: any run of characters, `?`: any one (ssh_config(5), PATTERNS); case counts. */
export function matchPattern(text: string, pattern: string): boolean {
  // Most patterns are names.
  if (isPlain(pattern)) return text === pattern;
  const elements: WildcardElement[] = [];
  // By code units, as the text is looked at.
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    elements.push(char === '*' ? undefined : (other) => char === '?' || other === char);
  }
  return matchElements(text, elements);
}

function isPlain(pattern: string): boolean {
  return !pattern.includes('*') && !pattern.includes('?');
}

/** A list divided by commas: a negated (`!`) pattern that matches forbids, whatever else matches. */
export type ListMatch = 'match' | 'none' | 'forbidden';

/**
 * match.c match_pattern_list. `lower`: patterns are compared in lower case, the text as it is.
 */
export function matchPatternList(text: string, list: string, lower = false): ListMatch {
  let found: ListMatch = 'none';
  for (const item of list.split(',')) {
    const negated = item.startsWith('!');
    const written = negated ? item.slice(1) : item;
    if (!matchPattern(text, lower ? lowerAscii(written) : written)) continue;
    if (negated) return 'forbidden';
    found = 'match';
  }
  return found;
}

/** Names of hosts: case does not count (match.c match_hostname). */
export function matchHostname(name: string, list: string): boolean {
  return matchPatternList(lowerAscii(name), list, true) === 'match';
}

/** Whether a Host pattern names one host: no wildcards, not negated. */
export function isConcrete(pattern: string): boolean {
  return !/[*?!]/.test(pattern);
}
