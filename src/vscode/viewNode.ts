import type { ItemWord } from './contributions';

/** Names of VS Code's theme icons and theme colours. */
export interface NodeIcon {
  readonly id: string;
  readonly color?: string;
  /** A picture of our own that stands in its place: `media/<picture>-light.svg` and `-dark.svg`. */
  readonly picture?: string;
}

/** What is worth a mark beside a row; see `rowMarks`. */
export type RowMark = 'stopped' | 'starting' | 'ending' | 'failed' | 'unusable';

/** One row of a view as plain data, so that projections are tested without VS Code. */
export interface ViewNode {
  /** Unique in its view and stable across refreshes: it carries selection and expansion. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon?: NodeIcon;
  readonly mark?: RowMark;
  /** Markdown; values in it are escaped. */
  readonly tooltip?: string;
  /**
   * Present where the tooltip is made anew each time that it is read, because it is only worth its price for a row under the
   * mouse: the plain data that it is made of.
   */
  readonly facts?: unknown;
  /** What a screen reader says instead of label and description. */
  readonly spoken?: string;
  readonly words: readonly ItemWord[];
  /** Absent: a leaf. */
  readonly children?: readonly ViewNode[];
  /** How a node with children first appears. */
  readonly open?: boolean;
}

/**
 * The rows of one view by id; ids stand for rows in everything that is said to VS Code. Only the rows that VS Code has asked
 * for are looked at, since it knows no others. Nodes do not change: one that is the same object as before, or has the same
 * array of children, is taken as it is, with all that is below it.
 */
export class NodeTree {
  readonly #nodes = new Map<string, ViewNode>();
  readonly #parents = new Map<string, string | undefined>();
  /** Rows whose children were given out, as they were then. */
  readonly #given = new Map<string, readonly ViewNode[]>();
  #roots: readonly ViewNode[] = [];

  constructor(roots: readonly ViewNode[] = []) {
    this.update(roots);
  }

  get roots(): readonly string[] {
    return this.#roots.map(({ id }) => id);
  }

  /** A root, or a row that was given out. */
  get(id: string): ViewNode | undefined {
    return this.#nodes.get(id);
  }

  parent(id: string): string | undefined {
    return this.#parents.get(id);
  }

  /** Gives out the children of a row that was given out itself. */
  children(id: string): readonly string[] {
    const given = this.#given.get(id) ?? this.#give(id);
    return given.map((child) => child.id);
  }

  /** Ids of all rows below a row, given out or not. */
  below(id: string): readonly string[] {
    const ids: string[] = [];
    const collect = (node: ViewNode): void => {
      for (const child of node.children ?? []) {
        ids.push(child.id);
        collect(child);
      }
    };
    const node = this.#nodes.get(id);
    if (node) collect(node);
    return ids;
  }

  /**
   * Takes the rows of now.
   * @returns which rows VS Code must ask for again: `undefined` is the whole view, an empty list nothing. Descendants of a
   *   listed row are not listed.
   */
  update(roots: readonly ViewNode[]): readonly string[] | undefined {
    const before = this.#roots;
    this.#roots = roots;
    const changed: string[] = [];
    this.#replace(before, roots, undefined, changed);
    return sameIds(before, roots) ? changed : undefined;
  }

  #give(id: string): readonly ViewNode[] {
    const children = this.#nodes.get(id)?.children ?? [];
    if (children.length > 0) {
      this.#given.set(id, children);
      this.#replace([], children, id, undefined);
    }
    return children;
  }

  /** @param changed where changed rows are noted; undefined below a row that is noted already */
  #replace(before: readonly ViewNode[], after: readonly ViewNode[], parent: string | undefined, changed: string[] | undefined): void {
    if (before === after) return;
    const inPlace = sameIds(before, after);
    const old = inPlace ? undefined : new Map(before.map((node) => [node.id, node]));
    for (const [index, node] of after.entries()) {
      const known = old ? old.get(node.id) : before[index];
      old?.delete(node.id);
      if (known === node) continue;
      this.#parents.set(node.id, parent);
      this.#take(known, node, changed);
    }
    for (const gone of old?.values() ?? []) this.#remove(gone.id, parent);
  }

  #take(known: ViewNode | undefined, node: ViewNode, changed: string[] | undefined): void {
    this.#nodes.set(node.id, node);
    const was = this.#given.get(node.id);
    // Whoever has asked for no children is told of none.
    const is = was && (node.children ?? []);
    const isSame = known !== undefined && sameRow(known, node) && (was === is || sameIds(was!, is!));
    if (!isSame) changed?.push(node.id);
    if (!was || !is) return;
    if (is.length > 0) this.#given.set(node.id, is);
    else this.#given.delete(node.id);
    this.#replace(was, is, node.id, isSame ? changed : undefined);
  }

  #remove(id: string, parent: string | undefined): void {
    // One that has moved below another row is there already, and so are its children.
    if (this.#parents.get(id) !== parent) return;
    const given = this.#given.get(id) ?? [];
    this.#nodes.delete(id);
    this.#parents.delete(id);
    this.#given.delete(id);
    for (const child of given) this.#remove(child.id, id);
  }
}

function sameIds(a: readonly ViewNode[], b: readonly ViewNode[]): boolean {
  return a.length === b.length && a.every(({ id }, index) => id === b[index]!.id);
}

function sameRow(a: ViewNode, b: ViewNode): boolean {
  return (
    a.label === b.label &&
    a.description === b.description &&
    a.icon?.id === b.icon?.id &&
    a.icon?.color === b.icon?.color &&
    a.icon?.picture === b.icon?.picture &&
    a.mark === b.mark &&
    sameTooltip(a, b) &&
    a.spoken === b.spoken &&
    a.words.join(' ') === b.words.join(' ') &&
    // Not asked for: they may be made only then.
    'children' in a === 'children' in b
  );
}

function sameTooltip(a: ViewNode, b: ViewNode): boolean {
  if (a.facts === undefined || b.facts === undefined) return a.tooltip === b.tooltip;
  return a.facts === b.facts || JSON.stringify(a.facts) === JSON.stringify(b.facts);
}
