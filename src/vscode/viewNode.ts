import type { ItemWord } from './contributions';

/** Names of VS Code's theme icons and theme colours. */
export interface NodeIcon {
  readonly id: string;
  readonly color?: string;
}

/** One row of a view as plain data, so that projections are tested without VS Code. */
export interface ViewNode {
  /** Unique in its view and stable across refreshes: it carries selection and expansion. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon?: NodeIcon;
  /** Markdown; values in it are escaped. */
  readonly tooltip?: string;
  /** What a screen reader says instead of label and description. */
  readonly spoken?: string;
  readonly words: readonly ItemWord[];
  /** Absent: a leaf. */
  readonly children?: readonly ViewNode[];
  /** How a node with children first appears. */
  readonly open?: boolean;
}

/**
 * The rows of one view by id; ids stand for rows in everything that is said to VS Code. Nodes do not change: one that is the
 * same object as before, or has the same array of children, is taken as it is, with all that is below it.
 */
export class NodeTree {
  readonly #nodes = new Map<string, ViewNode>();
  readonly #parents = new Map<string, string | undefined>();
  #roots: readonly ViewNode[] = [];

  constructor(roots: readonly ViewNode[] = []) {
    this.update(roots);
  }

  get roots(): readonly string[] {
    return this.#roots.map(({ id }) => id);
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

  /** Ids of all rows below a row. */
  below(id: string): readonly string[] {
    const children = this.children(id);
    return children.concat(children.flatMap((child) => this.below(child)));
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

  /** @param changed where changed rows are noted; undefined below a row that is noted already */
  #replace(before: readonly ViewNode[], after: readonly ViewNode[], parent: string | undefined, changed: string[] | undefined): void {
    if (before === after) return;
    const old = new Map(before.map((node) => [node.id, node]));
    for (const node of after) {
      const known = old.get(node.id);
      old.delete(node.id);
      this.#parents.set(node.id, parent);
      if (known !== node) this.#take(known, node, changed);
    }
    for (const gone of old.values()) this.#remove(gone, parent);
  }

  #take(known: ViewNode | undefined, node: ViewNode, changed: string[] | undefined): void {
    this.#nodes.set(node.id, node);
    const [was = [], is = []] = [known?.children, node.children];
    const isSame = known !== undefined && sameRow(known, node) && (was === is || sameIds(was, is));
    if (!isSame) changed?.push(node.id);
    this.#replace(was, is, node.id, isSame ? changed : undefined);
  }

  #remove({ id, children = [] }: ViewNode, parent: string | undefined): void {
    // One that has moved below another row is there already, and so are its children.
    if (this.#parents.get(id) !== parent) return;
    this.#nodes.delete(id);
    this.#parents.delete(id);
    for (const child of children) this.#remove(child, id);
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
    a.tooltip === b.tooltip &&
    a.spoken === b.spoken &&
    a.words.join(' ') === b.words.join(' ') &&
    (a.children === undefined) === (b.children === undefined)
  );
}
