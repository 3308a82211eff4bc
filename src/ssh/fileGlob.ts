import { readdir, lstat } from 'node:fs/promises';
import { isMissing } from './textFile';
import { matchElements } from './wildcard';
import type { WildcardElement } from './wildcard';

/** More matches than anybody's configuration has. */
const MAX_MATCHES = 4096;

/**
 * glob(3) as Include uses it: `*`, `?`, `[…]` and backslash within one path segment, hidden files only by a literal dot, sorted
 * by code units. A path without wildcards is itself, if it exists. Segments are divided by `/`.
 */
export async function globFiles(pattern: string): Promise<string[]> {
  const [first, ...segments] = pattern.split('/');
  let found = [first!];
  for (const segment of segments) {
    const next: string[] = [];
    for (const folder of found) {
      if (!/[*?[\\]/.test(segment)) next.push(`${folder}/${segment}`);
      else for (const name of await matchingNames(folder === '' ? '/' : folder, segment)) next.push(`${folder}/${name}`);
      if (next.length > MAX_MATCHES) break;
    }
    found = next.slice(0, MAX_MATCHES);
  }
  const existing: string[] = [];
  for (const path of found) if (await exists(path)) existing.push(path);
  return existing;
}

async function matchingNames(folder: string, segment: string): Promise<string[]> {
  const elements = globElements(segment);
  const hidden = segment.startsWith('.') || segment.startsWith('\\.');
  try {
    const names = await readdir(folder);
    return names.filter((name) => (hidden || !name.startsWith('.')) && matchElements(name, elements)).toSorted();
  } catch {
    // A folder that cannot be listed matches nothing, as for glob(3) without GLOB_ERR.
    return [];
  }
}

/** The elements of one path segment. */
export function globElements(segment: string): WildcardElement[] {
  const elements: WildcardElement[] = [];
  for (let at = 0; at < segment.length; at++) {
    const char = segment[at]!;
    const bracket = char === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(segment.slice(at)) : null;
    if (bracket) {
      elements.push(bracketTest(bracket[2]!, bracket[1] !== ''));
      at += bracket[0].length - 1;
    } else if (char === '*') {
      elements.push(undefined);
    } else if (char === '?') {
      elements.push(() => true);
    } else {
      const literal = char === '\\' && at + 1 < segment.length ? segment[++at]! : char;
      elements.push((other) => other === literal);
    }
  }
  return elements;
}

function bracketTest(members: string, negated: boolean): (char: string) => boolean {
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    ranges.push([members[at]!, members[isRange ? at + 2 : at]!]);
    if (isRange) at += 2;
  }
  return (char) => ranges.some(([low, high]) => char >= low && char <= high) !== negated;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    // What cannot be looked at does exist: reading it tells the person why.
    return !isMissing(error);
  }
}
