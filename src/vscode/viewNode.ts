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

/** The rows of one view by id; ids stand for rows in everything that is said to VS Code. */
export class NodeTree {
  readonly #nodes = new Map<string, ViewNode>();
  readonly #parents = new Map<string, string | undefined>();
  readonly roots: readonly string[];

  constructor(roots: readonly ViewNode[] = []) {
    this.roots = roots.map(({ id }) => id);
    for (const root of roots) this.#add(root, undefined);
  }

  get(id: string): ViewNode | undefined {
    return this.#nodes.get(id);
  }

  parent(id: string): string | undefined {
    return this.#parents.get(id);
  }

  children(id: string): readonly string[] {
    return this.#nodes.get(id)?.children?.map((child) => child.id) ?? [];
  }

  #add(node: ViewNode, parent: string | undefined): void {
    this.#nodes.set(node.id, node);
    this.#parents.set(node.id, parent);
    for (const child of node.children ?? []) this.#add(child, node.id);
  }
}

/** Which rows VS Code must ask for again: `undefined` is the whole view, an empty list nothing. Descendants of a listed row are not listed. */
export function changedRows(before: NodeTree, after: NodeTree): readonly string[] | undefined {
  if (!sameIds(before.roots, after.roots)) return undefined;
  const changed: string[] = [];
  const visit = (id: string): void => {
    const old = before.get(id)!;
    const now = after.get(id)!;
    if (!sameRow(old, now) || !sameIds(before.children(id), after.children(id))) changed.push(id);
    else for (const child of after.children(id)) visit(child);
  };
  for (const root of after.roots) visit(root);
  return changed;
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
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
    (a.children === undefined) === (b.children === undefined)
  );
}

function sameTooltip(a: ViewNode, b: ViewNode): boolean {
  if (a.facts === undefined || b.facts === undefined) return a.tooltip === b.tooltip;
  return a.facts === b.facts || JSON.stringify(a.facts) === JSON.stringify(b.facts);
}
