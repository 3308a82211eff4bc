import type { InputTree, InputValue } from './input';

/** Deeper than any member of the services here. */
const DEEPEST = 12;

type Branch = Map<string, Branch | string>;

/**
 * Turns the dotted names of the query protocols into a tree: `Filter.1.Value.2` becomes an entry of a list in an
 * entry of a list. Names of numbers alone are lists in numeric order, and so is a sole `member` (or other element
 * name) that holds numbers.
 * @returns undefined when the text is not form data, or a name is used both as a value and as a structure
 */
export function parseQueryParameters(form: string): InputTree | undefined {
  const root: Branch = new Map();
  for (const pair of form.split('&')) {
    if (pair === '') continue;
    const separator = pair.indexOf('=');
    const name = decode(separator < 0 ? pair : pair.slice(0, separator));
    const value = decode(separator < 0 ? '' : pair.slice(separator + 1));
    if (name === undefined || value === undefined || !insert(root, name.split('.'), value)) return undefined;
  }
  return Object.fromEntries([...root].map(([name, value]) => [name, toValue(value)]));
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function insert(root: Branch, path: readonly string[], value: string): boolean {
  if (path.length > DEEPEST) return false;
  let branch = root;
  for (const name of path.slice(0, -1)) {
    const next = branch.get(name) ?? new Map<string, Branch | string>();
    if (typeof next === 'string') return false;
    branch.set(name, next);
    branch = next;
  }
  const last = path.at(-1)!;
  if (branch.has(last)) return false;
  branch.set(last, value);
  return true;
}

function toValue(value: Branch | string): InputValue {
  if (typeof value === 'string') return value;
  const entries = [...value];
  if (entries.every(([name]) => /^\d+$/.test(name))) {
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, item]) => toValue(item));
  }
  const [only] = entries;
  if (entries.length === 1 && only && typeof only[1] !== 'string') {
    const inner = toValue(only[1]);
    if (Array.isArray(inner)) return inner as readonly InputValue[];
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, toValue(item)]));
}
