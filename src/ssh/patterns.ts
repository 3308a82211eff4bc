import { lowerAscii } from './configLine';

/** `*`: any run of characters, `?`: any one (ssh_config(5), PATTERNS); case counts. Takes |text| × |pattern| steps at most. */
export function matchPattern(text: string, pattern: string): boolean {
  let at = 0;
  let want = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    const char = pattern[want];
    if (char === '*') {
      star = want++;
      retry = at;
    } else if (char !== undefined && (char === '?' || char === text[at])) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[want] === '*') want++;
  return want === pattern.length;
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
