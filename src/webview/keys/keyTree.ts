// Names of keys as a tree by a separator; no document.

/** One line of the tree. */
export interface TreeRow {
  readonly kind: 'folder' | 'key';
  /** Of a key its name; of a folder the names' common beginning, the last separator included. Unique together with the kind. */
  readonly id: string;
  readonly label: string;
  /** From 1. */
  readonly level: number;
  /** Keys below a folder. */
  readonly count: number;
  readonly expanded: boolean;
  /** Place among its siblings, from 1, and their number. */
  readonly position: number;
  readonly siblings: number;
}

interface Folder {
  /** With the last separator; empty at the root. */
  readonly prefix: string;
  readonly label: string;
  readonly folders: Map<string, Folder>;
  /** Names. */
  readonly keys: Set<string>;
  count: number;
  /** In order; undefined when something has changed since. */
  sorted: { readonly folders: readonly Folder[]; readonly keys: readonly string[] } | undefined;
}

/** Deeper ones stay in one name: a tree is there to be looked at. */
const MAX_LEVELS = 32;

/** Folders before keys, each in order; without a separator there are keys only. */
export class KeyTree {
  #separator: string;
  #root = emptyFolder('', '');
  readonly #names = new Set<string>();
  readonly #expanded = new Set<string>();

  constructor(separator: string, expanded: readonly string[] = []) {
    this.#separator = separator;
    for (const prefix of expanded) this.#expanded.add(prefix);
  }

  get size(): number {
    return this.#names.size;
  }

  get separator(): string {
    return this.#separator;
  }

  /** Prefixes of folders that are open. */
  get expanded(): readonly string[] {
    return [...this.#expanded];
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Builds the tree anew. What was open stays open where its prefix is still a folder's. */
  separateBy(separator: string): void {
    if (separator === this.#separator) return;
    this.#separator = separator;
    this.#root = emptyFolder('', '');
    for (const name of this.#names) this.#insert(name);
  }

  clear(): void {
    this.#names.clear();
    this.#root = emptyFolder('', '');
  }

  add(names: readonly string[]): void {
    for (const name of names) {
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      this.#insert(name);
    }
  }

  remove(names: readonly string[]): void {
    for (const name of names) {
      if (this.#names.delete(name)) this.#take(name);
    }
  }

  setExpanded(prefix: string, expanded: boolean): void {
    if (expanded) this.#expanded.add(prefix);
    else this.#expanded.delete(prefix);
  }

  /** Opens the folders above a key. */
  reveal(name: string): void {
    let prefix = '';
    for (const segment of this.#segments(name).slice(0, -1)) {
      prefix += `${segment}${this.#separator}`;
      this.#expanded.add(prefix);
    }
  }

  /** What can be seen: everything whose folders are open. */
  rows(): readonly TreeRow[] {
    const rows: TreeRow[] = [];
    this.#flatten(this.#root, 1, rows);
    return rows;
  }

  /** Names of all keys below a folder. */
  namesBelow(prefix: string): readonly string[] {
    const names: string[] = [];
    for (const name of this.#names) if (name.length > prefix.length && name.startsWith(prefix)) names.push(name);
    return names;
  }

  #flatten(folder: Folder, level: number, rows: TreeRow[]): void {
    const { folders, keys } = sortedOf(folder);
    const siblings = folders.length + keys.length;
    let position = 0;
    for (const below of folders) {
      const { prefix, label, count } = below;
      const expanded = this.#expanded.has(prefix);
      rows.push({ kind: 'folder', id: prefix, label, level, count, expanded, position: ++position, siblings });
      if (expanded) this.#flatten(below, level + 1, rows);
    }
    for (const name of keys) {
      rows.push({ kind: 'key', id: name, label: name.slice(folder.prefix.length), level, count: 1, expanded: false, position: ++position, siblings });
    }
  }

  #segments(name: string): readonly string[] {
    if (this.#separator === '') return [name];
    const segments = name.split(this.#separator);
    return segments.length <= MAX_LEVELS ? segments : [...segments.slice(0, MAX_LEVELS - 1), segments.slice(MAX_LEVELS - 1).join(this.#separator)];
  }

  #insert(name: string): void {
    let folder = this.#root;
    for (const segment of this.#segments(name).slice(0, -1)) {
      folder.count++;
      let next = folder.folders.get(segment);
      if (!next) {
        next = emptyFolder(`${folder.prefix}${segment}${this.#separator}`, segment);
        folder.folders.set(segment, next);
        folder.sorted = undefined;
      }
      folder = next;
    }
    folder.count++;
    folder.keys.add(name);
    folder.sorted = undefined;
  }

  #take(name: string): void {
    const path: Folder[] = [this.#root];
    for (const segment of this.#segments(name).slice(0, -1)) {
      const next = path.at(-1)!.folders.get(segment);
      if (!next) return;
      path.push(next);
    }
    path.at(-1)!.keys.delete(name);
    path.at(-1)!.sorted = undefined;
    for (const [index, folder] of path.entries()) {
      folder.count--;
      if (folder.count > 0 || index === 0) continue;
      path[index - 1]!.folders.delete(folder.label);
      path[index - 1]!.sorted = undefined;
    }
  }
}

function emptyFolder(prefix: string, label: string): Folder {
  return { prefix, label, folders: new Map(), keys: new Set(), count: 0, sorted: undefined };
}

function sortedOf(folder: Folder): NonNullable<Folder['sorted']> {
  folder.sorted ??= { folders: inOrder([...folder.folders.values()], ({ label }) => label), keys: inOrder([...folder.keys], (name) => name) };
  return folder.sorted;
}

/** By what stands before a number at the end, then by the number: `user:9` comes before `user:10`. */
function inOrder<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  return items
    .map((item) => ({ item, ...split(textOf(item)) }))
    .toSorted((one, other) => (one.head < other.head ? -1 : one.head > other.head ? 1 : one.number - other.number || (one.text < other.text ? -1 : 1)))
    .map(({ item }) => item);
}

/** Digits only up to what a number holds exactly. */
function split(text: string): { readonly text: string; readonly head: string; readonly number: number } {
  let at = text.length;
  while (at > 0 && text.length - at < 15 && text.charCodeAt(at - 1) >= 48 && text.charCodeAt(at - 1) <= 57) at--;
  return { text, head: text.slice(0, at), number: at === text.length ? -1 : Number(text.slice(at)) };
}
